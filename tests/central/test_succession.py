"""One box's ledgers follow each other; what does not look so is taken with an alarm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select

from edge.storage.chain import Head, Json, root_hash
from sync.central.central import Central
from sync.central.database import reading
from sync.central.intake.ingest import ingest
from sync.central.tables import alarms
from sync.protocol import make_batch
from tests.sync.boxes import NOW, Box, assessed

Boxes = Callable[..., Box]
NEXT = "f" * 32


def take(central: Central, data: bytes) -> int:
    return ingest(central.engine, central.id, data, central.stamp()).seq


def raised(central: Central) -> list[tuple[str, str, str]]:
    with reading(central.engine) as connection:
        return [(row.code, row.about, row.detail) for row in connection.execute(select(alarms).order_by(alarms.c.code))]


def successor(one: Box, predecessor: Json) -> bytes:
    """A batch of a ledger whose founding says what came before."""
    founding = one.ledger.founding() | {"ledger": NEXT, "predecessor": predecessor}
    row = replace(one.rows(0, 1)[0], previous=root_hash(founding))
    row = replace(row, hash=row.computed())
    end = Head(NEXT, 1, row.hash)
    return make_batch("bench-1", founding, [row], end=end, made=NOW, sign=one.private.sign, key=one.key)


def note(one: Box, seq: int) -> Json:
    """As edge/storage/ledger_file.py writes it of a ledger that it sets aside."""
    return {"file": "ledger.damaged-1.db", "came": "x", "last": {"seq": seq, "hash": one.rows()[seq - 1].hash}}


@pytest.mark.parametrize(
    "junk",
    [
        0,
        "x",
        [],
        {},
        {"ledger": "none", "seq": 1},
        {"last": None},
        {"last": {"seq": "1", "hash": "f"}},
        {"last": {"seq": 1}},
    ],
)
def test_a_ledger_that_names_no_row_of_the_one_before_is_alarmed(central: Central, box: Boxes, junk: Json) -> None:
    one = box()
    one.write(2)
    take(central, one.batch())
    assert take(central, successor(one, junk)) == 1
    before = one.ledger.head().ledger
    detail = f"Ledger {NEXT} names no row of {before}: a new card in the box, or a second box."
    assert raised(central) == [("ledger_unexplained", NEXT, detail)]


@pytest.mark.parametrize(
    "last", [{"seq": 3}, {"seq": 1, "hash": "f" * 64}, {"seq": 2**53 - 1, "hash": "\0"}, {"seq": -1}]
)
def test_a_ledger_that_follows_a_row_that_is_not_here_is_alarmed(
    central: Central, box: Boxes, last: dict[str, Json]
) -> None:
    one = box()
    one.write(3)
    take(central, one.batch(0, 2))
    told = {"last": {"hash": one.rows()[2].hash} | last}
    assert take(central, successor(one, told)) == 1
    detail = f"Ledger {NEXT} follows a row {last['seq']} that is not here: rows are lost, or it is a second box."
    assert raised(central) == [("ledger_unexplained", NEXT, detail)]


def test_a_ledger_that_follows_a_row_that_is_here_is_no_alarm(central: Central, box: Boxes) -> None:
    one = box()
    one.write(3)
    take(central, one.batch())
    assert take(central, successor(one, note(one, 3))) == 1
    assert take(central, successor(one, note(one, 3))) == 1
    assert take(central, one.batch(1, 2)) == 3  # once more, what is here
    assert raised(central) == []


def test_a_ledger_that_goes_on_beside_the_one_that_took_its_place_is_alarmed(central: Central, box: Boxes) -> None:
    one = box()
    one.write(3)
    take(central, one.batch())
    take(central, successor(one, note(one, 3)))
    one.write(2, first=9)
    assert take(central, one.batch(3, 1)) == 4
    assert take(central, one.batch(4, 1)) == 5
    before = one.ledger.head().ledger
    detail = (
        f"Ledger {NEXT} took the place of {before} at row 3, which goes on at row 4: two boxes write under one name."
    )
    assert raised(central) == [("ledger_outlived", before, detail)]


def test_rows_that_say_another_device_are_taken_with_one_alarm(central: Central, box: Boxes) -> None:
    one = box()
    one.write(1)
    one.ledger.append([assessed(number, "bench-2\0") for number in (2, 3)])
    assert take(central, one.batch(0, 1)) == 1
    assert raised(central) == []
    assert (take(central, one.batch(1, 1)), take(central, one.batch(2, 1))) == (2, 3)
    ledger = one.ledger.head().ledger
    detail = (
        rf"Row 2 of ledger {ledger} says that it is of 'bench-2\x00': the box has another name than it is enrolled "
        "with, or brings rows of another."
    )
    assert raised(central) == [("row_other_device", ledger, detail)]
