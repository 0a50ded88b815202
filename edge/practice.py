"""Practice with known answers: the parcels of a practice bench, and how what an officer decided compares with them.

It judges a decision, never an officer: nothing here is sent, and nobody is named. Real work is never read for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from statistics import median
from typing import Any

from edge.arrival import Arrival
from edge.consignment import Consignment
from edge.errors import SettingsError
from edge.inspection import Decision, InspectionRecord
from edge.ports import Frame
from edge.steps.capture import RawCode
from edge.storage import documents
from edge.storage.database import write_durably

FOLDER, ANSWERS, SHEET = "practice", "answers.json", "sheet.pdf"
_AIM = re.compile(r"^\][A-Za-z][0-9A-Za-z]")  # ISO/IEC 15424
_STRICTNESS = (Decision.RELEASE, Decision.REFER, Decision.DETAIN)


class Kind(StrEnum):
    """What a parcel exercises."""

    REGISTERED = "registered"
    FACE = "face"
    SERIAL = "serial"
    DECLARATION = "declaration"
    CODES = "codes"
    UNABLE = "unable"


class Judged(StrEnum):
    """A decision beside the answer that is known."""

    AS_EXPECTED = "as_expected"
    MORE = "more"  # stricter than needed: somebody waits for a parcel
    LESS = "less"  # a parcel went that should have stayed
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class KnownParcel:
    """A drawn parcel. Its number, printed on the sheet and on its label, tells it from every other."""

    order: int
    number: str  # UPU S10
    kind: Kind
    expected: tuple[Decision, ...]  # any of them
    pictures: tuple[str, ...] = ()  # file names in the folder
    consignment: Consignment | None = None

    def arrival(self, folder: Path, station: str) -> Arrival:
        """The parcel as it comes to the bench: its number, its pictures and its declaration.

        Raises:
            OSError: a picture is gone.
        """
        pictures = tuple(Frame((folder / name).read_bytes(), "image/jpeg", "practice") for name in self.pictures)
        code = RawCode(self.number.encode(), "practice")
        return Arrival(station, (code,), pictures, self.consignment)

    def judged(self, decision: Decision | None) -> Judged:
        """`decision` beside the answer that is known."""
        if decision is None:
            return Judged.UNDECIDED
        if decision in self.expected:
            return Judged.AS_EXPECTED
        strict = _STRICTNESS.index
        return Judged.MORE if strict(decision) > max(map(strict, self.expected)) else Judged.LESS


@dataclass(frozen=True, slots=True)
class Tried:
    """One inspection of a known parcel."""

    parcel: KnownParcel
    inspection: str
    decision: Decision | None
    judged: Judged
    seconds: float | None  # from the first answer of the bench to the decision


@dataclass(frozen=True, slots=True)
class Score:
    """What was decided of the parcels of one kind."""

    kind: Kind
    counted: dict[Judged, int]
    seconds: float | None  # median of those decided


def whole(state_dir: Path, came: Arrival) -> Arrival:
    """A number of the sheet that comes alone brings its whole parcel, as a press on the page does; else as it came.

    Raises:
        OSError: a picture is gone.
    """
    if came.inspection or came.pictures or came.consignment or len(came.codes) != 1:
        return came
    text = came.codes[0].payload.decode("ascii", "replace")
    number = _AIM.sub("", text).replace(" ", "").strip().upper()
    try:
        parcel = next((one for one in known(state_dir) if one.number.upper() == number), None)
    except SettingsError:  # none were drawn
        parcel = None
    if parcel is None:
        return came
    laid = parcel.arrival(state_dir / FOLDER, came.station)
    return replace(came, pictures=laid.pictures, consignment=laid.consignment)


def tried(parcels: Sequence[KnownParcel], records: Iterable[InspectionRecord]) -> tuple[Tried, ...]:
    """The inspections that are of known parcels, in the order of `records`."""
    by_key = {f"S10:{one.number}".lower(): one for one in parcels}
    found = []
    for record in records:
        keys = (key.lower() for key in record.assessments[-1].identity.parcel_keys)
        parcel = next((by_key[key] for key in keys if key in by_key), None)
        if parcel is None:
            continue
        done = record.disposition
        decision = done.decision if done else None
        took = (done.at.utc - record.assessments[0].at.utc).total_seconds() if done else None
        found.append(Tried(parcel, record.inspection, decision, parcel.judged(decision), took))
    return tuple(found)


def scores(found: Sequence[Tried]) -> tuple[Score, ...]:
    """A score for each kind that was tried."""
    told = []
    for kind in Kind:
        mine = [one for one in found if one.parcel.kind is kind]
        if mine:
            times = [one.seconds for one in mine if one.seconds is not None]
            counted = {judged: sum(one.judged is judged for one in mine) for judged in Judged}
            told.append(Score(kind, counted, median(times) if times else None))
    return tuple(told)


def known(state_dir: Path) -> tuple[KnownParcel, ...]:
    """The parcels that were drawn for this practice bench.

    Raises:
        SettingsError: settings_practice: none were.
    """
    path = state_dir / FOLDER / ANSWERS
    try:
        return tuple(_read(one) for one in json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(
            "settings_practice",
            f"{path}: expected the answers of drawn parcels, got {type(error).__name__}.",
            hint="sekisho training serve draws them at its first start.",
        ) from error


def keep(state_dir: Path, parcels: Sequence[KnownParcel]) -> None:
    """Write the answers of drawn parcels.

    Raises:
        OSError: they cannot be written.
    """
    told = [
        {
            "order": one.order,
            "number": one.number,
            "kind": one.kind,
            "expected": list(one.expected),
            "pictures": list(one.pictures),
            "consignment": documents.to_json(one.consignment) if one.consignment else None,
        }
        for one in parcels
    ]
    write_durably(state_dir / FOLDER / ANSWERS, json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n")


def _read(told: dict[str, Any]) -> KnownParcel:
    declared = told["consignment"]
    return KnownParcel(
        order=int(told["order"]),
        number=str(told["number"]),
        kind=Kind(told["kind"]),
        expected=tuple(map(Decision, told["expected"])),
        pictures=tuple(map(str, told["pictures"])),
        consignment=documents.from_json(Consignment, declared) if declared else None,
    )
