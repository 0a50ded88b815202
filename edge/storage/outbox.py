"""How far each recipient has acknowledged the ledger: one small file beside it, written by sync alone.

It lies beside the ledger and not in it, because a WAL database has exactly one writing process.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from edge.errors import LedgerError
from edge.storage.database import write_durably

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What a recipient has confirmed: every row up to `seq` of `ledger`, and its receipt."""

    ledger: str
    seq: int
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of one recipient: where it stands, and the last receipt of each other ledger."""

    now: Acknowledged
    earlier: dict[str, Acknowledged] = field(default_factory=dict)

    def then(self, confirmed: Acknowledged) -> _Known:
        """With `confirmed`. Of each ledger the receipt that reaches furthest stays."""
        earlier = {self.now.ledger: self.now, **self.earlier}  # what is there already reaches further
        own = earlier.pop(confirmed.ledger, confirmed)
        if own.seq > confirmed.seq:  # it was sent anew from the first ledger on, to a central that had lost rows
            earlier[confirmed.ledger] = own
        return _Known(confirmed, {ledger: told for ledger, told in earlier.items() if told.receipt})

    def receipts(self) -> dict[str, str]:
        """By ledger."""
        return {ledger: told.receipt for ledger, told in {self.now.ledger: self.now, **self.earlier}.items()}


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
        return Acknowledged("", 0) if told is None else told.now

    def least(self, ledger: str) -> int:
        """The sequence of `ledger` that every recipient has confirmed; 0 while there is none.

        Raises:
            LedgerError: outbox_damaged.
        """
        state = self._read()
        return min((told.now.seq if told.now.ledger == ledger else 0 for told in state.values()), default=0)

    def receipts(self) -> dict[str, list[str]]:
        """The last receipt of each recipient, by ledger: of those that were set aside too.

        Raises:
            LedgerError: outbox_damaged.
        """
        found: dict[str, list[str]] = {}
        for _, known in sorted(self._read().items()):
            for ledger, receipt in known.receipts().items():
                if receipt:
                    found.setdefault(ledger, []).append(receipt)
        return found

    def acknowledge(self, recipient: str, confirmed: Acknowledged) -> None:
        """Note what `recipient` has confirmed. It never goes back within one ledger.

        Raises:
            LedgerError: outbox_damaged, or outbox_backwards: less than was confirmed before.
            OSError: it cannot be written.
        """
        state = self._read()
        before = state.get(recipient)
        if before is not None and before.now.ledger == confirmed.ledger and confirmed.seq < before.now.seq:
            message = f"{recipient}: expected a sequence of {before.now.seq} or more, got {confirmed.seq}."
            raise LedgerError("outbox_backwards", message, hint="The recipient has lost rows: ask its operator.")
        state[recipient] = _Known(confirmed) if before is None else before.then(confirmed)
        written = {
            name: {**asdict(known.now), "earlier": [asdict(one) for one in known.earlier.values()]}
            for name, known in sorted(state.items())
        }
        write_durably(self._path, json.dumps(written, indent=1).encode())

    def _read(self) -> dict[str, _Known]:
        try:
            told = json.loads(self._path.read_bytes())
            return {name: _known(value) for name, value in told.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, AttributeError, OSError) as error:
            raise LedgerError(
                "outbox_damaged",
                f"{self._path}: expected acknowledgements as JSON, got: {error}.",
                hint="Move the file away: rows are then sent again, which recipients recognise.",
            ) from error


def _known(told: Mapping[str, Any]) -> _Known:
    """As it was written; boxes of before kept one receipt for each recipient, and no earlier ones."""
    now = Acknowledged(**{name: value for name, value in told.items() if name != "earlier"})
    earlier = (Acknowledged(**one) for one in told.get("earlier", ()))
    return _Known(now, {one.ledger: one for one in earlier})
