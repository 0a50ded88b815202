"""From a bare Debian and a stick to the first verdict: what is typed, how long it takes, and what a stick must outlive.

The desk is this machine: the stick is written by `sekisho provision usb`. The boxes are trees without Python and
without a network, booted in containers; the stick is a folder that is mounted for them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.box.container import Container, commands_inside, copied
from benchmarks.box.scenarios import inspected
from benchmarks.box.shown import Shown
from edge.storage.credentials import STATE
from edge.storage.registry_build import build
from provisioning.demo import sources
from provisioning.demo.parcels import Parcel, parcels
from provisioning.first_boot import KEPT
from provisioning.hall import ENROLMENT_TOKEN
from sync import ceremony, publish
from sync.identity import ENROLMENT_FILE
from sync.keys import KeyRing, make_key, read_private
from sync.tree import Lifetimes, Tree, new_root

_GUIDE = Path(__file__).parents[2] / "docs" / "technician.md"
_HERE = "sudo mount -L SEKISHO /mnt"  # the one command that a container has done for it: the stick is a folder there
LINES_LIMIT, COMMANDS_LIMIT, FIRST_VERDICT_S = 2.0, 3.0, 300.0
_BARE = (  # what a minimal Debian with systemd has no need of: Python, and the second barcode engine with its libraries
    *("python3", "python3-minimal", "libpython3-stdlib", "python3.11", "python3.11-minimal", "libpython3.11-stdlib"),
    *(
        "libpython3.11-minimal",
        "media-types",
        "libsqlite3-0",
        "libreadline8",
        "readline-common",
        "libzbar0",
        "libv4l-0",
    ),
    *("libv4lconvert0", "libjpeg62-turbo", "libx11-6", "libx11-data", "libxcb1", "libxau6", "libxdmcp6", "libbsd0"),
)
_SEED, _PARCEL = 1, "watch"
_PATIENCE_S = 120.0
_NAMES = tuple(f"hall3-{number:02}" for number in range(1, 21))
_SEKISHO = (sys.executable, "-m", "sekisho")


def stated() -> tuple[str, ...]:
    """The lines that the technician's guide has typed on a box, as they stand there."""
    section = _GUIDE.read_text(encoding="utf-8").partition("\n**At each box**")[2]
    return tuple(section.partition("```console\n")[2].partition("\n```")[0].splitlines())


def commands_of(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Each command of the lines; root gives them here."""
    return tuple(command.strip() for line in lines for command in line.split(";"))


TYPED = tuple(command.removeprefix("sudo ") for command in commands_of(stated()) if command != _HERE)


def from_a_stick(debian: Path, package: Path, folder: Path) -> Iterator[Shown]:
    """Three boxes and one stick: one in order, one whose stick is damaged, one that loses power again and again."""
    folder.mkdir()
    now = datetime.now(UTC)
    parcel = next(parcel for parcel in parcels(now.date()) if parcel.name == _PARCEL)
    (folder / "boxes").write_text("".join(f"{line}\n" for line in (token(folder), *_NAMES[1:])), encoding="utf-8")
    stick = written(package, lacking(debian, folder / "debs"), published(folder / "publisher", now), folder)
    bare = bared(copied(debian, folder / "bare"))
    yield from in_order(copied(bare, folder / "first"), stick, parcel, folder / "central")
    yield from damaged(copied(bare, folder / "second"), stick, folder)
    shutil.rmtree(folder / "second")
    yield from cut(copied(bare, folder / "third"), stick, parcel)


def in_order(tree: Path, stick: Path, parcel: Parcel, central: Path) -> Iterator[Shown]:
    """What the technician types, and the first verdict; then the same again; then a central comes within reach."""
    with _booted(tree, stick) as box:
        began = time.monotonic()
        for line in TYPED:
            box.run(*line.split())
        outcome = inspected(box, parcel)
        taken = time.monotonic() - began
        right = [one.value for one in parcel.expected.outcomes]
        yield Shown("lines typed on a box", len(stated()), LINES_LIMIT, "")
        yield Shown("commands in them, one of them mounts the stick", len(commands_of(stated())), COMMANDS_LIMIT, "")
        yield Shown("bare Debian and a stick to the first verdict", taken, FIRST_VERDICT_S)
        yield Shown(f"the parcel '{parcel.name}' is {' or '.join(right)}", kept=outcome in right, detail=outcome)
        device = box.ask("/api/v1/status")[1].get("device", "")
        yield Shown("the box has the first name", kept=device == "hall3-01", detail=device)
        told = box.run("sh", "-c", "/usr/bin/sekisho provision identity || true")
        sealed = "Storage key: sealed" in told and "Device key: sealed" in told
        yield Shown("its keys are sealed", kept=sealed, detail=told)
        left = [path.name for path in (tree / STATE.relative_to("/")).glob("*.key")]
        yield Shown("no key lies in a file", kept=not left, detail=str(left))
        told = box.run("sh", "-c", "SEKISHO_STATE_DIR=/var/lib/sekisho sekisho update run || true")
        trusted = (tree / "var/lib/sekisho-releases/sync/floor.json").exists() and "trusted" not in told
        yield Shown("releases are trusted from the first day", kept=trusted, detail=told)
        before = box.pid("sekisho-web")
        said = box.run(*TYPED[1].split())
        yield Shown("a second run says so and changes nothing", kept="nothing to do" in said, detail=said)
        yield Shown("the bench was not disturbed", kept=box.pid("sekisho-web") == before)
        secrets = list((tree / KEPT.relative_to("/")).rglob("secret"))
        yield Shown("no copy of the secrets is left", kept=not secrets, detail=str(secrets))
        state = tree / STATE.relative_to("/")
        waiting = (tree / ENROLMENT_TOKEN).exists() and not (state / ENROLMENT_FILE).exists()
        serving = box.beside(*_SEKISHO, "central", "serve", "--dir", str(central))
        until = time.monotonic() + _PATIENCE_S
        while (tree / ENROLMENT_TOKEN).exists() and time.monotonic() < until:
            time.sleep(0.2)
        serving.kill()
        serving.wait()
        enrolled = (state / ENROLMENT_FILE).exists() and not (tree / ENROLMENT_TOKEN).exists()
        yield Shown("it enrols by itself when its central is there", kept=waiting and enrolled)


def damaged(tree: Path, stick: Path, folder: Path) -> Iterator[Shown]:
    """One flipped bit in one file: it is named, and nothing is installed."""
    bad = Path(shutil.copytree(stick, folder / "bad-stick"))
    victim = next(bad.glob("packages/*/sekisho_*.deb"))
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(data)
    with _booted(tree, bad) as box:
        refused = _refusal(box)
    name = victim.relative_to(bad).as_posix()
    told = f"install.sh: {name}: expected SHA-256 " in refused and "Nothing was installed." in refused
    yield Shown("a damaged file is refused by its name", kept=told, detail=refused)
    left = [
        place
        for place in ("opt/sekisho", "usr/bin/python3", "var/lib/sekisho-first-boot/copy")
        if (tree / place).exists()
    ]
    yield Shown("nothing of it was installed", kept=not left, detail=str(left))


def cut(tree: Path, stick: Path, parcel: Parcel) -> Iterator[Shown]:
    """The power goes while it copies, while dpkg works, while the registry comes; then it is run once more."""
    kept = tree / KEPT.relative_to("/")
    moments: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("while copying", lambda: any(kept.glob("part/packages/*/*"))),
        ("while dpkg works", (tree / "opt/sekisho/lib/edge").exists),
        ("while the registry comes", (tree / "var/lib/sekisho/sync").exists),
    )
    for words, reached in moments:
        with _booted(tree, stick) as box:
            running = box.start(*TYPED[1].split())
            until = time.monotonic() + _PATIENCE_S
            while not reached() and running.poll() is None and time.monotonic() < until:
                time.sleep(0.005)
            there = running.poll() is None
            box.cut_power()
            running.wait()
        yield Shown(f"the power was cut {words}", kept=there and reached())
    with _booted(tree, stick) as box:
        until = time.monotonic() + _PATIENCE_S
        while not (kept / "done").exists() and time.monotonic() < until:
            time.sleep(0.1)
        yield Shown("once installed, it goes on by itself when it starts", kept=(kept / "done").exists())
        box.run(*TYPED[1].split())
        outcome = inspected(box, parcel)
        right = [one.value for one in parcel.expected.outcomes]
        yield Shown("run again, it inspects", kept=outcome in right, detail=outcome)
        device = box.ask("/api/v1/status")[1].get("device", "")
        yield Shown("with the second name of the stick", kept=device == "hall3-02", detail=device)


def published(place: Path, now: datetime) -> Path:
    """A publisher's tree with the demo's registry."""
    ring = KeyRing(place / "keys", _passphrase)
    holder = make_key(place / "safe", "holder", _passphrase)
    online = {role: ring.public(role) for role in ceremony.ONLINE_ROLES}
    ceremony.write_draft(place / "root.json", new_root([holder], 1, online, now, Lifetimes()))
    ceremony.sign_root(place / "root.json", read_private(place / "safe" / "holder.pem", _passphrase))
    tree = place / "tree"
    tree.mkdir()
    ceremony.install_root(tree, place / "root.json", ring, now, Lifetimes())
    day = now.date()
    edition = build(sources.write(place / "source", sources.samples(_SEED, day), day), place / "edition.sqlite").out
    publish.add(Tree(tree, ring, now, Lifetimes()), "edition", edition)
    return tree


def token(folder: Path) -> str:
    """A central in `folder`/central, and a token of it for the first box.

    Raises:
        subprocess.CalledProcessError: there is no central here: its libraries are absent.
    """
    central = ["--dir", str(folder / "central")]
    subprocess.run([*_SEKISHO, "central", "init", *central], check=True, stdout=subprocess.DEVNULL)
    asked = [*_SEKISHO, "central", "enrol-token", _NAMES[0], "--url", "http://127.0.0.1:8090", *central]
    return subprocess.check_output(asked, text=True).strip()


def written(package: Path, debs: Path, tree: Path, folder: Path) -> Path:
    """The stick, as the technician's desk writes it.

    Raises:
        subprocess.CalledProcessError: the desk refused.
    """
    stick = folder / "stick"
    stick.mkdir()
    command = [*_SEKISHO, "provision", "usb", "--out", str(stick), "--package", str(package)]
    command += ["--debs", str(debs), "--tree", str(tree), "--boxes", str(folder / "boxes"), "--locale", "ja_JP.UTF-8"]
    command += ["--keyboard", "jp", "--timezone", "Asia/Tokyo", "--time-server", "ntp.example.org"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return stick


def lacking(debian: Path, debs: Path) -> Path:
    """The packages of Debian that a bare box lacks: debootstrap has left them in the tree that it made."""
    debs.mkdir()
    for name in _BARE:
        for found in (debian / "var/cache/apt/archives").glob(f"{name}_*.deb"):
            shutil.copy(found, debs)
    return debs


def bared(tree: Path) -> Path:
    """Take away what the other scenarios' Debian has beyond a minimal one.

    Raises:
        subprocess.CalledProcessError: dpkg refused.
    """
    shutil.rmtree(tree / "var/cache/apt/archives")
    commands_inside(tree, ["sh", "-c", f"dpkg --purge {' '.join(_BARE)} >/dev/null 2>&1"])
    return tree


def _booted(tree: Path, stick: Path) -> Container:
    box = Container(tree, f"--bind={stick}:/mnt", log=tree.with_name(f"{tree.name}-{os.getpid()}.log"))
    box.run(
        "sh", "-c", "until systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded'; do sleep 0.1; done"
    )
    return box


def _refusal(box: Container) -> str:
    try:
        return f"accepted: {box.run(*TYPED[1].split())}"
    except subprocess.CalledProcessError as error:
        return str(error.stderr)


def _passphrase(_name: str, _new: bool) -> str:  # noqa: FBT001 - the shape of Passphrase
    return "correct horse"
