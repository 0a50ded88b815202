"""The audit: what was altered, cut off or forged is found offline, and erasing what is personal breaks nothing."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.inspection import Origin
from edge.people.accounts import Account, PeopleFile, added, given_badge
from edge.people.desk import Claim, Desk
from edge.people.roles import Role
from edge.settings import Settings
from edge.storage.chain import Entry
from edge.storage.ledger import Ledger
from edge.storage.outbox import Acknowledged, Outbox
from sync.audit import Proved, Receipted, export_audit, verify_audit
from sync.certificates import Requested, issued
from sync.errors import AuditError
from sync.identity import Enrolment
from sync.protocol import Receipt, key_id, signed
from tests.sync.boxes import DAY, NOW, Box

CENTRAL = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ID, PUBLIC = key_id(CENTRAL.public_key()), CENTRAL.public_key().public_bytes_raw().hex()
Lines = list[dict[str, Any]]
ROW = (
    *("kind", "inspection", "device", "station", "officer", "boot"),
    *("at", "clock", "key", "body", "commitments", "sightings"),
)


def enrolment(box: Box, central: Ed25519PrivateKey = CENTRAL) -> Enrolment:
    public = box.private.public_key().public_bytes_raw().hex()
    certificate = issued(central, Requested(box.device, public, ""), "", "5e" * 32, serial=7, now=DAY).decode()
    return Enrolment("http://central", box.device, CENTRAL.public_key(), certificate)


def acknowledge(box: Box, seq: int, central: Ed25519PrivateKey = CENTRAL) -> None:
    ledger, digest, name = box.ledger.head().ledger, box.rows()[seq - 1].hash, key_id(central.public_key())
    receipt = Receipt(name, box.device, ledger, seq, digest, "2026-11-21T10:00:00+00:00").signed(central.sign, name)
    Outbox(box.folder / "outbox.json").acknowledge(name, Acknowledged(ledger, seq, receipt.decode()))


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path / "box")
    box.write(6)
    acknowledge(box, 5)
    yield box
    box.close()


def exported(box: Box, *, personal: bool = False) -> Path:
    out = box.folder / "audit.zst"
    export_audit(box.folder, out, enrolment(box), box.signer, made=NOW, personal=personal)
    return out


def changed(path: Path, change: Callable[[Lines], object]) -> Path:
    lines = [
        json.loads(line) for line in zstandard.ZstdDecompressor().stream_reader(path.read_bytes()).read().splitlines()
    ]
    change(lines)
    text = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    path.write_bytes(zstandard.ZstdCompressor().compress(text))
    return path


def test_rows_of_people_are_audited_like_any_other(tmp_path: Path) -> None:
    box = Box(tmp_path / "box")
    box.write(1)
    settings = Settings(state_dir=box.folder, device=box.device)

    def origin(station: str, officer: str) -> Origin:
        return Origin(box.device, station, officer, "boot")

    file = PeopleFile(box.folder)
    badge, kept = given_badge(file.secret())
    file.change(lambda accounts: added(accounts, Account("4711", "Sato", Role.OFFICER, badge=kept)))
    desk = Desk(settings, box.ledger, origin, lambda: NOW, lambda _row: None)
    desk.sign_in(Claim(badge=badge, client="gun"), station="1")
    desk.sign_out("1")
    assert [row.kind for row in box.rows()] == ["assessed", "people", "signed_in", "signed_out"]
    acknowledge(box, 4)
    (told,) = verify_audit(exported(box), PUBLIC).ledgers
    assert told.rows == 4
    box.close()


def test_a_whole_export_says_what_it_proves_and_what_it_does_not(box: Box) -> None:
    ledger = box.ledger.head().ledger
    receipts = (Receipted(ID, 5, "2026-11-21T10:00:00+00:00"),)
    (told,) = verify_audit(exported(box), PUBLIC).ledgers
    assert told == Proved(ledger, 6, 6, receipts, absent=12)
    rows, receipt, values = told.sentences()
    assert rows == f"ledger {ledger}: 6 rows of 6 inspections, none altered, none missing in between"
    who = f"receipted by {ID[:16]} at 2026-11-21T10:00:00+00:00"
    after = "after it, of 1 rows, nothing is known but what the box says"
    assert receipt == f"none missing up to row 5, {who}; {after}"
    kept = "0 personal values as they were, 0 erased by a row that says so, 12 not in this file"
    assert values == f"{kept}; 0 pictures deleted by rows that name them"
    (told,) = verify_audit(exported(box, personal=True), PUBLIC).ledgers
    assert (told.values, told.absent) == (12, 0)


def test_erasing_what_is_personal_leaves_it_verifiable_and_is_told_apart_from_what_was_left_out(box: Box) -> None:
    rows = box.ledger.outbox(0, 2)
    origin = rows[0].entry.origin
    box.ledger.erase_personal(rows, origin=origin, at=NOW, reason="retention")
    box.ledger.append([Entry("deleted", "", origin, NOW, {"reason": "retention", "pictures": [["a", 1], ["b", 2]]})])
    (told,) = verify_audit(exported(box, personal=True), PUBLIC).ledgers
    assert (told.rows, told.values, told.erased, told.absent, told.pictures) == (8, 8, 4, 0, 2)
    (told,) = verify_audit(exported(box), PUBLIC).ledgers
    assert (told.values, told.erased, told.absent) == (0, 4, 8)


def test_the_receipts_of_two_centrals_are_told_apart_and_a_third_ones_is_not_judged(box: Box) -> None:
    other = Ed25519PrivateKey.generate()
    acknowledge(box, 6, other)
    path = exported(box)
    (told,) = verify_audit(path, PUBLIC).ledgers
    assert ([receipt.seq for receipt in told.receipts], told.others) == ([5], 1)
    assert "1 receipts are of centrals that were not named: not judged" in told.sentences()
    (told,) = verify_audit(path, PUBLIC, other.public_key().public_bytes_raw().hex()).ledgers
    assert [receipt.seq for receipt in told.receipts] == [6, 5]
    assert told.sentences()[1].endswith("; no row follows it")


def aside(box: Box, row: int) -> str:
    """The ledger is damaged at `row`, set aside, and followed by another of two rows, receipted; its id."""
    before = box.ledger.head().ledger
    box.ledger._file.connection.execute("DROP TRIGGER entries_keep")
    box.ledger._file.connection.execute("UPDATE entries SET officer='another' WHERE seq=?", (row,))
    box.ledger._file.replace(f"row {row}")
    box.ledger.close()
    box.ledger = Ledger.open(box.folder / "ledger.db", box.device)
    box.write(2, first=50)
    acknowledge(box, 2)
    return before


def test_a_ledger_that_was_set_aside_is_proved_as_far_as_it_is_whole_up_to_its_last_receipt(box: Box) -> None:
    before = aside(box, 6)
    first, current = verify_audit(exported(box), PUBLIC).ledgers
    assert (first.ledger, first.rows, [receipt.seq for receipt in first.receipts]) == (before, 5, [5])
    assert first.sentences()[1].startswith("none missing up to row 5, receipted by ")
    assert first.sentences()[2].endswith("; nothing is known of what followed row 5")
    assert "row 6" in first.damaged
    assert (current.rows, current.receipts[0].seq, current.unnamed, current.lacks) == (2, 2, "", "")


def test_receipted_rows_that_damage_took_are_named_with_the_central_that_has_them(box: Box) -> None:
    aside(box, 4)
    first, _current = verify_audit(exported(box), PUBLIC).ledgers
    assert (first.rows, first.receipts[0].seq) == (3, 5)
    who = f"receipted by {ID[:16]} at 2026-11-21T10:00:00+00:00, which has them"
    assert first.sentences()[1] == f"rows 4 to 5 cannot be read here and were there: {who}"


def _sections(lines: Lines) -> list[Lines]:
    starts = [place for place, line in enumerate(lines) if "founding" in line]
    return [lines[start:end] for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]


def test_a_whole_ledger_that_was_cut_out_is_missed(box: Box) -> None:
    before = aside(box, 6)
    current = box.ledger.head().ledger

    def cut(lines: Lines) -> None:
        lines[:] = _sections(lines)[1]

    with pytest.raises(AuditError) as caught:
        verify_audit(changed(exported(box), cut), PUBLIC)
    assert caught.value.code == "audit_chain"
    assert caught.value.message == f"Expected ledger {before} before ledger {current}, got none."


def test_a_current_ledger_that_was_cut_off_is_missed(box: Box) -> None:
    before = aside(box, 6)

    def cut(lines: Lines) -> None:
        lines[:] = _sections(lines)[0]

    with pytest.raises(AuditError) as caught:
        verify_audit(changed(exported(box), cut), PUBLIC)
    assert caught.value.message == f"Expected a ledger after {before}, which was set aside, got none."


def test_a_box_that_leaves_a_ledger_out_without_a_word_is_refused(box: Box) -> None:
    """It signs a head that names no ledger before; the founding, which is hashed into every row, still names it."""
    aside(box, 6)
    current = box.ledger.head().ledger

    def cut(lines: Lines) -> None:
        lines[:] = _sections(lines)[1]
        for line in lines:
            if "head" in line:
                told = json.loads(line["head"])["signed"] | {"after": ""}
                line["head"] = signed(told, box.private.sign, box.key).decode()

    with pytest.raises(AuditError) as caught:
        verify_audit(changed(exported(box), cut), PUBLIC)
    assert caught.value.message == f"Expected ledger.damaged-1.db with row 6 before ledger {current}, got none."


def test_rows_cut_from_a_ledger_set_aside_are_missed_by_the_founding_after_it(box: Box) -> None:
    before = aside(box, 6)
    current = box.ledger.head().ledger

    def cut(lines: Lines) -> None:
        first, rest = _sections(lines)
        (head,) = [line for line in first if "head" in line]
        kept = [line for line in first if line.get("row", {"seq": 0})["seq"] <= 4 and line is not head]
        told = json.loads(head["head"])["signed"] | {"seq": 4, "hash": kept[4]["row"]["hash"], "damaged": ""}
        lines[:] = [*kept[:5], {"head": signed(told, box.private.sign, box.key).decode()}, *rest]

    with pytest.raises(AuditError) as caught:
        verify_audit(changed(exported(box), cut), PUBLIC)
    came = f"ledger {before}, whose rows end at 4 or are others"
    assert caught.value.message == f"Expected ledger.damaged-1.db with row 6 before ledger {current}, got {came}."


@pytest.mark.parametrize("unreadable", [True, False])
def test_a_ledger_before_that_cannot_be_exported_is_told(box: Box, *, unreadable: bool) -> None:
    aside(box, 6)
    path = box.folder / "ledger.damaged-1.db"
    path.write_bytes(b"no ledger") if unreadable else path.unlink()
    (told,) = verify_audit(exported(box), PUBLIC).ledgers
    why = "ledger.damaged-1.db cannot be read" if unreadable else "ledger.damaged-1.db is not on the box any more"
    assert f"it follows a ledger that is not in this file, of which nothing is proved: {why}" in told.sentences()


def test_a_ledger_that_does_not_name_the_one_before_it_is_told(box: Box) -> None:
    before = box.ledger.head().ledger
    box.ledger.close()
    (box.folder / "ledger.db").rename(box.folder / "ledger.damaged-1.db")
    box.ledger = Ledger.open(box.folder / "ledger.db", box.device)
    box.write(2)
    acknowledge(box, 2)
    _aside, current = verify_audit(exported(box), PUBLIC).ledgers
    words = f"it does not say that it follows ledger {before}: ask why the box began anew"
    assert words in current.sentences()


def test_what_is_personal_is_not_in_it_unless_asked_for(box: Box) -> None:
    assert b"RR000000001JP" not in zstandard.ZstdDecompressor().stream_reader(exported(box).read_bytes()).read()


def _altered(lines: Lines) -> None:
    lines[3]["row"]["officer"] = "O-8"


def _other_body(lines: Lines) -> None:
    lines[3]["row"]["body"] = lines[3]["row"]["body"].replace("CHECK", "NO_FINDING").replace("STRONG", "WEAK")
    lines[3]["row"]["body"] += " "


def _other_value(lines: Lines) -> None:
    lines[1]["row"]["personal"]["parcel"][1] = "RR000000009JP"


def _left_out(lines: Lines) -> None:
    del lines[3]


def _moved(lines: Lines) -> None:
    lines[3], lines[4] = lines[4], lines[3]


def _cut_off(lines: Lines) -> None:
    del lines[6]


def _no_receipt(lines: Lines) -> None:
    del lines[-1]


def _no_head(lines: Lines) -> None:
    del lines[-2]


def _no_founding(lines: Lines) -> None:
    del lines[0]


def _other_founding(lines: Lines) -> None:
    lines[0]["founding"]["device"] = "bench-2"


def _other_root(lines: Lines) -> None:
    lines[0]["founding"]["schema"] = 2


def _no_certificate(lines: Lines) -> None:
    other = Box.__new__(Box)
    other.device, other.private = "bench-1", Ed25519PrivateKey.generate()
    lines[0]["certificate"] = enrolment(other, Ed25519PrivateKey.generate()).certificate


def _other_receipt(lines: Lines) -> None:
    lines[-1]["receipt"] = lines[-1]["receipt"].replace('"seq":5', '"seq":6')


def _other_head(lines: Lines) -> None:
    lines[-2]["head"] = lines[-2]["head"].replace("synced", "floor")


@pytest.mark.parametrize("rehashed", [False, True], ids=["hash left", "hash made anew"])
@pytest.mark.parametrize("name", ROW)
def test_whatever_is_changed_in_a_row_is_found_and_the_row_is_named(box: Box, name: str, *, rehashed: bool) -> None:
    """Whoever makes the hashes anew is found at the head, which only the box can sign."""

    def change(lines: Lines) -> None:
        told = lines[3]["row"]
        told[name] = {**told[name], "more": "0" * 64} if name == "commitments" else told[name] + told[name][:1]
        if rehashed:
            for line in lines:
                line.get("row", {}).pop("hash", None)

    path = changed(exported(box), change)
    with pytest.raises(AuditError) as caught:
        verify_audit(path, PUBLIC)
    if rehashed:
        assert caught.value.message.startswith(
            "Expected the box's signed head for this chain of 6 rows, got one for row 6"
        )
    else:
        assert caught.value.message.startswith("Expected row 3 with hash ")


def test_no_byte_of_a_file_can_be_changed_unseen(box: Box) -> None:
    """Every sort of byte of the packed file, some of each region: what still unpacks no longer proves."""
    path = exported(box)
    data, draw = path.read_bytes(), random.Random(7)
    whole = verify_audit(path, PUBLIC)
    for place in sorted(draw.sample(range(len(data)), 60)):
        path.write_bytes(data[:place] + bytes([data[place] ^ (1 << draw.randrange(8))]) + data[place + 1 :])
        try:
            told = verify_audit(path, PUBLIC)
        except AuditError:
            continue
        assert told == whole, place  # a bit of the packing that says nothing


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_altered, "audit_row"),
        (_other_body, "audit_row"),
        (_other_value, "audit_value"),
        (_left_out, "audit_chain"),
        (_moved, "audit_chain"),
        (_cut_off, "audit_head"),
        (_no_receipt, "audit_receipt"),
        (_no_head, "audit_head"),
        (_no_founding, "audit_form"),
        (_other_founding, "audit_head"),
        (_other_root, "audit_row"),
        (_no_certificate, "audit_certificate"),
        (_other_receipt, "audit_receipt"),
        (_other_head, "audit_head"),
    ],
)
def test_what_was_changed_in_an_export_is_found(box: Box, change: Callable[[Lines], None], code: str) -> None:
    path = changed(exported(box, personal=True), change)
    with pytest.raises(AuditError) as caught:
        verify_audit(path, PUBLIC)
    assert caught.value.code == code


def test_an_export_that_is_only_packed_anew_still_holds(box: Box) -> None:
    assert verify_audit(changed(exported(box), lambda _lines: None), PUBLIC).ledgers[0].rows == 6


def test_rows_that_even_the_box_cut_off_after_a_receipt_are_missed(box: Box, tmp_path: Path) -> None:
    """A dishonest box founds its ledger anew and signs it: the receipt tells of rows that are not there."""
    acknowledge(box, 6)
    fresh = Box(tmp_path / "fresh", "bench-1", box.private)
    fresh.write(2)
    receipt = Outbox(box.folder / "outbox.json").acknowledged(ID)
    told = Acknowledged(fresh.ledger.head().ledger, 6, receipt.receipt)
    Outbox(fresh.folder / "outbox.json").acknowledge(ID, told)
    with pytest.raises(AuditError) as caught:
        verify_audit(exported(fresh), PUBLIC)
    assert caught.value.code == "audit_receipt"
    fresh.close()


def test_an_export_under_another_centrals_certificate_is_refused(box: Box) -> None:
    out = box.folder / "audit.zst"
    forged = enrolment(box, Ed25519PrivateKey.generate())
    export_audit(box.folder, out, forged, box.signer, made=NOW)
    with pytest.raises(AuditError) as caught:
        verify_audit(out, PUBLIC)
    assert caught.value.code == "audit_certificate"


def test_what_is_no_export_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"no export")
    with pytest.raises(AuditError) as caught:
        verify_audit(tmp_path / "x", PUBLIC)
    assert caught.value.code == "audit_form"
    with pytest.raises(AuditError):
        verify_audit(tmp_path / "absent", PUBLIC)


@pytest.mark.parametrize("length", [0, 40, 400])
def test_an_export_that_ends_early_is_refused(box: Box, length: int) -> None:
    path = exported(box)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(AuditError):
        verify_audit(path, PUBLIC)
