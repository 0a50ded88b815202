"""A box and its central over real HTTP: enrolment, rows, pictures, receipts, the feed, the stick."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import urllib3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from edge.errors import AccessRefused, LedgerError
from edge.inspection import Origin
from edge.people.accounts import Account, PeopleFile, added, given_badge
from edge.people.desk import Claim, Desk
from edge.people.roles import Role
from edge.people.shift import hand_over, handed_over, shift_at
from edge.settings import Settings
from edge.storage.evidence import EvidenceStore
from edge.storage.ledger import Ledger
from edge.storage.outbox import Acknowledged, Outbox
from edge.storage.receipts import Receipts
from sync import link as links
from sync import usb
from sync.central.central import Central
from sync.central.clients import new_client
from sync.central.database import migrate, opened, reading, writing
from sync.central.intake.devices import revoke
from sync.central.intake.holdings import holdings
from sync.central.intake.imports import take_in
from sync.central.intake.objects import ObjectsOnDisk
from sync.central.tables import entries, ledgers
from sync.errands import errands
from sync.errors import CentralRefused, CentralUnreachable, DocumentRefused
from sync.feed_client import Feed
from sync.identity import Enrolment, EnrolmentToken, kept_enrolment, kept_private_key
from sync.learn import Learned
from sync.link import Answer, Link, enrol
from sync.orders import fetch_orders
from sync.protocol import Receipt, key_id
from sync.push import Pushed, push
from sync.push_evidence import EVIDENCE_OUTBOX, Brought, push_evidence
from sync.service import Outcome
from sync.settings import SyncSettings
from tests.central.conftest import CENTRAL
from tests.central.serving import enrolled, serving, token_for
from tests.sync.boxes import DAY, NOW, Box, assessed


@dataclass
class Pair:
    central: Central
    url: str
    box: Box
    link: Link
    enrolment: Enrolment

    def push(self) -> Pushed:
        return push(self.box.folder, self.link, self.box.signer, lambda: NOW)

    def push_evidence(self, budget: int = 10**9) -> Brought:
        return push_evidence(self.box.folder, self.link, budget)

    def acknowledged(self) -> int:
        return Outbox(self.box.folder / "outbox.json").acknowledged(self.enrolment.recipient).seq

    def holdings(self) -> dict[str, Any]:
        return holdings(self.central.engine)


@pytest.fixture
def central(tmp_path: Path) -> Iterator[Central]:
    engine = opened(f"sqlite:///{tmp_path / 'central.db'}")
    migrate(engine)
    (tmp_path / "central").mkdir()
    yield Central(engine, ObjectsOnDisk(tmp_path / "central"), CENTRAL)
    engine.dispose()


@pytest.fixture
def pair(central: Central, tmp_path: Path) -> Iterator[Pair]:
    box = Box(tmp_path / "box")
    with serving(central) as url:
        link, enrolment = enrolled(central, url, box)
        yield Pair(central, url, box, link, enrolment)
        link.close()
    box.close()


def with_pictures(box: Box, number: int, sizes: list[int]) -> list[str]:
    """A row whose inspection kept pictures of these sizes; their names."""
    store = EvidenceStore(box.folder)
    names = [store.put(bytes([number % 256]) * size, "image/png") for size in sizes]
    kept = [{"sha256": name, "media_type": "image/png", "role": "symbol"} for name in names]
    body = {"request": "", "assessment": {"seen": {"captures": [{"sha256": "0" * 64, "kept": kept}]}}}
    box.ledger.append([assessed(number, body=body)])
    return names


# --- enrolment --------------------------------------------------


def test_an_enrolled_box_keeps_its_standing_and_its_key(pair: Pair) -> None:
    kept = kept_enrolment(pair.box.folder)
    assert kept == pair.enrolment
    assert kept is not None
    assert kept.recipient == pair.central.id
    assert kept_enrolment(pair.box.folder / "nowhere") is None


def test_rows_of_people_go_up_like_results_and_name_nobody(pair: Pair) -> None:
    file, ledger = PeopleFile(pair.box.folder), pair.box.ledger
    badge, kept = given_badge(file.secret())
    file.change(lambda accounts: added(accounts, Account("4711", "Sato", Role.OFFICER, badge=kept)))
    settings = Settings(state_dir=pair.box.folder, device=pair.box.device)
    origin = partial(_origin, pair.box.device)
    desk = Desk(settings, ledger, origin, lambda: NOW, lambda _row: None)
    desk.sign_in(Claim(badge=badge, client="gun"), station="1")
    with pytest.raises(AccessRefused):
        desk.sign_in(Claim(person="4711", pin="000000", client="page"), station="1")
    desk.sign_out("1")
    shift = shift_at("1", ledger, ending=lambda _: False, answered=lambda _: False)
    left = hand_over(shift, before="4711", after="4712", faults=(), unsent=0, note="scanner 2 is slow")
    handed_over(left, origin("1", "4712"), NOW, ledger)
    pair.push()
    assert pair.acknowledged() == ledger.head().seq
    with reading(pair.central.engine) as connection:
        kinds = connection.execute(select(entries.c.kind).order_by(entries.c.seq)).scalars().all()
        assert connection.execute(select(entries.c.kind).where(entries.c.body.contains("Sato"))).all() == []
    assert kinds[-5:] == ["people", "signed_in", "sign_in_refused", "signed_out", "handed_over"]


def _origin(device: str, station: str, officer: str) -> Origin:
    return Origin(device, station, officer, "boot")


def test_a_token_serves_one_key_and_that_key_again(pair: Pair) -> None:
    token = token_for(pair.central, pair.url, "bench-9")
    key = Ed25519PrivateKey.generate()
    assert enrol(token, key) == enrol(token, key)
    with pytest.raises(CentralRefused) as caught:
        enrol(token, Ed25519PrivateKey.generate())
    assert caught.value.code == "access_enrolment"
    assert caught.value.message == "Expected the proof of an unused token for 'bench-9', got another."
    assert EnrolmentToken.parse(f" {token}\n") == token


def test_a_token_that_is_too_old_or_for_another_device_is_refused(pair: Pair) -> None:
    token = token_for(pair.central, pair.url, "bench-9")
    with pytest.raises(CentralRefused):
        enrol(replace(token, device="bench-8"), Ed25519PrivateKey.generate())
    object.__setattr__(pair.central, "now", lambda: datetime.now(UTC) + timedelta(days=4))
    with pytest.raises(CentralRefused):
        enrol(token, Ed25519PrivateKey.generate())


def test_a_central_that_is_not_the_pinned_one_is_refused(pair: Pair) -> None:
    token = token_for(pair.central, pair.url, "bench-9")
    with pytest.raises(DocumentRefused) as caught:
        enrol(replace(token, central="0" * 64), Ed25519PrivateKey.generate())
    assert caught.value.code == "document_pin"
    assert caught.value.message == f"Expected the central with fingerprint {'0' * 64}, got {pair.central.id}."


def test_a_new_enrolment_revokes_the_key_before(pair: Pair) -> None:
    new = Ed25519PrivateKey.generate()
    enrolment = enrol(token_for(pair.central, pair.url), new)
    pair.box.write(1)
    with pytest.raises(CentralRefused) as caught:
        pair.push()
    assert caught.value.code == "access_revoked"
    pair.box.private = new
    pair.link = Link(enrolment, new)
    assert pair.push().rows == 1


def test_what_is_no_token_is_refused() -> None:
    with pytest.raises(AccessRefused) as caught:
        EnrolmentToken.parse("SEKISHO1.e30")
    assert caught.value.message == (
        "Expected an enrolment token as `sekisho central enrol-token` prints it, got 12 characters."
    )


def test_the_key_is_made_once_readable_by_its_owner_only(tmp_path: Path) -> None:
    key = kept_private_key(tmp_path / "a" / "device.key")
    assert kept_private_key(tmp_path / "a" / "device.key").private_bytes_raw() == key.private_bytes_raw()
    assert (tmp_path / "a" / "device.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["device.key"]


# --- rows --------------------------------------------------


def test_every_row_arrives_once_and_is_acknowledged(pair: Pair) -> None:
    pair.box.write(450)
    assert pair.push() == Pushed(batches=3, rows=450)
    assert pair.push() == Pushed()
    pair.box.write(1, first=451)
    assert pair.push() == Pushed(batches=1, rows=1)
    assert pair.acknowledged() == 451
    held = pair.holdings()
    assert (held["rows"], held["alarms"], held["assessments"]["CHECK"]) == (451, [], 151)
    assert pair.box.ledger.state().unsent == 0


def test_a_lost_outbox_asks_the_central_where_it_stands(pair: Pair) -> None:
    pair.box.write(5)
    pair.push()
    (pair.box.folder / "outbox.json").unlink()
    assert pair.push() == Pushed()
    assert pair.acknowledged() == 5


def test_a_central_that_lost_rows_gets_them_again_and_the_outbox_does_not_go_back(pair: Pair) -> None:
    pair.box.write(5)
    pair.push()
    with writing(pair.central.engine) as connection:
        for table in reversed(ledgers.metadata.sorted_tables):
            if table.name in {"ledgers", "entries", "personal", "heads"}:
                connection.execute(table.delete())
    pair.box.write(2, first=6)
    sent = pair.push()
    assert (sent.rows, sent.again) == (7, 5)
    assert pair.acknowledged() == 7


def test_a_ledger_set_aside_is_sent_before_the_new_one_as_far_as_it_holds(pair: Pair) -> None:
    box = pair.box
    box.write(4)
    pair.push()
    box.write(3, first=5)
    box.ledger.close()
    path = box.folder / "ledger.db"
    data = path.read_bytes()
    place = data.index(b'"words"')  # SQLite fills its pages from the end: the last row
    path.write_bytes(data[:place] + b'"wordz"' + data[place + 7 :])
    box.ledger = Ledger.open(path, box.device)
    assert box.ledger.state().set_aside == "ledger.damaged-1.db"
    box.write(2, first=10)
    sent = pair.push()
    assert sent.unreadable == ("ledger.damaged-1.db",)
    chains = pair.holdings()["devices"][0]["chains"]
    assert sorted(chain["rows"] for chain in chains) == [2, 6]
    (alarm,) = pair.holdings()["alarms"]  # its last row, which the new one names, is lost
    assert (alarm["code"], alarm["about"]) == ("ledger_unexplained", box.ledger.head().ledger)
    assert pair.push().rows == 0


def test_a_box_with_a_wrong_clock_signs_with_the_centrals_time_and_keeps_its_own_in_the_rows(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.box.write(1)
    monkeypatch.setattr("sync.link.time.time", lambda: 86_400.0)  # 1970
    assert pair.push().rows == 1
    with writing(pair.central.engine) as connection:
        token = new_client(connection, "customs", nominal=False)
    (row,) = Feed(pair.url, token).rows()
    assert row.at == DAY


def test_a_revoked_box_is_refused_and_keeps_its_rows(pair: Pair) -> None:
    pair.box.write(2)
    with writing(pair.central.engine) as connection:
        revoke(connection, "bench-1", "stolen", DAY.isoformat())
    with pytest.raises(CentralRefused) as caught:
        pair.push()
    assert caught.value.code == "access_revoked"
    assert pair.acknowledged() == 0
    told = json.loads(urllib3.request("GET", f"{pair.url}/v1/revocations").data)
    listed = {"key": pair.box.key, "revoked": DAY.isoformat(), "code": "revoked"}  # to anybody: no name, no reason
    assert told["signed"]["revoked"] == [listed]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"hash": "f" * 64}, "receipt_false"),
        ({"seq": 4}, "receipt_false"),
        ({"seq": 2, "hash": ""}, "receipt_false"),
        ({"device": "bench-2"}, "receipt_other"),
        ({"ledger": "another"}, "receipt_other"),
        ({"central": "another"}, "receipt_other"),
    ],
)
def test_a_receipt_that_is_not_true_acknowledges_nothing(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], code: str
) -> None:
    pair.box.write(3)
    head = pair.box.ledger.head()
    true = Receipt(pair.central.id, "bench-1", head.ledger, 3, head.hash, "")
    monkeypatch.setattr("sync.central.routes.boxes.ingest", lambda *_: replace(true, **change))
    with pytest.raises(DocumentRefused) as caught:
        pair.push()
    assert caught.value.code == code
    assert pair.acknowledged() == 0


def test_a_central_that_takes_nothing_is_told_of_instead_of_asked_for_ever(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.box.write(3)
    ledger = pair.box.ledger.head().ledger
    receipt = Receipt(pair.central.id, "bench-1", ledger, 0, "", "")
    monkeypatch.setattr("sync.central.routes.boxes.ingest", lambda *_: receipt)
    with pytest.raises(DocumentRefused) as caught:
        pair.push()
    assert caught.value.message == "Expected a receipt that goes on from row 0, got row 0 twice."


def test_a_central_whose_receipts_go_back_and_forth_is_told_of_instead_of_asked_for_ever(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = pair.box.write(3)
    asked: list[int] = []

    def by_turns(*_: object) -> Receipt:
        asked.append(1)
        seq, digest = ((2, rows[1].hash), (0, ""))[(len(asked) - 1) % 2]
        assert len(asked) < 20, "it is asked for ever"
        return Receipt(pair.central.id, "bench-1", pair.box.ledger.head().ledger, seq, digest, "")

    monkeypatch.setattr("sync.central.routes.boxes.ingest", by_turns)
    with pytest.raises(DocumentRefused) as caught:
        pair.push()
    assert caught.value.code == "receipt_back"
    came = "got row 0: it went back 2 times"
    assert caught.value.message == f"Expected a receipt that goes on from row 2, {came}."
    assert len(asked) == 4


def test_no_central_leaves_everything_in_the_outbox(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    pair.box.write(1)
    monkeypatch.setattr(links, "_PAUSE_S", (0.0, 0.0, 0.0))
    nowhere = replace(pair.enrolment, url="http://127.0.0.1:1")
    with pytest.raises(CentralUnreachable) as caught:
        push(pair.box.folder, Link(nowhere, pair.box.private), pair.box.signer, lambda: NOW)
    assert caught.value.message.startswith("127.0.0.1:1: expected an answer within 4 tries, got ")
    assert pair.acknowledged() == 0


def test_an_unsigned_or_changed_request_is_refused(pair: Pair) -> None:
    answer = urllib3.request("POST", f"{pair.url}/v1/batches", body=pair.box.batch() if pair.box.write(1) else b"")
    assert (answer.status, json.loads(answer.data)["code"]) == (401, "access_signature")
    other = Link(pair.enrolment, Ed25519PrivateKey.generate())
    with pytest.raises(CentralRefused) as caught:
        other.ask("GET", f"/v1/ledgers/{'0' * 32}")
    assert caught.value.code == "access_device"


def test_the_current_ledger_damaged_is_told_after_what_was_whole_is_sent(pair: Pair) -> None:
    pair.box.write(3)
    pair.box.ledger._file.connection.execute("DROP TRIGGER entries_keep")
    pair.box.ledger._file.connection.execute("UPDATE entries SET officer='another' WHERE seq=3")
    with pytest.raises(LedgerError) as caught:
        pair.push()
    assert caught.value.code == "ledger_damaged"
    assert pair.acknowledged() == 2


# --- pictures --------------------------------------------------


def test_pictures_follow_their_rows_small_ones_first_within_the_budget(pair: Pair) -> None:
    names = with_pictures(pair.box, 1, [300_000, 1_000, 20_000])
    assert pair.push_evidence() == Brought()  # no row is acknowledged yet
    pair.push()
    first = pair.push_evidence(budget=30_000)
    assert first == Brought(pictures=2, bytes=21_000, left=True)
    assert pair.push_evidence(budget=30_000) == Brought(pictures=1, bytes=300_000)
    assert pair.push_evidence() == Brought()
    for name in names:
        assert hashlib.sha256(pair.central.objects.get(name)).hexdigest() == name
        assert Receipts(pair.box.folder).held(name)
    assert pair.holdings()["pictures"] == 3


def test_an_upload_goes_on_where_it_ended(pair: Pair) -> None:
    (name,) = with_pictures(pair.box, 1, [600_000])
    pair.push()
    pair.central.objects.begin("bench-1", name, 600_000, "image/png")
    pair.central.objects.append("bench-1", name, 0, b"\x01" * 250_000)
    assert pair.push_evidence().bytes == 350_000
    assert pair.central.objects.get(name) == b"\x01" * 600_000


def test_a_picture_damaged_on_its_way_is_begun_anew(pair: Pair) -> None:
    (name,) = with_pictures(pair.box, 1, [1_000])
    pair.push()
    pair.central.objects.begin("bench-1", name, 1_000, "image/png")
    pair.central.objects.append("bench-1", name, 0, b"\x02" * 500)
    assert pair.push_evidence().pictures == 1
    assert pair.central.objects.get(name) == b"\x01" * 1_000


def test_an_upload_that_a_crash_left_whole_but_not_finished_is_finished(pair: Pair, tmp_path: Path) -> None:
    (name,) = with_pictures(pair.box, 1, [1_000])
    pair.push()
    pair.central.objects.begin("bench-1", name, 1_000, "image/png")
    (tmp_path / "central" / "incoming" / "bench-1" / f"{name}.part").write_bytes(b"\x01" * 1_000)
    assert pair.push_evidence() == Brought(pictures=1)
    assert pair.central.objects.get(name) == b"\x01" * 1_000


@pytest.mark.parametrize("left", [".json", ".part"])
def test_an_upload_of_which_a_crash_left_half_is_begun_anew(pair: Pair, tmp_path: Path, left: str) -> None:
    (name,) = with_pictures(pair.box, 1, [1_000])
    pair.push()
    pair.central.objects.begin("bench-1", name, 1_000, "image/png")
    for path in (tmp_path / "central" / "incoming" / "bench-1").iterdir():
        if path.suffix != left:
            path.unlink()
    assert pair.push_evidence().pictures == 1


def test_a_picture_that_is_gone_from_the_box_does_not_hold_up_the_others(pair: Pair) -> None:
    gone, _kept = with_pictures(pair.box, 1, [10, 20])
    EvidenceStore(pair.box.folder).delete(gone)
    pair.push()
    assert pair.push_evidence() == Brought(pictures=1, bytes=20, gone=1)
    assert pair.push_evidence() == Brought()


def flip(box: Box, name: str) -> Path:
    """One bit of a kept picture is not what it was."""
    path = box.folder / "evidence" / name[:2] / name
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    return path


def test_an_altered_picture_is_told_and_kept_and_the_others_go_on_and_it_goes_once_it_is_restored(pair: Pair) -> None:
    altered, whole = with_pictures(pair.box, 1, [10, 20])
    path = flip(pair.box, altered)
    restored = path.read_bytes()[:-1] + bytes([path.read_bytes()[-1] ^ 1])
    pair.push()
    assert pair.push_evidence() == Brought(pictures=1, bytes=20, altered=(altered,))
    assert Receipts(pair.box.folder).held(whole)
    (later,) = with_pictures(pair.box, 2, [30])
    pair.push()
    assert pair.push_evidence() == Brought(pictures=1, bytes=30, altered=(altered,))  # told with each run
    assert path.exists()
    assert Receipts(pair.box.folder).held(later)
    path.write_bytes(restored)
    assert pair.push_evidence() == Brought(pictures=1, bytes=10)
    assert pair.push_evidence() == Brought()


def test_a_picture_that_cannot_be_read_does_not_hold_up_the_others(pair: Pair) -> None:
    unreadable, _whole = with_pictures(pair.box, 1, [10, 20])
    path = pair.box.folder / "evidence" / unreadable[:2] / unreadable
    path.unlink()
    path.mkdir()
    pair.push()
    assert pair.push_evidence() == Brought(pictures=1, bytes=20, altered=(unreadable,))


@pytest.mark.parametrize(
    ("status", "headers", "message"),
    [
        (201, {}, "Expected an upload's offset, got '' with status 201."),
        (201, {"Upload-Offset": "-1"}, "Expected an upload's offset, got '-1' with status 201."),
        (201, {"Upload-Offset": "9" * 5000}, f"Expected an upload's offset, got '{'9' * 40}' with status 201."),
        (302, {"Location": "/login"}, "Expected an answer of a central, got status 302 with b''."),
    ],
)
def test_an_answer_that_is_no_centrals_is_refused_and_says_what_came(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, status: int, headers: dict[str, str], message: str
) -> None:
    with_pictures(pair.box, 1, [10])
    pair.push()

    class Portal:
        def request(self, *_: object, **__: object) -> urllib3.HTTPResponse:
            return urllib3.HTTPResponse(io.BytesIO(b""), headers, status, preload_content=False)

        def clear(self) -> None:
            """Nothing is open."""

    monkeypatch.setattr(pair.link, "_pool", Portal())
    with pytest.raises(CentralRefused) as caught:
        pair.push_evidence()
    assert (caught.value.code, caught.value.message) == ("central_answer", message)


@pytest.mark.parametrize("answer", [b"[]", b'{"orders": [5]}', b"[" * 100_000, b"<html>", b'{"orders": 1}', b"{}"])
def test_orders_that_are_none_are_refused(pair: Pair, monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
    monkeypatch.setattr(pair.link, "ask", lambda *_: Answer(200, {}, answer))
    with pytest.raises(DocumentRefused, match=r"^Expected orders, each a signed document, got b'"):
        fetch_orders(pair.box.folder, pair.link)


# --- reading --------------------------------------------------


def test_a_program_reads_every_row_and_goes_on_from_its_cursor(pair: Pair) -> None:
    (picture,) = with_pictures(pair.box, 1, [10])
    pair.box.write(30, first=2)
    pair.push()
    pair.push_evidence()
    with writing(pair.central.engine) as connection:
        feed = Feed(pair.url, new_client(connection, "customs", nominal=True))
    rows = list(feed.rows())
    assert [row.seq for row in rows] == list(range(1, 32))
    assert rows[4].personal["parcel"] == "RR000000005JP"
    assert [row.cursor for row in feed.rows(after=20)] == list(range(21, 32))
    assert {row.body["assessment"]["verdict"]["outcome"] for row in feed.rows(outcome="CHECK")} == {"CHECK"}
    assert {name: feed.fetch(address) for name, address in feed.pictures(rows[0]).items()} == {picture: b"\x01" * 10}
    assert feed.pictures(rows[1]) == {}
    page = feed.page(31, wait_s=0.3)
    assert (page.rows, page.next, page.at_end) == ((), 31, True)


def test_without_a_token_nothing_is_read(pair: Pair) -> None:
    with pytest.raises(CentralRefused) as caught:
        list(Feed(pair.url, "wrong").rows())
    assert caught.value.code == "access_token"


# --- the stick --------------------------------------------------


def carry(pair: Pair, stick: Path) -> usb.Carried:
    carried = usb.export(pair.box.folder, stick, pair.enrolment, pair.box.signer, NOW)
    return replace(carried, ends={}, files={})  # what retiring asks for; see its own tests


def test_results_and_pictures_travel_by_stick_and_receipts_come_back(pair: Pair, tmp_path: Path) -> None:
    (picture,) = with_pictures(pair.box, 1, [5_000])
    pair.box.write(299, first=2)
    stick = tmp_path / "stick"
    assert carry(pair, stick) == usb.Carried(batches=2, rows=300, pictures=1)
    assert all(b"RR0000" not in path.read_bytes() for path in stick.rglob("*.sealed"))
    taken = take_in(pair.central, stick)
    assert (taken.batches, taken.pictures, taken.refused) == (2, 1, ())
    assert take_in(pair.central, stick) == taken  # brought twice
    assert usb.take_receipts(pair.box.folder, stick, pair.enrolment) == usb.Carried(rows=300, pictures=1)
    assert pair.acknowledged() == 300
    assert Receipts(pair.box.folder).held(picture)
    assert pair.push() == Pushed()
    assert pair.push_evidence() == Brought()
    assert carry(pair, tmp_path / "second") == usb.Carried()
    assert pair.holdings()["rows"] == 300


def test_damaged_or_missing_files_of_a_stick_are_told_and_the_rest_is_taken(pair: Pair, tmp_path: Path) -> None:
    with_pictures(pair.box, 1, [50])
    pair.box.write(500, first=2)
    carry(pair, tmp_path)
    first, second, third = sorted(tmp_path.rglob("batch-*.sealed"))
    second.write_bytes(second.read_bytes()[:-1] + b"\0")
    (picture,) = tmp_path.rglob("picture-*.sealed")
    picture.rename(picture.with_name(f"picture-{'0' * 64}.sealed"))
    taken = take_in(pair.central, tmp_path)
    assert [line.rpartition("[")[2] for line in taken.refused] == ["sealed_form]", "sealed_form]"]
    usb.take_receipts(pair.box.folder, tmp_path, pair.enrolment)
    assert pair.acknowledged() == 200
    assert pair.push().rows == 301
    assert third.exists()
    assert first.exists()


def test_a_false_receipt_on_a_stick_acknowledges_nothing(pair: Pair, tmp_path: Path) -> None:
    pair.box.write(2)
    carry(pair, tmp_path)
    ledger = pair.box.ledger.head().ledger
    forger = Ed25519PrivateKey.generate()
    receipt = Receipt(key_id(forger.public_key()), "bench-1", ledger, 2, pair.box.ledger.head().hash, "")
    place = usb.folder_of(tmp_path, "bench-1") / f"receipt-{ledger}.json"
    place.write_bytes(receipt.signed(forger.sign, key_id(forger.public_key())))
    (told,) = usb.take_receipts(pair.box.folder, tmp_path, pair.enrolment).refused
    assert told.startswith(f"receipt-{ledger}.json: sekisho-receipt: expected a signature of key ")
    assert told.endswith("[document_signature]")
    assert pair.acknowledged() == 0


def test_receipts_of_pictures_that_are_gone_or_altered_do_not_hold_up_the_others(pair: Pair, tmp_path: Path) -> None:
    gone, altered, kept = with_pictures(pair.box, 1, [10, 20, 30])
    carry(pair, tmp_path)
    take_in(pair.central, tmp_path)
    EvidenceStore(pair.box.folder).delete(gone)
    flip(pair.box, altered)
    taken = usb.take_receipts(pair.box.folder, tmp_path, pair.enrolment)
    assert (taken.rows, taken.pictures, taken.gone) == (1, 1, 1)
    what = f"{altered}: expected the file as it was kept, got an altered one."
    assert taken.refused == (f"receipt-{altered}.json: {what} [evidence_altered]",)
    assert [Receipts(pair.box.folder).held(name) for name in (gone, altered, kept)] == [False, False, True]


def test_an_altered_picture_is_told_by_the_export_and_carried_once_it_is_restored(pair: Pair, tmp_path: Path) -> None:
    altered, _whole = with_pictures(pair.box, 1, [10, 20])
    path = flip(pair.box, altered)
    assert carry(pair, tmp_path / "first") == usb.Carried(batches=1, rows=1, pictures=1, altered=(altered,))
    take_in(pair.central, tmp_path / "first")
    usb.take_receipts(pair.box.folder, tmp_path / "first", pair.enrolment)
    assert carry(pair, tmp_path / "second") == usb.Carried(altered=(altered,))
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert carry(pair, tmp_path / "third") == usb.Carried(pictures=1)
    assert carry(pair, tmp_path / "fourth") == usb.Carried(pictures=1)  # the third may have been lost
    take_in(pair.central, tmp_path / "fourth")
    usb.take_receipts(pair.box.folder, tmp_path / "fourth", pair.enrolment)
    assert carry(pair, tmp_path / "fifth") == usb.Carried()


def test_the_cursor_of_pictures_lies_beside_the_outbox(pair: Pair) -> None:
    with_pictures(pair.box, 1, [10])
    pair.push()
    pair.push_evidence()
    told = Outbox(pair.box.folder / EVIDENCE_OUTBOX).acknowledged(pair.central.id)
    assert told == Acknowledged(pair.box.ledger.head().ledger, 1)
    with reading(pair.central.engine) as connection:
        assert connection.execute(ledgers.select()).one().seq == 1


# --- the service --------------------------------------------------


def test_an_enrolled_boxs_service_has_the_errand_to_push_and_says_what_it_did(pair: Pair) -> None:
    with_pictures(pair.box, 1, [10])
    pair.box.write(3, first=2)
    (pair.box.folder / "device.key").write_bytes(pair.box.private.private_bytes_raw())
    settings = Settings(state_dir=pair.box.folder)
    (errand,) = errands(settings, SyncSettings(), lambda _: None)
    said: list[str] = []
    assert errand.run(said.append) == Outcome(done=True, reason="4 rows and 1 pictures were sent.")
    assert (errand.name, said) == ("push", ["sending rows", "sending pictures", "learning what the central tells"])
    assert errand.run(said.append).reason == "0 rows and 0 pictures were sent."


def test_one_altered_picture_does_not_stop_what_is_learned_told_and_ordered(pair: Pair) -> None:
    altered, _whole = with_pictures(pair.box, 1, [10, 20])
    flip(pair.box, altered)
    (pair.box.folder / "device.key").write_bytes(pair.box.private.private_bytes_raw())
    (errand,) = errands(Settings(state_dir=pair.box.folder), SyncSettings(), lambda _: None)
    outcome = errand.run(lambda _: None)
    words = "expected what was kept, got an altered or unreadable file; not sent, not deleted."
    rest = "Keep it for the auditor, or restore it from a copy."
    assert outcome == Outcome(done=True, reason=f"1 rows and 1 pictures were sent. Picture {altered}: {words} {rest}")
    (alarm,) = pair.holdings()["alarms"]
    assert alarm["code"] == "evidence_altered"
    assert alarm["detail"] == f"1 pictures on bench-1 are altered or unreadable: ['{altered}']"


def test_a_step_that_fails_is_told_and_the_steps_after_it_are_taken(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.box.write(1)
    (pair.box.folder / "device.key").write_bytes(pair.box.private.private_bytes_raw())
    taken: list[str] = []

    def fails(*_: object) -> None:
        raise DocumentRefused("document_form", "Expected pictures, got none.")

    monkeypatch.setattr("sync.push_errand.push_evidence", fails)
    steps: dict[str, object] = {"learn": Learned(), "tell_status": None, "fetch_orders": 0}

    def step(name: str) -> Callable[..., object]:
        def take(*_: object) -> object:
            taken.append(name)
            return steps[name]

        return take

    for name in steps:
        monkeypatch.setattr(f"sync.push_errand.{name}", step(name))
    (errand,) = errands(Settings(state_dir=pair.box.folder), SyncSettings(), lambda _: None)
    told = "Expected pictures, got none. 1 rows and 0 pictures were sent."
    assert errand.run(lambda _: None) == Outcome(done=False, reason=told, code="document_form")
    assert taken == list(steps)
