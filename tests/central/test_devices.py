"""Enrolment: a token serves one key once, whatever that key was before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine

from edge.errors import AccessRefused
from sync.central.database import reading, writing
from sync.central.intake.devices import (
    GRACE,
    active_key,
    enrol,
    new_token,
    renew,
    revocations,
    revoke,
    revoked_certificates,
)
from sync.central.intake.holdings import holdings
from sync.certificates import LIFE, Certificate, Requested, verified_certificate
from sync.identity import EnrolmentToken
from sync.protocol import REVOCATIONS, key_id, verified
from tests.central.conftest import CENTRAL
from tests.sync.boxes import DAY

LATER = DAY + LIFE + timedelta(days=1)
Key = Ed25519PrivateKey


def hexed(key: Key) -> str:
    return key.public_key().public_bytes_raw().hex()


@dataclass
class Desk:
    """Where tokens are made and used."""

    engine: Engine
    now: Any = DAY

    def token(self, device: str = "bench-1", port: str = "Naha") -> EnrolmentToken:
        central = key_id(CENTRAL.public_key())
        with writing(self.engine) as connection:
            return new_token(connection, "http://central", central, device, port=port, now=self.now)

    def use(self, token: EnrolmentToken, key: Key) -> bytes:
        proof = token.proof(hexed(key))
        with writing(self.engine) as connection:
            return enrol(connection, CENTRAL, token.device, hexed(key), proof=proof, now=self.now)

    def refused(self, token: EnrolmentToken, key: Key) -> AccessRefused:
        with pytest.raises(AccessRefused) as caught:
            self.use(token, key)
        return caught.value

    def port_of(self, key: Key) -> str:
        with reading(self.engine) as connection:
            return active_key(connection, key_id(key.public_key()), self.now.isoformat()).port


@pytest.fixture
def desk(engine: Engine) -> Desk:
    return Desk(engine)


@pytest.fixture
def key() -> Key:
    return Key.generate()


def told(certificate: bytes) -> Certificate:
    return verified_certificate(certificate, CENTRAL.public_key())


def test_a_token_that_a_known_key_has_used_serves_no_other_key(desk: Desk, key: Key) -> None:
    desk.use(desk.token(), key)
    again = desk.token()
    desk.use(again, key)
    refusal = desk.refused(again, Key.generate())
    assert refusal.code == "access_enrolment"
    assert refusal.message == "Expected the proof of an unused token for 'bench-1', got another."
    assert desk.port_of(key) == "Naha"


def test_an_enrolment_whose_answer_was_lost_is_answered_the_same(desk: Desk, key: Key) -> None:
    for _first_and_renewed in range(2):
        token = desk.token()
        certificate = desk.use(token, key)
        desk.now += timedelta(hours=1)
        assert desk.use(token, key) == certificate


def test_a_key_that_enrols_again_gets_the_port_and_the_time_of_its_new_token(desk: Desk, key: Key) -> None:
    assert told(desk.use(desk.token(port="Naha"), key)).port == "Naha"
    desk.now += timedelta(days=1)
    renewed = told(desk.use(desk.token(port="Narita"), key))
    own = renewed.public.public_bytes_raw().hex()
    assert (renewed.port, renewed.device, own) == ("Narita", "bench-1", hexed(key))
    assert renewed.expires == desk.now + LIFE
    assert desk.port_of(key) == "Narita"


def test_a_box_whose_certificate_has_ended_enrols_again_with_its_key(desk: Desk, key: Key) -> None:
    desk.use(desk.token(), key)
    desk.now = LATER
    with pytest.raises(AccessRefused) as caught:
        desk.port_of(key)
    assert caught.value.code == "access_expired"
    name = key_id(key.public_key())[:16]
    ended = (DAY + LIFE).isoformat()
    assert (
        caught.value.message == f"Expected a certificate that is valid, got one of key {name}, which ended at {ended}."
    )
    assert told(desk.use(desk.token(), key)).expires == LATER + LIFE
    assert desk.port_of(key) == "Naha"


@pytest.mark.parametrize("replaced", [True, False])
def test_a_revoked_key_is_told_to_be_replaced_and_a_new_key_is_taken(desk: Desk, key: Key, *, replaced: bool) -> None:
    first = desk.token()
    desk.use(first, key)
    if replaced:
        desk.use(desk.token(), Key.generate())
    else:
        with writing(desk.engine) as connection:
            revoke(connection, "bench-1", "stolen at gate 4", DAY.isoformat())
    token = desk.token()
    for one in (token, first):
        refusal = desk.refused(one, key)
        assert refusal.code == "access_revoked"
        name = key_id(key.public_key())[:16]
        assert refusal.message == f"Expected a key that may sign, got {name}, which was revoked at {DAY.isoformat()}."
        assert refusal.hint == (
            "If the box is in good hands: On the box, move device.key away and enrol with a new token: "
            "it makes a new key."
        )
    fresh = Key.generate()
    desk.use(token, fresh)  # what was refused has not used it up
    assert desk.port_of(fresh) == "Naha"


def test_the_key_of_one_device_is_not_enrolled_under_another_name(desk: Desk, key: Key) -> None:
    desk.use(desk.token("bench-8"), key)
    refusal = desk.refused(desk.token("bench-99"), key)
    assert refusal.code == "access_key"
    assert refusal.message == "bench-99: expected a key of its own, got the one that bench-8 is enrolled with."


def test_the_open_list_of_revoked_keys_names_no_device_and_no_reason(desk: Desk, key: Key) -> None:
    new = Key.generate()
    desk.use(desk.token(), key)
    desk.use(desk.token(), new)
    with writing(desk.engine) as connection:
        revoke(connection, "bench-1", "stolen by Tanaka", DAY.isoformat())
    with reading(desk.engine) as connection:
        data = revocations(connection, CENTRAL, DAY.isoformat())
    listed = verified(data, REVOCATIONS, CENTRAL.public_key())["revoked"]
    codes = {key_id(key.public_key()): "replaced", key_id(new.public_key()): "revoked"}
    assert {one["key"]: one["code"] for one in listed} == codes
    assert {name for one in listed for name in one} == {"key", "revoked", "code"}
    assert b"bench-1" not in data
    assert b"Tanaka" not in data


# --- renewal --------------------------------------------------


def renewed(desk: Desk, key: Key, serial: str) -> Certificate:
    with writing(desk.engine) as connection:
        return told(renew(connection, CENTRAL, Requested("bench-1", hexed(key), serial), desk.now))


def alarms(desk: Desk) -> list[str]:
    return [alarm["code"] for alarm in holdings(desk.engine)["alarms"]]


def test_a_certificate_is_renewed_with_the_port_it_had_also_after_it_has_ended(desk: Desk, key: Key) -> None:
    first = told(desk.use(desk.token(), key))
    desk.now = LATER
    second = renewed(desk, key, first.serial)
    assert (second.port, second.expires, second.serial == first.serial) == ("Naha", LATER + LIFE, False)
    assert desk.port_of(key) == "Naha"


def test_a_box_that_was_silent_for_too_long_needs_a_new_token(desk: Desk, key: Key) -> None:
    first = told(desk.use(desk.token(), key))
    desk.now = DAY + LIFE + GRACE + timedelta(seconds=1)
    with pytest.raises(AccessRefused) as caught:
        renewed(desk, key, first.serial)
    assert caught.value.code == "access_expired"
    assert caught.value.hint == "A box renews it by itself within 90 days; after that: sekisho results enrol FILE."


def test_a_revoked_or_unknown_key_renews_nothing(desk: Desk, key: Key) -> None:
    first = told(desk.use(desk.token(), key))
    with writing(desk.engine) as connection:
        revoke(connection, "bench-1", "stolen", desk.now.isoformat())
    for asking, code in ((key, "access_revoked"), (Key.generate(), "access_device")):
        with pytest.raises(AccessRefused) as caught:
            renewed(desk, asking, first.serial)
        assert caught.value.code == code


def test_a_renewal_whose_answer_was_lost_is_answered_the_same(desk: Desk, key: Key) -> None:
    first = told(desk.use(desk.token(), key))
    desk.now += timedelta(days=20)
    assert renewed(desk, key, first.serial) == renewed(desk, key, first.serial)
    assert alarms(desk) == []


def test_a_copy_of_a_box_is_noticed_when_both_renew(desk: Desk, key: Key) -> None:
    first = told(desk.use(desk.token(), key))
    desk.now += timedelta(days=20)
    second = renewed(desk, key, first.serial)
    desk.now += timedelta(days=20)
    renewed(desk, key, second.serial)
    assert alarms(desk) == []
    assert renewed(desk, key, first.serial).serial != second.serial  # the copy shows what the disk had: it is served
    assert alarms(desk) == ["identity_forked"]


def test_the_list_names_every_certificate_of_a_revoked_key_until_it_has_ended(desk: Desk, key: Key) -> None:
    first = told(desk.use(desk.token(), key))
    desk.use(desk.token("bench-2"), Key.generate())
    desk.now += timedelta(days=20)
    second = renewed(desk, key, first.serial)
    with writing(desk.engine) as connection:
        revoke(connection, "bench-1", "stolen", desk.now.isoformat())
    for now, serials in ((desk.now, {first.serial, second.serial}), (LATER, {second.serial})):
        with reading(desk.engine) as connection:
            listed = x509.load_der_x509_crl(revoked_certificates(connection, CENTRAL, now))
        assert listed.is_signature_valid(CENTRAL.public_key())
        assert {f"{one.serial_number:x}" for one in listed} == serials
