"""Who may do what: one table. The API and the page both ask it; nothing else decides by role."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What a person is at the bench."""

    OFFICER = "officer"  # scans and decides
    SUPERVISOR = "supervisor"  # of a bench hall: an officer who also sees every station's shift
    TECHNICIAN = "technician"  # sets the box up; decides nothing


class Right(StrEnum):
    """What can be done that is somebody's to do."""

    INSPECT = "inspect"  # scan, take pictures, go on to the next parcel
    DECIDE = "decide"  # release, refer, detain, take a decision back, confirm another's
    ASK = "ask"  # put a question to whoever knows the product
    HAND_OVER = "hand_over"  # read the shift of one's own station, close it, take one over
    PAIR = "pair"  # handhelds with the box, and end that
    READ_SHIFTS = "read_shifts"  # the shift of any station
    SUPERVISE = "supervise"  # the day of the whole box, what is held, overrides
    DRAFT = "draft"  # drafts of the customs forms, with the names that a form asks for


RIGHTS = MappingProxyType(
    {
        Role.OFFICER: frozenset({Right.INSPECT, Right.DECIDE, Right.ASK, Right.HAND_OVER}),
        Role.SUPERVISOR: frozenset(Right),
        Role.TECHNICIAN: frozenset({Right.INSPECT, Right.PAIR}),
    }
)


# What a session in a browser of one's own counts for. What is done at a bench is of whoever is signed in at it.
AWAY = frozenset({Right.PAIR, Right.READ_SHIFTS, Right.SUPERVISE, Right.DRAFT})


def may(role: Role, right: Right) -> bool:
    """Whether a person of this role may do this."""
    return right in RIGHTS[role]


def roles_with(right: Right) -> str:
    """The roles that may do this, in words."""
    return " or ".join(role for role in Role if may(role, right))
