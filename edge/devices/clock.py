"""The box's clock, with how far it may be believed. A small board has no battery: at power-on it may say 1970.

The floor is the newest time that a signed or built thing proves: the program's build, the registry's issue, and the
newest signature that sync has verified. A reading before the floor is not trusted, nor one that is before what this
process has read already, unless a time service vouches for it: one of the two is wrong, and nobody knows which. Nothing
is ever re-stamped and no unsigned source sets the time. A clock that runs ahead cannot be told from a right one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge.moment import ClockTrust, Moment
from edge.ports import Now
from edge.storage.chain import canonical

BUILT = datetime(2026, 11, 1, tzinfo=UTC)  # no box runs this program before it was written
BACK = timedelta(minutes=1)  # a step back that a hand or a time service may make without anybody noticing
_SYNCHRONIZED = Path("/run/systemd/timesync/synchronized")  # systemd-timesyncd touches it after the first good answer


def system_clock(
    newest_issue: Callable[[], datetime | None],
    read: Callable[[], datetime] = lambda: datetime.now(UTC),
    synchronized: Path = _SYNCHRONIZED,
) -> Now:
    """A clock over the system's. `newest_issue` gives the newest signed time that the box holds."""
    newest = BUILT  # believed reading of this process; a race between two threads loses microseconds

    def now() -> Moment:
        nonlocal newest
        utc, issued, synced = read(), newest_issue(), synchronized.exists()
        if utc < max(BUILT, issued or BUILT) or (utc < newest - BACK and not synced):
            return Moment(utc, ClockTrust.UNTRUSTED)
        newest = utc if synced else max(utc, newest)
        return Moment(utc, ClockTrust.SYNCED if synced else ClockTrust.FLOOR)

    return now


class SyncFloor:
    """The newest signed time that the sync service has verified: `state_dir`/sync/floor.json, read when it changes."""

    def __init__(self, state_dir: Path) -> None:
        """Look at the file of the box of `state_dir`; there may be none."""
        self._path = state_dir / "sync" / "floor.json"
        self._seen: tuple[int, int] | None = None
        self._issued: datetime | None = None

    def issued(self) -> datetime | None:
        """When it was signed; None without sync, or with a file that is damaged, which sync itself tells of."""
        try:
            told = self._path.stat()
            seen = told.st_ino, told.st_mtime_ns
            if seen != self._seen:
                self._issued = _issued(self._path.read_bytes())
                self._seen = seen
        except OSError:
            return None
        return self._issued


def newest(*times: datetime | None) -> datetime | None:
    """The newest of those that are known."""
    return max(filter(None, times), default=None)


def _issued(data: bytes) -> datetime | None:
    """The signed time in the file that `sync.trust.Floor.to_bytes` writes; a test holds both together."""
    try:
        document = json.loads(data)
        floor = document["floor"]
        if hashlib.sha256(canonical(floor)).hexdigest() != document["sha256"] or not floor["issued"]:
            return None
        return datetime.fromisoformat(floor["issued"])
    except (ValueError, KeyError, TypeError):
        return None
