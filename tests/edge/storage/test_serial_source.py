"""Many serials are read by the piece; what comes out is what the row by row reading of the same rows gives."""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import SourceError
from edge.gs1 import Gtin
from edge.lookup import SerialStatus
from edge.storage.registry import Registry
from edge.storage.registry_build import BuildReport, build
from edge.storage.serial_source import CleanSerials, serial_rows
from edge.storage.sources import Position

KNOWN = ("09521234543213", "4912345678904", "96385074")
UNKNOWN = ("4006381333931", "4912345678905")  # not a product; a wrong check digit
CELL = st.text('AB1,"/% é\n', min_size=0, max_size=4)
ROWS = st.lists(
    st.tuples(
        st.sampled_from((*KNOWN, *KNOWN, *UNKNOWN)),
        st.one_of(st.text("AB12-/", min_size=1, max_size=20), CELL),
        st.sampled_from(["", "", "", "known", "stolen", "odd"]),
    ),
    max_size=25,
)


def source_in(folder: Path) -> Path:
    source = folder / "source"
    source.mkdir()
    (source / "edition.toml").write_text('schema = 1\nname = "e"\nnumber = 1\nissued = 2026-11-20T00:00:00Z\n')
    rows = [f"{gtin},A,B,C,yes,{'yes' if gtin == KNOWN[1] else 'no'}" for gtin in KNOWN]
    header = "gtin,name,brand,right_holder,serialised,critical"
    (source / "products.csv").write_text("\n".join([header, *rows, ""]))
    return source


def quoted(cell: str, *, always: bool) -> str:
    return '"' + cell.replace('"', '""') + '"' if always or set(cell) & set(',"\n') else cell


def built(folder: Path, text: str) -> BuildReport:
    folder.mkdir()
    source = source_in(folder)
    (source / "serials.csv").write_text(text, encoding="utf-8", newline="")
    return build(source, folder / "edition.sqlite")


@settings(max_examples=40, deadline=None)
@given(ROWS, st.sampled_from(["\n", "\r\n"]), st.integers(1, 200))
def test_pieces_say_what_quoted_rows_say(rows: list[tuple[str, str, str]], end: str, piece: int) -> None:
    """A quote in the first row makes the whole file be read row by row: both ways refuse and keep the same."""
    texts = [
        end.join(["gtin,serial,status", *(",".join(quoted(cell, always=always) for cell in row) for row in rows), ""])
        for always in (False, True)
    ]
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr("edge.storage.serial_source._PIECE_BYTES", piece)
        plain, slow = (built(Path(name) / str(number), text) for number, text in enumerate(texts))
        assert plain.refusals == slow.refusals
        assert plain.counts == slow.counts
        assert plain.content_sha256 == slow.content_sha256


def test_plain_rows_come_by_the_piece_and_others_alone(tmp_path: Path) -> None:
    source = source_in(tmp_path)
    (source / "serials.csv").write_bytes(
        b"\xef\xbb\xbfgtin,serial,status,dated,source\n96385074,A1,,,\n96385074,B2,known,,\n96385074,C3,stolen,,\n"
    )
    pieces = list(serial_rows(source, lambda _refusal, _raw: None, Position()))
    assert [type(piece) for piece in pieces] == [tuple, tuple, tuple]  # one row of the piece is not plain
    (source / "serials.csv").write_text("gtin,serial,status,dated,source\n96385074,A1,,,\n96385074,B2,known,,\n")
    assert list(serial_rows(source, lambda _refusal, _raw: None, Position())) == [
        CleanSerials("serials.csv", 2, [(b"96385074", b"A1"), (b"96385074", b"B2")])
    ]


def test_a_bad_row_in_a_later_piece_is_refused_with_its_number(tmp_path: Path) -> None:
    source = source_in(tmp_path)
    lines = ["gtin,serial", *(f"{KNOWN[0]},S{number}" for number in range(300)), f"{UNKNOWN[0]},X", f"{KNOWN[0]},A B"]
    (source / "serials.csv").write_text("\n".join([*lines, "", f"{KNOWN[0]},LAST"]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edge.storage.serial_source._PIECE_BYTES", 500)
        report = build(source, tmp_path / "e.sqlite")
    assert [str(refusal) for refusal in report.refusals] == [
        "serials.csv, row 302, gtin: '04006381333931': expected a product of this edition, got an unknown one.",
        "serials.csv, row 303, serial: 'A B': expected 1 to 20 characters of GS1 character set 82, got 3 characters.",
    ]
    assert report.counts["serials"] == 301


def test_critical_serials_are_kept_apart_and_found(tmp_path: Path) -> None:
    source = source_in(tmp_path)
    lines = [f"{gtin},{letter}{number}" for number in range(50) for gtin, letter in zip(KNOWN, "ABC", strict=True)]
    (source / "serials.csv").write_text("\n".join(["gtin,serial", *lines, f"{KNOWN[0]},A1", ""]))
    report = build(source, tmp_path / "e.sqlite")
    assert report.counts["serials"] == 150
    registry = Registry.open(report.out)
    for gtin, letter in zip(KNOWN, "ABC", strict=True):
        product = registry.product(Gtin.parse(gtin))
        assert product is not None
        for number in range(50):
            assert registry.serial_status(product, f"{letter}{number}") is SerialStatus.KNOWN
        assert registry.serial_status(product, f"{letter}50") is SerialStatus.UNKNOWN
        assert registry.serial_status(product, "D1") is SerialStatus.UNKNOWN
    assert registry.show(Gtin.parse(KNOWN[1]))["product"]["critical"] == 1
    registry.close()


def test_what_does_not_fit_into_memory_is_sorted_on_disk(tmp_path: Path) -> None:
    lines = [f"{KNOWN[0]},S{number % 700}" for number in range(1_000)]
    text = "\n".join(["gtin,serial", *lines, ""])
    whole = built(tmp_path / "whole", text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edge.storage.registry_serials._WAITING", 100)
        patch.setattr("edge.storage.serial_source._PIECE_BYTES", 300)
        spread = built(tmp_path / "spread", text)
    assert spread.content_sha256 == whole.content_sha256
    assert spread.counts["serials"] == 700
    assert sorted(path.name for path in spread.out.parent.iterdir()) == ["edition.sqlite", "source"]


# --- Parquet ------------------------------------------------------


def test_parquet_says_what_json_lines_say(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    source = source_in(tmp_path)
    rows: list[dict[str, object]] = [
        {"gtin": KNOWN[0], "serial": "A1", "status": None, "dated": None},
        {"gtin": KNOWN[0], "serial": "A2", "status": "stolen", "dated": "2026-09-01"},
        {"gtin": KNOWN[0], "serial": "", "status": "known", "dated": None},
    ]
    products = [
        {"gtin": UNKNOWN[0], "name": "P", "brand": "B", "right_holder": "K", "net_g": 5, "origins": ["JP", "VN"]}
    ]
    words = {"words": {"en": "a b", "ja": None}, "serialised": True}
    (source / "serials.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (source / "products.jsonl").write_text(json.dumps(products[0] | words) + "\n")
    first = build(source, tmp_path / "1.sqlite")
    for name in ("serials", "products"):
        (source / f"{name}.jsonl").unlink()
    days = [row | {"dated": date(2026, 9, 1) if row["dated"] else None} for row in rows]
    parquet.write_table(arrow.Table.from_pylist(days), source / "serials.parquet")
    parquet.write_table(arrow.Table.from_pylist([products[0] | words]), source / "products.parquet")
    second = build(source, tmp_path / "2.sqlite")
    assert second.content_sha256 == first.content_sha256
    assert [str(refusal) for refusal in second.refusals] == [
        "serials.parquet, row 3, serial: expected a value, got none."
    ]


def test_a_parquet_row_with_a_cell_that_is_no_utf_8_is_refused_alone(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    source = source_in(tmp_path)
    serials = arrow.array([b"A1", b"A2", b"B\xff", b"A4", b"A5"], arrow.binary()).view(arrow.utf8())
    table = arrow.table({"gtin": arrow.array([KNOWN[0]] * 5), "serial": serials})
    parquet.write_table(table, source / "serials.parquet")
    report = build(source, tmp_path / "e.sqlite")
    why = "'utf-8' codec can't decode byte 0xff in position 1: invalid start byte"
    assert [str(refusal) for refusal in report.refusals] == [
        f"serials.parquet, row 3: expected cells that can be read, got {why}."
    ]
    assert report.counts["serials"] == 4


def test_a_parquet_file_that_is_none_or_has_an_unknown_column_refuses_the_source(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    source = source_in(tmp_path)
    (source / "serials.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(SourceError, match=r"^serials\.parquet: expected a whole Parquet file, got: "):
        build(source, tmp_path / "e.sqlite")
    parquet.write_table(arrow.table({"gtin": ["1"], "serial": ["A"], "statsu": ["known"]}), source / "serials.parquet")
    message = r"^serials\.parquet, row 1: expected known columns, each once, got 'statsu'\.$"
    with pytest.raises(SourceError, match=message):
        build(source, tmp_path / "e.sqlite")


def test_without_pyarrow_a_parquet_file_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = source_in(tmp_path)
    (source / "serials.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        SourceError,
        match=r"^serials\.parquet: expected the package pyarrow to read a Parquet file, got none installed\.$",
    ) as caught:
        build(source, tmp_path / "e.sqlite")
    assert caught.value.code == "source_parquet"
    assert caught.value.hint
