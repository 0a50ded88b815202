"""Pairing: a token that is good once and for minutes, shown as a QR code, becomes a handheld's own secret.

Tokens live in memory: a restart of the bench ends them. A secret travels once, in the answer to its token, and is
kept by the handheld's browser as a cookie that no script reads. Every pairing and every revocation is a row of the
ledger, also a revocation by the command line, which the bench finds in the file.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from edge.errors import AccessRefused, PeopleError, RequestRefused
from edge.handhelds.kept import NONE, Handheld, Handhelds, HandheldsFile, removed
from edge.handhelds.rows import PAIRED, REVOKED, Pairing, Revocation
from edge.inspection import NOT_SIGNED_IN, Origin
from edge.moment import Moment
from edge.people.lockout import Lockout
from edge.storage import documents
from edge.storage.chain import Entry, Row
from edge.storage.ledger import Ledger

TOKEN_S = 300.0
_MOST_TOKENS = 20
_MOST_HANDHELDS = 200
_MOST_NAME = 40
_FREE_TRIES = 5
_FORGET_S = 3600.0
_LOOKED_BACK = 2_000  # rows of pairings


@dataclass(frozen=True, slots=True)
class _Offer:
    name: str
    station: str
    officer: str
    until_s: float


class Pairings:
    """The handhelds of one box at work. Safe to call from many threads."""

    def __init__(  # noqa: PLR0917 - what it uses, and no more
        self,
        state_dir: Path,
        ledger: Ledger,
        origin: Callable[[str, str], Origin],
        now: Callable[[], Moment],
        tell: Callable[[Row], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`origin` is of a station and an officer; `tell` is given every new row."""
        self._file = HandheldsFile(state_dir)
        self._ledger, self._origin, self._now, self._tell, self._clock = ledger, origin, now, tell, clock
        self._handhelds: Handhelds = NONE
        self._mark: object = object()  # of no file
        self._offers: dict[str, _Offer] = {}
        self._tries = Lockout(_FREE_TRIES, forget_s=_FORGET_S)
        self._lock = threading.RLock()

    def offer(self, name: str, station: str, officer: str) -> str:
        """A new token: whoever brings it within TOKEN_S is paired for `station`. The oldest gives way.

        Raises:
            RequestRefused: request_handheld: the name cannot be shown.
        """
        if not 0 < len(name) <= _MOST_NAME or not name.isprintable():
            message = f"Expected a name of 1 to {_MOST_NAME} printable characters, got {name[:80]!r}."
            raise RequestRefused("request_handheld", message, hint="It is shown in the list, e.g. yard 3.")
        token = secrets.token_urlsafe(18)
        with self._lock:
            now_s = self._clock()
            self._offers = {key: one for key, one in self._offers.items() if one.until_s > now_s}
            while len(self._offers) >= _MOST_TOKENS:
                del self._offers[next(iter(self._offers))]
            self._offers[_hash(token)] = _Offer(name, station, officer, now_s + TOKEN_S)
        return token

    def pair(self, token: str, client: str) -> tuple[Handheld, str]:
        """The handheld that a token makes, and the value of its cookie. The token is nobody's from here on.

        Raises:
            AccessRefused: access_locked, access_pairing. PeopleError: handhelds_damaged, handhelds_unwritable.
            RequestRefused: request_handheld: too many are paired.
        """
        with self._lock:
            now_s = self._clock()
            if (wait_s := self._tries.wait_s(client, now_s)) > 0:
                message = f"Expected no try within a pause after wrong ones, got one {wait_s:.0f} s before its end."
                raise AccessRefused("access_locked", message, hint="Wait, then scan a new code.")
            offer = self._offers.pop(_hash(token), None)
            if offer is None or offer.until_s <= now_s:
                self._tries.wrong(client, now_s)
                raise AccessRefused(
                    "access_pairing",
                    "Expected a pairing code that was not used and is at most five minutes old, got another.",
                    hint="Show a new one on the page Handhelds and scan it.",
                )
            self._load()
            if len(self._handhelds) >= _MOST_HANDHELDS:
                message = f"Expected at most {_MOST_HANDHELDS} handhelds, got one more."
                raise RequestRefused("request_handheld", message, hint="Revoke those that are not used any more.")
            secret = secrets.token_urlsafe(32)
            since = self._now()
            made = Handheld(
                f"hh-{secrets.token_hex(4)}",
                offer.name,
                offer.station,
                since.utc.isoformat(timespec="seconds"),
                _hash(secret),
            )
            self._append(PAIRED, offer.station, offer.officer, "pairing", Pairing(made.id, offer.station))
            self._handhelds = self._file.change(lambda before: MappingProxyType({**before, made.id: made}))
            self._mark = self._file.mark()
            return made, f"{made.id}.{secret}"

    def of(self, cookie: str) -> Handheld | None:
        """Whose cookie this is. While the file cannot be read it is nobody's."""
        name, _, secret = cookie.partition(".")
        if not secret:
            return None
        try:
            found = self.all().get(name)
        except PeopleError:
            return None
        return found if found is not None and hmac.compare_digest(found.secret, _hash(secret)) else None

    def all(self) -> Handhelds:
        """Every paired handheld by id.

        Raises:
            PeopleError: handhelds_damaged.
        """
        with self._lock:
            self._load()
            return self._handhelds

    def revoke(self, name: str, officer: str) -> None:
        """From the next request on this handheld is a stranger.

        Raises:
            NotFound: handheld_not_found. PeopleError: handhelds_damaged, handhelds_unwritable.
        """
        with self._lock:
            self._load()
            station = self._handhelds[name].station if name in self._handhelds else ""
            self._handhelds = self._file.change(lambda before: removed(before, name))
            self._mark = self._file.mark()
            self._append(REVOKED, station, officer, "revocation", Revocation(name))

    def _load(self) -> None:
        mark = self._file.mark()
        if mark == self._mark:
            return
        known = dict(self._handhelds) if self._mark is None or isinstance(self._mark, tuple) else self._told()
        self._handhelds = self._file.read()
        self._mark = mark
        for gone in known.keys() - self._handhelds.keys():  # by the command line
            station = before.station if (before := known[gone]) is not None else ""
            self._append(REVOKED, station, NOT_SIGNED_IN, "revocation", Revocation(gone))

    def _told(self) -> dict[str, Handheld | None]:
        """The handhelds that the ledger knows of, after a restart."""
        known: dict[str, Handheld | None] = {}
        for row in reversed(self._ledger.recent(_LOOKED_BACK, kinds=(PAIRED, REVOKED))):
            body = row.entry.body
            if row.entry.kind == PAIRED:
                known[body["pairing"]["handheld"]] = None
            else:
                known.pop(body["revocation"]["handheld"], None)
        return known

    def _append(self, kind: str, station: str, officer: str, name: str, noun: object) -> None:
        entry = Entry(kind, "", self._origin(station, officer), self._now(), {name: documents.to_json(noun)})
        self._tell(self._ledger.append((entry,))[0])


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
