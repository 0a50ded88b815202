"""Exports for analysts: complete, within what the reader may see, harmless to spreadsheets, a few rows at a time."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from edge.gs1 import TradeItem
from edge.inspection import Decision
from edge.moment import ClockTrust, Moment
from sync.central import cells
from sync.central.central import Central
from sync.central.clients import Client
from sync.central.intake.ingest import ingest
from sync.central.onward import exports
from sync.central.onward.export_columns import COLUMNS
from sync.central.onward.exports import Asked, exported
from sync.errors import ExportUnavailable
from tests.central.epcis_schema import faults
from tests.central.results import GTIN, SIGNED, assessed, assessment, decided, row_of
from tests.sync.boxes import DAY, Box

Boxes = Callable[..., Box]
NOMINAL, NAMELESS = Client("customs", nominal=True), Client("statistics", nominal=False)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def filled(central: Central, box: Boxes) -> Central:
    """Two assessments in Narita, of which one was detained and then referred; one in Naha a day later."""
    one, other = box(), box("bench-2", port="Naha")
    one.ledger.append(
        [assessed(assessment()), decided(Decision.DETAIN), assessed(assessment("i2", consignor="=HYPERLINK(1)"))]
    )
    one.ledger.append([decided(None, 2), decided(Decision.REFER)])
    later = assessment(
        "i3", items=(TradeItem(GTIN, "@cmd"), TradeItem(GTIN)), at=Moment(DAY + timedelta(days=1), ClockTrust.FLOOR)
    )
    other.ledger.append([assessed(later, "bench-2")])
    for single in (one, other):
        ingest(central.engine, central.id, single.batch(), DAY.isoformat())
    return central


def taken(central: Central, client: Client = NOMINAL, form: str = "csv", asked: Asked | None = None) -> bytes:
    _, pieces = exported(central, client, form, asked or Asked())
    return b"".join(pieces)


def table(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def test_a_table_has_one_line_an_assessment_with_the_decision_that_stands(filled: Central) -> None:
    lines = table(taken(filled))
    assert [(line["inspection"], line["port"], line["decision"]) for line in lines] == [
        ("i1", "Narita", "refer"),
        ("i2", "Narita", ""),
        ("i3", "Naha", ""),
    ]
    first = lines[0]
    assert (first["cursor"], first["outcome"], first["findings"]) == ("1", "CHECK", "consignment.goods")
    assert (first["gtin"], first["serial"], first["batch"]) == ("09521234543213", "K2PQ04X9B31", "L1")
    assert (first["at"], first["clock"]) == ("2026-11-21T09:30:00+00:00", "synced")
    assert (first["edition"], first["edition_age_days"], first["compute_ms"]) == ("demo", "2", "12.5")
    assert (first["parcel"], first["consignor"], first["declared"]) == ("RR473124829JP", "A. Sender", "toys")


def test_what_is_personal_is_no_column_for_who_may_not_see_it(filled: Central) -> None:
    for form in ("csv", "epcis"):
        text = taken(filled, NAMELESS, form).decode()
        assert all(name not in text for name in ("RR473124829JP", "A. Sender", "toys", "106141411234567897"))
    assert not {"parcel", "consignor", "consignee", "declared"} & set(table(taken(filled, NAMELESS))[0])
    assert not {"parcel", "consignor"} & set(
        parquet.read_table(io.BytesIO(taken(filled, NAMELESS, "parquet"))).column_names
    )


def test_ports_and_periods_and_cursors_limit_an_export(filled: Central) -> None:
    assert [line["inspection"] for line in table(taken(filled, Client("n", nominal=False, ports=("Naha",))))] == ["i3"]
    assert [line["inspection"] for line in table(taken(filled, asked=Asked(port="Naha")))] == ["i3"]
    day = Asked.of_days(date(2026, 11, 21), date(2026, 11, 22))
    assert [line["inspection"] for line in table(taken(filled, asked=day))] == ["i1", "i2"]
    assert [line["inspection"] for line in table(taken(filled, asked=Asked.of_days(date(2026, 11, 22), None)))] == [
        "i3"
    ]
    assert [line["inspection"] for line in table(taken(filled, asked=Asked(after=3)))] == ["i3"]
    events = json.loads(taken(filled, NAMELESS, "epcis", day))["epcisBody"]["eventList"]
    assert {event["bizLocation"]["id"].rpartition(":")[2] for event in events} == {"Narita"}


def test_no_cell_is_a_formula(filled: Central) -> None:
    lines = table(taken(filled))
    assert lines[1]["consignor"] == "'=HYPERLINK(1)"
    assert lines[2]["serial"] == "'@cmd"


_RISKED = st.builds(" {}{}".format, st.sampled_from(cells.RISKY), st.text())


@given(st.text() | _RISKED)
def test_whatever_a_text_says_a_spreadsheet_does_not_run_it(cell: str) -> None:
    told = exports._plain(cell)
    assert isinstance(told, str)
    assert not told.lstrip(" ").startswith(cells.RISKY)
    assert told in {cell.replace("\0", "\ufffd"), "'" + cell.replace("\0", "\ufffd")}


def test_parquet_has_the_same_lines_with_types(filled: Central) -> None:
    read = parquet.read_table(io.BytesIO(taken(filled, form="parquet"))).to_pylist()
    lines = table(taken(filled))
    assert [row["inspection"] for row in read] == [line["inspection"] for line in lines]
    assert read[0]["at"] == DAY
    assert read[0]["findings"] == ["consignment.goods"]
    assert read[1]["consignor"] == "=HYPERLINK(1)"
    assert (read[2]["gtin"], read[2]["serial"]) == (["09521234543213", "09521234543213"], ["@cmd"])


@pytest.mark.parametrize("form", list(exports.FORMATS))
def test_an_export_of_nothing_is_whole(central: Central, form: str) -> None:
    data = taken(central, form=form)
    if form == "csv":
        assert data.decode().strip().split(",") == [column.name for column in COLUMNS]
    elif form == "parquet":
        assert parquet.read_table(io.BytesIO(data)).num_rows == 0
    else:
        assert faults(json.loads(data)) == []


def test_an_export_is_written_a_few_rows_at_a_time(filled: Central, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [taken(filled, form=form) for form in ("csv", "epcis")]
    monkeypatch.setattr(exports, "_ROWS", 1)
    monkeypatch.setattr(exports, "_GROUP", 1)
    assert [taken(filled, form=form) for form in ("csv", "epcis")] == whole
    file = parquet.ParquetFile(io.BytesIO(taken(filled, form="parquet")))
    assert (file.metadata.num_row_groups, file.metadata.num_rows) == (3, 3)


def test_an_export_ends_where_it_began_and_the_next_goes_on_from_there(filled: Central, box: Boxes) -> None:
    upto, pieces = exported(filled, NOMINAL, "csv", Asked())
    third = box("bench-3")
    third.ledger.append([assessed(assessment("i4"), "bench-3")])
    ingest(filled.engine, filled.id, third.batch(), DAY.isoformat())
    later, more = exported(filled, NOMINAL, "csv", Asked(after=upto))
    assert [line["inspection"] for line in table(b"".join(pieces))] == ["i1", "i2", "i3"]
    assert [line["inspection"] for line in table(b"".join(more))] == ["i4"]
    assert (upto, later) == (6, 7)


@settings(max_examples=25, deadline=None)
@given(SIGNED)
def test_whatever_a_box_signs_is_a_line(body: Any) -> None:
    row = row_of(assessed(assessment()), 1)
    row = replace(row, told={**row.told, "cursor": 1, "body": {"assessment": body, "disposition": body}})
    line = [column.read(row, row) for column in COLUMNS]
    assert table(b"".join(exports._csv(COLUMNS, iter([line]))))
    assert parquet.read_table(io.BytesIO(b"".join(exports._parquet(COLUMNS, iter([line]))))).num_rows == 1


def test_without_pyarrow_parquet_is_refused_and_says_what_to_install(
    central: Central, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ExportUnavailable) as refused:
        exported(central, NOMINAL, "parquet", Asked())
    assert refused.value.message == "Expected the package pyarrow to write a Parquet file, got none installed."
    assert refused.value.hint == 'Install the extra "publisher" of this package, or ask for CSV.'


def test_every_column_is_documented() -> None:
    guide = (ROOT / "docs" / "integrator.md").read_text("utf-8")
    assert [column.name for column in COLUMNS if f"| `{column.name}` |" not in guide] == []
