"""What became of an inspection: decisions of the IPR examiner and of courts close it, each as a row of its own.

Nothing is overwritten: a correction names the row that it takes the place of, and only one can. With the first word the
findings of the inspection's last assessment are noted beside it, so that precision is counted and never searched for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from edge.errors import AccessRefused, Conflict, NotFound
from edge.storage.chain import canonical
from sync.central.central import Central
from sync.central.database import writing
from sync.central.knowledge.speakers import Role, Speaker
from sync.central.tables import entries, outcome_findings, outcomes
from sync.protocol import OUTCOME, SCHEMA, signed

COUNTED = frozenset({"check", "strong"})  # weights of findings whose precision is counted
NEWEST = 500  # outcomes that a box is told of


class Ending(StrEnum):
    """How a case ended."""

    CONFIRMED = "confirmed"  # an infringement was found
    NOT_INFRINGING = "not_infringing"
    RELEASED = "released"  # without a finding of either: no request, no evidence in time
    UNDECIDED = "undecided"  # not known yet, or never


@dataclass(frozen=True, slots=True)
class Outcome:
    """What somebody decided of an inspection. `corrects` is the id of the row that it takes the place of."""

    device: str
    inspection: str
    ending: Ending
    decided: str  # date, ISO 8601
    reference: str = ""  # file number of the office
    corrects: str = ""


def decide(central: Central, speaker: Speaker, outcome: Outcome) -> dict[str, Any]:
    """Record it; the same once more answers the row that stands.

    Raises:
        NotFound: inspection_not_found: no assessment of it has arrived; outcome_not_found: there is nothing to correct.
        Conflict: outcome_conflict: something else is recorded already, or was corrected before.
        AccessRefused: access_role: an examiner does not correct a court.
    """
    told = {**asdict(outcome), "ending": outcome.ending.value, "name": speaker.name, "role": speaker.role.value}
    name = hashlib.sha256(canonical(told)).hexdigest()[:32]
    try:
        with writing(central.engine) as connection:
            known = connection.execute(select(outcomes.c.document).where(outcomes.c.id == name)).scalar()
            if known is not None:
                return _read(known)
            _require_correction(connection, speaker, outcome)
            findings = _findings(connection, outcome)
            row = {"id": name, **told, "received": central.stamp()}
            document = signed(
                {"type": OUTCOME, "schema": SCHEMA, "central": central.id, **row}, central.private.sign, central.id
            )
            connection.execute(insert(outcomes).values(**row, document=document.decode()))
            if findings:
                connection.execute(insert(outcome_findings), [{"outcome": name, **one} for one in findings])
            return _read(document.decode())
    except IntegrityError as error:
        raise _recorded(outcome) from error


def _require_correction(connection: Connection, speaker: Speaker, outcome: Outcome) -> None:
    before = connection.execute(
        select(outcomes).where((outcomes.c.device == outcome.device) & (outcomes.c.inspection == outcome.inspection))
    ).all()
    corrected = {row.corrects for row in before}
    standing = next((row for row in before if row.id not in corrected), None)
    if standing is None:
        if outcome.corrects:
            message = f"{outcome.inspection}: expected the id of an outcome to correct, got {outcome.corrects[:80]!r}."
            raise NotFound("outcome_not_found", message, hint="Leave it out: nothing is recorded yet.")
        return
    if outcome.corrects != standing.id:
        raise _recorded(outcome, standing.id)
    if standing.role == Role.COURT and speaker.role is not Role.COURT:
        message = f"{outcome.inspection}: expected a court, which decided it, got the role {speaker.role}."
        raise AccessRefused("access_role", message, hint="A court's decision is corrected by a court.")


def _recorded(outcome: Outcome, standing: str = "") -> Conflict:
    return Conflict(
        "outcome_conflict",
        f"{outcome.inspection}: expected a correction of outcome {standing!r}, got one of {outcome.corrects!r}.",
        hint="Nothing is overwritten: name the outcome that stands in corrects, or leave it out for the first.",
    )


def _findings(connection: Connection, outcome: Outcome) -> list[dict[str, str]]:
    """Code and pack of what the last assessment found.

    Raises:
        NotFound: inspection_not_found.
    """
    body = connection.execute(
        select(entries.c.body)
        .where((entries.c.device == outcome.device) & (entries.c.inspection == outcome.inspection))
        .where(entries.c.kind == "assessed")
        .order_by(entries.c.seq.desc())
        .limit(1)
    ).scalar()
    if body is None:
        message = (
            f"Expected an inspection of {outcome.device[:64]!r} that has arrived, got {outcome.inspection[:64]!r}."
        )
        raise NotFound("inspection_not_found", message, hint="Take device and inspection from the feed.")
    try:
        verdict = json.loads(body)["assessment"]["verdict"]
        pack = str(verdict["freshness"]["pack"])
        found = {
            (str(one["code"]), pack if str(one["code"]).startswith("face.") else "")
            for one in verdict["findings"]
            if one["weight"] in COUNTED
        }
    except (KeyError, TypeError):  # of a bench that nobody knows: its outcome counts for no finding
        return []
    return [{"code": code[:100], "pack": named[:200]} for code, named in sorted(found)]


def of_device(connection: Connection, device: str) -> list[dict[str, Any]]:
    """The newest outcomes that stand for inspections of a device, as it is told."""
    corrected = select(outcomes.c.corrects).where((outcomes.c.device == device) & (outcomes.c.corrects != ""))
    found = connection.execute(
        select(outcomes)
        .where((outcomes.c.device == device) & outcomes.c.id.not_in(corrected))
        .order_by(outcomes.c.received.desc(), outcomes.c.id)
        .limit(NEWEST)
    )
    return [
        {"inspection": row.inspection, "ending": row.ending, "name": row.name, "role": row.role, "decided": row.decided,
         "reference": row.reference}
        for row in found
    ]  # fmt: skip


def _read(document: str) -> dict[str, Any]:
    whole: Mapping[str, Any] = json.loads(document)
    return {**whole["signed"], "document": document}
