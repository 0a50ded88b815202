"""docs/threats.md: every row says what stops it, what is left, and names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "threats.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| what is done")
]
REQUIRED = (
    "stolen box",
    "hostile parcel image",
    "poisoned registry",
    "rogue handheld",
    "insider",
    "cloned box",
    "hostile USB stick",
    "lost stick",
    "hostile update",
    "tampered clock",
)


def _known() -> frozenset[str]:
    """Every test of the tree by its name."""
    return frozenset(
        name
        for path in TESTS.rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)\(", path.read_text("utf-8"), re.MULTILINE)
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: re.sub(r"\W+", "-", row[0])[:40])
def test_every_row_is_whole_and_its_tests_exist(row: list[str]) -> None:
    assert len(row) == 4, "what is done, what stops it, what is left, tests"
    assert all(row)
    named = re.findall(r"`(test_\w+)`", row[3])
    assert named, "a threat without a test is a wish"
    assert ", ".join(f"`{name}`" for name in named) == row[3]
    assert sorted(set(named) - _known()) == []


def test_every_threat_that_was_asked_for_has_a_row() -> None:
    told = " ".join(row[0] for row in ROWS)
    assert [threat for threat in REQUIRED if f"**{threat}**" not in told] == []
