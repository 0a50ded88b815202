"""Pictures of this box that are not what was kept, or cannot be read: noted by sync, told with each run, never deleted.

The cursor of evidence goes past them, so they are tried again from here: one that was put back from a copy is sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from edge.storage.database import write_durably

if TYPE_CHECKING:
    from pathlib import Path

_NAME = "evidence-altered.json"
_SHA256 = re.compile(r"[0-9a-f]{64}")


def altered_pictures(state_dir: Path) -> list[str]:
    """Their names, those that were tried longest ago first."""
    try:
        names = json.loads((state_dir / _NAME).read_bytes())
        return [name for name in names if _SHA256.fullmatch(name)]
    except (OSError, ValueError, TypeError):
        return []


def note_altered(state_dir: Path, names: Iterable[str]) -> None:
    """Note `names`, and no others.

    Raises:
        OSError: it cannot be written.
    """
    noted = list(dict.fromkeys(names))
    if noted != altered_pictures(state_dir):
        write_durably(state_dir / _NAME, json.dumps(noted, indent=1).encode())


def words_of(names: Iterable[str]) -> str:
    """What a person is told of them; "" when there is none."""
    noted = list(names)
    if not noted:
        return ""
    more = f" and {len(noted) - 1} more" if len(noted) > 1 else ""
    return (
        f"Picture {noted[0]}{more}: expected what was kept, got an altered or unreadable file; not sent, not deleted."
        " Keep it for the auditor, or restore it from a copy."
    )
