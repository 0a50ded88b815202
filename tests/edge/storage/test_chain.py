"""The hashes of the ledger: canonical as RFC 8785 says, and every field of a row counts."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge.inspection import Origin
from edge.storage.chain import canonical, commitment, root_hash, row_hash

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    st.none()
    | st.booleans()
    | text
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.floats(-100, 100).map(lambda value: round(value, 3)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)


@given(values)
@example(2.0**53)
@example(-(2.0**53) - 2)
@settings(max_examples=300, deadline=None)
def test_canonical_json_is_that_of_the_reference_implementation(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


def test_the_number_vectors_of_rfc_8785_are_written_as_there() -> None:
    # RFC 8785, section 3.2.2 and appendix B
    vector = {"numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001, -0.0, 5e-324]}
    assert canonical(vector) == b'{"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27,0,5e-324]}'


def test_keys_sort_by_utf_16() -> None:
    # RFC 8785, section 3.2.3: a surrogate pair sorts before U+FB33
    assert canonical({"\ufb33": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ufb33":1}'.encode()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, b"bytes", {1: 2}, {"a": {2, 3}}])
def test_what_json_cannot_carry_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical(value)


ROW: dict[str, Any] = {
    "seq": 1,
    "kind": "assessed",
    "inspection": "i",
    "origin": Origin("d", "1", "o", "b"),
    "at": "2026-11-21T09:30:00.000000+00:00",
    "clock": "synced",
    "key": "k",
    "body_sha256": "00",
    "commitments": {"parcel": "11"},
    "sightings": ["22"],
    "previous": "33",
}


@pytest.mark.parametrize(
    "change",
    [
        {"seq": 2},
        {"kind": "x"},
        {"inspection": "x"},
        {"origin": Origin("d", "1", "other", "b")},
        {"origin": Origin("d", "2", "o", "b")},
        {"origin": Origin("x", "1", "o", "b")},
        {"origin": Origin("d", "1", "o", "x")},
        {"at": "x"},
        {"clock": "floor"},
        {"key": ""},
        {"body_sha256": "01"},
        {"commitments": {}},
        {"sightings": []},
        {"previous": "34"},
    ],
)
def test_every_field_of_a_row_is_in_its_hash(change: dict[str, Any]) -> None:
    assert row_hash(**ROW) != row_hash(**(ROW | change))


def test_the_hash_of_a_row_never_changes_between_versions() -> None:
    assert row_hash(**ROW) == "a7689372f95cfeba8fd965d4ca17307e2ba21da2ef9564b0857f341b550f68a5"
    assert root_hash({"ledger": "l", "schema": 1}) == "c85ff40eeedffbbee9336eef69652b374e4de7eb8c7c5689deeda5d70e6e2cba"
    assert commitment(b"s" * 16, "parcel", "RR1") == "8eb9dfcc864e5b095b37008880f60d8a29f77586008b9d263270bb39265feec0"


def test_a_commitment_hides_its_value_behind_its_salt() -> None:
    assert commitment(b"s" * 16, "parcel", "RR1") != commitment(b"t" * 16, "parcel", "RR1")
    assert commitment(b"s" * 16, "a", "b") != commitment(b"s" * 16, "b", "a")


words = st.text(max_size=6)  # with surrogates, which no JSON carries


@given(
    texts=st.lists(words, min_size=9, max_size=9),
    seq=st.integers(-1, 2**54),
    commitments=st.dictionaries(words, words, max_size=3),
    sightings=st.lists(words, max_size=2),
)
@settings(max_examples=300, deadline=None)
def test_the_hash_of_a_row_is_that_of_its_canonical_header(
    texts: list[str], seq: int, commitments: dict[str, str], sightings: list[str]
) -> None:
    kind, inspection, at, clock, key, body, previous, device, boot = texts
    header: dict[str, Any] = {
        "v": 1, "seq": seq, "kind": kind, "inspection": inspection, "device": device, "station": kind, "officer": at,
        "boot": boot, "at": at, "clock": clock, "key": key, "body": body, "personal": commitments,
        "sightings": sightings, "previous": previous,
    }  # fmt: skip
    told: dict[str, Any] = {
        "seq": seq, "kind": kind, "inspection": inspection, "origin": Origin(device, kind, at, boot), "at": at,
        "clock": clock, "key": key, "body_sha256": body, "commitments": commitments, "sightings": sightings,
        "previous": previous,
    }  # fmt: skip
    try:
        expected = hashlib.sha256(rfc8785.dumps(header)).hexdigest()
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            row_hash(**told)
    else:
        assert row_hash(**told) == expected
