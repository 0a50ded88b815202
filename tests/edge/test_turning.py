"""What would change a verdict: what carries it, and what is left without that."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.inspection import Cause, Finding, Freshness, Outcome, Verdict, Weight
from edge.turning import Turning, outcome_of, turning

_ORDER = (Weight.STRONG, Weight.CHECK, Weight.LIMIT, Weight.NOTE)
_NOTHING = Freshness("", None, None, None, "", "", "default")


def _verdict(*weights: Weight, checked: tuple[str, ...] = ("serial",)) -> Verdict:
    ordered = sorted(weights, key=_ORDER.index)
    findings = tuple(Finding(f"code.{number}", Cause.MISMATCH, weight) for number, weight in enumerate(ordered))
    return Verdict(outcome_of(findings), findings, (), checked, _NOTHING)


def test_the_heaviest_weight_decides() -> None:
    assert _verdict(Weight.NOTE, Weight.LIMIT, Weight.CHECK, Weight.STRONG).outcome is Outcome.STRONG_INDICATION
    assert _verdict(Weight.NOTE, Weight.LIMIT, Weight.CHECK).outcome is Outcome.CHECK
    assert _verdict(Weight.NOTE, Weight.LIMIT).outcome is Outcome.CANNOT_ASSESS
    assert _verdict(Weight.NOTE).outcome is Outcome.NO_FINDING


def test_two_reasons_of_one_weight_carry_it_together_and_a_lighter_one_is_what_is_left() -> None:
    assert turning(_verdict(Weight.CHECK, Weight.CHECK, Weight.LIMIT), {"serial"}) == Turning(2, Outcome.CANNOT_ASSESS)
    assert turning(_verdict(Weight.STRONG, Weight.NOTE), {"serial"}) == Turning(1, Outcome.NO_FINDING)


def test_without_a_check_that_counts_nothing_is_found_to_be_without_finding() -> None:
    assert turning(_verdict(Weight.CHECK, checked=("text",)), {"serial", "face"}) == Turning(1, Outcome.CANNOT_ASSESS)
    assert turning(_verdict(Weight.LIMIT, checked=("text",)), {"serial", "face"}) is None  # it would stay


def test_a_verdict_without_a_reason_that_weighs_is_carried_by_none() -> None:
    assert turning(_verdict(), {"serial"}) is None
    assert turning(_verdict(Weight.NOTE, Weight.NOTE), {"serial"}) is None


@given(st.lists(st.sampled_from(Weight), max_size=6))
def test_what_is_said_is_what_is_judged_without_these_reasons(weights: list[Weight]) -> None:
    verdict = _verdict(*weights)
    found = turning(verdict, {"serial"})
    if found is None:
        assert all(one.weight is Weight.NOTE for one in verdict.findings)
        return
    assert outcome_of(verdict.findings[found.carried :]) is found.without
    fewer = verdict.findings[1:] if found.carried > 1 else ()
    assert not fewer or outcome_of(fewer) is verdict.outcome  # each of them is enough alone
