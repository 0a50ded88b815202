from __future__ import annotations

import pytest

from edge.desk_card import LETTERS, ORDERS, Command, Order, card_in, code, order_of, secret_of
from edge.errors import RequestRefused

SECRET = secret_of(b"k" * 32)


def test_the_secret_is_the_boxes_own_and_needs_no_keyboard_layout() -> None:
    assert secret_of(b"k" * 32) == SECRET
    assert secret_of(b"l" * 32) != SECRET
    assert len(SECRET) == 8
    assert set(SECRET) <= set(LETTERS)
    assert not set(LETTERS) & set("AQWZMY")  # at other places on AZERTY and QWERTZ


@pytest.mark.parametrize("letter", ORDERS)
def test_every_barcode_of_the_card_is_read_back_as_its_order(letter: str) -> None:
    said = code(letter, SECRET)
    assert card_in(f"]C0{said.lower()}\r".encode()) == said
    assert order_of(said, SECRET) == ORDERS[letter]


def test_a_code_of_a_parcel_or_a_badge_is_no_card() -> None:
    for payload in (b"0109521234543213", b"SEKI" + b"1" * 24, b"SEKIXR", code("R", SECRET).encode() + b"1"):
        assert card_in(payload) is None


def test_the_card_of_another_box_is_refused_without_being_repeated() -> None:
    other = code("R", secret_of(b"l" * 32))
    with pytest.raises(RequestRefused) as refused:
        order_of(other, SECRET)
    assert refused.value.code == "request_card"
    assert refused.value.message == "Expected a barcode of this box's desk card, got another one."


def test_a_letter_that_is_no_order_is_refused() -> None:
    with pytest.raises(RequestRefused):
        order_of(code("B", SECRET), SECRET)


def test_the_orders_are_the_decisions_and_seven_languages() -> None:
    commands = [order.command for order in ORDERS.values()]
    assert set(commands) == set(Command)
    assert ORDERS["J"] == Order(Command.LANGUAGE, "ja")
    assert len({order.language for order in ORDERS.values()}) == 8
