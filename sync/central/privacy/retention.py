"""Retention at the centre: what may go goes by policy, in one transaction with a signed row: who, why, what.

Judged by inspection when its time comes, counted by this central's clock from the receipt of its last row. A deletion
is a document that this central signs and that names the hash of the one before of the same device, so that none can be
taken out unseen. Rows of boxes stay: they hold commitments only. Objects go after the commit; a crash in between is
mended by the next run, from `going`.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Connection, delete, func, insert, select, text, update

from edge.errors import PolicyError
from edge.inspection import Origin
from edge.moment import ClockTrust, Moment
from edge.retention import Standing, standing_of
from edge.storage.chain import Entry, Row
from sync.central.bodies import is_shaped, pictures_of, tell_malformed
from sync.central.central import Central
from sync.central.database import reading, writing
from sync.central.knowledge.outcomes import Ending
from sync.central.privacy import ends
from sync.central.privacy.plausible import Guard, require_plausible
from sync.central.tables import (
    deletions,
    entries,
    evidence,
    going,
    heads,
    holds,
    named,
    outcomes,
    personal,
    watched,
)
from sync.protocol import SCHEMA, signed

DELETION = "sekisho-deletion"
_AT_ONCE = 200  # inspections in one transaction
_ROWS = 500
_LATER = timedelta(days=1)

_Days = Annotated[int, Field(ge=0, le=36_500)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Terms(_Part):
    """Days by class of what may go."""

    nominal: _Days
    goods: _Days
    personal: _Days


class RetentionPolicy(_Part):
    """A whole policy of a central."""

    schema_: Annotated[int, Field(alias="schema", ge=1, le=1)]
    name: Annotated[str, Field(min_length=1, max_length=64)]
    version: Annotated[str, Field(min_length=1, max_length=32)]
    no_finding: Terms
    checked: Terms
    case: Terms
    guard: Guard = Guard()

    @property
    def title(self) -> str:
        """Name and version."""
        return f"{self.name} {self.version}"


def policy_of(path: Path | None = None) -> RetentionPolicy:
    """The policy in a file, or the built-in one.

    Raises:
        PolicyError: policy_unreadable, policy_value.
    """
    origin = str(path) if path else "the built-in retention policy"
    builtin = resources.files("sync.central.privacy").joinpath("retention.toml")
    try:
        document = tomllib.loads(path.read_text("utf-8") if path else builtin.read_text("utf-8"))
        return RetentionPolicy.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise PolicyError("policy_value", f"{origin}: {where}: {first['msg']}, got {first['input']!r}.") from error
    except (OSError, ValueError) as error:
        raise PolicyError("policy_unreadable", f"{origin}: expected a policy in TOML, got {error}.") from error


@dataclass(slots=True)
class Gone:
    """What goes, or has gone, of one device: with the inspections that it is of."""

    inspections: set[str] = field(default_factory=set)
    pictures: dict[str, str] = field(default_factory=dict)  # SHA-256 -> class
    values: list[tuple[str, int, str]] = field(default_factory=list)  # (ledger, row, name)

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.pictures or self.values)


@dataclass(frozen=True, slots=True)
class Why:
    """On whose behalf something goes, and why."""

    who: str
    reason: str  # "retention", "request"
    policy: str = ""


@dataclass(frozen=True, slots=True)
class _One:
    """An inspection whose time counts `since`."""

    device: str
    inspection: str
    rows: tuple[tuple[str, int], ...]  # (ledger, sequence)
    since: datetime


def retain(
    central: Central, policy: RetentionPolicy, who: str, *, dry_run: bool = False, really: bool = False
) -> dict[str, Gone]:
    """Let go what the policy gives up by now; what that was, by device. With `dry_run` nothing goes.

    Raises:
        Conflict: retention_clock, retention_amount: a wrong clock would look like this. Not with `really`.
    """
    finish(central)
    take_in(central)
    if dry_run:
        return _run(central, policy, who, dry_run=True)
    if not really:
        would = _run(central, policy, who, dry_run=True).values()
        require_plausible(central, policy.guard, sum(len(one.pictures) + len(one.values) for one in would))
    gone = _run(central, policy, who, dry_run=False)
    finish(central)
    ran(central, "retain")
    ends.keep(central)
    return gone


def ran(central: Central, what: str) -> None:
    """Note that it ran now."""
    with writing(central.engine) as connection:
        connection.execute(_RAN, {"what": what, "at": central.stamp()})


def _run(central: Central, policy: RetentionPolicy, who: str, *, dry_run: bool) -> dict[str, Gone]:
    total: dict[str, Gone] = {}
    now, after = central.now(), ("", "")
    while batch := _due(central, now, after):
        after = batch[-1]
        for device in sorted({device for device, _ in batch}):
            inspections = [inspection for of, inspection in batch if of == device]
            gone = _retain(central, policy, device, inspections, Why(who, "retention", policy.title), dry_run=dry_run)
            told = total.setdefault(device, Gone())
            told.inspections |= gone.inspections
            told.pictures |= gone.pictures
            told.values += gone.values
    return {device: gone for device, gone in total.items() if gone}


def _due(central: Central, now: datetime, after: tuple[str, str]) -> list[tuple[str, str]]:
    later = (watched.c.device > after[0]) | ((watched.c.device == after[0]) & (watched.c.inspection > after[1]))
    wanted = select(watched.c.device, watched.c.inspection).where((watched.c.look_at <= now.isoformat()) & later)
    with reading(central.engine) as connection:
        ordered = wanted.order_by(watched.c.device, watched.c.inspection).limit(_AT_ONCE)
        return [(row.device, row.inspection) for row in connection.execute(ordered)]


def _retain(
    central: Central, policy: RetentionPolicy, device: str, inspections: Sequence[str], why: Why, *, dry_run: bool
) -> Gone:
    now, gone = central.now(), Gone()
    with writing(central.engine) as connection:
        for inspection in inspections:
            again = _judge(connection, policy, device, inspection, now=now, gone=gone)
            if not dry_run:
                where = (watched.c.device == device) & (watched.c.inspection == inspection)
                connection.execute(
                    delete(watched).where(where)
                    if again is None
                    else update(watched).where(where).values(look_at=again.isoformat())
                )
        if gone and not dry_run:
            let_go(connection, central, device, gone, why)
    return gone


def rows_of(connection: Connection, device: str, inspection: str) -> list[tuple[str, Row, str]]:
    """The rows of an inspection as (ledger, row, when this central had it), oldest first."""
    received = (
        select(func.min(heads.c.received))
        .where((heads.c.device == device) & (heads.c.ledger == entries.c.ledger) & (heads.c.seq >= entries.c.seq))
        .scalar_subquery()
    )
    found = connection.execute(
        select(entries.c.ledger, entries.c.seq, entries.c.kind, entries.c.body, received.label("received"))
        .where((entries.c.device == device) & (entries.c.inspection == inspection))
        .order_by("received", entries.c.seq)
    )
    origin, at = Origin(device, "", "", ""), Moment(datetime(1970, 1, 1, tzinfo=UTC), ClockTrust.UNTRUSTED)
    return [
        (row.ledger, Row(row.seq, Entry(row.kind, inspection, origin, at, json.loads(row.body)), "", ""), row.received)
        for row in found
    ]


def _judge(
    connection: Connection, policy: RetentionPolicy, device: str, inspection: str, *, now: datetime, gone: Gone
) -> datetime | None:
    """Add what of an inspection goes now; when it is to be looked at again, None for never."""
    rows = rows_of(connection, device, inspection)
    if not rows:
        return None
    readable = [row for _, row, _ in rows if is_shaped(row.entry.kind, row.entry.body)]
    standing = standing_of(readable) if readable else Standing(case=False, finding=True, last=0)
    since = datetime.fromisoformat(rows[-1][2])
    terms = policy.checked if standing.finding else policy.no_finding
    ended = case_end(connection, device, inspection) if standing.case else since
    if ended is None or held(connection, device, inspection):
        return now + _LATER
    if standing.case:
        since, terms = max(since, ended), policy.case
    one = _One(device, inspection, tuple((ledger, row.seq) for ledger, row, _ in rows), since)
    return _found(connection, one, terms, now, gone)


def _found(connection: Connection, one: _One, terms: Terms, now: datetime, gone: Gone) -> datetime | None:
    device, inspection, since = one.device, one.inspection, one.since
    again = []
    pictures = connection.execute(
        select(named.c.sha256, named.c.nominal).where((named.c.device == device) & (named.c.inspection == inspection))
    ).all()
    for picture in pictures:
        due = since + timedelta(days=terms.nominal if picture.nominal else terms.goods)
        if due > now:
            again.append(due)
        elif _only(connection, device, picture.sha256, inspection):
            gone.pictures[picture.sha256] = "nominal" if picture.nominal else "goods"
            gone.inspections.add(inspection)
    due = since + timedelta(days=terms.personal)
    values = values_of(connection, device, one.rows)
    if values and due > now:
        again.append(due)
    elif values:
        gone.values += values
        gone.inspections.add(inspection)
    return min(again, default=None)


def _only(connection: Connection, device: str, sha256: str, inspection: str) -> bool:
    """Whether no other inspection of this device that is still looked after names a picture, and it is here."""
    here = select(evidence.c.sha256).where((evidence.c.device == device) & (evidence.c.sha256 == sha256))
    others = (
        select(named.c.inspection)
        .join(watched, (watched.c.device == named.c.device) & (watched.c.inspection == named.c.inspection))
        .where((named.c.device == device) & (named.c.sha256 == sha256) & (named.c.inspection != inspection))
        .limit(1)
    )
    return connection.execute(here).first() is not None and connection.execute(others).first() is None


def values_of(connection: Connection, device: str, rows: Sequence[tuple[str, int]]) -> list[tuple[str, int, str]]:
    """The personal values that are still here of rows given as (ledger, sequence)."""
    found = []
    for ledger in sorted({ledger for ledger, _ in rows}):
        seqs = [seq for of, seq in rows if of == ledger]
        where = (personal.c.device == device) & (personal.c.ledger == ledger) & personal.c.seq.in_(seqs)
        wanted = select(personal.c.seq, personal.c.name).where(where).order_by(personal.c.seq, personal.c.name)
        found += [(ledger, row.seq, row.name) for row in connection.execute(wanted)]
    return found


def let_go(connection: Connection, central: Central, device: str, gone: Gone, why: Why) -> str:
    """Sign what goes and take it out; the SHA-256 of the document. Objects go with `finish`."""
    last = connection.execute(
        select(deletions.c.number, deletions.c.hash)
        .where(deletions.c.device == device)
        .order_by(deletions.c.number.desc())
        .limit(1)
    ).one_or_none()
    number, previous = (1, "") if last is None else (last.number + 1, last.hash)
    told = {
        "type": DELETION, "schema": SCHEMA, "central": central.id, "device": device, "number": number,
        "previous": previous, "made": central.stamp(), "who": why.who, "reason": why.reason, "policy": why.policy,
        "inspections": sorted(gone.inspections), "pictures": sorted(map(list, gone.pictures.items())),
        "values": sorted(map(list, gone.values)),
    }  # fmt: skip
    document = signed(told, central.private.sign, central.id)
    digest = hashlib.sha256(document).hexdigest()
    row = {"device": device, "number": number, "document": document.decode(), "hash": digest, "made": central.stamp()}
    connection.execute(insert(deletions).values(**row))
    for ledger, seq, name in gone.values:
        where = (personal.c.device == device) & (personal.c.ledger == ledger)
        connection.execute(delete(personal).where(where & (personal.c.seq == seq) & (personal.c.name == name)))
    for sha256 in sorted(gone.pictures):
        connection.execute(GOING, {"sha256": sha256})  # first: it is the lock, here as where pictures are brought
        connection.execute(delete(evidence).where((evidence.c.device == device) & (evidence.c.sha256 == sha256)))
        told = {"device": device, "sha256": sha256, "number": number, "made": central.stamp()}
        connection.execute(_GONE, told)
    return digest


GOING = text(  # locks the object until the transaction ends
    "INSERT INTO going (sha256) VALUES (:sha256) ON CONFLICT (sha256) DO UPDATE SET sha256=excluded.sha256"
)
_GONE = text(
    "INSERT INTO pictures (device, sha256, size, deletion, deleted) VALUES (:device, :sha256, 0, :number, :made)"
    " ON CONFLICT (device, sha256) DO UPDATE SET deletion=excluded.deletion, deleted=excluded.deleted"
)
_RAN = text("INSERT INTO runs (what, at) VALUES (:what, :at) ON CONFLICT (what) DO UPDATE SET at=excluded.at")
_WATCH = text(
    "INSERT INTO watched (device, inspection, look_at) VALUES (:device, :inspection, '')"
    " ON CONFLICT (device, inspection) DO UPDATE SET look_at=''"
)
_NAME = text(
    "INSERT INTO named (device, sha256, inspection, nominal) VALUES (:device, :sha256, :inspection, :nominal)"
    " ON CONFLICT DO NOTHING"
)
_PENDING = text(
    "SELECT l.device, l.ledger, l.seq, coalesce(m.seq, 0) AS marked FROM ledgers l"
    " LEFT JOIN watch_marks m ON m.device=l.device AND m.ledger=l.ledger"
    " WHERE l.seq > coalesce(m.seq, 0) ORDER BY l.device, l.ledger"
)
_MARK = text(
    "INSERT INTO watch_marks (device, ledger, seq) VALUES (:device, :ledger, :seq)"
    " ON CONFLICT (device, ledger) DO UPDATE SET seq=excluded.seq"
)


def finish(central: Central) -> int:
    """Delete the objects that no device has any more; how many."""
    with reading(central.engine) as connection:
        waiting = [row.sha256 for row in connection.execute(select(going).order_by(going.c.sha256))]
    count = 0
    for sha256 in waiting:
        with writing(central.engine) as connection:
            locked = select(going.c.sha256).where(going.c.sha256 == sha256).with_for_update()
            if connection.execute(locked).first() is None:  # brought again, or another has finished it
                continue
            if connection.execute(select(evidence.c.device).where(evidence.c.sha256 == sha256)).first() is None:
                count += central.objects.delete(sha256)
            connection.execute(delete(going).where(going.c.sha256 == sha256))
    return count


def take_in(central: Central) -> None:
    """Look after the inspections of rows that have come since, and note the pictures that they name."""
    with reading(central.engine) as connection:
        chains = connection.execute(_PENDING).all()
    for chain in chains:
        for start in range(chain.marked, chain.seq, _ROWS):
            with writing(central.engine) as connection:
                upto = min(chain.seq, start + _ROWS)
                for row in _window(connection, chain.device, chain.ledger, start, upto):
                    told = {"device": chain.device, "inspection": row.inspection}
                    connection.execute(_WATCH, told)
                    pictures = pictures_of(row.kind, row.body)
                    if pictures is None:
                        tell_malformed(connection, chain.device, chain.ledger, row.seq, central.stamp())
                    for one in pictures or ():
                        connection.execute(_NAME, told | {"sha256": one.sha256, "nominal": one.nominal})
                connection.execute(_MARK, {"device": chain.device, "ledger": chain.ledger, "seq": upto})


def _window(connection: Connection, device: str, ledger: str, after: int, upto: int) -> Iterator[Any]:
    where = (entries.c.device == device) & (entries.c.ledger == ledger) & entries.c.seq.between(after + 1, upto)
    columns = (entries.c.seq, entries.c.kind, entries.c.inspection, entries.c.body)
    yield from connection.execute(select(*columns).where(where & (entries.c.inspection != "")).order_by(entries.c.seq))


# --- cases and holds --------------------------------------------------


def held(connection: Connection, device: str, inspection: str) -> bool:
    """Whether a legal hold stands over an inspection."""
    where = (holds.c.device == device) & (holds.c.inspection == inspection) & holds.c.lifted.is_(None)
    return connection.execute(select(holds.c.reason).where(where)).first() is not None


def hold(connection: Connection, device: str, inspection: str, who: str, reason: str, now: str) -> None:  # noqa: PLR0917 - one column each
    """Place a legal hold: nothing of the inspection goes until it is lifted. The same hold is placed once."""
    if not held(connection, device, inspection):
        told = {"device": device, "inspection": inspection, "placed": now, "who": who, "reason": reason}
        connection.execute(insert(holds).values(**told))


def lift(connection: Connection, device: str, inspection: str, now: str) -> int:
    """Lift the hold over an inspection; how many stood."""
    where = (holds.c.device == device) & (holds.c.inspection == inspection) & holds.c.lifted.is_(None)
    return connection.execute(update(holds).where(where).values(lifted=now)).rowcount


def case_end(connection: Connection, device: str, inspection: str) -> datetime | None:
    """When the case of an inspection ended, as the examiner or a court decided last; None while it is open."""
    where = (outcomes.c.device == device) & (outcomes.c.inspection == inspection)
    found = connection.execute(
        select(outcomes.c.id, outcomes.c.corrects, outcomes.c.ending, outcomes.c.decided).where(where)
    ).all()
    corrected = {row.corrects for row in found}
    standing = next((row for row in found if row.id not in corrected and row.ending != Ending.UNDECIDED), None)
    return (
        None if standing is None else datetime.fromisoformat(standing.decided).replace(tzinfo=UTC) + timedelta(days=1)
    )
