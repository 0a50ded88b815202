"""Root touches what lies below another user's folder with that user's rights, never with its own.

The state directory belongs to the bench's user, so whoever has taken over a service of the bench may have put anything
there: a link to /etc/shadow under the name of a lock, a folder that becomes a link between two calls. No look at the
names before or after tells it for certain. Here root's file system identity becomes that of the owner (setfsuid(2), of
this thread alone, which takes CAP_DAC_OVERRIDE, CAP_CHOWN and CAP_FOWNER with it): a link leads where the owner could
have gone himself, and what is made belongs to him. A program that is started within has root's rights again
(execve(2)), so that systemd-creds opens sealed keys.

For other users nothing happens. It limits rights, not sizes: edge/storage/regular.py does that.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ASK = ctypes.c_uint(0xFFFF_FFFF)  # no user: changes nothing, and the answer is who it is now


@contextmanager
def rights_of_owner(path: Path) -> Iterator[None]:
    """Within it, root has the rights of whoever owns `path`, in this thread; of the outer one where it is within one.

    Root's other groups are given up for good: it needs none.

    Raises:
        PermissionError: this root may not become that user (no CAP_SETUID or CAP_SETGID). OSError: `path` is no path.
    """
    owner = owner_of(path) if os.geteuid() == 0 else None
    if owner is None:
        yield
        return
    libc = ctypes.CDLL(None)
    if libc.setfsuid(_ASK) != 0:
        yield
        return
    group = libc.setfsgid(_ASK)
    if os.getgroups():
        os.setgroups([])
    libc.setfsgid(ctypes.c_uint(owner[1]))
    libc.setfsuid(ctypes.c_uint(owner[0]))
    try:
        if (libc.setfsuid(_ASK), libc.setfsgid(_ASK)) != owner:
            message = f"expected the rights of user {owner[0]} and group {owner[1]}, got none"
            raise PermissionError(errno.EPERM, message, str(path))
        yield
    finally:
        libc.setfsuid(ctypes.c_uint(0))
        libc.setfsgid(ctypes.c_uint(group))


def owner_of(path: Path) -> tuple[int, int] | None:
    """User and group of the first component of `path` that is not root's; None where all that is there is root's.

    Above that component nobody but root changes a name, so that the answer holds. Links of root's are followed.

    Raises:
        OSError: a component cannot be looked at.
    """
    place = Path("/")
    for part in path.absolute().parts[1:]:
        place /= part
        try:
            told = place.lstat()
        except FileNotFoundError:
            return None
        if told.st_uid:
            return told.st_uid, told.st_gid
        if stat.S_ISLNK(told.st_mode):
            if found := owner_of(place.parent / place.readlink()):
                return found
            place = place.resolve()
    return None
