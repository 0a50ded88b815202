"""Addresses of pictures that need no token: whoever holds one may fetch that one picture until it ends.

A central system asks for them, one row at a time, and gets those that it may see.

The signature is HMAC-SHA256 over method, path, client and end, under a key derived from the central's own: every worker
has it, and no table is written. Names of what may be asked come from a row that the client may see, never from a hash
alone: a hash is no secret.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import select

from edge.errors import AccessRefused, NotFound
from edge.pictures import Named
from sync.central.bodies import pictures_of
from sync.central.central import Central
from sync.central.clients import Client
from sync.central.database import reading
from sync.central.tables import entries, evidence

GOOD_FOR_S = 600
PICTURES = "/v1/rows/{device}/{ledger}/{seq}/pictures"  # where a row's addresses are asked for
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Offered:
    """A picture of a row with its address, which is "" while the picture is still on its way."""

    named: Named
    size: int
    url: str


@dataclass(frozen=True, slots=True)
class Pictures:
    """What a client may fetch of one row, until when, and how many pictures it may not see."""

    offered: tuple[Offered, ...]
    expires_s: int
    withheld: int


def pictures_of_row(central: Central, client: Client, device: str, ledger: str, seq: int) -> Pictures:
    """The pictures that a row names, with an address for each that `client` may see.

    Raises:
        NotFound: row_not_found: there is none, or none that this client may see.
    """
    where = (entries.c.device == device) & (entries.c.ledger == ledger) & (entries.c.seq == seq)
    with reading(central.engine) as connection:
        row = connection.execute(select(entries.c.port, entries.c.kind, entries.c.body).where(where)).one_or_none()
        if row is None or (client.ports and row.port not in client.ports):
            message = f"Expected a row that {client.name} may see, got row {seq} of {ledger[:80]!r} of {device[:80]!r}."
            raise NotFound("row_not_found", message, hint="Take device, ledger and row from the feed.")
        named = pictures_of(row.kind, row.body) or ()
        shown = [one for one in named if client.nominal or not one.nominal]
        brought = (evidence.c.device == device) & evidence.c.sha256.in_([one.sha256 for one in shown])
        found = connection.execute(select(evidence.c.sha256, evidence.c.size).where(brought))
        sizes = {one.sha256: int(one.size) for one in found}
    until = int(central.now().timestamp()) + GOOD_FOR_S
    offered = tuple(
        Offered(one, sizes.get(one.sha256, 0), signed_url(central, client.name, one.sha256, until))
        if one.sha256 in sizes
        else Offered(one, 0, "")
        for one in shown
    )
    return Pictures(offered, until, len(named) - len(shown))


def signed_url(central: Central, client: str, sha256: str, until_s: int) -> str:
    """The address of one picture for `client`, good until `until_s` (seconds since 1970), without scheme and host."""
    path = f"/v1/objects/{quote(sha256)}"
    signature = _signature(central.private, path, client, until_s)
    return f"{path}?{urlencode({'client': client, 'expires': until_s, 'signature': signature})}"


def require_signed(central: Central, sha256: str, client: str, until_s: int, signature: str) -> None:
    """Pass when this central has signed this very address, and it is good now.

    Raises:
        AccessRefused: access_url: it is not signed so; access_url_ended.
    """
    right = _signature(central.private, f"/v1/objects/{quote(sha256)}", client, until_s)
    if not hmac.compare_digest(right, signature):
        message = f"Expected an address of {sha256} that this central has signed, got another."
        raise AccessRefused("access_url", message, hint=f"Ask for one: GET {PICTURES}.")
    now_s = central.now().timestamp()
    if now_s > until_s:
        message = f"Expected an address that is still good, got one that ended {now_s - until_s:.0f} s ago."
        raise AccessRefused("access_url_ended", message, hint=f"Ask for a new one: GET {PICTURES}.")


def _signature(private: Ed25519PrivateKey, path: str, client: str, until_s: int) -> str:
    key = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=b"sekisho-object-url").derive(
        private.private_bytes_raw()
    )
    told = json.dumps(["GET", path, client, until_s]).encode()
    return hmac.new(key, told, hashlib.sha256).hexdigest()
