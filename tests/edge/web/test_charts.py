"""Charts: what is drawn, told by its figures."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from edge.web.charts import Series, columns, key, lines, rows

LOOKS = ("NO_FINDING", "CHECK", "STRONG_INDICATION", "CANNOT_ASSESS")


def heights(drawing: str, look: str) -> list[float]:
    return [float(one) for one in re.findall(rf'class="{look}" [^>]*height="([0-9.]+)"', drawing)]


def test_columns_are_stacked_in_proportion_and_told_as_a_table() -> None:
    chart = columns("c", "By hour", ["09", "10"], [Series("A", (4, 2), "NO_FINDING"), Series("B", (4, 0), "CHECK")])
    first, second = heights(chart.drawing, "NO_FINDING")
    assert first == pytest.approx(2 * second, abs=0.2)
    assert heights(chart.drawing, "CHECK") == [pytest.approx(first, abs=0.2)]  # nothing is drawn of none
    assert chart.head == ("", "A", "B")
    assert chart.rows == (("09", "4", "4"), ("10", "2", "0"))


def test_colour_never_stands_alone() -> None:
    chart = columns("c", "t", ["09"], [Series(look, (1,), look) for look in LOOKS])
    patterns = {look for look in LOOKS if f'<pattern id="c-{look}"' in chart.drawing}
    assert patterns == set(LOOKS) - {"NO_FINDING"}  # the plain one
    assert all(f"c-key-{look}" in key("c", look) for look in patterns)


def test_a_place_without_a_value_breaks_the_line_and_is_a_dash_in_the_table() -> None:
    chart = lines("l", "t", ["1", "2", "3"], [Series("A", (5.0, None, 7.0), "first")])
    (path,) = re.findall(r'class="line first" d="([^"]*)"', chart.drawing)
    assert path.count("M") == 2
    assert chart.rows == (("1", "5"), ("2", "–"), ("3", "7"))


def test_words_from_outside_are_text_in_a_drawing() -> None:
    chart = rows("r", '"><script>', ["<b>&"], [3], ("a", "b"))
    assert "<script>" not in chart.drawing
    assert "<b>" not in chart.drawing


def test_every_drawing_is_well_formed_also_of_nothing() -> None:
    for drawing in (
        columns("c", "t", [], []).drawing,
        lines("l", "t", [], [Series("A", (), "first")]).drawing,
        rows("r", "t", [], [], ("a", "b")).drawing,
        columns("c", "t", ["09"], [Series(look, (1_234_567,), look) for look in LOOKS]).drawing,
        key("c", "CHECK"),
    ):
        assert ET.fromstring(drawing).tag == "svg"  # noqa: S314 - drawn here
