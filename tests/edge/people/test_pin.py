from __future__ import annotations

import pytest

from edge.errors import RequestRefused
from edge.people.pin import checked, is_right, kept

KEY, OTHER = bytes(32), bytes([1] * 32)


def test_a_pin_is_right_under_its_key_only_and_no_two_are_kept_alike() -> None:
    told = kept("482913", KEY)
    assert is_right("482913", told, KEY)
    assert not is_right("482914", told, KEY)
    assert not is_right("482913", told, OTHER)
    assert told != kept("482913", KEY)
    assert "482913" not in told


def test_where_none_is_kept_no_pin_is_right_but_it_is_hashed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[dict[str, object]] = []

    def scrypt(_keyed: bytes, **options: object) -> bytes:
        hashed.append(options)
        return bytes(32)

    monkeypatch.setattr("edge.people.pin.hashlib.scrypt", scrypt)
    assert not is_right("482913", "", KEY)
    assert [(one["n"], one["r"], one["p"]) for one in hashed] == [(2**14, 8, 1)]


@pytest.mark.parametrize(
    ("pin", "came"),
    [
        ("12345", "5 digits"),
        ("1" * 13, "13 digits"),
        ("48291x", "6 characters that are not all digits"),
        ("", "0 characters that are not all digits"),
        ("٤٨٢٩١٣", "6 characters that are not all digits"),
    ],
)
def test_a_pin_of_another_shape_is_refused_without_repeating_it(pin: str, came: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        checked(pin)
    assert caught.value.message == f"Expected a PIN of 6 to 12 digits, got {came}."


@pytest.mark.parametrize("pin", ["000000", "121212", "123456", "987654", "456789"])
def test_a_pin_that_is_tried_first_is_refused(pin: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        checked(pin)
    assert caught.value.message == "Expected a PIN that is not tried first, got a run or a repetition of digits."
    assert checked("482913") == "482913"
