"""The compare step, before a desk that answers by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from edge import policy as policies
from edge.gs1 import Gtin
from edge.identity import Identity
from edge.steps import compare
from models.measurements import FaceMeasurement, FaceReference
from tests.edge import drawn_cases as drawn

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMITS = policies.builtin().face
LATER = replace(drawn.CAPTURE, sha256="d" * 64)


class Desk:
    """Answers every face with the same score and notes the layers that came along."""

    def __init__(self) -> None:
        self.given: list[tuple[tuple[bytes, ...], ...]] = []

    def compare(
        self, references: Sequence[FaceReference], earlier: Sequence[tuple[bytes, ...]]
    ) -> tuple[FaceMeasurement, ...]:
        self.given.append(tuple(earlier))
        return tuple(
            FaceMeasurement(
                key=one.key,
                aligned=True,
                score=0.2,
                threshold_check=0.5,
                threshold_strong=0.9,
                layer=b"layer",
                together=1 + len(before),
            )
            for one, before in zip(references, earlier, strict=True)
        )


def test_a_capture_is_measured_with_the_layers_of_the_same_face_only() -> None:
    desk = Desk()
    kept = {"1:" + "c" * 64: b"first", "2:" + "c" * 64: b"of another face"}
    done = compare.compare(LATER, (drawn.FACE,), desk, lambda _: b"", lambda *_: "", layers=kept, policy=LIMITS)  # type: ignore[arg-type]
    assert desk.given == [((b"first",),)]
    assert done.seen.comparisons[0].together == ("c" * 64,)
    assert done.layers == {"1:" + "d" * 64: b"layer"}


def test_a_face_that_is_not_flat_goes_to_no_desk() -> None:
    desk = Desk()
    round_one = replace(drawn.FACE, flat=False)
    done = compare.compare(LATER, (round_one,), desk, lambda _: b"", lambda *_: "", layers={}, policy=LIMITS)  # type: ignore[arg-type]
    assert (desk.given, done.layers) == ([], {})
    assert [one.retake for one in done.seen.comparisons] == ["not_flat"]


def test_captures_of_two_items_are_not_judged_together_and_one_without_codes_is_with_all() -> None:
    shown = replace(drawn.ITEM, sources=("capture:" + "c" * 64,))
    other = replace(drawn.ITEM, gtin=Gtin(drawn.GTIN.value), serial="AB999999", sources=("capture:" + "d" * 64,))
    kept = {"1:" + "c" * 64: b"first", "1:" + "e" * 64: b"shows no code"}
    two = Identity(items=(shown, other))
    assert compare.of_the_same_item(LATER, two, kept) == {"1:" + "e" * 64: b"shows no code"}
    assert compare.of_the_same_item(replace(LATER, sha256="f" * 64), two, kept) == kept
