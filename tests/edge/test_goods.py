"""Kinds of goods by senders' words: honest descriptions accuse nobody, those of other goods are told apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge import policy as policies
from edge.checks import consignment
from edge.consignment import Consignment, DeclaredLine
from edge.gs1 import Gtin
from edge.lookup import LookupResult, Product
from tests.edge import drawn_cases as drawn

POLICY = policies.builtin()
CREAM = replace(drawn.PRODUCT, words={"en": "face cream cosmetics", "ja": "化粧品 クリーム"})
EARBUDS = Product(
    Gtin.parse("09521234543213"), "Kumo Earbuds 2", "Kumo", "Kumo Audio", hs="851830",
    words={"en": "earphones earbuds headphones", "ja": "イヤホン"},
)  # fmt: skip
SHOES = replace(
    EARBUDS, name="Tora Runner 3", brand="Tora", hs="640411", words={"en": "sneakers shoes", "ja": "靴", "zh": "鞋"}
)
BAG = replace(
    EARBUDS, name="Mori Tote", brand="Mori", hs="420221", words={"en": "handbag bag", "ko": "가방", "vi": "túi xách"}
)
TABLETS = replace(
    EARBUDS,
    name="Sora 200 mg",
    brand="Sora",
    hs="300490",
    words={"en": "tablets medicine", "th": "อาหารเสริม", "id": "obat"},
)


def _listed(lists: tuple[tuple[Product, str], ...]) -> list[tuple[Product, str]]:
    return [(product, words) for product, text in lists for words in " ".join(text.split()).split(", ")]


HONEST = _listed(
    (
        (EARBUDS, """
            wireless earbuds, EARPHONES (WIRELESS) x1, WIRELESS EARPHONE, earphone, Bluetooth headphone,
            headset, consumer electronics, electronics, in-ear monitors, TWS buds, ear phones,
            bluetooth ear-buds black, Kopfhörer, auriculares bluetooth, écouteurs sans fil, tai nghe bluetooth,
            phone accessories, mobile phone accessory, audio equipment, earphnoes, ワイヤレスイヤホン,
            イヤフォン, ヘッドホン, スマホ用品, 電子機器, gift, headphones and case, gadget, 耳机, 무선 이어폰
        """),
        (CREAM, """
            cosmetic, skincare, skin care product, moisturizer, beauty products, COSMETICS, Gesichtscreme,
            crema facial, mỹ phẩm, kosmetik wajah, スキンケア用品, フェイスクリーム, コスメ, facial lotion,
            night creme, toiletries
        """),
        (SHOES, """
            running shoe, trainers, men's sneaker, footwear, 运动鞋, 革靴, スニーカー, zapatillas
        """),
        (BAG, """
            hand bag leather, purse, women's tote, túi xách nữ, 여성 핸드백, leather goods, wallet
        """),
        (TABLETS, """
            tablet, vitamins, health supplement, pills, วิตามิน, suplemen, capsules
        """),
    )
)  # fmt: skip
OTHER = _listed(
    (
        (EARBUDS, """
            book, phone case, T-shirt, cotton socks, plastic toys, ceramic mug, tea, ladies handbag,
            wrist watch, green tea leaves, ball pens, coffee beans, necklace, running shoes, bath towels,
            chocolate, brake pads, camisa de algodón, Kinderwagen, libro usado, áo thun, đồ chơi trẻ em,
            baju anak, スマホケース, ドッグフード, レディースバッグ, タオル
        """),
        (CREAM, """
            USB cable, phone case 3 pcs, イヤホン, Bluetooth speaker, baby clothes, 腕時計, 玩具, 文房具,
            USBケーブル, coat, guitar strings, fishing rod, dog collar, keyboard, jigsaw puzzle, pillow cases
        """),
        (SHOES, """
            plush toy, 手机壳, 茶叶, 化妆品, 腕時計, mouse pad, vitamins, 帽子
        """),
        (BAG, """
            장난감, 화장품, sách cũ, sunglasses, mug, shampoo
        """),
        (TABLETS, """
            ของเล่น, mainan, picture book, sweater, screwdriver
        """),
    )
)  # fmt: skip


def accused(product: Product, *lines: str | DeclaredLine) -> bool:
    found = replace(drawn.FOUND, product=product)
    told = tuple(DeclaredLine(line) if isinstance(line, str) else line for line in lines)
    lookup = LookupResult(drawn.EDITION, (found,), consignment=Consignment("RR473124829JP", lines=told))
    return [one.code for one in consignment.check(lookup, POLICY).findings] == ["consignment.goods"]


@pytest.mark.parametrize(("product", "words"), HONEST)
def test_an_honest_description_accuses_nobody(product: Product, words: str) -> None:
    assert not accused(product, words)


@pytest.mark.parametrize(("product", "words"), OTHER)
def test_a_description_of_goods_of_another_kind_is_told(product: Product, words: str) -> None:
    assert accused(product, words)


@pytest.mark.parametrize("lines", [("耳机", "phone case"), ("gift", "book"), ("zxq", "book"), ("book", "headset")])
def test_one_line_that_may_be_the_items_protects_it(lines: tuple[str, ...]) -> None:
    assert not accused(EARBUDS, *lines)
    assert accused(EARBUDS, "book", "phone case")


def test_words_that_nobody_listed_are_named_as_not_compared() -> None:
    found = replace(drawn.FOUND, product=EARBUDS)
    declared = Consignment("RR473124829JP", lines=(DeclaredLine("zxq"),))
    lookup = LookupResult(drawn.EDITION, (found,), consignment=declared)
    assert [one.reason for one in consignment.check(lookup, POLICY).not_run] == ["reason.other_words"]


def test_words_that_nobody_listed_are_other_goods_only_with_a_number_of_another_chapter() -> None:
    assert accused(EARBUDS, DeclaredLine("umbrella", hs="660199"))
    assert not accused(EARBUDS, DeclaredLine("umbrella"))
    assert not accused(EARBUDS, DeclaredLine("hearing pods", hs="851762"))
    assert not accused(TABLETS, DeclaredLine("multi-mineral gummies", hs="210690"))
