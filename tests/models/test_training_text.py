"""The recipe of the text reader: which characters are kept, what counts as right, and which file it takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.training import text as recipe


@pytest.mark.parametrize("letter", [*"0Aa/-()|~", "ア", "ん", "製", "期", "、", "（"])
def test_characters_of_japanese_and_latin_packages_are_kept(letter: str) -> None:
    assert recipe.wanted(letter)


@pytest.mark.parametrize("letter", ["", "ab", "\t", "é", "한", "们", "丐", "€"])
def test_other_characters_are_left_out(letter: str) -> None:
    assert not recipe.wanted(letter)


def test_characters_count_as_right_where_they_stand_spaces_apart() -> None:
    given = (0.9, 0.8, 0.7, 0.6, 0.5)
    assert recipe.outcomes("LOT 7", "L0T 7", given) == [(0.9, True), (0.8, False), (0.7, True), (0.5, True)]


def test_a_character_too_many_is_wrong() -> None:
    assert recipe.outcomes("AB", "AXB", (0.9, 0.3, 0.8)) == [(0.9, True), (0.3, False), (0.8, True)]


def test_another_upstream_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.onnx").write_bytes(b"other")
    with pytest.raises(ValueError, match=r"^The upstream network must have SHA-256 6f32[0-9a-f]+, got d9298a10d1b0"):
        recipe.prune(tmp_path / "other.onnx", tmp_path / "out.onnx")
