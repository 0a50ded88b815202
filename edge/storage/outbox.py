"""How far each recipient has acknowledged the ledger: one small file beside it, written by sync alone.

It lies beside the ledger and not in it, because a WAL database has exactly one writing process.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from edge.errors import LedgerError
from edge.storage.database import write_durably

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What a recipient has confirmed: every row up to `seq` of `ledger`, and its receipt."""

    ledger: str
    seq: int
    receipt: str = ""


class Outbox:
    """Acknowledgements by recipient."""

    def __init__(self, path: Path) -> None:
        """Keep the state in `path`, e.g. state_dir/outbox.json."""
        self._path = path

    def acknowledged(self, recipient: str) -> Acknowledged:
        """What `recipient` has confirmed; nothing yet is sequence 0.

        Raises:
            LedgerError: outbox_damaged.
        """
        told = self._read().get(recipient)
        return Acknowledged("", 0) if told is None else told

    def least(self, ledger: str) -> int:
        """The sequence of `ledger` that every recipient has confirmed; 0 while there is none.

        Raises:
            LedgerError: outbox_damaged.
        """
        state = self._read()
        return min((told.seq if told.ledger == ledger else 0 for told in state.values()), default=0)

    def receipts(self) -> dict[str, list[str]]:
        """The last receipt of each recipient, by ledger.

        Raises:
            LedgerError: outbox_damaged.
        """
        found: dict[str, list[str]] = {}
        for _, told in sorted(self._read().items()):
            if told.receipt:
                found.setdefault(told.ledger, []).append(told.receipt)
        return found

    def acknowledge(self, recipient: str, confirmed: Acknowledged) -> None:
        """Note what `recipient` has confirmed. It never goes back within one ledger.

        Raises:
            LedgerError: outbox_damaged, or outbox_backwards: less than was confirmed before.
            OSError: it cannot be written.
        """
        state = self._read()
        before = state.get(recipient)
        if before is not None and before.ledger == confirmed.ledger and confirmed.seq < before.seq:
            message = f"{recipient}: expected a sequence of {before.seq} or more, got {confirmed.seq}."
            raise LedgerError("outbox_backwards", message, hint="The recipient has lost rows: ask its operator.")
        state[recipient] = confirmed
        written = {name: asdict(value) for name, value in sorted(state.items())}
        write_durably(self._path, json.dumps(written, indent=1).encode())

    def _read(self) -> dict[str, Acknowledged]:
        try:
            told = json.loads(self._path.read_bytes())
            return {name: Acknowledged(**value) for name, value in told.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, AttributeError, OSError) as error:
            raise LedgerError(
                "outbox_damaged",
                f"{self._path}: expected acknowledgements as JSON, got: {error}.",
                hint="Move the file away: rows are then sent again, which recipients recognise.",
            ) from error
