"""What the text of one symbol says: GS1 elements, a parcel number, or nothing that is known here.

The symbology identifier decides where there is one: "96385074" alone is a GTIN-8 and also AI 96 with "385074". Without
it the rules are, in this order:

1. a web address is read as a Digital Link, or is foreign when it names no GS1 key;
2. brackets are read as AIs;
3. bare digits with the length and check digit of a GTIN are a GTIN, 18 of them an SSCC; except that a linear symbology
   that carriers use (Code 128, Codabar, ...) is read as a parcel number first, and eight digits are a GTIN only when
   the symbology is not known;
4. elements are believed without an identifier only when one of them is a GS1 key with a check digit;
5. then the rules of parcel numbers, and at last the text is foreign.

A foreign text is no error. `CodeRefused` is for texts that claim to be something (by identifier or shape) and are not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from edge.digital_link import looks_like_uri, parse_digital_link
from edge.element_strings import CHECKED_KEYS, ElementString, parse_bracketed, parse_element_strings
from edge.errors import CodeRefused
from edge.gs1 import Gtin, Sscc
from edge.postal import UNCHECKED_SCHEMES, ParcelNumber, parse_parcel_number

# ISO/IEC 15424, without the letters that only an inverted case makes of common ones (]D2 of ]d2, ]q3 of ]Q3, ...).
IDENTIFIER = re.compile(r"\][ABCEFGHIKLMNOPQRSTUVXZdehoxyz][0-9A-Za-z]|\]J[0-9]")
GS1_IDENTIFIERS = frozenset(["]C1", "]d2", "]Q3", "]e0", "]e1", "]e2", "]J1"])
TERMINATORS = " \r\n\t\0\x02\x03"  # what scanners put around a code
_EAN_FORMATS = frozenset(["EAN13", "EAN8", "UPCA", "UPCE", "ISBN", "EAN", "UPC"])
_CARRIER_FORMATS = frozenset(["CODE128", "CODE39", "CODE93", "CODABAR", "NW7", "ITF"])
_CARRIER_IDENTIFIERS = ("]C", "]A", "]F", "]G", "]I")
_GTIN_LENGTHS = (8, 12, 13, 14)
_UPC_E_LENGTH = 8
_EAN_13_LENGTH = 13
_SSCC_LENGTH = 18
_ADD_ONS = (2, 5)  # digits of the small symbol beside an EAN of a periodical
# What a text without an identifier begins with to claim GS1.
BARE_KEY = re.compile(r"\x1d?(?:(?:01|02|8006)[0-9]{14}|00[0-9]{18}(?![0-9]))")
_LINK_KEY = re.compile(r"/(?:00|01|8006|414|417|253|255|8003|8004|8010|8017|8018)/[0-9]{6}")  # a claim to be GS1's
_BARE_KEYS = frozenset(["00", "01", "02", "8006"])


@dataclass(frozen=True, slots=True)
class Reading:
    """What one symbol says. All empty: the text follows no grammar that is known here."""

    elements: tuple[ElementString, ...] = ()
    number: ParcelNumber | None = None
    checked: bool = False  # a check digit or a web address proves that this is what it seems

    @property
    def foreign(self) -> bool:
        """Whether the text says nothing that is known here."""
        return not self.elements and self.number is None


FOREIGN = Reading()


def split_identifier(text: str) -> tuple[str, str]:
    """The symbology identifier in front of `text`, "" when there is none, and the rest."""
    return (text[:3], text[3:]) if IDENTIFIER.match(text) else ("", text)


def read(text: str, identifier: str = "", symbol_format: str = "") -> Reading:
    """Read the text of one symbol. An identifier inside the text counts as much as one that came beside it.

    Raises:
        CodeRefused: the identifier or the shape claims something that the text does not keep.
    """
    inner, text = split_identifier(text.strip(TERMINATORS))
    identifier = inner or identifier
    symbology = symbol_format.upper().replace("-", "").replace("_", "").replace(" ", "")
    if identifier in GS1_IDENTIFIERS or symbology.startswith("DATABAR"):
        return _elements(parse_bracketed(text) if text.startswith("(") else parse_element_strings(text))
    if identifier.startswith("]E") or symbology in _EAN_FORMATS:
        linear, _, composite = text.partition("]e0")
        gtin = _gtin(_ean(linear.rstrip("|"), upc_e=symbology == "UPCE"))
        if not composite:
            return gtin
        return Reading(gtin.elements + parse_element_strings(composite), checked=True)
    carrier = identifier.startswith(_CARRIER_IDENTIFIERS) if identifier else symbology in _CARRIER_FORMATS
    return _read_plain(text, carrier_first=carrier, known=bool(identifier or symbology))


def _read_plain(text: str, *, carrier_first: bool, known: bool) -> Reading:
    if looks_like_uri(text):
        return _link(text)
    if text.startswith("(") and text[1:3].isdigit():
        return _elements(parse_bracketed(text.replace(" ", "")))
    printed = text.replace(" ", "")
    if printed.isdigit() and len(printed) in _GTIN_LENGTHS:  # typed as it is printed: 4 901234 567894
        text = printed
    if carrier_first and text.isascii() and text.isdigit() and len(text) not in (14, _SSCC_LENGTH, 20):
        number = _number(text)
        return number if not number.foreign else _digits(text, known=known)
    if text.isascii() and text.isdigit():
        found = _digits(text, known=known)
        return _number(text) if found.foreign else found
    bare = _bare_elements(text)
    return _number(text) if bare.foreign else bare


def _digits(text: str, *, known: bool) -> Reading:
    """Bare digits: a GTIN, an SSCC, elements with a key, or foreign. `known`: the symbology is known and no EAN/UPC.

    Raises:
        CodeRefused: thirteen digits of an unknown symbology with a wrong check digit, or elements beginning with a
            GTIN that is wrong.
    """
    if not text.strip("0") or (known and len(text) == _UPC_E_LENGTH):  # no other symbology carries a GTIN-8
        return FOREIGN
    if len(text) in _GTIN_LENGTHS:
        try:
            return _gtin(Gtin.parse(text))
        except CodeRefused:
            if len(text) == _EAN_13_LENGTH and not known and _number(text).foreign:
                raise
    if len(text) == _UPC_E_LENGTH:
        return _upc_e(text)
    if len(text) == _SSCC_LENGTH and _is_sscc(text):
        return Reading((ElementString("00", text),), checked=True)
    try:
        return _bare_elements(text)
    except CodeRefused:
        if _number(text).foreign:
            raise
    return FOREIGN


def _bare_elements(text: str) -> Reading:
    """Elements of a text without an identifier: believed when one is a GTIN, an SSCC or an ITIP, else foreign.

    Raises:
        CodeRefused: the text begins like such a key and does not go on like elements.
    """
    if not text[:2].isdigit() and not text.startswith("\x1d"):
        return FOREIGN
    try:
        elements = parse_element_strings(text)
    except CodeRefused:
        if BARE_KEY.match(text):
            raise
        return FOREIGN
    return _elements(elements) if any(element.ai in _BARE_KEYS for element in elements) else FOREIGN


def _is_sscc(text: str) -> bool:
    try:
        Sscc.parse(text)
    except CodeRefused:
        return False
    return True


def _ean(text: str, *, upc_e: bool) -> Gtin:
    """The GTIN of an EAN/UPC symbol; the digits of an add-on symbol are left out.

    Raises:
        CodeRefused: code_length, code_character or code_check_digit.
    """
    digits = text.replace(" ", "")
    if upc_e and len(digits) == _UPC_E_LENGTH:
        return Gtin.from_upc_e(digits)
    if len(digits) - _EAN_13_LENGTH in _ADD_ONS:
        digits = digits[:_EAN_13_LENGTH]
    if len(digits) > _EAN_13_LENGTH:
        raise CodeRefused("code_length", f"An EAN or UPC must have 8, 12 or 13 digits, got {text[:40]!r}.")
    return Gtin.parse(digits)


def _upc_e(text: str) -> Reading:
    try:
        return _gtin(Gtin.from_upc_e(text))
    except CodeRefused:
        return FOREIGN


def _gtin(gtin: Gtin) -> Reading:
    return Reading((ElementString("01", gtin.value),), checked=True)


def _elements(elements: tuple[ElementString, ...]) -> Reading:
    return Reading(elements, checked=any(element.ai in CHECKED_KEYS for element in elements))


def _link(text: str) -> Reading:
    try:
        return Reading(parse_digital_link(text).elements, checked=True)
    except CodeRefused as refused:
        if refused.code == "code_not_digital_link" or (refused.code == "code_uri" and _LINK_KEY.search(text) is None):
            return FOREIGN
        raise


def _number(text: str) -> Reading:
    """The parcel number, or foreign.

    Raises:
        CodeRefused: the shape is one scheme's own and its check fails, or two schemes fit.
    """
    try:
        number = parse_parcel_number(text)
    except CodeRefused as refused:
        if refused.code == "code_unknown_number":
            return FOREIGN
        raise
    return Reading(number=number, checked=number.scheme not in UNCHECKED_SCHEMES)
