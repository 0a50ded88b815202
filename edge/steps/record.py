"""Record: an assessment or a disposition becomes a durable row before anyone is told of it.

Personal parts leave the document on the way (edge/storage/personal.py): the row's hash covers salted commitments of
them, so that erasing them by policy does not break the chain.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.errors import Conflict, NotFound
from edge.inspection import Assessment, Disposition, InspectionRecord, LateAssessment, Observation, Origin, Question
from edge.moment import Moment
from edge.storage import documents
from edge.storage.chain import Entry, Row
from edge.storage.ledger import Ledger
from edge.storage.ledger_reader import LedgerReader
from edge.storage.personal import join, join_late, part, part_late

ASSESSED, REPEATED, DISPOSED, CLOSED, LATE = "assessed", "repeated", "disposed", "next", "late"
QUESTION, OBSERVED = "question", "observed"


@dataclass(frozen=True, slots=True)
class Request:
    """What the caller asked: the idempotency key ("" for none) and the digest of the content."""

    key: str
    digest: str


def assessed(assessment: Assessment, origin: Origin, request: Request, ledger: Ledger) -> Row:
    """Append an assessment and return its durable row.

    Raises:
        LedgerError: the row could not be made durable; nothing may be shown.
    """
    document, personal = part(assessment)
    body = {"request": request.digest, "assessment": document}
    sightings = assessment.identity.item_keys + assessment.identity.parcel_keys
    entry = Entry(ASSESSED, assessment.inspection, origin, assessment.at, body, personal, request.key, sightings)
    return ledger.append((entry,))[0]


def repeated(assessment: Assessment, origin: Origin, request: Request, now: Moment, ledger: Ledger) -> Row:
    """Append that a key was answered with an assessment that stood already, so that it will be again.

    Raises:
        LedgerError: the row could not be made durable.
    """
    body = {"request": request.digest, "number": assessment.number}
    return ledger.append((Entry(REPEATED, assessment.inspection, origin, now, body, key=request.key),))[0]


def disposed(disposition: Disposition, origin: Origin, ledger: Ledger) -> Row:
    """Append the officer's own row.

    Raises:
        LedgerError: the row could not be made durable.
    """
    body = {"disposition": documents.to_json(disposition)}
    return ledger.append((Entry(DISPOSED, disposition.inspection, origin, disposition.at, body),))[0]


def closed(inspection: str, origin: Origin, now: Moment, ledger: Ledger) -> Row:
    """Append that the officer went on to the next parcel: no disposition, and never a release.

    Raises:
        LedgerError: the row could not be made durable.
    """
    return ledger.append((Entry(CLOSED, inspection, origin, now, {}),))[0]


def asked(question: Question, origin: Origin, ledger: Ledger) -> Row:
    """Append an officer's question.

    Raises:
        LedgerError: the row could not be made durable.
    """
    body = {"question": documents.to_json(question)}
    return ledger.append((Entry(QUESTION, question.inspection, origin, question.at, body),))[0]


def observed(observation: Observation, origin: Origin, ledger: Ledger) -> Row:
    """Append what an officer saw of a distinguishing point.

    Raises:
        LedgerError: the row could not be made durable.
    """
    body = {"observation": documents.to_json(observation)}
    return ledger.append((Entry(OBSERVED, observation.inspection, origin, observation.at, body),))[0]


def found_late(late: LateAssessment, kept: InspectionRecord, origin: Origin, ledger: Ledger) -> Row:
    """Append what a later edition says of an inspection that had been released.

    Raises:
        LedgerError: the row could not be made durable.
    """
    document, personal = part_late(late, kept.assessments[-1])
    return ledger.append((Entry(LATE, late.inspection, origin, late.at, {"late": document}, personal),))[0]


def answered(request: Request, ledger: Ledger) -> Assessment | None:
    """The assessment that the same key has brought before; None for a new key.

    Raises:
        Conflict: idempotency_conflict: the key was used for other content.
    """
    if not request.key:
        return None
    row = ledger.by_key(ASSESSED, request.key) or ledger.by_key(REPEATED, request.key)
    if row is None:
        return None
    if row.entry.body["request"] != request.digest:
        raise Conflict(
            "idempotency_conflict",
            f"Expected the content that the key {request.key!r} was first used with, got other content.",
            hint="Use a new key for each new request, and the same key only to repeat one.",
        )
    if row.entry.kind == REPEATED:
        return inspection(row.entry.inspection, ledger).assessments[int(row.entry.body["number"]) - 1]
    return assessment_of(row)


def inspection(identity: str, ledger: LedgerReader) -> InspectionRecord:
    """An inspection with all that was assessed, decided, found late, asked and observed of it.

    Raises:
        NotFound: inspection_not_found.
    """
    rows = ledger.inspection(identity)
    found = [row for row in rows if row.entry.kind == ASSESSED]
    if not found:
        raise NotFound("inspection_not_found", f"Expected the id of an inspection of this box, got {identity!r}.")
    return InspectionRecord(
        identity,
        found[0].entry.origin.station,
        tuple(assessment_of(row) for row in found),
        tuple((row.seq, disposition_of(row)) for row in rows if row.entry.kind == DISPOSED),
        tuple(late_of(row) for row in rows if row.entry.kind == LATE),
        tuple(question_of(row) for row in rows if row.entry.kind == QUESTION),
        tuple(observation_of(row) for row in rows if row.entry.kind == OBSERVED),
    )


def assessment_of(row: Row) -> Assessment:
    """The assessment in a row of kind "assessed", with what is still kept of its personal parts."""
    return join(row.entry.body["assessment"], row.entry.personal)


def disposition_of(row: Row) -> Disposition:
    """The disposition in a row of kind "disposed"."""
    return documents.from_json(Disposition, row.entry.body["disposition"])


def question_of(row: Row) -> Question:
    """The question in a row of kind "question"."""
    return documents.from_json(Question, row.entry.body["question"])


def observation_of(row: Row) -> Observation:
    """The observation in a row of kind "observed"."""
    return documents.from_json(Observation, row.entry.body["observation"])


def late_of(row: Row) -> LateAssessment:
    """The late assessment in a row of kind "late", with what is still kept of its personal parts."""
    return join_late(row.entry.body["late"], row.entry.personal)
