"""What an officer's badge says: a fixed prefix and a random secret. It signs in, and is never a code of a parcel.

The letters of the prefix stand at the same place of the common keyboard layouts, and the secret is digits only, so that
CAPS LOCK and most layouts change nothing, and Code 128 takes it in 55 mm. It knows no accounts: edge/people does.
"""

from __future__ import annotations

import re
import secrets

PREFIX = "SEKI"
DIGITS = 24  # some 80 bits: nothing that can be tried out

_BADGE = re.compile(rb"\s*(?:\][A-Za-z][0-9A-Za-z])?SEKI([0-9]{4,64})[\s\0]*", re.IGNORECASE)
_WITHIN = re.compile(rb"SEKI([0-9]{%d})" % DIGITS, re.IGNORECASE)  # a scanner that joins several scans


def new_badge() -> str:
    """The content of a badge that nobody has yet."""
    return f"{PREFIX}{secrets.randbelow(10**DIGITS):0{DIGITS}}"


def badge_in(payload: bytes) -> str | None:
    """The badge that a code is or holds, in capitals; None for any other code.

    A badge that was read in part is one too: nobody's, and nothing that may be kept.
    """
    found = _WITHIN.search(payload) or _BADGE.fullmatch(payload)
    return PREFIX + found[1].decode("ascii") if found else None
