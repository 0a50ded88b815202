"""A body that no bench writes, signed by an enrolled key, stops nothing that is done for other rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from edge.errors import NotFound
from sync.central.bodies import body_of, pictures_of
from sync.central.central import Central
from sync.central.database import reading
from sync.central.intake.arrived import arrived
from sync.central.intake.evidence import brought_whole
from sync.central.intake.ingest import ingest
from sync.central.privacy import reports
from sync.central.privacy.disclosure import Period, records
from sync.central.privacy.erasure import erase, standing
from sync.central.privacy.retention import policy_of, retain
from sync.central.tables import alarms
from tests.sync.boxes import DAY, Box, assessed

NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))
_KEPT = [{"sha256": "0" * 64, "media_type": "image/png"}, {"sha256": "\u0000", "media_type": "image/png"}]
MALFORMED: list[tuple[str, dict[str, Any]]] = [
    ("assessed", {}),
    ("assessed", {"assessment": 5}),
    ("assessed", {"assessment": {"seen": 5}}),
    ("assessed", {"assessment": {"seen": {"captures": [5]}}}),
    ("assessed", {"assessment": {"seen": {"captures": [{"kept": [{}]}]}}}),
    ("assessed", {"assessment": {"seen": {"captures": [{"kept": _KEPT}]}}}),
    ("assessed", {"assessment": {"verdict": {"findings": 5}, "at": {"utc": "2026-11-21T00:00:00"}}}),
    ("assessed", {"assessment": {"verdict": {"findings": [{}]}, "at": {"utc": "2026-11-21T00:00:00"}}}),
    ("assessed", {"assessment": {"at": 5, "verdict": {"outcome": "CHECK"}}}),
    ("assessed", {"assessment": {"at": {"utc": "2026-11-21T00:00:00"}, "identity": {"items": [{}]}}}),
    ("disposed", {"disposition": 5}),
    ("disposed", {"disposition": {"decision": {"a": 1}}}),
    ("disposed", {"disposition": {"decision": "release", "undoes": []}}),
    ("ordered", {}),
    ("ordered", {"order": "1"}),
    ("other", {"assessment": 5}),
]


def bring(central: Central, box: Box, kind: str, number: int, body: dict[str, Any], **changes: Any) -> None:
    before = box.ledger.head().seq
    box.ledger.append([replace(assessed(number, box.device), kind=kind, body=body, **changes)])
    ingest(central.engine, central.id, box.batch(before), central.stamp())


def test_one_malformed_row_stops_neither_retention_nor_erasure_nor_disclosure_of_others(
    central: Central, box: Callable[..., Box]
) -> None:
    bad, good = box(), box("bench-2")
    for number, (kind, body) in enumerate(MALFORMED):
        bring(central, bad, kind, number, body)
    at = {"utc": "2026-11-21T09:30:00Z"}
    bring(
        central,
        bad,
        "assessed",
        99,
        {"assessment": {"at": at}},
        personal={"seen.consignment": "[", "identity.items": "5"},
    )
    data = b"label"
    kept = [{"sha256": hashlib.sha256(data).hexdigest(), "media_type": "image/png", "role": "symbol"}]
    seen = {"captures": [{"sha256": "0" * 64, "kept": kept}]}
    told = {"assessment": {"at": at, "seen": seen, "verdict": {"outcome": "NO_FINDING", "findings": []}}}
    bring(central, good, "assessed", 1, told, personal={"parcel": "RR000000001JP"})
    brought_whole(central, "bench-2", kept[0]["sha256"], data, "image/png")

    assert erase(central, "bench-2", "i1", "desk", "request 1").values == 1
    with pytest.raises(NotFound):
        central.objects.get(kept[0]["sha256"])
    retain(replace(central, now=lambda: DAY + timedelta(days=4)), policy_of(), "O-1")
    assert [one["carried_out"] for one in standing(central)] == [""]
    with reading(central.engine) as connection:
        found = [record["device"] for record in records(connection)]
        raised = [(row.device, row.code) for row in connection.execute(select(alarms))]
    assert found == ["bench-2"]
    assert reports.report(central, ("period", "port", "group", "finding"), NOVEMBER, {"0952": "x"}).cells
    assert raised == [("bench-1", "row_malformed")]
    assert arrived(central.engine, "bench-1")


def test_an_inspection_with_a_malformed_row_goes_by_what_can_be_read_of_it(
    central: Central, box: Callable[..., Box]
) -> None:
    one = box()
    bring(central, one, "assessed", 1, {"assessment": {"verdict": {"outcome": "NO_FINDING"}}})
    bring(central, one, "disposed", 1, {"disposition": 5}, personal={})
    gone = retain(replace(central, now=lambda: DAY + timedelta(days=184)), policy_of(), "O-1", really=True)
    assert len(gone["bench-1"].values) == 2


_JSON = st.recursive(
    st.none() | st.text() | st.integers() | st.booleans(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["assessment", "seen", "captures", "kept", "sha256", "disposition"]), inner)
    ),
)


@given(
    st.dictionaries(st.sampled_from(["assessment", "disposition", "order"]), _JSON), st.sampled_from(["assessed", "x"])
)
def test_any_body_is_read_or_told_malformed(body: dict[str, Any], kind: str) -> None:
    text = json.dumps(body)
    assert (pictures_of(kind, text) is None) == (body_of(kind, text) is None)
