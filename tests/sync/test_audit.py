"""The audit: what was altered, cut off or forged is found offline, and erasing what is personal breaks nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.storage.outbox import Acknowledged, Outbox
from sync.audit import Audited, export_audit, verify_audit
from sync.errors import AuditError
from sync.identity import Enrolment
from sync.protocol import CERTIFICATE, Receipt, key_id, signed
from tests.sync.boxes import NOW, Box

CENTRAL = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ID, PUBLIC = key_id(CENTRAL.public_key()), CENTRAL.public_key().public_bytes_raw().hex()
Lines = list[dict[str, Any]]


def enrolment(box: Box, central: Ed25519PrivateKey = CENTRAL) -> Enrolment:
    public = box.private.public_key().public_bytes_raw().hex()
    told = {"type": CERTIFICATE, "schema": 1, "device": box.device, "public_key": public}
    certificate = signed(told, central.sign, key_id(central.public_key())).decode()
    return Enrolment("http://central", box.device, CENTRAL.public_key(), certificate)


def acknowledge(box: Box, seq: int) -> None:
    ledger, digest = box.ledger.head().ledger, box.rows()[seq - 1].hash
    receipt = Receipt(ID, box.device, ledger, seq, digest, "2026-11-21T10:00:00+00:00").signed(CENTRAL.sign, ID)
    Outbox(box.folder / "outbox.json").acknowledge(ID, Acknowledged(ledger, seq, receipt.decode()))


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


def test_a_whole_export_says_what_it_proves(box: Box) -> None:
    ledger = box.ledger.head().ledger
    assert verify_audit(exported(box), PUBLIC) == Audited(
        "bench-1", ledger, 6, 6, 5, "2026-11-21T10:00:00+00:00", values=0, sealed=12
    )
    told = verify_audit(exported(box, personal=True), PUBLIC)
    assert (told.values, told.sealed) == (12, 0)


def test_erasing_what_is_personal_leaves_it_verifiable(box: Box) -> None:
    rows = box.ledger.outbox(0, 2)
    box.ledger.erase_personal(rows, origin=rows[0].entry.origin, at=NOW, reason="retention")
    told = verify_audit(exported(box, personal=True), PUBLIC)
    assert (told.rows, told.values, told.sealed) == (7, 8, 4)


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


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_altered, "audit_head"),
        (_other_body, "audit_head"),
        (_other_value, "audit_value"),
        (_left_out, "audit_chain"),
        (_moved, "audit_chain"),
        (_cut_off, "audit_head"),
        (_no_receipt, "audit_receipt"),
        (_no_head, "audit_head"),
        (_no_founding, "audit_form"),
        (_other_founding, "audit_head"),
    ],
)
def test_what_was_changed_in_an_export_is_found(box: Box, change: Callable[[Lines], None], code: str) -> None:
    path = changed(exported(box, personal=True), change)
    with pytest.raises(AuditError) as caught:
        verify_audit(path, PUBLIC)
    assert caught.value.code == code


def test_an_export_that_is_only_packed_anew_still_holds(box: Box) -> None:
    assert verify_audit(changed(exported(box), lambda _lines: None), PUBLIC).rows == 6


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
