"""The camera of a handheld, on a box with TLS that the browser trusts: pairing, hints, codes, the picture."""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2
import httpx
import numpy as np
import numpy.typing as npt
import pytest
import zxingcpp
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from edge.app import open_box
from edge.bench import Bench
from edge.policy import builtin_text
from edge.settings import Settings
from edge.web import build
from edge.web import server as serves
from edge.web.lan import SERVER_FILE, Certificate
from provisioning.authority import make
from provisioning.identity import AUTHORITY_FILE, SITE
from tests.edge.web.conftest import GTIN
from tests.edge.web.serving import rehearsal
from tests.edge.web.test_page import CHROMIUM, PATIENCE_MS, QUIET

CERTUTIL = shutil.which("certutil")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None or CERTUTIL is None,
    reason="chromium or certutil (libnss3-tools) is absent: a handheld's camera is not tested in a browser",
)

TOKEN = "a-token-of-the-bench"
Plane = npt.NDArray[np.uint8]


@dataclass
class Hall:
    """A bench with TLS on the LAN's socket."""

    bench: Bench
    url: str
    authority: Path
    fingerprint: str

    def code(self) -> str:
        """A pairing code, as the supervisor's page shows it under the box's own name."""
        trusting = ssl.create_default_context(cafile=self.authority)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with httpx.Client(base_url=self.url, headers=headers, verify=trusting) as page:
            shown = page.post("/handhelds", data={"name": "yard 3", "station": "yard"})
        found = re.search(r"(https://localhost:\d+/handheld#\S+?)<", shown.text)
        assert found, shown.text
        return found[1].replace("&amp;", "&")


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    state = tmp_path_factory.mktemp("hall") / "state"
    state.mkdir()
    fingerprint = make(state, ["localhost"], (), datetime.now(UTC))
    policy = state.with_name("policy.toml")  # code and picture are of one parcel, however slow the machine is
    policy.write_text(builtin_text().replace("join_window_s = 60 ", "join_window_s = 3600 "), "utf-8")
    settings = Settings(state_dir=state, stations=("1", "yard"), workers=1, token=TOKEN, port=0, policy=policy)
    with open_box(settings, pictures=False) as box, serves.bound(settings) as plain, serves.bound(settings) as held:
        app = build(box.bench, settings, rehearsal(box.bench))
        server = serves._Server(serves.configured(app, settings), [held], Certificate(state / SERVER_FILE))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [plain]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield Hall(box.bench, f"https://localhost:{held.getsockname()[1]}", state / SITE / AUTHORITY_FILE, fingerprint)
        server.should_exit = True
        thread.join(20)


def _scene(width: int = 1280, height: int = 960) -> Plane:
    """A drawn package that fills the frame: print everywhere, and a DataMatrix; grey."""
    rng = np.random.default_rng(3)
    sheet = np.full((height, width), 205, np.uint8)
    for top in range(20, height - 10, 26):
        text = "".join(rng.choice(list("KUMO SOAP 90g lot exp ABCDEFG"), 70))
        cv2.putText(sheet, text, (8, top), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 25, 2)
    symbol = np.asarray(zxingcpp.create_barcode(f"01{GTIN}21CAM1", zxingcpp.BarcodeFormat.DataMatrix).to_image(scale=9))
    sheet[300 : 300 + symbol.shape[0], 500 : 500 + symbol.shape[1]] = np.minimum(symbol, 235)
    return sheet


def _film(grey: Plane, out: Path) -> Path:
    """A film of one frame for Chromium's fake camera, YUV4MPEG2."""
    height, width = grey.shape
    colour = np.full((height // 2, width // 2), 128, np.uint8).tobytes()
    frame = b"FRAME\n" + grey.tobytes() + colour + colour
    out.write_bytes(f"YUV4MPEG2 W{width} H{height} F30:1 Ip A1:1 C420jpeg\n".encode() + 2 * frame)
    return out


@pytest.fixture(scope="module")
def phone(hall: Hall, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """A browser that trusts the hall's authority, with a package before its camera."""
    home = tmp_path_factory.mktemp("phone")
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    database = ["-d", f"sql:{store}"]
    for arguments in (
        ["-N", "--empty-password"],
        ["-A", "-n", "site", "-t", "C,,", "-i", str(hall.authority)],
    ):
        subprocess.run([str(CERTUTIL), *arguments, *database], check=True, capture_output=True)
    film = _film(_scene(), home / "package.y4m")
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(home / "profile"),
            executable_path=CHROMIUM,
            args=[
                *QUIET,
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-video-capture={film}",
            ],
            env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
            viewport={"width": 390, "height": 844},
        )
        context.set_default_timeout(PATIENCE_MS)
        yield context
        context.close()


@pytest.fixture(scope="module")
def page(phone: BrowserContext, hall: Hall) -> Iterator[Page]:
    """The handheld's page, opened by its pairing code; a fault in its script fails the tests."""
    faults: list[str] = []
    shown = phone.new_page()
    shown.on("pageerror", lambda error: faults.append(str(error)))
    shown.on("console", lambda message: faults.append(message.text) if "Refused to" in message.text else None)
    shown.goto(hall.code())
    shown.wait_for_selector("html[data-ready=yes]", state="attached")
    yield shown
    assert faults == []


def test_a_scanned_pairing_code_pairs_over_tls_and_leaves_no_token_in_the_address(page: Page, hall: Hall) -> None:
    assert f"#sha256={hall.fingerprint}&pair=" in hall.code()
    expect(page.locator("#where")).to_have_text("yard 3 · yard")
    assert page.url == f"{hall.url}/handheld"
    assert "sekisho_handheld" not in page.evaluate("document.cookie")


def test_the_app_can_be_installed_and_opens_without_the_box(page: Page) -> None:
    page.wait_for_function("navigator.serviceWorker.ready.then(() => true)")
    session = page.context.new_cdp_session(page)
    told = session.send("Page.getAppManifest")
    assert told["errors"] == []
    assert '"start_url": "/handheld"' in told["data"]
    faults = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [one["errorId"] for one in faults if one["errorId"] != "in-incognito"] == []


def test_the_camera_reads_the_code_says_good_and_takes_the_picture_by_itself(page: Page, hall: Hall) -> None:
    page.locator("#camera-on").click()
    expect(page.locator("#hint")).to_have_attribute("data-hint", "good")
    expect(page.locator("#hint")).to_have_text("Good")
    expect(page.locator("#sent li")).to_have_count(1)
    with page.expect_response("**/captures?*") as taken:
        page.locator("#auto").check()
    assert taken.value.ok
    page.locator("#auto").uncheck()
    page.locator("#camera-off").click()
    expect(page.locator("#waiting")).to_have_attribute("data-count", "0")
    expect(page.locator("#sent li")).to_have_count(1)  # one line a parcel
    inspections = {row.entry.inspection for row in hall.bench.ledger.outbox(0, 1_000) if row.entry.inspection}
    assert len(inspections) == 1
    seen = hall.bench.record(inspections.pop()).assessments[-1].seen
    assert seen.captures
    assert seen.symbols[0].text.endswith(f"01{GTIN}21CAM1")
    assert all(symbol.source.startswith("handheld:hh-") for symbol in seen.symbols)
