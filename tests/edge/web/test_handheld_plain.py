"""A handheld without TLS, in a real browser that counts its address as not secure: chosen pictures, pairing codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from edge.messages import labels
from tests.edge.web.conftest import GTIN
from tests.edge.web.serving import Server
from tests.edge.web.test_page import CHROMIUM, PATIENCE_MS, QUIET

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is absent: the page is not tested in a browser")

TOKEN = "a-token-of-the-bench"
NAME = "bench.test"  # any name but localhost: a browser lends it no camera, no app, no locks and no randomUUID


class Yard:
    """A bench that reads pictures, at a plain address of the LAN."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def code(self) -> str:
        """A pairing code, as the supervisor's page shows it, under the box's own name."""
        with self._server.client(headers={"Authorization": f"Bearer {TOKEN}"}) as page:
            shown = page.post("/handhelds", data={"name": "yard 3", "station": "3"})
        found = re.search(r"/handheld#pair=[\w-]+", shown.text)
        assert found, shown.text
        return f"http://{NAME}:{urlsplit(self._server.url).port}{found[0]}"


@pytest.fixture
def yard(another: Callable[..., Server]) -> Yard:
    return Yard(another(token=TOKEN))


@pytest.fixture
def phone() -> Iterator[Page]:
    with sync_playwright() as playwright:
        rules = f"--host-resolver-rules=MAP {NAME} 127.0.0.1"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, rules])
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.set_default_timeout(PATIENCE_MS)
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        yield page
        browser.close()
        assert faults == []


def test_without_tls_a_chosen_picture_is_read_by_the_bench_and_its_verdict_comes_back(
    yard: Yard, phone: Page, labelled: bytes
) -> None:
    phone.goto(yard.code())
    expect(phone.locator("#where")).to_have_text("yard 3 · 3")
    assert not phone.evaluate("() => isSecureContext")
    expect(phone.locator("#camera-on")).to_be_hidden()
    phone.locator("#picture").set_input_files({"name": "p.png", "mimeType": "image/png", "buffer": labelled})
    expect(phone.locator("#verdict .subject")).to_contain_text(f"GTIN {GTIN} A7")
    expect(phone.locator("#verdict header svg")).to_be_visible()
    expect(phone.locator("#waiting")).to_have_attribute("data-count", "0")


def test_a_pairing_code_that_is_good_no_more_says_so_and_pairs_nothing(yard: Yard, phone: Page) -> None:
    code = yard.code()
    phone.goto(code)
    expect(phone.locator("#where")).to_have_text("yard 3 · 3")
    phone.context.clear_cookies()
    phone.evaluate("() => localStorage.clear()")
    phone.goto("about:blank")
    phone.goto(code)
    label = labels("en")
    expect(phone.locator("#notice")).to_have_text(label["problem_access_pairing"])
    expect(phone.locator("#standing")).to_have_text(label["hh_not_paired"])
    expect(phone.locator("#link")).to_have_attribute("data-state", "unknown")
    assert "pair=" not in phone.url
