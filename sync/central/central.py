"""The central itself: its database, its objects and its key. Every worker is alike and keeps nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine

from sync.central.intake.objects import Objects
from sync.protocol import key_id


@dataclass(frozen=True)
class Central:
    """What every route and command uses."""

    engine: Engine
    objects: Objects
    private: Ed25519PrivateKey
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ends: Path | None = None  # sync/central/privacy/ends.py

    @property
    def id(self) -> str:
        """The fingerprint of this central's key."""
        return key_id(self.private.public_key())

    def stamp(self) -> str:
        """The time, ISO 8601."""
        return self.now().isoformat()
