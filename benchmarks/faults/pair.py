"""A box and its centre below one folder, as trials find them: founded, enrolled, inspecting, sending.

STATE/box      the state directory of a bench: ledger, evidence, key, outbox, receipts
STATE/central  the folder of a central: SQLite unless an address is given, objects, key
"""

from __future__ import annotations

import contextlib
import functools
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from sqlalchemy import select

from benchmarks.faults.campaign import Note
from benchmarks.faults.checker import Centre, Told
from benchmarks.faults.line import Line, joined
from edge.errors import EvidenceError, SekishoError
from edge.inspection import Origin
from edge.moment import ClockTrust, Moment
from edge.policy import builtin
from edge.retention import Retention
from edge.storage.chain import Entry, Row
from edge.storage.evidence import EvidenceStore
from edge.storage.ledger import Ledger
from edge.storage.outbox import Outbox
from sync import push_evidence as push_evidences
from sync.central.central import Central
from sync.central.database import migrate, opened, reading, writing
from sync.central.intake.devices import enrol, new_token
from sync.central.intake.objects import ObjectsOnDisk
from sync.central.onward.feed import sequence
from sync.central.problems import answer_errors
from sync.central.routes import about, boxes, evidence
from sync.central.tables import metadata
from sync.identity import KEY_FILE, Enrolment, checked_enrolment, kept_enrolment, kept_private_key
from sync.link import Link
from sync.protocol import key_id
from sync.push import OUTBOX, Pushed, Signer, push
from sync.push_evidence import Brought, push_evidence

DEVICE = "bench-1"
NOW = Moment(datetime(2026, 11, 21, 9, tzinfo=UTC), ClockTrust.SYNCED)
URL = "http://central"
_ENOUGH = 10**9  # bytes of pictures in one run
_PIECE_BYTES = 1_500
_OUTCOMES = ("NO_FINDING", "CHECK", "STRONG_INDICATION")
_CENTRAL_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


# --- the centre --------------------------------------------------


@contextlib.contextmanager
def centre(state: Path, database: str = "", *, founded: bool = True) -> Iterator[Central]:
    """The central of `state`; `founded` says that its tables may have to be made first."""
    folder = state / "central"
    folder.mkdir(parents=True, exist_ok=True)
    engine = opened(database or f"sqlite:///{folder / 'central.db'}")
    try:
        if founded:
            migrate(engine)
        yield Central(engine, ObjectsOnDisk(folder), _CENTRAL_KEY)
    finally:
        engine.dispose()


def held(state: Path, central: Central) -> Centre:
    """The same for the checker; every row is in its feed after this."""
    sequence(central.engine)
    url = central.engine.url
    folder = state / "central"
    if url.get_backend_name() == "sqlite":
        return Centre(str(url.database), folder)
    return Centre(f"host={url.query['host']} user={url.username} dbname={url.database}", folder)


@functools.lru_cache(maxsize=2)
def app_of(central: Central) -> FastAPI:
    """What boxes ask of a central, once for each: with all the rest its making would be half of a campaign."""
    app = FastAPI(openapi_url=None)
    answer_errors(app)
    for part in (about, boxes, evidence):
        part.add(app, central)
    return app


# --- the box --------------------------------------------------


def picture(number: int) -> bytes:
    """A drawn picture, small."""
    return random.Random(number).randbytes(200 + 900 * (number % 5))


def pictures_of(number: int) -> list[bytes]:
    """What inspection `number` keeps: every fourth a picture, every eighth two."""
    return [picture(number + shift) for shift in (0, 10_000)[: (number % 4 == 0) + (number % 8 == 0)]]


class Bench:
    """The bench of a box at work. It tells an officer only what is durable, and notes what it told."""

    def __init__(self, box: Path, note: Note, *, device: str = DEVICE, reserve_bytes: int = 0) -> None:
        """Open its ledger and its store."""
        self.device = device
        self.ledger = Ledger.open(box / "ledger.db", device, reserve_bytes=reserve_bytes)
        self.store = EvidenceStore(box, reserve_bytes=reserve_bytes)
        self._note = note
        self.unkept = 0  # pictures for which there was no room

    def inspect(self, number: int, pictures: Sequence[bytes] | None = None, words: str = "香水 é") -> None:
        """Inspection `number`: its pictures, the assessment, the officer's decision. Asked again it is the same.

        Raises:
            LedgerError: it cannot be recorded, and the officer is told so.
        """
        wanted = pictures_of(number) if pictures is None else pictures
        kept = [name for data in wanted if (name := self._kept(data))]
        outcome = _OUTCOMES[number % 3]
        named = [{"sha256": name, "media_type": "image/png"} for name in kept]
        seen = {"captures": [{"kept": named}]} if named else {}
        body = {"request": "", "assessment": {"verdict": {"outcome": outcome}, "seen": seen, "words": words}}
        parcel = f"RR{number:09}JP"
        (row,) = self.ledger.append([self._entry("assessed", number, body, parcel)])
        self._tell(row, outcome, parcel, kept)
        if number % 2:
            body = {"disposition": {"decision": "refer", "number": number}}
            (row,) = self.ledger.append([self._entry("disposed", number, body)])
            self._tell(row, "refer", "", [])

    def _kept(self, data: bytes) -> str:
        try:
            return self.store.put(data, "image/png")
        except EvidenceError as error:
            if error.code != "evidence_full":
                raise
            self.unkept += 1
            return ""

    def _entry(self, kind: str, number: int, body: Mapping[str, object], parcel: str = "") -> Entry:
        origin = Origin(self.device, "1", "O-7", "boot")
        personal = {"parcel": parcel} if parcel else {}
        return Entry(kind, f"i{number}", origin, NOW, body, personal, f"{kind}-{number}", (f"s10:{number}",))

    def _tell(self, row: Row, outcome: str, parcel: str, kept: list[str]) -> None:
        at = row.entry.at.utc.isoformat(timespec="microseconds")
        told = Told(row.seq, row.hash, row.entry.kind, row.entry.inspection, outcome, parcel, at, kept)
        self._note(told.line())

    def close(self) -> None:
        """Let go of the ledger."""
        self.ledger.close()


def enrolled(central: Central, box: Path, device: str = DEVICE) -> tuple[Enrolment, Ed25519PrivateKey]:
    """The box's key and its standing with the central, made when there is none."""
    private = kept_private_key(box / KEY_FILE)
    kept = kept_enrolment(box)
    if kept is not None:
        return kept, private
    public = private.public_key().public_bytes_raw().hex()
    with writing(central.engine) as connection:
        token = new_token(connection, URL, central.id, device, port="Naha", now=central.now())
    with writing(central.engine) as connection:
        certificate = enrol(connection, central.private, device, public, proof=token.proof(public), now=central.now())
    enrolment = checked_enrolment(token, public, central.private.public_key().public_bytes_raw().hex(), certificate)
    enrolment.keep(box)
    return enrolment, private


@dataclass(frozen=True)
class Sent:
    """What one run has brought."""

    rows: Pushed
    pictures: Brought


def sent(box: Path, link: Link, private: Ed25519PrivateKey, note: Note = lambda _: None) -> Sent:
    """Send rows and pictures once, and note up to where rows are receipted."""
    enrolment = link.enrolment
    signer = Signer(enrolment.device, private.sign, key_id(private.public_key()))
    rows = push(box, link, signer, lambda: NOW)
    note(f"receipted {Outbox(box / OUTBOX).acknowledged(enrolment.recipient).seq}")
    with _small_pieces():
        return Sent(rows, push_evidence(box, link, _ENOUGH))


@contextlib.contextmanager
def _small_pieces() -> Iterator[None]:
    """Small pictures have several pieces, so that uploads are resumed."""
    before, push_evidences.PIECE_BYTES = push_evidences.PIECE_BYTES, _PIECE_BYTES
    try:
        yield
    finally:
        push_evidences.PIECE_BYTES = before


def sent_within(central: Central, box: Path, line: Line | None = None, note: Note = lambda _: None) -> Sent:
    """Send over a line of this process; a good one unless another is given."""
    enrolment, private = enrolled(central, box)
    with joined(line or Line(app_of(central)), enrolment, private) as link:
        return sent(box, link, private, note)


def let_go(box: Path, ledger: Ledger, days: int = 400) -> int:
    """What retention lets go so many days later; how many pictures went."""
    retention = Retention(
        state_dir=box,
        ledger=ledger,
        evidence=EvidenceStore(box),
        policy=builtin,
        now=lambda: Moment(NOW.utc + timedelta(days=days), ClockTrust.SYNCED),
        origin=lambda station: Origin(DEVICE, station, "O-7", "boot"),
        free=lambda: 1.0,
    )
    with closing(retention):
        return sum(len(pictures) for pictures in retention.rest().pictures.values())


def tables(central: Central) -> dict[str, list[tuple[object, ...]]]:
    """Everything that stands in the central's database."""
    with reading(central.engine) as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }


def said(error: SekishoError, *codes: str) -> None:
    """An error has one of these codes, and tells a person what to do.

    Raises:
        AssertionError: it does not.
    """
    assert error.code in codes, f"expected {codes}, got {error.code}: {error.message}"
    assert error.hint, f"{error.code} tells nobody what to do"


@contextlib.contextmanager
def bench(box: Path, note: Note = lambda _: None, **named_: object) -> Iterator[Bench]:
    """A bench for the length of the block."""
    with closing(Bench(box, note, **named_)) as one:  # type: ignore[arg-type]
        yield one
