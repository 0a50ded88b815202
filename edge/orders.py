"""Orders of the central: let go what is personal of an inspection. Verified here again, carried out, and receipted.

sync lays them into state_dir/orders/NUMBER.json; the bench, which alone writes the ledger, carries them out. Pictures
that may show whose parcel it is go without regard to the policy's time, as soon as they are receipted: until then the
order stands. The last row, "ordered", is the receipt and comes up like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.inspection import Origin
from edge.moment import Moment
from edge.pictures import named_pictures
from edge.retention import Retention
from edge.storage.chain import Entry
from edge.storage.database import made_folder, write_durably
from edge.storage.ledger import Ledger
from edge.storage.receipts import pinned, said_by

ORDER, ORDERED = "sekisho-order", "ordered"
FOLDER = "orders"


@dataclass(frozen=True, slots=True)
class Order:
    """An order that the pinned central has signed for this box."""

    number: int
    inspection: str
    reason: str


def lay(state_dir: Path, number: int, document: bytes) -> None:
    """Lay an order down for the bench, durably.

    Raises:
        OSError: it cannot be written.
    """
    made_folder(state_dir / FOLDER)
    write_durably(state_dir / FOLDER / f"{number:09}.json", document)


def order_of(document: bytes, state_dir: Path, device: str) -> Order | None:
    """The order in `document`, when the central that the box is enrolled with has signed it for this device."""
    public = pinned(state_dir)
    told: Mapping[str, Any] | None = None if public is None else said_by(document, ORDER, public)
    if told is None or told.get("device") != device or type(told.get("number")) is not int:
        return None
    return Order(told["number"], str(told.get("inspection", "")), str(told.get("reason", ""))[:200])


class Orders:
    """The orders of one box. For the thread of its retention."""

    def __init__(
        self, state_dir: Path, device: str, ledger: Ledger, retention: Retention, origin: Callable[[str], Origin]
    ) -> None:
        """Carry out what lies in `state_dir`."""
        self._state_dir = state_dir
        self._device = device
        self._ledger = ledger
        self._retention = retention
        self._origin = origin

    def carry_out(self, now: Moment) -> int:
        """Carry out every order that can be; how many came to their end. What is no order is left and passed over.

        Raises:
            LedgerError, EvidenceError, OSError: see `Retention.step`. The order stands.
        """
        done = 0
        folder = self._state_dir / FOLDER
        for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
            order = order_of(path.read_bytes(), self._state_dir, self._device)
            if order is not None and self._carried_out(order, now):
                path.unlink()
                done += 1
        return done

    def _carried_out(self, order: Order, now: Moment) -> bool:
        rows = self._ledger.inspection(order.inspection)
        nominal = {one.sha256 for row in rows for one in named_pictures(row.entry.body) if one.nominal}
        why = {"reason": "order", "order": order.number, "policy": order.reason}
        left = self._retention.let_go(nominal, rows, why, now)
        if left:
            return False
        body = {"order": order.number, "inspection": order.inspection, "reason": order.reason}
        entry = Entry(ORDERED, order.inspection, self._origin(""), now, body, key=f"order:{order.number}")
        self._ledger.append([entry])
        return True
