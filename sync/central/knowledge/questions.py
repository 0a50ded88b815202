"""Officers' questions on inspections, and the answers of right holders and experts.

A question is a row of its bench's ledger and comes with the results. An answer is a row here, signed by the central in
the name of who gave it, with a last day; another one in its place corrects it. It changes no verdict: boxes show it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from edge.errors import AccessRefused, Conflict, NotFound
from edge.storage.chain import canonical
from sync.central.central import Central
from sync.central.database import reading, writing
from sync.central.knowledge.speakers import Speaker
from sync.central.onward.signed_urls import GOOD_FOR_S, signed_url
from sync.central.tables import answers, entries
from sync.central.tables import evidence as pictures
from sync.protocol import ANSWER, SCHEMA, signed

MOST = 1_000  # in one list
MOST_TOLD_BYTES = 2_000_000  # of answers that a box is told, the newest first: its document must stay below 4 MB
KIND = "question"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered to the question in one row of a ledger. `corrects` is the id of the answer before."""

    device: str
    ledger: str
    seq: int
    text: str
    valid_to: str  # date, ISO 8601: after it boxes show it on that inspection only
    corrects: str = ""


def asked(central: Central, speaker: Speaker, *, unanswered: bool) -> list[dict[str, Any]]:
    """The questions that `speaker` may answer, in the order of device and row, each with an address of its picture."""
    with reading(central.engine) as connection:
        given = connection.execute(
            select(*(answers.c[name] for name in ("device", "ledger", "seq", "id", "corrects")))
        ).all()
        corrected = {row.corrects for row in given}
        standing = {(row.device, row.ledger, row.seq): row.id for row in given if row.id not in corrected}
        rows = connection.execute(
            select(entries).where(entries.c.kind == KIND).order_by(entries.c.device, entries.c.ledger, entries.c.seq)
        )
        found: list[dict[str, Any]] = []
        for row in rows:
            question = _question(row.body)
            answered = standing.get((row.device, row.ledger, row.seq), "")
            if question is None or (unanswered and answered) or not speaker.may_speak_of(question["gtins"]):
                continue
            picture = _address(central, connection, speaker, row.device, question["picture"])
            told = {name: getattr(row, name) for name in ("device", "ledger", "seq", "inspection", "port")}
            told |= {"asked": json.loads(row.header)["at"], "text": question["text"], "gtins": list(question["gtins"])}
            found.append(told | {"picture": picture, "answer": answered})
            if len(found) == MOST:
                break
    return found


def _address(central: Central, connection: Connection, speaker: Speaker, device: str, sha256: str) -> str:
    """Where to fetch a picture, once it has arrived."""
    brought = (pictures.c.device == device) & (pictures.c.sha256 == sha256)
    if connection.execute(select(pictures.c.sha256).where(brought)).scalar() is None:
        return ""
    return signed_url(central, speaker.name, sha256, int(central.now().timestamp()) + GOOD_FOR_S)


def answer(central: Central, speaker: Speaker, given: Answer) -> dict[str, Any]:
    """Record an answer; the same once more answers the row that stands.

    Raises:
        NotFound: question_not_found. AccessRefused: access_role: about another's products.
        Conflict: answer_conflict: it has an answer that this does not correct.
    """
    told = {**asdict(given), "name": speaker.name, "role": speaker.role.value}
    name = hashlib.sha256(canonical(told)).hexdigest()[:32]
    try:
        with writing(central.engine) as connection:
            known = connection.execute(select(answers.c.document).where(answers.c.id == name)).scalar()
            if known is not None:
                return _read(known)
            inspection, question = _answerable(connection, speaker, given)
            row = {
                "id": name, **told, "inspection": inspection, "gtins": json.dumps(list(question["gtins"])),
                "question": question["text"], "answered": central.stamp(),
            }  # fmt: skip
            document = signed(
                {"type": ANSWER, "schema": SCHEMA, "central": central.id, **row}, central.private.sign, central.id
            )
            connection.execute(insert(answers).values(**row, document=document.decode()))
            return _read(document.decode())
    except IntegrityError as error:
        raise _answered(given) from error


def _answerable(connection: Connection, speaker: Speaker, given: Answer) -> tuple[str, dict[str, Any]]:
    where = (entries.c.device == given.device) & (entries.c.ledger == given.ledger) & (entries.c.seq == given.seq)
    row = connection.execute(select(entries).where(where & (entries.c.kind == KIND))).one_or_none()
    question = _question(row.body) if row is not None else None
    if row is None or question is None:
        came = f"row {given.seq} of {given.ledger[:80]!r} of {given.device[:64]!r}"
        message = f"Expected a question that has arrived, got {came}."
        raise NotFound("question_not_found", message, hint="GET /v1/questions names them.")
    if not speaker.may_speak_of(question["gtins"]):
        message = f"{speaker.name}: expected a question on its own products, got one on {', '.join(question['gtins'])}."
        raise AccessRefused("access_role", message, hint="An expert of customs answers questions on any product.")
    of_it = (answers.c.device == given.device) & (answers.c.ledger == given.ledger) & (answers.c.seq == given.seq)
    before = connection.execute(select(answers.c.id, answers.c.corrects).where(of_it)).all()
    corrected = {one.corrects for one in before}
    standing = next((one.id for one in before if one.id not in corrected), "")
    if given.corrects != standing:
        raise _answered(given, standing)
    return str(row.inspection), question


def _answered(given: Answer, standing: str = "") -> Conflict:
    return Conflict(
        "answer_conflict",
        f"{given.device}, row {given.seq}: expected a correction of {standing!r}, got one of {given.corrects!r}.",
        hint="Nothing is overwritten: name the answer that stands in corrects, or leave it out for the first.",
    )


def _question(body: str) -> dict[str, Any] | None:
    try:
        told = json.loads(body)["question"]
        return {
            "text": str(told["text"]).replace("\0", "\ufffd"),
            "picture": str(told["picture"]),
            "gtins": tuple(str(gtin) for gtin in told["gtins"]),
        }
    except (KeyError, TypeError):  # of a bench that nobody knows
        return None


def told_to(connection: Connection, device: str, today: str) -> list[dict[str, Any]]:
    """The answers that a box is told: those that hold today, and all to its own questions."""
    corrected = select(answers.c.corrects).where(answers.c.corrects != "")
    found = connection.execute(
        select(answers)
        .where(answers.c.id.not_in(corrected) & ((answers.c.valid_to >= today) | (answers.c.device == device)))
        .order_by(answers.c.answered.desc(), answers.c.id)
        .limit(MOST)
    )
    told: list[dict[str, Any]] = []
    room = MOST_TOLD_BYTES
    for row in found:
        one = {name: getattr(row, name) for name in ("question", "text", "name", "role", "answered", "valid_to")}
        one |= {"inspection": row.inspection if row.device == device else "", "gtins": json.loads(row.gtins)}
        room -= len(canonical(one))
        if room < 0:
            break
        told.append(one)
    return told


def _read(document: str) -> dict[str, Any]:
    return {**json.loads(document)["signed"], "document": document}
