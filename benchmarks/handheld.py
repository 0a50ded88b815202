"""The queue of a handheld, in Debian's Chromium, against a real server that is killed (SIGKILL) again and again.

    ./run bench handheld [--kills 100] [--each 5] [--seed 1]

The page puts codes, each a parcel of its own, into its queue while the server is started, killed at a random moment
within its work and started again. After every second start, on average, the next codes come and the next kill falls
while the queue is still being sent; after the others it is waited for until it is empty. In the end the ledger must
hold every parcel once and in the order in which it was scanned. It prints how many were lost, doubled and out of order,
how many kills left codes waiting, and how long the queue took to be empty after a start. It ends with exit code 1 when
one was lost, doubled or out of order.

A server is a process of its own, forked from one that has loaded the program and run nothing: a start costs what
opening the box costs, and not the loading of its modules.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

import httpx
from playwright.sync_api import Page, sync_playwright

import sekisho
from benchmarks.limits import Limits
from edge.app import open_bench
from edge.settings import Settings
from edge.web.server import bound

GTIN = "09521234543213"
PATIENCE_S = 120.0
_PUT = """async ({text, parcel}) => {
  const queue = await import("/static/handheld/queue.js");
  await queue.put({ parcel, station: "1", text });
  dispatchEvent(new Event("online"));
}"""
_COUNT = """async () => (await import("/static/handheld/queue.js")).count()"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it and print what became of every parcel.

    Raises:
        SystemExit: a limit is missed, or there is no Chromium.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--each", type=int, default=5, help="parcels that are scanned before each kill")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("Debian's Chromium must be there, got none: apt-get install chromium")
    rng, limits = random.Random(given.seed), Limits()
    with tempfile.TemporaryDirectory() as folder, bound(Settings(port=0)) as held:
        state = Path(folder) / "state"
        port = held.getsockname()[1]  # nobody else is given it while the server is dead
        context = get_context("forkserver")
        context.set_forkserver_preload(["sekisho", "edge.web.server"])
        start = partial(_started, context, state, port)
        server = start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page()
            page.goto(f"http://127.0.0.1:{port}/handheld")
            page.wait_for_selector("html[data-ready=yes]", state="attached")
            told, under_way, drained = _campaign(page, server, start, given.kills, given.each, rng)
            browser.close()
        with open_bench(Settings(state_dir=state, workers=1)) as bench:
            rows = [row for row in bench.ledger.outbox(0, 1_000_000) if row.entry.kind == "assessed"]
            names = dict.fromkeys(row.entry.inspection for row in rows)
            kept = [bench.record(name).assessments[-1].seen.symbols[0].text[18:] for name in names]
    lost, doubled = len(set(told) - set(kept)), len(kept) - len(set(kept))
    ordered = kept == told
    print(f"{given.kills} kills, {len(told)} parcels, {under_way} kills with codes still waiting")
    print(f"lost {lost}, doubled {doubled}, order {'kept' if ordered else 'NOT kept'}")
    print(f"queue empty after a start: median {statistics.median(drained):.2f} s, longest {max(drained):.2f} s")
    limits.judged("lost", lost, 0.5, "parcels")
    limits.judged("doubled", doubled, 0.5, "parcels")
    limits.require("order", kept=ordered)
    limits.end()


def _campaign(  # noqa: PLR0917 - the parts of one run
    page: Page,
    server: BaseProcess,
    start: Callable[[], BaseProcess],
    kills: int,
    each: int,
    rng: random.Random,
) -> tuple[list[str], int, list[float]]:
    """What was scanned, in order; kills with codes waiting; seconds until the queue was empty after each start."""
    told: list[str] = []
    drained: list[float] = []
    under_way = 0
    for kill in range(kills):
        for number in range(each):
            told.append(f"K{kill}N{number}")
            page.evaluate(_PUT, {"text": f"01{GTIN}21{told[-1]}", "parcel": told[-1]})
        time.sleep(rng.uniform(0, 0.12))
        server.kill()
        server.join()
        under_way += page.evaluate(_COUNT) > 0
        server = start()
        since = time.monotonic()
        page.evaluate("dispatchEvent(new Event('online'))")
        if rng.random() < 0.5 and kill + 1 < kills:  # noqa: PLR2004 - half of them: killed again in the midst of it
            continue
        while page.evaluate(_COUNT) > 0:
            if time.monotonic() - since > PATIENCE_S:
                raise TimeoutError(f"The queue must be empty within {PATIENCE_S:g} s, got codes that wait.")
            time.sleep(0.02)
        drained.append(time.monotonic() - since)
    server.terminate()
    server.join(30)
    return told, under_way, drained


def _started(context: ForkServerContext, state: Path, port: int) -> BaseProcess:
    told = {"SEKISHO_STATE_DIR": str(state), "SEKISHO_PORT": str(port), "SEKISHO_WORKERS": "1"}
    server = context.Process(target=_serve, args=(told,))
    server.start()
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/api/v1/health/live", timeout=5).is_success:
                return server
        except httpx.HTTPError:
            time.sleep(0.02)
    raise TimeoutError(f"sekisho serve must answer within {PATIENCE_S:g} s, got none.")


def _serve(told: dict[str, str]) -> None:
    """What `sekisho serve` does in its process."""
    os.environ |= told
    sys.argv = ["sekisho", "serve", "--no-devices", "--no-pictures"]
    sekisho.main()


if __name__ == "__main__":
    main()
