"""The ledger at a glance: of many rows only what a page counts, taken out of their bodies by SQLite itself.

A day of 480 inspections is some megabytes of bodies; a page about it needs a few columns of each. Nothing here judges,
and nothing personal is read. The indexes that it leans on stand in edge/storage/ledger_schema.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from edge.inspection import Decision, Outcome, Weight
from edge.moment import ClockTrust
from edge.storage.ledger_reader import LedgerReader, utc_text
from edge.storage.ledger_schema import HELD


@dataclass(frozen=True, slots=True)
class AssessedGlance:
    """One assessment."""

    seq: int
    inspection: str
    station: str
    officer: str
    at: datetime  # UTC
    outcome: Outcome
    findings: tuple[tuple[str, Weight], ...]  # code and weight, most decisive first
    gtins: tuple[str, ...]
    compute_ms: float
    age_days: int | None  # of the registry; None: none, or the clock was not to be trusted


@dataclass(frozen=True, slots=True)
class DecidedGlance:
    """One row of an officer's decision, or of taking one back."""

    seq: int
    inspection: str
    station: str
    officer: str
    at: datetime  # UTC
    trust: ClockTrust
    decision: Decision | None  # None: it only takes back
    reason: str
    undoes: int | None


_ASSESSED = """
    SELECT seq, inspection, station, officer, at, json_extract(body,
        '$.assessment.verdict.outcome', '$.assessment.verdict.findings', '$.assessment.identity.items',
        '$.assessment.compute_ms', '$.assessment.verdict.freshness.age_days')
    FROM entries WHERE kind='assessed' AND at>=? AND at<? ORDER BY seq DESC LIMIT ?
"""
_LAST_AGE = """
    SELECT json_extract(body, '$.assessment.verdict.freshness.age_days')
    FROM entries WHERE kind='assessed' AND at>=? AND at<? ORDER BY at DESC LIMIT 1
"""
_DECIDED = """
    SELECT seq, inspection, station, officer, at, clock, json_extract(body,
        '$.disposition.decision', '$.disposition.reason', '$.disposition.undoes')
    FROM entries
"""
_OF = "WHERE inspection<>'' AND inspection IN (SELECT value FROM json_each(?)) AND kind='disposed' ORDER BY seq"
_NEWEST_HELD = f"SELECT inspection FROM entries WHERE {HELD} ORDER BY seq DESC LIMIT ?"  # noqa: S608 - a text of our own


def assessed_between(ledger: LedgerReader, since: datetime, until: datetime, most: int) -> tuple[AssessedGlance, ...]:
    """The newest `most` assessments at or after `since` and before `until`, oldest first.

    Raises:
        LedgerError: it cannot be read.
    """
    rows = ledger.select(_ASSESSED, (utc_text(since), utc_text(until), most))
    return tuple(_assessed(*row) for row in reversed(rows))


def decided_of(ledger: LedgerReader, inspections: Iterable[str]) -> dict[str, tuple[DecidedGlance, ...]]:
    """Every row of decision of some inspections, each in its order.

    Raises:
        LedgerError: it cannot be read.
    """
    found: dict[str, tuple[DecidedGlance, ...]] = {}
    for row in ledger.select(_DECIDED + _OF, (json.dumps(list(inspections)),)):
        one = _decided(*row)
        found[one.inspection] = (*found.get(one.inspection, ()), one)
    return found


def held(ledger: LedgerReader, most: int) -> tuple[str, ...]:
    """The inspections that were ever referred or detained, the newest `most`, newest first.

    Raises:
        LedgerError: it cannot be read.
    """
    return tuple(dict.fromkeys(inspection for (inspection,) in ledger.select(_NEWEST_HELD, (most,))))


def ages(ledger: LedgerReader, spans: Sequence[tuple[datetime, datetime]]) -> tuple[int | None, ...]:
    """For each span of time how old the registry was at its last assessment, days; None: no one could say.

    Raises:
        LedgerError: it cannot be read.
    """
    return tuple(
        next((age for (age,) in ledger.select(_LAST_AGE, (utc_text(since), utc_text(until)))), None)
        for since, until in spans
    )


def _assessed(  # noqa: PLR0917 - the columns of _ASSESSED
    seq: int, inspection: str, station: str, officer: str, at: str, told: str
) -> AssessedGlance:
    outcome, findings, items, compute_ms, age_days = json.loads(told)
    return AssessedGlance(
        seq=seq,
        inspection=inspection,
        station=station,
        officer=officer,
        at=_utc(at),
        outcome=Outcome(outcome),
        findings=tuple((str(one["code"]), Weight(one["weight"])) for one in findings),
        gtins=tuple(str(one["gtin"]["value"]) for one in items),
        compute_ms=float(compute_ms),
        age_days=age_days,
    )


def _decided(  # noqa: PLR0917 - the columns of _DECIDED
    seq: int, inspection: str, station: str, officer: str, at: str, clock: str, told: str
) -> DecidedGlance:
    decision, reason, undoes = json.loads(told)
    wanted = None if decision is None else Decision(decision)
    return DecidedGlance(seq, inspection, station, officer, _utc(at), ClockTrust(clock), wanted, str(reason), undoes)


def _utc(at: str) -> datetime:
    return datetime.fromisoformat(at).astimezone(UTC)
