"""Routes of people: who is signed in, signing in and out. And for every other route: for whom an act counts.

A browser is known by a cookie of its own beside the bench's (edge/web/access.py): a random token that is renewed with
every sign-in and nobody's after a sign-out. It has a second one for who is signed in on its supervisor's page: that one
counts for nothing that is done at a bench. Origin and fetch metadata are judged by the gate before.
"""

from __future__ import annotations

from typing import Annotated, Self

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, model_validator

from edge.badge import badge_in
from edge.errors import PeopleError, RequestRefused
from edge.inspection import NOT_SIGNED_IN
from edge.people.accounts import read_badge
from edge.people.desk import Claim, Person, Presence
from edge.people.roles import AWAY, RIGHTS, Right, Role
from edge.people.sessions import SCREEN_S
from edge.web import pace
from edge.web.access import came_by_file
from edge.web.answers import Outgoing
from edge.web.documents import problems
from edge.web.handheld_gate import handheld_of
from edge.web.requests import ArrivalIn, ClaimIn, Name
from edge.web.tasks import Work, Works

router = APIRouter(prefix="/session", tags=["people"])

COOKIE = "sekisho_person"
OWN_COOKIE = "sekisho_own"  # of one person alone, for `AWAY`; a handheld is always one person's and needs none

StationName = Annotated[str, Query(max_length=64, description="Name of a station; empty: the first one.")]
Own = Annotated[bool, Query(description="true: in this browser alone, as on the supervisor's page.")]


class SignInIn(ClaimIn):
    """Who signs in, and where."""

    station: Name = Field(default="", description="Name of the station; empty: the first one.")
    own: bool = Field(
        default=False,
        description="true: in this browser alone, as on the supervisor's page. It counts for nothing done at a bench.",
    )

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not (self.badge or self.person):
            raise ValueError("a badge, or person and pin, must be given")
        return self


class PersonOut(Outgoing):
    """Somebody who is signed in."""

    id: str = Field(description="As it stands in the rows.")
    name: str
    role: Role
    rights: tuple[Right, ...] = Field(description="What this role may do.")

    @classmethod
    def of(cls, person: Person) -> Self:
        """From the noun."""
        return cls(id=person.id, name=person.name, role=person.role, rights=tuple(sorted(RIGHTS[person.role])))


class SessionOut(Outgoing):
    """How a station stands, or a browser of one's own."""

    station: str
    person: PersonOut | None = Field(description="null: nobody is signed in.")
    own: bool = Field(description="true: in this browser alone; false: at the station.")
    accounts: bool = Field(description="Whether this box has accounts at all.")
    needed: bool = Field(description="Whether a decision needs somebody signed in.")
    timed_out: bool = Field(description="Somebody was signed in and did nothing for too long.")
    left_s: int = Field(description="Signed out after so many seconds without an act; 0 for nobody.")


class SignedInOut(Outgoing):
    """A badge was scanned at a station: it signed its person in there. It is no code of a parcel."""

    signed_in: PersonOut = Field(description="Whose badge it is.")
    station: str
    confirmed: str = Field(
        default="",
        description="The inspection to whose detention it agreed as the second; then it signed nobody in or out.",
    )


@router.get("", operation_id="session", summary="Who is signed in", responses=problems())
def session(request: Request, work: Works, station: StationName = "", *, own: Own = False) -> SessionOut:
    """Asking is no act: it does not keep a session alive."""
    return session_of(request, work, station_of(work, station), own=own)


@router.post("", operation_id="sign_in", summary="Sign in by badge or PIN", responses=problems(429))
def sign_in(request: Request, response: Response, work: Works, document: SignInIn) -> SessionOut:
    """At a station this browser becomes its one screen and acts for whoever is signed in there.

    `own` leaves that as it is. A handheld is nobody's screen: it acts for who signed in on it alone. The cookie that
    a browser had is nobody's from here on. A PIN is never repeated, logged or kept.
    """
    station = station_of(work, document.station)
    cookie = _cookie(request, own=document.own)
    _, token = work.bench.desk.sign_in(
        claim_of(request, document),
        station="" if document.own or handheld_of(request.scope) is not None else station,
        token=request.cookies.get(cookie, ""),
        browser=True,
    )
    set_token(request, response, token, cookie)
    return session_of(request, work, station, token, own=document.own)


@router.delete("", operation_id="sign_out", summary="Sign out", status_code=204, responses=problems())
def sign_out(request: Request, work: Works, station: StationName = "", *, own: Own = False) -> Response:
    """Whoever this browser acts for, or without a cookie at the box itself whoever is signed in at the station."""
    cookie = _cookie(request, own=own)
    token = request.cookies.get(cookie, "")
    answer = Response(status_code=204)
    if token or (cookie == COOKIE and trusts_station(request, work)):
        set_token(request, answer, work.bench.desk.sign_out(station_of(work, station), token), cookie)
    return answer


def session_of(request: Request, work: Work, station: str, token: str = "", *, own: bool = False) -> SessionOut:
    """How it stands for this request. While the accounts cannot be read nobody is signed in; the status says why.

    Nobody acts on a handheld but who signed in there: whoever stands at its station is somebody else. With `own`
    whoever is signed in in this browser alone comes before whoever is at the station. `token` was given just now.
    """
    desk, away = work.bench.desk, handheld_of(request.scope) is not None
    alone = Presence(None, 0.0, timed_out=False)
    cookie = _cookie(request, own=own)
    try:
        if cookie == OWN_COOKIE:
            alone = desk.at(station, token or request.cookies.get(cookie, ""), trusts_station=False)
            token = ""
        seen = alone
        if seen.person is None:
            seen = desk.at(station, token or request.cookies.get(COOKIE, ""), trusts_station=not away)
    except PeopleError:
        seen = alone
    return SessionOut(
        station=station,
        person=PersonOut.of(seen.person) if seen.person is not None else None,
        own=seen.person is not None and (away or alone.person is not None),
        accounts=desk.has_accounts(),
        needed=desk.needed(),
        timed_out=seen.timed_out,
        left_s=int(seen.left_s),
    )


def _cookie(request: Request, *, own: bool) -> str:
    """By which a browser is known. A handheld has one: it is nobody's screen."""
    return OWN_COOKIE if own and handheld_of(request.scope) is None else COOKIE


def set_token(request: Request, response: Response, token: str, cookie: str = COOKIE) -> None:
    """Give a browser its new token, or take it away with ""."""
    if not token:
        response.delete_cookie(cookie, httponly=True, samesite="strict")
        return
    secure = request.url.scheme == "https"
    response.set_cookie(cookie, token, max_age=int(SCREEN_S), httponly=True, samesite="strict", secure=secure)


def claim_of(request: Request, document: ClaimIn) -> Claim:
    """By what somebody says to be somebody.

    Raises:
        RequestRefused: request_badge: what was scanned is no badge.
    """
    badge = read_badge(document.badge) if document.badge else ""
    return Claim(badge, document.person.strip().lower(), document.pin, client_of(request))


def client_of(request: Request) -> str:
    """Where a request came from: wrong tries are counted by it."""
    return pace.client_of(request.scope) or "box"


def station_of(work: Work, station: str) -> str:
    """A station of this box.

    Raises:
        RequestRefused: request_unknown_station.
    """
    return work.bench.station(station or work.settings.stations[0])


def trusts_station(request: Request, work: Work) -> bool:
    """Whether whoever asks is at the box itself: its own processes, or any page while there is no token.

    Anybody else who holds the bench's token has to say who they are before they decide.
    """
    return (not work.settings.token or came_by_file(request.scope)) and handheld_of(request.scope) is None


def acting(request: Request, work: Work, right: Right, station: str, given: str = "") -> str:
    """The officer of a row that needs `right`. What a document says of itself, `given`, counts without accounts.

    Who is signed in in this browser alone counts for `AWAY` only: what is done at a bench is never theirs.

    Raises:
        AccessRefused: access_person, access_role: see `Desk.permitted`.
    """
    desk = work.bench.desk
    if not desk.has_accounts() and not desk.needed():
        return given or NOT_SIGNED_IN
    person: Person | None = None
    if right in AWAY and (own := request.cookies.get(OWN_COOKIE, "")) and handheld_of(request.scope) is None:
        person = desk.officer(station, own, trusts_station=False)
    if person is None:
        person = desk.officer(station, request.cookies.get(COOKIE, ""), trusts_station=trusts_station(request, work))
    return desk.permitted(person, right, station)


def scanning(request: Request, work: Work, given: str) -> str:
    """The officer of an arrival, as far as the request tells; the bench puts in who is signed in at the station."""
    if not work.bench.desk.has_accounts():
        return given or NOT_SIGNED_IN
    return work.bench.desk.scanner("", request.cookies.get(COOKIE, ""))


def badge_among(document: ArrivalIn) -> str | None:
    """The badge, when an arrival is one and nothing else."""
    if len(document.codes) != 1 or document.consignment is not None:
        return None
    return badge_in(document.codes[0].as_raw().payload)


def signed_in(request: Request, response: Response, work: Work, badge: str, station: str) -> SignedInOut:
    """A badge that came as a scan signs in at its station; a page's own scan makes it the station's screen.

    Where a second officer is asked for it agrees instead.

    Raises:
        RequestRefused: request_unknown_station. AccessRefused: access_badge. Conflict: see `Bench.agrees`.
    """
    page = request.headers.get("sec-fetch-site") == "same-origin"
    away = page and handheld_of(request.scope) is not None
    claim = Claim(badge=badge, client=client_of(request))
    if handheld_of(request.scope) is None and (agreed := work.bench.agrees(station_of(work, station), claim)):
        return SignedInOut(signed_in=PersonOut.of(agreed[0]), station=station, confirmed=agreed[1])
    person, token = work.bench.desk.sign_in(
        claim,
        station="" if away else station_of(work, station),
        token=request.cookies.get(COOKIE, "") if page else "",
        browser=page,
    )
    if page:
        set_token(request, response, token)
    return SignedInOut(signed_in=PersonOut.of(person), station=station)


def refuse_empty(document: ClaimIn) -> None:
    """Refuse a claim that names nobody.

    Raises:
        RequestRefused: request_claim.
    """
    if not (document.badge or document.person):
        raise RequestRefused(
            "request_claim", "Expected a badge, or an id and a PIN, got neither.", hint="Scan the badge."
        )
