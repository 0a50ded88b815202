"""Rows as a bench writes them, whole: drawn assessments with goods and parcels, and officers' decisions."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from edge.consignment import Consignment, DeclaredLine, Party
from edge.gs1 import Gtin, Sscc, TradeItem
from edge.identity import Identity
from edge.inspection import (
    Assessment,
    Cause,
    Decision,
    Disposition,
    Finding,
    Freshness,
    Origin,
    Outcome,
    Seen,
    Verdict,
    Weight,
)
from edge.moment import Moment
from edge.postal import ParcelNumber
from edge.storage import documents
from edge.storage.chain import Entry
from edge.storage.personal import part
from sync.central.onward.epcis import LedgerRow
from tests.sync.boxes import NOW

GTIN = Gtin("09521234543213")
CENTRAL_ID = "c0ffee" * 10 + "abcd"
_NAMES = (
    *("identity", "items", "gtin", "value", "serial", "verdict", "findings", "code", "weight", "seen", "comparisons"),
    *("score", "freshness", "edition", "number", "disposition", "decision", "undoes"),
)
SIGNED = st.recursive(  # what a box may sign as the body of a row: any JSON, by the names that are looked for
    st.none() | st.text() | st.integers() | st.floats(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(_NAMES), inner),
)
FRESH = Freshness("demo", 3, NOW.utc, 2, "2026-Q4", "drawn-2", "default")


def assessment(inspection: str = "i1", **changes: Any) -> Assessment:
    """A serialised item without a face, in a parcel with a label, declared as something else."""
    items = changes.pop("items", (TradeItem(GTIN, "K2PQ04X9B31", "L1"),))
    numbers = changes.pop("parcel_numbers", (ParcelNumber("S10", "RR473124829JP"),))
    sscc = changes.pop("sscc", (Sscc("106141411234567897"),))
    findings = changes.pop(
        "findings", (Finding("consignment.goods", Cause.MISMATCH, Weight.CHECK, {"declared": "toys"}),)
    )
    consignor = changes.pop("consignor", "A. Sender")
    told = Consignment("RR473124829JP", "CN23", Party(consignor), Party("B. Addressee"), (DeclaredLine("toys"),))
    verdict = Verdict(changes.pop("outcome", Outcome.CHECK), findings, (), ("serial",), FRESH)
    identity = Identity(items, sscc, numbers)
    at = changes.pop("at", NOW)
    return Assessment(inspection, changes.pop("number", 1), Seen(consignment=told), identity, verdict, at, 12.5)


def assessed(told: Assessment, device: str = "bench-1", station: str = "1") -> Entry:
    body, personal = part(told)
    origin = Origin(device, station, "O-7", "boot-1")
    return Entry("assessed", told.inspection, origin, told.at, {"request": "", "assessment": body}, personal)


def decided(decision: Decision | None, undoes: int | None = None, inspection: str = "i1", at: Moment = NOW) -> Entry:
    told = Disposition(inspection, decision, "O-7", "as asked", at, undoes)
    body = {"disposition": documents.to_json(told)}
    return Entry("disposed", inspection, Origin("bench-1", "1", "O-7", "boot-1"), at, body)


def row_of(entry: Entry, seq: int, port: str = "Narita") -> LedgerRow:
    told = {
        "seq": seq, "kind": entry.kind, "inspection": entry.inspection, "device": entry.origin.device,
        "station": entry.origin.station, "officer": entry.origin.officer, "at": entry.at.utc.isoformat(),
        "clock": entry.at.trust.value, "hash": f"{seq:064x}", "body": json.loads(json.dumps(entry.body)),
        "personal": dict(entry.personal),
    }  # fmt: skip
    return LedgerRow(CENTRAL_ID, port, entry.origin.device, "ledger", seq, told, "2026-11-21T10:00:00+00:00")
