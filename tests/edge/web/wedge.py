"""A keyboard scanner for tests in a browser: it types at its own pace, however slow the machine of the test is."""

from __future__ import annotations

import asyncio
import contextlib
import time

from playwright.sync_api import Error, Page

PACE_S = 0.005  # between two keys, as the browser is told
_CONTROL = 2  # the modifier of the Control key
_NO_PAUSES = """() => {
  if (window.scanning === undefined) {
    const set = window.setTimeout;
    window.setTimeout = (what, ms, ...more) =>
      set(function due() { if (window.scanning) set(due, 20); else what(...more); }, ms);
  }
  window.scanning = true;
}"""  # a machine that is far behind would otherwise be taken for the end of a scan: no timer ends while one is typed


def wedge(page: Page, text: str, *, end: str = "Enter") -> float:
    """Type `text` into whatever has the focus. 0x1D comes as Ctrl and ]. `end` "" sends no end.

    Returns the wall clock, seconds, at which the last key was handed to the browser.
    """
    at = time.time()
    keys = [*text, end] if end else [*text]
    events: list[dict[str, object]] = []
    for place, key in enumerate(keys):
        told: dict[str, object] = {"key": key, "text": key}
        if key == "\x1d":
            told = {"key": "]", "code": "BracketRight", "modifiers": _CONTROL}
        elif key == "Enter":
            told = {"key": key, "code": key, "text": "\r", "windowsVirtualKeyCode": 13}
        at_key = at + place * PACE_S
        events.append({"type": "keyDown", "timestamp": at_key, **told})
        events.append({"type": "keyUp", "timestamp": at_key + PACE_S / 2, **told})
    session = page.context.new_cdp_session(page)
    sent = session._impl_obj

    async def typed(some: list[dict[str, object]]) -> None:
        """All at once: waiting for one key before the next would let a loaded machine cut a scan in two."""
        await asyncio.gather(*(sent.send(method="Input.dispatchKeyEvent", params=one, timeout=None) for one in some))

    with contextlib.suppress(Error):  # the page may be on its way to another address
        page.evaluate(_NO_PAUSES)
    session._sync(typed(events[:-2]))
    handed = time.time()
    session._sync(typed(events[-2:]))
    for done in (lambda: page.evaluate("window.scanning = false"), session.detach):
        with contextlib.suppress(Error):
            done()
    return handed
