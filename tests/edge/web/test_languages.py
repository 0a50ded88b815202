from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from edge.web.languages import wished
from tests.edge.web.conftest import GTIN
from tests.edge.web.serving import Server


def _language(client: httpx.Client, lang: str = "", accept: str = "", cookie: str = "") -> str:
    headers = {"Accept-Language": accept} | ({"Cookie": f"sekisho_language={cookie}"} if cookie else {})
    answer = client.get("/api/v1/inspections", params={"lang": lang, "limit": 1}, headers=headers)
    assert answer.status_code == 200
    return answer.headers["content-language"]


def test_the_address_goes_before_the_cookie_the_browser_and_the_box(client: httpx.Client) -> None:
    assert _language(client) == "en"
    assert _language(client, accept="ja") == "ja"
    assert _language(client, accept="ja", cookie="en") == "en"
    assert _language(client, accept="en", cookie="en", lang="ja") == "ja"


def test_a_cookie_of_another_making_counts_for_nothing(client: httpx.Client) -> None:
    assert _language(client, accept="ja", cookie="xx") == "ja"


def test_a_language_that_the_bench_does_not_speak_is_refused(client: httpx.Client) -> None:
    answer = client.get("/api/v1/inspections", params={"lang": "xx"})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", ""),
        ("fr, de;q=0.5", ""),
        ("fr, ja-JP;q=0.7, en;q=0.3", "ja"),
        ("en;q=0.3, ja;q=0.7", "ja"),
        ("JA", "ja"),
        ("ja;q=0, en;q=0.1", "en"),
        ("*", ""),
        ("zh-Hans-CN, en;q=0.1", "zh"),
        ("id-ID", "id"),
        ("ja;;q=x, \x00, en", "en"),
    ],
)
def test_what_a_caller_wishes_is_weighed(accept: str, language: str) -> None:
    assert wished(accept) == language


def test_the_sentences_of_an_answer_are_in_the_language_asked_for_and_its_codes_are_not(
    client: httpx.Client, station: str
) -> None:
    document = {"codes": [{"text": f"01{GTIN}21R9", "symbology": "]d2"}]}
    scan = f"/api/v1/stations/{station}/scans"
    english = client.post(scan, json=document, headers={"Accept-Language": "en"}).json()["verdict"]["findings"][0]
    japanese = client.post(scan, json=document, params={"lang": "ja"}).json()["verdict"]["findings"][0]
    assert english["sentence"] == "The right holder has revoked the serial number R9."
    assert japanese["sentence"] == "権利者はシリアル番号 R9 を失効させています。"
    assert (english["code"], english["arguments"]) == (japanese["code"], japanese["arguments"])


def test_a_choice_on_the_page_stays_with_the_browser(client: httpx.Client) -> None:
    page = client.get("/", params={"lang": "ja"})
    assert '<html lang="ja"' in page.text
    assert page.cookies["sekisho_language"] == "ja"
    client.cookies.clear()


def test_the_menu_leads_to_the_handhelds_and_to_practice_at_the_boxs_own_screen_alone(
    another: Callable[..., Server],
) -> None:
    token = "t" * 20
    server = another(token=token, training_port=8081)
    practice, handhelds = 'href="http://127.0.0.1:8081/?lang=en"', 'href="/handhelds?here=1&amp;lang=en"'
    with server.client(headers={"Authorization": f"Bearer {token}"}) as client:
        here = client.get("/?lang=en").text
        there = client.get("/?lang=en", headers={"Host": "bench.example"}).text
    assert [practice in here, handhelds in here] == [True, True]
    assert [practice in there, handhelds in there] == [False, True]
