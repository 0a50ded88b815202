"""Whether a run of retention looks as a right clock makes it look: a wrong one would delete everything."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, func, select

from edge.errors import Conflict
from edge.moment import ClockTrust
from sync.central.central import Central
from sync.central.database import reading
from sync.central.tables import evidence, heads, ledgers, personal


class Guard(BaseModel):
    """What a run does not do unasked, as a wrong clock would."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    heard_within_days: Annotated[int, Field(ge=1, le=3_650)] = 45  # of the last word of a box
    share_percent: Annotated[int, Field(ge=1, le=100)] = 50  # of the pictures and values that are held
    at_least: Annotated[int, Field(ge=0)] = 1_000  # fewer pictures and values may go whatever their share


def require_plausible(central: Central, guard: Guard, count: int) -> None:
    """Pass when `count` pictures and values may go in one run by this central's clock.

    Raises:
        Conflict: retention_clock, retention_amount.
    """
    if not count:
        return
    now = central.now()
    with reading(central.engine) as connection:
        heard = _heard(connection)
        held = sum(connection.execute(select(func.count()).select_from(of)).scalar_one() for of in (evidence, personal))
    if heard is not None and now - heard > timedelta(days=guard.heard_within_days):
        message = (
            f"Expected a clock within {guard.heard_within_days} days of the last word of a box, {heard:%Y-%m-%d}, "
            f"got {now:%Y-%m-%d}."
        )
        raise Conflict("retention_clock", message, hint="Set the clock. When it is right: --really.")
    if count > guard.at_least and count * 100 > guard.share_percent * held:
        message = (
            f"Expected at most {guard.share_percent}% of what is held to go in one run, "
            f"got {count} of {held} pictures and personal values."
        )
        raise Conflict("retention_amount", message, hint="Look at it with --dry-run. When it is right: --really.")


def _heard(connection: Connection) -> datetime | None:
    """When a box was heard last: by this central's clock, or by clocks that boxes believe where those are behind it."""
    last = select(heads.c.document, heads.c.received).join(
        ledgers,
        (ledgers.c.device == heads.c.device) & (ledgers.c.ledger == heads.c.ledger) & (ledgers.c.seq == heads.c.seq),
    )
    received: list[datetime] = []
    said: list[datetime] = []
    for row in connection.execute(last):
        received.append(datetime.fromisoformat(row.received))
        told = json.loads(row.document)["signed"]
        if told["clock"] != ClockTrust.UNTRUSTED.value:
            with contextlib.suppress(ValueError, TypeError):
                said.append(datetime.fromisoformat(told["made"]).astimezone(UTC))
    return min(max(received), max(said, default=max(received))) if received else None
