"""Practice: a decision is held against the known answer of its parcel, and of no other inspection."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge import practice
from edge.arrival import Arrival
from edge.consignment import Consignment
from edge.errors import SettingsError
from edge.inspection import Decision
from edge.practice import Judged, Kind, KnownParcel, Score, Tried, scores
from edge.steps.capture import RawCode

RELEASE, REFER, DETAIN = Decision.RELEASE, Decision.REFER, Decision.DETAIN


def parcel(*expected: Decision, kind: Kind = Kind.FACE) -> KnownParcel:
    return KnownParcel(1, "RX123456785AQ", kind, expected, ("01-1.jpg",), Consignment(document="RX123456785AQ"))


@pytest.mark.parametrize(
    ("expected", "decision", "judged"),
    [
        ((RELEASE,), RELEASE, Judged.AS_EXPECTED),
        ((RELEASE,), REFER, Judged.MORE),
        ((RELEASE, REFER), DETAIN, Judged.MORE),
        ((RELEASE, REFER), REFER, Judged.AS_EXPECTED),
        ((REFER, DETAIN), RELEASE, Judged.LESS),
        ((DETAIN,), REFER, Judged.LESS),
        ((RELEASE,), None, Judged.UNDECIDED),
    ],
)
def test_a_decision_is_as_expected_or_more_or_less_than_needed(
    expected: tuple[Decision, ...], decision: Decision | None, judged: Judged
) -> None:
    assert parcel(*expected).judged(decision) is judged


def test_a_score_counts_by_kind_and_tells_the_median_time_of_what_was_decided() -> None:
    one = parcel(DETAIN)
    found = [
        Tried(one, "a", DETAIN, Judged.AS_EXPECTED, 4.0),
        Tried(one, "b", RELEASE, Judged.LESS, 8.0),
        Tried(one, "c", None, Judged.UNDECIDED, None),
        Tried(parcel(RELEASE, kind=Kind.SERIAL), "d", None, Judged.UNDECIDED, None),
    ]
    none = dict.fromkeys(Judged, 0)
    assert scores(found) == (
        Score(Kind.FACE, none | {Judged.AS_EXPECTED: 1, Judged.LESS: 1, Judged.UNDECIDED: 1}, 6.0),
        Score(Kind.SERIAL, none | {Judged.UNDECIDED: 1}, None),
    )


def test_a_number_of_the_sheet_that_comes_alone_brings_its_pictures_and_its_declaration(tmp_path: Path) -> None:
    def scanned(text: str) -> Arrival:
        return Arrival("1", (RawCode(text.encode(), "gun-1"),))

    assert practice.whole(tmp_path, scanned("RX123456785AQ")) == scanned("RX123456785AQ")  # nothing was drawn
    (tmp_path / practice.FOLDER).mkdir()
    practice.keep(tmp_path, [parcel(REFER)])
    (tmp_path / practice.FOLDER / "01-1.jpg").write_bytes(b"drawn")
    whole = practice.whole(tmp_path, scanned("]C0rx 123456785 aq"))
    assert [frame.data for frame in whole.pictures] == [b"drawn"]
    assert (whole.consignment, whole.codes[0].source) == (parcel(REFER).consignment, "gun-1")
    assert practice.whole(tmp_path, whole) == whole
    assert practice.whole(tmp_path, scanned("RX999999995AQ")) == scanned("RX999999995AQ")


def test_answers_are_read_as_they_were_kept(tmp_path: Path) -> None:
    (tmp_path / practice.FOLDER).mkdir()
    practice.keep(tmp_path, [parcel(REFER, DETAIN)])
    assert practice.known(tmp_path) == (parcel(REFER, DETAIN),)


def test_a_practice_bench_without_drawn_parcels_says_where_they_should_be(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        practice.known(tmp_path)
    path = tmp_path / "practice" / "answers.json"
    assert caught.value.message == f"{path}: expected the answers of drawn parcels, got FileNotFoundError."
