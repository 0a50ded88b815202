"""What a box says of itself to its central: what is in use, its clock, its disk, what it has not brought yet.

One small signed document with each push. Nothing in it is personal, and nothing waits for it.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any

from edge.errors import SekishoError
from edge.moment import Moment
from edge.releases import read_journal, told, version
from edge.settings import Settings
from edge.storage.ledger_file import LEDGER
from edge.storage.ledger_reader import LedgerReader
from edge.storage.outbox import Outbox
from edge.storage.shelf import Shelf
from edge.storage.shelves import editions, pack_shelf, policy_shelf
from sync.altered import altered_pictures
from sync.errors import CentralRefused
from sync.protocol import SCHEMA, STATUS, Sign, signed
from sync.push import OUTBOX

if TYPE_CHECKING:
    from sync.link import Link

_NAMED = 10  # altered pictures, by their names


def tell_status(box: Settings, link: Link, now: Moment, sign: Sign, key: str) -> None:
    """Tell the central. Nothing comes of a refusal.

    Raises:
        CentralUnreachable.
    """
    told = status_of(box, link.enrolment.recipient, now)
    with contextlib.suppress(CentralRefused):  # an older central does not know the address
        link.ask("POST", "/v1/status", signed(told, sign, key), {"Content-Type": "application/json"})


def status_of(box: Settings, recipient: str, now: Moment) -> dict[str, Any]:
    """The document, before it is signed. What cannot be told is empty or None: a part that is ill shows as such."""
    disk, altered = shutil.disk_usage(box.state_dir), altered_pictures(box.state_dir)
    return {
        "type": STATUS,
        "schema": SCHEMA,
        "device": box.device,
        "at": now.utc.isoformat(),
        "clock": str(now.trust),
        "edition": _in_use(editions(box.state_dir, box.registry), lambda one: one.edition.name),
        "edition_number": _in_use(editions(box.state_dir, box.registry), lambda one: one.edition.number) or None,
        "pack": _in_use(pack_shelf(box.state_dir, box.pack_dir), lambda one: one.name),
        "policy": _in_use(policy_shelf(box.state_dir, box.policy), lambda one: one.title),
        "program": version(),
        "update": told(read_journal(), version()),
        "disk_free": disk.free,
        "disk_total": disk.total,
        "unsent": _unsent(box, recipient),
        "altered": len(altered),
        "altered_pictures": altered[:_NAMED],
    }


def _in_use(shelf: Shelf[Any], told: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - a cell of JSON
    with closing(shelf), contextlib.suppress(SekishoError):
        return told(shelf.current())
    return ""


def _unsent(box: Settings, recipient: str) -> int | None:
    """Rows of the current ledger that the central has not acknowledged."""
    with contextlib.suppress(SekishoError), closing(LedgerReader(box.state_dir / LEDGER)) as reader:
        head, known = reader.head(), Outbox(box.state_dir / OUTBOX).acknowledged(recipient)
        return head.seq - (known.seq if known.ledger == head.ledger else 0)
    return None
