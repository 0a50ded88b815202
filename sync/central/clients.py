"""Central systems that read the feed: a token each, and what it may see."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select

from edge.errors import AccessRefused, Conflict, NotFound
from sync.central.tables import clients
from sync.central.tokens import good, holder, kept, new_token


@dataclass(frozen=True, slots=True)
class Client:
    """Who reads: with or without what is personal, and of which ports (all when empty)."""

    name: str
    nominal: bool
    ports: tuple[str, ...] = ()


def new_client(
    connection: Connection, name: str, *, nominal: bool, ports: Sequence[str] = (), expires: str | None = None
) -> str:
    """A token for a central system, good until `expires` (ISO 8601). It is shown once; only its SHA-256 is kept."""
    token, sha256 = new_token()
    told = {"name": name, "nominal": nominal, "ports": json.dumps(list(ports)), "expires": expires}
    connection.execute(insert(clients).values(token=sha256, **told))
    return token


def client_of(connection: Connection, authorization: str, now: str) -> Client:
    """Whose token the Authorization header holds, while it is good.

    Raises:
        AccessRefused: access_token.
    """
    found = holder(connection, clients, authorization, now)
    if found is None:
        raise AccessRefused(
            "access_token",
            "This address needs the token of a central system as Authorization: Bearer ..., got none that is good.",
            hint="Make one with: sekisho central token NAME.",
        )
    return _client(found)


def client_by(connection: Connection, digest: str, now: str) -> Client | None:
    """The client whose token has this SHA-256, while it may read."""
    found = kept(connection, clients, digest, now)
    return None if found is None else _client(found)


def digest_of(connection: Connection, name: str, now: str) -> str:
    """The SHA-256 of the one token that may read under this name.

    Raises:
        NotFound: client_not_found: there is none. Conflict: client_conflict: there are several.
    """
    where = (clients.c.name == name) & good(clients, now)
    found = connection.execute(select(clients.c.token).where(where)).all()
    if not found:
        message = f"Expected the name of a client with a token, got {name[:80]!r}."
        raise NotFound("client_not_found", message, hint="Make one with: sekisho central token NAME.")
    if len(found) > 1:
        message = f"{name[:80]}: expected one token of this name, got {len(found)}."
        raise Conflict("client_conflict", message, hint="Make a token with a name of its own.")
    return str(found[0].token)


def _client(found: Any) -> Client:  # noqa: ANN401 - a database row
    return Client(found.name, bool(found.nominal), tuple(json.loads(found.ports)))
