"""The rule of a product's serials, with and without a register of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge import policy as policies
from edge.checks import Checked, serial
from edge.inspection import NotChecked
from edge.lookup import SerialStatus
from tests.edge import drawn_cases as drawn

POLICY = policies.builtin()
GTIN = str(drawn.ITEM.gtin)


def checked(
    number: str | None, *, status: SerialStatus, rule: str = "K2(?P<gs1>[0-9]{13})", repaired: bool = False
) -> Checked:
    product = replace(drawn.PRODUCT, serial_rule=rule)
    found = replace(drawn.FOUND, product=product, serial=status, item=replace(drawn.ITEM, serial=number))
    return serial.check(found, drawn.EDITION, POLICY, stale=False, repaired=repaired)


@pytest.mark.parametrize(("number", "told"), [("K24006381333931", []), ("K24006381333932", ["serial.rule"])])
def test_a_wrong_check_character_breaks_the_rule(number: str, told: list[str]) -> None:
    assert [one.code for one in checked(number, status=SerialStatus.KNOWN).findings] == told


def test_the_rule_holds_without_a_register_of_serials_and_to_follow_it_is_no_check() -> None:
    without = SerialStatus.NO_PROGRAMME
    broken = checked("K24006381333932", status=without)
    assert ([one.code for one in broken.findings], broken.ran) == (["serial.rule"], ())
    for silent in (
        checked("K24006381333931", status=without),
        checked("k24006381333931", status=without),  # caps lock
        checked("K24006381333932", status=without, repaired=True),
        checked(None, status=without),
        checked("X", status=without, rule=""),
    ):
        assert (silent.findings, silent.not_run) == ((), (NotChecked("serial", "reason.no_programme", GTIN),))
