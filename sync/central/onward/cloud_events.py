"""A row of the feed as a CloudEvent 1.0 in structured JSON, signed as Standard Webhooks 1.0 says. Pure.

Specifications: CloudEvents 1.0.2 with its JSON format and its extension "sequence"; Standard Webhooks, "Signature".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

MEDIA_TYPE = "application/cloudevents+json; charset=UTF-8"
_SECRET = "whsec_"  # noqa: S105 - the mark before a secret, not one


def event_of(row: Mapping[str, Any], central: str) -> dict[str, Any]:
    """The event of a row as the feed gives it. Source and id together name the row for ever.

    `time` is when the box wrote the row, by its own clock; it is left out where that is no time of RFC 3339.
    """
    told = row["row"]
    event = {
        "specversion": "1.0",
        "id": f"{row['device']}/{row['ledger']}/{told['seq']}",
        "source": f"urn:sekisho:central:{central}",
        "type": f"sekisho.row.{told['kind']}",
        "datacontenttype": "application/json",
        "sequence": f"{row['cursor']:020}",
        "data": dict(row),
    }
    if told["inspection"]:
        event["subject"] = told["inspection"]
    if _is_time(told["at"]):
        event["time"] = told["at"]
    return event


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None and "T" in text
    except ValueError:
        return False


def written(event: Mapping[str, Any]) -> bytes:
    """The event as it travels; texts are escaped, so that any text of a box stays valid."""
    return json.dumps(event, separators=(",", ":")).encode()


def secret_text(key: bytes) -> str:
    """A signing key as Standard Webhooks writes it."""
    return _SECRET + base64.b64encode(key).decode()


def signed_headers(key: bytes, message: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks: HMAC-SHA256 over id, time and body, scheme v1."""
    content = f"{message}.{timestamp_s}.".encode() + body
    signature = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": message,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": f"v1,{signature}",
    }
