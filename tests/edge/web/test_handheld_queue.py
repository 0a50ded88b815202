"""A long day of scans in the queue of a handheld, in a real browser: in order, none lost, none counted twice."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.edge.web.test_handheld_page import paged, yard
from tests.edge.web.test_page import CHROMIUM, PATIENCE_MS, browser

__all__ = ["browser", "paged", "yard"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is absent: the page is not tested in a browser")

ENTRIES = 500
LOST_EVERY = 200  # so often the bench takes an entry and its answer is lost

# A bench at the port of the page: out of reach at first, then it takes everything at once and remembers what came.
BENCH = """(lostEvery) => {
  const real = window.fetch;
  window.came = [];
  window.reached = false;
  window.fetch = async (address, asked) => {
    if (asked?.method !== "POST" || !String(address).startsWith("/api/v1/inspections")) return real(address, asked);
    if (!window.reached) throw new TypeError("Failed to fetch");
    const key = asked.headers["Idempotency-Key"];
    const again = window.came.some((one) => one.key === key);
    window.came.push({ key, text: JSON.parse(asked.body).codes[0].text });
    if (!again && window.came.length % lostEvery === 0) throw new TypeError("Failed to fetch");
    const verdict = { outcome: "CHECK", sentence: "CHECK", findings: [] };
    const seen = { items: [], parcel_numbers: [], unparsed: [], taken: null };
    return Response.json({ inspection: `of-${key}`, number: 1, verdict, ...seen });
  };
}"""
PUT = """async (texts) => {
  const queue = await import("/static/handheld/queue.js");
  const waiting = (await queue.open()).transaction("waiting", "readwrite").objectStore("waiting");
  for (const text of texts) waiting.add({ parcel: text, station: "yard", text, key: queue.newKey(), made: Date.now() });
  await new Promise((resolve) => { waiting.transaction.oncomplete = resolve; });
  dispatchEvent(new Event("online"));
}"""


@pytest.mark.timeout(900)  # each entry is made durable by the browser: a loaded machine takes its time
def test_five_hundred_entries_are_sent_in_order_none_lost_and_none_counted_twice(paged: Page) -> None:
    texts = [f"SCAN{number:03}" for number in range(ENTRIES)]
    paged.evaluate(BENCH, LOST_EVERY)
    paged.evaluate(PUT, texts)
    expect(paged.locator("#waiting")).to_have_attribute("data-count", str(ENTRIES))
    paged.evaluate("() => { window.reached = true; dispatchEvent(new Event('online')); }")
    expect(paged.locator("#waiting")).to_have_attribute("data-count", "0", timeout=5 * PATIENCE_MS)
    came = paged.evaluate("() => window.came")
    taken = {one["key"]: one["text"] for one in came}  # as the ledger counts: by key, at the first time
    assert list(taken.values()) == texts
    assert len(came) == ENTRIES + ENTRIES // LOST_EVERY
    expect(paged.locator("#sent li")).to_have_count(12)
    expect(paged.locator("#refused")).to_be_hidden()
