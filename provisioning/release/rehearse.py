"""What the check of a release runs: the ledger copied, and one real inspection on the copy, recorded in it."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

from edge.app import open_box
from edge.arrival import Arrival
from edge.ports import Frame
from edge.rehearsal import GTIN
from edge.releases import version
from edge.settings import Settings
from edge.steps.capture import RawCode
from edge.storage.ledger_file import LEDGER, copy_ledger

_SHARED = ("registry", "packs", "policies")


def copy_state(state_dir: Path, to: Path) -> None:
    """Copy the ledger into `to`; shelves are shared, they are only read. Keys and evidence stay where they are.

    Raises:
        LedgerError: ledger_unreadable: it cannot be copied.
    """
    if (state_dir / LEDGER).exists():
        copy_ledger(state_dir / LEDGER, to / LEDGER)
    for name in _SHARED:
        if (state_dir / name).is_dir() and not (to / name).exists():
            (to / name).symlink_to((state_dir / name).absolute())


def rehearse(settings: Settings) -> dict[str, Any]:
    """Inspect the rehearsal's picture and code on the state of `settings`, and record it there.

    Raises:
        SekishoError: a part of the box does not do its part.
    """
    picture = (resources.files("edge") / "rehearsal.png").read_bytes()
    small = settings.model_copy(update={"workers": 1, "reserve_bytes": 0})
    with open_box(small) as box:
        rehearsed = box.rehearse.rehearsed()
        assessment = box.bench.inspect(
            Arrival(
                station=small.stations[0],
                codes=(RawCode(f"]d201{GTIN}".encode(), "rehearsal"),),
                pictures=(Frame(picture, "image/png", "rehearsal"),),
                joins=False,
            )
        )
    return {
        "version": version(),
        "outcome": str(assessment.verdict.outcome),
        "gtins": rehearsed.gtins,
        "faults": rehearsed.faults,
    }
