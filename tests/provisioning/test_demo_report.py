"""The demo's picture report: self-contained, in the bench's words, with a shape for every verdict."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.captures import Capture, Evidence, Quality
from edge.comparison import FaceComparison
from edge.gs1 import Gtin
from edge.identity import Identity
from edge.inspection import Assessment, Cause, Finding, Freshness, NotChecked, Outcome, Seen, Verdict, Weight
from edge.moment import ClockTrust, Moment
from edge.ports import Frame
from provisioning.demo import report
from provisioning.demo.parcels import parcels
from provisioning.demo.tour import Visit

DAY = date(2026, 11, 21)
NOW = Moment(datetime(2026, 11, 21, 9, tzinfo=UTC), ClockTrust.SYNCED)
FRESH = Freshness("demo", 2, NOW.utc, 0, "2026-Q4", "pack", "default 1")


def _jpeg(_sha256: str = "") -> bytes:
    _, code = cv2.imencode(".jpg", np.full((40, 60, 3), 128, np.uint8))
    return bytes(code.tobytes())


def _unknown(_gtin: Gtin) -> None:
    return None


def _visit(name: str, outcome: Outcome, findings: tuple[Finding, ...] = (), *, aligned: bool = False) -> Visit:
    parcel = next(parcel for parcel in parcels(DAY) if parcel.name == name)
    pictures = tuple(Evidence(role, "image/jpeg", role, "shot") for role in ("face", "heat", "registered"))
    compared = FaceComparison(Gtin("09521234543213"), 1, "shot", aligned=True, score=0.8, threshold_check=0.5,
                              threshold_strong=0.9, pictures=pictures)  # fmt: skip
    seen = Seen(
        captures=(Capture("shot", 60, 40, "demo", Quality(100.0, 0.0, 128.0)),),
        comparisons=(compared,) if aligned else (),
    )
    verdict = Verdict(outcome, findings, (NotChecked("serial", "reason.no_code"),), ("face",), FRESH)
    assessment = Assessment("id", 1, seen, Identity(), verdict, NOW, 12.0, {"decode": 8.0})
    return Visit(parcel, (Frame(_jpeg(), "image/jpeg", "demo"),), assessment, 14.0)


def test_a_visit_that_aligned_shows_the_three_pictures_side_by_side() -> None:
    finding = Finding("face.hologram", Cause.MISMATCH, Weight.CHECK, {"where": "@where.hologram"}, source="Holder")
    row = report.row(_visit("hologram-missing", Outcome.CHECK, (finding,), aligned=True), _jpeg, _unknown)
    assert row.met
    assert [bool(row.shots[0].captured), bool(row.shots[0].registered), bool(row.shots[0].heat)] == [True] * 3
    assert row.shots[0].heat_is == "Where they differ (score 0.80, check from 0.50)"
    assert row.reasons[0].by == "Holder"


def test_a_visit_without_an_aligned_face_shows_the_demos_own_photograph_and_says_so() -> None:
    row = report.row(_visit("unregistered", Outcome.CANNOT_ASSESS), _jpeg, _unknown)
    assert row.shots[0].captured_is == "Photograph (the demo's own; the bench keeps none)"
    assert row.shots[0].registered == ""
    assert not row.met
    assert row.expected == "CANNOT ASSESS: product.unregistered"


def test_the_page_is_self_contained_and_shows_every_verdict_by_word_and_shape(tmp_path: Path) -> None:
    visits = [_visit("medicine", outcome) for outcome in Outcome]
    page = report.write([report.row(v, _jpeg, _unknown) for v in visits], "stamp", tmp_path / "report.html").read_text(
        "utf-8"
    )
    for word in ("NO FINDING", "CHECK", "STRONG INDICATION", "CANNOT ASSESS"):
        assert word in page
    assert not re.search(r"(?:src|href)=\"(?!data:|#)", page)
    assert "http" not in page
    assert page.count("<circle") >= 2


@pytest.mark.parametrize("claim", ["genuine", "authentic", "fake", "counterfeit", "infring", "cleared", "✓", "✔"])
def test_the_page_never_claims_what_the_bench_may_not(tmp_path: Path, claim: str) -> None:
    rows = [report.row(_visit(parcel.name, Outcome.NO_FINDING), _jpeg, _unknown) for parcel in parcels(DAY)[:3]]
    assert claim not in report.write(rows, "", tmp_path / "report.html").read_text("utf-8").casefold()
