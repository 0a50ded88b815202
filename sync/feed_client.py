"""The feed of a central, for programs: rows in order, each once, resumable by a cursor.

    for row in Feed("https://central.example", token).rows(after=cursor):
        store(row)
        cursor = row.cursor

It keeps nothing: whoever reads stores the cursor together with what it made of the row, and is then exact.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

import urllib3

from sync.errors import CentralRefused, CentralUnreachable

_CONNECT_S, _SILENCE_S = 10.0, 30.0
_LONGEST_WAIT_S = 25.0


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One row of a box's ledger."""

    cursor: int
    port: str
    ledger: str
    seq: int
    kind: str  # "opened", "assessed", "disposed", ...
    inspection: str
    device: str
    station: str
    officer: str
    at: datetime  # by the box's clock
    clock: str  # how far that was believed
    body: Mapping[str, Any]
    personal: Mapping[str, str]  # empty for tokens that may not see it
    hash: str

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> FeedRow:
        """A row of a page."""
        row = told["row"]
        names = ("seq", "kind", "inspection", "station", "officer", "clock", "body", "hash")
        return cls(
            cursor=told["cursor"],
            port=told["port"],
            device=told["device"],
            ledger=told["ledger"],
            at=datetime.fromisoformat(row["at"]),
            personal=row.get("personal", {}),
            **{name: row[name] for name in names},
        )


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Rows, the cursor to go on from, and whether nothing followed."""

    rows: tuple[FeedRow, ...]
    next: int
    at_end: bool


class Feed:
    """The feed of one central, read with one token. One thread at a time."""

    def __init__(self, url: str, token: str) -> None:
        """Read from `url`; nothing is connected yet."""
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}
        timeout = urllib3.Timeout(connect=_CONNECT_S, read=_LONGEST_WAIT_S + _SILENCE_S)
        self._pool = urllib3.PoolManager(timeout=timeout, retries=urllib3.Retry(4, backoff_factor=0.2), maxsize=1)

    def page(self, after: int = 0, *, limit: int = 500, wait_s: float = 0.0, **filters: str) -> FeedPage:
        """The rows after a cursor; waits up to `wait_s` for the first. Filters: kind, port, outcome, device.

        Raises:
            CentralUnreachable, CentralRefused.
        """
        return self._page(after, limit, wait_s, filters)

    def _page(self, after: int, limit: int, wait_s: float, filters: Mapping[str, str]) -> FeedPage:
        told = json.loads(self._get("/v1/feed", after=after, limit=limit, wait_s=wait_s, **filters))
        return FeedPage(tuple(FeedRow.from_json(row) for row in told["rows"]), told["next"], told["at_end"])

    def rows(self, after: int = 0, *, follow: bool = False, **filters: str) -> Iterator[FeedRow]:
        """Every row after a cursor; with `follow` also those that are still to come.

        Raises:
            CentralUnreachable, CentralRefused.
        """
        while True:
            page = self._page(after, 500, _LONGEST_WAIT_S if follow else 0.0, filters)
            yield from page.rows
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
        url = f"{self._url}{path}?{urlencode(query)}" if query else f"{self._url}{path}"
        try:
            answer = self._pool.request("GET", url, headers=self._headers)
        except urllib3.exceptions.HTTPError as error:
            raise CentralUnreachable(
                "central_unreachable", f"{self._url}: expected an answer, got {error}.", hint="Try again later."
            ) from error
        if answer.status >= 400:  # noqa: PLR2004 - HTTP
            try:
                told = json.loads(answer.data)
                raise CentralRefused(told["code"], told["detail"], hint=told["hint"])
            except (ValueError, KeyError, TypeError) as error:
                message = f"{self._url}: expected an answer of a central, got status {answer.status}."
                raise CentralRefused("central_answer", message) from error
        return answer.data
