"""Boxes that were erased: what each said of it, signed, is kept, and its key may not sign any more."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import insert, select, update

from edge.errors import InputError
from sync.central.central import Central
from sync.central.database import writing
from sync.central.tables import keys, retirements
from sync.errors import DocumentRefused
from sync.identity import public_key
from sync.protocol import RECEIPT_OF_RETIREMENT, RETIREMENT, SCHEMA, key_of, signed, verified

REASON = "retired"


def take_retirement(central: Central, data: bytes) -> bytes:
    """Keep what a box said when it was erased, revoke its key, and answer a signed receipt. The same again is answered.

    A key that was revoked before is believed for this one thing: it says that it is gone.

    Raises:
        InputError: request_field: it is not signed by the key of a box that is known here, or not of that box.
    """
    digest = hashlib.sha256(data).hexdigest()
    with writing(central.engine) as connection:
        try:
            name = key_of(data, RETIREMENT)
            found: Any = connection.execute(select(keys).where(keys.c.key == name)).one_or_none()
            if found is None:
                raise InputError("request_field", f"Expected the key of an enrolled box, got {name[:64]!r}.")
            told = verified(data, RETIREMENT, public_key(found.public_key))
        except DocumentRefused as error:
            raise InputError("request_field", error.message) from error
        if told.get("device") != found.device:
            message = f"Expected the retirement of {found.device}, got one of {str(told.get('device'))[:80]!r}."
            raise InputError("request_field", message)
        if connection.execute(select(retirements.c.hash).where(retirements.c.hash == digest)).one_or_none() is None:
            row = {"hash": digest, "device": found.device, "document": data.decode(), "received": central.stamp()}
            connection.execute(insert(retirements).values(**row))
        if told.get("erased"):
            where = (keys.c.key == name) & keys.c.revoked.is_(None)
            connection.execute(update(keys).where(where).values(revoked=central.stamp(), reason=REASON))
    told = {"type": RECEIPT_OF_RETIREMENT, "schema": SCHEMA, "central": central.id, "device": found.device}
    return signed(told | {"sha256": digest, "received": central.stamp()}, central.private.sign, central.id)
