"""What the ledger keeps of handhelds: one noun for each kind of row. No secret of a handheld stands in any of them."""

from __future__ import annotations

from dataclasses import dataclass

PAIRED, REVOKED = "handheld_paired", "handheld_revoked"


@dataclass(frozen=True, slots=True)
class Pairing:
    """A handheld was paired by the officer of this row."""

    handheld: str
    station: str


@dataclass(frozen=True, slots=True)
class Revocation:
    """A handheld is known no more."""

    handheld: str
