"""Who is signed in: at a station, and in a browser. In memory only; times are monotonic seconds. Pure; reads no clock.

A browser is either the screen of a station, and then acts for whoever is signed in there, or it is one person's own.
It is known by a random token, of which only the hash is kept; a token is never taken over from a browser, and after a
sign-out it is nobody's.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from edge.people.rows import Ending

SCREEN_S = 12 * 3600.0  # a browser that was not used for so long is no station's screen any more
_MOST_BROWSERS = 1_000


@dataclass(slots=True)
class Session:
    """One person, signed in at a station ("" for a browser of their own). `stamp` is the account's."""

    person: str
    stamp: str
    station: str
    since_s: float
    touched_s: float


@dataclass(slots=True)
class _Browser:
    station: str
    own: Session | None
    used_s: float


class Sessions:
    """All sessions of a box. For one thread at a time."""

    def __init__(self, idle_s: float, longest_s: float) -> None:
        """A session ends `idle_s` after its last act, and `longest_s` after its begin."""
        self._idle_s = idle_s
        self._longest_s = longest_s
        self._posts: dict[str, Session] = {}
        self._browsers: dict[str, _Browser] = {}

    def open(self, person: str, stamp: str, station: str, now_s: float) -> Session | None:
        """Sign a person in at a station; the session that this ends, of the same person or another."""
        before = self._posts.get(station)
        self._posts[station] = Session(person, stamp, station, now_s, now_s)
        return before

    def bind(self, station: str, own: Session | None, now_s: float) -> str:
        """A new token for a browser: the one screen of `station`, or with `own` one person's own."""
        if own is None:
            self._browsers = {key: one for key, one in self._browsers.items() if one.own or one.station != station}
        token = secrets.token_urlsafe(32)
        self._browsers[_key(token)] = _Browser(station, own, now_s)
        while len(self._browsers) > _MOST_BROWSERS:
            del self._browsers[min(self._browsers, key=lambda key: self._browsers[key].used_s)]
        return token

    def release(self, token: str) -> None:
        """A browser's token is nobody's from here on."""
        self._browsers.pop(_key(token), None)

    def close(self, station: str) -> Session | None:
        """Sign out whoever is signed in at a station."""
        return self._posts.pop(station, None)

    def at(self, station: str) -> Session | None:
        """Who is signed in at a station. Ask `ended` before."""
        return self._posts.get(station)

    def of(self, token: str, now_s: float) -> Session | None:
        """For whom a browser acts. Ask `ended` before."""
        found = self._browsers.get(_key(token)) if token else None
        if found is None:
            return None
        found.used_s = now_s
        return found.own or self._posts.get(found.station)

    def knows(self, token: str) -> bool:
        """Whether a browser's token is one that was given and is not released."""
        return bool(token) and _key(token) in self._browsers

    def ended(self, stamps: dict[str, str], now_s: float) -> list[tuple[Session, Ending]]:
        """Take out and answer every session that is over: by time, or because its account is not what it was."""
        self._browsers = {key: one for key, one in self._browsers.items() if now_s - one.used_s <= SCREEN_S}
        gone = []
        for station, session in list(self._posts.items()):
            if (why := self._over(session, stamps, now_s)) is not None:
                gone.append((self._posts.pop(station), why))
        for key, browser in list(self._browsers.items()):
            if browser.own is not None and (why := self._over(browser.own, stamps, now_s)) is not None:
                gone.append((browser.own, why))
                del self._browsers[key]
        return gone

    def left_s(self, session: Session, now_s: float) -> float:
        """How long a session has still to go without an act, seconds."""
        return max(0.0, min(session.touched_s + self._idle_s, session.since_s + self._longest_s) - now_s)

    def _over(self, session: Session, stamps: dict[str, str], now_s: float) -> Ending | None:
        if stamps.get(session.person) != session.stamp:
            return Ending.ACCOUNT
        return Ending.TIMED_OUT if self.left_s(session, now_s) <= 0 else None


def _key(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
