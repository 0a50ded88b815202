"""An officer's day at a real bench: what arrives, what is answered, what is on record afterwards."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edge.arrival import Arrival
from edge.bench import Bench
from edge.consignment import Consignment, DeclaredLine, Party
from edge.errors import Conflict, EvidenceError, ImageRefused, NotFound, RequestRefused
from edge.inspection import Assessment, Cause, Decision, Outcome
from edge.ports import Frame
from edge.steps.capture import RawCode
from edge.storage.evidence import EvidenceStore
from provisioning.demo import symbols
from provisioning.demo.items import item
from provisioning.demo.parcels import Parcel
from provisioning.demo.photographs import photographs
from provisioning.demo.products import BY_KEY
from tests.stories.conftest import DAY, Open

Photographed = Callable[[str], tuple[Frame, ...]]


def scan(product: str, name: str) -> RawCode:
    marking = item(product, name, DAY)
    elements = {"01": BY_KEY[product].gtin, "21": marking.serial or ""}
    return RawCode(("]d2" + symbols.message(elements)).encode(), "scanner:1")


def codes(assessment: object) -> list[str]:
    return [finding.code for finding in assessment.verdict.findings]  # type: ignore[attr-defined]


def test_a_scan_alone_is_answered_from_the_registry(bench: Bench) -> None:
    answer = bench.inspect(Arrival("1", codes=(scan("medicine", "first"),)))
    assert answer.verdict.outcome is Outcome.NO_FINDING
    assert "serial" in answer.verdict.checked
    assert answer.verdict.freshness.edition == "demo-2026-11-21"
    assert bench.record(answer.inspection).assessments == (answer,)


def test_a_later_picture_adds_an_assessment_to_the_same_inspection(bench: Bench, photographed: Photographed) -> None:
    first = bench.inspect(Arrival("1", codes=(scan("medicine", "first"),)))
    second = bench.inspect(Arrival("1", pictures=photographed("medicine")))
    assert (second.inspection, second.number) == (first.inspection, 2)
    assert "face" in second.verdict.checked
    assert [a.number for a in bench.record(first.inspection).assessments] == [1, 2]


def test_a_code_that_is_scanned_after_the_picture_is_compared_with_it(bench: Bench, photographed: Photographed) -> None:
    first = bench.inspect(Arrival("1", pictures=photographed("blurred")))
    assert first.seen.comparisons == ()
    second = bench.inspect(Arrival("1", codes=(scan("brakes", "first"),)))
    assert second.inspection == first.inspection
    assert [comparison.capture for comparison in second.seen.comparisons] == [first.seen.captures[0].sha256]


def test_a_second_picture_of_an_item_is_judged_together_with_the_first(
    bench: Bench, photographed: Photographed, parcel: Callable[[str], Parcel]
) -> None:
    first = bench.inspect(Arrival("1", pictures=photographed("serum")))
    second = bench.inspect(Arrival("1", pictures=photographs(parcel("serum"), seed=2)))
    assert second.inspection == first.inspection
    assert [one.together for one in second.seen.comparisons] == [(), (first.seen.captures[0].sha256,)]


def test_only_the_face_and_the_symbols_of_a_picture_are_kept(
    bench: Bench, photographed: Photographed, tmp_path: Path
) -> None:
    (frame,) = photographed("medicine")
    answer = bench.inspect(Arrival("1", pictures=(frame,)))
    kept = [kept for shown in answer.seen.captures for kept in shown.kept]
    faces = [picture for comparison in answer.seen.comparisons for picture in comparison.pictures]
    assert {evidence.role for evidence in kept} == {"symbol"}
    assert {evidence.role for evidence in faces} == {"face", "heat", "registered"}
    assert all(bench.evidence(evidence.sha256) for evidence in (*kept, *faces))
    on_disk = b"".join(path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file())
    assert frame.data[1000:1100] not in on_disk
    assert bench.evidence(kept[0].sha256)[:200] not in on_disk  # encrypted at rest


def test_a_double_scan_stays_silent_and_shows_the_earlier_answer(bench: Bench) -> None:
    arrival = Arrival("1", codes=(scan("medicine", "first"),))
    first = bench.inspect(arrival)
    assert bench.inspect(arrival) is first
    assert len(bench.recent(10)) == 1


def test_another_parcel_number_opens_another_inspection(bench: Bench) -> None:
    first = bench.inspect(Arrival("1", codes=(RawCode(b"RR473124829JP", "scanner:1"),)))
    second = bench.inspect(Arrival("1", codes=(RawCode(b"RR123456785JP", "scanner:1"),)))
    assert first.inspection != second.inspection
    assert [row.entry.kind for row in bench.recent(10)] == ["next", "assessed", "assessed"]


def test_the_next_parcel_is_never_a_release(bench: Bench) -> None:
    first = bench.inspect(Arrival("1", codes=(scan("medicine", "first"),)))
    bench.next("1")
    second = bench.inspect(Arrival("1", codes=(scan("medicine", "second"),)))
    assert second.inspection != first.inspection
    assert bench.record(first.inspection).disposition is None
    assert bench.record(first.inspection).state == "assessed"


def test_the_officers_decision_and_its_undoing_are_rows_of_their_own(bench: Bench) -> None:
    answer = bench.inspect(Arrival("1", codes=(scan("toner", "revoked"),)))
    assert answer.verdict.outcome is Outcome.STRONG_INDICATION
    with pytest.raises(Conflict, match=r"^Expected a reason to release on STRONG_INDICATION, got none\.$"):
        bench.dispose(answer.inspection, Decision.RELEASE)
    bench.dispose(answer.inspection, Decision.DETAIN, officer="O-7")
    with pytest.raises(Conflict) as caught:
        bench.inspect(Arrival("1", codes=(scan("toner", "first"),), inspection=answer.inspection))
    assert caught.value.code == "inspection_conflict"
    bench.undo(answer.inspection, officer="O-7", reason="wrong parcel")
    record = bench.record(answer.inspection)
    assert record.disposition is None
    assert [d.decision for _, d in record.dispositions] == [Decision.DETAIN, None]
    with pytest.raises(NotFound) as nothing:
        bench.undo(answer.inspection, officer="O-8")
    assert nothing.value.code == "disposition_not_found"


def test_the_same_key_brings_the_same_answer_and_never_another_row(bench: Bench) -> None:
    arrival = Arrival("1", codes=(scan("medicine", "first"),), key="k-1")
    first = bench.inspect(arrival)
    bench.next("1")
    again = bench.inspect(arrival)
    assert (again.inspection, again.number) == (first.inspection, 1)
    with pytest.raises(Conflict) as caught:
        bench.inspect(Arrival("1", codes=(scan("toner", "first"),), key="k-1"))
    assert caught.value.code == "idempotency_conflict"
    assert [row.entry.kind for row in bench.recent(10)] == ["next", "assessed"]


def test_an_inspection_goes_on_after_a_restart(opened: Open) -> None:
    with opened() as bench:
        first = bench.inspect(Arrival("1", codes=(scan("medicine", "first"),)))
    with opened() as bench:
        second = bench.inspect(Arrival("1", codes=(RawCode(b"RR473124829JP", "typed"),), inspection=first.inspection))
        assert (second.inspection, second.number) == (first.inspection, 2)
        assert [number.value for number in second.identity.parcel_numbers] == ["RR473124829JP"]
        assert {row.entry.origin.boot for row in bench.recent(10)} != set()
        assert len({row.entry.origin.boot for row in bench.recent(10)}) == 2


def test_a_late_addition_to_an_old_inspection_does_not_push_away_the_open_one(bench: Bench) -> None:
    old = bench.inspect(Arrival("1", codes=(scan("medicine", "first"),)))
    bench.next("1")
    current = bench.inspect(Arrival("1", codes=(scan("toner", "first"),)))
    late = bench.inspect(Arrival("1", codes=(RawCode(b"RR473124829JP", "typed"),), inspection=old.inspection))
    assert (late.inspection, late.number) == (old.inspection, 2)
    assert bench.inspect(Arrival("1", codes=(scan("toner", "first"),))) is current


def test_the_next_parcel_does_not_fall_into_an_old_inspection_that_was_added_to(bench: Bench) -> None:
    old = bench.inspect(Arrival("1", codes=(scan("medicine", "first"),)))
    bench.next("1")
    bench.inspect(Arrival("1", codes=(RawCode(b"RR473124829JP", "typed"),), inspection=old.inspection))
    assert bench.open_at("1") == ""
    assert bench.inspect(Arrival("1", codes=(scan("toner", "first"),))).inspection != old.inspection


def test_a_picture_that_shows_another_parcel_number_opens_another_inspection(
    bench: Bench, photographed: Photographed
) -> None:
    first = bench.inspect(Arrival("1", codes=(RawCode(b"RR473124829JP", "scanner:1"),)))
    second = bench.inspect(Arrival("1", pictures=photographed("declared-goods")))
    assert second.inspection != first.inspection


def test_a_scan_is_not_lost_to_the_bad_picture_that_was_sent_with_it(bench: Bench) -> None:
    bad = Frame(b"no picture at all", "image/jpeg", "upload")
    answer = bench.inspect(Arrival("1", codes=(scan("toner", "revoked"),), pictures=(bad,)))
    assert answer.verdict.outcome is Outcome.STRONG_INDICATION
    assert "capture.refused" in codes(answer)


def test_a_key_that_was_answered_by_a_double_scan_is_kept(bench: Bench) -> None:
    first = bench.inspect(Arrival("1", codes=(scan("medicine", "first"),)))
    again = Arrival("1", codes=(scan("medicine", "first"),), key="k-2")
    assert bench.inspect(again) == first
    bench.next("1")
    assert bench.inspect(again) == first
    assert bench.open_at("1") == ""


def test_a_repeated_next_never_closes_the_parcel_that_followed(bench: Bench) -> None:
    first = bench.inspect(Arrival("1", codes=(scan("medicine", "first"),)))
    bench.next("1", inspection=first.inspection)
    second = bench.inspect(Arrival("1", codes=(scan("toner", "first"),)))
    bench.next("1", inspection=first.inspection)
    assert bench.open_at("1") == second.inspection


def test_a_decision_on_an_assessment_that_is_not_the_newest_is_refused(bench: Bench) -> None:
    answer = bench.inspect(Arrival("1", codes=(scan("medicine", "first"),)))
    bench.inspect(Arrival("1", codes=(RawCode(b"RR473124829JP", "s"),)))
    with pytest.raises(Conflict) as caught:
        bench.dispose(answer.inspection, Decision.RELEASE, assessment=1)
    assert caught.value.code == "disposition_outdated"
    done = bench.dispose(answer.inspection, Decision.RELEASE, officer="O", assessment=2)
    assert bench.dispose(answer.inspection, Decision.RELEASE, officer="O", assessment=2) == done
    undone = bench.undo(answer.inspection, officer="O")
    assert bench.undo(answer.inspection, officer="O") == undone
    assert len(bench.record(answer.inspection).dispositions) == 2


def test_what_lay_open_before_a_restart_lies_open_after_it(opened: Open) -> None:
    with opened() as bench:
        first = bench.inspect(Arrival("1", codes=(scan("medicine", "first"),)))
        bench.inspect(Arrival("2", codes=(scan("toner", "first"),)))
        bench.next("2")
    with opened() as bench:
        assert (bench.open_at("1"), bench.open_at("2")) == (first.inspection, "")
        assert bench.inspect(Arrival("1", codes=(scan("medicine", "first"),))).number == 1


def test_two_officers_who_decide_at_once_leave_one_decision(bench: Bench) -> None:
    answer = bench.inspect(Arrival("1", codes=(scan("medicine", "unknown"),)))

    def decide(decision: Decision) -> str:
        try:
            bench.dispose(answer.inspection, decision, officer="O")
        except Conflict as conflict:
            return conflict.code
        return decision

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(decide, [Decision.REFER, Decision.DETAIN] * 4))
    assert "disposition_conflict" in told
    assert len(bench.record(answer.inspection).dispositions) == 1


def test_a_stuck_scanner_does_not_make_one_inspection_grow_without_end(opened: Open) -> None:
    with opened(max_seen=3) as bench:
        for number in range(3):
            bench.inspect(Arrival("1", codes=(RawCode(f"STUCK {number}".encode(), "scanner:1"),)))
        with pytest.raises(Conflict) as caught:
            bench.inspect(Arrival("1", codes=(RawCode(b"STUCK 3", "scanner:1"),)))
        assert caught.value.code == "inspection_full"
        bench.next("1")
        assert bench.inspect(Arrival("1", codes=(RawCode(b"STUCK 3", "scanner:1"),))).number == 1


def test_sender_and_addressee_stay_out_of_the_chain(bench: Bench, tmp_path: Path) -> None:
    consignment = Consignment(
        "RR473124829JP", "CN23", Party("Quiet Sender", "Hidden Street 5"), Party("Some Addressee"),
        lines=(DeclaredLine("tablets"),),
    )  # fmt: skip
    answer = bench.inspect(Arrival("1", codes=(scan("medicine", "first"),), consignment=consignment))
    body = str(bench.recent(1)[0].entry.body)
    assert "Quiet Sender" not in body
    assert "Addressee" not in body
    whole = bench.record(answer.inspection).assessments[0].seen.consignment
    assert whole == consignment
    on_disk = b"".join(path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file())
    assert b"Quiet Sender" not in on_disk


def test_a_serial_in_a_second_parcel_wants_a_look_at_the_other_station(bench: Bench) -> None:
    one = Arrival("1", codes=(RawCode(b"RR473124829JP", "scanner:1"), scan("serum", "first")))
    two = Arrival("2", codes=(RawCode(b"RR123456785JP", "scanner:2"), scan("serum", "first")))
    assert bench.inspect(one).verdict.outcome is Outcome.NO_FINDING
    bench.next("1")
    assert bench.inspect(one).verdict.outcome is Outcome.NO_FINDING  # the same parcel again
    answer = bench.inspect(two)
    assert (answer.verdict.outcome, codes(answer)[0]) == (Outcome.CHECK, "serial.seen_elsewhere")


def test_two_stations_inspect_at_once_and_do_not_mix(bench: Bench) -> None:
    def send(number: int) -> tuple[int, Assessment]:
        station = number % 2 + 1
        return station, bench.inspect(Arrival(str(station), codes=(RawCode(f"AT{station}-{number}".encode(), "s"),)))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(24)))
    for station in (1, 2):
        assert len({answer.inspection for at, answer in answers if at == station}) == 1
        texts = [symbol.text for symbol in bench.record(bench.open_at(str(station))).assessments[-1].seen.symbols]
        assert sorted(texts) == sorted(f"AT{station}-{number}" for number in range(24) if number % 2 + 1 == station)


def test_a_worker_that_dies_is_the_boxs_fault_and_the_next_picture_is_answered(
    bench: Bench, photographed: Photographed
) -> None:
    for pid in bench.worker_pids():
        os.kill(pid, signal.SIGKILL)
    answers = [bench.inspect(Arrival("1", pictures=photographed(name))) for name in ("medicine", "serum")]
    assert all(f.cause is Cause.SYSTEM for f in answers[0].verdict.findings if f.code.startswith("system."))
    assert "face" in answers[1].verdict.checked


def test_a_frame_that_takes_too_long_is_answered_as_a_fault_of_the_box(
    opened: Open, photographed: Photographed
) -> None:
    with opened(decode_budget_s=0.001) as bench:
        answer = bench.inspect(Arrival("1", pictures=photographed("medicine")))
    assert (answer.verdict.outcome, codes(answer)) == (Outcome.CANNOT_ASSESS, ["system.decode"])


def test_a_missing_model_pack_is_a_fault_of_the_box_and_the_codes_still_count(
    opened: Open, photographed: Photographed, tmp_path: Path
) -> None:
    with opened(pack_dir=tmp_path / "none") as bench:
        answer = bench.inspect(Arrival("1", pictures=photographed("medicine")))
    assert answer.verdict.outcome is Outcome.CANNOT_ASSESS
    assert "system.compare" in codes(answer)
    assert "serial" in answer.verdict.checked


def test_without_a_registry_the_bench_still_records(opened: Open) -> None:
    with opened(registry=None) as bench:
        answer = bench.inspect(Arrival("1", codes=(scan("medicine", "first"),)))
        assert (answer.verdict.outcome, codes(answer)) == (Outcome.CANNOT_ASSESS, ["registry.missing"])
        assert len(bench.recent(10)) == 1


def test_a_picture_that_is_refused_records_nothing(bench: Bench) -> None:
    with pytest.raises(ImageRefused) as empty:
        bench.inspect(Arrival("1", pictures=(Frame(b"", "image/jpeg", "upload"),)))
    with pytest.raises(ImageRefused) as wrong:
        bench.inspect(Arrival("1", pictures=(Frame(b"no picture at all", "image/jpeg", "upload"),)))
    assert (empty.value.code, wrong.value.code) == ("image_empty", "image_wrong_type")
    assert bench.recent(10) == ()


def test_a_station_that_the_box_does_not_serve_is_refused(bench: Bench) -> None:
    with pytest.raises(RequestRefused, match=r"^Expected one of the stations 1, 2, got '9'\.$"):
        bench.inspect(Arrival("9", codes=(scan("medicine", "first"),)))


@pytest.mark.parametrize(
    "payload", [b"\x00\x01\x02", b"\xff\xfe\xfd", b"A" * 7_900, "日本語".encode("shift_jis"), b"]", b"(01)"]
)
def test_strange_codes_are_answered_and_kept_as_they_came(bench: Bench, payload: bytes) -> None:
    answer = bench.inspect(Arrival("1", codes=(RawCode(payload, "scanner:1"),)))
    assert answer.verdict.outcome is Outcome.CANNOT_ASSESS
    assert bench.record(answer.inspection).assessments[0].seen.symbols[0].payload == payload


def test_a_full_disk_costs_the_pictures_and_never_the_result(
    opened: Open, photographed: Photographed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: EvidenceStore, data: bytes, media_type: str) -> str:
        raise EvidenceError("evidence_full", f"Expected room for {len(data)} bytes of {media_type}, got none.")

    with opened() as bench:
        monkeypatch.setattr(EvidenceStore, "put", full)
        answer = bench.inspect(Arrival("1", pictures=photographed("medicine")))
        assert "system.evidence" in codes(answer)
        assert answer.verdict.outcome is Outcome.NO_FINDING
        assert len(bench.recent(10)) == 1
