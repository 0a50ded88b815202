"""A box is updated, and takes bad releases back by itself, while a client goes on scanning. Scenarios of `./run box`.

Releases are the installed program under another version, signed in a tree of their own and brought on a stick.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Self

from benchmarks.box.container import STICK, Container
from benchmarks.box.shown import Shown
from edge.releases import ABOUT, Event, Journal, read_journal
from edge.storage.keys import KEY_BYTES
from edge.storage.ledger_file import LEDGER
from edge.storage.ledger_reader import LedgerReader, verified
from provisioning.demo.parcels import Parcel
from provisioning.release.bundle import pack
from provisioning.release.publishing import publish_bundle
from sync import ceremony
from sync.keys import KeyRing, make_key, read_private
from sync.tree import Lifetimes, Tree, new_root

AGAIN_S = 30.0  # from the switch to a bad release until the old version serves again
_WAIT_S = 240.0
_PATIENCE_S = 900.0  # of who looks on: a slow machine is told as slow, not as broken
_HOLDERS = ("alice", "bob")
_HOME = "var/lib/sekisho-releases"
GUIDE = Path(__file__).parents[2] / "docs" / "technician.md"
_UPDATE = ("SEKISHO_UPDATE_IDLE_S=0", "SEKISHO_UPDATE_WATCH_S=5")
_SETTINGS = "SEKISHO_UPDATE_IDLE_S=0\nSEKISHO_UPDATE_WATCH_S={}\n"

# What is wrong with it shows only as a service: its check, in the sandbox, passes.
_AS_A_SERVICE = 'import os\nif os.environ.get("LISTEN_FDS"):\n    '
_REHEARSAL = ("lib/edge/rehearsal.py", "        began = time.monotonic()\n")
_FAILS = (*_REHEARSAL, _AS_A_SERVICE + 'raise OSError("bad")\n')
_CRASHES = ("lib/edge/web/server.py", "    def proved() -> str:\n", _AS_A_SERVICE + "os._exit(1)\n")
_LIES = (*_REHEARSAL, 'raise OSError("bad")\n')

# Runs in the container: scans as parcels of their own, one after another, and says which were acknowledged, when.
_CLIENT = """
import json, os, time, urllib.request, uuid
while not os.path.exists("/run/nobody-scans"):
    key, body = str(uuid.uuid4()), json.dumps({"codes": [{"text": "09521234543213"}], "joins": False}).encode()
    while True:  # the same parcel again until it is acknowledged
        try:
            with urllib.request.urlopen("http://127.0.0.1:8080/api/v1/status", timeout=60) as answer:
                version = json.load(answer)["version"]
            request = urllib.request.Request("http://127.0.0.1:8080/api/v1/inspections", body,
                {"Content-Type": "application/json", "Idempotency-Key": key})
            with urllib.request.urlopen(request, timeout=60) as answer:
                print(time.time(), version, json.load(answer)["inspection"], flush=True)
                break
        except OSError:
            time.sleep(0.05)
    time.sleep(0.1)
"""


@dataclass
class Publisher:
    """A publisher with its tree on the stick of a box, and releases made of what is installed there."""

    box: Path
    room: Path
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def directory(self) -> Path:
        return self.box / STICK / "tree"

    @property
    def ring(self) -> KeyRing:
        return KeyRing(self.room / "keys", _passphrase)

    def found(self) -> None:
        holders = [make_key(self.room / "safe", name, _passphrase) for name in _HOLDERS]
        online = {role: self.ring.public(role) for role in ceremony.ONLINE_ROLES}
        draft = self.room / "root.json"
        ceremony.write_draft(draft, new_root(holders, len(holders), online, self.now, Lifetimes()))
        for name in _HOLDERS:
            ceremony.sign_root(draft, read_private(self.room / "safe" / f"{name}.pem", _passphrase))
        self.directory.mkdir(parents=True)
        ceremony.install_root(self.directory, draft, self.ring, self.now)

    def release(self, version: str, *edits: tuple[str, str, str]) -> None:
        """Publish the installed program as `version`; an edit puts lines before a line of one file."""
        tree = self.room / version
        with_modes = ["cp", "-al", str(self.box / "opt/sekisho/lib"), str(tree / "lib")]
        tree.mkdir()
        subprocess.run(with_modes, check=True)
        for cache in [*tree.rglob("__pycache__")]:
            shutil.rmtree(cache)
        said = json.loads((tree / "lib" / ABOUT).read_bytes())
        _replaced(tree / "lib" / ABOUT, json.dumps({**said, "version": version}))
        for path, before, lines in edits:
            text = (tree / path).read_text(encoding="utf-8")
            assert before in text, path  # noqa: S101 - an edit that changes nothing proves nothing
            depth = len(before) - len(before.lstrip())
            put = "".join(" " * depth + line for line in lines.splitlines(keepends=True))
            _replaced(tree / path, text.replace(before, put + before, 1))
        made = pack(tree, self.room / f"{version}.tar.zst", level=1)  # nobody carries it anywhere
        about = made.manifest.about.model_dump(mode="json")
        published = Tree(self.directory, self.ring, datetime.now(UTC), clock_is_right=True)
        publish_bundle(published, made.path, made.name, about)
        shutil.rmtree(tree)
        made.path.unlink()


class Client:
    """Somebody at the bench who scans all the time."""

    def __init__(self, box: Container) -> None:
        box.run("rm", "-f", "/run/nobody-scans")
        self._box, self._process = box, box.started("python3", "-c", _CLIENT)
        self.seen: list[tuple[float, str, str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._box.run("touch", "/run/nobody-scans")
        out, _err = self._process.communicate()
        for line in out.splitlines():
            at, version, inspection = line.split()
            self.seen.append((float(at), version, inspection))

    def longest_wait_s(self) -> float:
        return max(after[0] - before[0] for before, after in zip(self.seen, self.seen[1:], strict=False))


def updates(tree: Path, _parcel: Parcel) -> Iterator[Shown]:
    """From 0.1.0 to 0.4.0 at once: on a stick, over sync's tray, while somebody scans."""
    with _published(tree, watch_s=8) as publisher:
        publisher.release("0.4.0")
        with Container(tree) as box:
            _trust(box)
            sealed = box.run("sekisho", "provision", "seal")  # as on every box that a stick has made
            yield Shown("its keys are sealed", kept="storage key: sealed" in sealed, detail=sealed)
            with Client(box) as client:
                began = time.monotonic()
                _pull(box)
                journal = _until(tree, lambda one: bool(one.events))
                yield Shown("from the pull to a proven release", time.monotonic() - began, _WAIT_S)
                time.sleep(1.0)
            event = journal.events[-1]
            yield Shown("0.4.0 is in use after 0.1.0", kept=_is(event, "in use", "0.4.0"), detail=event.words)
            yield Shown("longest wait of a client", client.longest_wait_s(), AGAIN_S)
            box.run("sekisho", "provision", "unseal")  # its rows are looked up from outside, where no sealed key opens
            yield from _nothing_is_lost(tree, client, "0.4.0")
            status = box.ask("/api/v1/status")[1]
            part = next((one for one in status["parts"] if one["name"] == "program"), None)
            told = part["detail"] if part else ""
            yield Shown("the status page says what runs", kept=told == "running 0.4.0", detail=told)
        with Container(tree) as box:
            box.ask("/api/v1/health/ready", wait_s=_WAIT_S)
            runs = box.ask("/api/v1/status")[1]["version"]
            yield Shown("0.4.0 runs after a boot", kept=runs == "0.4.0", detail=runs)


def rolls_back(tree: Path, _parcel: Parcel) -> Iterator[Shown]:
    """Releases that are bad in three ways, and one whose box loses its power while it is watched."""
    with _published(tree, watch_s=60) as publisher:
        with Container(tree) as box:
            _trust(box)
            for version, edit, what in (
                ("0.2.0", _FAILS, "whose inspection fails"),
                ("0.3.0", _CRASHES, "that crashes again and again"),
            ):
                publisher.release(version, edit)
                before = len(read_journal(tree / _HOME).events)
                with Client(box) as client:
                    _pull(box)
                    switched = _when(partial(_switched, tree, version))
                    back = _when(partial(_taken_back, tree, version))
                    journal = _until(tree, partial(_longer, before))
                    time.sleep(2.0)
                event = journal.events[-1]
                yield Shown(
                    f"a release {what} is taken back", kept=_is(event, "taken back", version), detail=event.words
                )
                again = next((at for at, runs, _ in client.seen if at > back and runs == "0.1.0"), float("inf"))
                yield Shown(f"{what}: from the switch to old version serving", again - switched, AGAIN_S)
                yield from _nothing_is_lost(tree, client, "0.1.0")
            publisher.release("0.3.5", _LIES)
            _pull(box)
            event = _until(tree, lambda one: one.events[-1].version == "0.3.5").events[-1]
            yield Shown(
                "one that fails its check is never switched to", kept=event.kind == "refused", detail=event.words
            )
            publisher.release("0.4.0")
            _pull(box)
            _when(lambda: "0.4.0" in _current(tree))
        for boot, runs in ((1, "0.4.0"), (2, "0.1.0")):
            with Container(tree) as box:
                box.ask("/api/v1/health/ready", wait_s=_WAIT_S)
                version = box.ask("/api/v1/status")[1]["version"]
                yield Shown(f"boot {boot} while 0.4.0 is watched runs {runs}", kept=version == runs, detail=version)
                if runs == "0.1.0":
                    event = _until(tree, lambda one: one.events[-1].version == "0.4.0").events[-1]
                    yield Shown("and the journal says why", kept=_is(event, "taken back", "0.4.0"), detail=event.words)


def guide(tree: Path, _parcel: Parcel) -> Iterator[Shown]:
    """The commands of "Updates" in docs/technician.md, as they stand there and in their order."""
    with _published(tree, watch_s=5) as publisher:
        publisher.release("0.2.0")
        (tree / "media/stick").symlink_to(f"/{STICK}/tree")
        chapter = GUIDE.read_text(encoding="utf-8").partition("\n## Updates\n")[2].partition("\n## ")[0]
        blocks = re.findall(r"```sh\n(.*?)```", chapter, re.DOTALL)
        expected = ("", "0.2.0", "", "")  # what runs after each block; "": the package
        yield Shown("blocks of commands", kept=len(blocks) == len(expected), detail=str(len(blocks)))
        with Container(tree) as box:
            box.ask("/api/v1/health/ready", wait_s=_WAIT_S)
            for commands, runs in zip(blocks, expected, strict=False):
                said = box.run("env", "SEKISHO_STATE_DIR=/var/lib/sekisho", *_UPDATE, "sh", "-ec", commands)
                kept = _current(tree).partition("_")[0] == runs
                yield Shown(commands.splitlines()[0], kept=kept, detail=f"{_current(tree)}: {said}")


def _nothing_is_lost(tree: Path, client: Client, runs: str) -> Iterator[Shown]:
    distinct = {one for _, _, one in client.seen}
    path = tree / "var/lib/sekisho" / LEDGER
    with closing(LedgerReader(path, key=bytes(KEY_BYTES))) as reader:
        there = sum(bool(reader.inspection(one)) for one in distinct)
    rows = verified(path)
    kept = there == len(distinct) == len(client.seen)
    yield Shown(f"all of {len(client.seen)} acknowledged scans are there", kept=kept, detail=f"{there} of {rows} rows")
    last = client.seen[-1][1]
    yield Shown(f"{runs} serves", kept=last == runs, detail=last)


class _published:  # noqa: N801 - a context
    def __init__(self, tree: Path, *, watch_s: int) -> None:
        with (tree / "etc/sekisho/sekisho.env").open("a") as file:
            file.write(_SETTINGS.format(watch_s))
        self._room = tempfile.TemporaryDirectory(dir=tree.parent)
        self._publisher = Publisher(tree, Path(self._room.name))

    def __enter__(self) -> Publisher:
        self._publisher.found()
        return self._publisher

    def __exit__(self, *_: object) -> None:
        self._room.cleanup()


def _trust(box: Container) -> None:
    box.ask("/api/v1/health/ready", wait_s=_WAIT_S)
    root = f"/{STICK}/tree/metadata/1.root.json"
    box.run("sekisho", "update", "trust", root)
    _as_bench(box, "sync", "trust", root)


def _pull(box: Container) -> None:
    _as_bench(box, "sync", "pull", f"/{STICK}/tree")


def _as_bench(box: Container, *words: str) -> str:
    state = ["env", "SEKISHO_STATE_DIR=/var/lib/sekisho"]
    return box.run("runuser", "-u", "sekisho", "--", *state, "sekisho", *words)


def _until(tree: Path, done: Callable[[Journal], bool]) -> Journal:
    _when(lambda: done(read_journal(tree / _HOME)) and read_journal(tree / _HOME).step == "rest")
    return read_journal(tree / _HOME)


def _when(so: Callable[[], Any]) -> float:
    until = time.monotonic() + _PATIENCE_S
    while not so():
        if time.monotonic() > until:
            raise TimeoutError(f"expected it within {_PATIENCE_S:.0f} s, got nothing")
        time.sleep(0.02)
    return time.time()


def _switched(tree: Path, version: str) -> bool:
    return version in _current(tree)


def _taken_back(tree: Path, version: str) -> bool:
    return version not in _current(tree)


def _longer(count: int, journal: Journal) -> bool:
    return len(journal.events) > count


def _current(tree: Path) -> str:
    try:
        return str((tree / _HOME / "current").readlink())
    except OSError:
        return ""


def _is(event: Event, kind: str, version: str) -> bool:
    return bool((event.kind, event.version) == (kind, version))


def _replaced(path: Path, text: str) -> None:
    path.unlink()  # a hard link to what is installed
    path.write_text(text, encoding="utf-8")


def _passphrase(_name: str, _new: bool) -> str:  # noqa: FBT001 - the shape of Passphrase
    return "of a box that is broken on purpose"


UPDATES: dict[str, Any] = {"update": updates, "rollback": rolls_back, "update-guide": guide}
