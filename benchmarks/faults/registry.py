"""Faults met by registry editions: built, merged, fetched, swapped.

After each there is an old or a new one, whole, and nothing else.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from benchmarks.drawn_registry import draw
from benchmarks.faults.campaign import Note, Scenario
from edge.storage.canonical import verify
from edge.storage.shelves import editions

_PRODUCTS, _SERIALS = 40, 200


def _edition(material: Path, number: int) -> Path:
    return material / f"edition-{number}.sqlite"


def _drawn(material: Path, numbers: range) -> None:
    for number in numbers:
        draw(_edition(material, number), _PRODUCTS + number, _SERIALS, seed=number, whole=True)


def _content(path: Path) -> str:
    """The content hash of an edition that is whole; what is not raises."""
    return verify(path)


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
            known = {_content(_edition(material, number)): str(number) for number in range(1, 4)}
            found = ""
            if shelf.contents().slot().in_use or allowed != {""}:
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


SCENARIOS: tuple[Scenario, ...] = (Swaps(),)
