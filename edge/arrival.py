"""What comes to a station. What a badge or a desk card says is none of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from edge.badge import badge_in
from edge.consignment import Consignment
from edge.desk_card import hides_card
from edge.errors import CodeRefused
from edge.inspection import NOT_SIGNED_IN
from edge.ports import Frame
from edge.steps.capture import RawCode


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something that came to a station: codes, pictures or shipment data. `inspection` "" joins or opens one."""

    station: str
    codes: tuple[RawCode, ...] = ()
    pictures: tuple[Frame, ...] = ()
    consignment: Consignment | None = None
    inspection: str = ""
    key: str = ""  # idempotency key of the sender
    officer: str = NOT_SIGNED_IN  # then it is of whoever is signed in at the station, unless `own`
    own: bool = False  # its sender acts for `officer` alone, such as a handheld
    joins: bool = True  # False: a parcel of its own, such as a file of a watched folder
    taken: tuple[datetime, datetime] | None = None  # when, and when it was sent, by the sender's clock
    taken_by: str | None = None  # id of who was signed in at the sender then, "" for nobody; None: not told


def digest(arrival: Arrival, pictures: tuple[str, ...]) -> str:
    """SHA-256 of what a sender sent; `pictures` are the SHA-256 of its pictures. Who sent it is not in it, nor when."""
    content = [
        arrival.station,
        arrival.inspection,
        [(code.payload.hex(), code.symbology) for code in arrival.codes],
        list(pictures),
        repr(arrival.consignment),
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def refuse_secrets(arrival: Arrival) -> None:
    """No badge and no desk card is ever taken for a parcel's code: it would be shown and kept.

    Raises:
        CodeRefused: code_badge, code_card.
    """
    if any(badge_in(code.payload) for code in arrival.codes):
        raise CodeRefused(
            "code_badge",
            "Expected a code of a parcel or product, got a badge.",
            hint="A badge signs in by itself when it is scanned alone.",
        )
    if any(hides_card(code.payload) for code in arrival.codes):
        raise CodeRefused(
            "code_card",
            "Expected a code of a parcel or product, got a barcode of a desk card.",
            hint="A barcode of the desk card is carried out when it is scanned alone.",
        )
