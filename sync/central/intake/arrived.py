"""What of a box has arrived, exactly: when its card is dead, this is what there is, and the rest is what is lost.

Rows arrive without gaps, so up to the row that is named none is missing. What the box had written after it last spoke
nobody can know here; a list that was kept by hand, of inspections or parcel numbers, tells which of them are missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, select

from sync.central.bodies import pictures_of
from sync.central.database import reading
from sync.central.tables import deletions, entries, evidence, ledgers, personal

_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Arrived:
    """How far one ledger of a box has come. `pictures` are (SHA-256, inspection)."""

    ledger: str
    rows: int  # 1 to this one are here
    inspections: int
    last: str  # when the last of them was written, by the box's clock; "" without rows
    received: str  # when it came, by the central's
    known: int  # how far the box said that it was
    pictures: tuple[tuple[str, str], ...]  # that these rows name, and that never came


def arrived(engine: Engine, device: str) -> tuple[Arrived, ...]:
    """Every ledger of `device`, the one that spoke last at the end; empty when none has come."""
    with reading(engine) as connection:
        where = ledgers.c.device == device
        chains = connection.execute(select(ledgers).where(where).order_by(ledgers.c.received)).all()
        there = {row.sha256 for row in connection.execute(select(evidence.c.sha256).where(evidence.c.device == device))}
        there |= _deleted(connection, device)
        return tuple(_arrived(connection, chain, there) for chain in chains)


def _deleted(connection: Connection, device: str) -> set[str]:
    """Pictures that were here and went by policy."""
    documents = connection.execute(select(deletions.c.document).where(deletions.c.device == device))
    return {name for row in documents for name, _ in json.loads(row.document)["signed"]["pictures"]}


def _arrived(connection: Connection, chain: object, there: set[str]) -> Arrived:
    told = chain._mapping  # type: ignore[attr-defined]  # noqa: SLF001 - SQLAlchemy's public name
    inspections: set[str] = set()
    absent: dict[str, str] = {}
    last, after = "", 0
    wanted = select(entries.c.seq, entries.c.kind, entries.c.inspection, entries.c.header, entries.c.body).where(
        (entries.c.device == told["device"]) & (entries.c.ledger == told["ledger"])
    )
    while rows := connection.execute(wanted.where(entries.c.seq > after).order_by(entries.c.seq).limit(_AT_ONCE)).all():
        for row in rows:
            inspections.add(row.inspection)
            for named in pictures_of(row.kind, row.body) or ():
                if named.sha256 not in there:
                    absent.setdefault(named.sha256, row.inspection)
        after, last = rows[-1].seq, json.loads(rows[-1].header)["at"]
    return Arrived(
        ledger=told["ledger"],
        rows=told["seq"],
        inspections=len(inspections - {""}),
        last=last,
        received=told["received"],
        known=told["end_seq"],
        pictures=tuple(absent.items()),
    )


def missing(engine: Engine, device: str, names: Iterable[str]) -> tuple[str, ...]:
    """Those of `names`, inspections or parcel numbers, of which no row of `device` is here."""
    absent = []
    with reading(engine) as connection:
        for name in names:
            row = select(entries.c.seq).where((entries.c.device == device) & (entries.c.inspection == name)).limit(1)
            value = (personal.c.device == device) & (personal.c.name == "parcel")
            parcel = select(personal.c.seq).where(value & (personal.c.value == json.dumps(name))).limit(1)
            if connection.execute(row).first() is None and connection.execute(parcel).first() is None:
                absent.append(name)
    return tuple(absent)
