"""Ingest: everything once, in order, unaltered; contradictions apart."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, func, select, text

from edge.errors import AccessRefused, Conflict
from edge.storage.ledger import Ledger
from sync.central.central import Central
from sync.central.database import migrate, reading, writing
from sync.central.intake.devices import revoke
from sync.central.intake.ingest import ingest, standing
from sync.central.tables import alarms, entries, heads, ledgers, metadata, personal, quarantine
from sync.errors import BatchRefused
from sync.protocol import Receipt, make_batch
from tests.sync.boxes import DAY, NOW, Box, assessed

Boxes = Callable[..., Box]
STAMP = DAY.isoformat()


def take(central: Central, data: bytes) -> Receipt:
    return ingest(central.engine, central.id, data, STAMP)


def count(central: Central, table: Any) -> int:
    with reading(central.engine) as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def told_alarms(central: Central) -> list[tuple[str, str]]:
    with reading(central.engine) as connection:
        return [(row.device, row.code) for row in connection.execute(select(alarms).order_by(alarms.c.about))]


def hashes(central: Central, device: str = "bench-1") -> list[str]:
    with reading(central.engine) as connection:
        rows = connection.execute(select(entries.c.hash).where(entries.c.device == device).order_by(entries.c.seq))
        return [row.hash for row in rows]


def test_the_migrations_make_the_tables_that_the_code_uses_and_may_be_repeated(engine: Engine) -> None:
    migrate(engine)
    with reading(engine) as connection:
        own = {"include_name": lambda name, kind, _: kind != "table" or name in metadata.tables}  # but the partitions
        assert compare_metadata(MigrationContext.configure(connection, opts=own), metadata) == []


def test_a_batch_becomes_rows_and_a_receipt(central: Central, box: Boxes) -> None:
    one = box()
    one.write(5)
    receipt = take(central, one.batch())
    head = one.ledger.head()
    assert receipt == Receipt(central.id, "bench-1", head.ledger, 5, head.hash, STAMP)
    assert hashes(central) == [row.hash for row in one.rows()]
    assert (count(central, personal), count(central, heads)) == (10, 1)
    with reading(central.engine) as connection:
        row = connection.execute(select(entries).where(entries.c.seq == 1)).one()
    assert (row.kind, row.inspection, row.port, row.outcome) == ("assessed", "i1", "Narita", "CHECK")
    assert row.body == one.rows()[0].body


def test_the_same_batch_again_changes_nothing(central: Central, box: Boxes) -> None:
    one = box()
    one.write(5)
    assert take(central, one.batch()) == take(central, one.batch())
    assert take(central, one.batch(0, 3)).seq == 5
    assert (count(central, entries), count(central, heads)) == (5, 1)


def test_a_batch_that_overlaps_adds_only_what_is_new(central: Central, box: Boxes) -> None:
    one = box()
    one.write(6)
    take(central, one.batch(0, 4))
    assert take(central, one.batch(2, 4)).seq == 6
    assert hashes(central) == [row.hash for row in one.rows()]


def test_a_gap_is_answered_by_where_the_chain_stands(central: Central, box: Boxes) -> None:
    one = box()
    one.write(6)
    assert take(central, one.batch(3, 3)).seq == 0
    assert take(central, one.batch(0, 2)).seq == 2
    assert take(central, one.batch(3, 3)).seq == 2
    assert count(central, entries) == 2
    assert standing(central.engine, central.id, "bench-1", one.ledger.head().ledger, STAMP).seq == 2
    assert standing(central.engine, central.id, "bench-1", "another", STAMP).seq == 0


def test_batches_of_many_workers_at_once_are_each_taken_once(central: Central, box: Boxes) -> None:
    boxes = [box(f"bench-{number}") for number in range(3)]
    for one in boxes:
        one.write(30)
    batches = [one.batch(start, 10) for one in boxes for start in (0, 0, 10, 20, 10, 20)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda data: take(central, data), batches))
    for one in boxes:
        for start in (0, 10, 20):
            receipt = take(central, one.batch(start, 10))
        assert receipt.seq == 30
        assert hashes(central, one.device) == [row.hash for row in one.rows()]


def cloned(one: Box) -> Box:
    """Another card with the same key and the same ledger, whose rows differ from row 4 on."""
    head = one.ledger.head()
    assert head.seq == 3
    path = one.folder.with_name("clone")
    path.mkdir()
    for name in ("ledger.db", "ledger.db-wal", "storage.key"):
        if (one.folder / name).exists():
            (path / name).write_bytes((one.folder / name).read_bytes())
    return Box(path, one.device, one.private)


def test_a_cloned_box_is_set_apart_and_alarmed_and_overwrites_nothing(central: Central, box: Boxes) -> None:
    one = box()
    one.write(3)
    clone = cloned(one)
    one.write(2, first=4)
    clone.write(3, first=7)
    take(central, one.batch())
    for _again in range(2):
        with pytest.raises(Conflict) as caught:
            take(central, clone.batch())
    ledger = one.ledger.head().ledger
    assert caught.value.code == "batch_equivocation"
    assert caught.value.message == f"bench-1: expected row 4 of ledger {ledger} as it was received, got another."
    assert hashes(central) == [row.hash for row in one.rows()]
    assert count(central, quarantine) == 3
    assert told_alarms(central) == [("bench-1", "equivocation")]
    with pytest.raises(Conflict):
        take(central, clone.batch(5, 1))  # it follows a row that is not here
    one.write(1, first=20)
    assert take(central, one.batch(5)).seq == 6
    clone.close()


def test_a_second_ledger_that_explains_nothing_is_alarmed(central: Central, box: Boxes) -> None:
    one = box()
    one.write(2)
    take(central, one.batch())
    fresh = Box(one.folder / "new card", one.device, one.private)
    fresh.write(1)
    assert take(central, fresh.batch()).seq == 1
    assert told_alarms(central) == [("bench-1", "ledger_unexplained")]
    fresh.close()


@pytest.mark.parametrize("readable", [True, False])
def test_a_ledger_founded_on_a_note_of_the_one_set_aside_is_no_alarm_while_its_last_row_could_be_read(
    central: Central, box: Boxes, *, readable: bool
) -> None:
    one = box()
    one.write(2)
    take(central, one.batch())
    if readable:
        one.ledger._file.replace("damage in a page of no row")
    one.ledger.close()
    if not readable:
        (one.folder / "ledger.db").write_bytes(b"no database at all" * 100)
        (one.folder / "ledger.db-wal").unlink(missing_ok=True)
    one.ledger = Ledger.open(one.folder / "ledger.db", one.device)
    one.write(1, first=9)
    assert take(central, one.batch()).seq == 1
    assert told_alarms(central) == ([] if readable else [("bench-1", "ledger_unexplained")])
    assert count(central, ledgers) == 2


def test_an_unknown_or_revoked_key_is_refused(central: Central, box: Boxes) -> None:
    one = box()
    one.write(1)
    stranger = replace_key(one)
    with pytest.raises(AccessRefused) as caught:
        take(central, stranger)
    assert caught.value.code == "access_device"
    with writing(central.engine) as connection:
        assert revoke(connection, "bench-1", "stolen", STAMP) == 1
    with pytest.raises(AccessRefused) as caught:
        take(central, one.batch())
    assert caught.value.code == "access_revoked"
    assert caught.value.message == f"Expected a key that may sign, got {one.key[:16]}, which was revoked at {STAMP}."
    assert count(central, entries) == 0


def replace_key(one: Box) -> bytes:
    stranger = Box(one.folder / "stranger", one.device)
    stranger.write(1)
    data = stranger.batch()
    stranger.close()
    return data


def test_a_batch_in_another_devices_name_is_refused(central: Central, box: Boxes) -> None:
    one, other = box(), box("bench-2")
    one.write(1)
    end = one.ledger.head()
    data = make_batch(
        "bench-1", one.ledger.founding(), one.rows(), end=end, made=NOW, sign=other.private.sign, key=other.key
    )
    with pytest.raises(BatchRefused) as caught:
        take(central, data)
    assert caught.value.message == "Expected a batch of bench-2, whose key signed it, got one of 'bench-1'."


def test_texts_that_a_database_cannot_hold_arrive_all_the_same(central: Central, box: Boxes) -> None:
    one = box()
    entry = assessed(1)
    one.ledger.append([replace(entry, origin=replace(entry.origin, officer="O\0-7"), kind="assessed\0")])
    assert take(central, one.batch()).seq == 1
    with reading(central.engine) as connection:
        row = connection.execute(select(entries)).one()
    assert (row.kind, "O\\u0000-7" in row.header) == ("assessed\ufffd", True)


@pytest.mark.parametrize("body", ['{"a":1},"b":{}', '{"a":NaN}', "[]", '"a"', '{"a":1', ""])
def test_a_body_that_is_no_json_object_is_refused(central: Central, box: Boxes, body: str) -> None:
    one = box()
    one.write(1)
    row = replace(one.rows()[0], body=body)
    row = replace(row, hash=row.computed())
    end = replace(one.ledger.head(), hash=row.hash)
    data = make_batch("bench-1", one.ledger.founding(), [row], end=end, made=NOW, sign=one.private.sign, key=one.key)
    with pytest.raises(BatchRefused) as caught:
        take(central, data)
    assert caught.value.code == "batch_body"
    with reading(central.engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM ledgers")).scalar_one() == 0


def test_an_outcome_that_no_text_column_can_hold_does_not_stop_a_box(central: Central, box: Boxes) -> None:
    one = box()
    one.write(1)
    body = '{"assessment":{"verdict":{"outcome":"CHECK\\ud800\\u0000"}}}'
    row = replace(one.rows()[0], body=body)
    row = replace(row, hash=row.computed())
    end = replace(one.ledger.head(), hash=row.hash)
    key = one.key
    take(
        central, make_batch("bench-1", one.ledger.founding(), [row], end=end, made=NOW, sign=one.private.sign, key=key)
    )
    with reading(central.engine) as connection:
        told = connection.execute(select(entries.c.outcome, entries.c.body)).one()
    assert (told.outcome, told.body) == ("CHECK?\ufffd", body)
