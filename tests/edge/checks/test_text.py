"""Print against code: what becomes a finding, what did not run, and what a second capture settles."""

from __future__ import annotations

from dataclasses import replace

from edge import policy as policies
from edge.captures import Box, Evidence
from edge.comparison import PrintedLine, PrintReading
from edge.inspection import NotChecked, Outcome, Seen, Verdict, Weight
from edge.messages import sentence
from edge.steps.decide import assess
from tests.edge import drawn_cases as drawn

POLICY = policies.builtin()
CODE = {"gtin": drawn.GTIN.value, "serial": "AB123456"}
PICTURE = Evidence("e" * 64, "image/jpeg", "region")


def reading(*texts: str, capture: str = "c" * 64, height_px: float | None = 20.0, **changes: object) -> PrintReading:
    lines = tuple(PrintedLine(t, (0.999,) * len(t), Box(5, 6, 70, 20), 20.0, t, (0.999,) * len(t)) for t in texts)
    made = PrintReading(capture, drawn.GTIN, CODE, lines, len(lines), height_px, 0.9, "text-1", PICTURE)
    return replace(made, **changes)  # type: ignore[arg-type]


def judged(*readings: PrintReading) -> Verdict:
    return assess(drawn.case(seen=Seen(captures=(drawn.CAPTURE,), prints=readings)), POLICY)


def test_print_that_agrees_is_a_check_that_ran() -> None:
    verdict = judged(reading("SN AB123456"))
    assert "text" in verdict.checked
    assert verdict.findings == ()


def test_another_printed_serial_is_told_with_both_values_and_its_picture() -> None:
    verdict = judged(reading("SN AB123457"))
    (found,) = verdict.findings
    assert (verdict.outcome, found.code, found.weight) == (Outcome.CHECK, "text.differs", Weight.CHECK)
    assert (found.evidence, found.box, found.item) == ((PICTURE,), Box(5, 6, 70, 20), str(drawn.GTIN))
    assert sentence(found.code, found.arguments, "en") == (
        "Print and code disagree: the serial number is printed as AB123457; the code says AB123456."
    )
    assert sentence(found.code, found.arguments, "ja") == (
        "印字とコードが一致しません：シリアル番号の印字は AB123457、コードは AB123456 です。"
    )


def test_one_capture_that_agrees_settles_what_another_one_read_otherwise() -> None:
    verdict = judged(reading("SN AB123457"), reading("SN AB123456", capture="d" * 64))
    assert (verdict.findings, "text" in verdict.checked) == ((), True)


def test_two_captures_that_read_the_same_make_one_finding() -> None:
    verdict = judged(reading("SN AB123457"), reading("SN AB123457", capture="d" * 64))
    assert [found.code for found in verdict.findings] == ["text.differs"]


def test_print_that_nobody_could_read_did_not_run_and_small_type_asks_for_a_closer_picture() -> None:
    verdict = judged(reading(height_px=6.4))
    assert NotChecked("text", "reason.print_unread", str(drawn.GTIN)) in verdict.not_checked
    assert "text" not in verdict.checked
    (found,) = verdict.findings
    assert (found.code, found.weight, found.cause.value) == ("capture.print_small", Weight.NOTE, "unreadable")
    assert sentence(found.code, found.arguments, "en") == (
        "The print beside the code is 6 pixels high in the picture; reading it takes 10."
    )


def test_large_print_that_says_nothing_asks_for_nothing() -> None:
    verdict = judged(reading(height_px=30.0))
    assert verdict.findings == ()
    assert NotChecked("text", "reason.print_unread", str(drawn.GTIN)) in verdict.not_checked


def test_a_picture_that_shows_no_symbol_of_a_scanned_serial_is_a_check_that_did_not_run() -> None:
    assert NotChecked("text", "reason.print_unread", str(drawn.GTIN)) in judged().not_checked


def test_a_scan_without_a_picture_says_nothing_of_print() -> None:
    verdict = assess(drawn.case(), POLICY)
    assert all(missed.check != "text" for missed in verdict.not_checked)


def test_registered_words_that_read_otherwise_are_told() -> None:
    label = reading("AOI FACE CREAM 50 m", expected={"words": "AOI FACE CREAM 50 g"})
    (found,) = judged(label).findings
    assert sentence(found.code, found.arguments, "en") == (
        "The label reads AOI FACE CREAM 50 m where AOI FACE CREAM 50 g is registered."
    )


def test_another_items_serial_beside_it_is_its_own_business() -> None:
    case = drawn.case(seen=Seen(captures=(drawn.CAPTURE,), prints=(reading("SN AB123457"),)))
    other = replace(drawn.ITEM, gtin=drawn.OTHER_GTIN, serial="AB123457")
    both = replace(case, identity=replace(case.identity, items=(drawn.ITEM, other)))
    assert all(found.code != "text.differs" for found in assess(both, POLICY).findings)
