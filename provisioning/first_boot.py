"""The first boot of a box, by install.sh or in an image: its settings, its hall, what the bench inspects with.

It works on a folder of root's (/var/lib/sekisho-first-boot):

    copy/  what the stick brought, checked    name  of this box
    done   the manifest of what is done       said  what was said while doing it

Each step may be done again and changes nothing then; after the last the copy is removed, and with it the secrets that
it held. No step needs a network: with a token the box enrols when one comes (systemd/sekisho-enrol.service).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from edge.errors import BoxError, RequestRefused
from edge.releases import HOME
from edge.storage.credentials import STATE, Place, place_of
from edge.storage.database import write_durably
from edge.storage.receipts import ENROLMENT_FILE
from provisioning import stick
from provisioning.hall import ENROLMENT_TOKEN, Host, settle
from provisioning.identity import KEYS
from provisioning.release.home import Home
from provisioning.seed import seed
from provisioning.stick import Hall, seat_of
from sync.errors import TrustError
from sync.protocol import DEVICE

KEPT = Path("/var/lib/sekisho-first-boot")
_SERVICES = ("sekisho-web.service", "sekisho-devices.service", "sekisho-sync.service")
SEALING = "sekisho-seal.service"
_MADE = ("storage key", "device key")  # on every box; the site key with the first handheld
_READY = "http://127.0.0.1:8080/api/v1/health/ready"
_PATIENCE_S = 120.0

Say = Callable[[str], object]


def first_boot(
    kept: Path, host: Host, say: Say, *, state_dir: Path = STATE, owner: str = "sekisho", releases: Path = HOME
) -> None:
    """Settle the box as `kept`/copy says, bring in what it inspects with, as user `owner`, and seal its keys.

    Raises:
        RequestRefused: request_stick: there is no copy of a stick.
        SettingsError: settings_hall, settings_boxes, settings_line. BoxError: first_boot_seed: what says why was shown.
        OSError: the box's disk.
    """
    with _alone(kept):
        copy = kept / "copy"
        if not (copy / stick.MANIFEST).is_file():
            if (kept / "done").exists():  # systemd was quicker: installing the package starts sekisho-first-boot
                say((kept / "said").read_text(encoding="utf-8").rstrip())
                return
            message = f"{copy}: expected what a stick brought, got no {stick.MANIFEST}."
            raise RequestRefused("request_stick", message, hint="Run install.sh of the stick.")
        said: list[str] = []

        def tell(words: str) -> None:
            said.append(words)
            say(words)

        name = _name(kept)
        seat = seat_of(copy / stick.BOXES, name)
        for told in settle(copy, Hall.parse(_text(copy / stick.BENCH)), name, host):
            tell(told)
        for told in _seed_as(owner, state_dir, copy):
            tell(told)
        if seat.token and not (state_dir / ENROLMENT_FILE).exists():
            host.write(ENROLMENT_TOKEN, f"{seat.token}\n", mode=0o600)
            tell("enrolment: with the first network, by the token of this box")
        if (copy / stick.ROOT).is_file():
            tell(_trusted(copy / stick.ROOT, Home(releases)))
        tell(_sealed(host, state_dir))
        write_durably(kept / "said", "".join(f"{told}\n" for told in said).encode())
        digest = hashlib.sha256((copy / stick.MANIFEST).read_bytes()).hexdigest()
        write_durably(kept / "done", f"{digest}\n".encode())
        shutil.rmtree(copy)
        os.sync()
    host.run("systemctl", "--no-block", "try-restart", *_SERVICES)
    host.run("systemctl", "--no-block", "start", "sekisho.target", "sekisho-enrol.service")


@contextlib.contextmanager
def _alone(kept: Path) -> Iterator[None]:
    """Wait until nobody else is at it: the unit and install.sh may meet."""
    descriptor = os.open(kept, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def seed_state(state_dir: Path, copy: Path, say: Say) -> None:
    """The part that belongs to the bench's own user: what it inspects with.

    Raises:
        BoxError, TrustError, TransportError, ShelfError: see `seed`. OSError: the state cannot be written.
    """
    if (copy / stick.TREE).is_dir():
        for told in seed(state_dir, copy / stick.ROOT, copy / stick.TREE):
            say(told)
    else:
        say("registry: none on the stick; bring one with: sekisho sync pull")


def wait_until_ready(say: Say, url: str = _READY, patience_s: float = _PATIENCE_S) -> None:
    """Wait until the bench would inspect.

    Raises:
        BoxError: first_boot_ready: it does not within `patience_s` seconds.
    """
    began, came = time.monotonic(), "no answer"
    while time.monotonic() - began < patience_s:
        try:
            with urllib.request.urlopen(url, timeout=10):  # noqa: S310 - an address of our own
                say("the bench is ready: http://127.0.0.1:8080")
                return
        except OSError as error:
            came = str(error)
        time.sleep(0.2)
    message = f"{url}: expected a ready bench within {patience_s:.0f} s, got: {came}."
    raise BoxError("first_boot_ready", message, hint="systemctl status sekisho-web says why.")


def _trusted(root: Path, releases: Home) -> str:
    """Releases of the program are taken under the root of the stick from now on, where none was trusted before."""
    try:
        releases.trust(root)
    except TrustError:  # `seed` has verified it; so it is another one than that which is trusted
        return "updates: another root is trusted for releases already, and stays; see sekisho update trust --replace"
    return "updates: releases of the program are taken under the trust root of the stick"


def _sealed(host: Host, state_dir: Path) -> str:
    """Seal the keys that the box makes, in a unit that reaches its TPM, and say where they lie. It stops nothing."""
    if not host.run("systemctl", "start", SEALING):
        return "keys: in files; nothing here has sealed them: sekisho provision seal"
    places = {place_of(state_dir / KEYS[name]) for name in _MADE}
    words = " and ".join(sorted(place.words for place in places))
    return f"keys: {words}" + (", this systemd seals nothing" if Place.FILE in places else "")


def _name(kept: Path) -> str:
    """The name that install.sh took for this box; in an image one that is made of its machine-id(5).

    Raises:
        RequestRefused: request_stick: it is no name.
    """
    place = kept / "name"
    if not place.exists():
        told = Path("/etc/machine-id").read_bytes()
        write_durably(place, f"bench-{hashlib.sha256(b'sekisho' + told).hexdigest()[:8]}\n".encode())
    name = place.read_text(encoding="utf-8").strip()
    if not DEVICE.fullmatch(name):
        message = f"{place}: expected a name of letters, digits, dots and dashes, got {name[:80]!r}."
        raise RequestRefused("request_stick", message, hint="sh install.sh NAME")
    return name


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _seed_as(owner: str, state_dir: Path, copy: Path) -> Iterator[str]:
    """Run `seed_state` as `owner`, so that root owns nothing of the state; what it says.

    Raises:
        BoxError: first_boot_seed.
    """
    user = {"user": owner, "group": owner, "extra_groups": []} if os.geteuid() == 0 else {}
    command = [sys.executable, "-P", "-m", "sekisho", "provision", "first-boot", "--seed", str(copy)]
    environment = {**os.environ, "SEKISHO_STATE_DIR": str(state_dir), "HOME": str(state_dir)}
    done: subprocess.CompletedProcess[str] = subprocess.run(  # type: ignore[call-overload] # noqa: S603 - our own command
        command,
        stdin=subprocess.DEVNULL,
        env=environment,
        cwd="/",
        umask=0o077,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        **user,
    )
    yield from done.stdout.splitlines()
    if done.returncode:
        message = f"{copy}: expected that it can be taken in, got exit code {done.returncode}."
        raise BoxError("first_boot_seed", message, hint="The reason stands above. Nothing that was in use is changed.")
