"""Somebody lies: two boxes with one key, a stolen box, a central whose receipts are not true.

The other side believes nothing that is wrong, deletes nothing because of it, and says why.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.faults.checker import acknowledged, check, told_of, where
from benchmarks.faults.interrupted import HOLDS
from benchmarks.faults.line import Answered, Line, joined
from benchmarks.faults.pair import (
    DEVICE,
    NOW,
    app_of,
    bench,
    centre,
    enrolled,
    held,
    let_go,
    pictures_of,
    said,
    sent,
    sent_within,
    tables,
)
from benchmarks.faults.trial import Trial, each
from edge.errors import SekishoError
from edge.storage.evidence import EvidenceStore
from edge.storage.ledger import Ledger
from sync import usb
from sync.central.central import Central
from sync.central.database import writing
from sync.central.intake.devices import revoke
from sync.central.intake.imports import take_in
from sync.errors import CentralRefused
from sync.identity import ENROLMENT_FILE, KEY_FILE, Enrolment
from sync.protocol import EVIDENCE, RECEIPT, SCHEMA, key_id, signed
from sync.push import Signer
from sync.push_evidence import upload

_CLONE = 500  # the clone's inspections are numbered from here


# --- two boxes with one key --------------------------------------------------


def _cloned(folder: Path, draw: random.Random) -> Iterable[str]:
    """A card is copied, or its key is; both boxes inspect on, and send by turns."""
    first, second, whole_card = folder / "box", folder / "clone", draw.random() < 3 / 4
    told, other = list[str](), list[str]()
    with centre(folder) as central:
        enrolled(central, first)
        common = draw.randrange(8)
        with bench(first, told.append) as at_work:
            for number in range(common):
                at_work.inspect(number)
            ledger = at_work.ledger.head().ledger
        if draw.random() < 1 / 2:
            sent_within(central, first)
        if whole_card:
            shutil.copytree(first, second)
            other += told
        else:
            second.mkdir()
            for name in (KEY_FILE, ENROLMENT_FILE):
                shutil.copy(first / name, second / name)
        for box, notes, start in ((first, told, common), (second, other, _CLONE)):
            with bench(box, notes.append) as at_work:
                for number in range(start, start + draw.randint(1, 6)):
                    at_work.inspect(number)
        boxes = [(first, told), (second, other)]
        draw.shuffle(boxes)
        refused = [_tried(central, box) for box, _ in boxes for _ in range(2)]
        there = held(folder, central)
        rows = tables(central)
        alarms = [row[1] for row in rows["alarms"]]
        winner = boxes[0]
        if whole_card:
            assert refused == ["", "", "batch_equivocation", "batch_equivocation"], refused
            assert alarms == ["equivocation"], alarms
            check(winner[1], winner[0], there, DEVICE, sent=True)
            _kept_apart(boxes[1], rows, sum(one in told_of(other) for one in told_of(told)))
            return ("a copied card",)
        assert refused == ["", "", "", ""], refused
        assert alarms == ["ledger_unexplained"], alarms
        with closing(Ledger.open(second / "ledger.db", DEVICE)) as opened:
            check(other, second, there, DEVICE, opened.head().ledger, sent=True)
        check(told, first, there, DEVICE, ledger, sent=True)
        return ("a copied key",)


def _tried(central: Central, box: Path) -> str:
    """Send, then delete what may go: the code of the refusal, "" for none."""
    try:
        sent_within(central, box)
    except CentralRefused as error:
        said(error, "batch_equivocation")
        return error.code
    return ""


def _kept_apart(loser: tuple[Path, list[str]], rows: dict[str, list[tuple[object, ...]]], common: int) -> None:
    box, notes = loser
    told = told_of(notes)
    apart = {row[3] for row in rows["quarantine"]}
    assert apart <= {one.hash for one in told}, "what lies apart is not the other box's"
    assert told[common].hash in apart, "the first row that contradicts does not lie apart"
    assert acknowledged(box) <= common, "the other box believes that its rows are taken"
    with closing(Ledger.open(box / "ledger.db", DEVICE)) as ledger:
        let_go(box, ledger)
    own = [name for one in told[common:] for name in one.pictures]
    assert all(EvidenceStore(box).holds(name) for name in own), "the other box has deleted what is nowhere else"


# --- a stolen box --------------------------------------------------


def _stolen(folder: Path, draw: random.Random) -> Iterable[str]:
    """A box is stolen and revoked; it goes on as if nothing were. Its successor has another key."""
    box, told = folder / "box", list[str]()
    with centre(folder) as central:
        enrolment, private = enrolled(central, box)
        with bench(box, told.append) as at_work:
            for number in range(draw.randint(1, 8)):
                at_work.inspect(number)
            sent_within(central, box)
            before = list(told)
            with writing(central.engine) as connection:
                revoke(connection, DEVICE, "stolen", central.stamp())
            for number in range(20, 20 + draw.randint(1, 8)):
                at_work.inspect(number)
            stands = tables(central)
            points = [_refused_with(lambda: sent_within(central, box), "access_revoked")]
            data = pictures_of(8)[0]
            name = EvidenceStore(box).put(data, "image/png")
            with joined(Line(app_of(central)), enrolment, private) as link:
                points.append(_refused_with(lambda: upload(link, name, data, "image/png"), "access_revoked"))
            signer = Signer(DEVICE, private.sign, key_id(private.public_key()))
            usb.export(box, folder / "stick", enrolment, signer, NOW)
            refused = take_in(central, folder / "stick").refused
            assert refused, "the stick was taken"
            assert all("[access_revoked]" in line for line in refused), refused
            let_go(box, at_work.ledger)
            assert tables(central) == stands, "something of a revoked box was taken"
        kept = [name for one in told_of(told)[len(before) :] for name in one.pictures]
        assert all(EvidenceStore(box).holds(name) for name in kept), "the stolen box has deleted what is nowhere else"
        successor, more = folder / "successor", list[str]()
        enrolled(central, successor)
        with bench(successor, more.append) as at_work:
            at_work.inspect(_CLONE)
            ledger = at_work.ledger.head().ledger
            sent_within(central, successor)
            check(more, successor, held(folder, central), DEVICE, ledger, sent=True)
    return (*points, "by stick: access_revoked")


def _refused_with(work: Callable[[], object], *codes: str) -> str:
    try:
        work()
    except SekishoError as error:
        said(error, *codes)
        return error.code
    raise AssertionError(f"expected a refusal with {codes}, got none")


# --- a central that lies --------------------------------------------------

_FALSE = ("receipt_false", "receipt_other", "receipt_standing", "document_signature", "document_form", "central_answer")
_OF_ROWS = (
    "more than was sent", "another hash", "another key", "an old one", "another box", "another ledger", "unsigned",
    "of a picture", "of a negative row", "garbled",
)  # fmt: skip
_NO_ANSWER = {"no offset": 201, "sent elsewhere": 302}  # an upload is answered with this status and nothing else
_OF_PICTURES = ("another picture", "another size", "another key", "another box", "unsigned", "of rows", *_NO_ANSWER)


@dataclass
class _Lies(Line):
    """A line to a central that answers one kind of receipt with a lie."""

    central: Central | None = None
    lie: str = ""
    about: str = RECEIPT
    told: int = 0
    _first: dict[str, bytes] = field(default_factory=dict)

    def _send(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Answered:
        answer = super()._send(method, url, body, headers)
        if self.lie in _NO_ANSWER and method in {"POST", "PATCH"} and "/v1/evidence" in url:
            self.told += 1
            return Answered(_NO_ANSWER[self.lie], {}, b"")
        try:
            document = json.loads(answer.content)["signed"]
        except (ValueError, KeyError, TypeError):
            return answer
        if document.get("type") != self.about or (self.about == RECEIPT and method == "GET"):
            return answer
        return Answered(answer.status, answer.headers, self._lied(document, answer.content))

    def _lied(self, document: dict[str, object], content: bytes) -> bytes:
        assert self.central is not None
        self.told += 1
        other = Ed25519PrivateKey.generate()
        of_picture = {"type": EVIDENCE, "schema": SCHEMA, "central": self.central.id, "device": DEVICE}
        of_rows = {"type": RECEIPT, "schema": SCHEMA, "central": self.central.id, "device": DEVICE, "ledger": "a"}
        changes: dict[str, dict[str, object]] = {
            "more than was sent": {"seq": int(str(document.get("seq", 0))) + 7},
            "another hash": {"hash": "0" * 64},
            "another box": {"device": "bench-2"},
            "another ledger": {"ledger": "01" * 8},
            "of a negative row": {"seq": -1},
            "another picture": {"sha256": "0" * 64},
            "another size": {"size": 1},
            "of a picture": {**of_picture, "sha256": "0" * 64, "size": 1, "received": ""},
            "of rows": {**of_rows, "seq": 1, "hash": "0" * 64, "received": ""},
        }
        if self.lie == "an old one":
            return self._first.setdefault("", content)
        if self.lie == "garbled":
            return content[: len(content) // 2]
        if self.lie == "another key":
            return signed(document, other.sign, key_id(other.public_key()))
        told = signed(document | changes.get(self.lie, {}), self.central.private.sign, self.central.id)
        return told.replace(b'"signature":"', b'"signature":"AAAA', 1) if self.lie == "unsigned" else told


def _lying(folder: Path, draw: random.Random) -> Iterable[str]:
    """A central whose key signs what is not true, then one that does not."""
    about = draw.choice((RECEIPT, EVIDENCE))
    lie = draw.choice(_OF_ROWS if about == RECEIPT else _OF_PICTURES)
    box, told = folder / "box", list[str]()
    with centre(folder) as central:
        enrolment, private = enrolled(central, box)
        with bench(box, told.append) as at_work:
            for number in range(4, 12):
                at_work.inspect(number)
            if draw.random() < 1 / 2 or lie == "an old one":
                sent_within(central, box)
                for number in range(20, 26):
                    at_work.inspect(number)
            believed = acknowledged(box)
            lies = _Lies(app_of(central), central=central, lie=lie, about=about)
            lies._first = {"": _receipt_of(enrolment, box)} if believed and lie == "an old one" else {}  # noqa: SLF001
            with joined(lies, enrolment, private) as link:
                points = [_refused_with(lambda: sent(box, link, private), *_FALSE)]
            assert lies.told, "no lie was told"
            if about == RECEIPT:
                assert acknowledged(box) == believed, f"it believed row {acknowledged(box)} after row {believed}"
            let_go(box, at_work.ledger)
            there = held(folder, central)
            where(box, there, (name for one in told_of(told) for name in one.pictures))
            check(told, box, there, DEVICE, sent=False)
            sent_within(central, box)
            check(told, box, held(folder, central), DEVICE, sent=True)
    return (f"{about.removeprefix('sekisho-')} {lie}: {points[0]}",)


def _receipt_of(enrolment: Enrolment, box: Path) -> bytes:
    outbox = json.loads((box / "outbox.json").read_bytes())
    return str(outbox[enrolment.recipient]["receipt"]).encode()


_CLONED = (
    "the first to be taken stays as it was, the other lies apart, is alarmed once, deletes nothing and is told why"
)
_STOLEN = "nothing of a revoked box is taken on any way, nothing is deleted on it; its successor is taken"
_LYING = "no lie is believed, nothing is deleted by it, a person is told why; with true receipts all comes in the end"
TRIALS = (
    Trial("cloned box", _CLONED, each(_cloned), 0.2),
    Trial("stolen box", _STOLEN, each(_stolen), 0.1),
    Trial("lying central", f"{_LYING}; {HOLDS}", each(_lying), 0.4),
)
