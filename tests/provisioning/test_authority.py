"""The site authority speaks for its own names alone, as verifying clients see it; the box renews what it shows."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from edge.errors import RequestRefused, SettingsError
from edge.storage.database import write_durably
from edge.web.lan import SERVER_FILE
from provisioning import authority
from provisioning.authority import constraints, make, names_of, permits, renew
from provisioning.identity import AUTHORITY_FILE, AUTHORITY_KEY, SITE

NOW = datetime.now(UTC)
NAME, ADDRESS = "bench-1.local", "192.0.2.10"


def forged(state: Path, name: str) -> Path:
    """What a thief with the box's key can make: a certificate for any name."""
    private = authority._authority_key(state)
    held = x509.load_pem_x509_certificate((state / SITE / AUTHORITY_FILE).read_bytes())
    own = generate_private_key(SECP256R1())
    certificate = authority._signed(private, held, own.public_key(), names_of([name]), NOW)
    place = state / "forged.pem"
    secret = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    place.write_bytes(certificate.public_bytes(Encoding.PEM) + secret)
    return place


def handshake(server: Path, trusted: Path, name: str) -> None:
    """A real handshake between OpenSSL's two ends; raises what the client raises."""
    offered = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    offered.load_cert_chain(server)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(20)
        theirs.settimeout(20)

        def accept() -> None:
            try:
                with offered.wrap_socket(theirs, server_side=True) as line:
                    line.recv(1)
            except OSError:
                return

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            with ssl.create_default_context(cafile=trusted).wrap_socket(ours, server_hostname=name) as line:
                line.send(b"x")
        finally:
            ours.close()
            thread.join(20)


@pytest.mark.parametrize("name", [NAME, ADDRESS, "2001:db8::10"])
def test_a_client_that_trusts_the_authority_accepts_the_box_under_its_names(tmp_path: Path, name: str) -> None:
    make(tmp_path, [NAME, ADDRESS, "2001:db8::10"], [], NOW)
    handshake(tmp_path / SERVER_FILE, tmp_path / SITE / AUTHORITY_FILE, name)


@pytest.mark.parametrize("name", ["bank.example", "bench-2.local", "192.0.2.11", "2001:db8::11"])
@pytest.mark.parametrize("names", [[NAME], [ADDRESS], [NAME, ADDRESS]], ids=["dns", "address", "both"])
def test_a_client_refuses_what_the_stolen_key_signs_for_other_names(
    tmp_path: Path, names: list[str], name: str
) -> None:
    make(tmp_path, names, [], NOW)
    with pytest.raises(ssl.SSLCertVerificationError, match=r"permitted subtree violation|excluded subtree violation"):
        handshake(forged(tmp_path, name), tmp_path / SITE / AUTHORITY_FILE, name)


def test_an_authority_of_a_hall_speaks_for_its_network_and_nothing_else(tmp_path: Path) -> None:
    make(tmp_path, [NAME, ADDRESS], ["local", "192.0.2.0/24"], NOW)
    authority.issue(tmp_path, ["bench-7.local", "192.0.2.77"], NOW)
    handshake(tmp_path / SERVER_FILE, tmp_path / SITE / AUTHORITY_FILE, "192.0.2.77")
    with pytest.raises(RequestRefused) as caught:
        authority.issue(tmp_path, ["192.0.3.1", NAME], NOW)
    assert caught.value.message == "Expected names that this authority may speak for, got 192.0.3.1."


def test_the_key_and_the_authority_stay_when_it_is_asked_again(tmp_path: Path) -> None:
    first = make(tmp_path, [NAME], [], NOW)
    key = (tmp_path / AUTHORITY_KEY).read_bytes()
    assert make(tmp_path, [NAME], [], NOW) == first
    assert make(tmp_path, [NAME], [], NOW, replace=True) != first
    assert (tmp_path / AUTHORITY_KEY).read_bytes() == key
    assert (tmp_path / AUTHORITY_KEY).stat().st_mode & 0o777 == 0o600


def test_the_box_renews_at_two_thirds_and_when_its_clock_was_wrong(tmp_path: Path) -> None:
    assert not renew(tmp_path, NOW)
    make(tmp_path, [NAME, ADDRESS], [], NOW)
    before = (tmp_path / SERVER_FILE).read_bytes()
    assert not renew(tmp_path, NOW + timedelta(days=19))
    assert (tmp_path / SERVER_FILE).read_bytes() == before
    for now in (NOW + timedelta(days=20), NOW - timedelta(days=9_000), NOW):
        assert renew(tmp_path, now)
        assert not renew(tmp_path, now)
    handshake(tmp_path / SERVER_FILE, tmp_path / SITE / AUTHORITY_FILE, NAME)


@pytest.mark.parametrize("write", range(2))
def test_a_power_cut_while_it_is_made_or_renewed_leaves_a_whole_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: int
) -> None:
    make(tmp_path, [NAME], [], NOW)
    calls = iter(range(10))

    def cut(path: Path, data: bytes, *, mode: int = 0o644) -> None:
        if next(calls) == write:
            raise OSError(5, "the power is gone")
        whole(path, data, mode=mode)

    whole = write_durably
    with monkeypatch.context() as patched:
        patched.setattr(authority, "write_durably", cut)
        with pytest.raises(OSError, match="the power is gone"):
            make(tmp_path, [NAME], [], NOW, replace=True)
    make(tmp_path, [NAME], [], NOW)
    handshake(tmp_path / SERVER_FILE, tmp_path / SITE / AUTHORITY_FILE, NAME)


@pytest.mark.parametrize("name", ["", "UPPER_CASE", "a b", "192.0.2.300", "-a", "*.local", "192.0.2.0/33"])
def test_what_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        make(tmp_path, [name], [], NOW)
    assert caught.value.code == "request_name"
    assert not (tmp_path / AUTHORITY_KEY).exists()


def test_an_authority_of_another_key_is_told(tmp_path: Path) -> None:
    make(tmp_path, [NAME], [], NOW)
    (tmp_path / AUTHORITY_KEY).unlink()
    with pytest.raises(SettingsError) as caught:
        make(tmp_path, [NAME], [], NOW)
    assert caught.value.message == "authority.pem: expected the certificate of site.key, got one of another key."


def test_what_an_authority_permits_is_judged_as_the_standard_says() -> None:
    held = constraints(names_of(["naha.example", "192.0.2.0/24"]))
    told = {text: permits(held, names_of([text])[0]) for text in ("naha.example", "a.naha.example", "192.0.2.9")}
    assert all(told.values()), told
    for text in ("xnaha.example", "example", "192.0.3.9", "2001:db8::1", "192.0.2.0/25"):
        assert not permits(held, names_of([text])[0]), text
