"""What was said and decided in inspections, looked up for rows of the feed: of the same box, ledger and port."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select

from sync.central.onward.epcis import MAPPED, LedgerRow, Told
from sync.central.tables import entries, personal

_ASKED = 200  # inspections that one statement asks for
_Chain = tuple[str, str]  # device, ledger


class Inspections:
    """The assessments and decisions of the inspections that it was asked to learn."""

    def __init__(self, connection: Connection, central: str, *, nominal: bool) -> None:
        self._connection = connection
        self._central = central
        self._nominal = nominal
        self._assessments: dict[tuple[_Chain, str, str], list[LedgerRow]] = {}
        self._decisions: dict[tuple[_Chain, int], LedgerRow] = {}
        self._decided: dict[tuple[_Chain, str, str], list[LedgerRow]] = {}

    def learn(self, rows: Iterable[LedgerRow], kinds: Sequence[str] = MAPPED) -> None:
        """Read the rows of these kinds of the inspections of `rows`."""
        asked: dict[_Chain, dict[str, None]] = {}
        for row in rows:
            asked.setdefault((row.device, row.ledger), {})[row.told["inspection"]] = None
        for chain, inspections in asked.items():
            names = list(inspections)
            for start in range(0, len(names), _ASKED):
                self._learn(chain, names[start : start + _ASKED], kinds)

    def told(self, row: LedgerRow) -> Told:
        """What `row` rests on: of its own inspection, box and port."""
        if row.told["kind"] != "disposed":
            return Told()
        undone = self._undone(row)
        return Told(self._assessment(row), undone, None if undone is None else self._assessment(undone))

    def standing(self, row: LedgerRow) -> LedgerRow | None:
        """The decision on the inspection of `row` that stands now: the last one that was not taken back."""
        told = self._decided.get(((row.device, row.ledger), row.port, row.told["inspection"]), ())
        undone = [disposition_of(one).get("undoes") for one in told]
        standing = [one for one in told if disposition_of(one).get("decision") and one.seq not in undone]
        return standing[-1] if standing else None

    def _learn(self, chain: _Chain, inspections: Sequence[str], kinds: Sequence[str]) -> None:
        device, ledger = chain
        where = (entries.c.device == device) & (entries.c.ledger == ledger) & entries.c.inspection.in_(inspections)
        wanted = select(entries).where(where & entries.c.kind.in_(kinds)).order_by(entries.c.seq)
        for entry in self._connection.execute(wanted).all():
            told = json.loads(entry.header) | {"body": json.loads(entry.body)}
            row = LedgerRow(self._central, entry.port, device, ledger, entry.seq, told)
            if entry.kind == "disposed":
                self._decisions[chain, entry.seq] = row
                self._decided.setdefault((chain, entry.port, told["inspection"]), []).append(row)
                continue
            if self._nominal:
                row = replace(row, told=told | {"personal": self._personal(row)})
            self._assessments.setdefault((chain, entry.port, told["inspection"]), []).append(row)

    def _personal(self, row: LedgerRow) -> dict[str, Any]:
        where = (personal.c.device == row.device) & (personal.c.ledger == row.ledger) & (personal.c.seq == row.seq)
        found = self._connection.execute(select(personal.c.name, personal.c.value).where(where)).all()
        return {value.name: json.loads(value.value) for value in found}

    def _assessment(self, row: LedgerRow) -> LedgerRow | None:
        """The newest one before the row."""
        known = self._assessments.get(((row.device, row.ledger), row.port, row.told["inspection"]), ())
        before = [one for one in known if one.seq < row.seq]
        return before[-1] if before else None

    def _undone(self, row: LedgerRow) -> LedgerRow | None:
        seq = disposition_of(row).get("undoes")
        found = self._decisions.get(((row.device, row.ledger), seq)) if isinstance(seq, int) else None
        ours = found is not None and found.port == row.port and found.told["inspection"] == row.told["inspection"]
        return found if ours and found is not None and found.seq < row.seq else None


def disposition_of(row: LedgerRow) -> Mapping[str, Any]:
    """What the officer said in a row of kind "disposed"; empty when it says nothing that is known."""
    told = row.told["body"].get("disposition")
    return told if isinstance(told, Mapping) else {}
