"""A keyboard scanner for tests in a browser: it types at its own pace, however slow the machine of the test is."""

from __future__ import annotations

import time

from playwright.sync_api import Page

PACE_S = 0.005  # between two keys, as the browser is told
_CONTROL = 2  # the modifier of the Control key


def wedge(page: Page, text: str, *, end: str = "Enter") -> float:
    """Type `text` into whatever has the focus. 0x1D comes as Ctrl and ]. `end` "" sends no end.

    Returns the wall clock, seconds, at which the last key was handed to the browser.
    """
    session = page.context.new_cdp_session(page)
    at = handed = time.time()
    keys = [*text, end] if end else [*text]
    for place, key in enumerate(keys):
        told: dict[str, object] = {"key": key, "text": key}
        if key == "\x1d":
            told = {"key": "]", "code": "BracketRight", "modifiers": _CONTROL}
        elif key == "Enter":
            told = {"key": key, "code": key, "text": "\r", "windowsVirtualKeyCode": 13}
        at_key = at + place * PACE_S
        handed = time.time()
        session.send("Input.dispatchKeyEvent", {"type": "keyDown", "timestamp": at_key, **told})
        session.send("Input.dispatchKeyEvent", {"type": "keyUp", "timestamp": at_key + PACE_S / 2, **told})
    session.detach()
    return handed
