"""Bearer tokens of those who read and those who speak: shown once, kept as their SHA-256, ended by time or by hand."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.schema import Table

from edge.errors import InputError, NotFound

MAX_DAYS = 36_500


def new_token() -> tuple[str, str]:
    """A token, and what is kept of it."""
    token = secrets.token_urlsafe(32)
    return token, digest(token)


def digest(token: str) -> str:
    """The SHA-256 of a token, hex."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def end_of(days: int | None, now: datetime) -> str | None:
    """When a token of `days` ends, ISO 8601; None for one that only a revocation ends.

    Raises:
        InputError: request_field.
    """
    if days is None:
        return None
    if not 0 < days <= MAX_DAYS:
        raise InputError("request_field", f"--days: expected 1 to {MAX_DAYS} days, got {days}.")
    return (now + timedelta(days=days)).isoformat()


def holder(connection: Connection, table: Table, authorization: str, now: str) -> Any:  # noqa: ANN401 - a database row
    """The row of the token in an Authorization header, while it is good; None otherwise."""
    scheme, _, token = authorization.partition(" ")
    return kept(connection, table, digest(token.strip()), now) if scheme.lower() == "bearer" else None


def kept(connection: Connection, table: Table, sha256: str, now: str) -> Any:  # noqa: ANN401 - a database row
    """The row of the token with this SHA-256, while it is good; None otherwise."""
    return connection.execute(select(table).where((table.c.token == sha256) & good(table, now))).one_or_none()


def good(table: Table, now: str) -> Any:  # noqa: ANN401 - a clause of SQL
    """Of the rows of `table` those whose token is neither revoked nor ended."""
    return table.c.revoked.is_(None) & (table.c.expires.is_(None) | (table.c.expires > now))


def revoke(connection: Connection, table: Table, name: str, now: str) -> int:
    """Revoke every token of this name; how many were good until now.

    Raises:
        NotFound: token_not_found: there is none that is good.
    """
    where = (table.c.name == name) & good(table, now)
    count = connection.execute(update(table).where(where).values(revoked=now)).rowcount
    if not count:
        message = f"Expected the name of one who holds a token that is good, got {name[:80]!r}."
        raise NotFound("token_not_found", message, hint="Nobody of that name may read or speak now.")
    return count
