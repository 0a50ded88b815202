"""Documents: a noun comes back from its JSON as it was, and hashes the same."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.captures import Box, Capture, DecodedSymbol, Evidence, Quality
from edge.comparison import Difference, FaceComparison, Retake
from edge.consignment import Consignment, DeclaredLine, Party
from edge.errors import LedgerError
from edge.gs1 import Gtin, TradeItem
from edge.identity import Identity, InputFault
from edge.inspection import (
    Assessment,
    Cause,
    Disposition,
    Finding,
    Freshness,
    NotChecked,
    Origin,
    Outcome,
    Seen,
    Verdict,
    Weight,
)
from edge.moment import ClockTrust, Moment
from edge.postal import ParcelNumber
from edge.steps import record
from edge.storage.chain import canonical
from edge.storage.documents import from_json, to_json
from edge.storage.ledger import Ledger
from edge.storage.personal import join, part

if TYPE_CHECKING:
    from pathlib import Path

words = st.text(max_size=12)
numbers = st.floats(-1e6, 1e6).map(lambda value: round(value, 6) + 0.0)
boxes = st.builds(Box, *[st.integers(-9, 9999)] * 4)
moments = st.builds(Moment, st.datetimes(timezones=st.just(UTC)), st.sampled_from(ClockTrust))
symbols = st.builds(DecodedSymbol, words, st.binary(max_size=12), words, words, words, st.none() | boxes, st.just(2))
evidence = st.builds(Evidence, words, words, words, words, st.none() | boxes)
captures = st.builds(
    Capture,
    words,
    st.just(10),
    st.just(20),
    words,
    st.builds(Quality, numbers, numbers, numbers, st.none() | numbers),
    st.tuples(evidence),
)
comparisons = st.builds(
    FaceComparison,
    gtin=st.just(Gtin("09521234543213")),
    face_id=st.integers(1, 9),
    capture=words,
    aligned=st.booleans(),
    score=st.none() | numbers,
    threshold_check=numbers,
    threshold_strong=numbers,
    differences=st.tuples(st.builds(Difference, words, numbers, boxes, st.none() | boxes, words, st.none() | numbers)),
    retake=st.none() | st.sampled_from(Retake),
)
findings = st.builds(
    Finding,
    words,
    st.sampled_from(Cause),
    st.sampled_from(Weight),
    st.dictionaries(words, words, max_size=2),
    words,
    st.just(()),
    st.none() | boxes,
    words,
    st.none() | st.dates(),
)
identities = st.builds(
    Identity,
    items=st.tuples(
        st.builds(
            TradeItem,
            st.just(Gtin("09521234543213")),
            st.none() | words,
            st.none() | words,
            st.none() | st.dates(),
            st.dictionaries(words, words, max_size=2),
        )
    ),
    parcel_numbers=st.tuples(st.builds(ParcelNumber, words, words, words)),
    unparsed=st.tuples(words),
    faults=st.tuples(st.builds(InputFault, words, words, st.none() | words, words, words)),
)
assessments = st.builds(
    Assessment,
    inspection=words,
    number=st.integers(1, 9),
    seen=st.builds(
        Seen,
        captures=st.tuples(captures),
        symbols=st.tuples(symbols),
        comparisons=st.tuples(comparisons),
        consignment=st.none() | st.builds(Consignment, words, words, st.none() | st.builds(Party, words, words)),
    ),
    identity=identities,
    verdict=st.builds(
        Verdict,
        outcome=st.sampled_from(Outcome),
        findings=st.tuples(findings),
        not_checked=st.tuples(st.builds(NotChecked, words, words)),
        checked=st.tuples(words),
        freshness=st.just(Freshness("e", 1, datetime(2026, 11, 20, tzinfo=UTC), 1, "2026-Q4", "p", "policy")),
    ),
    at=moments,
    compute_ms=numbers,
    stage_ms=st.dictionaries(words, numbers, max_size=3),
)


@given(assessments)
@settings(max_examples=60, deadline=None)
def test_an_assessment_comes_back_and_hashes_the_same(assessment: Assessment) -> None:
    document = to_json(assessment)
    again = from_json(Assessment, document)
    assert again == assessment
    assert canonical(to_json(again)) == canonical(document)


@given(assessments)
@settings(max_examples=30, deadline=None)
def test_an_assessment_parts_from_what_is_personal_and_joins_again(assessment: Assessment) -> None:
    document, personal = part(assessment)
    assert join(document, personal) == assessment
    canonical(document)
    nameless = join(document, {})
    assert nameless.seen.consignment is None
    assert nameless.seen.symbols == ()
    assert nameless.identity.parcel_numbers == ()
    assert nameless.identity.unparsed == ()
    assert nameless.identity.items == assessment.identity.items
    assert nameless.verdict.outcome == assessment.verdict.outcome
    assert [finding.code for finding in nameless.verdict.findings] == [
        finding.code for finding in assessment.verdict.findings
    ]
    assert all(finding.arguments == {} for finding in nameless.verdict.findings if not finding.item)


def test_the_nameless_document_holds_neither_sender_nor_parcel_number() -> None:
    number = ParcelNumber("S10", "RR473124829JP", "scanner:1")
    watched = Finding("watch.consignor", Cause.MISMATCH, Weight.CHECK, {"name": "Bright Gadget Ltd"})
    assessment = Assessment(
        inspection="i",
        number=1,
        seen=Seen(
            symbols=(DecodedSymbol("RR473124829JP", b"RR473124829JP", "", "Code128", "scanner:1"),),
            consignment=Consignment("RR473124829JP", "CN23", Party("Bright Gadget Ltd", "1 Nathan Road"), order="4711"),
        ),
        identity=Identity(parcel_numbers=(number,), unparsed=("RR473124829JP.",)),
        verdict=Verdict(Outcome.CHECK, (watched,), (), (), Freshness("", None, None, None, "", "", "p")),
        at=Moment(datetime(2026, 11, 21, tzinfo=UTC), ClockTrust.SYNCED),
        compute_ms=1.0,
    )
    document, personal = part(assessment)
    told = canonical(document).decode()
    assert "RR473124829JP" not in told
    assert "Bright" not in told
    assert "4711" not in told
    assert personal["parcel"] == "RR473124829JP"
    assert join(document, personal) == assessment


def test_a_declaration_lies_nowhere_in_clear(tmp_path: Path) -> None:
    declared = {"declared": "gift for Aunt Hanako", "product": "Aurore Night Serum"}
    gtin = "09521101001013"
    findings = (
        Finding("consignment.goods", Cause.MISMATCH, Weight.CHECK, declared, gtin, source="RR473124829JP"),
        Finding("face.missing", Cause.MISMATCH, Weight.CHECK, {"part": "logo"}, gtin, source="HAWB-4711"),
        Finding("serial.unknown", Cause.MISMATCH, Weight.CHECK, {"serial": "A1"}, gtin, source="Aurore"),
    )
    assessment = Assessment(
        inspection="i",
        number=1,
        seen=Seen(consignment=Consignment("HAWB-4711", "", lines=(DeclaredLine("gift for Aunt Hanako"),))),
        identity=Identity(parcel_numbers=(ParcelNumber("S10", "RR473124829JP", "scanner:1"),)),
        verdict=Verdict(Outcome.CHECK, findings, (), (), Freshness("", None, None, None, "", "", "p")),
        at=Moment(datetime(2026, 11, 21, tzinfo=UTC), ClockTrust.SYNCED),
        compute_ms=1.0,
    )
    with contextlib.closing(Ledger.open(tmp_path / "ledger.db", "bench-1")) as ledger:
        row = record.assessed(assessment, Origin("bench-1", "1", "O", "b"), record.Request("", "d"), ledger)
        kept = ledger.row(row.seq)
        assert kept is not None
        assert record.assessment_of(kept) == assessment
        nameless = join(kept.entry.body["assessment"], {}).verdict.findings
    assert [(told.arguments, told.source) for told in nameless] == [
        ({}, ""),
        ({"part": "logo"}, ""),
        ({"serial": "A1"}, "Aurore"),
    ]
    on_disk = b"".join(file.read_bytes() for file in tmp_path.iterdir())  # closed, so all is in the database
    for words in (b"Hanako", b"RR473124829JP", b"HAWB-4711"):
        assert words not in on_disk


def test_a_disposition_comes_back() -> None:
    noun = Disposition("i", None, "officer", "", Moment(datetime(2026, 11, 21, tzinfo=UTC), ClockTrust.FLOOR), undoes=3)
    assert from_json(Disposition, to_json(noun)) == noun


def test_a_measurement_is_kept_to_six_decimals() -> None:
    quality = to_json(Quality(1 / 3, -0.0, 1e-9))
    assert quality == {
        "sharpness": 0.333333,
        "glare": 0.0,
        "brightness": 0.0,
        "mm_per_px": None,
        "calibrated_light": False,
    }
    assert (
        canonical(quality)
        == b'{"brightness":0,"calibrated_light":false,"glare":0,"mm_per_px":null,"sharpness":0.333333}'
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_json_cannot_carry_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=r"^Expected a finite number for a document, got (nan|inf)\.$"):
        to_json(Quality(value, 0.0, 0.0))


def test_an_integer_beyond_json_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^Expected an integer below 2\^53 for a document, got 9007199254740992\.$"):
        to_json(Box(2**53, 0, 0, 0))


def test_a_document_of_something_else_is_told() -> None:
    with pytest.raises(LedgerError, match=r"^Box w: expected a document of this noun, got: Field required\.$"):
        from_json(Box, {"x": 1, "y": 2, "h": 3})


def test_dates_are_kept_as_iso_8601() -> None:
    finding = Finding("c", Cause.STALE, Weight.NOTE, dated=date(2026, 2, 3))
    assert to_json(finding)["dated"] == "2026-02-03"


def test_the_parcel_is_named_by_a_number_of_its_own_before_a_consolidations() -> None:
    numbers = (ParcelNumber("AWB", "13112345675"), ParcelNumber("S10", "RR473124829JP"))
    verdict = Verdict(Outcome.CHECK, (), (), (), Freshness("", None, None, None, "", "", "p"))
    at = Moment(datetime(2026, 11, 21, tzinfo=UTC), ClockTrust.SYNCED)
    assert (
        part(Assessment("i", 1, Seen(), Identity(parcel_numbers=numbers), verdict, at, 1.0))[1]["parcel"]
        == "RR473124829JP"
    )
