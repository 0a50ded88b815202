"""Which of a pack's networks runs on this box: what the setting says or, with "auto", what the doctor chose.

The choice is measured on the box itself (models/selftest.py) and kept by pack: another pack is int8 until it is tried.
"""

from __future__ import annotations

import json
from pathlib import Path

from edge.settings import Settings
from edge.storage.database import write_durably
from edge.storage.shelves import Shelves
from models.pack import Precision

FILE = "precision.json"


def in_use(settings: Settings, shelves: Shelves) -> Precision:
    """The precision for the pack in use."""
    if settings.precision != "auto":
        return settings.precision
    return chosen(settings.state_dir).get(pack_name(settings, shelves), "int8")


def pack_name(settings: Settings, shelves: Shelves) -> str:
    """The name under which the choice for the pack in use is kept."""
    return settings.pack_dir.name if settings.pack_dir is not None else shelves.packs.current().name


def chosen(state_dir: Path) -> dict[str, Precision]:
    """The doctor's choices by pack; none when there is no file that can be read."""
    try:
        told = json.loads((state_dir / FILE).read_text("utf-8"))
        return {str(pack): one for pack, one in told.items() if one in ("int8", "fp32")}
    except (OSError, ValueError, AttributeError):
        return {}


def choose(state_dir: Path, pack: str, precision: Precision) -> None:
    """Keep a choice durably; workers that start from now on take it.

    Raises:
        OSError: it cannot be written.
    """
    told = chosen(state_dir) | {pack: precision}
    write_durably(state_dir / FILE, (json.dumps(told) + "\n").encode())
