"""Record: an assessment or a disposition becomes a durable row before anyone is told of it.

Personal fields of the consignment leave the document here: the row's hash covers salted commitments of them, so that
erasing them by policy does not break the chain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from edge.errors import Conflict, NotFound
from edge.inspection import Assessment, Consignment, Disposition, Moment, Origin, Party
from edge.storage import documents
from edge.storage.chain import Entry, Row
from edge.storage.ledger import Ledger

ASSESSED, DISPOSED, CLOSED = "assessed", "disposed", "next"
_FIELDS = ("name", "address", "country", "reference")


@dataclass(frozen=True, slots=True)
class Request:
    """What the caller asked: the idempotency key ("" for none) and the digest of the content."""

    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class InspectionRecord:
    """An inspection as the ledger holds it. State: "assessed", "disposed"."""

    inspection: str
    station: str
    assessments: tuple[Assessment, ...]
    dispositions: tuple[tuple[int, Disposition], ...]  # with their ledger sequence

    @property
    def disposition(self) -> Disposition | None:
        """The officer's decision that stands: the last one that was not undone."""
        undone = {d.undoes for _, d in self.dispositions if d.undoes is not None}
        standing = [d for seq, d in self.dispositions if d.decision is not None and seq not in undone]
        return standing[-1] if standing else None

    @property
    def state(self) -> str:
        """Open → assessed (again and again) → disposed."""
        return "disposed" if self.disposition else "assessed"


def assessed(assessment: Assessment, origin: Origin, request: Request, ledger: Ledger) -> Row:
    """Append an assessment and return its durable row.

    Raises:
        LedgerError: the row could not be made durable; nothing may be shown.
    """
    public, personal = _parted(assessment)
    body = {"request": request.digest, "assessment": documents.to_json(public)}
    sightings = assessment.identity.item_keys + assessment.identity.parcel_keys
    entry = Entry(ASSESSED, assessment.inspection, origin, assessment.at, body, personal, request.key, sightings)
    return ledger.append((entry,))[0]


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


def answered(request: Request, ledger: Ledger) -> Assessment | None:
    """The assessment that the same key has brought before; None for a new key.

    Raises:
        Conflict: idempotency_conflict: the key was used for other content.
    """
    row = ledger.by_key(ASSESSED, request.key) if request.key else None
    if row is None:
        return None
    if row.entry.body["request"] != request.digest:
        raise Conflict(
            "idempotency_conflict",
            f"Expected the content that the key {request.key!r} was first used with, got other content.",
            hint="Use a new key for each new request, and the same key only to repeat one.",
        )
    return assessment_of(row)


def inspection(identity: str, ledger: Ledger) -> InspectionRecord:
    """An inspection with all its assessments and dispositions.

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
    )


def assessment_of(row: Row) -> Assessment:
    """The assessment in a row of kind "assessed", with the personal fields that are still kept."""
    assessment = documents.from_json(Assessment, row.entry.body["assessment"])
    return _joined(assessment, row.entry.personal)


def disposition_of(row: Row) -> Disposition:
    """The disposition in a row of kind "disposed"."""
    return documents.from_json(Disposition, row.entry.body["disposition"])


def _parted(assessment: Assessment) -> tuple[Assessment, dict[str, str]]:
    consignment = assessment.seen.consignment
    if consignment is None:
        return assessment, {}
    personal = {
        f"{role}.{field}": getattr(party, field)
        for role, party in (("consignor", consignment.consignor), ("consignee", consignment.consignee))
        if party is not None
        for field in _FIELDS
        if getattr(party, field)
    }
    bare = replace(
        consignment,
        consignor=Party("") if consignment.consignor else None,
        consignee=Party("") if consignment.consignee else None,
    )
    return replace(assessment, seen=replace(assessment.seen, consignment=bare)), personal


def _joined(assessment: Assessment, personal: Mapping[str, str]) -> Assessment:
    consignment = assessment.seen.consignment
    if consignment is None or not personal:
        return assessment
    whole = replace(
        consignment,
        consignor=_party("consignor", consignment, personal),
        consignee=_party("consignee", consignment, personal),
    )
    return replace(assessment, seen=replace(assessment.seen, consignment=whole))


def _party(role: str, consignment: Consignment, personal: Mapping[str, str]) -> Party | None:
    if getattr(consignment, role) is None:
        return None
    return Party(**{field: personal.get(f"{role}.{field}", "") for field in _FIELDS})
