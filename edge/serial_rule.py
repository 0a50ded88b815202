r"""The pattern that a right holder gives for its serials, matched in time linear in the serial.

Patterns are other people's input: Python's own engine needs minutes for some that compile (R. Cox, "Regular Expression
Matching Can Be Simple And Fast", 2007), RE2 never does. It knows no look-around and no back-references.

A group that is named after a system of check characters has to end with the one that belongs to it:
`K2(?P<mod37_36>[A-Z0-9]{8})`. Systems: `mod11_10` (digits), `mod27_26` (letters) and `mod37_36` (both), the hybrid
systems of ISO/IEC 7064:2003, clause 8; `gs1`, the check digit of GS1 General Specifications 7.9.1.
"""

from __future__ import annotations

import functools
import string
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import re2

_ALPHABETS = {
    "mod11_10": string.digits,
    "mod27_26": string.ascii_uppercase,
    "mod37_36": string.digits + string.ascii_uppercase,
}


@functools.lru_cache(maxsize=256)
def _compiled(rule: str) -> Any:  # noqa: ANN401 - the library is untyped
    options = re2.Options()
    options.log_errors = False  # told by the exception
    return re2.compile(rule, options)


def require_rule(rule: str) -> None:
    """Refuse what is no pattern.

    Raises:
        ValueError: it is none; the message says what came.
    """
    try:
        _compiled(rule)
    except re2.error as error:
        came = error.args[0] if error.args else "another text"
        raise ValueError(came.decode(errors="replace") if isinstance(came, bytes) else str(came)) from None


def fits(rule: str, serial: str) -> bool:
    """Whether the whole serial, with its check characters, fits a rule that `require_rule` has accepted."""
    found = _compiled(rule).fullmatch(serial)
    if found is None:
        return False
    told = found.groupdict()
    return all(_SYSTEMS[name](text) for name, text in told.items() if name in _SYSTEMS and text is not None)


def _is_hybrid(text: str, alphabet: str) -> bool:
    """Whether the last character checks the others: ISO/IEC 7064:2003, clause 8, of modulus M and M + 1."""
    modulus, rest = len(alphabet), len(alphabet)
    if not text or any(letter not in alphabet for letter in text):
        return False
    for letter in text[:-1]:
        rest = (rest + alphabet.index(letter)) % modulus or modulus
        rest = rest * 2 % (modulus + 1)
    return (rest + alphabet.index(text[-1])) % modulus == 1


def _is_gs1(text: str) -> bool:
    """Whether the last digit checks the others, weighted 3 and 1 from the right."""
    if not (text.isascii() and text.isdigit()):
        return False
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(text))) % 10 == 0


_SYSTEMS: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {"gs1": _is_gs1} | {name: functools.partial(_is_hybrid, alphabet=alphabet) for name, alphabet in _ALPHABETS.items()}
)
