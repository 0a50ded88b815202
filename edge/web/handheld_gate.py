"""How the gate knows a handheld: a cookie of its own, and what it puts into a request for the routes to read."""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import HTTPConnection
from starlette.types import Scope

from edge.arrival import Arrival
from edge.handhelds.kept import Handheld
from edge.handhelds.pairing import Pairings

COOKIE = "sekisho_handheld"
COOKIE_S = 400 * 24 * 3600  # the longest that browsers keep one; revoked at the box, not by time
_PAGE = frozenset({"/handheld", "/handheld/manifest.json", "/handheld/worker.js", "/handheld/authority.crt"})
OPEN = _PAGE | {"/api/v1/handhelds/pair"}
_KEPT = "handheld"


def recognised(pairings: Pairings, scope: Scope) -> bool:
    """Whether a request comes from a paired handheld; the routes are told which."""
    cookie = HTTPConnection(scope).cookies.get(COOKIE, "")
    found = pairings.of(cookie) if cookie else None
    if found is not None:
        scope.setdefault("state", {})[_KEPT] = found
    return found is not None


def handheld_of(scope: Scope) -> Handheld | None:
    """The handheld that a request comes from."""
    found: Handheld | None = scope.get("state", {}).get(_KEPT)
    return found


def named_by(scope: Scope, came: Arrival) -> Arrival:
    """What a handheld sends names it: codes and pictures have it as their source, whatever the document says.

    It is of who signed in on the handheld, or of nobody: whoever is signed in at its station is somebody else.
    """
    found = handheld_of(scope)
    if found is None:
        return came
    return replace(
        came,
        own=True,
        codes=tuple(replace(code, source=f"handheld:{found.id}") for code in came.codes),
        pictures=tuple(replace(frame, source=f"handheld:{found.id}") for frame in came.pictures),
    )
