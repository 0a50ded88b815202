"""What the bench judges by: the registry edition and its age, and the model pack, tried with its golden answers."""

from __future__ import annotations

from edge.checks.registry import age_days
from edge.examination import Sign, State
from edge.lookup import Edition
from edge.moment import Moment
from edge.policy import Policy
from models.selftest import TOLERANCE, TWINS, SelfTest


def registry(edition: Edition | None, problem: str, moment: Moment, policy: Policy) -> Sign:
    """The sign "registry". `problem`: why none can be used."""
    limits = policy.freshness
    expected = f"an edition of at most {limits.registry_note_days} days"
    bring = "Bring an edition: `sekisho sync pull`, then `sekisho registry activate`."
    if edition is None:
        return Sign("registry", State.BROKEN, problem, expected, bring)
    age = age_days(edition, moment)
    value = f"{edition.name} number {edition.number}, {'age unknown' if age is None else f'{age} days old'}"
    if problem:
        return Sign("registry", State.LOOK, f"{value}; {problem}", expected, "What was usable before is in use.")
    if age is None:
        return Sign("registry", State.UNKNOWN, value, expected, "Set the clock: the age is judged by it.")
    if age > limits.registry_limit_days:
        return Sign("registry", State.BROKEN, f"{value}: no verdict is better than CANNOT ASSESS", expected, bring)
    if age > limits.registry_note_days:
        return Sign("registry", State.LOOK, value, expected, bring)
    return Sign("registry", State.GOOD, value, expected)


def models(test: SelfTest) -> Sign:
    """The sign "model" of a pack's self-test."""
    part = "model"
    expected = f"its golden answers within {TOLERANCE} logits, twins within {TWINS:g}"
    times = ", ".join(
        f"{one.precision} {one.ms:.0f} ms" + ("" if one.apart is None else f" (off by {one.apart:.2f})")
        for one in test.tried
    )
    value = f"{test.pack}: {times}"
    if test.twins_apart is not None:
        value += f", twins apart {test.twins_apart:.2f}"
    agreeing = {one.precision for one in test.agreeing}
    if test.chosen is None:
        todo = "Do not rely on pictures. Install the pack again: `sekisho pack install`; if it stays, report the board."
        return Sign(part, State.BROKEN, value, expected, todo)
    value += f"; chosen: {test.chosen}"
    if wrong := [one.precision for one in test.tried if one.precision not in agreeing]:
        todo = f"Nothing: {test.chosen} runs. This processor computes {', '.join(wrong)} otherwise; report the board."
        return Sign(part, State.LOOK, value, expected, todo)
    if all(one.apart is None for one in test.tried):
        return Sign(part, State.UNKNOWN, f"{value}; the pack brings no golden answers", expected)
    return Sign(part, State.GOOD, value, expected)
