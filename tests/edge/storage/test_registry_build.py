"""Building an edition: good rows used, bad ones told by number, nothing corrected."""

from __future__ import annotations

import json
import re
import resource
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import RegistryError, SourceError
from edge.gs1 import Gtin
from edge.lookup import SerialStatus
from edge.storage import source_tables
from edge.storage.cells import CellRefused, day, gtin, integer, millimetres, serial
from edge.storage.registry import Registry
from edge.storage.registry_build import BuildReport, build, read_edition
from edge.storage.source_tables import split_range

if TYPE_CHECKING:
    from edge.storage.sources import Table

EDITION = 'schema = 1\nname = "e"\nnumber = 1\nissued = 2026-11-20T00:00:00Z\n'
PRODUCT = "09521234543213,Earbuds,Kumo,Kumo KK"
HEADER = "gtin,name,brand,right_holder"
GTIN = "09521234543213"
DOC = Path(__file__).parents[3] / "docs" / "registry-sources.md"
PNG = b"\x89PNG\r\n\x1a\n..."


@pytest.fixture
def source(tmp_path: Path) -> Path:
    directory = tmp_path / "source"
    directory.mkdir()
    (directory / "edition.toml").write_text(EDITION)
    (directory / "products.csv").write_text(f"{HEADER}\n{PRODUCT}\n")
    return directory


def built(source: Path) -> BuildReport:
    return build(source, source.parent / "edition.sqlite")


def refusals(source: Path) -> list[str]:
    return [str(refusal) for refusal in built(source).refusals]


def test_a_bad_row_is_refused_by_number_and_the_good_ones_are_used(source: Path) -> None:
    rows = [PRODUCT, "123,B,B,B", ",C,C,C", "4912345678904,,D,D", f"{PRODUCT}", "4912345678904,E,E"]
    (source / "products.csv").write_text("\n".join([HEADER, *rows]) + "\n4912345678904,F,F,F\n")
    report = built(source)
    assert [str(refusal) for refusal in report.refusals] == [
        "products.csv, row 3, gtin: '123': expected a GTIN of 8, 12, 13 or 14 digits, got 3 characters.",
        "products.csv, row 4, gtin: expected a value, got none.",
        "products.csv, row 5, name: expected a value, got none.",
        "products.csv, row 6, gtin: '09521234543213': expected each gtin once, got it again.",
        "products.csv, row 7: expected 4 cells as in the header, got 3.",
    ]
    assert (report.counts["products"], report.refused) == (2, 5)
    assert report.rejects is not None
    lines = [json.loads(line) for line in report.rejects.read_text().splitlines()]
    assert [line["row"] for line in lines] == [3, 4, 5, 6, 7]
    assert lines[0]["raw"] == {"gtin": "123", "name": "B", "brand": "B", "right_holder": "B"}
    registry = Registry.open(report.out)
    assert [found.value for found in registry.gtins()] == ["04912345678904", GTIN]
    registry.close()


@pytest.mark.parametrize("refused", ["", "x,y,z,z\n" * 2_000], ids=["edition", "rejects"])
def test_a_full_disk_is_told_and_leaves_the_old_edition(source: Path, refused: str) -> None:
    before = built(source).out.read_bytes()
    (source / "products.csv").write_text(f"{HEADER}\n{refused}{PRODUCT}\n")
    here = sorted(source.parent.iterdir())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))  # a file that may not grow, as a disk that is full
    try:
        with pytest.raises(RegistryError) as caught:
            built(source)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    out = source.parent / "edition.sqlite"
    assert caught.value.message == f"{out}: expected room for a new edition, got a full disk."
    assert (caught.value.code, out.read_bytes()) == ("registry_full", before)
    assert [path for path in sorted(source.parent.iterdir()) if path not in here] == []


def test_the_rejects_of_the_old_edition_stay_until_the_new_one_is_whole(source: Path) -> None:
    (source / "products.csv").write_text(f"{HEADER}\n{PRODUCT}\n1,B,B,B\n")
    rejects = built(source).rejects
    assert rejects is not None
    before = rejects.read_text()
    (source / "products.csv").write_text(f"{HEADER}\n2,C,C,C\n")
    with pytest.raises(SourceError, match="expected one good row or more, got none"):
        built(source)
    assert rejects.read_text() == before
    (source / "products.csv").write_text(f"{HEADER}\n{PRODUCT}\n")
    assert built(source).rejects is None
    assert sorted(path.name for path in source.parent.iterdir()) == ["edition.sqlite", "source"]


def test_an_edition_issued_after_tomorrow_is_built_with_a_warning(source: Path) -> None:
    assert built(source).warnings == ()
    (source / "edition.toml").write_text(EDITION.replace("2026", "2936"))
    (warning,) = built(source).warnings
    assert re.fullmatch(
        r"edition\.toml, issued: expected a time of at most a day after now, [-0-9T:]+Z, got 2936-11-20T00:00:00Z\.",
        warning,
    )


def test_csv_and_json_lines_say_the_same(source: Path) -> None:
    text = "gtin,name,brand,right_holder,origins,serialised,value_max_minor,currency,words_en,words_ja"
    (source / "products.csv").write_text(f"{text}\n{GTIN},A,B,C,JP|VN,yes,1200,JPY,a b,香水\n")
    first = built(source)
    (source / "products.csv").unlink()
    row = {"gtin": GTIN, "name": "A", "brand": "B", "right_holder": "C", "origins": ["JP", "VN"], "serialised": True}
    more = {"value_max_minor": 1200, "currency": "JPY", "words": {"en": "a b", "ja": "香水"}, "hs": None}
    (source / "products.jsonl").write_text(json.dumps(row | more) + "\n\n")
    second = built(source)
    assert second.refusals == first.refusals == ()
    assert second.content_sha256 == first.content_sha256


def test_equal_sources_give_equal_editions_and_others_another(source: Path) -> None:
    first = built(source).content_sha256
    assert built(source).content_sha256 == first
    (source / "serials.csv").write_text(f"gtin,serial\n{GTIN},A1\n")
    assert built(source).content_sha256 != first


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{", "products.jsonl, row 1: expected a JSON object, got Expecting property name enclosed in double quotes"),
        ("[1]", "products.jsonl, row 1: expected a JSON object, got a list."),
        ('{"gtim": "1"}', "products.jsonl, row 1, gtim: expected one of gtin, name, brand, "),
        ('{"gtin": {"a": 1}}', "products.jsonl, row 1, gtin: {'a': 1}: expected a GTIN, got a dict."),
        ('{"words": {"english": "x"}}', "products.jsonl, row 1, words: 'english': expected an ISO 639-1 language"),
        ('{"origins": "JP||VN"}', "products.jsonl, row 1, origins: 'JP||VN': expected a list without empty values"),
        ('{"name": "a\\u0007"}', "products.jsonl, row 1, name: 'a\\x07': expected text without control characters"),
        ('{"name": " a"}', "products.jsonl, row 1, name: ' a': expected text without spaces at its ends"),
        (
            '{"serial_rule": "("}',
            "products.jsonl, row 1, serial_rule: '(': expected a regular expression of RE2, got missing",
        ),
        ('{"net_g": 1.5}', "products.jsonl, row 1, net_g: '1.5': expected decimal digits below 2^53"),
        ('{"serialised": "true"}', "products.jsonl, row 1, serialised: 'true': expected yes or no, got true."),
        ('{"routes": ["JP"]}', "products.jsonl, row 1, routes: 'JP': expected a route as XX-YY, got JP."),
    ],
)
def test_a_bad_cell_is_told_with_value_and_expectation(source: Path, row: str, message: str) -> None:
    (source / "products.jsonl").write_text(row + "\n")
    assert refusals(source)[0].startswith(message)


def test_a_row_that_is_not_utf_8_is_refused_alone(source: Path) -> None:
    good = b"4912345678904,Good,K,K\n"
    (source / "products.csv").write_bytes(f"{HEADER}\n{PRODUCT}\n4912345678904,".encode() + b"\xff,K,K\n" + good)
    report = built(source)
    assert [(refusal.row, refusal.column) for refusal in report.refusals] == [(3, "name")]
    assert report.counts["products"] == 2


def test_a_value_needs_its_currency_and_an_order(source: Path) -> None:
    header = f"{HEADER},value_min_minor,value_max_minor,currency"
    (source / "products.csv").write_text(f"{header}\n{PRODUCT},5,,\n{PRODUCT},9,5,JPY\n{PRODUCT},5,9,JPY\n")
    assert refusals(source) == [
        "products.csv, row 2: currency: expected a currency beside a value, got none.",
        "products.csv, row 3: 9: expected value_min_minor of at most value_max_minor 5, got 9.",
    ]


def test_rows_that_refer_to_nothing_are_refused(source: Path) -> None:
    (source / "serials.csv").write_text("gtin,serial\n4912345678904,A\n")
    (source / "distinguishing_points.csv").write_text("recordation,number,text_en\nR1,1,Look\n")
    (source / "regions.csv").write_text(f"gtin,kind,x_mm,y_mm,w_mm,h_mm\n{GTIN},logo,1,1,1,1\n")
    (source / "recordations.csv").write_text(
        "number,right_type,right_holder,valid_from,valid_to\nR2,design,K,2026-01-01,2026-01-02\n"
    )
    (source / "faces.csv").write_text(f"gtin,picture,width_mm,height_mm\n{GTIN},none.png,10,10\n{GTIN},../x,10,10\n")
    assert refusals(source) == [
        "recordations.csv, row 2: expected gtins, prefixes or brands, got none of them.",
        (
            "distinguishing_points.csv, row 2, recordation: 'R1': expected a recordation of this edition, "
            "got an unknown one."
        ),
        "serials.csv, row 2, gtin: '04912345678904': expected a product of this edition, got an unknown one.",
        "faces.csv, row 2, picture: 'none.png': expected a readable file, got No such file or directory.",
        "faces.csv, row 3, picture: '../x': expected a path below the source directory, got one outside.",
        f"regions.csv, row 2, gtin: '{GTIN} 1 front': expected a face of this edition, got an unknown one.",
    ]


def test_faces_may_carry_their_regions(source: Path) -> None:
    (source / "a.png").write_bytes(PNG)
    (source / "b.txt").write_bytes(b"text")
    region = {"kind": "logo", "x_mm": 1, "y_mm": 2.5, "w_mm": 3, "h_mm": 4}
    wide = {**region, "w_mm": 30}
    face = {"gtin": GTIN, "picture": "a.png", "width_mm": 20, "height_mm": 20, "regions": [region, wide, {"kind": "x"}]}
    other = {"gtin": GTIN, "side": "back", "picture": "b.txt", "width_mm": 20, "height_mm": 20}
    (source / "faces.jsonl").write_text(json.dumps(face) + "\n" + json.dumps(other) + "\n")
    report = built(source)
    assert [str(refusal) for refusal in report.refusals] == [
        "faces.jsonl, row 1, x_mm: expected a region within the face of 20 x 20 mm, got 31 x 6.5 mm.",
        "faces.jsonl, row 1, regions: kind: 'x': expected logo, hologram, microprint, label, artwork or ignore, got x.",
        "faces.jsonl, row 2, picture: 'b.txt': expected a PNG, JPEG or WebP file, got another.",
    ]
    registry = Registry.open(report.out)
    (found,) = registry.faces(Gtin(GTIN))
    assert [(region.kind, region.y_mm) for region in found.regions] == [("logo", 2.5)]
    registry.close()


def test_a_bulletin_with_a_wrong_condition_is_refused_alone(source: Path) -> None:
    day = {"valid_from": "2026-10-01", "valid_to": "2026-12-31", "brands": ["Kumo"]}
    words = {"title": {"en": "T"}, "text": {"en": "t"}}
    conditions = ['batch = "L1"', "batch", 'found("text.difers")', 'found("label.ready")']
    rows = [{"number": f"B{number}", **day, **words, "condition": one} for number, one in enumerate(conditions)]
    (source / "bulletins.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = built(source)
    where = "bulletins.jsonl, row"
    assert [str(refusal) for refusal in report.refusals] == [
        f"{where} 2, condition: 'batch': expected a comparison at character 6, got the end.",
        (f"{where} 3, condition: 'found(\"text.difers\")': expected the codes of docs/findings.md, got text.difers."),
        (f"{where} 4, condition: 'found(\"label.ready\")': expected the codes of docs/findings.md, got label.ready."),
    ]
    registry = Registry.open(report.out)
    (found,) = registry.bulletins(Gtin(GTIN), date(2026, 11, 1), "Kumo")
    assert (found.number, found.condition) == ("B0", 'batch = "L1"')
    registry.close()


def test_a_point_has_a_whole_place_or_none(source: Path) -> None:
    (source / "recordations.csv").write_text(
        "number,right_type,right_holder,valid_from,valid_to,brands\nR2,design,K,2026-01-01,2026-01-02,Kumo\n"
    )
    (source / "distinguishing_points.csv").write_text(
        "recordation,number,text_en,x_mm,y_mm\nR2,1,Seam,4,\nR2,2,Cloud,4,6.5\nR2,3,Weight,,\n"
    )
    assert refusals(source) == [
        "distinguishing_points.csv, row 2: 4.0: expected x_mm and y_mm together, or neither, got 4.0 and None."
    ]


def test_a_product_without_a_programme_still_has_its_stolen_serials(source: Path) -> None:
    (source / "serials.csv").write_text(f"gtin,serial,status\n{GTIN},A,stolen\n{GTIN},A,revoked\n")
    (source / "serial_ranges.csv").write_text(f"gtin,first,last,status\n{GTIN},R10,R19,revoked\n{GTIN},R15,R15,\n")
    report = built(source)
    assert [str(refusal) for refusal in report.refusals] == [
        "serials.csv, row 3, serial: 'A': expected each serial once, got it again."
    ]
    registry = Registry.open(report.out)
    product = registry.product(Gtin(GTIN))
    assert product is not None
    assert registry.serial_status(product, "A") is SerialStatus.STOLEN
    assert registry.serial_status(product, "R15") is SerialStatus.REVOKED
    assert registry.serial_status(product, "R20") is SerialStatus.NO_PROGRAMME
    assert registry.serial_status(product, None) is SerialStatus.NO_PROGRAMME
    registry.close()


# --- what refuses a whole source ----------------------------------------------


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("schema = ", "edition.toml: expected TOML, got: "),
        ("schema = 2\n" + EDITION[11:], "edition.toml, schema: expected 1, got 2."),
        (EDITION + "colour = 1\n", "edition.toml, colour: expected a known key, got 1."),
        (EDITION.replace('"e"', "5"), "edition.toml, name: expected str, got 5."),
        (EDITION.replace("number = 1\n", ""), "edition.toml, number: expected a value, got none."),
        (EDITION.replace("00Z", "00"), "edition.toml, issued: expected a UTC time, got 2026-11-20 00:00:00."),
    ],
)
def test_an_edition_that_says_something_else_is_refused(source: Path, toml: str, message: str) -> None:
    (source / "edition.toml").write_text(toml)
    with pytest.raises(SourceError, match=f"^{re.escape(message)}") as caught:
        read_edition(source)
    assert caught.value.code == "source_edition"
    assert caught.value.hint


def test_a_mistyped_column_refuses_the_file_and_leaves_the_older_edition(source: Path) -> None:
    out = built(source).out
    before = out.read_bytes()
    (source / "products.csv").write_text(f"{HEADER},currencey\n{PRODUCT},JPY\n")
    with pytest.raises(
        SourceError, match=r"^products\.csv, row 1: expected known columns, each once, got 'currencey'\.$"
    ) as caught:
        built(source)
    assert caught.value.hint.startswith("The columns of products are: gtin, name, brand, right_holder, hs,")
    assert out.read_bytes() == before
    assert sorted(path.name for path in source.parent.iterdir()) == ["edition.sqlite", "source"]


def test_a_missing_column_refuses_the_file(source: Path) -> None:
    (source / "products.csv").write_text("gtin,name,brand\n")
    with pytest.raises(SourceError, match=r"^products\.csv, row 1: expected the column 'right_holder', got none\.$"):
        built(source)


def test_a_source_without_a_good_product_is_refused_with_its_first_reason(source: Path) -> None:
    (source / "products.csv").write_text(f"{HEADER}\n1,A,B,C\n")
    with pytest.raises(
        SourceError, match=r"^products: expected one good row or more, got none\. First refusal: "
    ) as caught:
        built(source)
    assert caught.value.code == "source_empty"
    (source / "products.csv").unlink()
    with pytest.raises(SourceError, match=r"^products: expected one good row or more, got none\.$"):
        built(source)


def test_an_unreadable_table_is_told(source: Path) -> None:
    (source / "products.csv").unlink()
    (source / "products.csv").mkdir()
    with pytest.raises(SourceError, match=r"^products\.csv: expected a readable file, got Is a directory\.$"):
        built(source)


def test_progress_names_the_tables_in_their_order(source: Path) -> None:
    told: list[tuple[str, int, float]] = []
    build(source, source.parent / "e.sqlite", lambda *said: told.append(said))
    assert told[0] == ("products", 1, 1.0)
    assert [table for table, _rows, _share in told] == [table.name for table in source_tables.TABLES]


@pytest.mark.parametrize("table", source_tables.TABLES, ids=lambda table: str(table.name))
def test_every_column_is_documented_and_every_documented_column_exists(table: Table) -> None:
    section = DOC.read_text().split(f"\n## {table.name}\n")[1].split("\n## ")[0]
    documented: dict[str, str] = {}
    for line in section.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 4 and cells[0] not in {"column", "---"}:
            documented |= dict.fromkeys(cells[0].split(", "), cells[2])
    assert sorted(documented) == sorted(table.columns)
    for name, column in table.columns.items():
        assert documented[name].startswith("yes") == column.required or documented[name] == "as in faces"


# --- cells -----------------------------------------------------------------------


@given(st.text(max_size=20))
def test_a_cell_is_taken_exactly_or_refused(words: str) -> None:
    for read in (gtin, integer, millimetres, day, serial):
        try:
            taken = read(words)
        except CellRefused as why:
            assert str(why).startswith(f"{words!r}: expected ")  # noqa: PT017 - any number of them may be refused
        else:
            assert taken in {words.zfill(14), words} or taken == float(words)


@given(st.text("0123456789.-eE_ ", max_size=10))
def test_millimetres_are_plain_decimals(words: str) -> None:
    try:
        taken = millimetres(words)
    except CellRefused:
        return
    assert taken == float(words)
    assert set(words) <= set("0123456789.")


@given(st.text("AB01", min_size=1, max_size=8), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_range_of_numbers_splits_into_its_letters_and_digits(prefix: str, one: int, two: int) -> None:
    letters = prefix + "X"
    assert split_range(f"{letters}{one:07d}", f"{letters}{two:07d}") == (letters, 7)


@pytest.mark.parametrize(("first", "last"), [("A1", "A10"), ("A1", "B1"), ("1A", "2B")])
def test_a_range_whose_ends_differ_in_letters_is_refused(first: str, last: str) -> None:
    with pytest.raises(CellRefused):
        split_range(first, last)
