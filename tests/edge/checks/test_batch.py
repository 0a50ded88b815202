"""The batch of an item against what its right holder registered."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from edge import policy as policies
from edge.checks import Checked
from edge.checks.batch import check
from edge.inspection import Finding
from edge.lookup import Batch
from tests.edge import drawn_cases as drawn

BATCH = Batch("L2405", date(2029, 5, 31), "known", date(2026, 8, 1), "Kumo K.K.")


def _made(batch: Batch | None, expiry: date | None = None, given: str = "") -> tuple[Finding, ...]:
    item = replace(drawn.FOUND.item, batch="L2405", expiry=expiry, elements={"17": given} if given else {})
    return check(replace(drawn.FOUND, item=item, batch=batch), policies.builtin()).findings


@pytest.mark.parametrize("status", ["recalled", "stolen", "reported"])
def test_a_batch_that_its_right_holder_names_says_so_with_its_day(status: str) -> None:
    (told,) = _made(replace(BATCH, status=status))
    assert (told.code, dict(told.arguments), told.source, told.dated) == (
        f"batch.{status}",
        {"batch": "L2405"},
        "Kumo K.K.",
        date(2026, 8, 1),
    )


def test_a_known_batch_and_one_that_is_not_registered_say_nothing() -> None:
    assert _made(BATCH) == ()
    assert check(replace(drawn.FOUND, batch=None), policies.builtin()) == Checked()


def test_the_expiry_of_the_code_is_that_of_its_batch() -> None:
    assert _made(BATCH, date(2029, 5, 31), "290531") == ()
    (told,) = _made(BATCH, date(2030, 5, 31), "300531")
    assert (told.code, dict(told.arguments)) == (
        "batch.expiry",
        {"batch": "L2405", "date": "2030-05-31", "registered": "2029-05-31"},
    )


def test_where_the_code_gives_no_day_the_month_is_compared() -> None:
    middle = replace(BATCH, expiry=date(2029, 5, 15))
    assert _made(middle, date(2029, 5, 31), "290500") == ()
    assert [one.code for one in _made(middle, date(2029, 5, 31), "290531")] == ["batch.expiry"]
    assert [one.code for one in _made(middle, date(2029, 6, 30), "290600")] == ["batch.expiry"]


def test_without_a_registered_expiry_there_is_nothing_to_compare() -> None:
    assert _made(replace(BATCH, expiry=None), date(2029, 5, 31), "290531") == ()
