"""Open the sealed labels of a case: for a reason, by somebody, and never without a line in the central's log of it.

A box hides what stands on a transport label and seals it (edge/vault.py); of a referred or detained parcel it came up
with the evidence. The line is durable before a label is answered.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from edge.errors import NotFound
from edge.storage.chain import canonical
from edge.storage.database import fsync_directory
from edge.storage.sealed import opened, sealing_key
from edge.storage.vault import binding
from sync.central.bodies import body_of
from sync.central.database import reading
from sync.central.tables import entries

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    from sync.central.central import Central

LOG = "labels-opened.jsonl"


@dataclass(frozen=True, slots=True)
class OpenedLabel:
    """A label as the camera saw it (JPEG), and the names of it as sealed and of its capture."""

    sealed: str
    capture: str
    picture: bytes


def open_labels(
    central: Central, inspection: str, *, who: str, reason: str, log: Path, key: X25519PrivateKey | None = None
) -> tuple[OpenedLabel, ...]:
    """The labels of an inspection that lie here, opened with `key` or the central's own; the log has it first.

    Raises:
        NotFound: label_not_found: none lies here. InputError: sealed_form: it is sealed to another key.
        OSError: the log cannot be written; then nothing is opened.
    """
    found = _sealed(central, inspection)
    if not found:
        message = f"{inspection}: expected an inspection with a sealed label at this central, got none."
        raise NotFound("label_not_found", message, hint="Only those of referred and detained parcels come up.")
    private = key or sealing_key(central.private)
    line: dict[str, object] = {
        "at": central.stamp(),
        "who": who,
        "reason": reason,
        "inspection": inspection,
        "labels": sorted(found),
    }
    _note(log, line)
    return tuple(
        OpenedLabel(name, capture, opened(private, central.objects.get(name), binding(capture)))
        for name, capture in sorted(found.items())
    )


def _sealed(central: Central, inspection: str) -> dict[str, str]:
    """The captures (SHA-256) of the sealed labels of an inspection that lie here, by the labels' names."""
    wanted = select(entries.c.kind, entries.c.body).where(
        (entries.c.inspection == inspection) & (entries.c.kind == "assessed")
    )
    found: dict[str, str] = {}
    with reading(central.engine) as connection:
        for row in connection.execute(wanted):
            told = body_of(row.kind, row.body) or {}
            for capture in told.get("assessment", {}).get("seen", {}).get("captures", ()):
                name = capture.get("label", "")
                if name and "sha256" in capture and central.objects.holds(name):
                    found[name] = capture["sha256"]
    return found


def _note(log: Path, line: dict[str, object]) -> None:
    """Append a line, durably."""
    new = not log.exists()
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "ab") as file:
        file.write(canonical(json.loads(json.dumps(line))) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    if new:
        fsync_directory(log.parent)
