from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from edge.bench import Bench
from edge.errors import SettingsError
from edge.handhelds.pairing import Pairings
from edge.settings import Settings
from edge.web.access import COOKIE, SESSION_S, Access, check_binding, is_loopback, session_cookie
from tests.edge.web.serving import Server, problem

TOKEN = "a-token-of-the-tests-0123456789"


def _settings(**changes: object) -> Settings:
    return Settings(state_dir=Path("/nowhere"), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "bench.example"])  # noqa: S104 - it must be refused
def test_listening_beyond_loopback_without_a_token_is_refused(host: str) -> None:
    with pytest.raises(SettingsError) as caught:
        check_binding(_settings(host=host, token=""), host)
    assert caught.value.code == "settings_token"
    assert str(caught.value) == f"Listening on {host!r}, beyond loopback, needs a token, got none."


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.9.9.9"])
def test_loopback_needs_no_token(host: str) -> None:
    check_binding(_settings(host=host, token=""), host)
    assert is_loopback(host)


def test_a_short_token_is_refused_and_a_long_one_opens_the_network() -> None:
    with pytest.raises(SettingsError, match=r"^The token must have at least 16 characters, got 5\.$"):
        check_binding(_settings(token="short"), "192.0.2.7")
    check_binding(_settings(token=TOKEN), "192.0.2.7")


@pytest.mark.parametrize("host", ["evil.example", "bench.example:8080", "127.0.0.1.evil.example", "", "[::"])
def test_a_rebound_name_is_not_answered_without_a_token(client: httpx.Client, host: str) -> None:
    answer = client.get("/api/v1/status", headers={"Host": host})
    assert answer.status_code in {400, 403}
    if answer.status_code == 403:
        assert problem(answer) == (403, "access_host")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_of_another_site_changes_nothing(client: httpx.Client, headers: dict[str, str]) -> None:
    answer = client.post("/api/v1/stations/1/next", headers=headers)
    assert problem(answer) == (403, "access_origin")


def test_the_own_page_may_change_things(client: httpx.Client) -> None:
    origin = str(client.base_url).rstrip("/")
    answer = client.post("/api/v1/stations/1/next", headers={"Origin": origin, "Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 204


def test_with_a_token_every_caller_needs_it(another: Callable[..., Server]) -> None:
    with another(token=TOKEN).client() as client:
        assert problem(client.get("/api/v1/status")) == (401, "access_token")
        assert client.get("/api/v1/status").headers["www-authenticate"] == "Bearer"
        assert problem(client.get("/api/v1/status", headers={"Authorization": "Bearer wrong"})) == (401, "access_token")
        assert client.get("/api/v1/status", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
        assert client.get("/api/v1/health/live").status_code == 200
        assert client.get("/", headers={"Accept": "text/html"}).headers["location"] == "/sign-in"


def test_signing_in_gives_a_cookie_that_holds_no_token_and_no_script_reads(another: Callable[..., Server]) -> None:
    with another(token=TOKEN).client() as client:
        wrong = client.post("/sign-in", data={"token": "wrong"})
        assert wrong.status_code == 401
        assert "This is not the token of this bench." in wrong.text
        answer = client.post("/sign-in", data={"token": TOKEN})
        assert answer.headers["location"] == "/"
        cookie = answer.headers["set-cookie"]
        assert TOKEN not in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert client.get("/api/v1/status").status_code == 200
        assert client.get("/").status_code == 200
        client.post("/sign-out")
        assert client.get("/api/v1/status").status_code == 401


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/?station=2&lang=ja", "/?station=2&lang=ja"),
        ("//elsewhere.example/", "/"),
        ("/\\elsewhere.example/", "/"),
        ("/\t/elsewhere.example/", "/"),
        ("https://elsewhere.example/", "/"),
    ],
)
def test_whoever_signs_in_comes_to_the_page_that_was_asked_for_and_to_no_other_site(
    another: Callable[..., Server], wanted: str, reached: str
) -> None:
    with another(token=TOKEN).client() as client:
        answer = client.post("/sign-in", data={"token": TOKEN, "to": wanted})
        assert answer.headers["location"] == reached


def test_the_sign_in_page_keeps_where_its_caller_wanted_to_go(another: Callable[..., Server]) -> None:
    with another(token=TOKEN).client() as client:
        sent = client.get("/?station=2&lang=ja", headers={"Accept": "text/html"}).headers["location"]
        assert sent == "/sign-in?to=%2F%3Fstation%3D2%26lang%3Dja"
        assert 'name="to" value="/?station=2&amp;lang=ja"' in client.get(sent).text


def test_a_session_ends_and_cannot_be_made_without_the_token(bench: Bench, tmp_path: Path) -> None:
    async def nothing(*_: object) -> None:
        """Stand for the app behind the gate."""

    pairings = Pairings(tmp_path, bench.ledger, bench.origin, bench.now, bench.tell)
    gate = Access(nothing, _settings(token=TOKEN), pairings)
    made = session_cookie(TOKEN, now_s=1_000.0)
    assert gate.is_session(made, 1_000.0 + SESSION_S)
    assert not gate.is_session(made, 1_001.0 + SESSION_S)
    assert not gate.is_session(session_cookie("another token of the tests", time.time()), time.time())
    for broken in ("", ".", "²." + made, made.replace("1", "2"), "9" * 5000, f"{COOKIE}={made}"):
        assert not gate.is_session(broken, 1_000.0)


def test_every_answer_carries_the_security_headers(client: httpx.Client) -> None:
    for path in ("/", "/api/v1/status", "/nothing", "/static/bench.js"):
        headers = client.get(path).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
