"""What the fleet page shows: devices as they last told of themselves, rules by what became of them, drift, alarms.

It reads what is there and changes nothing. A client that may see some ports sees the devices of those alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select, text

from edge.errors import InputError
from sync.central.alarms import raise_alarm
from sync.central.central import Central
from sync.central.clients import Client
from sync.central.database import reading, writing
from sync.central.fleet.drift import EXPECTED, Drift, drift
from sync.central.knowledge.precision import precision, wilson
from sync.central.tables import alarms, box_status, fleet_head, keys, ledgers, rule_days, runs, score_days
from sync.protocol import STATUS, verified

WINDOW = timedelta(days=30)
SILENT = timedelta(hours=24)
RETAINED = timedelta(days=3)
DISK_LOW = 0.05  # share that is free, as the bench's own page
MAX_STATUS_BYTES = 16_000
_ALARMS = 50
_RELEASE, _HELD = "RELEASE", frozenset({"REFER", "DETAIN"})

_TOLD = text(
    "INSERT INTO box_status (device, document, received) VALUES (:device, :document, :received)"
    " ON CONFLICT (device) DO UPDATE SET document=excluded.document, received=excluded.received"
)


@dataclass(frozen=True, slots=True)
class Box:
    """One device."""

    device: str
    port: str
    revoked: bool
    contact: str  # the later of its last rows and its last word, by the central's clock; "" for never
    silent: bool
    rows: int
    behind: int | None  # rows that it has and that are not here, as it last said
    edition: str
    pack: str
    policy: str
    program: str  # which release runs, and one that was taken back
    clock: str
    disk_free: float | None  # share
    disk_low: bool
    findings: int
    released: int  # of inspections with findings, by finding


@dataclass(frozen=True, slots=True)
class Rule:
    """One finding code in the window: what officers did with inspections that it stood on, and what was proved."""

    code: str
    count: int
    released: int
    held: int
    low: float  # Wilson's interval of the share that was released among those decided
    high: float
    false: float | None  # share that was not infringing, among those that were closed
    closed: int

    @property
    def open(self) -> int:
        """Not decided."""
        return self.count - self.released - self.held

    @property
    def share(self) -> float | None:
        """Released against the finding, among those decided."""
        decided = self.released + self.held
        return self.released / decided if decided else None


@dataclass(frozen=True, slots=True)
class Fleet:
    """The page."""

    central: str
    now: str
    boxes: tuple[Box, ...]
    rules: tuple[Rule, ...]
    drifts: Mapping[str, Drift]
    alarms: tuple[Mapping[str, str], ...]
    retained: str  # when retention ran last, "" for never
    overdue: bool  # it has not for days
    uncounted: int  # rows of the feed that the counts have not seen yet


def take_status(central: Central, device: str, data: bytes, public: Any) -> None:  # noqa: ANN401 - Ed25519PublicKey
    """Keep what a box says of itself, when its key signed it.

    Raises:
        DocumentRefused: document_form, document_signature. InputError: request_field: it speaks of another device.
    """
    told = verified(data, STATUS, public)
    if told.get("device") != device:
        message = f"Expected the status of {device}, got one of {str(told.get('device'))[:80]!r}."
        raise InputError("request_field", message)
    with writing(central.engine) as connection:
        connection.execute(_TOLD, {"device": device, "document": data.decode(), "received": central.stamp()})
        if altered := _number(told.get("altered")):
            detail = f"{altered} pictures on {device} are altered or unreadable: {told.get('altered_pictures')!s:.200}"
            raise_alarm(connection, device, "evidence_altered", central.stamp()[:10], detail, central.stamp())


def fleet(central: Central, client: Client) -> Fleet:
    """What `client` may see now."""
    now = central.now()
    since = (now - WINDOW).date().isoformat()
    with reading(central.engine) as connection:
        counts = _rule_counts(connection, since)
        boxes = tuple(_boxes(connection, client, counts, now))
        shown = {box.device for box in boxes}
        proved = precision(connection)["findings"] if not client.ports else {}
        retained = connection.execute(select(runs.c.at).where(runs.c.what == "retain")).scalar() or ""
        last = connection.execute(text("SELECT last FROM feed_head WHERE one=1")).scalar_one()
        seen = connection.execute(select(fleet_head.c.last)).scalar_one()
        return Fleet(
            central=central.id,
            now=central.stamp(),
            boxes=boxes,
            rules=tuple(_rules([one for one in counts if one.device in shown], proved)),
            drifts=_drifts(connection, since, shown),
            alarms=tuple(_alarms(connection, client, shown)),
            retained=retained,
            overdue=bool(boxes) and (not retained or datetime.fromisoformat(retained) < now - RETAINED),
            uncounted=max(0, int(last) - int(seen)),
        )


def _rule_counts(connection: Connection, since: str) -> list[Any]:
    columns = (rule_days.c.device, rule_days.c.code, rule_days.c.decision)
    query = select(*columns, func.sum(rule_days.c.count).label("times")).where(rule_days.c.day >= since)
    return list(connection.execute(query.group_by(*columns)))


def _boxes(connection: Connection, client: Client, counts: Iterable[Any], now: datetime) -> Iterable[Box]:
    findings: dict[str, list[int]] = {}
    for one in counts:
        mine = findings.setdefault(one.device, [0, 0])
        mine[0] += int(one.times)
        mine[1] += int(one.times) if one.decision == _RELEASE else 0
    chains: dict[str, tuple[int, int, str]] = {}
    for row in connection.execute(select(ledgers)):
        rows, behind, contact = chains.get(row.device, (0, 0, ""))
        told = (rows + row.seq, behind + max(0, row.end_seq - row.seq), max(contact, row.received))
        chains[row.device] = told
    said = {row.device: row for row in connection.execute(select(box_status))}
    for key in connection.execute(select(keys).where(keys.c.reason != "replaced").order_by(keys.c.device)):
        if client.ports and key.port not in client.ports:
            continue
        rows, behind, contact = chains.get(key.device, (0, 0, ""))
        status = said.get(key.device)
        told = json.loads(status.document)["signed"] if status is not None else {}
        contact = max(contact, status.received if status is not None else "")
        free = _share(told.get("disk_free"), told.get("disk_total"))
        unsent = _number(told.get("unsent"))
        newer = status is not None and status.received >= chains.get(key.device, (0, 0, ""))[2]
        yield Box(
            device=key.device,
            port=key.port,
            revoked=key.revoked is not None,
            contact=contact,
            silent=not contact or datetime.fromisoformat(contact) < now - SILENT,
            rows=rows,
            behind=unsent if newer else behind,
            edition=_edition(told),
            pack=_text(told.get("pack")),
            policy=_text(told.get("policy")),
            program=_text(told.get("update")),
            clock=_text(told.get("clock")),
            disk_free=free,
            disk_low=free is not None and free < DISK_LOW,
            findings=findings.get(key.device, [0, 0])[0],
            released=findings.get(key.device, [0, 0])[1],
        )


def _rules(counts: Iterable[Any], proved: Mapping[str, Any]) -> Iterable[Rule]:
    by_code: dict[str, list[int]] = {}
    for one in counts:
        mine = by_code.setdefault(one.code, [0, 0, 0])
        mine[0] += int(one.times)
        mine[1] += int(one.times) if one.decision == _RELEASE else 0
        mine[2] += int(one.times) if one.decision in _HELD else 0
    for code, (count, released, held) in sorted(by_code.items(), key=lambda one: (-one[1][0], one[0])):
        if count <= 0:
            continue
        low, high = wilson(released, released + held) if released + held else (0.0, 1.0)
        told = proved.get(code) or {}
        share = told.get("share")
        false = None if share is None else 1.0 - float(share)
        yield Rule(code, count, released, held, low, high, false, int(told.get("closed", 0)))


def _drifts(connection: Connection, since: str, shown: set[str]) -> dict[str, Drift]:
    columns = (score_days.c.device, score_days.c.pack, score_days.c.bin)
    query = select(*columns, func.sum(score_days.c.count).label("times")).where(score_days.c.day >= since)
    bins: dict[str, list[int]] = {}
    for one in connection.execute(query.group_by(*columns)):
        if one.device in shown:
            bins.setdefault(one.pack, [0] * len(EXPECTED))[one.bin] += int(one.times)
    return {pack: drift(counts) for pack, counts in sorted(bins.items())}


def _alarms(connection: Connection, client: Client, shown: set[str]) -> Iterable[Mapping[str, str]]:
    for row in connection.execute(select(alarms).order_by(alarms.c.raised.desc()).limit(_ALARMS)):
        if row.device in shown or not client.ports:
            yield {"device": row.device, "code": row.code, "detail": row.detail, "raised": row.raised}


def _edition(told: Mapping[str, Any]) -> str:
    number = _number(told.get("edition_number"))
    return _text(told.get("edition")) + (f" {number}" if number is not None else "")


def _share(part: object, whole: object) -> float | None:
    numbers = _number(part), _number(whole)
    return numbers[0] / numbers[1] if numbers[0] is not None and numbers[1] else None


def _number(value: object) -> int | None:
    return value if type(value) is int and 0 <= value < 2**63 else None


def _text(value: object) -> str:
    return value[:100] if isinstance(value, str) else ""
