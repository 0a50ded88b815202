"""The desk: who signs in and out, for whom an act counts, and the row of each. A thread's door to edge/people.

Every answer leaves it after its row is durable. Between two acts nothing runs: a session that is over is found, and its
row written, when somebody asks next.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from edge.errors import AccessRefused, BoxError
from edge.inspection import NOT_SIGNED_IN, Origin
from edge.moment import Moment
from edge.people import accounts as files
from edge.people import pin as pins
from edge.people.accounts import NOBODY, Account, Accounts, PeopleFile, hashed, stamp_of
from edge.people.lockout import Lockout
from edge.people.roles import Right, Role, may, roles_with
from edge.people.rows import (
    PEOPLE,
    REFUSED,
    SIGNED_IN,
    SIGNED_OUT,
    TAKEN_OVER,
    AccountStamp,
    Ending,
    People,
    Proof,
    Refusal,
    SignIn,
    SignOut,
    TakeOver,
)
from edge.people.sessions import Session, Sessions
from edge.settings import Settings
from edge.storage import documents
from edge.storage.chain import Entry, Row
from edge.storage.ledger import Ledger

_CLIENT_TRIES = 4  # times the tries of an account: several people may mistype at one client
_CLIENT_FORGET_S = 3600.0
_LOOKED_BACK = 500  # rows, for wrong tries of before a restart
_PATIENCE_S = 5.0  # for the PINs that are being looked at


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in."""

    id: str
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Claim:
    """By what somebody says to be somebody: a badge, or an id and a PIN. `client` is where it came from."""

    badge: str = ""
    person: str = ""
    pin: str = ""
    client: str = ""


@dataclass(frozen=True, slots=True)
class Presence:
    """How a station or browser stands: who is there, for how long yet, and whether somebody's time ran out there."""

    person: Person | None
    left_s: float
    timed_out: bool


class Desk:
    """The people of one box at work. Safe to call from many threads."""

    def __init__(  # noqa: PLR0917 - what it uses, and no more
        self,
        settings: Settings,
        ledger: Ledger,
        origin: Callable[[str, str], Origin],
        now: Callable[[], Moment],
        tell: Callable[[Row], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`origin` is of a station and an officer; `tell` is given every new row."""
        self._settings = settings
        self._ledger = ledger
        self._origin = origin
        self._now = now
        self._tell = tell
        self._clock = clock
        self._file = PeopleFile(settings.state_dir)
        self._accounts: Accounts = NOBODY
        self._stamps: dict[str, str] = {}
        self._mark: object = object()  # of no file
        self._sessions = Sessions(settings.session_idle_s, settings.session_s)
        self._tries = Lockout(settings.sign_in_tries)
        self._clients = Lockout(settings.sign_in_tries * _CLIENT_TRIES, forget_s=_CLIENT_FORGET_S)
        self._timed_out: set[str] = set()  # stations
        self._lock = threading.RLock()
        self._pins = threading.Lock()  # one PIN at a time: each is counted before the next is looked at
        self._restored = False

    # --- Who is there -------------------------------------------------------------------------------------------------

    def has_accounts(self) -> bool:
        """Whether the box has accounts. A file that cannot be read counts as some: the door does not fall open."""
        return self._file.mark() is not None

    def needed(self) -> bool:
        """Whether a decision needs a signed-in officer."""
        wanted = self._settings.sign_in
        return wanted == "required" or (wanted == "accounts" and self.has_accounts())

    def name_of(self, officer: str) -> str:
        """The name of the account that a row names, or the id where there is none (any more)."""
        try:
            with self._swept():
                found = self._accounts.get(officer)
        except BoxError:
            return officer
        return found.name if found is not None else officer

    def at(self, station: str, token: str = "", *, trusts_station: bool = True) -> Presence:
        """How a station stands, or with the token of a person's own browser that one. It is no act.

        `trusts_station` False: a browser without a session of its own is nobody's.
        """
        with self._swept() as now_s:
            if self._sessions.knows(token):
                session = self._sessions.of(token, now_s)
            else:
                session = self._sessions.at(station) if trusts_station else None
            if session is None:
                return Presence(None, 0.0, trusts_station and station in self._timed_out)
            return Presence(self._person(session), self._sessions.left_s(session, now_s), timed_out=False)

    def officer(self, station: str, token: str = "", *, trusts_station: bool = True) -> Person | None:
        """For whom an act counts: the browser's person, else whoever is signed in at the station. It is an act.

        `trusts_station` False: a browser without a session of its own is nobody.
        """
        if not self.has_accounts():
            return None
        with self._swept() as now_s:
            session = self._sessions.of(token, now_s)
            if session is None and trusts_station:
                session = self._sessions.at(station)
            if session is None:
                return None
            session.touched_s = now_s
            return self._person(session)

    def scanner(self, station: str, token: str = "") -> str:
        """The officer of a scan, as `officer`; NOT_SIGNED_IN too while the accounts cannot be read: no scan is lost."""
        try:
            person = self.officer(station, token)
        except BoxError:
            return NOT_SIGNED_IN
        return person.id if person is not None else NOT_SIGNED_IN

    def count(self) -> int:
        """How many accounts there are.

        Raises:
            PeopleError: people_damaged.
        """
        with self._swept():
            return len(self._accounts)

    def permitted(self, person: Person | None, right: Right, station: str) -> str:
        """The officer of a row about something that needs `right`.

        Raises:
            AccessRefused: access_person: nobody is signed in and somebody must be; access_role: this role may not.
        """
        if person is None:
            if not self.needed():
                return NOT_SIGNED_IN
            here = f" at station {station}" if station else ""
            raise AccessRefused(
                "access_person",
                f"Expected somebody signed in{here}, got nobody.",
                hint="Scan your badge, or sign in by PIN. What is open stays open.",
            )
        if not may(person.role, right):
            raise AccessRefused(
                "access_role",
                f"Expected the role {roles_with(right)}, got {person.role}.",
                hint=f"Ask an officer to sign in; {person.name} is signed in.",
            )
        return person.id

    # --- Signing in and out -------------------------------------------------------------------------------------------

    def sign_in(self, claim: Claim, *, station: str, token: str = "", browser: bool = False) -> tuple[Person, str]:
        """Sign somebody in at a station, or with "" in a browser of their own; the person and the browser's new token.

        `token` is what the browser had; it is nobody's from here on. Without `browser` no token is made.

        Raises:
            AccessRefused: see `known`. BoxError: see `known`.
        """
        account, by = self._known(claim, station)
        with self._swept() as now_s:
            stamp = self._stamps[account.id]
            before: Session | None = None
            if station:
                before = self._sessions.at(station)
                same = before is not None and before.person == account.id
                if before is not None and not same:
                    self._signed_out(before, Ending.SWITCHED, now_s)
            noun = SignIn(account.id, account.role, by, station)
            self._append(SIGNED_IN, station, account.id, "sign_in", noun)
            self._tries.right(self._asked(account.id))
            if station:
                self._sessions.open(account.id, stamp, station, now_s)
                self._timed_out.discard(station)
            if not browser:
                return self._person_of(account), ""
            self._sessions.release(token)
            own = None if station else Session(account.id, stamp, "", now_s, now_s)
            return self._person_of(account), self._sessions.bind(station, own, now_s)

    def sign_out(self, station: str, token: str = "") -> str:
        """Sign out; what the browser is from here on: a screen of its station with nobody, or nothing ("").

        The token that it had is nobody's. A token of a station's screen signs out whoever is signed in there.
        """
        with self._swept() as now_s:
            session = self._sessions.of(token, now_s)
            if session is None and not token:
                session = self._sessions.at(station)
            if session is None:
                self._sessions.release(token)
                return ""
            self._signed_out(session, Ending.ASKED, now_s)
            self._sessions.release(token)
            if not session.station:
                return ""
            self._sessions.close(session.station)
            self._timed_out.discard(session.station)
            return self._sessions.bind(session.station, None, now_s) if token else ""

    def take_over(self, inspection: str, station: str, before: str, after: str) -> None:
        """Record that an open inspection of one officer is worked on by another from here on.

        Raises:
            LedgerError: the row could not be made durable.
        """
        self._append(TAKEN_OVER, station, after, "take_over", TakeOver(before, after), inspection)

    def switch(self, after: Account, by: Proof, station: str) -> None:
        """At a hand-over: the one is signed out at the station, the other in."""
        with self._swept() as now_s:
            session = self._sessions.at(station)
            if session is not None and session.person != after.id:
                self._signed_out(session, Ending.HANDED_OVER, now_s)
            self._append(SIGNED_IN, station, after.id, "sign_in", SignIn(after.id, after.role, by, station))
            self._sessions.open(after.id, self._stamps[after.id], station, now_s)
            self._timed_out.discard(station)

    def known(self, claim: Claim, station: str, right: Right) -> tuple[Account, Proof]:
        """Whose claim this is, without signing anybody in: for a second person who agrees, or takes over.

        Raises:
            AccessRefused: access_badge, access_pin: it is nobody's; access_locked: too many wrong ones; access_role.
            BoxError: people_damaged; box_busy; the row could not be made durable.
        """
        account, by = self._known(claim, station)
        self.permitted(self._person_of(account), right, station)
        return account, by

    def whose(self, claim: Claim) -> Person | None:
        """Whose badge this is; it is no act, and None of a wrong one is no try.

        Raises:
            PeopleError: people_damaged.
        """
        with self._swept():
            found = files.of_badge(self._accounts, claim.badge, self._file.secret()) if claim.badge else None
            return self._person_of(found) if found is not None else None

    def _known(self, claim: Claim, station: str) -> tuple[Account, Proof]:
        with self._swept() as now_s:
            if not self._restored:
                self._restore(now_s)
            found = files.of_badge(self._accounts, claim.badge, self._file.secret()) if claim.badge else None
            if found is not None:  # no pause holds a badge up: it cannot be guessed
                return found, Proof.BADGE
            self._refuse_locked(self._clients.wait_s(claim.client, now_s))
        if claim.badge:
            raise self._wrong(Proof.BADGE, "", "", claim, station)
        return self._of_pin(claim, station), Proof.PIN

    def _of_pin(self, claim: Claim, station: str) -> Account:
        if not self._pins.acquire(timeout=_PATIENCE_S):
            message = "Expected a turn to look at a PIN, got others that came before."
            raise BoxError("box_busy", message, hint="Try again in a moment, or scan the badge.")
        try:
            asked = self._asked(claim.person)
            with self._lock:
                self._refuse_locked(self._tries.wait_s(asked, self._clock()))
            found = self._accounts.get(claim.person)
            if pins.is_right(claim.pin, found.pin if found is not None else "", self._file.secret()):
                assert found is not None  # noqa: S101 - `is_right` is of something that was kept
                return found
            raise self._wrong(Proof.PIN, found.id if found is not None else "", asked, claim, station)
        finally:
            self._pins.release()

    def _wrong(self, by: Proof, person: str, asked: str, claim: Claim, station: str) -> AccessRefused:
        """Count and record what was wrong; its refusal. A known id, an unknown one and no id are told alike."""
        with self._lock:
            now_s = self._clock()
            count, pause_s = self._tries.wrong(asked, now_s) if by is Proof.PIN else (1, 0.0)
            client_count, client_pause_s = self._clients.wrong(claim.client, now_s)
            pause_s = max(pause_s, client_pause_s)
            noun = Refusal(by, asked, count, int(pause_s), claim.client, client_count)
            self._append(REFUSED, station, person or NOT_SIGNED_IN, "refusal", noun)
        if by is Proof.BADGE:
            return AccessRefused(
                "access_badge",
                "Expected a badge of this box, got one that is nobody's here.",
                hint="Scan it again, or sign in by PIN. A badge that was replaced is nobody's any more.",
            )
        wait = f" The next try is taken in {pause_s:.0f} s." if pause_s else ""
        return AccessRefused(
            "access_pin",
            f"Expected an id and its PIN, got a pair that does not belong together.{wait}",
            hint="Try again, or scan your badge.",
        )

    @staticmethod
    def _refuse_locked(wait_s: float) -> None:
        if wait_s > 0:
            raise AccessRefused(
                "access_locked",
                f"Expected no try within a pause after wrong ones, got one {wait_s:.0f} s before its end.",
                hint="Wait, or scan your badge. The technician gives a new PIN.",
            )

    # --- Small parts --------------------------------------------------------------------------------------------------

    @contextmanager
    def _swept(self) -> Iterator[float]:
        """The lock, with the accounts as they are now and without sessions that are over; the monotonic time."""
        with self._lock:
            self._load()
            now_s = self._clock()
            for session, why in self._sessions.ended(self._stamps, now_s):
                if session.station and why is Ending.TIMED_OUT:
                    self._timed_out.add(session.station)
                self._signed_out(session, why, now_s)
            yield now_s

    def _load(self) -> None:
        mark = self._file.mark()
        if mark == self._mark:
            return
        if mark is None and not isinstance(self._mark, tuple):  # no accounts, as before: nothing to tell of
            self._accounts, self._stamps, self._mark = NOBODY, {}, None
            return
        accounts = self._file.read()
        secret = self._file.secret()
        stamps = tuple(stamp_of(accounts[name], secret) for name in sorted(accounts))
        for one in stamps:
            if self._stamps.get(one.id, one.stamp) != one.stamp:  # a new PIN or badge: the count begins anew
                self._tries.right(hashed(secret, "id", one.id))
        self._accounts, self._stamps = accounts, {one.id: one.stamp for one in stamps}
        if stamps != self._last_told():
            self._append(PEOPLE, "", NOT_SIGNED_IN, "people", People(stamps))
        self._mark = mark

    def _last_told(self) -> tuple[AccountStamp, ...]:
        for row in self._ledger.recent(1, kinds=(PEOPLE,)):
            return documents.from_json(People, row.entry.body["people"]).accounts
        return ()

    def _restore(self, now_s: float) -> None:
        """Take up wrong tries from before a restart, from the ledger's own rows."""
        stamps: dict[str, str] = {}
        for row in reversed(self._ledger.recent(_LOOKED_BACK, kinds=(SIGNED_IN, REFUSED, PEOPLE))):
            body = row.entry.body
            if row.entry.kind == SIGNED_IN:
                self._tries.right(self._asked(body["sign_in"]["person"]))
            elif row.entry.kind == PEOPLE:
                told = {one["id"]: one["stamp"] for one in body["people"]["accounts"]}
                for name, stamp in told.items():
                    if stamps.get(name, stamp) != stamp:
                        self._tries.right(self._asked(name))
                stamps = told
            else:
                refusal = documents.from_json(Refusal, body["refusal"])
                if refusal.by is Proof.PIN:
                    self._tries.restore(refusal.asked, refusal.count, now_s)
                self._clients.restore(refusal.client, refusal.client_count, now_s)
        self._restored = True

    def _signed_out(self, session: Session, why: Ending, now_s: float) -> None:
        lasted, idle = int(now_s - session.since_s), int(now_s - session.touched_s)
        noun = SignOut(session.person, why, session.station, lasted, idle)
        self._append(SIGNED_OUT, session.station, session.person, "sign_out", noun)

    def _append(  # noqa: PLR0917 - the parts of a row, in its order
        self, kind: str, station: str, officer: str, name: str, noun: object, inspection: str = ""
    ) -> None:
        entry = Entry(kind, inspection, self._origin(station, officer), self._now(), {name: documents.to_json(noun)})
        self._tell(self._ledger.append((entry,))[0])

    def _asked(self, person: str) -> str:
        return hashed(self._file.secret(), "id", person)

    def _person(self, session: Session) -> Person:
        return self._person_of(self._accounts[session.person])

    @staticmethod
    def _person_of(account: Account) -> Person:
        return Person(account.id, account.name, account.role)
