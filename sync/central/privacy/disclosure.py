"""Disclosure: what a profile lets a recipient have, as one document, previewed and sent byte for byte alike.

A document holds no time of its making, so that the preview is the document. What is sent is logged word for word, with
its rows, profile and hash; it is taken back only by a correction, a document that names the first.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, insert, select

from edge.errors import Conflict, NotFound
from edge.inspection import Decision
from edge.storage.chain import canonical
from sync.central.bodies import body_of, is_shaped
from sync.central.cells import harmless
from sync.central.central import Central
from sync.central.database import reading, writing
from sync.central.privacy.profile import Profile
from sync.central.tables import disclosures, entries, outcomes, personal

DOCUMENT = "sekisho-disclosure"
OPERATIONAL = ("watch.",)  # codes of findings that tell how customs works
_DAY, _MONTH = 10, 7  # characters of an ISO 8601 time


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that is ready to leave."""

    id: str
    data: bytes
    rows: tuple[tuple[str, str, int], ...]  # (device, ledger, sequence) that it rests on


@dataclass(frozen=True, slots=True)
class Period:
    """Days, both included, of the last assessment, as the box stamped it."""

    first: date
    last: date


def prepare(central: Central, profile: Profile, period: Period, *, corrects: str = "", reason: str = "") -> Prepared:
    """The document for a profile and a period. A correction names the document that it takes the place of, and why.

    Raises:
        NotFound: disclosure_not_found: there is none to correct. Conflict: disclosure_conflict: it is another's.
    """
    with reading(central.engine) as connection:
        if corrects:
            _require_own(connection, profile, corrects)
        found = list(_records(connection, profile, period))
    rows = [_line(record, profile) for record, _ in found]
    told: dict[str, Any] = {
        "type": DOCUMENT, "schema": 1, "recipient": profile.recipient, "basis": profile.basis,
        "profile": f"{profile.name} {profile.version}", "profile_sha256": profile.sha256,
        "from": period.first.isoformat(), "to": period.last.isoformat(), "rows": rows,
    }  # fmt: skip
    if corrects:
        told |= {"corrects": corrects, "reason": reason}
    name = hashlib.sha256(canonical(told)).hexdigest()
    data = canonical({"id": name, **told}) + b"\n" if profile.form == "json" else _csv(name, told, profile)
    return Prepared(name, data, tuple(at for _, at in found))


def send(central: Central, profile: Profile, prepared: Prepared, who: str, *, corrects: str = "") -> bytes:
    """Log a document as sent, and answer it. The same document is logged once.

    Raises:
        Conflict: disclosure_conflict: what it corrects was corrected before.
    """
    with writing(central.engine) as connection:
        known = connection.execute(select(disclosures.c.document).where(disclosures.c.id == prepared.id)).scalar()
        if known is not None:
            return str(known).encode()
        if corrects and connection.execute(select(disclosures.c.id).where(disclosures.c.corrects == corrects)).first():
            message = f"{corrects}: expected a document that stands, got one that was corrected before."
            raise Conflict("disclosure_conflict", message, hint="Correct its correction.")
        connection.execute(
            insert(disclosures).values(
                id=prepared.id,
                recipient=profile.recipient,
                profile=profile.sha256,
                document=prepared.data.decode(),
                hash=hashlib.sha256(prepared.data).hexdigest(),
                rows=json.dumps(prepared.rows),
                corrects=corrects,
                who=who,
                made=central.stamp(),
            )
        )
    return prepared.data


def log(central: Central) -> list[dict[str, Any]]:
    """Everything that has left, oldest first, without the documents themselves."""
    wanted = [column for column in disclosures.columns if column.name != "document"]
    with reading(central.engine) as connection:
        found = connection.execute(select(*wanted).order_by(disclosures.c.made, disclosures.c.id))
        return [dict(row._mapping) | {"rows": json.loads(row.rows)} for row in found]  # noqa: SLF001 - SQLAlchemy's public name


def _require_own(connection: Connection, profile: Profile, corrects: str) -> None:
    found = connection.execute(select(disclosures.c.recipient).where(disclosures.c.id == corrects)).scalar()
    if found is None:
        raise NotFound("disclosure_not_found", f"Expected the id of a document that was sent, got {corrects[:80]!r}.")
    if found != profile.recipient:
        message = f"{corrects}: expected a document to {profile.recipient}, got one to {found}."
        raise Conflict("disclosure_conflict", message)


# --- which records --------------------------------------------------


def _records(
    connection: Connection, profile: Profile, period: Period
) -> Iterator[tuple[dict[str, Any], tuple[str, str, int]]]:
    for record in records(connection):
        at = (record["device"], record["ledger"], record["seq"])
        day = record["assessment"].get("at", {}).get("utc", "")[:_DAY]
        if period.first.isoformat() <= day <= period.last.isoformat() and _meets(record, profile):
            yield record, at


def records(connection: Connection) -> Iterator[dict[str, Any]]:
    """Every inspection's record (`edge.fields.Inspection` as JSON), by device and inspection.

    Streams all assessments and decisions in that order; of an inspection the last assessment counts.
    """
    kinds = entries.c.kind.in_(("assessed", "disposed"))
    wanted = select(entries).where(kinds & (entries.c.inspection != ""))
    ordered = wanted.order_by(entries.c.device, entries.c.inspection, entries.c.ledger, entries.c.seq)
    endings = _endings(connection)
    group: list[Any] = []
    for row in connection.execution_options(yield_per=500).execute(ordered):
        if group and (group[0].device, group[0].inspection) != (row.device, row.inspection):
            yield from _record(connection, group, endings)
            group = []
        group.append(row)
    if group:
        yield from _record(connection, group, endings)


def _endings(connection: Connection) -> dict[tuple[str, str], tuple[str, str]]:
    found = connection.execute(select(outcomes)).all()
    corrected = {row.corrects for row in found}
    return {(row.device, row.inspection): (row.ending, row.reference) for row in found if row.id not in corrected}


def _record(
    connection: Connection, rows: list[Any], endings: Mapping[tuple[str, str], tuple[str, str]]
) -> Iterator[dict[str, Any]]:
    read = [(row, body) for row in rows if (body := body_of(row.kind, row.body)) is not None]
    assessed = [(row, body["assessment"]) for row, body in read if row.kind == "assessed"]
    if not assessed:
        return
    last, assessment = assessed[-1]
    header, whole = json.loads(last.header), _whole(assessment, _values(connection, last))
    if not is_shaped("assessed", {"assessment": whole}):  # as its personal values, which its box signed too, make it
        return
    ending, reference = endings.get((last.device, last.inspection), ("", ""))
    yield {
        "inspection": last.inspection, "device": last.device, "ledger": last.ledger, "seq": last.seq,
        "port": last.port, "station": header["station"], "boot": header["boot"], "officer": header["officer"],
        "assessment": whole, "disposition": _standing(read),
        "ending": ending, "reference": reference,
    }  # fmt: skip


def _standing(read: list[tuple[Any, dict[str, Any]]]) -> dict[str, Any] | None:
    told = [(row.seq, body["disposition"]) for row, body in read if row.kind == "disposed"]
    undone = {one.get("undoes") for _, one in told}
    standing = [one for seq, one in told if one["decision"] is not None and seq not in undone]
    return standing[-1] if standing else None


def _values(connection: Connection, row: Any) -> dict[str, str]:  # noqa: ANN401 - a database row
    where = (personal.c.device == row.device) & (personal.c.ledger == row.ledger) & (personal.c.seq == row.seq)
    return {one.name: json.loads(one.value) for one in connection.execute(select(personal).where(where)).all()}


def _whole(assessment: dict[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """The assessment with what is still here of its personal parts, which are named by noun and field."""
    whole = {name: dict(part) if isinstance(part, dict) else part for name, part in assessment.items()}
    for name, value in values.items():
        noun, _, field = name.partition(".")
        if noun in {"seen", "identity"} and field:
            with contextlib.suppress(ValueError, TypeError, RecursionError):  # none of a bench
                whole.setdefault(noun, {})[field] = json.loads(value)
    return whole


def _meets(record: dict[str, Any], profile: Profile) -> bool:
    """Whether a record goes by the profile's conditions; items of others' products are taken out of it."""
    wanted = profile.conditions
    decision = (record["disposition"] or {}).get("decision", "")
    if wanted.decisions and decision not in {Decision(one).value for one in wanted.decisions}:
        return False
    if (wanted.endings and record["ending"] not in wanted.endings) or (
        wanted.ports and record["port"] not in wanted.ports
    ):
        return False
    consignment = record["assessment"].get("seen", {}).get("consignment") or {}
    if wanted.platforms and consignment.get("platform") not in wanted.platforms:
        return False
    if not wanted.gtins:
        return True
    return _keep_own(record["assessment"], wanted.gtins)


def _keep_own(assessment: dict[str, Any], gtins: tuple[str, ...]) -> bool:
    """Leave the items, comparisons, findings and declared lines of these products; whether any item is left."""

    def own(gtin: object) -> bool:
        return str(gtin).zfill(14).startswith(gtins)

    identity, seen, verdict = (assessment.get(name) or {} for name in ("identity", "seen", "verdict"))
    identity["items"] = [item for item in identity.get("items", ()) if own(item["gtin"]["value"])]
    seen["comparisons"] = [one for one in seen.get("comparisons", ()) if own(one["gtin"]["value"])]
    seen["captures"], seen["symbols"] = [], []
    if seen.get("consignment"):
        lines = [line for line in seen["consignment"].get("lines", ()) if line.get("gtin") and own(line["gtin"])]
        seen["consignment"] = {**seen["consignment"], "lines": lines}
    verdict["findings"] = [one for one in verdict.get("findings", ()) if one.get("item") and own(one["item"])]
    return bool(identity["items"])


# --- what of them --------------------------------------------------


def _line(record: dict[str, Any], profile: Profile) -> dict[str, Any]:
    verdict = record["assessment"].get("verdict", {})
    verdict["findings"] = [one for one in verdict.get("findings", ()) if not one["code"].startswith(OPERATIONAL)]
    return {name: _dated(_at(record, path.split(".")), path, profile) for name, path in profile.fields.items()}


def _at(value: Any, steps: list[str]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, list):
        return [_at(one, steps) for one in value]
    if not steps or value is None:
        return value
    return _at(value.get(steps[0]), steps[1:]) if isinstance(value, Mapping) else None


def _dated(value: Any, path: str, profile: Profile) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, list):
        return [_dated(one, path, profile) for one in value]
    if isinstance(value, str) and path.endswith((".utc", ".edition_issued")):
        return {"second": value, "day": value[:_DAY], "month": value[:_MONTH]}[profile.dates]
    return value


def _csv(name: str, told: dict[str, Any], profile: Profile) -> bytes:
    """The rows as CSV (RFC 4180) below one line that names the document; lists are joined by a vertical line."""
    out = io.StringIO()
    out.write(f"# {name} {told['recipient']}; {told['basis']}; {told['from']} to {told['to']}\r\n")
    if "corrects" in told:
        out.write(f"# corrects {told['corrects']}: {told['reason']}\r\n")
    writer = csv.writer(out)
    writer.writerow(profile.fields)
    for row in told["rows"]:
        writer.writerow(_cell(row[field]) for field in profile.fields)
    return out.getvalue().encode("utf-8", "replace")


def _cell(value: Any) -> str:  # noqa: ANN401 - JSON
    return harmless("|".join(map(_cell, value)) if isinstance(value, list) else "" if value is None else str(value))
