"""The officer's own look at a recorded distinguishing point: which may be recorded. It changes no verdict."""

from __future__ import annotations

from dataclasses import replace

from edge.errors import RequestRefused
from edge.inspection import InspectionRecord, Observation
from edge.lookup import DistinguishingPoint, LookupResult


def points(lookup: LookupResult) -> tuple[tuple[str, DistinguishingPoint], ...]:
    """The points recorded for the items in hand, each once, with the number of its recordation."""
    found = {
        (right.number, point.number, point.source): (right.number, point)
        for item in lookup.items
        for right in item.recordations
        for point in right.points
    }
    return tuple(found.values())


def observed(lookup: LookupResult, wanted: Observation) -> Observation:
    """`wanted` with the source of its point, as the registry names it now.

    Raises:
        RequestRefused: request_point: no such point is recorded for the items in hand.
    """
    for recordation, point in points(lookup):
        if (recordation, point.number) == (wanted.recordation, wanted.point) and wanted.source in {"", point.source}:
            return replace(wanted, source=point.source)
    raise RequestRefused(
        "request_point",
        f"{wanted.inspection}: expected a distinguishing point of its items, "
        f"got {wanted.recordation[:64]!r} {wanted.point}.",
        hint="Take a recordation and a number from the inspection's facts.",
    )


def standing(kept: InspectionRecord) -> dict[tuple[str, int, str], Observation]:
    """The last observation of each point, by recordation, number and source."""
    return {(one.recordation, one.point, one.source): one for one in kept.observations}
