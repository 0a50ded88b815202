"""Whether a box's ledgers follow each other as one box's do; what does not is taken all the same, with an alarm.

The founding of a ledger that took the place of a damaged one tells of the last row that this one still gave. That row
lies here when the founding is true, and nothing is written after it when it is the only box of its name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from edge.storage.chain import Json, Outgoing
from sync.central.alarms import raise_alarm
from sync.central.tables import entries, ledgers
from sync.protocol import Batch, Claim

_SHOWN = 80  # characters of a name that a box may have chosen


def explained(connection: Connection, batch: Batch, now: str) -> None:
    """Raise "ledger_unexplained" for a new ledger of a device that has others, unless its founding names a row here."""
    claim = batch.claim
    others = [row.ledger for row in _others(connection, claim)]
    if not others:
        return
    last = _last(batch.founding)
    if last is None:
        detail = f"Ledger {claim.ledger} names no row of {others[-1]}: a new card in the box, or a second box."
    elif any(_is_here(connection, claim.device, ledger, last) for ledger in others):
        return
    else:
        detail = (
            f"Ledger {claim.ledger} follows a row {last[0]} that is not here: rows are lost, or it is a second box."
        )
    raise_alarm(connection, claim.device, "ledger_unexplained", claim.ledger, detail, now)


def outlived(connection: Connection, claim: Claim, now: str) -> None:
    """Raise "ledger_outlived" for a ledger that goes on beyond the row at which another has taken its place."""
    for other in _others(connection, claim):
        last = _last(json.loads(other.founding))
        if last is not None and last[0] < claim.seq and _is_here(connection, claim.device, claim.ledger, last):
            detail = (
                f"Ledger {other.ledger} took the place of {claim.ledger} at row {last[0]}, which goes on at row "
                f"{claim.seq}: two boxes write under one name."
            )
            raise_alarm(connection, claim.device, "ledger_outlived", claim.ledger, detail, now)


def of_another_device(connection: Connection, claim: Claim, rows: Sequence[Outgoing], now: str) -> None:
    """Raise "row_other_device" for rows that say that they were written on another device than the one that signed."""
    for row in rows:
        named = row.origin.device
        if named != claim.device:
            detail = (
                f"Row {row.seq} of ledger {claim.ledger} says that it is of {named[:_SHOWN]!r}: the box has another "
                "name than it is enrolled with, or brings rows of another."
            )
            raise_alarm(connection, claim.device, "row_other_device", claim.ledger, detail, now)
            return


def _others(connection: Connection, claim: Claim) -> Sequence[Json]:
    where = (ledgers.c.device == claim.device) & (ledgers.c.ledger != claim.ledger)
    found = select(ledgers.c.ledger, ledgers.c.founding).where(where).order_by(ledgers.c.received)
    return connection.execute(found).all()


def _last(founding: Mapping[str, Json]) -> tuple[int, str] | None:
    """Sequence and hash of the last row of the ledger that a founding tells of; None when it names none."""
    predecessor = founding.get("predecessor")
    last = predecessor.get("last") if isinstance(predecessor, Mapping) else None
    if not isinstance(last, Mapping) or type(last.get("seq")) is not int or type(last.get("hash")) is not str:
        return None
    return last["seq"], last["hash"]


def _is_here(connection: Connection, device: str, ledger: str, last: tuple[int, str]) -> bool:
    where = (entries.c.device == device) & (entries.c.ledger == ledger) & (entries.c.seq == last[0])
    found = connection.execute(select(entries.c.hash).where(where)).one_or_none()
    return found is not None and found.hash == last[1]
