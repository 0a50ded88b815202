"""An edition reaches a box: by the deltas from one that it holds when they are smaller, else as a whole snapshot.

Either way the content of the result is what was signed, or nothing is staged.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tuf.api.metadata import TargetFile

from edge.errors import RegistryError
from edge.storage.delta import apply
from edge.storage.registry import Registry
from edge.storage.shelf import Shelf
from edge.storage.shelves import editions
from edge.storage.snapshot import unpack
from sync.client import Client
from sync.errors import TrustError
from sync.goods import EditionSaid, HeldEdition, held_editions, numbers_of, said_of_edition
from sync.state import Box, Item

Fetch = Callable[[TargetFile], Path]
MOST_DELTAS = 16


def bring_edition(
    target: TargetFile, deltas: tuple[str, ...], *, client: Client, box: Box, fetch: Fetch, say: Callable[[str], None]
) -> Item:
    """Stage the edition of `target`, unless the box holds it.

    Raises:
        TrustError, TransportError: it cannot be had.
        RegistryError, ShelfError: it cannot be made or brought onto the shelf.
        OSError: it cannot be written.
    """
    said = said_of_edition(target.path, target.custom)
    shelf = editions(box.state_dir)
    slot = shelf.contents().slot()
    item = Item(target=target.path, kind="edition", state="staged", sha256=target.hashes["sha256"])
    held = held_editions(shelf.directory, slot.files)
    same = next((edition.path.name for edition in held if edition.content_sha256 == said.content_sha256), "")
    if same:
        return item.model_copy(update={"file": same, "state": "in use" if same == slot.in_use else "staged"})
    _require_newer(target.path, said, [edition for edition in held if edition.path.name == slot.in_use])
    box.incoming.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=box.incoming, prefix="edition-") as name:
        making = _Making(target, said, Path(name), fetch, say)
        made, how = making.run(*_chain(deltas, said, held, client))
        file = _staged(shelf, made)
    return item.model_copy(update={"file": file, "reason": how})


def _staged(shelf: Shelf[Registry], made: Path) -> str:
    file = shelf.stage(made, move=True, verified=True)
    shelf.prune()
    return file


def _require_newer(path: str, said: EditionSaid, in_use: list[HeldEdition]) -> None:
    """An edition of the same name never goes back, whoever signs it."""
    for edition in in_use:
        if edition.name == said.name and said.number <= edition.number:
            message = f"{path}: expected a number above {edition.number}, which is in use, got {said.number}."
            raise TrustError(
                "trust_number", message, hint="Boxes only go forward; the publisher publishes a new number."
            )


def _chain(
    deltas: tuple[str, ...], said: EditionSaid, held: list[HeldEdition], client: Client
) -> tuple[Path | None, list[TargetFile]]:
    """The edition to start from and the fewest deltas from it to the one that is wanted; None when there is no way.

    The numbers in their names show the way. That each delta fits is checked when it is applied, by content.
    """
    starts = {edition.number: edition.path for edition in held if edition.name == said.name}
    ways: dict[int, list[str]] = {said.number: []}  # from this number on, these paths
    frontier = [said.number]
    while frontier and not starts.keys() & ways.keys():
        before = []
        for path in deltas:
            leads = numbers_of(path)
            if leads and leads[1] in frontier and leads[0] not in ways:
                ways[leads[0]] = [path, *ways[leads[1]]]
                before.append(leads[0])
        frontier = before
    start = max(starts.keys() & ways.keys(), default=None)
    if start is None or len(ways[start]) > MOST_DELTAS:
        return None, []
    targets = [target for path in ways[start] if (target := client.target(path)) is not None]
    return (starts[start], targets) if len(targets) == len(ways[start]) else (None, [])


@dataclass(frozen=True, slots=True)
class _Making:
    """An edition that is being made in the directory `room`."""

    target: TargetFile
    said: EditionSaid
    room: Path
    fetch: Fetch
    say: Callable[[str], None]

    def run(self, base: Path | None, deltas: list[TargetFile]) -> tuple[Path, str]:
        """The edition, and by which way in words."""
        why = ""
        if base is not None and sum(delta.length for delta in deltas) < self.target.length:
            try:
                return self._by_deltas(base, deltas), f"by {len(deltas)} of its deltas"
            except RegistryError as error:  # they are of no use on this box: take the whole
                why = f"; its deltas could not be used: {error.message}"
        self.say(self.target.path)
        packed = self.fetch(self.target)
        made = unpack(packed, self.room / "whole.sqlite", self.said.content_sha256, self.said.size)
        packed.unlink()
        return made, f"as a whole{why}"

    def _by_deltas(self, base: Path, deltas: list[TargetFile]) -> Path:
        for number, target in enumerate(deltas):
            self.say(target.path)
            delta = self.fetch(target)
            expected = self.said.content_sha256 if target is deltas[-1] else None
            made = apply(base, delta, self.room / f"{number}.sqlite", expected)
            delta.unlink()
            if number:
                base.unlink()  # a step between
            base = made
        return base
