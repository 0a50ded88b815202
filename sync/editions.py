"""An edition reaches a box: by the deltas from one that it holds when they are smaller, else as a whole snapshot.

Either way the content of the result is what was signed, or nothing is staged.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Mapping
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
from sync.goods import SCHEMAS, DeltaSaid, EditionSaid, held_editions, numbers_of, said_of_delta, said_of_edition
from sync.state import Box, Item

Fetch = Callable[[TargetFile], Path]
Held = Mapping[str, tuple[Path, Registry]]  # by content
MOST_DELTAS = 16


@dataclass(frozen=True, slots=True)
class _Step:
    """One delta of a chain."""

    target: TargetFile
    said: DeltaSaid


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
    if said.content_sha256 in held:
        file = held[said.content_sha256][0].name
        return item.model_copy(update={"file": file, "state": "in use" if file == slot.in_use else "staged"})
    _require_newer(target.path, said, [registry for path, registry in held.values() if path.name == slot.in_use])
    box.incoming.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=box.incoming, prefix="edition-") as name:
        made, how = _made(target, said, _chain(deltas, said, held, client), held, Path(name), fetch, say)
        file = _staged(shelf, made)
    return item.model_copy(update={"file": file, "reason": how})


def _staged(shelf: Shelf[Registry], made: Path) -> str:
    file = shelf.stage(made, move=True)
    shelf.prune()
    return file


def _require_newer(path: str, said: EditionSaid, in_use: list[Registry]) -> None:
    """An edition of the same name never goes back, whoever signs it."""
    for registry in in_use:
        if registry.edition.name == said.name and said.number <= registry.edition.number:
            message = f"{path}: expected a number above {registry.edition.number}, which is in use, got {said.number}."
            raise TrustError(
                "trust_older", message, hint="Boxes only go forward; the publisher publishes a new number."
            )


def _chain(deltas: tuple[str, ...], said: EditionSaid, held: Held, client: Client) -> list[_Step]:
    """The fewest deltas that lead from an edition that is held to the one that is wanted; none when there is no way."""
    ways: dict[int, list[str]] = {said.number: []}  # from this number on, these paths
    frontier = [said.number]
    starts = {registry.edition.number for _, registry in held.values()}
    while frontier and not starts & ways.keys() and len(ways) <= len(deltas) + 1:
        before = []
        for path in deltas:
            leads = numbers_of(path)
            if leads and leads[1] in frontier and leads[0] not in ways:
                ways[leads[0]] = [path, *ways[leads[1]]]
                before.append(leads[0])
        frontier = before
    start = max(starts & ways.keys(), default=None)
    if start is None or len(ways[start]) > MOST_DELTAS:
        return []
    steps = []
    for path in ways[start]:
        target = client.target(path)
        if target is None:
            return []
        steps.append(_Step(target, said_of_delta(path, target.custom)))
    contents = [*(step.said.from_sha256 for step in steps), said.content_sha256]
    fits = all(step.said.to_sha256 == after for step, after in zip(steps, contents[1:], strict=True))
    known = all(step.said.schema_ <= SCHEMAS["delta"] for step in steps)
    return steps if fits and known and contents[0] in held else []


def _made(  # noqa: PLR0917 - one call; every value is used
    target: TargetFile,
    said: EditionSaid,
    steps: list[_Step],
    held: Held,
    room: Path,
    fetch: Fetch,
    say: Callable[[str], None],
) -> tuple[Path, str]:
    """The edition made in the directory `room`, and by which way in words."""
    why = ""
    if steps and sum(step.target.length for step in steps) < target.length:
        try:
            return _by_deltas(steps, held, room, fetch, say), f"by {len(steps)} of its deltas"
        except RegistryError as error:  # the deltas are of no use on this box: take the whole
            why = f"; its deltas could not be used: {error.message}"
    say(target.path)
    packed = fetch(target)
    made = unpack(packed, room / "whole.sqlite", said.content_sha256, said.size)
    packed.unlink()
    return made, f"as a whole{why}"


def _by_deltas(steps: list[_Step], held: Held, room: Path, fetch: Fetch, say: Callable[[str], None]) -> Path:
    base = held[steps[0].said.from_sha256][0]
    for number, step in enumerate(steps):
        say(step.target.path)
        delta = fetch(step.target)
        made = apply(base, delta, room / f"{number}.sqlite", step.said.to_sha256)
        delta.unlink()
        if number:
            with contextlib.suppress(FileNotFoundError):
                base.unlink()  # a step between
        base = made
    return base
