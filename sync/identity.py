"""Who a box is: its key, made on the box; its enrolment with a central; its signature on every request.

The key never leaves the box. A one-time token carries the central's address and the fingerprint of its key, so nothing
that answers at that address is believed without it, and the proof over the token binds the box's public key, so whoever
listens cannot enrol another. Requests are signed as in RFC 9421 (HTTP Message Signatures) with one fixed list of
components. The time in a signature is only a bound on replays: a box whose clock is wrong asks the central's signed
time for it. No record is ever stamped with that time.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edge.errors import AccessRefused, SettingsError
from edge.storage.chain import canonical
from edge.storage.credentials import secret_at
from edge.storage.database import made_once, write_durably
from sync.certificates import Certificate, request, told_certificate, verified_certificate
from sync.errors import DocumentRefused
from sync.protocol import DEVICE, key_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEY_FILE, ENROLMENT_FILE = "device.key", "central.json"
KEY_BYTES = 32
CLOCK_TOLERANCE_S = 300

TOKEN_MARK = "SEKISHO1."  # noqa: S105 - the mark before a token, not one
_COMPONENTS = '("@method" "@path" "@query" "content-digest")'
_INPUT = re.compile(
    r'sig=\("@method" "@path" "@query" "content-digest"\);created=([0-9]{1,12});nonce="([A-Za-z0-9_-]{8,64})";'
    r'keyid="([0-9a-f]{64})"'
)
_SIGNATURE = re.compile(r"sig=:([A-Za-z0-9+/=]{1,100}):")


# --- keys --------------------------------------------------


def kept_private_key(path: Path) -> Ed25519PrivateKey:
    """The Ed25519 key in `path` (32 raw bytes, readable by its owner only), made durably when there is none.

    It appears whole or not at all, whatever fails, and of two processes that make it one wins.

    Raises:
        SettingsError: settings_key: the file is no such key. It is never replaced.
        BoxError: box_key: it is sealed and not handed in; box_retiring. See edge/storage/credentials.py.
        OSError: it cannot be written.
    """
    data = secret_at(path)
    if data is None or path.exists():  # also one that is there: its name may be younger than the last sync
        made_once(path, Ed25519PrivateKey.generate().private_bytes_raw(), mode=0o600)
        data = path.read_bytes()
    return private_key(data, path)


def private_key(data: bytes, path: Path) -> Ed25519PrivateKey:
    """The key in `data`, which lies at `path`.

    Raises:
        SettingsError: settings_key.
    """
    if len(data) != KEY_BYTES:
        raise SettingsError(
            "settings_key",
            f"{path}: expected a key of {KEY_BYTES} bytes, got {len(data)} bytes.",
            hint="Restore it from its backup; or move it away and enrol the box again.",
        )
    return Ed25519PrivateKey.from_private_bytes(data)


def public_key(text: str) -> Ed25519PublicKey:
    """The public key that 64 hex digits tell.

    Raises:
        DocumentRefused: document_form.
    """
    try:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text))
    except (ValueError, TypeError) as error:
        message = f"Expected an Ed25519 public key as 64 hex digits, got {str(text)[:80]!r}."
        raise DocumentRefused("document_form", message) from error


# --- enrolment --------------------------------------------------


@dataclass(frozen=True, slots=True)
class EnrolmentToken:
    """What a technician brings to a box, once: where its central is, how that is recognised, and a secret."""

    url: str
    central: str  # the fingerprint of the central's key
    device: str
    secret: str  # 64 hex digits

    def __str__(self) -> str:
        """The token as one word."""
        told = canonical({name: getattr(self, name) for name in self.__slots__})
        return TOKEN_MARK + base64.urlsafe_b64encode(told).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> EnrolmentToken:
        """Read a token.

        Raises:
            AccessRefused: access_enrolment_token.
        """
        try:
            mark, coded = text.strip()[: len(TOKEN_MARK)], text.strip()[len(TOKEN_MARK) :]
            told = json.loads(base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4)))
            token = cls(**{name: str(told[name]) for name in cls.__slots__})
            bytes.fromhex(token.secret)
            if mark != TOKEN_MARK or not DEVICE.fullmatch(token.device):
                raise ValueError(mark)  # noqa: TRY301 - told below with the rest
        except (ValueError, KeyError, TypeError) as error:
            raise AccessRefused(
                "access_enrolment_token",
                f"Expected an enrolment token as `sekisho central enrol-token` prints it, got {len(text)} characters.",
                hint="Copy the whole line.",
            ) from error
        return token

    def proof(self, public: str) -> str:
        """What proves knowledge of the secret and binds it to one public key (64 hex digits)."""
        return enrolment_proof(bytes.fromhex(self.secret), self.device, public)


def enrolment_proof(secret: bytes, device: str, public: str) -> str:
    """HMAC-SHA256 of device and public key under the token's secret, hex."""
    return hmac.new(secret, canonical({"device": device, "public_key": public}), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A box's standing with a central."""

    url: str
    device: str
    central: Ed25519PublicKey
    certificate: str  # X.509, PEM: whose the device's key is

    @property
    def recipient(self) -> str:
        """The central's name in the outbox: its fingerprint."""
        return key_id(self.central)

    @property
    def told(self) -> Certificate:
        """What the certificate says.

        Raises:
            SettingsError: settings_enrolment: it cannot be read.
        """
        try:
            return told_certificate(self.certificate.encode())
        except DocumentRefused as error:
            raise SettingsError("settings_enrolment", error.message, hint="Enrol the box again.") from error

    @property
    def serial(self) -> str:
        """The serial number of the certificate at hand, hex; "" when it cannot be read."""
        try:
            return self.told.serial
        except SettingsError:
            return ""

    def with_certificate(self, certificate: bytes, public: str) -> Enrolment:
        """The same with another certificate, when the pinned central has signed it for this very key.

        Raises:
            DocumentRefused: document_form, document_signature, document_device.
        """
        require_own(verified_certificate(certificate, self.central), self.device, public)
        return replace(self, certificate=certificate.decode())

    def keep(self, state_dir: Path) -> None:
        """Write it down, durably.

        Raises:
            OSError: it cannot be written.
        """
        told = {
            "url": self.url,
            "device": self.device,
            "central": self.central.public_bytes_raw().hex(),
            "certificate": self.certificate,
        }
        write_durably(state_dir / ENROLMENT_FILE, json.dumps(told, indent=1).encode(), mode=0o600)


def kept_enrolment(state_dir: Path) -> Enrolment | None:
    """The box's enrolment, or None while there is none.

    Raises:
        SettingsError: settings_enrolment: the file cannot be used.
    """
    path = state_dir / ENROLMENT_FILE
    try:
        told = json.loads(path.read_bytes())
        return Enrolment(told["url"], told["device"], public_key(told["central"]), told["certificate"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, DocumentRefused) as error:
        raise SettingsError(
            "settings_enrolment",
            f"{path}: expected the enrolment of this box, got {type(error).__name__}: {error}.",
            hint="Move the file away and enrol the box again; nothing is lost by it.",
        ) from error


def enrolment_request(token: EnrolmentToken, private: Ed25519PrivateKey) -> bytes:
    """What a box sends to be enrolled: a request that its key has signed, and a token's proof; JSON, no secret."""
    public = private.public_key().public_bytes_raw().hex()
    asked = {"device": token.device, "request": request(private, token.device).decode(), "proof": token.proof(public)}
    return json.dumps(asked).encode()


def answered_enrolment(token: EnrolmentToken, public: str, answer: bytes) -> Enrolment:
    """The enrolment that an answer of the central gives.

    Raises:
        DocumentRefused: as `checked_enrolment`.
    """
    try:
        told = json.loads(answer)
        central, certificate = str(told["public_key"]), str(told["certificate"]).encode()
    except (ValueError, KeyError, TypeError) as error:
        raise DocumentRefused("document_form", f"Expected an enrolment, got {answer[:80]!r}.") from error
    return checked_enrolment(token, public, central, certificate)


def checked_enrolment(token: EnrolmentToken, public: str, central: str, certificate: bytes) -> Enrolment:
    """The enrolment that an answer of the central gives, when it is the pinned one and speaks of this very key.

    Raises:
        DocumentRefused: document_form, document_signature, document_pin: another central; document_device.
    """
    key = public_key(central)
    if key_id(key) != token.central:
        raise DocumentRefused(
            "document_pin",
            f"Expected the central with fingerprint {token.central}, got {key_id(key)}.",
            hint="Something else answers at this address: check the network, do not go on.",
        )
    require_own(verified_certificate(certificate, key), token.device, public)
    return Enrolment(token.url, token.device, key, certificate.decode())


def require_own(certificate: Certificate, device: str, public: str) -> None:
    """Pass when a certificate is for this device and its very key.

    Raises:
        DocumentRefused: document_device.
    """
    if (certificate.device, certificate.public.public_bytes_raw().hex()) != (device, public):
        raise DocumentRefused(
            "document_device",
            f"Expected a certificate for {device} and the key of this box, got one for {certificate.device!r}.",
            hint="Ask the central's operator for a new token.",
        )


# --- requests --------------------------------------------------


def content_digest(body: bytes) -> str:
    """Content-Digest of RFC 9530."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def signed_headers(
    private: Ed25519PrivateKey, method: str, path: str, query: str, *, body: bytes, created_s: int, nonce: str
) -> dict[str, str]:
    """The headers that sign one request. `query` is without its question mark."""
    parameters = f'{_COMPONENTS};created={created_s};nonce="{nonce}";keyid="{key_id(private.public_key())}"'
    digest = content_digest(body)
    signature = private.sign(_base(method, path, query, digest, parameters))
    return {
        "Content-Digest": digest,
        "Signature-Input": f"sig={parameters}",
        "Signature": f"sig=:{base64.b64encode(signature).decode()}:",
    }


def _base(method: str, path: str, query: str, digest: str, parameters: str) -> bytes:
    """The signature base of RFC 9421, section 2.5."""
    lines = (("@method", method), ("@path", path), ("@query", f"?{query}"), ("content-digest", digest))
    text = "".join(f'"{name}": {value}\n' for name, value in lines)
    return f'{text}"@signature-params": {parameters}'.encode()


@dataclass(frozen=True, slots=True)
class RequestSignature:
    """The signature of a request as its headers tell it, not verified yet."""

    key: str  # key id
    created_s: int
    nonce: str
    digest: str
    parameters: str
    signature: bytes

    @classmethod
    def parse(cls, headers: Mapping[str, str]) -> RequestSignature:
        """Read the headers (names in lower case).

        Raises:
            AccessRefused: access_signature.
        """
        given = _INPUT.fullmatch(headers.get("signature-input", ""))
        coded = _SIGNATURE.fullmatch(headers.get("signature", ""))
        if given is None or coded is None:
            raise AccessRefused(
                "access_signature",
                f"Expected a request signed as RFC 9421 says over {_COMPONENTS}, got none.",
                hint="Only enrolled boxes talk here; central systems read /v1/feed with their token.",
            )
        parameters = headers["signature-input"].removeprefix("sig=")
        with contextlib.suppress(ValueError):
            signature = base64.b64decode(coded[1], validate=True)
            return cls(given[3], int(given[1]), given[2], headers.get("content-digest", ""), parameters, signature)
        raise AccessRefused("access_signature", "Expected a signature in base64, got something else.")

    def verify(
        self, public: Ed25519PublicKey, method: str, path: str, query: str, *, body: bytes, now_s: float
    ) -> None:
        """Pass when `public` signed this very request about now.

        Raises:
            AccessRefused: access_signature: it is of another key or for another request; access_time.
        """
        try:
            public.verify(self.signature, _base(method, path, query, self.digest, self.parameters))
            right = self.digest == content_digest(body)
        except InvalidSignature:
            right = False
        if not right:
            raise AccessRefused(
                "access_signature",
                f"Expected a signature of key {self.key[:16]} over this request, got another.",
                hint="It was changed on the way, or the box has another key than it was enrolled with.",
            )
        if abs(now_s - self.created_s) > CLOCK_TOLERANCE_S:
            raise AccessRefused(
                "access_time",
                f"Expected a request made within {CLOCK_TOLERANCE_S} s, got one {now_s - self.created_s:.0f} s old.",
                hint="Ask /v1/time for the central's signed time and sign with it; records keep their own times.",
            )


def told_time(document: Mapping[str, Any]) -> float:
    """The seconds since 1970 that a verified time document tells.

    Raises:
        DocumentRefused: document_form.
    """
    value = document.get("time_s")
    if type(value) is not int:
        raise DocumentRefused("document_form", f"Expected a time in whole seconds, got {value!r}.")
    return float(value)
