"""Numbers of parcels and transport documents: UPU S10, air waybill, ISO 6346, common carriers. Parse or raise.

A number that follows a scheme's rule was read well; whether anybody issued it is not known here. Carriers that number
by the same rule cannot be told apart: their names stand side by side ("carrier:japanpost/sagawa/yamato").

Sources: UPU S10-12; IATA Resolution 600a (air waybill); ISO 6346:2022; ISO/IEC 7064 (mod 37,36); carriers' own guides,
as collected for the rules' vectors in tests/edge/test_postal.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from edge.errors import CodeRefused
from edge.gs1 import check_digit
from edge.syntax_tests import code_list

_SHOWN = 40  # characters of a bad number that a message quotes
_SPACING = str.maketrans("", "", " -\u00a0")
_MAX_PRINTED = 80  # characters; no number is printed longer than this with its spaces
_S10 = re.compile(r"([A-Z]{2})([0-9]{8})([0-9])([A-Z]{2})")
_S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
_AWB = re.compile(r"([0-9]{3})([0-9]{7})([0-9])")
_AWB_PRINTED = re.compile(r"[0-9]{3}[- ][0-9]{4} ?[0-9]{4}")
_CONTAINER = re.compile(r"([A-Z]{3}[UJZ][0-9]{6})([0-9])")
_LETTER_VALUES = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", (n for n in range(10, 39) if n % 11), strict=True))
_MOD_36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

# First letters (or whole indicators) that S10 assigns; the rest is unassigned and still a well-read number.
S10_SERVICES = {
    "C": "parcel",
    "E": "EMS",
    "H": "e-commerce parcel",
    "L": "tracked letter",
    "M": "M bag",
    "Q": "business reply",
    "R": "registered letter",
    "U": "letter with customs declaration",
    "V": "insured letter",
}


@dataclass(frozen=True, slots=True, order=True)
class ParcelNumber:
    """A number of a parcel or transport document. `scheme`: "S10", "AWB", "ISO6346", "carrier:<name>[/<name>]"."""

    scheme: str
    value: str
    source: str = ""

    def __str__(self) -> str:
        return self.value


def s10_check_digit(serial: str) -> str:
    """The check digit of the eight serial digits of an S10 number."""
    remainder = sum(int(d) * w for d, w in zip(serial, _S10_WEIGHTS, strict=True)) % 11
    return {0: "5", 1: "0"}.get(remainder, str(11 - remainder))


def s10_service(number: str) -> str:
    """What the service indicator of an S10 number says: "parcel", "EMS", ..., or "other" (bilateral, unassigned)."""
    return S10_SERVICES.get(number[0], "other")


def parse_s10(text: str) -> ParcelNumber:
    """An S10 identifier, spaces allowed as printed. The country is the issuing post's, not the origin of goods.

    Raises:
        CodeRefused: code_unknown_number, code_check_digit or code_content.
    """
    value = _unspaced(text)
    match = _S10.fullmatch(value)
    if match is None:
        raise CodeRefused(
            "code_unknown_number", f"S10 must be 2 letters, 9 digits and 2 letters, got {text[:_SHOWN]!r}."
        )
    expected = s10_check_digit(match[2])
    if match[3] != expected:
        raise CodeRefused("code_check_digit", f"S10 {value} must have check digit {expected}, got {match[3]}.")
    if match[4] not in code_list("countries"):
        raise CodeRefused("code_content", f"S10 {value} must end in an ISO 3166 country, got {match[4]}.")
    return ParcelNumber("S10", value)


def parse_awb(text: str) -> ParcelNumber:
    """An air waybill number: airline prefix of 3 digits, 7 digits, and these 7 modulo 7.

    Raises:
        CodeRefused: code_unknown_number or code_check_digit.
    """
    value = _unspaced(text)
    match = _AWB.fullmatch(value)
    if match is None:
        raise CodeRefused("code_unknown_number", f"An air waybill must have 11 digits, got {text[:_SHOWN]!r}.")
    expected = str(int(match[2]) % 7)
    if match[3] != expected:
        raise CodeRefused("code_check_digit", f"Air waybill {value} must end in {expected}, got {match[3]}.")
    return ParcelNumber("AWB", value)


def parse_container(text: str) -> ParcelNumber:
    """A freight container number of ISO 6346: owner, category U, J or Z, six digits, check digit.

    Raises:
        CodeRefused: code_unknown_number or code_check_digit.
    """
    value = _unspaced(text)
    match = _CONTAINER.fullmatch(value)
    if match is None:
        raise CodeRefused(
            "code_unknown_number",
            f"A container number must be 3 letters, U, J or Z, and 7 digits, got {text[:_SHOWN]!r}.",
        )
    total = sum((_LETTER_VALUES.get(c) or int(c)) << i for i, c in enumerate(match[1]))
    expected = str(total % 11 % 10)
    if match[2] != expected:
        raise CodeRefused("code_check_digit", f"Container {value} must end in check digit {expected}, got {match[2]}.")
    return ParcelNumber("ISO6346", value)


# --- Carriers -------------------------------------------------------------------------------------------------------


def _mod_7(digits: str) -> str:
    """The whole number modulo 7 ("7DR" on Japanese waybills)."""
    return str(int(digits) % 7)


def _alternating(odd: int, even: int) -> Callable[[str], str]:
    """Modulo 10 with weights by place from the left, the first place being odd. Letters count (ASCII - 63) mod 10."""

    def compute(body: str) -> str:
        values = [int(c) if c.isdigit() else (ord(c) - 63) % 10 for c in body]
        return str(-(odd * sum(values[::2]) + even * sum(values[1::2])) % 10)

    return compute


def _weighted_11(weights: tuple[int, ...]) -> Callable[[str], str]:
    """Modulo 11, then 10, with weights by place from the left."""
    return lambda body: str(sum(int(c) * w for c, w in zip(body, weights, strict=True)) % 11 % 10)


def _mod_37_36(body: str) -> str:
    """ISO/IEC 7064 mod 37,36 over digits and capitals."""
    rest = 36
    for character in body:
        rest = (rest + _MOD_36.index(character)) % 36 or 36
        rest = rest * 2 % 37
    return _MOD_36[(37 - rest) % 36]


@dataclass(frozen=True, slots=True)
class CarrierRule:
    """How a carrier numbers parcels. `number` groups: "body" and "check"; without a check a distinct prefix must do."""

    carrier: str
    number: re.Pattern[str]
    check: Callable[[str], str] | None
    expectation: str


def _rule(carrier: str, number: str, check: Callable[[str], str] | None, expectation: str) -> CarrierRule:
    return CarrierRule(carrier, re.compile(number), check, expectation)


CARRIER_RULES: tuple[CarrierRule, ...] = (
    _rule(
        "ups", r"1Z(?P<body>[0-9A-Z]{15})(?P<check>[0-9])", _alternating(1, 2), "1Z, 15 characters and a check digit"
    ),
    _rule("ups", r"[AHJKTV](?P<body>[0-9]{9})(?P<check>[0-9])", _alternating(1, 2), "a letter and 10 digits"),
    _rule(
        "fedex", r"(?P<body>[0-9]{11})(?P<check>[0-9])", _weighted_11((3, 1, 7) * 3 + (3, 1)), "12 digits, modulo 11"
    ),
    _rule("fedex", r"(?P<body>[0-9]{14})(?P<check>[0-9])", _alternating(1, 3), "15 digits, modulo 10"),
    _rule("fedex", r"96[0-9]{5}(?P<body>[0-9]{14})(?P<check>[0-9])", _alternating(1, 3), "96 and 20 digits, modulo 10"),
    _rule(
        "fedex",
        r"(?:[0-8]|96(?=[0-9]{32}$))[0-9]{18,19}(?P<body>[0-9]{13})(?P<check>[0-9])",
        _weighted_11((1, 7, 3) * 4 + (1,)),
        "34 digits, modulo 11",
    ),
    _rule("dhl", r"(?P<body>[0-9]{9,10})(?P<check>[0-9])", _mod_7, "10 or 11 digits, modulo 7"),
    _rule("dhl", r"(?:JJD[0-9]{18}|J[A-Z]{2,3}[0-9]{10})", None, "JJD and 18 digits"),
    _rule("dpd", r"(?P<body>[0-9]{14})(?P<check>[0-9A-Z])", _mod_37_36, "14 digits and a check character"),
    _rule("dpd", r"(?P<body>[0-9]{27})(?P<check>[0-9A-Z])", _mod_37_36, "27 digits and a check character"),
    _rule("usps", r"(?:420[0-9]{5}(?:[0-9]{4})?)?(?P<body>9[1-5][0-9]{19})(?P<check>[0-9])", check_digit, "22 digits"),
    _rule("usps", r"(?:420[0-9]{5}(?:[0-9]{4})?)?(?P<body>9[2-4][0-9]{23})(?P<check>[0-9])", check_digit, "26 digits"),
    _rule("usps", r"(?P<body>[0-9]{19})(?P<check>[0-9])", check_digit, "20 digits, modulo 10"),
    _rule("usps", r"(?P<body>[0-9]{19})(?P<check>[0-9])", lambda body: check_digit("91" + body), "20 of 22 digits"),
    _rule("canadapost", r"(?P<body>[0-9]{15})(?P<check>[0-9])", check_digit, "16 digits, modulo 10"),
    _rule("yodel", r"JJ?D[0-9]{16}", None, "JD or JJD and 16 digits"),
    _rule("amazon", r"TB[ACM][0-9]{12}", None, "TBA and 12 digits"),
    _rule("yunexpress", r"YT[0-9]{16}", None, "YT and 16 digits"),
    _rule("sf", r"SF[0-9]{12,13}", None, "SF and 12 or 13 digits"),
    _rule("cainiao", r"LP[0-9]{14}", None, "LP and 14 digits"),
    _rule("yamato", r"(?P<body>[0-9]{11})(?P<check>[0-6])", _mod_7, "12 digits, modulo 7"),
    _rule("sagawa", r"(?P<body>[0-9]{11})(?P<check>[0-6])", _mod_7, "12 digits, modulo 7"),
    _rule("japanpost", r"(?P<body>[0-9]{10,11})(?P<check>[0-6])", _mod_7, "11 or 12 digits, modulo 7"),
    _rule("seino", r"(?P<body>[0-9]{9})(?P<check>[0-6])", _mod_7, "10 digits, modulo 7"),
)
# Carriers whose numbers have a shape of their own and no check digit at all.
UNCHECKED_SCHEMES = frozenset(
    f"carrier:{rule.carrier}"
    for rule in CARRIER_RULES
    if not any(other.check for other in CARRIER_RULES if other.carrier == rule.carrier)
)
_CODABAR = re.compile(r"[A-Da-d]([0-9]{10,14})[A-Da-d]")  # start and stop characters that readers of Codabar may send
_UPS_SHAPE = re.compile(r"1Z[0-9A-Z]{16}")


def parse_carrier_number(text: str) -> ParcelNumber:
    """A parcel number of a carrier, spaces and hyphens allowed as printed. All carriers whose rule fits are named.

    Raises:
        CodeRefused: code_check_digit (the shape is one carrier's own) or code_unknown_number.
    """
    value = _unspaced(text)
    framed = _CODABAR.fullmatch(value)
    if framed is not None:
        value = framed[1]
    carriers = sorted({rule.carrier for rule in CARRIER_RULES if _fits(rule, value)}) if value.strip("0") else []
    if carriers:
        return ParcelNumber("carrier:" + "/".join(carriers), value)
    if _UPS_SHAPE.fullmatch(value):
        expected = _alternating(1, 2)(value[2:-1])
        raise CodeRefused("code_check_digit", f"UPS {value} must end in check digit {expected}, got {value[-1]}.")
    raise CodeRefused("code_unknown_number", f"A parcel number must follow a known rule, got {text[:_SHOWN]!r}.")


def _fits(rule: CarrierRule, value: str) -> bool:
    match = rule.number.fullmatch(value)
    return match is not None and (rule.check is None or rule.check(match["body"]) == match["check"])


def parse_parcel_number(text: str, *, source: str = "") -> ParcelNumber:
    """A number of any scheme known here.

    Eleven digits without a hyphen may be an air waybill or a carrier's: when both rules fit, neither is chosen.

    Raises:
        CodeRefused: code_unknown_number, code_check_digit, code_content (an S10 of no country) or
            code_ambiguous_number.
    """
    value = _unspaced(text)
    if _S10.fullmatch(value):
        number = parse_s10(text)
    elif _CONTAINER.fullmatch(value):
        number = parse_container(text)
    elif _AWB_PRINTED.fullmatch(text):
        number = parse_awb(text)
    elif _AWB.fullmatch(value) and str(int(value[3:10]) % 7) == value[10]:
        number = parse_awb(text)
        if any(_fits(rule, value) for rule in CARRIER_RULES):
            raise CodeRefused(
                "code_ambiguous_number",
                f"Eleven digits must follow one rule, got {value}, which is an air waybill and a carrier's number.",
                hint="Type an air waybill with its hyphen: 123-12345675.",
            )
    else:
        number = parse_carrier_number(text)
    return replace(number, source=source)


def _unspaced(text: str) -> str:
    return text if len(text) > _MAX_PRINTED else text.translate(_SPACING)
