from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from edge import policy as policies
from edge.checks.product import check
from edge.lookup import Bulletin
from tests.edge import drawn_cases as drawn


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ({"ja": "平らなホログラム", "en": "Flat hologram"}, "Flat hologram"),
        ({"ja": "平らなホログラム"}, "平らなホログラム"),
        ({}, "B-1"),
    ],
)
def test_a_bulletin_keeps_the_title_that_its_publisher_wrote(title: dict[str, str], shown: str) -> None:
    bulletin = Bulletin("B-1", title, {}, date(2026, 1, 1), date(2027, 1, 1), "Kumo K.K.")
    made = check(replace(drawn.FOUND, bulletins=(bulletin,)), policies.builtin(), date(2026, 6, 1)).findings
    assert [dict(finding.arguments)["title"] for finding in made if finding.code == "bulletin.applies"] == [shown]
