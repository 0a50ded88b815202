"""Pictures that boxes have brought, whole or in pieces, named by their SHA-256.

Whoever may sign may bring a picture, and it is of no use without a row that names it. The signed receipt is what lets a
box delete its own copy, once its retention has run.
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import select, text

from edge.errors import InputError, NotFound
from sync.central.central import Central
from sync.central.database import reading, writing
from sync.central.intake.objects import Upload
from sync.central.tables import evidence
from sync.protocol import EVIDENCE, SCHEMA, signed

MAX_OBJECT_BYTES = 200_000_000
MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}")

_BROUGHT = text(
    "INSERT INTO evidence (device, sha256, media_type, size, received)"
    " VALUES (:device, :sha256, :media_type, :size, :received) ON CONFLICT DO NOTHING"
)


def _brought(central: Central, device: str, sha256: str) -> Any:  # noqa: ANN401 - a database row
    with reading(central.engine) as connection:
        where = (evidence.c.device == device) & (evidence.c.sha256 == sha256)
        return connection.execute(select(evidence).where(where)).one_or_none()


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
    if upload.offset == upload.size:
        told = {"device": device, "sha256": sha256, "media_type": upload.media_type, "size": upload.size}
        with writing(central.engine) as connection:
            connection.execute(_BROUGHT, told | {"received": central.stamp()})


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
    """The signed receipt of a picture that a device has brought whole.

    Raises:
        NotFound: evidence_not_found.
    """
    brought = _brought(central, device, sha256)
    if brought is None:
        message = f"{sha256}: expected a picture that {device} has brought whole, got none."
        raise NotFound("evidence_not_found", message, hint="Go on with its upload.")
    told = {"type": EVIDENCE, "schema": SCHEMA, "central": central.id, "device": device, "sha256": sha256}
    return signed(told | {"size": brought.size, "received": brought.received}, central.private.sign, central.id)
