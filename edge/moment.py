"""The one reading of the clock of a step, how far it is to be believed, and what a sender's own clock said.

Reads no clock itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum


class ClockTrust(StrEnum):
    """How far the box's wall clock may be believed when a row is written."""

    SYNCED = "synced"  # disciplined by a trusted source since boot
    FLOOR = "floor"  # not synced, but not before the newest signed time that the box has seen
    UNTRUSTED = "untrusted"  # before the floor, or unknown


@dataclass(frozen=True, slots=True)
class Moment:
    """The one reading of the clock of an inspection step: UTC, with the trust that the box has in it."""

    utc: datetime
    trust: ClockTrust

    def __post_init__(self) -> None:
        """Refuse a naive time. UTC by another name (a document's parser has its own) becomes `datetime.UTC`.

        Raises:
            ValueError: `utc` has no time zone or is not UTC.
        """
        if self.utc.utcoffset() != timedelta(0):
            raise ValueError(f"Moment.utc must be an aware UTC time, got {self.utc!r}.")
        object.__setattr__(self, "utc", self.utc.replace(tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Taken:
    """When what came was taken, by its sender's own clock: shown to people, and trusted for nothing.

    The sender tells when it took it and when it sent it, by the same clock: the wait between both is right also where
    that clock is wrong, unless it was set meanwhile.
    """

    at: datetime  # UTC
    waited_s: float  # until it was sent; negative: the clock was set back meanwhile
    clock_off_s: float  # the sender's clock when it sent, less the box's when that came


def taken(at: datetime, sent: datetime, now: Moment) -> Taken:
    """What a sender's two times say when they come in at `now`. Both are aware."""
    return Taken(at.astimezone(UTC), (sent - at).total_seconds(), (sent - now.utc).total_seconds())
