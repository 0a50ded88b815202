"""GS1 keys: GTIN, SSCC, GLN. Parse or raise, into frozen types whose possession proves validity.

Element strings are read in edge/element_strings.py, Digital Link URIs in edge/digital_link.py. This file is no scanner
driver (faults of scanners are repaired in edge/steps/identify.py) and asks no registry: a valid check digit says
that a number was read well, never that anybody issued it.

Source: GS1 General Specifications, sections 1.4 (GS1 Prefixes), 3.3 (keys) and 7.9 (check digits).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from edge.errors import CodeRefused

GTIN_LENGTHS = (8, 12, 13, 14)
_IN_STORE_GS1_PREFIXES = ("02", "04", *(str(n) for n in range(20, 30)))
_IN_STORE_GS1_8_PREFIXES = ("0", "2")
_UPC_E_LENGTH = 8


def check_digit(digits: str) -> str:
    """The GS1 modulo 10 check digit that belongs after `digits` (ASCII digits, without the check digit).

    Weights 3, 1, 3, ... from the right.
    """
    values = digits.encode("ascii")
    odd, even = values[::-2], values[-2::-2]
    total = 3 * sum(odd) + sum(even) - 48 * (3 * len(odd) + len(even))
    return str(-total % 10)


def _require_key(name: str, value: str, lengths: tuple[int, ...]) -> None:
    """Refuse what is not a key of `lengths` digits with the right check digit.

    Raises:
        CodeRefused: code_character, code_length or code_check_digit.
    """
    if not (value.isascii() and value.isdigit()):
        raise CodeRefused("code_character", f"{name} must be digits 0-9, got {value[:40]!r}.")
    if len(value) not in lengths:
        allowed = " or ".join(str(n) for n in lengths)
        raise CodeRefused("code_length", f"{name} must have {allowed} digits, got {len(value)} in {value[:40]!r}.")
    expected = check_digit(value[:-1])
    if value[-1] != expected:
        raise CodeRefused(
            "code_check_digit",
            f"{name} {value} must end in check digit {expected}, got {value[-1]}.",
            hint="Scan again. If it stays wrong, the number was printed or typed wrong.",
        )


@dataclass(frozen=True, slots=True, order=True)
class Gtin:
    """A Global Trade Item Number, kept as 14 digits with a valid check digit."""

    value: str

    def __post_init__(self) -> None:
        """Refuse what is no GTIN of 14 digits.

        Raises:
            CodeRefused: code_character, code_length or code_check_digit.
        """
        _require_key("GTIN-14", self.value, (14,))

    def __str__(self) -> str:
        return self.value

    @classmethod
    def parse(cls, text: str) -> Gtin:
        """The GTIN of GTIN-8, -12, -13 or -14 digits, padded to 14 with zeros on the left.

        Raises:
            CodeRefused: code_character, code_length or code_check_digit.
        """
        _require_key("GTIN", text, GTIN_LENGTHS)
        return cls(text.zfill(14))

    @classmethod
    def from_upc_e(cls, text: str) -> Gtin:
        """The GTIN of a UPC-E symbol: number system 0, six digits, check digit; zeros are put back.

        Source: GS1 General Specifications 5.2.2.4.2.

        Raises:
            CodeRefused: code_character, code_length or code_check_digit.
        """
        if not (text.isascii() and text.isdigit()):
            raise CodeRefused("code_character", f"UPC-E must be digits 0-9, got {text[:40]!r}.")
        if len(text) != _UPC_E_LENGTH or text[0] not in "01":
            raise CodeRefused("code_length", f"UPC-E must have 8 digits beginning with 0 or 1, got {text[:40]!r}.")
        six, last = text[1:7], text[6]
        if last in "012":
            body = f"{six[:2]}{last}0000{six[2:5]}"
        elif last == "3":
            body = f"{six[:3]}00000{six[3:5]}"
        elif last == "4":
            body = f"{six[:4]}00000{six[4]}"
        else:
            body = f"{six[:5]}0000{last}"
        return cls.parse(text[0] + body + text[7])

    @property
    def shortest(self) -> str:
        """The number as it is printed under its bars: 8, 12, 13 or 14 digits."""
        for length in GTIN_LENGTHS:
            if self.value[:-length].strip("0") == "":
                return self.value[-length:]
        return self.value

    @property
    def indicator(self) -> str:
        """The first of the 14 digits: "0" for the unit itself, 1-8 for a grouping of it, 9 for variable measure."""
        return self.value[0]

    @property
    def in_store(self) -> bool:
        """Whether the number is for use inside one company or region only, so that nobody else can look it up.

        GS1 Prefixes 02, 04 and 20-29, and GTIN-8 that begin with 0 or 2.
        """
        if self.value.startswith("000000"):
            return self.value[6] in _IN_STORE_GS1_8_PREFIXES
        return self.value[1:3] in _IN_STORE_GS1_PREFIXES


@dataclass(frozen=True, slots=True, order=True)
class Sscc:
    """A Serial Shipping Container Code, 18 digits with a valid check digit."""

    value: str

    def __post_init__(self) -> None:
        """Refuse what is no SSCC.

        Raises:
            CodeRefused: code_character, code_length or code_check_digit.
        """
        _require_key("SSCC", self.value, (18,))

    def __str__(self) -> str:
        return self.value

    @classmethod
    def parse(cls, text: str) -> Sscc:
        """The SSCC of 18 digits, or of 20 with its application identifier 00 in front.

        Raises:
            CodeRefused: code_character, code_length or code_check_digit.
        """
        with_identifier = 20
        return cls(text[2:] if len(text) == with_identifier and text.startswith("00") else text)


@dataclass(frozen=True, slots=True, order=True)
class Gln:
    """A Global Location Number, 13 digits with a valid check digit."""

    value: str

    def __post_init__(self) -> None:
        """Refuse what is no GLN.

        Raises:
            CodeRefused: code_character, code_length or code_check_digit.
        """
        _require_key("GLN", self.value, (13,))

    def __str__(self) -> str:
        return self.value

    @classmethod
    def parse(cls, text: str) -> Gln:
        """The GLN of 13 digits.

        Raises:
            CodeRefused: code_character, code_length or code_check_digit.
        """
        return cls(text)


@dataclass(frozen=True, slots=True)
class TradeItem:
    """One item as its codes describe it. Serial and batch are case-sensitive and kept exactly."""

    gtin: Gtin
    serial: str | None = None
    batch: str | None = None
    expiry: date | None = None
    elements: Mapping[str, str] = field(default_factory=dict)  # every AI of the item, e.g. {"01": ..., "21": ...}
    sources: tuple[str, ...] = ()  # sources of the symbols that were merged
