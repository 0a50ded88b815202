"""The doctor's page: what was found when the box was last looked at, the worst first. Plain HTML for technicians.

It looks at nothing itself: `sekisho doctor` and its nightly timer do, outside of the bench's sandbox. Its words are the
doctor's own, in English as on the command line.
"""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from edge import examination
from edge.examination import Kept, State
from edge.web.languages import Language
from edge.web.pages import page
from edge.web.tasks import Works

router = APIRouter(include_in_schema=False)

_ORDER = (State.BROKEN, State.LOOK, State.UNKNOWN, State.GOOD)
_MARKS = {State.GOOD: "○", State.LOOK: "△", State.BROKEN: "✕", State.UNKNOWN: "?"}
_MEANT = {
    State.BROKEN: "does not do its part",
    State.LOOK: "works, and wants a person's look",
    State.UNKNOWN: "nothing here can tell it; never counted as good",
    State.GOOD: "as expected",
}


@dataclass(frozen=True, slots=True)
class Group:
    """The signs of one state."""

    state: str
    mark: str
    meant: str
    kept: tuple[Kept, ...]


@router.get("/doctor")
def doctor(work: Works, language: Language) -> HTMLResponse:
    """The newest sign of every part."""
    found = examination.read(work.settings.state_dir)
    groups = tuple(Group(one.name.lower(), _MARKS[one], _MEANT[one], found.of(one)) for one in _ORDER)
    return page("doctor.html", work, language, groups=groups, at=found.at)
