"""What is over by the clock is not used, and told apart from what never was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from edge import policy
from edge.captures import DecodedSymbol
from edge.consignment import Consignment, Party, Sender
from edge.lookup import LookupResult
from edge.moment import ClockTrust, Moment
from edge.steps.identify import identify
from edge.steps.look_up import look_up
from edge.storage.ledger import Ledger
from edge.storage.registry import Registry
from tests.edge.storage.editions import GTIN, edition

BULLETINS = "number,title_en,text_en,valid_from,valid_to,brands,source\nB-1,t,t,2026-10-01,2026-12-31,Kumo,Kumo\n"
WATCH = """entry,kind,name,reason,valid_to
W-1,consignor,Bright Gadget Trading,seized,2026-12-31
W-2,consignor,Bright Gadget Trading,seized,2026-10-01
W-3,address,"1-2-3 Nathan Road, Kowloon",seized,
"""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Registry, Ledger]]:
    folder = tmp_path_factory.mktemp("lookup")
    registry = Registry.open(edition(folder, 1, bulletins=BULLETINS, watch_list=WATCH))
    ledger = Ledger.open(folder / "ledger.db", "box")
    yield registry, ledger
    ledger.close()
    registry.close()


def told(opened: tuple[Registry, Ledger], day: datetime, trust: ClockTrust, sender: Party | None) -> LookupResult:
    text = f"01{GTIN}21A1"
    identity = identify([DecodedSymbol(text, text.encode(), "]d2", "DataMatrix", "scanner:1")])
    declared = Consignment("RR473124829JP", consignor=sender)
    registry, ledger = opened
    return look_up(
        identity, declared, (), registry, ledger, inspection="1", policy=policy.builtin(), now=Moment(day, trust)
    )


BRIGHT = Party("Bright Gadget Trading Ltd")
SOON, LATER = datetime(2026, 11, 21, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC)


def test_what_has_not_ended_is_used(opened: tuple[Registry, Ledger]) -> None:
    found = told(opened, SOON, ClockTrust.FLOOR, BRIGHT)
    assert ([hit.entry for hit in found.watch_hits], len(found.items[0].bulletins), found.lapsed) == (["W-1"], 1, False)


@pytest.mark.parametrize("sender", [BRIGHT, None])
def test_what_the_clock_has_ended_since_the_edition_was_issued_is_told(
    opened: tuple[Registry, Ledger], sender: Party | None
) -> None:
    found = told(opened, LATER, ClockTrust.FLOOR, sender)
    assert (found.watch_hits, found.items[0].bulletins, found.lapsed) == ((), (), True)


def test_an_address_is_found_on_the_list_with_words_added(opened: tuple[Registry, Ledger]) -> None:
    sender = Party("Umi Sunrise Outlet", "Flat B, 1-2-3 Nathan Rd, Kowloon, Hong Kong")
    assert [(hit.entry, hit.how) for hit in told(opened, SOON, ClockTrust.SYNCED, sender).watch_hits] == [
        ("W-3", "more")
    ]


def test_hits_come_in_one_order_whatever_the_order_of_what_was_declared(opened: tuple[Registry, Ledger]) -> None:
    senders = (Sender(BRIGHT), Sender(Party("Umi Outlet", "1-2-3 Nathan Road, Kowloon")))
    registry, ledger = opened
    orders = [
        [
            (hit.kind, hit.entry)
            for hit in look_up(
                identify([]),
                Consignment("A-1", several=2, senders=several),
                (),
                registry,
                ledger,
                inspection="1",
                policy=policy.builtin(),
                now=Moment(SOON, ClockTrust.SYNCED),
            ).watch_hits
        ]
        for several in (senders, senders[::-1])
    ]
    assert orders == [[("address", "W-3"), ("consignor", "W-1")]] * 2
