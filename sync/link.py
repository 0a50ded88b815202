"""How a box talks to its central: signed requests over HTTP, tried again a little, with the central's time when needed.

Every request may be repeated: the central recognises what it has. It knows nothing of rows or pictures.
"""

from __future__ import annotations

import json
import random
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import urllib3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync.certificates import request
from sync.errors import CentralRefused, CentralUnreachable, DocumentRefused
from sync.identity import (
    Enrolment,
    EnrolmentToken,
    answered_enrolment,
    enrolment_request,
    signed_headers,
    told_time,
)
from sync.protocol import TIME, verified

TRIES = 4
_PAUSE_S = (0.2, 1.0, 3.0)
_CONNECT_S, _SILENCE_S = 10.0, 60.0
_MOST_BYTES = 4_000_000  # of an answer
_BUSY = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer with a status of success, or 304: not modified. A central never sends elsewhere."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class Link:
    """A box's line to the central that it is enrolled with. One thread at a time."""

    def __init__(
        self, enrolment: Enrolment, private: Ed25519PrivateKey, pace: Callable[[int], object] = lambda _: None
    ) -> None:
        """Talk to `enrolment.url`, signed with the device key; nothing is connected yet.

        `pace` is called with the size of each body before it is sent, and may sleep.
        """
        self._pace = pace
        self.enrolment = enrolment
        self._private = private
        self._pool = _pool()
        self._base = urlsplit(enrolment.url).path.rstrip("/")
        self._ahead_s = 0.0  # the central's clock less the box's
        self.bytes_up = 0
        self.bytes_down = 0

    def ask(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
        """One request, tried up to four times.

        Raises:
            CentralUnreachable: central_unreachable.
            CentralRefused: the central's code.
            DocumentRefused: the central's time is not signed by the pinned key.
        """
        for again in (True, False):
            try:
                return self._asked(method, path, body, headers or {})
            except CentralRefused as error:
                if error.code != "access_time" or not again:
                    raise
                self._learn_time()
        raise AssertionError("unreachable: the second try returns or raises")

    def close(self) -> None:
        """Let go of the connections."""
        self._pool.clear()

    def _asked(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        created_s, nonce = int(time.time() + self._ahead_s), secrets.token_urlsafe(12)
        whole = f"{self._base}{path}"
        signature = signed_headers(self._private, method, whole, "", body=body, created_s=created_s, nonce=nonce)
        self._pace(len(body))
        answer = _sent(self._pool, method, self.enrolment.url.rstrip("/") + path, body, {**headers, **signature})
        self.bytes_up += len(body)
        self.bytes_down += len(answer.data)
        return answer

    def _learn_time(self) -> None:
        nonce = secrets.token_urlsafe(12)
        url = f"{self.enrolment.url.rstrip('/')}/v1/time?nonce={nonce}"
        told = verified(_sent(self._pool, "GET", url, b"", {}).data, TIME, self.enrolment.central)
        if told.get("nonce") != nonce:
            message = f"Expected the time for nonce {nonce}, got one for {told.get('nonce')!r}."
            raise DocumentRefused("document_form", message, hint="Somebody answers with an old time.")
        self._ahead_s = told_time(told) - time.time()


def enrol(token: EnrolmentToken, private: Ed25519PrivateKey) -> Enrolment:
    """Enrol this box's key with the central that the token pins.

    Raises:
        CentralUnreachable, CentralRefused, DocumentRefused: document_pin: something else answers there; others.
    """
    headers = {"Content-Type": "application/json"}
    asked = enrolment_request(token, private)
    answer = _sent(_pool(), "POST", token.url.rstrip("/") + "/v1/enrolments", asked, headers)
    return answered_enrolment(token, private.public_key().public_bytes_raw().hex(), answer.data)


def renewed(enrolment: Enrolment, private: Ed25519PrivateKey) -> Enrolment:
    """The enrolment with a new certificate for the same key; nothing is kept yet.

    Raises:
        CentralUnreachable, CentralRefused, DocumentRefused.
    """
    asked = request(private, enrolment.device, enrolment.serial)
    url = enrolment.url.rstrip("/") + "/v1/certificates"
    answer = _sent(_pool(), "POST", url, asked, {"Content-Type": "application/octet-stream"})
    return enrolment.with_certificate(answer.data, private.public_key().public_bytes_raw().hex())


def _pool() -> urllib3.PoolManager:
    timeout = urllib3.Timeout(connect=_CONNECT_S, read=_SILENCE_S)
    return urllib3.PoolManager(timeout=timeout, retries=False, maxsize=1)


def _sent(pool: urllib3.PoolManager, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    came = ""
    for number in range(TRIES):
        if number:
            time.sleep(_PAUSE_S[number - 1] * random.uniform(0.5, 1.0))
        try:
            response = pool.request(method, url, body=body or None, headers=dict(headers), preload_content=False)
            data = response.read(_MOST_BYTES)
            response.release_conn()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            came = f"{type(error).__name__}: {error}"
            pool.clear()
            continue
        if response.status in _BUSY:
            came = f"status {response.status}"
            continue
        if not (200 <= response.status < 300 or response.status == 304):  # noqa: PLR2004 - HTTP
            raise _refusal(response.status, data)
        return Answer(response.status, {name.lower(): value for name, value in response.headers.items()}, data)
    raise CentralUnreachable(
        "central_unreachable",
        f"{urlsplit(url).netloc}: expected an answer within {TRIES} tries, got {came[:200]}.",
        hint="Nothing is lost: rows stay in the ledger and are sent the next time.",
    )


def _refusal(status: int, data: bytes) -> CentralRefused:
    try:
        told: dict[str, Any] = json.loads(data)
        return CentralRefused(str(told["code"]), str(told["detail"]), hint=str(told["hint"]))
    except (ValueError, KeyError, TypeError):
        message = f"Expected an answer of a central, got status {status} with {data[:80]!r}."
        return CentralRefused("central_answer", message, hint="A proxy may stand in between; check the address.")
