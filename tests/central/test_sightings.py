"""A serial that one port saw is told at another with the next sync, by hashes alone; the same parcel stays silent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from edge.inspection import Assessment, Outcome
from edge.storage.knowledge import FOLDER, NAME, Knowledge
from edge.storage.sighting_file import SeenAt, SightingFile, hashed
from sync.central.central import Central
from sync.central.database import reading, writing
from sync.central.intake.ingest import ingest
from sync.central.knowledge.sightings import FAN, cut, listed, packed_file, secret_of
from sync.central.tables import sighting_files
from sync.errors import CentralRefused, DocumentRefused
from sync.learn import learn
from sync.link import Answer
from sync.protocol import KNOWLEDGE, SCHEMA, signed
from tests.central.knowing import SERIAL, Country, country
from tests.sync.boxes import DAY, Box, assessed

FIRST, SECOND = "RR473124829JP", "EE123456785JP"


@pytest.fixture
def land(tmp_path: Path) -> Iterator[Country]:
    with country(tmp_path) as one:
        yield one


def codes(assessment: Assessment) -> set[str]:
    return {finding.code for finding in assessment.verdict.findings if ".seen_" in finding.code}


def test_a_serial_seen_at_another_port_in_another_parcel_is_told_within_one_sync(land: Country) -> None:
    naha, narita = land.port("naha-1", "Naha"), land.port("narita-1", "Narita")
    assert narita.scan(SERIAL, FIRST).verdict.outcome is Outcome.NO_FINDING
    narita.sync()
    land.clock.later(days=1)
    naha.sync()
    found = naha.scan(SERIAL, SECOND)
    assert found.verdict.outcome is Outcome.CHECK
    one = next(finding for finding in found.verdict.findings if finding.code == "serial.seen_other_port")
    assert (one.arguments, one.source, one.dated) == (
        {"serial": "A1", "date": "2026-11-21", "place": "Narita"},
        "Narita",
        date(2026, 11, 21),
    )
    text = (naha.state_dir / FOLDER / NAME).read_text()
    held = b"".join(path.read_bytes() for path in (naha.state_dir / FOLDER).iterdir())
    assert "A1" not in json.loads(text)["files"]
    assert FIRST.encode() not in held


def test_the_same_parcel_on_its_way_through_two_ports_is_a_note_and_never_more(land: Country) -> None:
    naha, narita = land.port("naha-1", "Naha"), land.port("narita-1", "Narita")
    narita.scan(SERIAL, FIRST)
    narita.sync()
    naha.sync()
    found = naha.scan(SERIAL, FIRST)
    assert (found.verdict.outcome, codes(found)) == (Outcome.NO_FINDING, {"parcel.seen_other_port"})


def test_without_a_parcel_number_on_both_sides_another_parcel_is_never_asserted(land: Country) -> None:
    naha, narita = land.port("naha-1", "Naha"), land.port("narita-1", "Narita")
    narita.scan(SERIAL)
    narita.sync()
    naha.sync()
    assert codes(naha.scan(SERIAL, SECOND)) == {"serial.seen_before"}
    assert codes(naha.scan(SERIAL)) & {"serial.seen_other_port", "serial.seen_elsewhere"} == set()


def test_another_bench_of_the_same_port_is_told_apart_from_another_port(land: Country) -> None:
    first, second = land.port("naha-1", "Naha"), land.port("naha-2", "Naha")
    first.scan(SERIAL, FIRST)
    first.sync()
    second.sync()
    assert codes(second.scan(SERIAL, SECOND)) == {"serial.seen_elsewhere"}


def test_what_a_box_saw_itself_comes_back_and_stays_silent(land: Country) -> None:
    naha = land.port("naha-1", "Naha")
    inspected = naha.scan(SERIAL, FIRST)
    naha.sync()
    assert Knowledge(naha.state_dir).current().files
    again = naha.scan(SERIAL, FIRST)
    assert codes(inspected) == set()
    assert "serial.seen_other_port" not in codes(again)
    assert "serial.seen_elsewhere" not in codes(again)


def test_after_ninety_days_a_sighting_says_nothing_and_its_file_is_gone(land: Country) -> None:
    naha, narita = land.port("naha-1", "Naha"), land.port("narita-1", "Narita")
    narita.scan(SERIAL, FIRST)
    narita.sync()
    naha.sync()
    land.clock.later(days=91)
    assert "serial.seen_other_port" not in codes(naha.scan(SERIAL, SECOND))
    naha.sync()
    narita.sync()
    with reading(land.central.engine) as connection:
        assert all(row.made > "2026-11-22" for row in connection.execute(select(sighting_files.c.made)))


def test_ten_files_become_one_which_boxes_make_of_what_they_hold(land: Country) -> None:
    naha = land.port("naha-1", "Naha")
    for number in range(FAN):
        naha.scan(f"{SERIAL}{number}", FIRST)
        land.clock.later(seconds=61)
        learned = naha.sync()
    assert (learned.fetched, learned.made) == (1, 0)  # the tenth was replaced before anybody fetched it
    with writing(land.central.engine) as connection:
        files = listed(connection)
        assert [len(file.parts) for file in files] == [FAN]
    for number in range(FAN):
        assert Knowledge(naha.state_dir).seen_elsewhere([f"sgtin:09521234543213:A1{number}"], date(2026, 11, 21))
    other = land.port("narita-1", "Narita")
    assert other.sync().fetched == 1
    assert other.sync() == type(learned)()


def test_what_the_pinned_key_did_not_sign_is_not_believed(land: Country, monkeypatch: pytest.MonkeyPatch) -> None:
    naha, narita = land.port("naha-1", "Naha"), land.port("narita-1", "Narita")
    narita.scan(SERIAL, FIRST)
    narita.sync()
    ask = naha.link.ask

    def altered(*asked: object, **more: object) -> object:
        answer = ask(*asked, **more)  # type: ignore[arg-type]
        object.__setattr__(answer, "data", answer.data.replace(b"Naha", b"Nahe"))
        return answer

    monkeypatch.setattr(naha.link, "ask", altered)
    with pytest.raises(DocumentRefused):
        naha.sync()
    assert Knowledge(naha.state_dir).current().files == ()


@pytest.mark.parametrize(
    ("file", "came"),
    [
        ({"sha256": "../../x"}, "ValueError: non-hexadecimal number found in fromhex() arg at position 0"),
        ({"size": 10**12}, f"ValueError: a file of {10**12} bytes"),
        ({"parts": None}, "TypeError: 'NoneType' object is not iterable"),
    ],
)
def test_a_central_cannot_name_a_file_outside_or_fill_the_card(
    land: Country, monkeypatch: pytest.MonkeyPatch, file: dict[str, object], came: str
) -> None:
    naha = land.port("naha-1", "Naha")
    told = {"type": KNOWLEDGE, "schema": SCHEMA, "central": land.central.id, "device": "naha-1", "issued": ""}
    whole = {"sha256": "0" * 64, "size": 9, "packed": 9, "parts": []} | file
    data = signed({**told, "content": {"files": [whole]}}, land.central.private.sign, land.central.id)
    monkeypatch.setattr(naha.link, "ask", lambda *_asked, **_more: Answer(200, {}, data))
    with pytest.raises(DocumentRefused) as refused:
        learn(naha.state_dir, naha.link)
    assert refused.value.message == f"sekisho-knowledge: expected files that a box can hold, got {came}."
    assert not (naha.state_dir / FOLDER).exists()


def test_a_damaged_file_says_nothing_and_comes_again(land: Country) -> None:
    naha, narita = land.port("naha-1", "Naha"), land.port("narita-1", "Narita")
    narita.scan(SERIAL, FIRST)
    narita.sync()
    naha.sync()
    file = next(path for path in (naha.state_dir / FOLDER).iterdir() if path.name != NAME)
    file.unlink()
    assert codes(land.port("naha-2", "Naha").scan(SERIAL, SECOND)) == set()
    assert naha.sync().fetched == 1
    assert "serial.seen_other_port" in codes(naha.scan(SERIAL, SECOND))


def test_only_an_enrolled_box_is_told(land: Country) -> None:
    naha = land.port("naha-1", "Naha")
    naha.link._private = Ed25519PrivateKey.generate()
    with pytest.raises(CentralRefused) as refused:
        naha.link.ask("GET", "/v1/knowledge")
    assert refused.value.code == "access_device"


def test_files_are_cut_from_the_feed_once_on_both_databases(central: Central, box: Callable[..., Box]) -> None:
    one = box()
    item = {"gtin": {"value": "09521234543213"}, "serial": "A1"}
    parcel = json.dumps([{"scheme": "S10", "value": FIRST, "source": ""}])
    body = {"request": "", "assessment": {"identity": {"items": [item]}}}
    strange = {"request": "", "assessment": {"identity": {"items": "none"}}}
    one.ledger.append([assessed(1, body=body, personal={"identity.parcel_numbers": parcel}), assessed(2, body=strange)])
    ingest(central.engine, central.id, one.batch(), DAY.isoformat())
    assert (cut(central, every_s=0), cut(central, every_s=0)) == (2, 0)
    with reading(central.engine) as connection:
        (file,) = listed(connection)
    found = SightingFile(zstandard.decompress(packed_file(central, file.sha256)))
    secret = secret_of(central, "2026-11")
    seen = [SeenAt("Narita", date(2026, 11, 21), with_parcel=True)]
    assert list(found.find(hashed(secret, "sgtin:09521234543213:A1"))) == seen
    assert list(found.find(hashed(secret, f"S10:{FIRST}"))) == seen
    assert (found.count, file.size) == (2, len(zstandard.decompress(packed_file(central, file.sha256))))
