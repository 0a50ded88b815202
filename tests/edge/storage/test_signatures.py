"""The cache of signatures survives a restart, and a power cut in the middle of a row."""

from __future__ import annotations

from pathlib import Path

from edge.storage.signatures import Signatures

ONE, TWO = "11" * 32, "22" * 32


def test_what_was_put_is_there_after_a_restart(tmp_path: Path) -> None:
    Signatures(tmp_path / "gallery", "words-1", 4).put(ONE, b"abcd")
    again = Signatures(tmp_path / "gallery", "words-1", 4)
    assert (again.get(ONE), again.get(TWO), len(again)) == (b"abcd", None, 1)


def test_another_vocabulary_knows_nothing_of_it(tmp_path: Path) -> None:
    Signatures(tmp_path, "words-1", 4).put(ONE, b"abcd")
    assert Signatures(tmp_path, "words-2", 4).get(ONE) is None


def test_a_row_that_a_power_cut_left_half_written_is_dropped(tmp_path: Path) -> None:
    Signatures(tmp_path, "words-1", 4).put(ONE, b"abcd")
    file = tmp_path / "words-1.signatures"
    file.write_bytes(file.read_bytes() + b"half a row")
    mended = Signatures(tmp_path, "words-1", 4)
    mended.put(TWO, b"efgh")
    assert [Signatures(tmp_path, "words-1", 4).get(one) for one in (ONE, TWO)] == [b"abcd", b"efgh"]


def test_a_picture_is_described_once(tmp_path: Path) -> None:
    store = Signatures(tmp_path, "words-1", 4)
    store.put(ONE, b"abcd")
    store.put(ONE, b"efgh")
    assert (store.get(ONE), (tmp_path / "words-1.signatures").stat().st_size) == (b"abcd", 36)
