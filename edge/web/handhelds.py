"""Routes of handhelds: the page that pairs and revokes them, the exchange of a pairing code, the handheld's own page.

A handheld is known by a cookie of its own (edge/handhelds/pairing.py), which the gate takes instead of the bench's
token. Whose scans they are is another matter: a person signs in on the handheld as in any browser of their own. What a
handheld sends names it as its source, whatever the document says.
"""

from __future__ import annotations

import json
from datetime import datetime
from importlib import resources
from typing import Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from markupsafe import Markup
from pydantic import Field

from edge.declaration import Incoming, Line
from edge.devices.pairing_code import svg
from edge.errors import AccessRefused, NotFound
from edge.handhelds.kept import Handheld
from edge.handhelds.pairing import TOKEN_S, Pairings
from edge.handhelds.site import PORT, Site, site_of
from edge.messages import labels
from edge.moment import ClockTrust
from edge.people.roles import Right
from edge.web.access import is_loopback
from edge.web.answers import Outgoing
from edge.web.documents import problems
from edge.web.handheld_gate import COOKIE, COOKIE_S, handheld_of
from edge.web.languages import Asked, Language, remember
from edge.web.pace import client_of
from edge.web.pages import page, refusals_in
from edge.web.people import acting, station_of
from edge.web.tasks import Work, Works

router = APIRouter(prefix="/handhelds", tags=["handhelds"])
pages = APIRouter(include_in_schema=False)

StationName = Annotated[str, Query(max_length=64, description="Name of a station; empty: the handheld's own.")]
Here = Annotated[str, Form(max_length=64)]
_APP = {  # the page alone may compile WebAssembly: its reader of barcodes
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; font-src 'self'; "
        "img-src 'self' blob: data:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
}


class PairIn(Incoming):
    """What a pairing code holds."""

    token: Line = Field(min_length=1, description="Good once, and for five minutes.")


class HandheldOut(Outgoing):
    """A handheld, as the box knows it."""

    id: str
    name: str
    station: str = Field(description="Where what it sends belongs.")
    since: str = Field(description="When it was paired, UTC.")

    @classmethod
    def of(cls, one: Handheld) -> HandheldOut:
        """From the noun."""
        return cls.model_validate(one)


class MineOut(Outgoing):
    """What the asking handheld is to the box."""

    handheld: HandheldOut | None = Field(description="null: a browser that came in by the token, or at the box itself.")
    station: str
    join_s: float = Field(description="What comes within so many seconds of the last belongs to the same parcel.")
    at: datetime = Field(description="The box's time, UTC: a handheld says when its own clock is wrong.")
    clock: ClockTrust


@router.post("/pair", operation_id="pair_handheld", summary="Exchange a pairing code", responses=problems(429))
def pair(request: Request, response: Response, document: PairIn) -> HandheldOut:
    """Gives the handheld its cookie. The code is nobody's from here on."""
    made, cookie = pairings(request).pair(document.token, client_of(request.scope) or "box")
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, cookie, max_age=COOKIE_S, httponly=True, samesite="strict", secure=secure)
    return HandheldOut.of(made)


@router.get("/mine", operation_id="my_handheld", summary="What the asking handheld is", responses=problems())
def mine(request: Request, work: Works, station: StationName = "") -> MineOut:
    """Its station, and within what time a scan joins the parcel before."""
    found = handheld_of(request.scope)
    here = station_of(work, station or (found.station if found else ""))
    known = HandheldOut.of(found) if found else None
    now = work.bench.now()
    join_s = work.bench.policy.inspection.join_window_s
    return MineOut(handheld=known, station=here, join_s=join_s, at=now.utc, clock=now.trust)


@router.get("", operation_id="list_handhelds", summary="Paired handhelds", responses=problems())
def list_handhelds(request: Request, work: Works) -> tuple[HandheldOut, ...]:
    """In the order in which they were paired."""
    _manager(request, work)
    return tuple(HandheldOut.of(one) for one in pairings(request).all().values())


@router.delete(
    "/{handheld}", operation_id="revoke_handheld", summary="Revoke one", status_code=204, responses=problems(404)
)
def revoke(request: Request, work: Works, handheld: str) -> Response:
    """From the next request on it is a stranger."""
    pairings(request).revoke(handheld, _manager(request, work))
    return Response(status_code=204)


# --- The page that pairs them -----------------------------------------------------------------------------------------


@pages.get("/handhelds")
def handhelds_page(
    request: Request, work: Works, language: Language, lang: Asked = "", here: StationName = ""
) -> HTMLResponse:
    """Every paired handheld, and a form that pairs one more. `here` is the station whose screen asks."""
    shown = _managed(request, work, language, here)
    if lang:
        remember(shown, lang)
    return shown


@pages.post("/handhelds")
def offer(
    request: Request,
    work: Works,
    language: Language,
    name: Annotated[str, Form(max_length=100)] = "",
    station: Annotated[str, Form(max_length=64)] = "",
    *,
    here: Here = "",
) -> HTMLResponse:
    """A pairing code on the screen."""
    officer = _manager(request, work)
    token = pairings(request).offer(name.strip(), station_of(work, station), officer)
    site = site_of(work.settings.state_dir)
    address = address_of(request, site)
    fingerprint = f"sha256={site.fingerprint}&" if site and address.startswith("https:") else ""
    text = f"{address}/handheld#{fingerprint}pair={token}"
    return _managed(
        request, work, language, here, code=text, fingerprint=site.fingerprint if fingerprint and site else ""
    )


@pages.post("/handhelds/{handheld}/revoke")
def revoke_by_form(request: Request, work: Works, handheld: str, here: Here = "") -> Response:
    """As `revoke`, for a form."""
    pairings(request).revoke(handheld, _manager(request, work))
    return RedirectResponse(f"/handhelds?{urlencode({'here': here})}", 303)


def address_of(request: Request, site: Site | None) -> str:
    """Under which a handheld reaches the box: as the asking page does where that is TLS, else by the certificate."""
    if request.url.scheme == "https" or site is None:
        return f"{request.url.scheme}://{request.url.netloc}"
    name = f"[{site.names[0]}]" if ":" in site.names[0] else site.names[0]
    return f"https://{name}:{PORT}"


def _managed(
    request: Request, work: Work, language: str, here: str, *, code: str = "", fingerprint: str = ""
) -> HTMLResponse:
    values = {
        "here": station_of(work, here),
        "handhelds": list(pairings(request).all().values()),
        "code": code,
        "qr": Markup(svg(code)) if code else "",  # noqa: S704 - drawn here, of modules
        "fingerprint": " ".join(fingerprint[at : at + 4] for at in range(0, len(fingerprint), 4)),
        "minutes": int(TOKEN_S // 60),
        "here_only": bool(code) and is_loopback(urlsplit(code).hostname or ""),
        "plain": not code.startswith("https:"),
    }
    return page("handhelds.html", work, language, **values)


def _manager(request: Request, work: Work) -> str:
    """Who pairs or revokes.

    Raises:
        AccessRefused: access_role: a handheld, or a person of another role; access_person: nobody is signed in.
    """
    if handheld_of(request.scope) is not None and not work.bench.desk.has_accounts():
        message = "Expected the bench's own page, got a handheld."
        raise AccessRefused("access_role", message, hint="Open /handhelds at the box.")
    return acting(request, work, Right.PAIR, work.settings.stations[0])


# --- The handheld's own page ------------------------------------------------------------------------------------------


@pages.get("/handheld")
def handheld_page(work: Works, language: Language, lang: Asked = "") -> HTMLResponse:
    """The app. It holds words and no work, so that it can be shown before the handheld is known."""
    shown = page("handheld.html", work, language, refusals=refusals_in(language))
    shown.headers.update(_APP)
    if lang:
        remember(shown, lang)
    return shown


@pages.get("/handheld/manifest.json")
def manifest(work: Works, language: Language) -> Response:
    """What makes it installable."""
    icons = [
        {"src": f"/static/handheld/icon-{size}.png", "sizes": f"{size}x{size}", "type": "image/png", "purpose": "any"}
        for size in (192, 512)
    ]
    told = {
        "id": "/handheld",
        "name": f"Sekisho {work.settings.device}",
        "short_name": "Sekisho",
        "description": labels(language)["hh_title"],
        "start_url": "/handheld",
        "scope": "/handheld",
        "display": "standalone",
        "background_color": "#12324a",
        "theme_color": "#12324a",
        "icons": icons,
    }
    return Response(json.dumps(told, ensure_ascii=False), media_type="application/manifest+json")


@pages.get("/handheld/worker.js")
def worker() -> Response:
    """The service worker, which may stand before the page and what is below it."""
    script = resources.files("edge.web") / "pages" / "static" / "handheld" / "worker.js"
    headers = {"Service-Worker-Allowed": "/handheld"}
    return Response(script.read_bytes(), media_type="text/javascript", headers=headers)


@pages.get("/handheld/authority.crt")
def authority(work: Works) -> Response:
    """The authority that a handheld is to trust. Its fingerprint is on the pairing page.

    Raises:
        NotFound: site_not_found.
    """
    site = site_of(work.settings.state_dir)
    if site is None:
        message = "Expected a box with a certificate for the LAN, got one without."
        raise NotFound("site_not_found", message, hint="sekisho provision site-ca NAME")
    return Response(site.authority, media_type="application/x-x509-ca-cert")


def pairings(request: Request) -> Pairings:
    """The pairings of this app's box."""
    found: Pairings = request.app.state.pairings
    return found
