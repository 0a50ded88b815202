"""Files of sightings: what is put in is found, what is not is not, and merging is the same wherever it is done."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.storage.sighting_file import BITS, Hashed, SeenAt, SightingFile, hashed, merged, written

DAY = date(2026, 11, 21)
SECRET = bytes(32)
rows_of = st.lists(
    st.builds(
        Hashed,
        st.one_of(st.integers(0, 3), st.integers(0, 2**BITS - 1), st.just(2**BITS - 1)),
        st.builds(
            SeenAt,
            st.sampled_from(["", "Naha", "Narita", "横浜"]),
            st.integers(0, 127).map(lambda days: DAY - timedelta(days=days)),
            st.booleans(),
        ),
    ),
    max_size=40,
)


def told(file: SightingFile, hash_: int) -> set[SeenAt]:
    found = list(file.find(hash_))
    assert len(found) == len(set(found))
    return set(found)


@given(rows_of, st.integers(0, 2**BITS - 1))
def test_every_row_is_found_once_and_nothing_else(rows: list[Hashed], other: int) -> None:
    file = SightingFile(written(rows, "2026-11", DAY))
    for hash_ in {row.hash for row in rows} | {other}:
        assert told(file, hash_) == {row.seen for row in rows if row.hash == hash_}


@given(rows_of, rows_of, st.integers(0, 100))
def test_a_merged_file_says_what_its_parts_say_and_is_the_same_everywhere(
    first: list[Hashed], second: list[Hashed], days: int
) -> None:
    one = SightingFile(written(first, "2026-11", DAY))
    two = SightingFile(written(second, "2026-11", DAY + timedelta(days=days)))
    data = merged([one, two])
    assert data == merged([two, one])
    oldest = DAY + timedelta(days=days - 127)
    for row in (*first, *second):
        wanted = {
            SeenAt(at.place, max(at.day, oldest), at.with_parcel) for at in told(one, row.hash) | told(two, row.hash)
        }
        assert told(SightingFile(data), row.hash) == wanted


def test_a_sighting_takes_nine_bytes_and_names_no_number() -> None:
    rows = [
        Hashed(hashed(SECRET, f"sgtin:09521234543213:A{n}"), SeenAt("Naha", DAY, with_parcel=True)) for n in range(1000)
    ]
    data = written(rows, "2026-11", DAY)
    assert len(data) < 1000 * 9 + 200
    assert b"09521234543213" not in data
    assert hashed(SECRET, "sgtin:09521234543213:A1") != hashed(bytes(31) + b"\1", "sgtin:09521234543213:A1")


@pytest.mark.parametrize("cut", [0, 5, -1])
def test_a_file_that_is_not_whole_is_refused(cut: int) -> None:
    data = written([Hashed(7, SeenAt("Naha", DAY, with_parcel=False))], "2026-11", DAY)
    with pytest.raises(ValueError, match=r"^Expected "):
        SightingFile(data[:cut])


@given(st.binary(max_size=200))
def test_no_bytes_from_outside_are_taken_for_a_file_by_accident(data: bytes) -> None:
    try:
        file = SightingFile(data)
    except ValueError as error:
        assert str(error).startswith("Expected ")  # noqa: PT017 - any bytes may be a file
    else:
        assert list(file.find(1)) is not None


def test_files_of_different_keys_are_not_merged() -> None:
    files = [SightingFile(written([], month, DAY)) for month in ("2026-10", "2026-11")]
    with pytest.raises(ValueError, match=r"^Expected files of one key, got 2\.$"):
        merged(files)
