"""Who may tell the central something about an inspection: a person or office with a role, known by a token.

Readers of the feed are another kind (sync/central/clients.py): reading gives no right to speak.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import Connection, insert

from edge.errors import AccessRefused, InputError
from sync.central.tables import speakers
from sync.central.tokens import holder, new_token
from sync.current import Scope


class Role(StrEnum):
    """In whose name somebody speaks."""

    EXAMINER = "examiner"  # of customs: decides inspections, answers questions
    COURT = "court"  # decides, and may overrule an examiner
    EXPERT = "expert"  # of customs: answers questions on any product
    RIGHT_HOLDER = "right_holder"  # answers questions on its own products


DECIDING = (Role.EXAMINER, Role.COURT)
ANSWERING = (Role.EXAMINER, Role.EXPERT, Role.RIGHT_HOLDER)


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks; `scope` limits a right holder to its own products."""

    name: str
    role: Role
    scope: Scope = field(default_factory=Scope)

    def may_speak_of(self, gtins: tuple[str, ...]) -> bool:
        """Whether every one of these products is this speaker's."""
        return self.role is not Role.RIGHT_HOLDER or not self.scope.outside({"gtins": gtins})


def new_speaker(connection: Connection, speaker: Speaker, expires: str | None = None) -> str:
    """A token for a speaker, good until `expires` (ISO 8601). It is shown once; only its SHA-256 is kept.

    Raises:
        InputError: request_field: a right holder without products.
    """
    scope = speaker.scope
    if speaker.role is Role.RIGHT_HOLDER and not (scope.gtins or scope.prefixes):
        message = f"{speaker.name}: expected GTINs or prefixes of a right holder, got none of them."
        raise InputError("request_field", message, hint="Add --gtin or --prefix.")
    token, sha256 = new_token()
    told = {"name": speaker.name, "role": speaker.role.value, "scope": scope.model_dump_json(), "expires": expires}
    connection.execute(insert(speakers).values(token=sha256, **told))
    return token


def speaker_of(connection: Connection, authorization: str, roles: tuple[Role, ...], now: str) -> Speaker:
    """Whose token the Authorization header holds, while it is good and when it has one of `roles`.

    Raises:
        AccessRefused: access_token, access_role.
    """
    found = holder(connection, speakers, authorization, now)
    if found is None:
        raise AccessRefused(
            "access_token",
            "This address needs a speaker's token as Authorization: Bearer ..., got none that is good.",
            hint="Make one with: sekisho central speaker NAME --role ROLE.",
        )
    if found.role not in roles:
        message = f"{found.name}: expected one of the roles {', '.join(roles)}, got {found.role}."
        raise AccessRefused("access_role", message, hint="Another office decides or answers here.")
    return Speaker(found.name, Role(found.role), Scope.model_validate_json(found.scope))
