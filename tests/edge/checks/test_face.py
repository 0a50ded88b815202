"""The package face: what a label reads is no difference of the package, and several pictures settle what one leaves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge import policy as policies
from edge.captures import Box
from edge.checks import face
from edge.comparison import CaptureAdvice, Difference
from edge.inspection import Outcome, Seen, Verdict
from edge.steps.decide import assess
from tests.edge import drawn_cases as drawn

POLICY = policies.builtin().model_copy(
    update={
        "together": None,
        "face": policies.builtin().face.model_copy(update={"second_angle_share": 0.6}),
    }
)
BEFORE = (drawn.CAPTURE.sha256,)


def difference(kind: str, score: float, place: str = "") -> Difference:
    return Difference(kind, score, Box(1, 2, 3, 4), region=place)


def judged(*differences: Difference, together: tuple[str, ...] = (), score: float | None = None) -> Verdict:
    best = max((one.score for one in differences), default=0.0) if score is None else score
    one = replace(drawn.COMPARISON, capture="d" * 64, score=best, differences=differences, together=together)
    return assess(drawn.case(seen=Seen((drawn.CAPTURE,), comparisons=(one,))), POLICY)


def codes(verdict: Verdict) -> list[str]:
    return [finding.code for finding in verdict.findings]


@pytest.mark.parametrize("kind", ["structure", "print"])
def test_the_print_of_a_label_is_told_and_accuses_nobody(kind: str) -> None:
    verdict = judged(difference(kind, 0.59, "label: AOI"), difference("structure", 0.05))
    assert (verdict.outcome, codes(verdict)) == (Outcome.NO_FINDING, ["face.label"])
    assert verdict.findings[0].arguments == {"where": "@where.label"}


def test_what_differs_beside_a_label_counts_as_ever() -> None:
    verdict = judged(difference("structure", 0.59, "label"), difference("structure", 0.55, "logo: Aoi"))
    assert (verdict.outcome, codes(verdict)) == (
        Outcome.CHECK,
        ["face.structure", "face.label", "capture.second_angle"],
    )
    assert verdict.findings[0].arguments == {"where": "@where.logo"}


def test_a_label_that_differs_by_more_than_other_words_is_a_difference_of_the_package() -> None:
    verdict = judged(difference("structure", 0.61, "label"))
    assert (verdict.outcome, codes(verdict)) == (Outcome.CHECK, ["face.structure", "capture.second_angle"])
    assert verdict.findings[0].arguments == {"where": "@where.label"}


def test_the_colour_of_a_label_is_a_difference_of_the_package() -> None:
    assert "face.colour" in codes(judged(difference("colour", 0.6, "label")))


def test_a_light_difference_is_a_note_and_asks_for_another_picture() -> None:
    verdict = judged(difference("structure", 0.32))
    assert (verdict.outcome, codes(verdict)) == (Outcome.NO_FINDING, ["face.slight", "capture.second_angle"])
    assert codes(judged(difference("structure", 0.29))) == []


def test_what_pictures_show_together_is_held_to_the_packs_threshold_which_knows_how_many_they_are() -> None:
    assert codes(judged(difference("structure", 0.49), together=BEFORE)) == ["face.slight", "capture.second_angle"]
    verdict = judged(difference("structure", 0.5), together=BEFORE)
    assert (verdict.outcome, codes(verdict)) == (Outcome.CHECK, ["face.structure", "capture.second_angle"])


def test_a_doubt_asks_for_another_picture_until_three_are_judged_together() -> None:
    assert codes(judged(difference("structure", 0.6))) == ["face.structure", "capture.second_angle"]
    three = (*BEFORE, "e" * 64)
    assert codes(judged(difference("structure", 0.6), together=three)) == ["face.structure"]


def test_what_one_picture_showed_and_all_together_do_not_stays_told() -> None:
    alone = replace(drawn.COMPARISON, score=0.7, differences=(difference("structure", 0.7, "logo: Aoi"),))
    together = replace(drawn.COMPARISON, capture="d" * 64, score=0.1, together=BEFORE)
    verdict = assess(drawn.case(seen=Seen((drawn.CAPTURE,), comparisons=(alone, together))), POLICY)
    assert (verdict.outcome, codes(verdict)) == (Outcome.NO_FINDING, ["face.unconfirmed"])
    assert verdict.findings[0].arguments == {"where": "@where.logo"}


def test_what_one_picture_showed_is_told_before_what_all_show_a_little() -> None:
    shown = difference("structure", 0.95, "logo: Aoi")
    alone = replace(drawn.COMPARISON, score=0.95, differences=(shown,))
    together = replace(
        drawn.COMPARISON, capture="d" * 64, score=0.22, together=BEFORE, differences=(difference("structure", 0.22),)
    )
    verdict = assess(drawn.case(seen=Seen((drawn.CAPTURE,), comparisons=(alone, together))), policies.builtin())
    assert codes(verdict)[0] == "face.unconfirmed"


def test_a_hologram_that_one_angle_does_not_show_is_no_difference_of_one_picture() -> None:
    alone = replace(drawn.COMPARISON, score=0.9, differences=(difference("hologram", 0.9, "hologram"),))
    together = replace(drawn.COMPARISON, capture="d" * 64, score=0.05, together=BEFORE)
    assert codes(assess(drawn.case(seen=Seen((drawn.CAPTURE,), comparisons=(alone, together))), POLICY)) == []


def test_what_one_of_several_pictures_judged_apart_showed_stays_told() -> None:
    apart = tuple(
        replace(drawn.COMPARISON, capture=name * 64, score=score, differences=(difference("structure", score),))
        for name, score in (("c", 0.55), ("d", 0.01), ("e", 0.01))
    )
    verdict = assess(drawn.case(seen=Seen((drawn.CAPTURE,), comparisons=apart)), POLICY)
    assert (verdict.outcome, codes(verdict)) == (Outcome.NO_FINDING, ["face.unconfirmed"])


def test_a_light_difference_of_one_picture_that_is_gone_in_all_is_not_told() -> None:
    alone = replace(drawn.COMPARISON, score=0.4, differences=(difference("structure", 0.4),))
    together = replace(drawn.COMPARISON, capture="d" * 64, score=0.1, together=BEFORE)
    verdict = assess(drawn.case(seen=Seen((drawn.CAPTURE,), comparisons=(alone, together))), POLICY)
    assert codes(verdict) == []


def test_a_grey_picture_says_that_colour_was_not_judged_and_asks_nothing_of_colours() -> None:
    advice = (CaptureAdvice("colourless"),)
    one = replace(drawn.COMPARISON, capture="d" * 64, score=0.1, advice=advice)
    case = drawn.case(seen=Seen((drawn.CAPTURE,), comparisons=(one,)))
    verdict = assess(case, POLICY)
    assert (verdict.outcome, codes(verdict)) == (Outcome.NO_FINDING, ["capture.colourless"])
    assert ("face.colour", str(drawn.GTIN)) in face.check(case.lookup.items[0], case.seen, POLICY).unasked


@pytest.mark.parametrize("kind", ["structure", "colour", "print"])
def test_a_gross_difference_is_told_with_its_way_and_place(kind: str) -> None:
    verdict = judged(difference(kind, 0.95, "logo: Aoi"), together=(*BEFORE, "e" * 64))
    assert codes(verdict) == ["face.decisive", f"face.{kind}"]
    assert [finding.arguments["where"] for finding in verdict.findings] == ["@where.logo"] * 2


def test_captures_that_were_judged_apart_are_held_to_the_packs_own_threshold() -> None:
    apart = tuple(
        replace(drawn.COMPARISON, capture=name * 64, score=0.4, differences=(difference("structure", 0.4),))
        for name in "cd"
    )
    verdict = assess(drawn.case(seen=Seen((drawn.CAPTURE,), comparisons=apart)), POLICY)
    assert verdict.outcome is Outcome.NO_FINDING


def test_a_print_run_of_which_little_was_judged_clears_no_package() -> None:
    little = replace(drawn.FACE, face_id=drawn.FACE.face_id + 1)
    item = drawn.case().lookup.items[0]
    told = replace(drawn.COMPARISON, capture="d" * 64, score=0.6, differences=(difference("structure", 0.6),))
    advice = (CaptureAdvice("little_judged", measured=0.93),)
    quiet = replace(told, face_id=little.face_id, score=0.01, differences=(), advice=advice)
    seen = Seen((drawn.CAPTURE,), comparisons=(quiet, told))
    checked = face.check(replace(item, faces=(drawn.FACE, little)), seen, POLICY)
    assert "face.structure" in [finding.code for finding in checked.findings]
