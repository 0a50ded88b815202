"""What a bench inspects with, brought from a tree on a stick: the root is trusted, the tree pulled, and used.

It is the same verified way as every stick day (sync/pull.py): nothing that the publisher's keys have not signed comes
into use. A person decides about what takes the place of something else; here only what was empty is filled.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from edge.errors import BoxError
from edge.storage.shelf import Shelf
from edge.storage.shelves import editions, pack_shelf, policy_shelf
from sync.fetch import open_source
from sync.pull import pull
from sync.state import Box


def seed(state_dir: Path, root: Path, tree: Path) -> tuple[str, ...]:
    """Trust `root`, pull `tree` and use what it brings where nothing was in use; a sentence for each thing.

    Doing it again changes nothing, also after a power cut in between.

    Raises:
        BoxError: first_boot_tree: the tree as a whole is not accepted, or one thing in it is not what was signed.
        TrustError: trust_root: it is no root, or the box trusts another one already.
        TransportError, ShelfError: it cannot be read, or not be kept.
    """
    Box(state_dir).trust(root)
    with open_source(str(tree)) as source:
        state = pull(state_dir, source)
    if state.state != "fresh":
        message = f"{tree}: expected a tree that can be accepted, got {state.state}: {state.reason} [{state.code}]"
        raise BoxError("first_boot_tree", message, hint=state.hint or "Write the stick again from a fresh tree.")
    refused = tuple(f"{item.target}: not taken: {item.reason}" for item in state.items if item.state == "refused")
    return (*_used(state_dir), *refused)


def _used(state_dir: Path) -> Iterator[str]:
    for thing, opened in (("registry", editions), ("policy", policy_shelf), ("model pack", pack_shelf)):
        shelf: Shelf[Any] = opened(state_dir)
        with closing(shelf):
            slots = shelf.contents().slots
            empty = [slot.staged[0] for slot in slots.values() if slot.staged and not slot.in_use]
            waiting = [slot.staged[0] for slot in slots.values() if slot.staged and slot.in_use]
            if empty:
                shelf.activate(*empty)
            yield from (f"{thing}: {shelf.title_of(file)} is in use" for file in empty)
            yield from (f"{thing}: {shelf.title_of(file)} is staged, a person decides" for file in waiting)
