"""Batches and receipts: what a device signed arrives as it was, or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.storage.chain import canonical
from sync.errors import BatchRefused, DocumentRefused
from sync.protocol import (
    BATCH,
    TIME,
    Receipt,
    claim_of,
    key_id,
    key_of,
    make_batch,
    signed,
    verified,
    verified_batch,
    verified_receipt,
)
from tests.sync.boxes import DAY, NOW, Box

shared = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    box = Box(tmp_path_factory.mktemp("box"))
    box.write(7)
    yield box
    box.close()


def resigned(box: Box, data: bytes, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> bytes:
    """The batch as a dishonest device would sign it after `change(head, rows document)`."""
    line, _, payload = data.partition(b"\n")
    head = json.loads(line)["signed"]
    told = json.loads(zstandard.ZstdDecompressor().decompress(payload))
    change(head, told)
    payload = zstandard.ZstdCompressor().compress(json.dumps(told).encode())
    head["payload"] = hashlib.sha256(payload).hexdigest()
    return signed(head, box.private.sign, box.key) + b"\n" + payload


def refused(box: Box, data: bytes) -> str:
    with pytest.raises(BatchRefused) as caught:
        verified_batch(data, box.private.public_key())
    return caught.value.code


def test_a_batch_arrives_as_it_was_written(box: Box) -> None:
    batch = verified_batch(box.batch(), box.private.public_key())
    assert batch.rows == box.rows()
    assert batch.founding == box.ledger.founding()
    assert (batch.claim.device, batch.claim.after, batch.claim.seq) == ("bench-1", 0, 7)
    assert (batch.claim.end, batch.claim.made, batch.claim.clock) == (box.ledger.head(), DAY.isoformat(), "synced")


def test_what_was_erased_travels_as_its_commitment(tmp_path: Path) -> None:
    box = Box(tmp_path)
    (row,) = box.write(1)
    box.ledger.erase_personal([row], origin=row.entry.origin, at=NOW, reason="retention", names=["parcel"])
    batch = verified_batch(box.batch(), box.private.public_key())
    assert sorted(batch.rows[0].commitments) == ["parcel", "seen.symbols"]
    assert sorted(batch.rows[0].personal) == ["seen.symbols"]
    box.close()


def test_a_batch_in_the_middle_says_what_it_follows(box: Box) -> None:
    batch = verified_batch(box.batch(3, 2), box.private.public_key())
    assert [row.seq for row in batch.rows] == [4, 5]
    assert batch.claim.previous == box.rows()[2].hash


@shared
@given(data=st.data())
def test_any_changed_byte_is_refused(box: Box, data: st.DataObject) -> None:
    whole = bytearray(box.batch())
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    assert refused(box, bytes(whole)).startswith("batch_")


@shared
@given(length=st.integers(0, 10_000))
def test_a_batch_that_ends_early_is_refused(box: Box, length: int) -> None:
    whole = box.batch()
    assert refused(box, whole[: length % len(whole)]).startswith("batch_")


@shared
@given(junk=st.binary(max_size=200))
def test_what_is_no_batch_is_refused_with_a_code(box: Box, junk: bytes) -> None:
    assert refused(box, junk) == "batch_form"
    assert refused(box, junk + b"\n" + junk) == "batch_form"


def test_another_devices_signature_is_refused(box: Box) -> None:
    other = Ed25519PrivateKey.generate().public_key()
    with pytest.raises(BatchRefused) as caught:
        verified_batch(box.batch(), other)
    assert caught.value.code == "batch_signature"
    assert (
        caught.value.message
        == f"bench-1: expected a batch signed by its key {key_id(other)[:16]}, got another signature."
    )


def _swap(_head: dict[str, Any], told: dict[str, Any]) -> None:
    told["rows"][2], told["rows"][3] = told["rows"][3], told["rows"][2]


def _drop(_head: dict[str, Any], told: dict[str, Any]) -> None:
    del told["rows"][2]


def _drop_and_say_so(head: dict[str, Any], told: dict[str, Any]) -> None:
    del told["rows"][2]
    head["seq"] -= 1


def _repeat(head: dict[str, Any], told: dict[str, Any]) -> None:
    told["rows"].insert(2, told["rows"][2])
    head["seq"] += 1


def _shift(head: dict[str, Any], _told: dict[str, Any]) -> None:
    head["after"], head["seq"] = 1, head["seq"] + 1


def _other_founding(_head: dict[str, Any], told: dict[str, Any]) -> None:
    told["founding"]["device"] = "bench-2"


def _other_ledger(head: dict[str, Any], _told: dict[str, Any]) -> None:
    head["ledger"] = "0" * 32


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_swap, "batch_chain"),
        (_drop, "batch_chain"),
        (_drop_and_say_so, "batch_chain"),
        (_repeat, "batch_chain"),
        (_shift, "batch_chain"),
        (_other_founding, "batch_founding"),
        (_other_ledger, "batch_founding"),
    ],
)
def test_rows_left_out_moved_repeated_or_of_another_ledger_are_refused_although_signed(
    box: Box, change: Callable[[dict[str, Any], dict[str, Any]], None], code: str
) -> None:
    assert refused(box, resigned(box, box.batch(), change)) == code


@shared
@given(
    row=st.integers(0, 6), cell=st.integers(0, 12), value=st.one_of(st.none(), st.integers(), st.text(), st.just({}))
)
def test_any_changed_cell_is_refused_although_signed(box: Box, row: int, cell: int, value: object) -> None:
    before = box.batch()

    def change(_head: dict[str, Any], told: dict[str, Any]) -> None:
        told["rows"][row][cell] = value if told["rows"][row][cell] != value else "another"

    assert refused(box, resigned(box, before, change)) in {"batch_chain", "batch_form"}


BAD_LEDGERS = ("", "x/y", "../../../victim", "a\0b", "A" * 32, "a" * 31, "a" * 3_000, "\ud800", 5, None)
BAD_NAMES = ("x/y", "..", "a\0b", "a" * 65, "\ud800", " ")
BAD_DIGESTS = ("", "x", "F" * 64, "f" * 63, "../" * 21 + "f", 5)


@pytest.mark.parametrize(
    ("place", "name"),
    [
        *(("ledger", name) for name in BAD_LEDGERS),
        *(("device", name) for name in ("", *BAD_NAMES)),
        *((place, name) for place in ("previous", "hash", "payload", "end") for name in BAD_DIGESTS),
    ],
)
def test_a_head_with_a_name_that_no_bench_writes_is_refused_although_signed(box: Box, place: str, name: object) -> None:
    line, _, payload = box.batch().partition(b"\n")
    head = json.loads(line)["signed"]
    founding = box.ledger.founding() | ({"ledger": name} if place == "ledger" else {})
    told = json.loads(zstandard.ZstdDecompressor().decompress(payload)) | {"founding": founding}
    payload = zstandard.ZstdCompressor().compress(json.dumps(told).encode())
    head |= {"payload": hashlib.sha256(payload).hexdigest()}
    head |= {"end": head["end"] | {"hash": name}} if place == "end" else {place: name}
    text = {"signed": head, "key": box.key, "signature": "AAAA"}  # canonical JSON holds no lone surrogate: not signable
    data = json.dumps(text).encode() if name == "\ud800" else signed(head, box.private.sign, box.key)
    assert refused(box, data + b"\n" + payload) == "batch_form"


def forged(box: Box, **changes: Any) -> bytes:
    """A batch of one row that a dishonest device has changed and chained again."""
    row = replace(box.rows()[0], **changes)
    row = replace(row, hash=row.computed())
    end = replace(box.ledger.head(), hash=row.hash)
    return make_batch("bench-1", box.ledger.founding(), [row], end=end, made=NOW, sign=box.private.sign, key=box.key)


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_row_of_an_inspection_that_no_bench_names_so_is_refused_although_signed(box: Box, name: str) -> None:
    if name != "\ud800":  # no hash can be computed over it
        assert refused(box, forged(box, inspection=name)) == "batch_form"
    verified_batch(forged(box, inspection=""), box.private.public_key())  # of no inspection
    verified_batch(forged(box, inspection="01936d2e-7c1a-7b2e-9f63-1f2e3d4c5b6a"), box.private.public_key())


def test_a_commitment_that_is_no_digest_is_refused_although_signed(box: Box) -> None:
    assert refused(box, forged(box, commitments={"parcel": "x/y"}, personal={})) == "batch_form"
    verified_batch(forged(box, commitments={"parcel": "f" * 64}, personal={}), box.private.public_key())


@pytest.mark.parametrize("key", ["\ud800", 5, "x", ["a"]])
def test_a_document_whose_key_is_no_name_of_a_key_is_refused(key: object) -> None:
    data = json.dumps({"signed": {"type": TIME, "schema": 1}, "key": key, "signature": "AAAA"}).encode()
    with pytest.raises(DocumentRefused) as caught:
        key_of(data, TIME)
    assert caught.value.code == "document_form"
    assert caught.value.message.startswith(
        "Expected a signed document of type sekisho-time, schema 1, got ValueError: "
    )


@pytest.mark.parametrize("depth", [100, 400, 900, 1_000, 20_000, 200_000])
def test_a_document_that_is_nested_without_end_is_refused(depth: int) -> None:
    nested = "[" * depth + "]" * depth
    text = f'{{"signed":{{"type":"{TIME}","schema":1,"x":{nested}}},"key":"{ID}","signature":"AAAA"}}'
    with pytest.raises(DocumentRefused):
        verified(text.encode(), TIME, CENTRAL.public_key())


def test_an_honest_batch_that_is_signed_again_is_taken(box: Box) -> None:
    """The tests above change something: without a change the same way is taken."""
    verified_batch(resigned(box, box.batch(), lambda _head, _told: None), box.private.public_key())


def test_rows_that_unpack_to_more_than_the_limit_are_refused(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.protocol.MAX_ROWS_BYTES", 100)
    assert refused(box, box.batch()) == "batch_form"


def test_a_batch_holds_1_to_200_rows(box: Box) -> None:
    with pytest.raises(ValueError, match="Expected 1 to 200 rows for a batch, got 0"):
        make_batch("b", {}, [], end=box.ledger.head(), made=NOW, sign=box.private.sign, key=box.key)


def test_the_head_is_told_without_the_rows(box: Box) -> None:
    claim = claim_of(box.batch())
    assert json.loads(claim.text)["signed"]["type"] == BATCH
    assert (claim.seq, claim.hash) == (7, box.rows()[-1].hash)


# --- receipts and other signed documents --------------------------------------------------

CENTRAL = Ed25519PrivateKey.generate()
ID = key_id(CENTRAL.public_key())


def test_a_receipt_comes_back_as_it_was_signed() -> None:
    receipt = Receipt(ID, "bench-1", "l1", 7, "aa", "2026-11-21T10:00:00+00:00")
    assert verified_receipt(receipt.signed(CENTRAL.sign, ID), CENTRAL.public_key(), "bench-1", "l1") == receipt


@pytest.mark.parametrize(("device", "ledger"), [("bench-2", "l1"), ("bench-1", "l2")])
def test_a_receipt_for_another_box_or_ledger_is_refused(device: str, ledger: str) -> None:
    data = Receipt(ID, "bench-1", "l1", 7, "aa", "").signed(CENTRAL.sign, ID)
    with pytest.raises(DocumentRefused) as caught:
        verified_receipt(data, CENTRAL.public_key(), device, ledger)
    assert caught.value.code == "receipt_other"
    assert caught.value.message == f"Expected a receipt for {ledger} of {device}, got one for 'l1' of 'bench-1'."


@given(place=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_a_receipt_with_any_changed_byte_is_refused(place: int, flip: int) -> None:
    data = bytearray(Receipt(ID, "bench-1", "l1", 7, "aa", "").signed(CENTRAL.sign, ID))
    data[place % len(data)] ^= flip
    with pytest.raises(DocumentRefused):
        verified_receipt(bytes(data), CENTRAL.public_key(), "bench-1", "l1")


def test_a_document_of_one_kind_is_none_of_another() -> None:
    data = signed({"type": TIME, "schema": 1}, CENTRAL.sign, ID)
    assert verified(data, TIME, CENTRAL.public_key()) == {"type": TIME, "schema": 1}
    with pytest.raises(DocumentRefused) as caught:
        verified(data, BATCH, CENTRAL.public_key())
    assert caught.value.code == "document_form"


def test_a_document_signed_by_another_key_is_refused() -> None:
    other = Ed25519PrivateKey.generate()
    data = signed({"type": TIME, "schema": 1}, other.sign, ID)
    with pytest.raises(DocumentRefused) as caught:
        verified(data, TIME, CENTRAL.public_key())
    assert caught.value.code == "document_signature"
    assert canonical(json.loads(data)) == data
