"""Orders down: what the central wants let go is fetched, verified and laid down for the bench, which carries it out."""

from __future__ import annotations

import json
from pathlib import Path

from edge.orders import lay, order_of
from edge.storage.database import made_folder, write_durably
from sync.errors import DocumentRefused
from sync.link import Link

_STATE = "orders.json"


def fetch_orders(state_dir: Path, link: Link) -> int:
    """Lay down the orders that came since; how many. An order is never fetched twice.

    Raises:
        CentralUnreachable, CentralRefused.
        DocumentRefused: document_form; document_order: what came is no order of this central for this box; nothing
            after it is taken.
        OSError: it cannot be written.
    """
    place = state_dir / "sync" / _STATE
    after = _after(place, link.enrolment.recipient)
    count = 0
    while documents := _documents(link.ask("GET", f"/v1/orders/{after}").data):
        for document in documents:
            order = order_of(document, state_dir, link.enrolment.device)
            if order is None or order.number <= after:
                message = f"Expected an order for {link.enrolment.device} after number {after}, signed, got another."
                raise DocumentRefused("document_order", message, hint="Nothing is let go by it.")
            lay(state_dir, order.number, document)
            after = order.number
            made_folder(place.parent)
            write_durably(place, json.dumps({"central": link.enrolment.recipient, "after": after}).encode())
            count += 1
    return count


def _documents(data: bytes) -> list[bytes]:
    try:
        return [document.encode() for document in json.loads(data)["orders"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        message = f"Expected orders, each a signed document, got {data[:80]!r} ({type(error).__name__})."
        raise DocumentRefused("document_form", message, hint="Nothing is let go by it.") from error


def _after(place: Path, central: str) -> int:
    try:
        told = json.loads(place.read_bytes())
        return int(told["after"]) if told["central"] == central else 0
    except (OSError, ValueError, KeyError, TypeError):
        return 0  # laid down again: one that was carried out is found done
