"""What became of what the last pull brought, as the shelves say now: a person may have activated or set back since."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge.errors import SekishoError
from edge.storage.current import Slot
from edge.storage.shelf import Shelf
from edge.storage.shelves import editions, pack_shelf, policy_shelf
from sync.state import State

_SHELVES: dict[str, Callable[[Path], Shelf[Any]]] = {"edition": editions, "pack": pack_shelf, "policy": policy_shelf}


def now(state: State, state_dir: Path) -> dict[str, str]:
    """For each file that the last pull told of: "in use", "staged", "set back", "kept for roll-back" or "gone".

    A shelf that cannot be read tells nothing of its files.
    """
    told: dict[str, str] = {}
    files = {item.file: item.kind for item in state.items if item.file}
    files |= {part.file: "edition" for part in state.publishers.values() if part.file}
    for kind, opened in _SHELVES.items():
        try:
            slots = tuple(opened(state_dir).contents().slots.values())
        except SekishoError:
            continue
        told |= {file: _place(file, slots) for file, of in files.items() if of == kind}
    return told


def _place(file: str, slots: tuple[Slot, ...]) -> str:
    for slot in slots:
        if file == slot.in_use:
            return "in use"
        if file in slot.set_back:
            return "set back"
        if file in slot.staged:
            return "staged"
        if file in slot.older:
            return "kept for roll-back"
    return "gone"
