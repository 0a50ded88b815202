"""The doctor's page: what was found when the box was last looked at, the worst first. Plain HTML for technicians.

It looks at nothing itself: `sekisho doctor` and its nightly timer do, outside of the bench's sandbox. Parts and states
are told in the reader's language; what was found and what to do about it are the doctor's own words, in English as on
the command line, because they are made of values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from edge import examination
from edge.examination import Examination, Kept, State
from edge.messages import labels
from edge.web.languages import Language
from edge.web.pages import page
from edge.web.tasks import Works

router = APIRouter(include_in_schema=False)

_ORDER = (State.BROKEN, State.LOOK, State.UNKNOWN, State.GOOD)
_MARKS = {State.GOOD: "○", State.LOOK: "△", State.BROKEN: "✕", State.UNKNOWN: "?"}
_PART, _STATE, _MEANT = "doctor_part_", "doctor_state_", "doctor_meant_"  # before a name, in edge/labels.toml


@dataclass(frozen=True, slots=True)
class Group:
    """The signs of one state."""

    state: str
    mark: str
    name: str
    meant: str
    kept: tuple[Kept, ...]


@router.get("/doctor")
def doctor(work: Works, language: Language) -> HTMLResponse:
    """The newest sign of every part."""
    found = examination.read(work.settings.state_dir)
    said = labels(language)
    groups = tuple(_group(one, found, said) for one in _ORDER)
    parts = {one.sign.part: said.get(_PART + one.sign.part.replace(" ", "_"), "") for one in found.kept}
    return page("doctor.html", work, language, groups=groups, parts=parts, at=found.at)


def _group(state: State, found: Examination, said: Mapping[str, str]) -> Group:
    name = state.name.lower()
    return Group(name, _MARKS[state], said[_STATE + name], said[_MEANT + name], found.of(state))
