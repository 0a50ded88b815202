"""Erasure on request: what is personal of an inspection goes here at once, and its box is ordered to let it go too.

An order is a signed document that the box fetches, verifies against its pinned central, and carries out; the row that
it leaves ("deleted", "erased", "ordered") names the order and comes up with the others: that is the box's receipt.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select

from edge.errors import Conflict, NotFound
from edge.orders import ORDER, ORDERED
from edge.storage.personal import NUMBERS, PARCEL
from sync.central.bodies import body_of, parcel_keys
from sync.central.central import Central
from sync.central.database import reading, writing
from sync.central.privacy import ends
from sync.central.privacy.retention import Gone, Why, finish, held, let_go, rows_of, take_in, values_of
from sync.central.tables import entries, evidence, named, orders, personal
from sync.protocol import SCHEMA, signed


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased here, and the order for the box."""

    device: str
    inspection: str
    pictures: int
    values: int
    order: int


def inspections_of(central: Central, parcel: str) -> tuple[tuple[str, str], ...]:
    """The inspections, as (device, inspection), of a parcel with this number: any of its own."""
    value = json.dumps(parcel)
    with reading(central.engine) as connection:
        found = connection.execute(
            select(entries.c.device, entries.c.inspection, personal.c.name, personal.c.value)
            .join(
                personal,
                (personal.c.device == entries.c.device)
                & (personal.c.ledger == entries.c.ledger)
                & (personal.c.seq == entries.c.seq),
            )
            .where(personal.c.name.in_((PARCEL, *NUMBERS)) & personal.c.value.contains(parcel, autoescape=True))
        )
        mine = {
            (row.device, row.inspection)
            for row in found
            if row.value == value or parcel in (key.partition(":")[2] for key in parcel_keys(row.name, row.value))
        }
        return tuple(sorted(mine))


def erase(central: Central, device: str, inspection: str, who: str, reason: str) -> Erased:
    """Erase what is personal of an inspection: its values, and its pictures that may show whose parcel it is.

    Raises:
        NotFound: inspection_not_found. Conflict: inspection_held: a legal hold stands over it.
    """
    take_in(central)
    with writing(central.engine) as connection:
        rows = rows_of(connection, device, inspection)
        if not rows:
            message = f"Expected the id of an inspection of {device}, got {inspection[:80]!r}."
            raise NotFound("inspection_not_found", message)
        if held(connection, device, inspection):
            message = f"{inspection}: expected an inspection that may be erased, got one under a legal hold."
            raise Conflict("inspection_held", message, hint="Lift it first: sekisho central lift.")
        values = values_of(connection, device, [(ledger, row.seq) for ledger, row, _ in rows])
        here = _nominal(connection, device, inspection, here=True)
        pictures = dict.fromkeys(_nominal(connection, device, inspection, here=False), "nominal")  # may come yet
        gone = Gone({inspection}, pictures, values)
        if gone:
            let_go(connection, central, device, gone, Why(who, reason))
        number = _order(connection, central, device, inspection, reason)
    finish(central)
    ends.keep(central)
    return Erased(device, inspection, len(here), len(values), number)


def _nominal(connection: Connection, device: str, inspection: str, *, here: bool) -> list[str]:
    wanted = select(named.c.sha256).where(
        (named.c.device == device) & (named.c.inspection == inspection) & named.c.nominal
    )
    brought = (evidence.c.device == named.c.device) & (evidence.c.sha256 == named.c.sha256)
    found = connection.execute(wanted.join(evidence, brought) if here else wanted)
    return [row.sha256 for row in found]


def _order(connection: Connection, central: Central, device: str, inspection: str, reason: str) -> int:
    number = (
        connection.execute(select(func.max(orders.c.number)).where(orders.c.device == device)).scalar_one() or 0
    ) + 1
    told = {
        "type": ORDER, "schema": SCHEMA, "central": central.id, "device": device, "number": number,
        "inspection": inspection, "reason": reason, "made": central.stamp(),
    }  # fmt: skip
    document = signed(told, central.private.sign, central.id).decode()
    row = {"device": device, "number": number, "inspection": inspection, "document": document}
    connection.execute(insert(orders).values(**row, made=central.stamp()))
    return number


def orders_for(central: Central, device: str, after: int) -> list[str]:
    """The orders for a device after a number, oldest first."""
    where = (orders.c.device == device) & (orders.c.number > after)
    with reading(central.engine) as connection:
        wanted = select(orders.c.document).where(where).order_by(orders.c.number).limit(100)
        return [row.document for row in connection.execute(wanted)]


def standing(central: Central) -> list[dict[str, object]]:
    """Every order, and when the box's receipt for it came: "" while it is not carried out."""
    with reading(central.engine) as connection:
        carried = {
            (row.device, told["order"]): json.loads(row.header)["at"]
            for row in connection.execute(
                select(entries.c.device, entries.c.body, entries.c.header).where(entries.c.kind == ORDERED)
            )
            if (told := body_of(ORDERED, row.body)) is not None
        }
        return [
            {
                "device": row.device,
                "order": row.number,
                "inspection": row.inspection,
                "made": row.made,
                "carried_out": carried.get((row.device, row.number), ""),
            }
            for row in connection.execute(select(orders).order_by(orders.c.device, orders.c.number))
        ]
