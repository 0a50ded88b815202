"""National customs publishes a bulletin in one command; a platform lists sellers; boxes take both as any part."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.consignment import Consignment, Party
from edge.gs1 import Gtin
from edge.identity import Identity
from edge.moment import ClockTrust, Moment
from edge.policy import builtin
from edge.steps.look_up import look_up
from edge.storage.ledger import Ledger
from edge.storage.registry import Registry
from edge.storage.shelves import editions
from sync import parts, publish
from sync.bulletins import Signer, publish_bulletin, worded
from sync.current import Scope
from sync.errors import PublishError
from sync.keys import make_key
from tests.sync.publishing import NOW, Publishing, Receiving, checked, passphrase

GTIN = checked(491_234_567_890)
SELLER = '{"entry": "BZ-5512", "kind": "seller", "name": "Bright Gadget Trading", "reason": "Three orders"}\n'


@pytest.fixture
def desk(publishing: Publishing) -> Publishing:
    """A tree with an edition, national customs and a platform."""
    publishing.add_edition(publishing.edition(3, GTIN))
    for name, scope in (("customs", Scope(everything=True)), ("bazaar", Scope(sellers=True))):
        key = make_key(publishing.place / "safe", name, passphrase)
        publish.delegate(publishing.tree(), name, key, scope)
    return publishing


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    one = Ledger.open(tmp_path / "ledger.db", "bench-1")
    yield one
    one.close()


def bulletin(desk: Publishing, number: str = "C-7", **changes: object) -> parts.Imported:
    row = {
        "number": number,
        **worded("title", ["en:Flat hologram", "ja:平らなホログラム"]),
        **worded("text", ["en:Tilt it.", "ja:傾ける。"]),
        "valid_from": "2026-11-01",
        "valid_to": "2026-12-31",
        "brands": ["Kumo"],
    }
    signer = Signer("customs", desk.place / "safe" / "customs.pem", passphrase)
    return publish_bulletin(desk.tree(), signer, row | changes)


def signed(desk: Publishing, publisher: str, table: str, text: str) -> Path:
    source, out = desk.place / f"{publisher}-source", desk.place / f"{publisher}-signed"
    source.mkdir()
    (source / table).write_text(text, encoding="utf-8")
    key = desk.place / "safe" / f"{publisher}.pem"
    parts.sign_part(publisher, source, out, key=key, passphrase=passphrase, now=NOW)
    return out


def used(desk: Publishing, box: Receiving) -> Registry:
    """The registry of the box after a pull, with all that is staged in use."""
    state = box.pull(desk.directory)
    shelf = editions(box.state_dir)
    files = [one.file for one in state.items if one.kind == "edition" and one.state == "staged"]
    files += [one.file for one in state.publishers.values() if one.state == "staged"]
    shelf.activate(*files)
    return shelf.current()


def told(registry: Registry) -> list[tuple[str, str, str]]:
    found = registry.bulletins(Gtin.parse(GTIN), NOW.date(), "Kumo")
    return [(one.number, one.title["ja"], one.source) for one in found]


def test_a_bulletin_of_customs_appears_on_any_product_and_its_number_again_takes_its_place(
    desk: Publishing, receiving: Receiving
) -> None:
    assert (bulletin(desk).version, bulletin(desk, "C-8", title_ja="八").version) == (1, 2)
    assert told(used(desk, receiving)) == [("C-7", "平らなホログラム", "customs"), ("C-8", "八", "customs")]
    assert bulletin(desk, title_ja="新").version == 3
    assert told(used(desk, receiving)) == [("C-7", "新", "customs"), ("C-8", "八", "customs")]
    bulletin(desk, valid_to="2026-11-02")
    assert told(used(desk, receiving)) == [("C-8", "八", "customs")]


def test_a_bulletin_that_boxes_would_refuse_is_not_published(desk: Publishing) -> None:
    with pytest.raises(PublishError) as refused:
        bulletin(desk, valid_to="2026-10-01")
    assert refused.value.code == "publish_part"
    assert refused.value.message.startswith("Expected a bulletin that boxes take, got: bulletins.jsonl, row 1")
    assert not desk.tree().has("publisher-customs")
    signer = Signer("nobody", desk.place / "safe" / "customs.pem", passphrase)
    with pytest.raises(PublishError) as unknown:
        publish_bulletin(desk.tree(), signer, {"number": "C-1"})
    assert unknown.value.code == "publish_publisher"


def test_words_of_a_bulletin_name_their_language() -> None:
    with pytest.raises(PublishError) as refused:
        worded("title", ["Flat hologram"])
    assert refused.value.message == (
        "--title: expected LANGUAGE:WORDS such as 'en:Flat hologram', got 'Flat hologram'."
    )


def test_a_platforms_seller_is_met_in_the_declared_consignor_and_named_with_the_platform(
    desk: Publishing, receiving: Receiving, ledger: Ledger
) -> None:
    desk.take_in("bazaar", signed(desk, "bazaar", "watch_list.jsonl", SELLER))
    registry = used(desk, receiving)
    consignment = Consignment("RR473124829JP", consignor=Party("BRIGHT GADGET TRADING"), platform="bazaar")
    found = look_up(
        Identity(),
        consignment,
        (),
        registry,
        ledger,
        inspection="i1",
        policy=builtin(),
        now=Moment(NOW, ClockTrust.SYNCED),
    )
    assert [(hit.entry, hit.kind, hit.source, hit.similarity) for hit in found.watch_hits] == [
        ("BZ-5512", "seller", "bazaar", 100.0)
    ]


def test_a_platform_speaks_of_no_product_and_a_right_holder_lists_no_seller(
    desk: Publishing, receiving: Receiving
) -> None:
    row = {"number": "B-1", "title_en": "x", "text_en": "x", "valid_from": "2026-11-01", "valid_to": "2026-12-31"}
    text = json.dumps(row | {"brands": ["Kumo"]}) + "\n"
    done = desk.take_in("bazaar", signed(desk, "bazaar", "bulletins.jsonl", text))
    assert done.refused == (
        "bulletins.jsonl, row 1: 'Kumo': expected a brand of this publisher's scope, got another's.",
    )
    desk.delegate("kumo", brands=["Kumo"])
    other = desk.take_in("kumo", signed(desk, "kumo", "watch_list.jsonl", SELLER))
    assert other.refused == ("watch_list.jsonl, row 1: expected a publisher that may list sellers, got another.",)
    registry = used(desk, receiving)
    assert told(registry) == []
    assert registry.watch_candidates("Bright Gadget Trading") == ()
