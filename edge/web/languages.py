"""In which language a request is answered: the address, the reader's cookie, the browser's wish, the box's setting."""

from __future__ import annotations

import re
from typing import Annotated

from babel.core import negotiate_locale
from fastapi import Depends, Header, Query, Request, Response

from edge.messages import LANGUAGES, tag
from edge.web.tasks import Works

COOKIE = "sekisho_language"
COOKIE_S = 365 * 24 * 3600
ONE_OR_NONE = f"^({'|'.join(LANGUAGES)})?$"

Asked = Annotated[
    str, Query(pattern=ONE_OR_NONE, description="Language of the sentences; empty: as the caller wishes.")
]
_WISH = re.compile(r"\s*([A-Za-z-]{1,35})\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?")


def language_of(
    request: Request,
    response: Response,
    work: Works,
    lang: Asked = "",
    accept_language: Annotated[str, Header(max_length=1000, description="Counts where `lang` is not given.")] = "",
) -> str:
    """One of LANGUAGES; Content-Language says which to a caller of the API."""
    chosen = request.cookies.get(COOKIE, "")
    language = lang or (chosen if chosen in LANGUAGES else "") or wished(accept_language) or work.settings.language
    response.headers["Content-Language"] = tag(language)
    return language


def wished(accept_language: str) -> str:
    """The language of LANGUAGES that a caller would rather read (RFC 9110, 12.5.4); "" when it names none of them."""
    wishes = []
    for part in accept_language.split(","):
        read = _WISH.fullmatch(part)
        weight = float(read[2] or 1) if read else 0.0
        if read and weight > 0:
            wishes.append((weight, read[1].lower()))
    wishes.sort(key=lambda wish: -wish[0])
    return negotiate_locale([name for _, name in wishes], LANGUAGES, sep="-") or ""


def remember(response: Response, language: str) -> None:
    """Keep a reader's choice in the browser."""
    response.set_cookie(COOKIE, language, max_age=COOKIE_S, httponly=True, samesite="strict")


Language = Annotated[str, Depends(language_of)]
