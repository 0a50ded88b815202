"""Rows as CloudEvents, held against the official schema and the reference vector of Standard Webhooks."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from sync.central.onward.cloud_events import event_of, secret_text, signed_headers, written

SCHEMA = jsonschema_rs.validator_for(
    json.loads(Path(__file__).with_name("cloudevents-1.0.json").read_text()), validate_formats=True
)
OPTIONAL = {"subject", "time"}


def row(**changes: Any) -> dict[str, Any]:
    told = {"seq": 3, "kind": "assessed", "inspection": "i3", "at": "2026-11-21T09:30:00+00:00", "body": {}}
    return {"cursor": 41, "device": "bench-1", "ledger": "L", "port": "Narita", "row": told | changes}


def test_a_row_is_an_event_as_the_specification_asks() -> None:
    event = event_of(row(), "c" * 64)
    SCHEMA.validate(event)
    assert event == {
        "specversion": "1.0",
        "id": "bench-1/L/3",
        "source": "urn:sekisho:central:" + "c" * 64,
        "type": "sekisho.row.assessed",
        "subject": "i3",
        "time": "2026-11-21T09:30:00+00:00",
        "datacontenttype": "application/json",
        "sequence": "00000000000000000041",
        "data": row(),
    }
    assert all(name.isascii() and name.isalnum() and name.islower() for name in event)  # clause "naming conventions"


@pytest.mark.parametrize("at", ["yesterday", "2026-11-21", "2026-11-21T09:30:00", ""])
def test_what_is_no_time_is_left_out_and_the_event_stays_valid(at: str) -> None:
    event = event_of(row(at=at, inspection=""), "c")
    SCHEMA.validate(event)
    assert OPTIONAL.isdisjoint(event)


def test_any_text_of_a_box_travels_as_valid_utf_8() -> None:
    body = written(event_of(row(body={"words": "香水 \ud800 \0"}), "c"))
    assert json.loads(body.decode("utf-8"))["data"]["row"]["body"]["words"] == "香水 \ud800 \0"


def test_an_event_is_signed_as_the_reference_vector_of_standard_webhooks_says() -> None:
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    told = signed_headers(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert told == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    assert secret_text(key) == "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
