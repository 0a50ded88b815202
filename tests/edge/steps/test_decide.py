"""The verdict, from cases drawn by hand: what raises what, and what never accuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import policy as policies
from edge.captures import Box
from edge.checks import face
from edge.checks.disposition import explained
from edge.comparison import Difference, Recognition, Retake
from edge.consignment import Consignment, DeclaredLine, Party
from edge.errors import Conflict
from edge.gs1 import Gtin
from edge.identity import Contradiction, Identity, InputFault
from edge.inspection import Cause, Decision, Disposition, Outcome, Seen, SystemFault, Verdict, Weight
from edge.lookup import ItemLookup, LookupResult, SerialStatus, Sighting, WatchHit
from edge.moment import ClockTrust, Moment
from edge.postal import ParcelNumber
from edge.steps.decide import assess
from tests.edge import drawn_cases as drawn

POLICY = policies.builtin()


def codes(verdict: Verdict) -> list[str]:
    return [finding.code for finding in verdict.findings]


def test_a_known_serial_of_a_registered_product_brings_no_finding() -> None:
    verdict = assess(drawn.case(), POLICY)
    assert (verdict.outcome, verdict.findings) == (Outcome.NO_FINDING, ())
    assert [(missed.check, missed.reason) for missed in verdict.not_checked] == [
        ("face", "reason.no_capture"),
        ("consignment", "reason.no_consignment"),
        ("watch_list", "reason.no_consignment"),
    ]


def test_every_verdict_is_stamped_with_its_freshness() -> None:
    stamp = assess(drawn.case(seen=drawn.pictured(pack="first-1")), POLICY).freshness
    assert (stamp.edition, stamp.edition_number, stamp.age_days) == ("drawn-2026-11-20", 42, 1)
    assert (stamp.bulletin_quarter, stamp.pack, stamp.policy) == ("2026-Q4", "first-1", "default 2026.11")


@pytest.mark.parametrize(
    ("status", "outcome", "code"),
    [
        (SerialStatus.UNKNOWN, Outcome.CHECK, "serial.unknown"),
        (SerialStatus.REVOKED, Outcome.STRONG_INDICATION, "serial.revoked"),
        (SerialStatus.STOLEN, Outcome.STRONG_INDICATION, "serial.stolen"),
        (SerialStatus.REPORTED, Outcome.CHECK, "serial.reported"),
    ],
)
def test_a_serial_status_weighs_what_the_policy_says(status: SerialStatus, outcome: Outcome, code: str) -> None:
    verdict = assess(drawn.case(replace(drawn.FOUND, serial=status)), POLICY)
    assert (verdict.outcome, codes(verdict)) == (outcome, [code])
    assert verdict.findings[0].cause is Cause.MISMATCH
    assert verdict.findings[0].source == "Aoi Cosmetics"


def test_an_unknown_serial_from_a_repaired_scan_is_a_matter_of_the_input() -> None:
    case = drawn.case(replace(drawn.FOUND, serial=SerialStatus.UNKNOWN))
    fault = InputFault("layout_jis_us", "raw", "repaired", "", "scanner:1")
    verdict = assess(replace(case, identity=replace(case.identity, faults=(fault,))), POLICY)
    assert (verdict.outcome, codes(verdict)) == (
        Outcome.CANNOT_ASSESS,
        ["serial.unknown_repaired", "input.repaired"],
    )


def test_an_unknown_serial_that_a_scanner_fault_explains_is_a_matter_of_the_input() -> None:
    item = replace(drawn.ITEM, serial="AB12345610L2601")
    verdict = assess(
        drawn.case(replace(drawn.FOUND, item=item, serial=SerialStatus.UNKNOWN, misread=True)),
        POLICY,
    )
    assert (verdict.outcome, codes(verdict)) == (Outcome.CANNOT_ASSESS, ["serial.unknown_repaired"])


def test_stock_from_before_the_serial_programme_is_not_a_doubt() -> None:
    early = replace(drawn.PRODUCT, programme_start=date(2026, 1, 1))
    verdict = assess(drawn.case(replace(drawn.FOUND, product=early, serial=SerialStatus.BEFORE_PROGRAMME)), POLICY)
    assert verdict.outcome is Outcome.CANNOT_ASSESS
    assert codes(verdict) == ["product.nothing_checked", "serial.before_programme"]


def test_a_serial_that_breaks_the_right_holders_rule_wants_a_look() -> None:
    item = replace(drawn.ITEM, serial="ab123456")
    verdict = assess(drawn.case(replace(drawn.FOUND, item=item)), POLICY)
    assert (verdict.outcome, codes(verdict)) == (Outcome.CHECK, ["serial.rule"])


def test_a_stale_registry_never_accuses_a_parcel() -> None:
    old = replace(drawn.EDITION, issued=drawn.NOW.utc - timedelta(days=120))
    verdict = assess(drawn.case(replace(drawn.FOUND, serial=SerialStatus.UNKNOWN), edition=old), POLICY)
    assert verdict.outcome is Outcome.CANNOT_ASSESS
    assert {finding.code: finding.cause for finding in verdict.findings} == {
        "registry.stale": Cause.STALE,
        "serial.unknown_stale": Cause.STALE,
    }


def test_an_aging_registry_is_pointed_out_and_changes_nothing() -> None:
    old = replace(drawn.EDITION, issued=drawn.NOW.utc - timedelta(days=40))
    verdict = assess(drawn.case(edition=old), POLICY)
    assert (verdict.outcome, codes(verdict), verdict.freshness.age_days) == (Outcome.NO_FINDING, ["registry.aging"], 40)


@pytest.mark.parametrize(
    "now",
    [
        Moment(datetime(1970, 1, 1, tzinfo=UTC), ClockTrust.UNTRUSTED),
        Moment(datetime(2026, 11, 1, tzinfo=UTC), ClockTrust.FLOOR),  # before the edition was issued
    ],
)
def test_a_clock_that_is_not_to_be_trusted_makes_the_age_unknown(now: Moment) -> None:
    verdict = assess(drawn.case(now=now), POLICY)
    assert verdict.freshness.age_days is None
    assert "registry.clock" in codes(verdict)


def test_without_a_registry_nothing_can_be_assessed() -> None:
    verdict = assess(replace(drawn.case(), lookup=LookupResult(None)), POLICY)
    assert (verdict.outcome, codes(verdict)) == (Outcome.CANNOT_ASSESS, ["registry.missing"])


def test_an_unregistered_product_is_no_fault_of_the_parcel() -> None:
    verdict = assess(drawn.case(ItemLookup(drawn.ITEM, None)), POLICY)
    assert (verdict.outcome, codes(verdict)) == (Outcome.CANNOT_ASSESS, ["product.unregistered"])
    assert verdict.findings[0].cause is Cause.NO_REFERENCE


def test_an_in_store_number_is_told_apart_from_an_unregistered_product() -> None:
    item = replace(drawn.ITEM, gtin=Gtin("02012345678903"))
    assert codes(assess(drawn.case(ItemLookup(item, None)), POLICY)) == ["product.in_store"]


def test_an_expired_recordation_caps_the_answer() -> None:
    over = replace(drawn.RECORDATION, valid_to=date(2026, 10, 31))
    verdict = assess(drawn.case(replace(drawn.FOUND, recordations=(over,))), POLICY)
    assert (verdict.outcome, codes(verdict)) == (Outcome.CANNOT_ASSESS, ["recordation.expired"])
    assert verdict.findings[0].arguments == {"number": "R-1", "right_holder": "Aoi Cosmetics", "date": "2026-10-31"}


def test_one_recordation_in_force_is_enough() -> None:
    over = replace(drawn.RECORDATION, valid_to=date(2026, 10, 31))
    verdict = assess(drawn.case(replace(drawn.FOUND, recordations=(over, drawn.RECORDATION))), POLICY)
    assert verdict.outcome is Outcome.NO_FINDING


def test_a_face_within_the_threshold_brings_no_finding() -> None:
    verdict = assess(drawn.case(seen=drawn.pictured()), POLICY)
    assert (verdict.outcome, verdict.checked) == (
        Outcome.NO_FINDING,
        ("product", "serial", "face", "sightings", "recordation", "codes"),
    )


@pytest.mark.parametrize(
    ("score", "told"),
    [(0.6, ["face.colour"]), (0.95, ["face.decisive", "face.colour"])],
)
def test_a_face_over_a_threshold_names_its_kind_and_place(score: float, told: list[str]) -> None:
    difference = Difference("colour", score, Box(1, 2, 3, 4), Box(10, 20, 30, 40), region="logo")
    verdict = assess(drawn.case(seen=drawn.pictured(score=score, differences=(difference,))), POLICY)
    assert verdict.outcome is Outcome.CHECK
    assert codes(verdict) == [*told, "capture.second_angle"]  # of one picture alone
    assert verdict.findings[0].arguments == {"where": "@where.logo"}
    assert (verdict.findings[0].box, verdict.findings[0].dated) == (Box(10, 20, 30, 40), date(2026, 1, 5))


def test_a_hologram_that_is_there_is_no_finding_and_one_that_lacks_is_named_by_its_kind() -> None:
    for score, found in ((0.1, []), (0.7, ["face.hologram", "capture.second_angle"])):
        difference = Difference("hologram", score, Box(1, 2, 3, 4), region="hologram: Acme")
        verdict = assess(drawn.case(seen=drawn.pictured(score=0.15, differences=(difference,))), POLICY)
        assert codes(verdict) == found
        assert [finding.arguments for finding in verdict.findings] == [{"where": "@where.hologram"}] * len(found)


def test_captures_of_one_face_that_were_judged_apart_count_by_their_mean() -> None:
    glaring = replace(drawn.COMPARISON, capture="d" * 64, score=0.7)
    seen = Seen(captures=(drawn.CAPTURE,), comparisons=(glaring, drawn.COMPARISON))
    assert assess(drawn.case(seen=seen), POLICY).outcome is Outcome.NO_FINDING


def test_a_comparison_that_rests_on_earlier_captures_stands_for_them() -> None:
    later = replace(drawn.COMPARISON, capture="d" * 64, score=0.6, together=(drawn.CAPTURE.sha256,))
    seen = Seen(captures=(drawn.CAPTURE,), comparisons=(drawn.COMPARISON, later))
    assert assess(drawn.case(seen=seen), POLICY).outcome is Outcome.CHECK


def test_each_of_two_items_of_one_product_is_judged_by_its_own_captures() -> None:
    shown = replace(drawn.ITEM, sources=("capture:" + "c" * 64,))
    second = replace(drawn.ITEM, serial="AB123457", sources=("capture:" + "d" * 64,))
    bad = replace(drawn.COMPARISON, capture="d" * 64, score=0.9)
    case = drawn.case(replace(drawn.FOUND, item=shown), seen=Seen((drawn.CAPTURE,), (), (drawn.COMPARISON, bad)))
    first, other = case.lookup.items[0], replace(drawn.FOUND, item=second)
    case = replace(case, lookup=replace(case.lookup, items=(first, other)))
    assert codes(assess(case, POLICY)) == ["face.decisive", "capture.second_angle"]
    assert [c.capture[0] for c in face.of_item(first, case).comparisons] == ["c"]


def test_the_nearest_print_run_counts() -> None:
    later = replace(drawn.FACE, face_id=2, version="2027")
    comparisons = (replace(drawn.COMPARISON, score=0.8), replace(drawn.COMPARISON, face_id=2, score=0.1))
    seen = Seen(captures=(drawn.CAPTURE,), comparisons=comparisons)
    verdict = assess(drawn.case(replace(drawn.FOUND, faces=(drawn.FACE, later)), seen=seen), POLICY)
    assert verdict.outcome is Outcome.NO_FINDING


@pytest.mark.parametrize("retake", [Retake.BLURRED, Retake.GLARE, Retake.TOO_SMALL, Retake.TOO_DARK, Retake.NOT_FOUND])
def test_a_picture_that_does_not_allow_a_comparison_asks_for_another(retake: Retake) -> None:
    verdict = assess(drawn.case(seen=drawn.pictured(aligned=False, score=None, retake=retake)), POLICY)
    assert (verdict.outcome, codes(verdict)) == (Outcome.CANNOT_ASSESS, [f"capture.{retake.value}"])
    assert verdict.findings[0].cause is Cause.UNREADABLE


def test_a_later_good_picture_answers_an_earlier_blurred_one() -> None:
    blurred = replace(drawn.COMPARISON, capture="d" * 64, aligned=False, score=None, retake=Retake.BLURRED)
    seen = Seen(captures=(drawn.CAPTURE,), comparisons=(blurred, drawn.COMPARISON))
    assert assess(drawn.case(seen=seen), POLICY).outcome is Outcome.NO_FINDING


def test_goods_that_are_not_flat_are_not_compared_and_not_alarmed() -> None:
    verdict = assess(drawn.case(seen=drawn.pictured(aligned=False, score=None, retake=Retake.NOT_FLAT)), POLICY)
    assert verdict.outcome is Outcome.NO_FINDING
    assert ("face", "reason.not_flat") in [(m.check, m.reason) for m in verdict.not_checked]


def test_a_package_that_looks_like_another_product_wants_a_look() -> None:
    other = replace(drawn.PRODUCT, gtin=drawn.OTHER_GTIN, name="Midori Toner")
    seen = replace(
        drawn.pictured(aligned=False, score=None, retake=Retake.NOT_FOUND),
        recognitions=(Recognition(drawn.OTHER_GTIN, 7, drawn.CAPTURE.sha256, 80, 0.9),),
    )
    verdict = assess(drawn.case(seen=seen, recognised=(other,)), POLICY)
    assert (verdict.outcome, codes(verdict)) == (Outcome.CHECK, ["face.other_product"])
    assert verdict.findings[0].arguments == {"product": "Aoi Face Cream 50 g", "other": "Midori Toner"}


def of_package(numbers: tuple[ItemLookup, ...], line: DeclaredLine) -> Verdict:
    """A package that looks like the registered product, whatever its code says, and its declaration."""
    match = Recognition(drawn.GTIN, 1, drawn.CAPTURE.sha256, 80, 0.9)
    lookup = LookupResult(drawn.EDITION, numbers, consignment=consigned(line), recognised=(drawn.PRODUCT,))
    case = replace(drawn.case(), identity=Identity(items=tuple(one.item for one in numbers)), lookup=lookup)
    return assess(replace(case, seen=Seen(captures=(drawn.CAPTURE,), recognitions=(match,))), POLICY)


UNKNOWN = ItemLookup(replace(drawn.ITEM, gtin=drawn.OTHER_GTIN), None)
RIGHT = DeclaredLine("AOI face cream", 1, 60, 350_000, "JPY", "330499", "JP")


@pytest.mark.parametrize(("numbers", "code"), [((), "face.looks_like"), ((UNKNOWN,), "face.other_number")])
def test_a_package_without_a_number_of_its_own_is_no_doubt_by_itself(
    numbers: tuple[ItemLookup, ...], code: str
) -> None:
    verdict = of_package(numbers, RIGHT)
    assert verdict.outcome is Outcome.CANNOT_ASSESS
    assert code in codes(verdict)


@pytest.mark.parametrize("numbers", [(), (UNKNOWN,)])
@pytest.mark.parametrize(
    ("line", "code"),
    [
        (replace(RIGHT, origin="XX"), "consignment.origin"),
        (replace(RIGHT, value_minor=9_000), "consignment.value"),
        (DeclaredLine("USB cable", hs="854442"), "consignment.package"),
    ],
)
def test_the_declaration_is_held_against_what_the_package_looks_like(
    numbers: tuple[ItemLookup, ...], line: DeclaredLine, code: str
) -> None:
    verdict = of_package(numbers, line)
    assert (verdict.outcome, codes(verdict)[0]) == (Outcome.CHECK, "together.several")
    assert code in codes(verdict)


@pytest.mark.parametrize("words", ["gift", "ของใช้"])
def test_words_that_cannot_be_compared_with_the_package_say_nothing(words: str) -> None:
    assert of_package((UNKNOWN,), DeclaredLine(words)).outcome is Outcome.CANNOT_ASSESS


def test_no_readable_symbol_is_told_as_such() -> None:
    case = replace(
        drawn.case(), identity=Identity(), seen=Seen(captures=(drawn.CAPTURE,)), lookup=LookupResult(drawn.EDITION)
    )
    verdict = assess(case, POLICY)
    assert (verdict.outcome, codes(verdict)) == (Outcome.CANNOT_ASSESS, ["symbol.unreadable"])


def test_a_parcel_number_alone_assesses_nothing() -> None:
    identity = Identity(parcel_numbers=(ParcelNumber("S10", "RR473124829JP"),))
    verdict = assess(replace(drawn.case(), identity=identity, lookup=LookupResult(drawn.EDITION)), POLICY)
    assert (verdict.outcome, codes(verdict)) == (Outcome.CANNOT_ASSESS, ["product.nothing_checked"])


def test_a_repaired_scan_is_a_note_and_an_invalid_one_a_limit() -> None:
    repaired = InputFault("capslock", "abc", "ABC", "", "scanner:1")
    broken = InputFault("invalid", "0109521234543210", None, "(01): expected check digit 3, got 0.", "scanner:1")
    case = drawn.case()
    noted = assess(replace(case, identity=replace(case.identity, faults=(repaired,))), POLICY)
    assert (noted.outcome, codes(noted)) == (Outcome.NO_FINDING, ["input.repaired"])
    alone = replace(case, identity=Identity(faults=(broken,)), lookup=LookupResult(drawn.EDITION))
    limited = assess(alone, POLICY)
    assert (limited.outcome, codes(limited)) == (Outcome.CANNOT_ASSESS, ["input.invalid"])
    assert limited.findings[0].cause is Cause.INPUT


def test_symbols_that_contradict_each_other_want_a_look() -> None:
    case = drawn.case()
    contradiction = Contradiction("serial", ("A", "B"), ("x", "y"))
    verdict = assess(replace(case, identity=replace(case.identity, contradictions=(contradiction,))), POLICY)
    assert (verdict.outcome, codes(verdict)) == (Outcome.CHECK, ["codes.contradict"])


def sighting(**changes: object) -> Sighting:
    seen = Sighting("other", "2", "Kobe", drawn.NOW.utc - timedelta(days=3), "S10:RR1")
    return replace(seen, **changes)  # type: ignore[arg-type]


def test_a_serial_seen_in_another_parcel_wants_a_look() -> None:
    case = drawn.case(replace(drawn.FOUND, sightings=(sighting(parcel="RR473124829JP"),)))
    numbered = replace(case.identity, parcel_numbers=(ParcelNumber("S10", "RR000000005JP"),))
    verdict = assess(replace(case, identity=numbered), POLICY)
    assert (verdict.outcome, codes(verdict)) == (Outcome.CHECK, ["serial.seen_elsewhere"])
    assert verdict.findings[0].arguments["place"] == "Kobe"


def test_the_same_parcel_number_seen_again_stays_silent() -> None:
    case = drawn.case(replace(drawn.FOUND, sightings=(sighting(parcel="RR1"),)))
    numbered = replace(case.identity, parcel_numbers=(ParcelNumber("S10", "RR1"),))
    assert assess(replace(case, identity=numbered), POLICY).outcome is Outcome.NO_FINDING


def test_without_parcel_numbers_another_parcel_is_never_asserted() -> None:
    for parcel in ("", "RR1"):
        verdict = assess(drawn.case(replace(drawn.FOUND, sightings=(sighting(parcel=parcel),))), POLICY)
        assert (verdict.outcome, codes(verdict)) == (Outcome.NO_FINDING, ["serial.seen_before"])


def test_the_same_parcel_scanned_again_stays_silent() -> None:
    again = sighting(station="1", parcel="", seen=drawn.NOW.utc - timedelta(minutes=5))
    assert assess(drawn.case(replace(drawn.FOUND, sightings=(again,))), POLICY).outcome is Outcome.NO_FINDING


def consigned(line: DeclaredLine, **changes: object) -> Consignment:
    whole = Consignment("RR473124829JP", "CN23", Party("A. Sender"), lines=(line,))
    return replace(whole, **changes)  # type: ignore[arg-type]


def test_declared_goods_that_do_not_match_want_a_look() -> None:
    verdict = assess(drawn.case(consignment=consigned(DeclaredLine("USB cable"))), POLICY)
    assert (verdict.outcome, codes(verdict)) == (Outcome.CHECK, ["consignment.goods"])


def test_declared_goods_that_match_bring_no_finding() -> None:
    line = DeclaredLine("AOI face cream", 1, 60, 350_000, "JPY", "330499", "JP")
    verdict = assess(drawn.case(consignment=consigned(line)), POLICY)
    assert (verdict.outcome, "consignment" in verdict.checked) == (Outcome.NO_FINDING, True)


def test_origin_chapter_value_and_quantity_are_compared_line_by_line() -> None:
    line = DeclaredLine("Aoi face cream", 9, 60, 90_000, "JPY", "8504", "XX")
    verdict = assess(drawn.case(consignment=consigned(line, category="gift")), POLICY)
    assert set(codes(verdict)) == {
        *("consignment.origin", "consignment.hs", "consignment.value", "consignment.quantity", "together.several")
    }


def test_a_watch_listed_consignor_wants_a_look_and_is_not_named_in_the_finding() -> None:
    hit = WatchHit("W-7", "consignor", "Bad Trader Ltd", "BAD TRADER", 95.0, "seized before", "Drawn Customs")
    verdict = assess(drawn.case(consignment=consigned(DeclaredLine("Aoi face cream")), watch_hits=(hit,)), POLICY)
    assert (verdict.outcome, codes(verdict)) == (Outcome.CHECK, ["watch.listed"])
    assert "Trader" not in str(verdict.findings[0].arguments)


def test_terms_are_judged_on_the_day_of_issue_while_the_clock_is_not_to_be_trusted() -> None:
    now = Moment(datetime(1970, 1, 1, tzinfo=UTC), ClockTrust.UNTRUSTED)
    verdict = assess(drawn.case(now=now), POLICY)
    assert (verdict.outcome, codes(verdict)) == (Outcome.NO_FINDING, ["registry.clock"])
    over = replace(drawn.RECORDATION, valid_to=date(2026, 11, 19))
    late = assess(drawn.case(replace(drawn.FOUND, recordations=(over,)), now=now), POLICY)
    assert "recordation.expired" in codes(late)
    told = next(one for one in late.findings if one.code == "registry.clock")
    assert told.arguments == {"date": "2026-11-20"}


def test_what_the_boxs_own_clock_has_silenced_is_told_as_such() -> None:
    for trust, lapsed, said in ((ClockTrust.FLOOR, True, True), (ClockTrust.SYNCED, True, False)):
        case = drawn.case(now=Moment(drawn.NOW.utc, trust))
        told = assess(replace(case, lookup=replace(case.lookup, lapsed=lapsed)), POLICY)
        assert ("registry.clock_alone" in codes(told)) is said


def test_a_listed_sender_is_dated_by_the_clock() -> None:
    hit = WatchHit("W-7", "consignor", "Bad Trader Ltd", "BAD TRADER", 95.0, "seized before", "Drawn Customs")
    case = drawn.case(
        consignment=consigned(DeclaredLine("Aoi face cream")),
        watch_hits=(hit,),
        now=Moment(drawn.NOW.utc, ClockTrust.FLOOR),
    )
    assert "registry.clock_alone" in codes(assess(case, POLICY))


@pytest.mark.parametrize(("trust", "said"), [(ClockTrust.FLOOR, True), (ClockTrust.SYNCED, False)])
def test_a_term_that_only_the_boxs_own_clock_ends_is_told_as_such(trust: ClockTrust, said: bool) -> None:  # noqa: FBT001 - a parameter of the test
    ahead = Moment(drawn.NOW.utc + timedelta(days=20), trust)
    assert assess(drawn.case(now=ahead), POLICY).findings == ()  # nothing rests on the day: nothing is said
    over = replace(drawn.RECORDATION, valid_to=ahead.utc.date() - timedelta(days=1))
    told = assess(drawn.case(replace(drawn.FOUND, recordations=(over,)), now=ahead), POLICY)
    assert "recordation.expired" in codes(told)
    assert ("registry.clock_alone" in codes(told)) is said


def test_a_fault_whose_work_was_done_since_is_forgotten() -> None:
    fault = SystemFault("compare_worker_crashed", "gone", drawn.CAPTURE.sha256)
    failed = assess(drawn.case(seen=Seen(captures=(drawn.CAPTURE,), faults=(fault, fault))), POLICY)
    assert codes(failed) == ["system.compare"]
    done = assess(drawn.case(seen=replace(drawn.pictured(), faults=(fault, fault))), POLICY)
    assert (done.outcome, codes(done)) == (Outcome.NO_FINDING, [])


def test_a_refused_picture_limits_the_answer_until_a_good_one_comes() -> None:
    fault = SystemFault("picture_image_truncated", "Expected a whole JPEG.")
    alone = assess(drawn.case(seen=Seen(faults=(fault,))), POLICY)
    assert (alone.outcome, codes(alone)) == (Outcome.CANNOT_ASSESS, ["capture.refused"])
    beside = assess(drawn.case(seen=replace(drawn.pictured(), faults=(fault,))), POLICY)
    assert (beside.outcome, codes(beside)) == (Outcome.NO_FINDING, ["capture.refused_other"])


def test_a_system_fault_is_the_boxs_and_not_the_parcels() -> None:
    case = replace(drawn.case(), identity=Identity(), lookup=LookupResult(drawn.EDITION))
    seen = Seen(
        captures=(drawn.CAPTURE,), faults=(SystemFault("decode_worker_timeout", "3.0 s", drawn.CAPTURE.sha256),)
    )
    verdict = assess(replace(case, seen=seen), POLICY)
    assert (verdict.outcome, codes(verdict)) == (Outcome.CANNOT_ASSESS, ["system.decode"])
    assert verdict.findings[0].cause is Cause.SYSTEM


def test_the_most_decisive_reason_stands_first() -> None:
    case = drawn.case(replace(drawn.FOUND, serial=SerialStatus.REVOKED), seen=drawn.pictured(score=0.6))
    identity = replace(case.identity, faults=(InputFault("capslock", "a", "A", "", "s"),))
    assert [f.weight for f in assess(replace(case, identity=identity), POLICY).findings] == [
        *(Weight.STRONG, Weight.CHECK, Weight.NOTE, Weight.NOTE)
    ]


def test_several_items_of_a_product_bring_the_same_reason_once() -> None:
    second = replace(drawn.ITEM, serial="AB123457", sources=("scanner:2",))
    case = drawn.case(consignment=Consignment("RR1", lines=(DeclaredLine("bath towel", quantity=2),)))
    items = (drawn.FOUND, replace(drawn.FOUND, item=second))
    verdict = assess(replace(case, lookup=replace(case.lookup, items=items)), POLICY)
    assert codes(verdict) == ["consignment.goods"]


def test_of_reasons_that_weigh_the_same_what_is_new_stands_before_more_of_it() -> None:
    apart = (Contradiction("serial", ("A", "B"), ("s",)), Contradiction("batch", ("A", "B"), ("s",)))
    towel = Consignment("RR1", lines=(DeclaredLine("bath towel"),))
    case = drawn.case(replace(drawn.FOUND, serial=SerialStatus.UNKNOWN), consignment=towel)
    verdict = assess(replace(case, identity=replace(case.identity, contradictions=apart)), POLICY)
    assert codes(verdict) == ["serial.unknown", "codes.contradict", "consignment.goods", "codes.contradict"]


@pytest.mark.parametrize(
    ("decision", "outcome"), [(Decision.RELEASE, Outcome.STRONG_INDICATION), (Decision.DETAIN, Outcome.NO_FINDING)]
)
def test_departing_from_the_advice_needs_a_reason(decision: Decision, outcome: Outcome) -> None:
    verdict = replace(assess(drawn.case(), POLICY), outcome=outcome)
    silent = Disposition("i", decision, "o", " ", drawn.NOW)
    with pytest.raises(Conflict, match=f"^Expected a reason to {decision} on {outcome}, got none.$"):
        explained(silent, verdict)
    spoken = replace(silent, reason="seen by the examiner")
    assert explained(spoken, verdict) is spoken


@given(
    status=st.sampled_from(list(SerialStatus)),
    score=st.one_of(st.none(), st.floats(0, 1)),
    age=st.integers(0, 400),
    captured=st.booleans(),
)
def test_no_finding_always_rests_on_a_check_that_counts(
    *, status: SerialStatus, score: float | None, age: int, captured: bool
) -> None:
    seen = drawn.pictured(score=score, aligned=score is not None, retake=None if score is not None else Retake.BLURRED)
    edition = replace(drawn.EDITION, issued=drawn.NOW.utc - timedelta(days=age))
    verdict = assess(
        drawn.case(replace(drawn.FOUND, serial=status), seen=seen if captured else None, edition=edition), POLICY
    )
    if verdict.outcome is Outcome.NO_FINDING:
        assert {"serial", "face"} & set(verdict.checked)
        assert age <= POLICY.freshness.registry_limit_days
        assert all(finding.weight is Weight.NOTE for finding in verdict.findings)
