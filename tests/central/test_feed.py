"""The feed: every row once, in one order, whoever writes meanwhile."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from sync.central.central import Central
from sync.central.clients import Client
from sync.central.intake.ingest import ingest
from sync.central.onward import feed
from sync.central.onward.feed import Wanted, page, sequence
from tests.sync.boxes import DAY, Box

Boxes = Callable[..., Box]
ALL = Client("customs", nominal=True)
NAMELESS = Client("statistics", nominal=False)


def take(central: Central, data: bytes) -> None:
    ingest(central.engine, central.id, data, DAY.isoformat())


def _take_all(central: Central, batches: list[bytes]) -> None:
    for data in batches:
        take(central, data)


def read(central: Central, client: Client = ALL, **wanted: Any) -> list[dict[str, Any]]:
    """Everything that follows, page by page."""
    found: list[dict[str, Any]] = []
    after = wanted.pop("after", 0)
    while True:
        got = page(central.engine, client, Wanted(after, **wanted))
        found += [json.loads(row) for row in got.rows]
        after = got.next
        if got.at_end:
            return found


def names(rows: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(row["row"]["device"], row["row"]["seq"]) for row in rows]


def test_rows_come_in_the_order_of_their_chains_with_all_that_was_written(central: Central, box: Boxes) -> None:
    one, other = box(), box("bench-2", port="Naha")
    one.write(3)
    other.write(2)
    take(central, one.batch(0, 2))
    assert sequence(central.engine) == 2
    take(central, other.batch())
    take(central, one.batch())
    assert sequence(central.engine) == 3
    assert sequence(central.engine) == 0
    rows = read(central, limit=2)
    assert [row["cursor"] for row in rows] == [1, 2, 3, 4, 5]
    assert names(rows) == [("bench-1", 1), ("bench-1", 2), ("bench-1", 3), ("bench-2", 1), ("bench-2", 2)]
    first = rows[0]
    assert (first["port"], first["ledger"]) == ("Narita", one.ledger.head().ledger)
    assert first["row"]["body"] == json.loads(one.rows()[0].body)
    assert first["row"]["hash"] == one.rows()[0].hash
    assert first["row"]["personal"] == {"parcel": "RR000000001JP", "seen.symbols": '[{"payload":"\0001"}]'}


def test_what_is_personal_is_shown_only_to_who_may_see_it(central: Central, box: Boxes) -> None:
    one = box()
    one.write(1)
    take(central, one.batch())
    sequence(central.engine)
    (shown,) = read(central, NAMELESS)
    assert "personal" not in shown["row"]
    assert "RR000000001JP" not in json.dumps(shown)
    assert "RR000000001JP" in json.dumps(read(central))


def test_rows_are_filtered_and_the_cursor_goes_on_past_what_was_left_out(central: Central, box: Boxes) -> None:
    one, other = box(), box("bench-2", port="Naha")
    one.write(9)
    other.write(3)
    for each in (one, other):
        take(central, each.batch())
    sequence(central.engine)
    assert len(read(central, outcome="CHECK")) == 4
    assert names(read(central, port="Naha", outcome="NO_FINDING")) == [("bench-2", 3)]
    assert len(read(central, device="bench-1", limit=2)) == 9
    assert read(central, kind="disposed") == []
    got = page(central.engine, ALL, Wanted(0, kind="disposed"))
    assert (got.next, got.at_end) == (12, True)


def test_a_client_of_one_port_sees_that_port_only(central: Central, box: Boxes) -> None:
    one, other = box(), box("bench-2", port="Naha")
    one.write(2)
    other.write(2)
    for each in (one, other):
        take(central, each.batch())
    sequence(central.engine)
    naha = Client("naha", nominal=True, ports=("Naha",))
    assert names(read(central, naha)) == [("bench-2", 1), ("bench-2", 2)]
    assert read(central, naha, port="Narita") == []


def test_a_cursor_beyond_the_end_waits_there(central: Central) -> None:
    assert page(central.engine, ALL, Wanted(7)) == feed.Page((), 7, at_end=True)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(limit=st.integers(1, 8), after=st.integers(0, 45), size=st.integers(1, 7))
def test_any_page_size_and_any_cursor_give_the_same_rows(
    central: Central, box: Boxes, monkeypatch: pytest.MonkeyPatch, *, limit: int, after: int, size: int
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(feed, "RANGE", 7)
        patch.setattr(feed, "_WINDOW", size)
        if not read(central):
            one = box()
            one.write(40)
            take(central, one.batch())
            sequence(central.engine)
        assert [row["cursor"] for row in read(central, limit=limit, after=after)] == list(range(after + 1, 41))
        wanted = [row["cursor"] for row in read(central, outcome="CHECK", after=after, limit=limit)]
        assert wanted == [cursor for cursor in range(after + 1, 41) if cursor % 3 == 1]


def test_no_row_is_missed_or_shown_twice_while_six_boxes_write(central: Central, box: Boxes) -> None:
    boxes = [box(f"bench-{number}") for number in range(6)]
    for one in boxes:
        one.write(40)
    batches = [[one.batch(start, 5) for start in range(0, 40, 5)] for one in boxes]
    writers = [threading.Thread(target=_take_all, args=(central, m)) for m in batches]
    for writer in writers:
        writer.start()
    seen: list[dict[str, Any]] = []
    while True:
        alive = any(writer.is_alive() for writer in writers)
        sequence(central.engine)
        seen += read(central, after=seen[-1]["cursor"] if seen else 0, limit=13)
        if not alive:
            break
    assert [row["cursor"] for row in seen] == list(range(1, 241))
    for one in boxes:
        assert [seq for device, seq in names(seen) if device == one.device] == list(range(1, 41))


def test_a_page_is_read_range_by_range_whatever_postgresql_knows_of_its_tables(central: Central, box: Boxes) -> None:
    if central.engine.dialect.name != "postgresql":
        pytest.skip("SQLite joins in the order that is written")
    one = box()
    one.write(3)
    take(central, one.batch())
    sequence(central.engine)
    with central.engine.connect() as connection:
        connection.execute(text("SET enable_nestloop = off"))  # a plain join would be hashed or merged now
        for name, table in (("e", "entries"), ("p", "personal")):
            sql = text(f"EXPLAIN SELECT {name}.seq {feed.span_of(connection, name, table)}")
            plan = "\n".join(connection.execute(sql, {"after": 0, "upto": 3, "range": 1_000}).scalars())
            assert "Nested Loop" in plan
            assert "Hash Join" not in plan
            assert "Merge Join" not in plan
