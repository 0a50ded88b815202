"""The feed of a central, for programs: rows in order, each once, resumable by a cursor; the same as EPCIS; exports.

    for row in Feed("https://central.example", token).rows(after=cursor):
        store(row)
        cursor = row.cursor

It keeps nothing: whoever reads stores the cursor together with what it made of the row, and is then exact. It needs
urllib3 and nothing else of the product.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, NoReturn, TypeVar
from urllib.parse import quote, urlencode

import urllib3

from sync.backoff import Schedule
from sync.errors import CentralRefused, CentralUnreachable
from sync.feed_rows import EpcisPage, FeedPage, FeedRow

_CONNECT_S, _SILENCE_S = 10.0, 30.0
_LONGEST_WAIT_S = 25.0
_PAGE = 500  # rows that are asked for at once
_PIECE = 1 << 16  # bytes of an export that are in memory at once
_BUSY = (429, 502, 503, 504)  # worth another try
_RETRIES = urllib3.Retry(
    4, backoff_factor=0.2, backoff_jitter=0.2, status_forcelist=_BUSY, allowed_methods={"GET"}, raise_on_status=False
)
_AWAY = Schedule(first_retry_s=1.0, longest_retry_s=60.0)  # between tries of a reader that follows
P = TypeVar("P", FeedPage, EpcisPage)


class Feed:
    """The feed of one central, read with one token. One thread at a time."""

    def __init__(self, url: str, token: str, *, ca_file: str | None = None, patience_s: float = 3_600.0) -> None:
        """Read from `url`; nothing is connected yet.

        `ca_file` holds the certificates to believe, when not the system's. A reader that follows keeps trying for
        `patience_s` while the central is away; everything else gives up after five tries in some seconds.
        """
        self._url = url.rstrip("/")
        self._token = {"Authorization": f"Bearer {token}"}
        self._patience_s = patience_s
        timeout = urllib3.Timeout(connect=_CONNECT_S, read=_LONGEST_WAIT_S + _SILENCE_S)
        self._pool = urllib3.PoolManager(timeout=timeout, retries=_RETRIES, maxsize=1, ca_certs=ca_file)

    def page(self, after: int = 0, *, limit: int = _PAGE, wait_s: float = 0.0, **filters: str) -> FeedPage:
        """The rows after a cursor; waits up to `wait_s` for the first. Filters: kind, port, outcome, device.

        Raises:
            CentralUnreachable, CentralRefused.
        """
        return self._feed_page(after, limit, wait_s, filters)

    def _feed_page(self, after: int, limit: int, wait_s: float, filters: Mapping[str, str]) -> FeedPage:
        told = json.loads(self._get("/v1/feed", after=after, limit=limit, wait_s=wait_s, **filters))
        return FeedPage(tuple(FeedRow.from_json(row) for row in told["rows"]), told["next"], told["at_end"])

    def rows(self, after: int = 0, *, follow: bool = False, **filters: str) -> Iterator[FeedRow]:
        """Every row after a cursor; with `follow` also those that are still to come.

        Raises:
            CentralUnreachable, CentralRefused.
        """
        for page in self._pages(after, follow, lambda after, wait_s: self._feed_page(after, _PAGE, wait_s, filters)):
            yield from page.rows

    def epcis_page(self, after: int = 0, *, limit: int = _PAGE, wait_s: float = 0.0, **filters: str) -> EpcisPage:
        """The rows after a cursor as a document of EPCIS 2.0. Filters: port, device.

        Raises:
            CentralUnreachable, CentralRefused.
        """
        return self._epcis_page(after, limit, wait_s, filters)

    def _epcis_page(self, after: int, limit: int, wait_s: float, filters: Mapping[str, str]) -> EpcisPage:
        told = json.loads(self._get("/v1/epcis/documents", after=after, limit=limit, wait_s=wait_s, **filters))
        return EpcisPage(told, told["sekisho:next"], told["sekisho:atEnd"])

    def epcis(self, after: int = 0, *, follow: bool = False, **filters: str) -> Iterator[EpcisPage]:
        """Documents of everything after a cursor, each to be captured whole before its `next` is stored.

        Raises:
            CentralUnreachable, CentralRefused.
        """
        for page in self._pages(after, follow, lambda after, wait_s: self._epcis_page(after, _PAGE, wait_s, filters)):
            if page.events:
                yield page

    def export(self, form: str, file: BinaryIO, after: int = 0, **asked: str) -> int:
        """Write an export ("csv", "parquet", "epcis"), filtered by port, since, until; the cursor for the next.

        Raises:
            CentralUnreachable: what was written is not whole. CentralRefused.
        """
        url = f"{self._url}/v1/exports/{form}?{urlencode({'after': after, **asked})}"
        try:
            answer = self._pool.request("GET", url, headers=self._token, preload_content=False)
            if answer.status >= 400:  # noqa: PLR2004 - HTTP
                self._refuse(answer.status, answer.read())
            file.writelines(answer.stream(_PIECE))
            answer.release_conn()
        except urllib3.exceptions.HTTPError as error:
            raise self._unreachable(error) from error
        return int(answer.headers["Sekisho-Next"])

    def _pages(self, after: int, follow: bool, ask: Callable[[int, float], P]) -> Iterator[P]:  # noqa: FBT001 - handed on
        failures, since = 0, time.monotonic()
        while True:
            try:
                page = ask(after, _LONGEST_WAIT_S if follow else 0.0)
            except CentralUnreachable:
                failures += 1
                if not follow or time.monotonic() - since > self._patience_s:
                    raise
                time.sleep(_AWAY.wait_s(failures, random.random()))
                continue
            failures, since = 0, time.monotonic()
            yield page
            after = page.next
            if page.at_end and not follow:
                return

    def pictures(self, row: FeedRow) -> dict[str, str]:
        """The pictures of a row that this token may see and that have arrived: SHA-256 to an address for `fetch`.

        Raises:
            CentralUnreachable, CentralRefused.
        """
        at = "/".join(quote(str(part), safe="") for part in (row.device, row.ledger, row.seq))
        told = json.loads(self._get(f"/v1/rows/{at}/pictures"))
        return {one["sha256"]: one["url"] for one in told["pictures"] if one["url"]}

    def fetch(self, address: str) -> bytes:
        """The picture at an address of `pictures`, which is good for some minutes.

        Raises:
            CentralUnreachable, CentralRefused: access_url_ended: ask anew.
        """
        return self._get(address)

    def _get(self, path: str, **query: object) -> bytes:
        """The answer at a path of the central, or at a whole address, which is signed and is not shown the token."""
        url = path if path.startswith(("http://", "https://")) else self._url + path
        url = f"{url}?{urlencode(query)}" if query else url
        try:
            answer = self._pool.request("GET", url, headers=self._token if url.startswith(f"{self._url}/") else {})
        except urllib3.exceptions.HTTPError as error:
            raise self._unreachable(error) from error
        if answer.status >= 400:  # noqa: PLR2004 - HTTP
            self._refuse(answer.status, answer.data)
        return answer.data

    def _unreachable(self, error: Exception) -> CentralUnreachable:
        message = f"{self._url}: expected an answer, got {error}."
        return CentralUnreachable("central_unreachable", message, hint="Try again later.")

    def _refuse(self, status: int, data: bytes) -> NoReturn:
        try:
            told = json.loads(data)
            refused = CentralRefused(told["code"], told["detail"], hint=told["hint"])
        except (ValueError, KeyError, TypeError) as error:
            message = f"{self._url}: expected an answer of a central, got status {status}."
            if status in _BUSY:  # a proxy in front of it
                raise CentralUnreachable("central_unreachable", message, hint="Try again later.") from error
            raise CentralRefused("central_answer", message) from error
        if status in _BUSY:
            raise CentralUnreachable("central_unreachable", refused.message, hint=refused.hint)
        raise refused
