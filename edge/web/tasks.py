"""What the routes share: the bench, its settings, and the threads that work runs in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, TypeVar, cast

import anyio
from fastapi import Depends, Request

from edge.bench import Bench
from edge.errors import BoxError
from edge.rehearsal import Rehearsed
from edge.settings import Settings
from edge.web.measures import Measures
from edge.web.pace import AtWork

Result = TypeVar("Result")

INSPECTIONS_AT_ONCE = 16  # threads that wait for pixel workers; they never take the threads of reading and status


@dataclass(slots=True)
class Work:
    """The bench and the threads in which its arrivals are taken."""

    bench: Bench
    settings: Settings
    measures: Measures
    rehearse: Callable[[], Rehearsed]
    turns: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(INSPECTIONS_AT_ONCE))
    at_work: AtWork = field(init=False)

    def __post_init__(self) -> None:
        """Nothing is at work yet."""
        self.at_work = AtWork(self.settings)

    async def take(self, arrival: Callable[[], Result], *, client: str, station: str) -> Result:
        """Run one arrival in a thread of its own; it ends even when the sender hangs up.

        Raises:
            RequestRefused: request_rate: too many of this client, or at this station, are at work.
        """
        async with self.at_work.one(client, station):
            return await anyio.to_thread.run_sync(arrival, limiter=self.turns)


def work_of(request: Request) -> Work:
    """The work of this app.

    Raises:
        BoxError: `box_starting`, the app has not started yet.
    """
    work = getattr(request.app.state, "work", None)
    if work is None:
        raise BoxError("box_starting", "The bench must have started, got a request before.", hint="Try again.")
    return cast("Work", work)


Works = Annotated[Work, Depends(work_of)]
