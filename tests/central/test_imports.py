"""A stick is anybody's: what is wrong on it is told, file by file, and the rest is taken."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.storage.evidence import EvidenceStore
from edge.storage.sealed import public_hex, sealed, sealing_key
from sync.central.central import Central
from sync.central.intake.imports import take_in
from sync.certificates import Requested, issued
from sync.identity import Enrolment
from sync.protocol import PICTURE, SCHEMA, make_batch, signed
from sync.usb import export, take_receipts
from tests.central.conftest import CENTRAL
from tests.sync.boxes import DAY, NOW, Box, assessed

Boxes = Callable[..., Box]
SEAL = public_hex(sealing_key(CENTRAL))


@pytest.fixture
def one(box: Boxes) -> Box:
    """A box with three rows and a picture."""
    one = box()
    one.write(2)
    name = EvidenceStore(one.folder).put(b"a picture", "image/png")
    kept = [{"sha256": name, "media_type": "image/png", "role": "face"}]
    body = {"request": "", "assessment": {"seen": {"captures": [{"sha256": "0" * 64, "kept": kept}]}}}
    one.ledger.append([assessed(9, body=body)])
    return one


def exported(one: Box, stick: Path) -> Enrolment:
    asked = Requested(one.device, one.private.public_key().public_bytes_raw().hex(), "")
    certificate = issued(CENTRAL, asked, "", SEAL, serial=7, now=DAY).decode()
    enrolment = Enrolment("http://central", one.device, CENTRAL.public_key(), certificate)
    export(one.folder, stick, enrolment, one.signer, NOW)
    return enrolment


def wrong(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(sealed(SEAL, data, path.name))


def linked(path: Path) -> None:
    target = path.with_name("target")
    target.write_bytes(b"not the stick's")
    path.symlink_to(target)


SURROGATE = json.dumps({"signed": {"type": PICTURE, "schema": 1}, "key": "\ud800", "signature": "AAAA"}).encode()
WRONG: dict[str, Callable[[Path], object]] = {
    "deep JSON": wrong(b"[" * 4_000 + b"\nx"),
    "a key that is no text for a database": wrong(SURROGATE + b"\nx"),
    "a list": wrong(b"[]\nx"),
    "a number as key": wrong(b'{"key":5}\nx'),
    "a head without end": wrong(b"x" * 5_000),
    "an empty file": Path.touch,
    "a directory": Path.mkdir,
    "a dangling link": lambda path: path.symlink_to("/nonexistent"),
    "a link": linked,
    "a pipe that nobody writes": os.mkfifo,
    "an unsealed file": lambda path: path.write_bytes(b"as it is"),
}


@pytest.mark.parametrize("name", ["batch-x.sealed", "picture-x.sealed"])
@pytest.mark.parametrize("make", WRONG.values(), ids=WRONG.keys())
def test_one_wrong_file_is_told_and_the_rest_is_taken(
    central: Central, one: Box, tmp_path: Path, name: str, make: Callable[[Path], object]
) -> None:
    stick = tmp_path / "stick"
    enrolment = exported(one, stick)
    bad = stick / "sekisho-aaa"
    bad.mkdir()
    make(bad / name)
    taken = take_in(central, stick)
    assert (taken.batches, taken.pictures, len(taken.refused)) == (1, 1, 1)
    assert taken.refused[0].startswith(f"{bad / name}: ")
    back = take_receipts(one.folder, stick, enrolment)
    assert (back.rows, back.pictures) == (3, 1)


def test_a_link_is_told_as_what_it_is(central: Central, tmp_path: Path) -> None:
    bad = tmp_path / "sekisho-aaa"
    bad.mkdir()
    linked(bad / "picture-x.sealed")
    (bad / "picture-y.sealed").mkdir()
    (told, other) = take_in(central, tmp_path).refused
    expected = "Expected a regular file of 200005096 bytes or fewer that can be read, got"
    assert told == (f"{bad / 'picture-x.sealed'}: {expected} OSError: Too many levels of symbolic links. [import_file]")
    assert other == f"{bad / 'picture-y.sealed'}: {expected} IsADirectoryError: Is a directory. [import_file]"


def test_a_folder_that_is_a_link_is_not_followed_and_nothing_is_written_there(
    central: Central, one: Box, tmp_path: Path
) -> None:
    stick, elsewhere = tmp_path / "stick", tmp_path / "elsewhere"
    exported(one, elsewhere)
    stick.mkdir()
    (stick / "sekisho-bench-1").symlink_to(elsewhere / "sekisho-bench-1")
    taken = take_in(central, stick)
    assert (taken.batches, taken.pictures) == (0, 0)
    assert taken.refused == (f"{stick / 'sekisho-bench-1'}: Expected the folder of a box, got a link. [import_file]",)
    assert list(elsewhere.rglob("receipt-*")) == []


def test_a_ledger_whose_name_leads_elsewhere_writes_nothing_there(central: Central, one: Box, tmp_path: Path) -> None:
    place = tmp_path / "stick" / "sekisho-bench-1"
    (place / "receipt-..").mkdir(parents=True)
    victim = tmp_path / "victim.json"
    victim.write_text("precious")
    founding = one.ledger.founding() | {"ledger": "../../../victim"}
    data = make_batch(
        "bench-1", founding, one.rows(), end=one.ledger.head(), made=NOW, sign=one.private.sign, key=one.key
    )
    head = json.loads(data.partition(b"\n")[0])["signed"] | {"ledger": "../../../victim"}
    data = signed(head, one.private.sign, one.key) + b"\n" + data.partition(b"\n")[2]
    (place / "batch-x.sealed").write_bytes(sealed(SEAL, data, "batch-x.sealed"))
    (told,) = take_in(central, tmp_path / "stick").refused
    assert told == (
        f"{place / 'batch-x.sealed'}: Expected a batch of schema 1, got ValueError: '../../../victim' as a name. "
        "[batch_form]"
    )
    assert victim.read_text() == "precious"


def test_a_receipt_that_cannot_be_written_is_told_and_the_rest_is_taken(
    central: Central, one: Box, tmp_path: Path
) -> None:
    exported(one, tmp_path / "stick")
    place = tmp_path / "stick" / "sekisho-bench-1"
    path = place / f"receipt-{one.ledger.head().ledger}.json"
    (path / "in the way").mkdir(parents=True)
    taken = take_in(central, tmp_path / "stick")
    assert (taken.batches, taken.pictures) == (1, 1)
    message = "Expected a stick that takes a receipt, got IsADirectoryError: Is a directory."
    assert taken.refused == (f"{path}: {message} [import_file]",)


def test_a_name_that_would_drive_a_terminal_is_told_without_its_signs(central: Central, tmp_path: Path) -> None:
    bad = tmp_path / "sekisho-aaa"
    bad.mkdir()
    data = signed({"type": PICTURE, "schema": SCHEMA}, CENTRAL.sign, "0" * 64)
    (bad / "picture-\x1b[2J.sealed").write_bytes(data)
    (bad / os.fsdecode(b"batch-\xff.sealed")).mkdir()
    names = [told.partition(": ")[0].rpartition("/")[2] for told in take_in(central, tmp_path).refused]
    assert names == ["batch-\ufffd.sealed", "picture-\ufffd[2J.sealed"]
