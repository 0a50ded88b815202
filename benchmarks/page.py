"""What an officer sees after a scan: the page in a real browser, a keyboard scanner, the real server.

    ./run bench page [--products 1000000] [--scans 100] [--pictures 20]

- a scan by a keyboard scanner: from its last key to "heard" painted, and to the verdict painted
- a picture of 12 megapixels: from the file that is chosen to the verdict painted, sending and answer with it
- the first load without fonts: bytes, and that nobody but the box is asked

How painting is timed: by the browser's Element Timing, the moment at which the frame with the word stood on the screen.
An observer marks the new word before it is painted. A scan begins when its last key is handed to the browser.

Server, its workers, browser and this program share the cores that there are; the load average is printed beside.
It ends with exit code 1 when a limit is missed.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, Request

from benchmarks.drawn_registry import Drawn
from benchmarks.latency import drawn_photograph, edition_of, pictured_item
from benchmarks.limits import Limits
from benchmarks.processes import served
from benchmarks.screens import chromium
from provisioning.demo import symbols
from tests.edge.web.wedge import wedge

HEARD_LIMIT_MS = 100.0
VERDICT_LIMIT_MS = 150.0
PICTURE_LIMIT_MS = 700.0
WEIGHT_LIMIT_KB = 150.0
WARM = 3  # turns that are not counted: the first of each kind opens files and warms a worker
PAUSE_MS = 300.0  # between two acts of this program
SIZE = {"width": 1280, "height": 800}

# What is painted and when, in milliseconds of the wall clock: `seen.heard` and `seen.verdict`.
WATCH = """() => {
  const seen = window.seen = {};
  const wall = (at) => performance.timeOrigin + at;
  const mark = (word, name) => word.setAttribute("elementtiming", name);
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) seen[one.identifier] ??= wall(one.renderTime);
  }).observe({ type: "element" });
  const shown = () => Object.values({ ...document.querySelector("#card [data-inspection]")?.dataset }).join(" ");
  let before = shown();
  new MutationObserver(() => {
    const now = shown();
    if (now && (now !== before || !seen.verdict)) mark(document.querySelector("#card h2"), "verdict");
    before = now;
  }).observe(document.querySelector("#card"), { childList: true, subtree: true });
  const heard = document.querySelector("#heard");
  new MutationObserver(() => { // an element is timed once: each word gets one of its own
    if (heard.firstElementChild) return;
    const word = document.createElement("div"); // text is timed by the block that holds it
    word.append(...heard.childNodes);
    mark(word, "heard");
    heard.append(word);
  }).observe(heard, { childList: true });
  document.querySelector("#pictures")
    .addEventListener("change", () => { seen.chosen = wall(performance.now()); }, { capture: true });
}"""
# The requests that a verdict waited for (name, begin, end; ms of the wall clock), and what the box says of it.
ASKED = """async () => {
  const asked = performance.getEntriesByType("resource").map((one) => [new URL(one.name).pathname, one])
    .filter(([path]) => path.endsWith("/scans") || path === "/pages/card")
    .map(([path, one]) => [path.endsWith("/scans") ? "sent" : "card", performance.timeOrigin + one.startTime,
      performance.timeOrigin + one.responseEnd]);
  const { inspection } = document.querySelector("#card [data-inspection]").dataset;
  return [asked, (await (await fetch(`/api/v1/inspections/${inspection}`)).json()).latest];
}"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw, serve, scan, look, print."""
    parser = argparse.ArgumentParser(prog="./run bench page", description=__doc__)
    parser.add_argument("--products", type=int, default=1_000_000)
    parser.add_argument("--serials", type=int, default=1_000_000)
    parser.add_argument("--scans", type=int, default=100)
    parser.add_argument("--pictures", type=int, default=20)
    parser.add_argument("--workers", type=int, default=1, help="pixel workers")
    parser.add_argument("--cache", type=Path, default=Path("out/bench"), help="where the drawn edition is kept")
    chosen = parser.parse_args(arguments)
    edition = edition_of(chosen.cache, chosen.products, chosen.serials)
    drawn = Drawn(chosen.products, chosen.serials, 1)
    limits = Limits()
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder), edition, workers=chosen.workers) as (url, _),
        chromium() as browser,
    ):
        print(f"{os.cpu_count()} cores, {chosen.products} products, load average {_load()}")
        _weighed(browser, url, limits)
        with _watched(browser, url) as page:
            _scans(page, drawn, chosen.scans, limits)
            picture = Path(folder) / "picture.jpg"
            picture.write_bytes(drawn_photograph())
            _pictures(page, picture, chosen.pictures, limits)
    limits.end()


def first_load(browser: Browser, url: str) -> tuple[dict[str, int], list[str]]:
    """Bytes of what the page needs at its first load, without fonts, by address; and every address that it asked."""
    weights: dict[str, int] = {}
    asked: list[str] = []

    def weigh(request: Request) -> None:
        answer = request.response()
        if answer is not None and "/static/fonts/" not in request.url:
            weights[request.url] = len(answer.body())

    with browser.new_context(viewport=SIZE) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("requestfinished", weigh)
        page.goto(url, wait_until="load")
        page.locator("#link[data-state=live]").wait_for()
        page.wait_for_timeout(300)
    return weights, asked


def _weighed(browser: Browser, url: str, limits: Limits) -> None:
    weights, asked = first_load(browser, url)
    others = [address for address in asked if not address.startswith(url)]
    whole = sum(weights.values()) / 1e3
    judged = limits.judged("weight", whole, WEIGHT_LIMIT_KB, "kB")
    print(f"first load without fonts, not compressed: {len(weights)} answers, {whole:.1f} kB, {judged}")
    print(f"  requests to others than the box: {len(others)} of {len(asked)} (limit 0)")
    limits.require("requests leave the box", kept=not others)


@contextmanager
def _watched(browser: Browser, url: str) -> Iterator[Page]:
    """The bench page, with eyes on what it paints."""
    with browser.new_context(viewport=SIZE) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(url)
        page.locator("#link[data-state=live]").wait_for()
        page.evaluate(WATCH)
        yield page


def _scans(page: Page, drawn: Drawn, count: int, limits: Limits) -> None:
    """Registered serials, each a parcel of its own."""
    turns: list[_Turn] = []
    torn = tried = 0
    while len(turns) < count + WARM:
        product, serial = drawn.serial(tried * max(1, drawn.serials // (2 * count)))
        tried += 1
        text = f"]d201{drawn.gtin(product)}21{serial}"
        _forget(page)
        began = wedge(page, text) * 1e3
        page.wait_for_timeout(PAUSE_MS)
        if page.locator("#heard").text_content() == text:
            turns.append(_turn(page, began, "heard", "verdict"))
        else:
            torn += 1
        _next(page)
    turns = turns[WARM:]
    print(f"scan by a keyboard scanner, load average {_load()}; typed too slowly by the machine, and left out: {torn}")
    limits.require("a registry that is in use", kept=all(one.known for one in turns))
    _row("heard painted", [one.seen["heard"] - one.began for one in turns], limits, HEARD_LIMIT_MS)
    _row("verdict of a scan painted", [one.seen["verdict"] - one.began for one in turns], limits, VERDICT_LIMIT_MS)
    _stages(turns)


def _pictures(page: Page, picture: Path, count: int, limits: Limits) -> None:
    """A picture of an item whose code was scanned before: it comes to the open inspection."""
    turns = []
    for turn in range(count + WARM):
        wedge(page, symbols.s10("RR", f"{47312482 + turn:08d}", "JP"))
        page.locator("#card [data-inspection]").wait_for()
        wedge(page, f"]d2{pictured_item()}")
        page.locator("#card [data-assessment='2']").wait_for()
        page.keyboard.press("c")
        page.locator("#entry[open]").wait_for()
        _forget(page)
        page.locator("#pictures").set_input_files(picture)
        turns.append(_turn(page, None, "chosen", "verdict"))
        _next(page)
    turns = turns[WARM:]
    print(f"picture of 12 megapixels, load average {_load()}")
    limits.require("faces that are compared", kept=all("compare" in one.box for one in turns))
    _row("verdict of a picture painted", [one.seen["verdict"] - one.began for one in turns], limits, PICTURE_LIMIT_MS)
    _stages(turns)


@dataclass(frozen=True, slots=True)
class _Turn:
    """One scan or picture. Times are milliseconds of the wall clock."""

    began: float
    seen: dict[str, float]
    asked: list[tuple[str, float, float]]  # sent, card: begin, end
    box: dict[str, float]  # the box's own figures: compute and its stages
    known: bool  # the verdict rests on an edition

    @property
    def parts(self) -> Iterator[tuple[str, float]]:
        """What the time was spent on, one after the other, and within the answer what the box says of it."""
        sent = next(one for one in self.asked if one[0] == "sent")
        cards = [one for one in self.asked if one[0] == "card" and one[2] <= self.seen["verdict"]]
        yield "sent after", sent[1] - self.began
        yield "answered in", sent[2] - sent[1]
        for stage, spent in self.box.items():
            yield f"  {stage}", spent
        yield "card after", cards[-1][1] - sent[2]
        yield "card fetched in", cards[-1][2] - cards[-1][1]
        yield "painted after", self.seen["verdict"] - cards[-1][2]


def _turn(page: Page, began: float | None, *names: str) -> _Turn:
    """Wait until all of it is painted. Without `began` it began when the file was chosen."""
    page.wait_for_function("(names) => names.every((name) => seen[name])", arg=list(names))
    seen = dict(page.evaluate("() => seen"))
    asked, latest = page.evaluate(ASKED)
    box = {"computed": latest["compute_ms"], **latest["stage_ms"]}
    return _Turn(
        began if began is not None else seen["chosen"],
        seen,
        asked,
        box,
        bool(latest["verdict"]["freshness"]["edition"]),
    )


def _forget(page: Page) -> None:
    page.evaluate("() => { Object.keys(seen).forEach((key) => delete seen[key]); performance.clearResourceTimings(); }")


def _next(page: Page) -> None:
    """The parcel goes; the page is still before the next comes."""
    page.evaluate("() => fetch('/api/v1/stations/1/next', { method: 'POST' }).then(() => true)")
    page.locator(".card.empty").wait_for()
    page.wait_for_timeout(PAUSE_MS)


def _stages(turns: list[_Turn]) -> None:
    parts = [dict(one.parts) for one in turns]
    for name in dict.fromkeys(name for one in parts for name in one):
        p50, p95 = np.percentile([one.get(name, 0.0) for one in parts], (50, 95))
        print(f"    {name}: p50 {p50:.1f}, p95 {p95:.1f} ms")


def _row(name: str, values: Sequence[float], limits: Limits | None = None, limit: float | None = None) -> None:
    p50, p95 = np.percentile(values, (50, 95))
    judged = f"; p95: {limits.judged(name, float(p95), limit, 'ms')}" if limits and limit is not None else ""
    print(f"  {name}: n {len(values)}, p50 {p50:.1f}, p95 {p95:.1f} ms{judged}")


def _load() -> str:
    return " ".join(f"{one:.2f}" for one in os.getloadavg())


if __name__ == "__main__":
    main()
