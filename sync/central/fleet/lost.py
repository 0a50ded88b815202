"""A lost or stolen box: its key signs nothing any more, and what came after the loss is given to nobody.

What a thief could write with a stolen box is signed as well as what officers wrote, so nothing here can tell the two
apart; the time at which rows came, by the central's clock, can. Rows in batches that came at or after the loss are
doubted: they stay where they are, proved and countable, and the feed, exports and webhooks leave them out, until a
person says another time of loss (or that it was none).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, func, insert, select

from edge.errors import InputError, StateError
from sync.central.alarms import raise_alarm
from sync.central.central import Central
from sync.central.database import writing
from sync.central.intake.devices import revoke
from sync.central.tables import doubted, heads, ledgers

# A condition on rows of `entries`, called e: none of them is doubted.
BELIEVED = (
    "NOT EXISTS (SELECT 1 FROM doubted d WHERE d.device=e.device AND d.ledger=e.ledger"
    " AND e.seq BETWEEN d.first AND d.last)"
)


@dataclass(frozen=True, slots=True)
class Lost:
    """What became of a loss."""

    keys: int  # that could sign until now
    rows: int  # that are doubted now


def lost(central: Central, device: str, since: datetime, reason: str) -> Lost:
    """Revoke `device` and doubt what came at or after `since`. Asked again, the later word counts.

    Raises:
        InputError: request_field: `since` has no time zone, or lies ahead. NotFound: device_not_found.
    """
    if since.tzinfo is None or since > central.now():
        message = f"--since: expected a time that is over, with its time zone, got {since.isoformat()}."
        raise InputError("request_field", message, hint="E.g. 2026-11-21T18:00+09:00, when the box was last seen.")
    now = central.stamp()
    with writing(central.engine) as connection:
        count = _revoked(connection, device, reason, now)
        connection.execute(delete(doubted).where(doubted.c.device == device))
        rows = 0
        for chain in connection.execute(select(ledgers).where(ledgers.c.device == device)).all():
            rows += _doubt(connection, chain.device, chain.ledger, int(chain.seq), since, reason=reason, now=now)
        detail = f"{reason}; {rows} rows came since {since.isoformat()} and are given to nobody."
        raise_alarm(connection, device, "lost", since.isoformat(), detail, now)
    return Lost(count, rows)


def found(central: Central, device: str) -> int:
    """Doubt nothing of `device` any more; how many ledgers were doubted. Its key stays revoked."""
    with writing(central.engine) as connection:
        return connection.execute(delete(doubted).where(doubted.c.device == device)).rowcount


def _revoked(connection: Connection, device: str, reason: str, now: str) -> int:
    try:
        return revoke(connection, device, reason, now)
    except StateError as error:
        if error.code != "device_conflict":  # revoked already
            raise
        return 0


def _doubt(
    connection: Connection, device: str, ledger: str, last: int, since: datetime, *, reason: str, now: str
) -> int:
    """Doubt the rows of the batches that came at or after `since`; how many. Times are compared as texts of UTC."""
    where = (heads.c.device == device) & (heads.c.ledger == ledger)
    before = where & (heads.c.received < since.astimezone(UTC).isoformat())
    believed = int(connection.execute(select(func.max(heads.c.seq)).where(before)).scalar() or 0)
    if believed >= last:
        return 0
    told = {"device": device, "ledger": ledger, "first": believed + 1, "last": last}
    connection.execute(insert(doubted).values(**told, since=since.isoformat(), reason=reason, noted=now))
    return last - believed
