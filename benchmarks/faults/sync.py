"""Results on their way to a central, interrupted: nothing lost, nothing twice, nothing changed.

An independent checker compares what the officer was told with what the box's ledger holds, and that with what the
central holds and its feed shows. Box and central lose power together and are killed together; the line between them
loses answers, and repeats and reorders batches.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import urllib3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from sqlalchemy import select

from benchmarks.faults.campaign import Note
from edge.errors import EvidenceError, SettingsError
from edge.inspection import ClockTrust, Moment, Origin
from edge.storage.chain import Entry
from edge.storage.evidence import EvidenceStore
from edge.storage.ledger import Ledger
from edge.storage.ledger_reader import verified
from edge.storage.outbox import Outbox
from sync import link as links
from sync.central.app import build
from sync.central.central import Central
from sync.central.clients import Client
from sync.central.database import migrate, opened, reading, writing
from sync.central.devices import enrol, new_token
from sync.central.feed import Wanted, page, sequence
from sync.central.holdings import holdings
from sync.central.objects import ObjectsOnDisk
from sync.central.tables import entries
from sync.errors import CentralUnreachable
from sync.identity import KEY_FILE, Enrolment, checked_enrolment, kept_enrolment, kept_private_key
from sync.link import Link
from sync.protocol import key_id
from sync.push import OUTBOX, Signer, push
from sync.push_evidence import Receipts, push_evidence

_DEVICE = "bench-1"
_ROUNDS = 8
_NOW = Moment(datetime(2026, 11, 21, 9, tzinfo=UTC), ClockTrust.SYNCED)


@dataclass
class _Line:
    """A line to an app of this process, in place of urllib3's pool: it loses, repeats and reorders what it is told to.

    `lost` is the share of requests whose answer never comes; a repeated batch comes after later ones too.
    """

    app: FastAPI
    draw: random.Random
    lost: float = 0.0
    repeated: float = 0.0

    def __post_init__(self) -> None:
        self._before: list[tuple[str, str, bytes | None, dict[str, str]]] = []
        self._loop = asyncio.new_event_loop()

    def request(self, method: str, url: str, *, body: bytes | None, headers: dict[str, str], **_: Any) -> _Answer:  # noqa: ANN401 - as urllib3's
        asked = (method, url, body, headers)
        if self._before and self.draw.random() < self.repeated:
            self._send(*self.draw.choice(self._before))
        answer = self._send(*asked)
        if method == "POST":
            self._before.append(asked)
        if self.draw.random() < self.lost:
            raise urllib3.exceptions.ProtocolError("the answer was lost")
        return answer

    def _send(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> _Answer:
        answer = self._loop.run_until_complete(self._asked(method, url, body, headers))
        return _Answer(answer.status_code, dict(answer.headers), answer.content)

    async def _asked(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app)) as client:
            return await client.request(method, url, content=body, headers=headers)

    def clear(self) -> None:
        """Nothing is open between requests."""

    def close(self) -> None:
        """End it."""
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: dict[str, str]
    content: bytes

    def read(self, _most: int) -> bytes:
        return self.content

    def release_conn(self) -> None:
        """There is nothing to release."""


@contextlib.contextmanager
def _central(state: Path, material: Path) -> Iterator[Central]:
    (state / "central").mkdir(parents=True, exist_ok=True)
    engine = opened(f"sqlite:///{state / 'central' / 'central.db'}")
    migrate(engine)
    private = Ed25519PrivateKey.from_private_bytes((material / "central.key").read_bytes())
    try:
        yield Central(engine, ObjectsOnDisk(state / "central"), private)
    finally:
        engine.dispose()


def _enrolment(central: Central, private: Ed25519PrivateKey, state: Path) -> Enrolment:
    kept = kept_enrolment(state)
    if kept is not None:
        return kept
    public = private.public_key().public_bytes_raw().hex()
    with writing(central.engine) as connection:
        token = new_token(connection, "http://central", central.id, _DEVICE, port="Naha", now=central.now())
    with writing(central.engine) as connection:
        certificate = enrol(connection, central.private, _DEVICE, public, proof=token.proof(public), now=central.now())
    enrolment = checked_enrolment(token, public, central.private.public_key().public_bytes_raw().hex(), certificate)
    enrolment.keep(state)
    return enrolment


def _entry(number: int, pictures: list[str]) -> Entry:
    kept = [{"sha256": name, "media_type": "image/png"} for name in pictures]
    body = {"request": "", "assessment": {"verdict": {"outcome": "CHECK"}, "seen": {"captures": [{"kept": kept}]}}}
    origin = Origin(_DEVICE, "1", "O-7", "boot")
    return Entry("assessed", f"i{number}", origin, _NOW, body, {"parcel": f"RR{number:09}JP"}, f"k{number}")


def _picture(number: int) -> bytes:
    return random.Random(number).randbytes(200 + 900 * (number % 5))


class Results:
    """A box inspects, pushes and inspects on; the line is bad."""

    name = "results"

    def prepare(self, material: Path) -> None:
        (material / "central.key").write_bytes(bytes(range(32)))

    def run(self, material: Path, state: Path, note: Note) -> None:
        draw = random.Random(7)
        box = state / "box"
        with _central(state, material) as central, closing(Ledger.open(box / "ledger.db", _DEVICE)) as ledger:
            store = EvidenceStore(box)
            for round_ in range(_ROUNDS):
                for number in range(10 * round_, 10 * round_ + draw.randint(1, 9)):
                    pictures = [store.put(_picture(number), "image/png")] if number % 4 == 0 else []
                    (row,) = ledger.append([_entry(number, pictures)])
                    note(f"told {row.seq} {row.hash}")
                with contextlib.suppress(CentralUnreachable):
                    _pushed(central, box, lost=0.2, repeated=0.3, seed=round_, note=note)

    def check(self, material: Path, state: Path, told: tuple[str, ...]) -> None:
        box = state / "box"
        with _central(state, material) as central, closing(Ledger.open(box / "ledger.db", _DEVICE)) as ledger:
            assert not ledger.state().set_aside, f"set aside: {ledger.state().set_aside}"
            assert verified(box / "ledger.db") == ledger.head().seq
            own = [row.hash for row in ledger.outbox(0, 10_000)]
            for words in told:
                kind, *rest = words.split()
                if kind == "told":
                    assert own[int(rest[0]) - 1] == rest[1], f"{words}: another row, or none"
            _agree(central, box, own, told)
            (row,) = ledger.append([_entry(9_999, [])])
            own = [*own, row.hash] if row.seq > len(own) else own
            _pushed(central, box, lost=0.0, repeated=0.0, seed=0, note=lambda _: None)
            assert _hashes(central) == own, "rows differ after all was sent"
            _once(central, own)
            held = holdings(central.engine)
            assert (held["alarms"], held["quarantined"]) == ([], 0), held


def _pushed(central: Central, box: Path, *, lost: float, repeated: float, seed: int, note: Note) -> None:
    private = kept_private_key(box / KEY_FILE)
    enrolment = _enrolment(central, private, box)
    links._PAUSE_S = (0.0, 0.0, 0.0)  # noqa: SLF001 - a campaign does not wait
    line = _Line(build(central), random.Random(seed), lost, repeated)
    with closing(line), closing(Link(enrolment, private)) as link:
        link._pool = line  # type: ignore[assignment]  # noqa: SLF001 - the line is what is tested
        signer = Signer(_DEVICE, private.sign, key_id(private.public_key()))
        push(box, link, signer, lambda: _NOW)
        note(f"receipted {Outbox(box / OUTBOX).acknowledged(enrolment.recipient).seq}")
        push_evidence(box, link, 10**9)


def _hashes(central: Central) -> list[str]:
    with reading(central.engine) as connection:
        return [row.hash for row in connection.execute(select(entries.c.hash).order_by(entries.c.seq))]


def _agree(central: Central, box: Path, own: list[str], told: tuple[str, ...]) -> None:
    """What is at the centre is what the box holds, and at least what was receipted."""
    there = _hashes(central)
    assert there == own[: len(there)], "the centre holds rows that the box does not"
    receipted = [int(words.split()[1]) for words in told if words.startswith("receipted")]
    assert len(there) >= max(receipted, default=0), f"{max(receipted)} receipted, {len(there)} there"
    acknowledged = Outbox(box / OUTBOX).acknowledged(central.id)
    assert len(there) >= acknowledged.seq, f"{acknowledged.seq} acknowledged, {len(there)} there"
    receipts, store = Receipts(box), EvidenceStore(box)
    for number in range(0, 10 * _ROUNDS, 4):
        name = hashlib.sha256(_picture(number)).hexdigest()
        if receipts.held(name):
            assert hashlib.sha256(central.objects.get(name)).hexdigest() == name, f"{name} is not at the centre"
        elif store.holds(name):
            with contextlib.suppress(EvidenceError):
                store.get(name)


def _once(central: Central, own: list[str]) -> None:
    """The feed shows every row once, in order."""
    sequence(central.engine)
    seen: list[str] = []
    after = 0
    while (got := page(central.engine, Client("checker", nominal=True), Wanted(after, 7))).rows:
        seen += [json.loads(row)["row"]["hash"] for row in got.rows]
        after = got.next
    assert seen == own, "the feed differs from the ledger"


class Identity:
    """A box makes its key and keeps its enrolment."""

    name = "identity"

    def prepare(self, material: Path) -> None:
        (material / "central.key").write_bytes(bytes(range(32)))

    def run(self, material: Path, state: Path, note: Note) -> None:
        del material
        private = kept_private_key(state / KEY_FILE)
        note(f"key {private.public_key().public_bytes_raw().hex()}")
        for number in range(3):
            Enrolment(f"http://{number}", _DEVICE, private.public_key(), "").keep(state)
            note(f"enrolled {number}")

    def check(self, material: Path, state: Path, told: tuple[str, ...]) -> None:
        del material
        keys = [words.split()[1] for words in told if words.startswith("key")]
        try:
            found = kept_private_key(state / KEY_FILE).public_key().public_bytes_raw().hex()
        except SettingsError as error:
            raise AssertionError(f"half a key: {error.message}") from error
        assert keys in ([], [found]), f"{keys[0]} was used, {found} is kept"
        enrolled = [int(words.split()[1]) for words in told if words.startswith("enrolled")]
        kept = kept_enrolment(state)
        least = max(enrolled, default=-1)
        assert least < 0 or (kept is not None and int(kept.url[-1]) >= least), f"enrolled {least}, kept {kept}"


SCENARIOS = (Identity(), Results())
