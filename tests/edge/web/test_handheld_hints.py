"""What the handheld says of a frame, computed by the page's own script on drawn frames."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from playwright.sync_api import Browser, Page

from tests.edge.web.serving import Server
from tests.edge.web.test_page import CHROMIUM, browser

__all__ = ["browser"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is absent: the page is not tested in a browser")

Frame = npt.NDArray[np.uint8]  # 240 x 320, grey


@pytest.fixture(scope="module")
def page(browser: Browser, server: Server) -> Iterator[Page]:
    shown = browser.new_page()
    shown.goto(f"{server.url}/handheld")
    yield shown
    shown.close()


def _package() -> Frame:
    """A printed face that fills the frame."""
    frame = np.full((240, 320), 190, np.uint8)
    for top in range(12, 240, 14):
        cv2.putText(frame, "KUMO SOAP 90 g lot B17 exp 2028", (3, top), cv2.FONT_HERSHEY_SIMPLEX, 0.45, 30, 1)
    return frame


def _said(page: Page, frame: Frame, before: Frame | None = None) -> str:
    """The hint for `frame`, which came after `before` (left out: after itself)."""
    told = [(frame if before is None else before).tobytes().hex(), frame.tobytes().hex()]
    return str(
        page.evaluate(
            """async ([before, frame]) => {
              const { hint, measured } = await import("/static/handheld/hints.js");
              const read = (hex) => ({
                width: 320, height: 240, pixels: Uint8Array.from(hex.match(/../g), (byte) => parseInt(byte, 16)),
              });
              return hint(measured(read(frame), read(before)));
            }""",
            told,
        )
    )


def _lit(frame: Frame, radius: int) -> Frame:
    """With a reflection of a lamp."""
    shone = frame.copy()
    cv2.circle(shone, (160, 120), radius, 255, -1)
    return shone


def test_a_sharp_frame_that_the_package_fills_is_good(page: Page) -> None:
    assert _said(page, _package()) == "good"


def test_a_dark_frame_wants_more_light(page: Page) -> None:
    assert _said(page, (_package() // 5).astype(np.uint8)) == "light"


def test_a_large_reflection_is_glare_and_a_small_one_wants_a_tilt(page: Page) -> None:
    assert _said(page, _lit(_package(), 50)) == "glare"
    assert _said(page, _lit(_package(), 24)) == "tilt"


def test_a_frame_that_moved_or_is_blurred_wants_a_still_hand(page: Page) -> None:
    assert _said(page, _package(), before=np.roll(_package(), 9, axis=1)) == "still"
    assert _said(page, cv2.GaussianBlur(_package(), (0, 0), 2.2).astype(np.uint8)) == "still"


def test_a_small_package_on_a_table_wants_the_camera_closer(page: Page) -> None:
    table = np.full((240, 320), 140, np.uint8)
    table[80:150, 110:200] = cv2.resize(_package(), (90, 70), interpolation=cv2.INTER_AREA)
    assert _said(page, table) == "closer"


def test_the_first_frame_of_all_is_never_good(page: Page) -> None:
    assert (
        page.evaluate(
            """async () => {
              const { hint, measured } = await import("/static/handheld/hints.js");
              const frame = { width: 320, height: 240, pixels: new Uint8Array(76800).fill(150) };
              return hint(measured(frame, null));
            }"""
        )
        == "still"
    )
