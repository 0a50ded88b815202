"""What the ledger keeps of people: one noun for each kind of row. No name, no PIN and no badge stands in any of them.

A person stands in a row by the id of the account, in `Origin.officer` and here. Classes of fields: edge/fields.toml.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SIGNED_IN, SIGNED_OUT, REFUSED = "signed_in", "signed_out", "sign_in_refused"
PEOPLE, TAKEN_OVER, HANDED_OVER = "people", "taken_over", "handed_over"
DRAFTED = "drafted"


class Proof(StrEnum):
    """By what a person was known."""

    BADGE = "badge"
    PIN = "pin"


class Ending(StrEnum):
    """Why somebody is signed in no longer."""

    ASKED = "asked"  # signed out
    TIMED_OUT = "timed_out"
    SWITCHED = "switched"  # another one signed in at the same place
    ACCOUNT = "account"  # the account was changed or removed
    HANDED_OVER = "handed_over"


@dataclass(frozen=True, slots=True)
class SignIn:
    """Somebody signed in. `station` "" is a session of a browser alone."""

    person: str
    role: str
    by: Proof
    station: str


@dataclass(frozen=True, slots=True)
class SignOut:
    """Somebody's session ended."""

    person: str
    why: Ending
    station: str
    lasted_s: int  # by the monotonic clock
    idle_s: int  # since the last act


@dataclass(frozen=True, slots=True)
class Refusal:
    """A wrong PIN or an unknown badge. `asked` is a keyed hash of the id that was typed, which may be anything."""

    by: Proof
    asked: str
    count: int  # wrong ones in a row, for this id
    pause_s: int  # that follows: 0, or locked so long
    client: str
    client_count: int


@dataclass(frozen=True, slots=True)
class AccountStamp:
    """An account as it stood: `stamp` is another one whenever its role, PIN or badge is."""

    id: str
    role: str
    stamp: str


@dataclass(frozen=True, slots=True)
class People:
    """The accounts of the box from here on."""

    accounts: tuple[AccountStamp, ...]


@dataclass(frozen=True, slots=True)
class TakeOver:
    """An open inspection that was another's is worked on from here on by the officer of this row."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Drafted:
    """A supervisor made a draft of a customs form: which one, and which of its fields are filled. No value of them."""

    inspection: str
    form: str
    filled: tuple[str, ...]
    officer: str


@dataclass(frozen=True, slots=True)
class HandOver:
    """A shift that was closed, and what it left. Parcels stand here by the ids of their inspections only."""

    station: str
    before: str  # who hands over, "not signed in" when nobody was
    after: str  # who takes over
    since: int  # sequence of the hand-over before, 0 for none
    inspections: int
    verdicts: dict[str, int]
    decisions: dict[str, int]
    undecided: tuple[str, ...]  # here and below: of this shift, and what the ones before left open
    referrals: tuple[str, ...]  # referred and not taken back, without an ending so far
    questions: tuple[str, ...]  # inspections with a question that nobody has answered
    faults: tuple[str, ...]  # parts of the box that do not do their part
    unsent: int
    note: str
