"""Pictures that boxes have brought, whole or in pieces, named by their SHA-256.

Whoever may sign may bring a picture, and it is of no use without a row that names it. The signed receipt is what lets a
box delete its own copy, once its retention has run.

What was deleted here does not come back: it is not asked for, not kept when it comes, and its receipt says when it was
deleted, and by which deletion. Unless another inspection than those it was deleted of names it.

An object and its row in `evidence` are made and deleted under one lock, the object's row in `going`.
"""

from __future__ import annotations

import json
import re
from typing import Any

from sqlalchemy import Connection, delete, select, text, update

from edge.errors import InputError, NotFound
from sync.central.central import Central
from sync.central.database import reading, writing
from sync.central.intake.objects import Upload
from sync.central.privacy.retention import GOING, finish, take_in
from sync.central.tables import deletions, evidence, going, named, pictures
from sync.protocol import EVIDENCE, SCHEMA, signed

MAX_OBJECT_BYTES = 200_000_000
MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}")

_BROUGHT = text(
    "INSERT INTO evidence (device, sha256, media_type, size, received)"
    " VALUES (:device, :sha256, :media_type, :size, :received) ON CONFLICT DO NOTHING"
)
_KNOWN = text(
    "INSERT INTO pictures (device, sha256, size, deletion, deleted) VALUES (:device, :sha256, :size, 0, '')"
    " ON CONFLICT (device, sha256) DO UPDATE SET size=excluded.size, deletion=0, deleted=''"
)
_WATCH_AGAIN = text(
    "INSERT INTO watched (device, inspection, look_at)"
    " SELECT device, inspection, '' FROM named WHERE device=:device AND sha256=:sha256"
    " ON CONFLICT (device, inspection) DO UPDATE SET look_at=''"
)


def _brought(central: Central, device: str, sha256: str) -> Any:  # noqa: ANN401 - a database row
    """The row of a picture that is here, and whose object is here; None otherwise."""
    with reading(central.engine) as connection:
        where = (evidence.c.device == device) & (evidence.c.sha256 == sha256)
        found = connection.execute(select(evidence).where(where)).one_or_none()
    return found if found is not None and central.objects.holds(sha256) else None


def _known(connection: Connection, device: str, sha256: str) -> Any:  # noqa: ANN401 - a database row
    where = (pictures.c.device == device) & (pictures.c.sha256 == sha256)
    return connection.execute(select(pictures).where(where)).one_or_none()


def _deleted(central: Central, device: str, sha256: str) -> Any:  # noqa: ANN401 - a database row
    """The row of a picture that was deleted and may not come back; None otherwise."""
    with reading(central.engine) as connection:
        known = _known(connection, device, sha256)
    if known is None or not known.deletion:
        return None
    take_in(central)  # rows that have come since may name it
    with reading(central.engine) as connection:
        where = (named.c.device == device) & (named.c.sha256 == sha256)
        wanted = {row.inspection for row in connection.execute(select(named.c.inspection).where(where))}
        holding = (deletions.c.device == device) & deletions.c.document.contains(sha256)
        for row in connection.execute(select(deletions.c.document).where(holding)):
            wanted -= set(json.loads(row.document)["signed"]["inspections"])
    return None if wanted else known


def upload_of(central: Central, device: str, sha256: str) -> Upload:
    """How much of a picture is here.

    Raises:
        NotFound: evidence_not_found.
    """
    brought = _brought(central, device, sha256)
    if brought is not None:
        return Upload(brought.size, brought.media_type, brought.size)
    return central.objects.upload(device, sha256)


def begin(central: Central, device: str, sha256: str, size: int, media_type: str) -> Upload:
    """Begin an upload, or tell how far one under way is.

    Raises:
        InputError: evidence_size.
    """
    brought = _brought(central, device, sha256)
    if brought is not None:
        return Upload(brought.size, brought.media_type, brought.size)
    deleted = _deleted(central, device, sha256)
    if deleted is not None:
        if not deleted.size:  # erased before it came: what its receipt is to say
            where = (pictures.c.device == device) & (pictures.c.sha256 == sha256)
            with writing(central.engine) as connection:
                connection.execute(update(pictures).where(where).values(size=size))
        return Upload(size, media_type, size)
    upload = central.objects.begin(device, sha256, size, media_type)
    _note_if_whole(central, device, sha256, upload)
    return upload


def take(central: Central, device: str, sha256: str, offset: int, data: bytes) -> Upload:
    """Take the next piece of an upload, durably.

    Raises:
        Conflict: evidence_offset.
        InputError: evidence_size, evidence_altered.
        NotFound: evidence_not_found.
    """
    upload = central.objects.append(device, sha256, offset, data)
    _note_if_whole(central, device, sha256, upload)
    return upload


def _note_if_whole(central: Central, device: str, sha256: str, upload: Upload) -> None:
    if upload.offset != upload.size:
        return
    told = {"device": device, "sha256": sha256, "size": upload.size}
    refused = _deleted(central, device, sha256) is not None
    with reading(central.engine) as connection:
        before = _known(connection, device, sha256)
    with writing(central.engine) as connection:
        connection.execute(GOING, {"sha256": sha256})
        if not refused and _known(connection, device, sha256) == before:
            connection.execute(_BROUGHT, told | {"media_type": upload.media_type, "received": central.stamp()})
            connection.execute(_KNOWN, told)
            connection.execute(_WATCH_AGAIN, {"device": device, "sha256": sha256})
            if not central.objects.holds(sha256):
                message = f"{sha256}: expected an object that stays, got one that was deleted while it came again."
                raise NotFound("evidence_not_found", message, hint="Begin its upload anew.")
            connection.execute(delete(going).where(going.c.sha256 == sha256))
    finish(central)


def brought_whole(central: Central, device: str, sha256: str, data: bytes, media_type: str) -> None:
    """Keep a picture that came whole, on another way than an upload.

    Raises:
        InputError: evidence_altered, evidence_size: another upload of it is under way with another size; request_field.
    """
    if not MEDIA_TYPE.fullmatch(media_type) or not 0 < len(data) <= MAX_OBJECT_BYTES:
        message = f"{sha256}: expected a picture with a media type, got {len(data)} bytes of {media_type[:60]!r}."
        raise InputError("request_field", message)
    upload = begin(central, device, sha256, len(data), media_type)
    if upload.offset < upload.size:
        take(central, device, sha256, upload.offset, data[upload.offset :])


def receipt_of(central: Central, device: str, sha256: str) -> bytes:
    """The signed receipt of a picture that a device has brought whole, or that was deleted here: then it says so.

    Raises:
        NotFound: evidence_not_found.
    """
    brought = _brought(central, device, sha256)
    deleted = _deleted(central, device, sha256) if brought is None else None
    told = {"type": EVIDENCE, "schema": SCHEMA, "central": central.id, "device": device, "sha256": sha256}
    if deleted is not None:
        told |= {"size": deleted.size, "received": deleted.deleted, "deleted": deleted.deleted}
        return signed(told | {"deletion": deleted.deletion}, central.private.sign, central.id)
    if brought is None:
        message = f"{sha256}: expected a picture that {device} has brought whole, got none."
        raise NotFound("evidence_not_found", message, hint="Go on with its upload.")
    return signed(told | {"size": brought.size, "received": brought.received}, central.private.sign, central.id)
