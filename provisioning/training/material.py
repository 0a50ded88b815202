"""What a practice bench practises with: parcels of the demo with known answers, each with a number of its own.

Drawn once, at the first start; the registry is the demo's, of fictional brands, so that no answer is about real goods.
"""

from __future__ import annotations

import shutil
import zlib
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from edge import practice
from edge.inspection import Decision
from edge.practice import Kind, KnownParcel
from edge.storage.registry_build import build
from provisioning.demo import sources, symbols
from provisioning.demo.parcels import Parcel, Shot, parcels
from provisioning.demo.photographs import photographs
from provisioning.training.sheet import sheet

EDITION = "edition.sqlite"
DRAWN_AGAIN_DAYS = 7
_RELEASE, _REFER, _DETAIN = (Decision.RELEASE,), (Decision.REFER,), (Decision.REFER, Decision.DETAIN)
_EITHER = (Decision.RELEASE, Decision.REFER)  # by eye: the bench has nothing to compare with

# name of the demo's parcel: what it exercises, and the decisions that are right
CHOSEN: dict[str, tuple[Kind, tuple[Decision, ...]]] = {
    "medicine": (Kind.REGISTERED, _RELEASE),
    "logo-moved": (Kind.FACE, _DETAIN),
    "revoked-serial": (Kind.SERIAL, _DETAIN),
    "unregistered": (Kind.UNABLE, _EITHER),
    "serum": (Kind.REGISTERED, _RELEASE),
    "declared-goods": (Kind.DECLARATION, _DETAIN),
    "hologram-missing": (Kind.FACE, _DETAIN),
    "contradiction": (Kind.CODES, _DETAIN),
    "before-programme": (Kind.REGISTERED, _RELEASE),
    "stolen-serial": (Kind.SERIAL, _DETAIN),
    "watch-list": (Kind.DECLARATION, _DETAIN),
    "damaged-symbol": (Kind.UNABLE, _EITHER),
}


def drawn(state_dir: Path, day: date, seed: int = 1) -> Path:
    """Draw what is missing in `state_dir`; the registry edition to serve with.

    What a power cut has left half is drawn again, and so is what has grown old: practice is not about stale data.

    Raises:
        OSError: it cannot be written. RegistryError: the edition cannot be built.
    """
    folder = state_dir / practice.FOLDER
    if not _is_fresh(folder / practice.ANSWERS, day):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        build(sources.write(folder / "sources", sources.samples(seed, day), day), folder / EDITION)
        shutil.rmtree(folder / "sources")
        by_name = {one.name: one for one in parcels(day)}
        known = [_kept(folder, order, by_name[name], seed) for order, name in enumerate(CHOSEN, start=1)]
        (folder / practice.SHEET).write_bytes(sheet(known).pdf())
        practice.keep(state_dir, known)  # last: from here on it is whole
    return folder / EDITION


def _is_fresh(answers: Path, day: date) -> bool:
    try:
        drawn_at = datetime.fromtimestamp(answers.stat().st_mtime, UTC).date()
    except OSError:
        return False
    return abs((day - drawn_at).days) < DRAWN_AGAIN_DAYS


def number_of(parcel: str) -> str:
    """The S10 number of a practice parcel; Antarctica has no post of its own."""
    return symbols.s10("RX", f"99{zlib.crc32(parcel.encode()) % 1_000_000:06}", "AQ")


def _kept(folder: Path, order: int, parcel: Parcel, seed: int) -> KnownParcel:
    number = number_of(parcel.name)
    labelled = replace(parcel, shots=tuple(_renumbered(shot, number) for shot in parcel.shots))
    names = []
    for place, frame in enumerate(photographs(labelled, seed), start=1):
        names.append(f"{order:02}-{place}.jpg")
        (folder / names[-1]).write_bytes(frame.data)
    kind, expected = CHOSEN[parcel.name]
    declared = replace(parcel.consignment, document=number) if parcel.consignment else None
    return KnownParcel(order, number, kind, expected, tuple(names), declared)


def _renumbered(shot: Shot, number: str) -> Shot:
    return replace(shot, label=replace(shot.label, number=number)) if shot.label else shot
