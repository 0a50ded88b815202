"""What the tests of sync share: a box with a key and a ledger."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.inspection import Origin
from edge.moment import ClockTrust, Moment
from edge.storage.chain import Entry, Outgoing, Row
from edge.storage.ledger import Ledger
from sync.protocol import key_id, make_batch
from sync.push import Signer

DAY = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
NOW = Moment(DAY, ClockTrust.SYNCED)


def assessed(number: int, device: str = "bench-1", **changes: Any) -> Entry:
    """A row as a bench writes it, small; some parts are personal."""
    outcome = ("NO_FINDING", "CHECK", "STRONG_INDICATION")[number % 3]
    body = {"request": f"{number:064x}", "assessment": {"number": 1, "verdict": {"outcome": outcome}, "words": "香水"}}
    personal = {"parcel": f"RR{number:09}JP", "seen.symbols": f'[{{"payload":"\u0000{number}"}}]'}
    told = Entry(
        kind="assessed",
        inspection=f"i{number}",
        origin=Origin(device, "1", "O-7", "boot-1"),
        at=NOW,
        body=body,
        personal=personal,
        key=f"k{number}",
        sightings=(f"s10:{number}",),
    )
    return replace(told, **changes)


@dataclass
class Box:
    """A ledger and a device key, without a central."""

    folder: Path
    device: str = "bench-1"
    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    training: bool = False

    def __post_init__(self) -> None:
        self.ledger = Ledger.open(self.folder / "ledger.db", self.device, training=self.training)

    def write(self, count: int, first: int = 1) -> tuple[Row, ...]:
        return self.ledger.append([assessed(number, self.device) for number in range(first, first + count)])

    @property
    def key(self) -> str:
        return key_id(self.private.public_key())

    @property
    def signer(self) -> Signer:
        return Signer(self.device, self.private.sign, self.key)

    def rows(self, after: int = 0, limit: int = 200) -> tuple[Outgoing, ...]:
        return self.ledger.outgoing(after, limit)

    def batch(self, after: int = 0, limit: int = 200) -> bytes:
        rows = self.rows(after, limit)
        founding, end = self.ledger.founding(), self.ledger.head()
        return make_batch(self.device, founding, rows, end=end, made=NOW, sign=self.private.sign, key=self.key)

    def close(self) -> None:
        self.ledger.close()
