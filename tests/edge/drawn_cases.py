"""Cases drawn by hand for tests of judgement: a registered product, its item, and what may be wrong with them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from edge.captures import Capture, Quality
from edge.comparison import FaceComparison
from edge.gs1 import Gtin, TradeItem
from edge.identity import Identity
from edge.inspection import Case, Seen
from edge.lookup import Edition, ItemLookup, LookupResult, Product, Recordation, RegisteredFace, SerialStatus
from edge.moment import ClockTrust, Moment

NOW = Moment(datetime(2026, 11, 21, 9, 0, tzinfo=UTC), ClockTrust.SYNCED)
GTIN = Gtin("09521234543213")
OTHER_GTIN = Gtin("09521234543220")
EDITION = Edition("drawn-2026-11-20", 42, datetime(2026, 11, 20, tzinfo=UTC), "Drawn Customs", "2026-Q4")
PRODUCT = Product(
    gtin=GTIN,
    name="Aoi Face Cream 50 g",
    brand="Aoi",
    right_holder="Aoi Cosmetics",
    hs="330499",
    origins=("JP",),
    value_min_minor=300_000,
    value_max_minor=500_000,
    currency="JPY",
    serialised=True,
    serial_rule="[A-Z]{2}[0-9]{6}",
)
ITEM = TradeItem(GTIN, serial="AB123456", elements={"01": GTIN.value, "21": "AB123456"}, sources=("scanner:1",))
RECORDATION = Recordation("R-1", "trademark", "Aoi Cosmetics", date(2025, 1, 1), date(2028, 12, 31), "Drawn Customs")
FACE = RegisteredFace(
    1, GTIN, "2026", "front", "f" * 64, 80.0, 60.0, source="Aoi Cosmetics", registered=date(2026, 1, 5)
)
CAPTURE = Capture("c" * 64, 4000, 3000, "upload", Quality(400.0, 0.01, 120.0))
COMPARISON = FaceComparison(GTIN, 1, CAPTURE.sha256, aligned=True, score=0.1, threshold_check=0.5, threshold_strong=0.9)
FOUND = ItemLookup(ITEM, PRODUCT, (RECORDATION,), SerialStatus.KNOWN, faces=(FACE,))


def case(
    found: ItemLookup = FOUND,
    seen: Seen | None = None,
    edition: Edition | None = EDITION,
    now: Moment = NOW,
    **lookup: object,
) -> Case:
    """A case with one item in it; by default a scan of a registered product with a known serial."""
    whole = LookupResult(edition, (found,))
    return Case("1", seen or Seen(), Identity(items=(found.item,)), replace(whole, **lookup), now)  # type: ignore[arg-type]


def pictured(**changes: object) -> Seen:
    """One capture with one comparison, which differs from an unremarkable one by `changes`."""
    return Seen(captures=(CAPTURE,), comparisons=(replace(COMPARISON, **changes),))  # type: ignore[arg-type]
