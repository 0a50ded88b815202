"""Marked regions of a file are refused by name, and what a trial of them showed is judged by the policy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edge import policy
from edge.errors import RequestRefused
from models.marked import FaceTrial, MarkedTrial
from models.measurements import FaceMeasurement, MarkedRegion, RegionMeasurement
from provisioning.marked import read_regions, require_checkable, row_of, told

LIMITS = policy.builtin().face
BOX = (0, 0, 9, 9)


def refusal(tmp_path: Path, text: str) -> str:
    file = tmp_path / "regions.toml"
    file.write_text(text)
    with pytest.raises(RequestRefused) as refused:
        read_regions(file, 56, 84)
    assert refused.value.code == "enrol_regions"
    return refused.value.message.removeprefix(f"{file}: ")


def trial(*regions: MarkedTrial, score: float = 0.1) -> FaceTrial:
    measured = FaceMeasurement(
        key="a", aligned=True, score=score, threshold_check=0.5, threshold_strong=0.9, pack="a", ms={}
    )
    return FaceTrial(regions, measured)


def marked(kind: str, seen: float = 1.0, **read: float) -> MarkedTrial:
    reading = replace(RegionMeasurement(kind, "", BOX, BOX, seen), **read)  # type: ignore[arg-type]
    return MarkedTrial(MarkedRegion(kind, 1, 2, 30, 20), (), reading)


def test_regions_are_read_as_a_source_takes_them(tmp_path: Path) -> None:
    file = tmp_path / "regions.toml"
    file.write_text('[[regions]]\nkind = "label"\nx_mm = 5\ny_mm = 60\nw_mm = 40.5\nh_mm = 20\ntext = "Kumo"\n')
    (one,) = read_regions(file, 56, 84)
    assert one == MarkedRegion("label", 5, 60, 40.5, 20, "Kumo")
    assert row_of(one) == {"kind": "label", "x_mm": 5, "y_mm": 60, "w_mm": 40.5, "h_mm": 20, "text": "Kumo"}


def test_a_region_outside_of_the_face_is_named_with_where_it_ends(tmp_path: Path) -> None:
    text = '[[regions]]\nkind = "logo"\nx_mm = 50\ny_mm = 0\nw_mm = 20\nh_mm = 10\n'
    assert refusal(tmp_path, text) == (
        "region 1 (logo): expected a place within the face of 56 x 84 mm, got 50 to 70 mm across and 0 to 10 mm down."
    )


def test_everything_that_is_wrong_with_a_file_is_said_at_once(tmp_path: Path) -> None:
    text = '[[regions]]\nkind = "logotype"\nx_mm = nan\ny_mm = "3"\nw_mm = 20\nh_mm = 10\ntext = 4\nturn = 1\n'
    assert refusal(tmp_path, text) == (
        "region 1 (logotype): expected kind, x_mm, y_mm, w_mm, h_mm and text, got turn too; "
        "region 1 (logotype): expected one of logo, hologram, microprint, label, artwork, ignore as its kind, "
        "got 'logotype'; "
        "region 1 (logotype): expected words as its text, got 4; "
        "region 1 (logotype): expected millimetres as x_mm, got nan; "
        "region 1 (logotype): expected millimetres as y_mm, got '3'."
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("regions = 3", "expected [[regions]], got 3."),
        ("[faces]", "expected [[regions]], got none."),
        ("[[regions]", "expected TOML, got: "),
    ],
)
def test_a_file_without_regions_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    assert refusal(tmp_path, text).startswith(expected)


def test_every_region_that_could_never_be_checked_is_named(tmp_path: Path) -> None:
    faulty = MarkedTrial(MarkedRegion("logo", 1, 2, 3, 4), ("expected print, got none",), None)
    with pytest.raises(RequestRefused) as refused:
        require_checkable(trial(marked("label", gain=0.0), faulty), tmp_path)
    assert refused.value.message == (
        f"{tmp_path}: expected regions that can be checked on this face, got region 2 (logo): expected print, got none."
    )


@pytest.mark.parametrize(
    ("region", "shots", "lines"),
    [
        (marked("logo", gain=0.0, offset_mm=0.1, size=1.0), 1, ["checked are place, size"]),
        (
            marked("label", gain=0.2, offset_mm=2.1, size=1.0),
            1,
            [
                "checked are place, size",
                (
                    "warning: expected that the sample's own photographs raise nothing, got face.region_moved "
                    "(2.10 mm off, 1.00 of its size)"
                ),
            ],
        ),
        (
            marked("logo"),
            2,
            [
                "checked are nothing",
                (
                    "warning: expected to find its print again in the photographs, got no place: its place and size "
                    "are not checked"
                ),
            ],
        ),
        (
            marked("logo", seen=0.2),
            2,
            [
                "checked are nothing",
                "warning: expected a photograph that shows 60% of it free of glare and hands, got 20%",
            ],
        ),
        (marked("hologram", gain=0.0, absence=0.0, change=0.4), 2, ["checked are place, presence, change of colours"]),
        (
            marked("hologram", absence=0.0),
            1,
            [
                "checked are presence",
                "warning: expected two photographs or more, each from another side, to see its colours change; got one",
            ],
        ),
        (
            marked("hologram", absence=0.0, change=0.02),
            3,
            [
                "checked are presence",
                (
                    "warning: expected colours that change by 0.10 between photographs from different sides, got 0.02: "
                    "a printed mark is a logo"
                ),
            ],
        ),
        (
            marked("hologram", absence=0.0),
            3,
            [
                "checked are presence",
                "warning: expected colours that change with the side, got hardly any colour: a printed mark is a logo",
            ],
        ),
        (
            marked("microprint", needed_mm_per_px=0.18),
            1,
            [
                "checked are nothing",
                "warning: expected a sharp photograph of at most 0.18 mm per pixel, got none",
            ],
        ),
        (
            marked("microprint", needed_mm_per_px=0.18, contrast=1.0, likeness=0.9),
            1,
            ["checked are contrast, in captures of at most 0.18 mm per pixel"],
        ),
        (
            marked("microprint", needed_mm_per_px=0.18, contrast=0.3, likeness=0.2),
            2,
            [
                "checked are contrast, in captures of at most 0.18 mm per pixel",
                (
                    "warning: expected that the sample's own photographs raise nothing, got face.microprint "
                    "(0.30 of its contrast, 0.20 alike)"
                ),
            ],
        ),
    ],
)
def test_what_is_checked_of_a_region_and_what_is_not_is_said(region: MarkedTrial, shots: int, lines: list[str]) -> None:
    name = f"region 1 ({region.region.kind}): "
    assert list(told(trial(region), shots, LIMITS)) == [name + line for line in lines]


@pytest.mark.parametrize(
    ("kind", "said"),
    [("ignore", "not compared"), ("artwork", "compared; what lies outside of all artwork is not")],
)
def test_what_is_compared_or_not_is_said(kind: str, said: str) -> None:
    one = MarkedTrial(MarkedRegion(kind, 1, 2, 30, 20), (), None)
    assert list(told(trial(one), 1, LIMITS)) == [f"region 1 ({kind}): {said}"]


def test_a_sample_whose_own_photographs_reach_check_is_told() -> None:
    assert list(told(trial(score=0.62), 3, LIMITS)) == [
        (
            "warning: expected that the sample's own photographs raise nothing, got a difference of 0.62, where CHECK "
            "begins at 0.50: look for light or creases"
        )
    ]
