"""Faults met by registry editions: built, merged, fetched, swapped.

After each there is an old or a new one, whole, and nothing else.
"""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from benchmarks.drawn_registry import Drawn, write_source
from benchmarks.faults.campaign import Note, Scenario, interrupted
from benchmarks.faults.publisher import NOW, Publisher
from edge.storage import delta, snapshot
from edge.storage.canonical import verify
from edge.storage.registry import Registry
from edge.storage.registry_build import build
from edge.storage.shelf import Shelf
from edge.storage.shelves import editions
from sync import publish
from sync.fetch import DirectorySource
from sync.pull import pull
from sync.state import Box, State

_PRODUCTS, _SERIALS = 40, 200


def _edition(material: Path, number: int) -> Path:
    return material / f"edition-{number}.sqlite"


def _drawn(material: Path, numbers: range) -> None:
    """Editions of one lineage: each has one product and some serials more than the one before."""
    for number in numbers:
        source = material / f"source-{number}"
        source.mkdir()
        write_source(source, Drawn(_PRODUCTS + number, _SERIALS + 10 * number, seed=1))
        said = (source / "edition.toml").read_text().replace("number = 1", f"number = {number}")
        (source / "edition.toml").write_text(said)
        build(source, _edition(material, number))


def _content(path: Path) -> str:
    """The content hash of an edition that is whole; what is not raises."""
    return verify(path)


def _known(material: Path, *numbers: int) -> dict[str, str]:
    return {_content(_edition(material, number)): str(number) for number in numbers}


class Swaps:
    """Editions are staged, activated, rolled back and pruned."""

    name = "swap"

    def prepare(self, material: Path) -> None:
        """Three editions."""
        _drawn(material, range(1, 4))

    def run(self, material: Path, state: Path, note: Note) -> None:
        """One after the other comes into use; then back to the one before, twice."""
        shelf = editions(state)
        for number in (1, 2, 3, 1, 2):
            file = shelf.stage(_edition(material, number))
            note(f"begin {number}")
            shelf.activate(file)
            note(f"use {number}")
            shelf.prune()
        for number in (1, 3):
            note(f"begin {number}")
            shelf.rollback()
            note(f"use {number}")
            shelf.prune()

    def check(self, material: Path, state: Path, told: tuple[str, ...]) -> None:
        """In use is what was told last, or what was begun since. Everything named is there, whole, and it goes on."""
        shelf = editions(state)
        with contextlib.closing(shelf):
            allowed = _allowed(told)
            known = _known(material, 1, 2, 3)
            found = ""
            if shelf.contents().slot().in_use:
                registry = shelf.current()
                verify(registry.path)
                found = known[registry.content_sha256]
                assert shelf.problem is None, f"in use with a problem: {shelf.problem}"
            assert found in allowed, f"expected one of {sorted(allowed)} in use, got {found!r}"
            for file in shelf.contents().files:
                assert _content(shelf.directory / file) in known
            shelf.prune()
            left = [path.name for path in shelf.directory.glob(".incoming*")] if shelf.directory.exists() else []
            assert not left, f"expected nothing half there after the next prune, got {left}"
            shelf.activate(shelf.stage(_edition(material, 3)))
            assert known[shelf.current().content_sha256] == "3"


def _allowed(told: tuple[str, ...]) -> set[str]:
    """What may be in use: what was told last, and what was begun since."""
    last, begun = "", ""
    for words in told:
        verb, _, number = words.partition(" ")
        if verb == "use":
            last, begun = number, ""
        else:
            begun = number
    return {last, begun} if begun else {last}


class Builds:
    """An edition is built over an older one of the same name, from a snapshot and from sources."""

    name = "build"

    def prepare(self, material: Path) -> None:
        """An edition, its snapshot, and sources of the next."""
        _drawn(material, range(1, 3))
        snapshot.pack(_edition(material, 1), material / "snapshot")

    def run(self, material: Path, state: Path, note: Note) -> None:
        """Unpack the first, build the second in its place, and the first again."""
        note("begin 1")
        snapshot.unpack(material / "snapshot", state / "out.sqlite")
        note("use 1")
        note("begin 2")
        build(material / "source-2", state / "out.sqlite")
        note("use 2")
        note("begin 1")
        snapshot.unpack(material / "snapshot", state / "out.sqlite")
        note("use 1")

    def check(self, material: Path, state: Path, told: tuple[str, ...]) -> None:
        """The file is absent, or a whole one; and the next build makes it."""
        out = state / "out.sqlite"
        found = _known(material, 1, 2)[_content(out)] if out.exists() else ""
        assert found in _allowed(told), f"expected one of {sorted(_allowed(told))}, got {found!r}"
        build(material / "source-2", out)
        assert _known(material, 1, 2)[_content(out)] == "2"


class Merges:
    """A chain of deltas is applied, each into a new file which then comes into use."""

    name = "merge"

    def prepare(self, material: Path) -> None:
        """Three editions and the deltas between them."""
        _drawn(material, range(1, 4))
        for number in (1, 2):
            delta.diff(_edition(material, number), _edition(material, number + 1), material / f"{number}.delta")

    def run(self, material: Path, state: Path, note: Note) -> None:
        """The first comes into use as it is, the others by their deltas."""
        shelf = editions(state)
        note("begin 1")
        shelf.activate(shelf.stage(_edition(material, 1)))
        note("use 1")
        for number in (1, 2):
            note(f"begin {number + 1}")
            _merged(shelf, material / f"{number}.delta", state / "merged.sqlite")
            note(f"use {number + 1}")
            shelf.prune()

    def check(self, material: Path, state: Path, told: tuple[str, ...]) -> None:
        """In use is one of the chain, whole; from there the rest of the chain leads to the end."""
        known = _known(material, 1, 2, 3)
        shelf = editions(state)
        with contextlib.closing(shelf):
            found = known[_content(_in_use(shelf))] if shelf.contents().slot().in_use else ""
            assert found in _allowed(told), f"expected one of {sorted(_allowed(told))} in use, got {found!r}"
            if not found:
                shelf.activate(shelf.stage(_edition(material, 1)))
            for number in range(int(found or 1), 3):
                _merged(shelf, material / f"{number}.delta", state / "merged.sqlite")
            assert known[_content(_in_use(shelf))] == "3"


def _in_use(shelf: Shelf[Registry]) -> Path:
    return shelf.directory / shelf.contents().slot().in_use


def _merged(shelf: Shelf[Registry], change: Path, beside: Path) -> None:
    delta.apply(_in_use(shelf), change, beside)
    shelf.activate(shelf.stage(beside, move=True))


class Pulls:
    """Three states of one published tree are pulled, the second and third by deltas, and taken into use."""

    name = "pull"

    def prepare(self, material: Path) -> None:
        """The tree after each of three publications."""
        _drawn(material, range(1, 4))
        publisher = Publisher(material / "publisher")
        for number in (1, 2, 3):
            since = _edition(material, number - 1) if number > 1 else None
            publish.add(publisher.tree(), "edition", _edition(material, number), since=since)
            shutil.copytree(publisher.directory, material / f"tree-{number}")

    def run(self, material: Path, state: Path, note: Note) -> None:
        """Trust, pull, activate, three times over."""
        Box(state).trust(material / "tree-1" / "metadata" / "1.root.json")
        note("trusted")
        for number in (1, 2, 3):
            _pulled(material, state, number, note)

    def check(self, material: Path, state: Path, told: tuple[str, ...]) -> None:
        """In use is one of the three, whole; what was accepted is never forgotten; the newest tree leads to the end."""
        known = _known(material, 1, 2, 3)
        with contextlib.closing(editions(state)) as shelf:
            swaps = tuple(words for words in told if words != "trusted" and not words.startswith("accepted"))
            found = known[_content(_in_use(shelf))] if shelf.contents().slot().in_use else ""
            assert found in _allowed(swaps), f"expected one of {sorted(_allowed(swaps))} in use, got {found!r}"
        Box(state).trust(material / "tree-1" / "metadata" / "1.root.json")
        accepted = max((int(words.split()[1]) for words in told if words.startswith("accepted")), default=0)
        for older in range(1, accepted):
            before = _pull(state, material / f"tree-{older}")
            assert before.code == "trust_older", f"expected the older tree {older} refused, got {before.reason}"
        _pulled(material, state, 3, lambda _: None)
        with contextlib.closing(editions(state)) as shelf:
            assert known[_content(_in_use(shelf))] == "3"


def _pull(state: Path, tree: Path) -> State:
    with DirectorySource(tree) as source:
        return pull(state, source, system=NOW)


def _pulled(material: Path, state: Path, number: int, note: Note) -> None:
    said = _pull(state, material / f"tree-{number}")
    if said.state != "fresh" or not said.items[0].file:
        raise OSError(said.reason)  # a full disk, told as a state
    note(f"accepted {number}")
    with contextlib.closing(editions(state)) as shelf:
        note(f"begin {number}")
        if shelf.contents().slot().in_use != said.items[0].file:
            shelf.activate(said.items[0].file)
        note(f"use {number}")
        shelf.prune()


SCENARIOS: tuple[Scenario, ...] = (Swaps(), Builds(), Merges(), Pulls())
_HOLDS = "an old edition or a new one, whole, as told, and nothing else; what was accepted is not forgotten"
TRIALS = tuple(trial for scenario in SCENARIOS for trial in interrupted(scenario, _HOLDS))
