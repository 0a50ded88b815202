"""What the API says of the box itself: whether it works, its parts, and what came of a rehearsal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field

from edge.web.answers import Outgoing

if TYPE_CHECKING:
    from edge.health import Part, Status


class HealthOut(Outgoing):
    """Whether it works."""

    status: str


class RehearsedOut(Outgoing):
    """What came of a rehearsed inspection, and whether the bench is at work."""

    version: str = Field(description="Of the program.")
    outcome: str = Field(description="The verdict's outcome.")
    gtins: tuple[str, ...] = Field(description="Read in the rehearsal's picture.")
    faults: tuple[str, ...] = Field(description="Parts that answered with a fault.")
    ms: float = Field(description="How long it took, milliseconds.")
    open: tuple[str, ...] = Field(description="Stations where an arrival is being taken, or came within `quiet_s`.")


class PartOut(Outgoing):
    """One part of the box."""

    name: str
    state: str = Field(description="ok, note (works, with a limit) or fault.")
    detail: str
    hint: str
    brief: str = Field(description="A few letters for a status bar; empty: not shown there.")

    @classmethod
    def of(cls, part: Part) -> Self:
        """From the noun."""
        return cls.model_validate(part)


class StatusOut(Outgoing):
    """How the box is."""

    device: str
    place: str
    version: str
    stations: tuple[str, ...]
    ready: bool = Field(description="Whether an inspection can be answered durably.")
    parts: tuple[PartOut, ...]

    @classmethod
    def of(cls, status: Status, version: str) -> Self:
        """From the noun."""
        return cls(
            device=status.device,
            place=status.place,
            version=version,
            stations=status.stations,
            ready=status.ready,
            parts=tuple(PartOut.of(part) for part in status.parts),
        )
