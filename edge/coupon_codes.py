"""The insides of North American coupon codes: AI 8110 and AI 8112. A parcel bench reads past them, never guesses them.

Source: GS1 US, North American Coupon Application Guideline Using GS1 DataBar Expanded Symbols, and AI (8112) Coupon
Data Specification. Every field is digits; VLI is a digit that says how long the next field is.
"""

from __future__ import annotations

from calendar import monthrange

_PREFIX = {str(n): n + 6 for n in range(7)}
_AMOUNT = {str(n): n for n in range(1, 6)}
_SERIAL = {str(n): n + 6 for n in range(10)}
_RETAILER = {str(n): n + 6 for n in range(1, 8)}
_OTHER_PREFIX = _PREFIX | {"9": 0}
_REQUIREMENT_CODES = "012349"


class _Wrong(Exception):  # noqa: N818 - never leaves this file
    """The digits do not follow the grammar."""


class _Cursor:
    """Takes fields off the front of a string of digits."""

    def __init__(self, digits: str) -> None:
        self.rest = digits

    def take(self, length: int) -> str:
        if len(self.rest) < length:
            raise _Wrong
        field, self.rest = self.rest[:length], self.rest[length:]
        return field

    def choice(self, allowed: str) -> str:
        digit = self.take(1)
        if digit not in allowed:
            raise _Wrong
        return digit

    def measured(self, lengths: dict[str, int]) -> str:
        length = lengths.get(self.take(1))
        if length is None:
            raise _Wrong
        return self.take(length)

    def date(self) -> str:
        value = self.take(6)
        year, month, day = 2000 + int(value[:2]), int(value[2:4]), int(value[4:])
        if not (1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]):  # noqa: PLR2004 - months of a year
            raise _Wrong
        return value

    def option(self, digit: str) -> bool:
        if not self.rest.startswith(digit):
            return False
        self.rest = self.rest[1:]
        return True


def _purchase(cursor: _Cursor) -> None:
    cursor.measured(_AMOUNT)  # purchase requirement
    cursor.choice(_REQUIREMENT_CODES)
    cursor.take(3)  # family code


def _coupon_code(cursor: _Cursor) -> None:
    cursor.measured(_PREFIX)  # company prefix
    cursor.take(6)  # offer code
    cursor.measured(_AMOUNT)  # save value
    _purchase(cursor)
    if cursor.option("1"):  # a second qualifying purchase
        cursor.choice("0123")
        _purchase(cursor)
        cursor.measured(_OTHER_PREFIX)
    if cursor.option("2"):  # a third
        _purchase(cursor)
        cursor.measured(_OTHER_PREFIX)
    expiry = cursor.date() if cursor.option("3") else ""
    if cursor.option("4"):
        start = cursor.date()
        if expiry and start > expiry:
            raise _Wrong
    if cursor.option("5"):
        cursor.measured(_SERIAL)
    if cursor.option("6"):
        cursor.measured(_RETAILER)
    if cursor.option("9"):
        cursor.choice("01256")  # save value code
        cursor.choice("012")  # save value applies to item
        cursor.take(1)  # store coupon flag
        cursor.choice("01")  # don't multiply flag


def _positive_offer(cursor: _Cursor) -> None:
    cursor.choice("01")  # format
    cursor.measured(_PREFIX)  # funder
    cursor.take(6)  # offer code
    cursor.measured(_SERIAL)


def is_coupon_code(value: str) -> bool:
    """Whether `value` follows the grammar of AI 8110."""
    return _follows(value, offer=False)


def is_positive_offer(value: str) -> bool:
    """Whether `value` follows the grammar of AI 8112."""
    return _follows(value, offer=True)


def _follows(value: str, *, offer: bool) -> bool:
    if not (value.isascii() and value.isdigit()):
        return False
    cursor = _Cursor(value)
    try:
        (_positive_offer if offer else _coupon_code)(cursor)
    except _Wrong:
        return False
    return cursor.rest == ""
