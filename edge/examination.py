"""What `sekisho doctor` found, as it is kept on the box and shown by its pages. The doctor: provisioning/doctor/.

Every part keeps its newest sign with the time of it: what was looked at last week stands beside what was looked at
today. A kept file that cannot be read is none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from edge.storage.database import write_durably

FILE = "doctor.json"
SPEED = "speed"  # the part that tells how long an inspection takes


class State(StrEnum):
    """How a part is. What cannot be told is never good."""

    GOOD = "good"
    LOOK = "look at"
    BROKEN = "broken"
    UNKNOWN = "cannot be told"


@dataclass(frozen=True, slots=True)
class Sign:
    """One part of the box: what was found, what was expected, and what to do about it."""

    part: str
    state: State
    value: str
    expected: str
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """A sign and when it was found (UTC)."""

    sign: Sign
    at: datetime


@dataclass(frozen=True, slots=True)
class Examination:
    """The newest sign of every part, in the order in which the parts were first met."""

    kept: tuple[Kept, ...] = ()

    @property
    def at(self) -> datetime | None:
        """When the newest sign was found."""
        return max((one.at for one in self.kept), default=None)

    def of(self, *states: State) -> tuple[Kept, ...]:
        """The signs with one of these states."""
        return tuple(one for one in self.kept if one.sign.state in states)

    def sign(self, part: str) -> Kept | None:
        """The newest sign of a part."""
        return next((one for one in self.kept if one.sign.part == part), None)

    def with_more(self, signs: Iterable[Sign], at: datetime) -> Examination:
        """This, with newer signs in the places of older ones."""
        newer = {sign.part: Kept(sign, at) for sign in signs}
        first = tuple(newer.pop(one.sign.part, one) for one in self.kept)
        return Examination((*first, *newer.values()))


def read(state_dir: Path) -> Examination:
    """The kept examination of a box; an empty one when there is none that can be read."""
    try:
        rows = json.loads((state_dir / FILE).read_text("utf-8"))["signs"]
        return Examination(tuple(_kept(row) for row in rows))
    except (OSError, ValueError, KeyError, TypeError):
        return Examination()


def keep(state_dir: Path, examination: Examination) -> None:
    """Keep an examination durably.

    Raises:
        OSError: it cannot be written.
    """
    write_durably(state_dir / FILE, (json.dumps(document(examination), ensure_ascii=False, indent=1) + "\n").encode())


def document(examination: Examination) -> dict[str, Any]:
    """An examination as JSON."""
    return {"signs": [_row(one) for one in examination.kept]}


def _row(one: Kept) -> dict[str, str]:
    sign = one.sign
    row = {"part": sign.part, "state": sign.state.value, "value": sign.value, "expected": sign.expected}
    return row | {"todo": sign.todo, "at": one.at.isoformat()}


def _kept(row: dict[str, str]) -> Kept:
    at = datetime.fromisoformat(row["at"])
    if at.tzinfo is None:
        raise ValueError(f"Expected a time with its zone, got {row['at']!r}.")
    texts = (str(row["value"]), str(row["expected"]), str(row["todo"]))
    return Kept(Sign(str(row["part"]), State(row["state"]), *texts), at)
