"""Enrolment and renewal over the line and by stick, and what a fault at each write leaves behind."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.errors import RequestRefused
from edge.moment import ClockTrust, Moment
from sync import identity, renewal
from sync.central.central import Central
from sync.central.database import migrate, opened
from sync.central.intake.holdings import holdings
from sync.central.intake.imports import take_in
from sync.central.intake.objects import ObjectsOnDisk
from sync.certificates import LIFE
from sync.errors import CentralRefused, DocumentRefused
from sync.identity import Enrolment, kept_enrolment, kept_private_key
from sync.link import Link
from sync.renewal import (
    CERTIFICATE,
    ENROLLED,
    ask_by_stick,
    ask_renewal_by_stick,
    enrolled_by_stick,
    push_certified,
    take_certificate,
)
from sync.usb import folder_of, take_receipts
from tests.central.conftest import CENTRAL
from tests.central.serving import enrolled, serving, token_for
from tests.sync.boxes import DAY, NOW, Box

GONE = Moment(DAY + LIFE + timedelta(days=30), ClockTrust.SYNCED)


class PowerCutError(Exception):
    """The power goes."""


@pytest.fixture
def central(tmp_path: Path) -> Iterator[Central]:
    engine = opened(f"sqlite:///{tmp_path / 'central.db'}")
    migrate(engine)
    (tmp_path / "central").mkdir()
    yield Central(engine, ObjectsOnDisk(tmp_path / "central"), CENTRAL, lambda: DAY)
    engine.dispose()


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path / "box")
    box.write(3)
    yield box
    box.close()


def later(central: Central, moment: Moment = GONE) -> Central:
    return replace(central, now=lambda: moment.utc)


def by_stick(central: Central, box: Box, stick: Path) -> Enrolment:
    ask_by_stick(box.folder, stick, token_for(central, "http://central"), box.private)
    assert take_in(central, stick).answered == ("sekisho-bench-1/enrolment.json",)
    return enrolled_by_stick(box.folder, stick, box.private)


def test_a_box_that_was_silent_for_two_months_renews_and_brings_its_rows(central: Central, box: Box) -> None:
    with serving(central) as url:
        first = enrolled(central, url, box)[1]
    with serving(later(central)) as url:
        replace(first, url=url).keep(box.folder)
        kept = kept_enrolment(box.folder)
        assert kept is not None
        with closing(Link(kept, box.private)) as link:
            assert push_certified(box.folder, link, box.private, lambda: GONE).rows == 3
    renewed = kept_enrolment(box.folder)
    assert renewed is not None
    assert (renewed.told.expires, renewed.told.serial == first.told.serial) == (GONE.utc + LIFE, False)


def test_a_box_whose_clock_stands_still_renews_when_the_central_says_that_it_has_ended(
    central: Central, box: Box
) -> None:
    with serving(central) as url:
        first = enrolled(central, url, box)[1]
    with serving(later(central)) as url, closing(Link(replace(first, url=url), box.private)) as link:
        assert push_certified(box.folder, link, box.private, lambda: NOW).rows == 3


def test_a_revoked_box_is_told_so_and_renews_nothing(central: Central, box: Box) -> None:
    from sync.central.database import writing  # noqa: PLC0415 - of this test alone
    from sync.central.intake.devices import revoke  # noqa: PLC0415 - likewise

    with serving(central) as url:
        link, first = enrolled(central, url, box)
        with writing(central.engine) as connection:
            revoke(connection, "bench-1", "stolen", DAY.isoformat())
        with closing(link), pytest.raises(CentralRefused) as caught:
            push_certified(box.folder, link, box.private, lambda: GONE)
    assert caught.value.code == "access_revoked"
    assert kept_enrolment(box.folder) == first


def test_a_box_without_a_line_is_enrolled_by_stick(central: Central, box: Box, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    with pytest.raises(RequestRefused) as caught:
        enrolled_by_stick(box.folder, stick, box.private)
    assert caught.value.message == (
        f"{stick}: expected the central's answer to a request of this box, got FileNotFoundError."
    )
    enrolment = by_stick(central, box, stick)
    assert kept_enrolment(box.folder) == enrolment
    assert (enrolment.device, enrolment.recipient) == ("bench-1", central.id)
    assert not (folder_of(stick, "bench-1") / ENROLLED).exists()  # used up
    assert {"revocations.json", "revoked.crl"} <= {path.name for path in folder_of(stick, "bench-1").iterdir()}


def test_another_central_that_answers_on_the_stick_is_not_believed(central: Central, box: Box, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    ask_by_stick(box.folder, stick, token_for(central, "http://central"), box.private)
    take_in(central, stick)
    place = folder_of(stick, "bench-1") / ENROLLED
    place.write_bytes(
        place.read_bytes().replace(
            CENTRAL.public_key().public_bytes_raw().hex().encode(),
            Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex().encode(),
        )
    )
    with pytest.raises(DocumentRefused) as caught:
        enrolled_by_stick(box.folder, stick, box.private)
    assert caught.value.code == "document_pin"
    assert kept_enrolment(box.folder) is None


def test_a_certificate_is_renewed_by_the_stick_that_carries_results(central: Central, box: Box, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    first = by_stick(central, box, stick)
    assert not ask_renewal_by_stick(stick, first, box.private, DAY)
    assert ask_renewal_by_stick(stick, first, box.private, GONE.utc)
    assert "sekisho-bench-1/renewal.pem" in take_in(later(central), stick).answered
    assert take_certificate(box.folder, stick, first, box.private)
    kept = kept_enrolment(box.folder)
    assert kept is not None
    assert kept.told.expires == GONE.utc + LIFE
    assert not take_certificate(box.folder, stick, kept, box.private)  # used up
    (folder_of(stick, "bench-1") / CERTIFICATE).write_text(first.certificate)
    assert not take_certificate(box.folder, stick, kept, box.private)  # an old stick
    assert holdings(central.engine)["alarms"] == []


def test_a_certificate_of_another_key_on_the_stick_changes_nothing(central: Central, box: Box, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    first = by_stick(central, box, stick)
    other = Box(tmp_path / "other", "bench-2")
    ask_by_stick(other.folder, stick, token_for(central, "http://central", "bench-2"), other.private)
    take_in(central, stick)
    foreign = enrolled_by_stick(other.folder, stick, other.private)
    other.close()
    (folder_of(stick, "bench-1") / CERTIFICATE).write_text(foreign.certificate)
    with pytest.raises(DocumentRefused) as caught:
        take_certificate(box.folder, stick, first, box.private)
    assert caught.value.message == (
        "Expected a certificate for bench-1 and the key of this box, got one for 'bench-2'."
    )
    assert kept_enrolment(box.folder) == first


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("number", range(5))
def test_a_power_cut_at_any_write_of_enrolment_and_renewal_leaves_a_box_that_goes_on(
    central: Central, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, *, written: bool
) -> None:
    state, stick = tmp_path / "state", tmp_path / "stick"
    state.mkdir()
    writes = iter(range(100))

    def cut(write: Callable[..., None]) -> Callable[..., None]:
        def writing(path: Path, data: bytes, *, mode: int = 0o644) -> None:
            place = next(writes)
            if place == number and not written:
                raise PowerCutError(path)
            write(path, data, mode=mode)
            if place == number:
                raise PowerCutError(path)

        return writing

    def steps() -> None:
        """What a technician does, from the beginning: each step may be done again."""
        private = kept_private_key(state / "device.key")
        if kept_enrolment(state) is None:
            ask_by_stick(state, stick, token, private)
            assert not take_in(central, stick).refused
            enrolled_by_stick(state, stick, private)
        kept = kept_enrolment(state)
        assert kept is not None
        ask_renewal_by_stick(stick, kept, private, GONE.utc)
        assert "sekisho-bench-1/renewal.pem" in take_in(later(central), stick).answered
        take_certificate(state, stick, kept, private)

    token = token_for(central, "http://central")
    with monkeypatch.context() as patched:
        for module in (identity, renewal):
            patched.setattr(module, "write_durably", cut(module.write_durably))
        with pytest.raises(PowerCutError):
            steps()
    key = kept_private_key(state / "device.key").public_key()
    steps()
    kept = kept_enrolment(state)
    assert kept is not None
    assert (kept.told.public, kept.told.expires) == (key, GONE.utc + LIFE)
    assert holdings(central.engine)["alarms"] == []


def test_a_stick_leads_nobody_elsewhere(central: Central, box: Box, tmp_path: Path) -> None:
    victim, stick = tmp_path / "victim", tmp_path / "stick"
    victim.mkdir()
    stick.mkdir()
    (victim / "receipt-aa.json").touch()
    enrolment = by_stick(central, box, tmp_path / "good")
    token = token_for(central, "http://central")
    place = folder_of(stick, "bench-1")
    place.symlink_to(victim)
    for act in (
        lambda: ask_by_stick(box.folder, stick, token, box.private),
        lambda: take_receipts(box.folder, stick, enrolment),
    ):
        with pytest.raises(RequestRefused) as caught:
            act()
        assert caught.value.message == f"{place}: expected a folder, got something else."
    assert [path.name for path in victim.iterdir()] == ["receipt-aa.json"]


@pytest.mark.parametrize("planted", ["pipe", "link", "endless"])
def test_what_is_no_file_of_a_stick_keeps_nobody_waiting(
    central: Central, box: Box, tmp_path: Path, planted: str
) -> None:
    stick = tmp_path / "stick"
    first = by_stick(central, box, stick)
    ask_by_stick(box.folder, stick, token_for(central, "http://central"), box.private)
    for name, act in (
        (CERTIFICATE, lambda: take_certificate(box.folder, stick, first, box.private)),
        (ENROLLED, lambda: enrolled_by_stick(box.folder, stick, box.private)),
        ("receipt-aa.json", lambda: take_receipts(box.folder, stick, first)),
    ):
        path = folder_of(stick, "bench-1") / name
        if planted == "pipe":
            os.mkfifo(path)
        elif planted == "link":
            path.symlink_to("/dev/zero")
        else:
            path.write_bytes(b"")
            os.truncate(path, 10**12)
        with pytest.raises(RequestRefused) as caught:
            act()
        expected = "a file of 1000000 bytes or fewer that can be read"
        assert caught.value.message == f"{path}: expected {expected}, got something else."
        path.unlink()
