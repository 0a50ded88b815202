"""Marked regions and advice, from readings made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge import policy as policies
from edge.captures import Box, Evidence
from edge.checks import Findings, advice, region
from edge.comparison import CaptureAdvice, Difference, FaceComparison, RegionReading
from edge.inspection import Outcome, Weight
from edge.messages import sentence
from edge.steps.decide import assess
from tests.edge import drawn_cases as drawn

POLICY = policies.builtin()
MAKER = Findings(POLICY)
IN_PLACE = RegionReading("logo", "Aoi", Box(1, 2, 30, 40), 1.0, offset_mm=0.1, size=1.0, gain=0.0)


def compared(*readings: RegionReading, **changes: object) -> FaceComparison:
    return replace(drawn.COMPARISON, regions=readings, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, ()),
        ({"offset_mm": None, "size": None, "gain": None}, ()),
        ({"offset_mm": 2.3, "gain": 0.4}, ("face.region_moved",)),
        ({"offset_mm": 2.3, "gain": 0.0}, ()),
        ({"offset_mm": 0.4, "size": 0.88, "gain": 0.3}, ("face.region_size",)),
        ({"offset_mm": None, "size": None, "gain": None, "absence": 0.8}, ("face.region_missing",)),
        ({"kind": "label", "absence": 0.8}, ("face.region_missing",)),
        ({"absence": 0.5}, ()),
        ({"offset_mm": 2.3, "gain": 0.4, "absence": 0.8}, ("face.region_moved",)),
        ({"kind": "hologram", "absence": 0.8}, ()),  # told by its difference, which no capture may take back
        ({"kind": "hologram", "change": 0.9}, ()),
        ({"kind": "hologram", "change": 0.05}, ("face.hologram_static",)),
        ({"kind": "microprint", "contrast": 0.95, "likeness": 0.9}, ()),
        ({"kind": "microprint", "contrast": 0.2, "likeness": 0.9}, ("face.microprint",)),
        ({"kind": "microprint", "contrast": 0.9, "likeness": 0.1}, ("face.microprint",)),
        ({"kind": "microprint", "needed_mm_per_px": 0.05}, ()),
    ],
)
def test_a_region_is_judged_by_what_could_be_read_of_it(changes: dict[str, object], codes: tuple[str, ...]) -> None:
    assert region.codes_of(replace(IN_PLACE, **changes), POLICY.face) == codes  # type: ignore[arg-type]


def test_a_region_that_is_out_of_place_is_shown_by_its_own_picture_first() -> None:
    own = Evidence("a" * 64, "image/jpeg", "region")
    moved = replace(IN_PLACE, offset_mm=2.34, gain=0.4, picture=own)
    (found,) = region.findings_of(compared(moved), MAKER)
    assert (found.evidence[0], found.box, found.weight) == (own, Box(1, 2, 30, 40), Weight.CHECK)
    assert sentence(found.code, found.arguments, "en") == (
        "Out of place: the logo lies 2.3 mm from where it is registered."
    )
    assert sentence(found.code, found.arguments, "ja") == "ロゴが登録位置から 2.3 mm ずれています。"


def test_a_region_says_it_instead_of_the_map_that_sees_the_same() -> None:
    seen = Difference("structure", 0.7, Box(0, 0, 9, 9), region="logo: Aoi")
    moved = compared(replace(IN_PLACE, offset_mm=3.0, gain=0.4), score=0.7, differences=(seen,))
    verdict = assess(drawn.case(seen=replace(drawn.pictured(), comparisons=(moved,))), POLICY)
    assert (verdict.outcome, [one.code for one in verdict.findings]) == (
        Outcome.CHECK,
        ["face.region_moved", "capture.second_angle"],
    )


def test_micro_print_beyond_the_picture_says_what_it_takes_and_accuses_nobody() -> None:
    far = compared(advice=(CaptureAdvice("too_far", "microprint", measured=0.112, needed=0.05),))
    verdict = assess(drawn.case(seen=replace(drawn.pictured(), comparisons=(far,))), POLICY)
    (found,) = verdict.findings
    assert verdict.outcome is Outcome.NO_FINDING
    assert sentence(found.code, found.arguments, "en") == (
        "To judge the micro-print takes 0.05 mm per pixel; the picture has 0.11."
    )


def test_glare_over_a_region_names_the_edge_to_lower() -> None:
    (found,) = advice.findings_of(compared(advice=(CaptureAdvice("glare_over", "logo", "left", 0.4),)), MAKER)
    assert sentence(found.code, found.arguments, "en") == (
        "Glare lies over the logo; lower the left edge of the package to move it away."
    )


@pytest.mark.parametrize(
    ("score", "together", "asked"),
    [(0.19, (), False), (0.45, (), True), (0.45, ("d" * 64, "e" * 64), False), (0.6, (), False), (None, (), False)],
)
def test_a_second_angle_is_asked_for_in_doubt_only(
    score: float | None, together: tuple[str, ...], *, asked: bool
) -> None:
    found = advice.findings_of(compared(score=score, together=together), MAKER)
    assert [one.code for one in found] == ["capture.second_angle"] * asked


def test_a_part_of_the_face_that_was_not_judged_is_told_with_its_share_and_place() -> None:
    (found,) = advice.findings_of(
        compared(advice=(CaptureAdvice("part_judged", measured=0.42, box=Box(5, 6, 70, 80)),)), MAKER
    )
    assert (found.box, found.weight) == (Box(5, 6, 70, 80), Weight.NOTE)
    assert sentence(found.code, found.arguments, "en") == (
        "42% of the registered face was not judged: something covers it, light or shadow lies there, or something else "
        "is printed."
    )


@pytest.mark.parametrize(("region", "where"), [("", "at the marked place"), ("logo", "at the logo")])
def test_what_is_stuck_on_is_a_note_with_its_place(region: str, where: str) -> None:
    (found,) = advice.findings_of(
        compared(advice=(CaptureAdvice("stuck_on", region, measured=0.02, box=Box(5, 6, 70, 80)),)), MAKER
    )
    assert (found.box, found.weight) == (Box(5, 6, 70, 80), Weight.NOTE)
    assert sentence(found.code, found.arguments, "en") == (
        f"Something flat seems to be stuck over the face {where}; what lies under it was not judged."
    )


def test_a_face_of_which_little_was_judged_is_no_answer() -> None:
    little = compared(advice=(CaptureAdvice("little_judged", measured=0.6),))
    verdict = assess(drawn.case(seen=replace(drawn.pictured(), comparisons=(little,))), POLICY)
    assert (verdict.outcome, [one.code for one in verdict.findings]) == (
        Outcome.CANNOT_ASSESS,
        ["capture.little_judged"],
    )


def test_what_lies_outside_the_frame_asks_for_the_whole_face() -> None:
    (found,) = advice.findings_of(compared(advice=(CaptureAdvice("outside", "logo", measured=0.9),)), MAKER)
    assert sentence(found.code, found.arguments, "en") == "The picture does not show all of the logo."
