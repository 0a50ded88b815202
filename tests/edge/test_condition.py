"""The language of a bulletin's condition: what it says, what it cannot decide, and what it refuses."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.condition import FIELDS, MOST_CHARACTERS, Answer, ConditionError, Facts, Value, holds, require_condition

ROOT = Path(__file__).parents[2]
ITEM = Facts(
    {
        "serial": "9912345",
        "batch": "L2401",
        "expiry": date(2028, 1, 31),
        "declared_origin": "CN",
        "declared_description": "Wireless  EARPHONES in a box",
        "declared_unit_value": 420.0,
    },
    frozenset({"text.differs"}),
    frozenset({"face.differs"}),
)


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ("", True),
        ("  ", True),
        ('batch in ("L2401", "L2402") and expiry > 2027-12-31', True),
        ('batch = "l2401"', True),  # without case
        ('batch != "L2401"', False),
        ("expiry <= 2028-01-31 and expiry >= 2028-01-31 and not expiry < 2028-01-31", True),
        ('declared_origin != "JP" or not known(serial)', True),
        ('serial matches "9[0-9]{6}" and found("text.differs")', True),
        ('serial matches "9[0-9]{5}"', False),  # the whole value
        ('serial matches "(?i)x.*"', False),
        ('declared_description contains "earphones" and declared_unit_value < 500', True),
        ('declared_description contains "wireless earphones"', True),  # blanks as one
        ('found("face.print")', False),
        ("known(declared_hs)", False),
        ('declared_hs = "8518"', None),
        ('not declared_hs = "8518"', None),
        ('declared_hs = "8518" and batch = "other"', False),
        ('declared_hs = "8518" or batch = "L2401"', True),
        ('declared_hs = "8518" or batch = "other"', None),
        ('declared_hs matches "85.*"', None),
        ('found("face.differs")', None),  # its check did not run
        ('not found("face.differs") or batch = "L2401"', True),
        ('batch = "other" or batch = "L2401" and serial = "none"', False),  # and binds closer
        ('(batch = "other" or batch = "L2401") and serial = "9912345"', True),
    ],
)
def test_what_a_condition_says_of_an_item(condition: str, answer: Answer) -> None:
    assert holds(condition, ITEM) is answer


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("batch", "expected a comparison at character 6, got the end"),
        ('batch < "L"', "expected = or != of the text batch at character 7, got <"),
        ("expiry contains 2027-01-01", "expected =, !=, <, <=, >, >= or in at character 8, got contains"),
        ('expiry > "2027"', "expected a day as 2026-12-31 at character 10, got 2027"),
        ("expiry > 2027-02-31", "expected a day as 2026-12-31 at character 10, got 2027-02-31"),
        ("declared_quantity > many", "expected a number at character 21, got many"),
        ('serial = "a" serial = "b"', "expected and, or, or the end at character 14, got serial"),
        ('(serial = "a"', "expected ) at character 14, got the end"),
        ("serial in ()", 'expected a "text" at character 12, got )'),
        ('serial = "a" & batch = "b"', "expected a word, a value or a sign at character 13, got ' & batch ='"),
        ("{}", "expected a word, a value or a sign at character 1, got '{}'"),
        ("expiry > ٢٠٢٧-01-01", "expected a word, a value or a sign at character 9, got ' ٢٠٢٧-01-0'"),
        ("expiry > 2027-01-01and known(batch)", "expected a word, a value or a sign at character 9, got ' 2027-01-0'"),
        ('batch contains ""', 'expected a text that is not empty at character 16, got ""'),
        (
            'found("bulletin.matches")',
            "expected a finding that is made before the bulletins are asked at character 7, got bulletin.matches",
        ),
        ('serial matches "("', "expected a pattern of RE2, got '(': "),
        ('serial = "' + "a" * MOST_CHARACTERS + '"', "expected at most 1000 characters, got 1011"),
        ("not " * 30 + "known(serial)", "expected at most 20 brackets or nots in one another at character "),
    ],
)
def test_what_is_no_condition_is_refused_with_its_place(condition: str, said: str) -> None:
    with pytest.raises(ConditionError) as refused:
        require_condition(condition)
    assert str(refused.value).startswith(said)


def test_an_unknown_field_names_those_that_there_are() -> None:
    with pytest.raises(ConditionError) as refused:
        require_condition('weight = "1"')
    expected = f"expected one of {', '.join(FIELDS)}, known(...) or found(...) at character 1, got weight"
    assert str(refused.value) == expected


def test_the_findings_that_it_asks_for_are_told() -> None:
    assert require_condition('found("text.differs") or not found("face.print")') == {"text.differs", "face.print"}
    assert require_condition("") == frozenset()


@given(st.text(max_size=80))
def test_any_text_is_a_condition_or_refused(text: str) -> None:
    try:
        require_condition(text)
    except ConditionError:
        return
    assert holds(text, ITEM) in {True, False, None}


_ATOMS = st.sampled_from(
    ['batch = "L2401"', 'batch = "L9"', 'declared_hs = "8518"', "known(serial)", "expiry > 2027-01-01"]
)
_CONDITIONS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.builds("not ({})".format, inner),
        st.builds("({}) and ({})".format, inner, inner),
        st.builds("({}) or ({})".format, inner, inner),
    ),
    max_leaves=8,
)


@given(_CONDITIONS, st.sampled_from(["8518", "9999"]))
def test_what_was_decided_stays_when_more_is_known(condition: str, hs: str) -> None:
    before = holds(condition, ITEM)
    more: dict[str, Value] = {**ITEM.values, "declared_hs": hs}
    after = holds(condition, Facts(more, ITEM.found))
    assert after is not None
    assert before in {None, after}


def test_the_guide_names_every_field_and_its_examples_are_conditions() -> None:
    guide = (ROOT / "docs" / "registry-sources.md").read_text("utf-8").partition("### Conditions")[2]
    examples = re.findall(r"```text\n(.*?)```", guide, re.DOTALL)[0].strip().splitlines()
    for example in examples:
        require_condition(example)
    table = guide[guide.index("| field |") : guide.index("## faces")]
    told = [name.strip() for row in table.splitlines()[2:] if row for name in row.split("|")[1].split(",")]
    assert sorted(told) == sorted(FIELDS)
