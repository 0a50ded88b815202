"""Late findings: another edition came into use; what does it say of what was released before?

Released inspections of the last `late.days` (policy) are judged again from their kept rows, newest first, a few at a
time, once for each edition and its supplements. What could not be said at the release becomes a row of its own: nothing
is edited, the disposition stands, and the bench advises only. How far it got is kept beside the ledger, so that it goes
on after a restart; a piece that is looked at twice says nothing twice. A release that comes after the search is looked
at when it comes: its assessment may be older than the edition.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path

from edge.errors import LedgerError, NotFound, RegistryError
from edge.inspection import Decision, InspectionRecord, LateAssessment, Origin
from edge.moment import Moment
from edge.ports import Now
from edge.replay import Judge, likeness
from edge.steps import record
from edge.storage.chain import Row, canonical
from edge.storage.database import write_durably
from edge.storage.ledger import Ledger
from edge.storage.registry import Registry
from edge.storage.shelf import Held
from edge.storage.shelves import Shelves

AT_ONCE = 8  # dispositions looked at in one piece
_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one edition has been looked at: a walk from the newest disposition down to where the last walk began."""

    edition: str  # what came into use, by its files
    ledger: str
    newest: int = 0  # sequence that this walk began at
    before: int = 0  # the walk goes on below it; 0: there is no walk
    floor: int = 0  # the walk ends at it


class LateSearch:
    """The search of one bench. For one thread."""

    def __init__(
        self,
        *,
        shelves: Shelves,
        ledger: Ledger,
        now: Now,
        origin: Callable[[str], Origin],
        tell: Callable[[Row], None],
        progress: Path,
    ) -> None:
        """`origin` is of a station; `tell` is given every late row; `progress` is the file that remembers."""
        self._shelves = shelves
        self._ledger = ledger
        self._now = now
        self._origin = origin
        self._tell = tell
        self._path = progress
        self._progress: Progress | None = None

    def piece(self) -> bool:
        """Look at a few released inspections; whether there may be more to look at.

        Raises:
            LedgerError: the ledger cannot be read or written.
            OSError: the progress cannot be kept.
        """
        try:
            held = self._shelves.editions.held()
        except RegistryError:
            return False
        progress = self._of(held)
        rows = self._ledger.recent(AT_ONCE, progress.before or None, kinds=(record.DISPOSED,))
        if not progress.before:
            progress = replace(progress, newest=rows[0].seq if rows else 0, floor=progress.newest)
            if progress.newest == progress.floor:
                return False
        policy, now = self._shelves.policies.current(), self._now()
        latest = self._ledger.row(progress.newest)  # a clock that has run ahead must not make all of it seem old
        since = min(now.utc, latest.entry.at.utc if latest else now.utc) - timedelta(days=policy.late.days)
        judge = Judge(held.item, policy, self._ledger)
        wanted = [row for row in rows if row.seq > progress.floor and row.entry.at.utc >= since]
        for row in wanted:
            self._look_at(row, judge, now)
        more = bool(wanted) and len(rows) == AT_ONCE and rows[-1].seq > progress.floor
        self._keep(replace(progress, before=rows[-1].seq if more else 0))
        return more

    def _look_at(self, row: Row, judge: Judge, now: Moment) -> None:
        """One disposition: is it a release that stands, and is there something new to say of it?"""
        try:
            kept = record.inspection(row.entry.inspection, self._ledger)
        except NotFound:
            return
        except LedgerError as error:
            if error.code == "document_unreadable":  # of another version: said nowhere better than by `verify`
                return
            raise
        found = late_findings(kept, row.seq, judge, now)
        if found is not None:
            self._tell(record.found_late(found, kept, self._origin(kept.station), self._ledger))

    def _of(self, held: Held[Registry]) -> Progress:
        edition = _edition_of(held)
        ledger = self._ledger.head().ledger
        if self._progress is None:
            self._progress = _read(self._path)
        if self._progress is None or (self._progress.edition, self._progress.ledger) != (edition, ledger):
            self._progress = Progress(edition, ledger)
        return self._progress

    def _keep(self, progress: Progress) -> None:
        document = {"schema": _SCHEMA, **asdict(progress)}
        write_durably(self._path, canonical(document) + b"\n", mode=0o600)
        self._progress = progress


def late_findings(kept: InspectionRecord, disposition: int, judge: Judge, now: Moment) -> LateAssessment | None:
    """What `judge` says of a released inspection that nobody could say then; None when that is nothing.

    `disposition` is the sequence of the row that was met: an inspection is looked at once, at its standing release.
    """
    standing = kept.disposition
    last = next((seq for seq, one in reversed(kept.dispositions) if one == standing), None)
    if standing is None or standing.decision is not Decision.RELEASE or last != disposition:
        return None
    assessment = kept.assessments[-1]
    verdict = judge.verdict(assessment, kept.station, now)
    wanted = set(judge.policy.late.findings)
    known = {likeness(finding) for one in kept.assessments for finding in one.verdict.findings}
    known |= {likeness(finding) for late in kept.late for finding in late.findings}
    new = tuple(one for one in verdict.findings if one.code in wanted and likeness(one) not in known)
    if not new:
        return None
    return LateAssessment(
        inspection=kept.inspection,
        assessment=assessment.number,
        released=standing.at.utc,
        findings=new,
        outcome=verdict.outcome,
        freshness=verdict.freshness,
        at=now,
    )


def _edition_of(held: Held[Registry]) -> str:
    """What came into use, by the files that it was opened from and what the edition calls itself."""
    return hashlib.sha256(f"{sorted(held.files)} {held.item.edition}".encode()).hexdigest()


def _read(path: Path) -> Progress | None:
    try:
        document = json.loads(path.read_bytes())
        if document["schema"] != _SCHEMA:
            return None
        return Progress(
            edition=str(document["edition"]),
            ledger=str(document["ledger"]),
            newest=int(document["newest"]),
            before=int(document["before"]),
            floor=int(document["floor"]),
        )
    except (OSError, ValueError, KeyError, TypeError):  # it is looked at again: nothing is said twice
        return None
