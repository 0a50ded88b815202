"""The officer's decisions, observations and questions, each as a row of its own. What may be is said by edge/checks.

One officer at a time decides at a station, and an answer leaves this module only after its row is durable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from edge.checks import disposition as rules
from edge.checks import observation as looking
from edge.checks import question as asking
from edge.inspection import Disposition, InspectionRecord, Observation, Origin, Question
from edge.lookup import LookupResult
from edge.stations import OpenInspection, Stations
from edge.steps import record
from edge.storage.chain import Row
from edge.storage.ledger import Ledger


class Decisions:
    """The decisions on one box's inspections. Safe to call from many threads."""

    def __init__(
        self,
        *,
        stations: Stations,
        ledger: Ledger,
        origin: Callable[[str, str], Origin],
        tell: Callable[[Row], None],
        take_over: Callable[[OpenInspection, str], None],
    ) -> None:
        """`origin` is of a station and an officer; `tell` is given every new row.

        `take_over` is told of every act of an officer on what lies open.
        """
        self._stations = stations
        self._ledger = ledger
        self._origin = origin
        self._tell = tell
        self._take_over = take_over

    def dispose(
        self, wanted: Disposition, *, station: str = "", assessment: int | None = None, by_two: bool = False
    ) -> Disposition:
        """Record `wanted`, or answer the one that stands when it only repeats that.

        Raises:
            NotFound: there is no such inspection.
            Conflict: see `edge.checks.disposition.decided`.
            LedgerError: the row could not be made durable.
        """
        with self._deciding(wanted.inspection) as kept:
            found = rules.decided(kept, wanted, assessment, by_two=by_two)
            return self._record(wanted, station or kept.station) if found is wanted else found

    def undo(self, wanted: Disposition, *, station: str = "") -> Disposition:
        """Take back the disposition that stands. Nothing is deleted; repeating it changes nothing.

        Raises:
            NotFound: there is no such inspection, or nothing to undo (disposition_not_found).
            LedgerError: the row could not be made durable.
        """
        with self._deciding(wanted.inspection) as kept:
            found, undoes = rules.undone(kept, wanted)
            return self._record(replace(found, undoes=undoes), station or kept.station) if undoes else found

    def ask(self, question: Question, *, station: str = "") -> Question:
        """Record an officer's question. It decides nothing and waits for nobody.

        Raises:
            NotFound: there is no such inspection. RequestRefused: see `edge.checks.question`.
            LedgerError: the row could not be made durable.
        """
        kept = record.inspection(question.inspection, self._ledger)
        found = asking.asked(kept, question)
        self._tell(record.asked(found, self._origin(station or kept.station, found.officer), self._ledger))
        return found

    def observe(self, observation: Observation, lookup: LookupResult, *, station: str = "") -> Observation:
        """Record what an officer saw of a distinguishing point; what only repeats the last one is answered with it.

        Raises:
            NotFound: there is no such inspection. RequestRefused: see `edge.checks.observation`.
            LedgerError: the row could not be made durable.
        """
        with self._deciding(observation.inspection) as kept:
            found = looking.observed(lookup, observation)
            before = looking.standing(kept).get((found.recordation, found.point, found.source))
            if before is not None and (before.observed, before.officer) == (found.observed, found.officer):
                return before
            self._tell(record.observed(found, self._origin(station or kept.station, found.officer), self._ledger))
            return found

    @contextmanager
    def _deciding(self, inspection: str) -> Iterator[InspectionRecord]:
        """The record of an inspection while one officer at a time decides at its station."""
        with self._stations.lock(record.inspection(inspection, self._ledger).station):
            yield record.inspection(inspection, self._ledger)

    def _record(self, disposition: Disposition, station: str) -> Disposition:
        opened = self._stations.find(disposition.inspection)
        if opened is not None:
            self._take_over(opened, disposition.officer)
        row = record.disposed(disposition, self._origin(station, disposition.officer), self._ledger)
        if opened is not None:
            opened.disposition = disposition if disposition.decision is not None else None
        self._tell(row)
        return disposition
