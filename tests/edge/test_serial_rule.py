from __future__ import annotations

import re

import pytest

from edge.serial_rule import fits, require_rule


def test_a_rule_is_about_the_whole_serial() -> None:
    assert fits(r"[A-Z]{2}\d{8}", "AB12345678")
    assert not fits(r"[A-Z]{2}\d{8}", "AB123456789")


def test_a_rule_that_takes_a_backtracking_engine_for_ever_is_answered() -> None:
    """With Python's own engine this test does not end within its time limit."""
    rule = r"(?:..|a.|.a|aa|.\w|\w.|\w\w|a\w|\wa|.)*b"
    require_rule(rule)
    assert not fits(rule, "a" * 20)


@pytest.mark.parametrize(
    ("rule", "right", "wrong"),
    [
        (r"(?P<mod11_10>\d{5})", "07945", "07495"),
        (r"(?P<mod37_36>[A-Z0-9]{18})", "A12425GABC1234002M", "A12425GABC1234003M"),  # a GRid
        (r"K(?P<gs1>[0-9]{13})", "K4006381333931", "K4006381333932"),
        (r"(?P<mod27_26>[A-Z]+)", "ABCDR", "ACBDR"),
        (r"(?P<other>[A-Z]+)|(?P<gs1>[0-9]+)", "AB", "12"),
    ],
)
def test_a_named_group_ends_with_its_check_character(rule: str, right: str, wrong: str) -> None:
    require_rule(rule)
    assert (fits(rule, right), fits(rule, wrong)) == (True, False)


@pytest.mark.parametrize(("rule", "came"), [("(", "missing ): ("), (r"(?=a)b", "invalid perl operator: (?=")])
def test_what_is_no_rule_is_refused_with_its_place(rule: str, came: str) -> None:
    with pytest.raises(ValueError, match=re.escape(came)):
        require_rule(rule)
