"""What the barcodes of a desk card say: a decision, the next parcel, help, a language. Never a code of a parcel.

A code is a prefix, the letter of the command and eight letters that only this box and its printed card know: a parcel
that bears such a barcode decides nothing. All letters stand at the same place of QWERTY, QWERTZ and AZERTY, and CAPS
LOCK changes nothing. A card in a picture is passed over: only a scanner commands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from types import MappingProxyType

from edge.errors import RequestRefused

PREFIX = "SEKIX"
LETTERS = "BCDEFGHIJKLNOPRSTUVX"
SECRET_LETTERS = 8  # some 34 bits; a parcel has one try

_CARD = re.compile(
    rf"\s*(?:\][A-Za-z][0-9A-Za-z])?({PREFIX}[{LETTERS}]{{{1 + SECRET_LETTERS}}})[\s\0]*".encode(), re.IGNORECASE
)


_WITHIN = re.compile(rf"{PREFIX}[{LETTERS}]{{3}}".encode(), re.IGNORECASE)


class Command(StrEnum):
    """What a barcode of the card asks for."""

    RELEASE = "release"
    REFER = "refer"
    DETAIN = "detain"
    UNDO = "undo"
    NEXT = "next"
    HELP = "help"
    LANGUAGE = "language"


@dataclass(frozen=True, slots=True)
class Order:
    """A command; `language` is a language's code where the command is LANGUAGE."""

    command: Command
    language: str = ""


ORDERS = MappingProxyType(
    {
        "R": Order(Command.RELEASE),
        "F": Order(Command.REFER),
        "D": Order(Command.DETAIN),
        "U": Order(Command.UNDO),
        "N": Order(Command.NEXT),
        "H": Order(Command.HELP),
        "E": Order(Command.LANGUAGE, "en"),
        "J": Order(Command.LANGUAGE, "ja"),
        "C": Order(Command.LANGUAGE, "zh"),
        "K": Order(Command.LANGUAGE, "ko"),
        "V": Order(Command.LANGUAGE, "vi"),
        "T": Order(Command.LANGUAGE, "th"),
        "I": Order(Command.LANGUAGE, "id"),
    }
)


def secret_of(key: bytes) -> str:
    """The letters that this box's card carries, from a key of the box."""
    number = int.from_bytes(blake2b(b"desk card", key=key, digest_size=16).digest())
    return "".join(LETTERS[number // len(LETTERS) ** place % len(LETTERS)] for place in range(SECRET_LETTERS))


def code(letter: str, secret: str) -> str:
    """The content of the barcode of an order's letter."""
    return PREFIX + letter + secret


def hides_card(payload: bytes) -> bool:
    """Whether a code is or holds a desk card's, whole or in part: joined with another, cut, or within other letters.

    It is nobody's decision, and nothing that may be kept or shown.
    """
    return _WITHIN.search(payload) is not None


def card_in(payload: bytes) -> str | None:
    """The code of a desk card, in capitals; None for any other code."""
    found = _CARD.fullmatch(payload)
    return found[1].decode("ascii").upper() if found else None


def order_of(card: str, secret: str) -> Order:
    """What a card's code asks for.

    Raises:
        RequestRefused: request_card: it is the card of another box, or no card at all.
    """
    letter, given = card[len(PREFIX) : len(PREFIX) + 1], card[len(PREFIX) + 1 :]
    order = ORDERS.get(letter)
    if order is None or given != secret:
        raise RequestRefused(
            "request_card",
            "Expected a barcode of this box's desk card, got another one.",
            hint="Print the card of this box: sekisho desk-card.",
        )
    return order
