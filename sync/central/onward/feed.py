"""The feed: every row of every box, once, in one order that never changes, without gaps under any number of writers.

A number drawn while a row is written is not an order: a reader sees 7, asks for what follows, and 6 commits later. So
cursors are given after the commit, by whoever holds the one row of `feed_head`: chains that stand further than their
mark get the next numbers, as ranges (first cursor, how many, from which row). Rows of a chain stay in its order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, text

from sync.central.clients import Client
from sync.central.database import reading, writing
from sync.central.fleet.lost import BELIEVED

LARGEST_PAGE = 5_000
RANGE = 1_000  # rows of one range at most
_WINDOW = 20_000  # cursors that a filtered page looks through at once

_PENDING = (
    "SELECT l.device, l.ledger, l.seq, coalesce(m.seq, 0) AS marked FROM ledgers l"
    " LEFT JOIN feed_marks m ON m.device=l.device AND m.ledger=l.ledger"
    " WHERE l.seq > coalesce(m.seq, 0)"
)
_LOCK = {"postgresql": text("SELECT last FROM feed_head WHERE one=1 FOR UPDATE SKIP LOCKED")}
_LAST = text("SELECT last FROM feed_head WHERE one=1")
_LOCK_PLAIN = text("SELECT last FROM feed_head WHERE one=1")
_ADD = text(
    "INSERT INTO feed (first, count, device, ledger, seq_from) VALUES (:first, :count, :device, :ledger, :seq_from)"
)
_MARK = text(
    "INSERT INTO feed_marks (device, ledger, seq) VALUES (:device, :ledger, :seq)"
    " ON CONFLICT (device, ledger) DO UPDATE SET seq=excluded.seq"
)
# The rows of each range, by their primary key. Of a plain join PostgreSQL reads the whole table for a page once it has
# statistics; OFFSET 0 keeps it from making a plain join of this. SQLite does not reorder a CROSS JOIN.
_OF_RANGE = "{0}.device=f.device AND {0}.ledger=f.ledger AND {0}.seq BETWEEN f.seq_from AND f.seq_from + f.count - 1"
_FROM = {
    "postgresql": " FROM feed f CROSS JOIN LATERAL (SELECT * FROM {1} {0} WHERE " + _OF_RANGE + " OFFSET 0) {0} WHERE",  # noqa: S608 - texts of our own
    "sqlite": " FROM feed f CROSS JOIN {1} {0} WHERE " + _OF_RANGE + " AND",
}
_SPAN = (  # the first two find the ranges by index, the last the rows of those that reach beyond
    " f.first > :after - :range AND f.first <= :upto"
    " AND f.first + {0}.seq - f.seq_from > :after AND f.first + {0}.seq - f.seq_from <= :upto"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader asks for; empty texts are all."""

    after: int = 0
    limit: int = 500
    kind: str = ""
    port: str = ""
    outcome: str = ""
    device: str = ""
    upto: int | None = None  # the last cursor that is wanted


@dataclass(frozen=True, slots=True)
class Page:
    """Rows as JSON texts in their order, and the cursor to go on from. `at_end` says that nothing follows yet."""

    rows: tuple[str, ...]
    next: int
    at_end: bool

    @property
    def empty(self) -> bool:
        """Whether nothing is on it."""
        return not self.rows


def sequence(engine: Engine) -> int:
    """Give cursors to what was committed since; how many rows got one. Somebody else who does it now is enough."""
    with reading(engine) as connection:
        if connection.execute(text(f"{_PENDING} LIMIT 1")).one_or_none() is None:
            return 0
    with writing(engine) as connection:
        head = connection.execute(_LOCK.get(connection.dialect.name, _LOCK_PLAIN)).one_or_none()
        if head is None:
            return 0
        last = int(head.last)  # rows committed before the lock are seen below, each statement reads anew
        for chain in connection.execute(text(f"{_PENDING} ORDER BY l.device, l.ledger")).all():
            told = {"device": chain.device, "ledger": chain.ledger}
            for start in range(chain.marked + 1, chain.seq + 1, RANGE):
                count = min(RANGE, chain.seq + 1 - start)
                connection.execute(_ADD, told | {"first": last + 1, "count": count, "seq_from": start})
                last += count
            connection.execute(_MARK, told | {"seq": chain.seq})
        connection.execute(text("UPDATE feed_head SET last=:last WHERE one=1"), {"last": last})
    return last - int(head.last)


def last(engine: Engine) -> int:
    """The newest cursor that was given."""
    with reading(engine) as connection:
        return int(connection.execute(_LAST).scalar_one())


def page(engine: Engine, client: Client, wanted: Wanted) -> Page:
    """The next rows after a cursor that `client` may see, oldest first."""
    conditions, arguments = _filter(client, wanted)
    limit = min(wanted.limit, LARGEST_PAGE)
    with reading(engine) as connection:
        last = connection.execute(_LAST).scalar_one()
        last = last if wanted.upto is None else min(last, wanted.upto)
        after = wanted.after
        while after < last:
            upto = min(last, after + (_WINDOW if conditions else limit))
            span = {"after": after, "upto": upto, "range": RANGE}
            found = _found(connection, conditions, arguments | span | {"limit": limit})
            if found:
                done = found[-1].cursor if len(found) == limit else upto
                values = _personal(connection, found[0].cursor - 1, found[-1].cursor) if client.nominal else {}
                return Page(tuple(_shown(row, values) for row in found), done, done >= last)
            after = upto
        return Page((), after, True)


def _filter(client: Client, wanted: Wanted) -> tuple[str, dict[str, Any]]:
    conditions, arguments = [], {}
    for name in ("kind", "port", "outcome", "device"):
        if value := getattr(wanted, name):
            conditions.append(f"e.{name}=:{name}")
            arguments[name] = value
    if client.ports:
        names = {f"port_{number}": port for number, port in enumerate(client.ports)}
        conditions.append(f"e.port IN ({', '.join(f':{name}' for name in names)})")
        arguments |= names
    return "".join(f" AND {condition}" for condition in conditions), arguments


def _found(connection: Connection, conditions: str, arguments: Mapping[str, Any]) -> list[Any]:
    sql = (
        "SELECT f.first + e.seq - f.seq_from AS cursor, e.device, e.ledger, e.seq, e.port, e.header, e.body"
        f"{span_of(connection, 'e', 'entries')} AND {BELIEVED}{conditions} ORDER BY 1 LIMIT :limit"
    )
    return list(connection.execute(text(sql), arguments))


def span_of(connection: Connection, name: str, table: str) -> str:
    """The ranges of a span joined with the rows of `table`, which is called `name`, up to the end of the WHERE."""
    return _FROM[connection.dialect.name].format(name, table) + _SPAN.format(name)


def _personal(connection: Connection, after: int, upto: int) -> dict[tuple[str, str, int], dict[str, str]]:
    values: dict[tuple[str, str, int], dict[str, str]] = {}
    sql = text("SELECT p.device, p.ledger, p.seq, p.name, p.value" + span_of(connection, "p", "personal"))
    for row in connection.execute(sql, {"after": after, "upto": upto, "range": RANGE}):
        values.setdefault((row.device, row.ledger, row.seq), {})[row.name] = row.value
    return values


def _shown(row: Any, values: Mapping[tuple[str, str, int], Mapping[str, str]]) -> str:  # noqa: ANN401 - a database row
    """One row as JSON; header, body and values are JSON already."""
    personal = ""
    if told := values.get((row.device, row.ledger, row.seq)):
        personal = ',"personal":{' + ",".join(f"{json.dumps(name)}:{value}" for name, value in told.items()) + "}"
    return (
        f'{{"cursor":{row.cursor},"device":{json.dumps(row.device)},"ledger":{json.dumps(row.ledger)},"port":{json.dumps(row.port)},'
        f'"row":{row.header[:-1]},"body":{row.body}{personal}}}}}'
    )
