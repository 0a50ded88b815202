"""Manifests as docs/consignments.md describes them: every form, every refusal, and whatever else a file may hold."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge import manifests
from edge.declaration import ConsignmentIn
from edge.errors import RequestRefused
from edge.manifests.claims import Refused

PAGE = Path(__file__).parents[3] / "docs" / "consignments.md"
EXAMPLES = re.findall(r"```(csv|jsonl|json|xml)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
HEADER = "document,consignor_name,description,quantity,net_kg,value,currency,hs,origin\n"


def read(folder: Path, name: str, text: str | bytes) -> list[tuple[int, ConsignmentIn | Refused]]:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(manifests.rows(path))


def said(folder: Path, name: str, text: str | bytes) -> list[str]:
    return [f"row {row}: {came}" for row, came in read(folder, name, text) if isinstance(came, Refused)]


def taken(folder: Path, name: str, text: str | bytes) -> list[ConsignmentIn]:
    return [came for _, came in read(folder, name, text) if isinstance(came, ConsignmentIn)]


def test_every_documented_form_says_the_same(tmp_path: Path) -> None:
    forms = dict(reversed(EXAMPLES))
    assert set(forms) == {"csv", "json", "jsonl", "xml"}
    came = {form: read(tmp_path, f"manifest.{form}", text) for form, text in forms.items()}
    (declared,) = [one for _, one in came["json"]]
    assert isinstance(declared, ConsignmentIn)
    assert {form: [one for _, one in rows] for form, rows in came.items()} == {form: [declared] for form in forms}
    noun = declared.as_noun()
    assert (noun.route, noun.gross_g, noun.lines[1].value_minor, noun.lines[1].description) == (
        "CN-JP",
        412,
        1250,
        "化粧品",
    )


def test_a_house_waybill_comes_in_the_same_form(tmp_path: Path) -> None:
    (declared,) = taken(tmp_path, "house.csv", EXAMPLES[-1][1])
    assert (declared.document, declared.issuer, declared.numbers) == (
        "HUB-4711/26",
        "Umi Forwarding",
        ("106141411234567897",),
    )


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("A1,,x,,,,,,Japan", "origin: 'Japan': expected an ISO 3166-1 alpha-2 country such as JP, got 'Japan'."),
        ("A1,,x,two,,,,,", "quantity: 'two': expected a whole number, got 'two'."),
        (
            "A1,,x,,0.4505,,,,",
            "net_kg: '0.4505': expected kilograms with a point and at most 3 decimals, got '0.4505'.",
        ),
        ("A1,,x,,,10.50,JPY,,", "value: '10.50': expected an amount of JPY with a point and at most 0 decimals, "),
        ("A1,,x,,,1,,,", "value: '1': expected a currency beside it, got none."),
        ("A1,,x,,,,,85 18,", "hs: '85 18': expected at most 12 HS digits, got '85 18'."),
        ("A1,,,,,,,,", "description: '': expected a value, got none."),
        (",,x,,,,,,", "document: '': expected a value in each row, got none."),
        ("-,,x,,,,,,", "document: '-': expected the number of a transport document, got none."),
        ("A1,x", "expected 9 cells as in the header, got 2."),
    ],
)
def test_a_bad_row_is_refused_by_its_number_and_the_others_are_used(tmp_path: Path, cells: str, message: str) -> None:
    text = f"{HEADER}OK1,,x,,,,,,\n{cells}\nOK2,,x,,,,,,\n"
    refusals = said(tmp_path, "m.csv", text)
    assert any(message in one and one.startswith("row 3: ") for one in refusals)
    assert [one.document for one in taken(tmp_path, "m.csv", text)][-1] == "OK2"


def test_a_document_is_refused_whole_when_one_of_its_rows_is(tmp_path: Path) -> None:
    text = f"{HEADER}A1,Umi,x,,,,,,\nA1,Umi,y,,,,,,Japan\nA1,Yama,z,,,,,,\nB2,,x,,,,,,\n"
    assert said(tmp_path, "m.csv", text)[:3] == [
        "row 4: consignor_name: 'Yama': expected what row 2 says, 'Umi', got another.",
        "row 2: refused with row 4, which is of the same document.",
        "row 3: refused with row 4, which is of the same document.",
    ]
    assert [one.document for one in taken(tmp_path, "m.csv", text)] == ["B2"]


GOOD, LONG, REST = "DOC-A,,x,,,,,,\n", f'DOC-B,,"{"x" * 32}', "What follows was not read."


@pytest.mark.parametrize(
    ("rows", "used", "refusals"),
    [
        (  # a comma too many: the row names its document all the same
            f"{GOOD}DOC-B,,x, wireless,,,,,,\nDOC-B,,y,,,,,,\nDOC-C,,z,,,,,,\n",
            ["DOC-A", "DOC-C"],
            [
                "row 3: expected 9 cells as in the header, got 10.",
                "row 4: refused with row 3, which is of the same document.",
            ],
        ),
        (  # a quote that is never closed takes nothing but its row
            f'{GOOD}"DOC-B","x,,,,,,\nDOC-B,,y,,,,,,\nDOC-C,,z,,,,,,\n',
            ["DOC-A", "DOC-C"],
            [
                "row 3: expected a CSV row in one line, got unexpected end of data.",
                "row 4: refused with row 3, which is of the same document.",
            ],
        ),
        (  # whose row it is cannot be told: neither neighbour is used without what may be a line of it
            f'{GOOD}"DOC"x,,y,,,,,,\nDOC-B,,y,,,,,,\nDOC-C,,z,,,,,,\n',
            ["DOC-C"],
            [
                "row 3: expected a CSV row in one line, got ',' expected after '\"'.",
                "row 2: refused with row 3, which may be of it.",
                "row 4: refused with row 3, which may be of it.",
            ],
        ),
        (  # a document is left out: it may go on with the one before
            f"{GOOD},,y,,,,,,\nDOC-C,,z,,,,,,\n",
            ["DOC-C"],
            [
                "row 3: document: '': expected a value in each row, got none.",
                "row 2: refused with row 3, which may be of it.",
            ],
        ),
        (  # what is not read on may be of the last document
            f'{GOOD}DOC-B,,y,,,,,,\nDOC-B,,"{"x" * 100_000}',
            ["DOC-A"],
            [
                "row 3: refused with row 4, which may be of it.",
                f"row 4: {LONG!r}: expected a row of 100000 characters at most, got a longer one. {REST}",
            ],
        ),
    ],
)
def test_a_bad_row_takes_its_own_document_with_it_and_no_half_of_one_is_used(
    tmp_path: Path, rows: str, used: list[str], refusals: list[str]
) -> None:
    assert said(tmp_path, "m.csv", HEADER + rows) == refusals
    assert [one.document for one in taken(tmp_path, "m.csv", HEADER + rows)] == used


def test_where_the_document_stands_behind_other_cells_a_bad_row_is_of_none_that_can_be_told(tmp_path: Path) -> None:
    text = "description,document\nx,A\ncup, white,A\ny,B\nz,C\n"
    assert [one.document for one in taken(tmp_path, "m.csv", text)] == ["C"]


def test_a_quote_that_is_never_closed_costs_none_of_the_rows_behind_it(tmp_path: Path) -> None:
    text = f'{HEADER}A,,"x,,,,,,\n' + "".join(f"B{number},,x,,,,,,\n" for number in range(2_000))
    assert (len(said(tmp_path, "m.csv", text)), len(taken(tmp_path, "m.csv", text))) == (1, 2_000)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "m.csv",
            '"document"x,description\n',
            "row 1: '\"document\"x,description': expected a CSV row of column names, got ',' expected after '\"'.",
        ),
        ("m.csv", "", "row 1: 'document': expected this column, got none."),
        (
            "m.xml",
            '<?xml version="1.0" encoding="Shift_JIS"?><a/>',
            "row 1: expected XML without a document type, got multi-byte encodings are not supported.",
        ),
        (
            "m.csv",
            "document,colour\nA,red\n",
            "row 1: 'colour': expected a column of docs/consignments.md, got another.",
        ),
        ("m.csv", "document\nA\n", "row 1: 'description': expected this column, got none."),
        ("m.csv", f'{HEADER}A1,"{"x" * 200_000}', "expected a row of 100000 characters at most, got a longer one."),
        ("m.json", '[{"document": "A"}, {"document": ', "row 2: expected a consignment of 1000000 characters at most"),
        ("m.json", '[{"document": "A"}', "row 2: expected a consignment of 1000000 characters at most, got an array"),
        (
            "m.json",
            '[{"document": "A"}] 7',
            "row 2: expected a consignment of 1000000 characters at most, got something",
        ),
        ("m.json", "[" * 100_000, "arrays without end. What follows was not read."),
        ("m.json", '{"document": "A", "color": 1}', "row 1: color: 'color': expected a field of docs/consignments.md"),
        ("m.json", '{"document": "\\ud800"}', "row 1: '': expected text in UTF-8, got other bytes."),
        ("m.jsonl", "\n[1]\n", "row 2: '[1]': expected an object, got an array."),
        ("m.jsonl", "{\n", "row 1: expected a JSON object, got "),
        ("m.xml", "<a><consignment><document>A</document>", "row 1: expected XML without a document type, got "),
        ("m.xml", "<a><consignment><colour/></consignment></a>", "row 1: colour: 'colour': expected an element of "),
        (
            "m.xml",
            "<a><consignment><document>A</document><document>B</document></consignment></a>",
            "'document': expected an element of docs/consignments.md, once, got another or one more.",
        ),
        ("m.xml", f"<a><consignment><document>{'A' * 2_000_000}", "got a consignment of more than 1000000 bytes."),
        (
            "m.xml",
            f"<a>{'<b>dddddddddddddddddddddddddddddddddddddddddddddddddddddddd' * 20_000}",
            "of more than 1000000 bytes.",
        ),
    ],
)
def test_what_is_damaged_is_told_with_its_row(tmp_path: Path, name: str, text: str, message: str) -> None:
    refusals = said(tmp_path, name, text)
    assert len(refusals) == 1
    assert message in refusals[0]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("pieces", "true", "pieces: 'True': expected a whole number, got true or false."),
        ("pieces", '"2"', "pieces: '2': expected a whole number, got text in quotes."),
        ("pieces", "2.0", "pieces: '2.0': expected a whole number, got a number with a point."),
        ("pieces", "null", None),
        ("pieces", "9" * 17, f"pieces: '{'9' * 17}': expected a whole number, got '{'9' * 17}'."),
        ("order", "7", "order: '7': expected text in quotes, got a number."),
        ("numbers", '"A|B"', "numbers: 'A|B': expected an array, got text in quotes."),
        (
            "lines",
            '[{"description": "x", "hs": 851830}]',
            "lines.0.hs: '851830': expected text in quotes, got a number.",
        ),
        ("lines", '[{"description": " "}]', "lines.0.description: ' ': expected a description of the goods, got none."),
        (
            "dispatch",
            '"ZZ"',
            "dispatch: 'ZZ': expected an ISO 3166-1 alpha-2 country such as JP, got 'ZZ'.",
        ),
        ("dispatch", '"XK"', None),
        (
            "lines",
            '[{"description": "x", "currency": "QQQ"}]',
            "lines.0.currency: 'QQQ': expected an ISO 4217 currency such as JPY, got 'QQQ'.",
        ),
        ("document", '"-"', "document: '-': expected the number of a transport document, got none."),
        *(
            ("order", f'"{sign}"', f"order: {sign!r}: expected text without line breaks and control characters, got ")
            for sign in "\x7f\x85\x9b\u2028\u202e\u2066"
        ),
        ("order", '"a\u200db"', None),
    ],
)
def test_a_value_is_of_its_kind_and_what_came_is_told(
    tmp_path: Path, field: str, value: str, message: str | None
) -> None:
    text = f'[{{"document": "A", "{field}": {value}}}, {{"document": "B"}}]'
    refusals = said(tmp_path, "m.json", text)
    assert [one.startswith(f"row 1: {message}") for one in refusals] == ([] if message is None else [True])


@pytest.mark.parametrize("name", ["m.json", "m.jsonl"])
def test_a_number_of_thousands_of_digits_refuses_its_row_and_no_other(tmp_path: Path, name: str) -> None:
    rows = [f'{{"document": "A", "pieces": {"9" * 5_000}}}', '{"document": "B"}']
    text = "\n".join(rows) if name == "m.jsonl" else f"[{','.join(rows)}]"
    shown = "9" * 40
    assert said(tmp_path, name, text) == [f"row 1: pieces: '{shown}': expected a whole number, got '{shown}'."]
    assert [one.document for one in taken(tmp_path, name, text)] == ["B"]


@pytest.mark.parametrize(
    "document_type",
    [
        '<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]>',
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a SYSTEM "http://example.org/a.dtd">',
    ],
)
def test_no_entity_is_expanded_and_no_address_followed(tmp_path: Path, document_type: str) -> None:
    text = f"{document_type}<a><consignment><document>A</document></consignment></a>"
    assert said(tmp_path, "m.xml", text) == [
        "row 1: expected XML without a document type, got a document type or entity. What follows was not read."
    ]


def test_only_a_regular_file_of_a_known_form_is_a_manifest(tmp_path: Path) -> None:
    (tmp_path / "m.txt").write_text("x")
    (tmp_path / "m.csv").symlink_to(tmp_path / "m.txt")
    for name, message in (
        ("m.txt", "m.txt: expected a manifest named *.csv, *.json, *.jsonl or *.xml, got '.txt'."),
        ("m.csv", "m.csv: expected a regular file, got something else."),
    ):
        with pytest.raises(RequestRefused) as refused:
            manifests.rows(tmp_path / name)
        assert (refused.value.code, refused.value.message) == ("request_manifest", message)


def test_rows_of_empty_cells_as_spreadsheets_leave_them_say_nothing(tmp_path: Path) -> None:
    text = 'document,description\nA,hat\n,\n"",""\n , \nB,pot\n,\n'
    assert [one.document for one in taken(tmp_path, "m.csv", text)] == ["A", "B"]


def test_text_of_another_encoding_is_told_as_such(tmp_path: Path) -> None:
    sjis = "document,description\nA,帽子\nB,hat\n".encode("cp932")
    (_, bad), (_, good) = read(tmp_path, "m.csv", sjis)
    assert str(bad) == r"lines.0.description: '\\x96X\\x8eq': expected text in UTF-8, got other bytes."
    assert isinstance(good, ConsignmentIn)


def test_a_field_that_an_object_names_twice_is_lost_in_silence_neither_time(tmp_path: Path) -> None:
    text = '[{"document": "A", "lines": [{"description": "hat", "quantity": 1, "quantity": 5}]}, {"document": "B"}]'
    assert said(tmp_path, "m.json", text)[0] == (
        "row 1: lines.0.quantity, a second time: 'quantity, a second time': "
        "expected a field of docs/consignments.md, got another."
    )


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        ('<document type="CN23">A</document>', "document: 'type': expected elements of docs/consignments.md, got an"),
        ("<document>A</document>hat", "consignment: 'hat': expected elements of docs/consignments.md, got text"),
        (
            '<document>A</document><line gtin="4"><description>hat</description></line>',
            "line: 'gtin': expected elements of docs/consignments.md, got an attribute.",
        ),
    ],
)
def test_what_is_declared_outside_of_elements_is_not_lost_in_silence(tmp_path: Path, inner: str, message: str) -> None:
    (told,) = said(tmp_path, "m.xml", f"<a><consignment>{inner}</consignment></a>")
    assert told.startswith(f"row 1: {message}")
    assert taken(tmp_path, "m.xml", '<a><consignment><document xml:lang="ja"> A </document></consignment></a>')


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("m.xml", "<m><shipment/></m>", "row 1: expected <consignment> elements, got 'shipment' and none of them."),
        (
            "m.json",
            " ",
            "row 1: expected a consignment of 1000000 characters at most, got nothing. What follows was not read.",
        ),
    ],
)
def test_a_manifest_of_another_shape_is_not_taken_for_an_empty_one(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    assert said(tmp_path, name, text) == [message]
    for empty, content in (("m.xml", "<m/>"), ("m.json", "[]"), ("m.jsonl", ""), ("m.csv", "document,description")):
        assert said(tmp_path, empty, content) == []


texts = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)
documents = st.lists(
    st.fixed_dictionaries({"document": texts.map(lambda text: f"A{text}"), "lines": st.just([]) | st.lists(
        st.fixed_dictionaries({"description": texts, "quantity": st.integers(0, 10**11)}), min_size=1, max_size=3
    )}),
    max_size=4,
)  # fmt: skip


@given(documents)
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_what_is_written_in_any_form_is_read_as_it_was(tmp_path: Path, told: list[dict[str, object]]) -> None:
    wanted = [ConsignmentIn.model_validate(one) for one in told]
    assert taken(tmp_path, "m.json", json.dumps(told)) == wanted
    assert taken(tmp_path, "m.jsonl", "\n".join(map(json.dumps, told))) == wanted
    elements = "".join(
        f"<consignment><document>{escape(one.document)}</document>"
        + "".join(
            f"<line><description>{escape(line.description)}</description><quantity>{line.quantity}</quantity></line>"
            for line in one.lines
        )
        + "</consignment>"
        for one in wanted
    )
    assert taken(tmp_path, "m.xml", f"<all>{elements}</all>") == wanted


@given(st.sampled_from(sorted(manifests.SUFFIXES)), st.binary(max_size=300) | texts.map(str.encode))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_whatever_a_file_holds_it_is_read_or_refused(tmp_path: Path, suffix: str, data: bytes) -> None:
    for row, came in read(tmp_path, f"m{suffix}", data):
        assert row >= 1
        assert isinstance(came, ConsignmentIn | Refused)
        str(came).encode()
