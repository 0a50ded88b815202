"""Names: what is the same person or company for a reader is alike here, and what is another is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.names import addresses, essential, latin, likeness, normalised


@pytest.mark.parametrize(
    ("asked", "listed", "how"),
    [
        ("BRIGHT-GADGET Trading Co., Ltd.", "Bright Gadget Trading", "same"),
        ("ＢＲＩＧＨＴ Gadgét", "bright gadget", "same"),
        ("株式会社ガジェット", "ガジェット", "same"),
        ("深圳东方贸易有限公司", "深圳东方贸易", "same"),
        ("Yamada Hanako", "Hanako YAMADA", "order"),
        ("Bright Gadgetts Trading", "Bright Gadgets Trading", "spelling"),
        ("BrightGadget Trading", "Bright Gadget Trading", "same"),
        ("深圳東方貿易", "深圳东方贸易", "variant"),
        ("ぶらいと・ガジェット", "ブライト・ガジェット", "script"),
        ("Shenzhen Dongfang Maoyi", "深圳東方貿易有限公司", "script"),
        ("Buraito Gajietto", "ブライト・ガジェット", "script"),
        ("Neva Trading", "Нева Trading", "script"),
        ("Hangug Jeonja", "한국전자", "script"),
        ("㈱山田商事", "株式会社山田商事", "same"),
        ("(株)山田商事", "株式会社山田商事", "same"),
        ("山田商事（株）", "株式会社山田商事", "same"),
        ("㈱ﾀﾅｶ", "株式会社タナカ", "same"),
        ("㈲田中", "田中 有限会社", "same"),
        ("(주)한국전자", "한국전자 주식회사", "same"),
        ("Kabushiki Kaisha Yamada Shoji", "Yamada Shoji K.K.", "same"),
        ("K.K. Yamada Shoji", "Yamada Shoji Kabushiki-gaisha", "same"),
        ("Bright Gadget G.m.b.H.", "Bright Gadget", "same"),
    ],
)
def test_a_name_written_otherwise_is_alike_and_says_how(asked: str, listed: str, how: str) -> None:
    found = likeness(asked, listed)
    assert (found.how, found.score >= 90) == (how, True)
    assert found.words


@pytest.mark.parametrize(
    ("asked", "listed"),
    [
        ("Golden Dragon Trading", "Golden Wagon Trading"),
        ("Li Wei", "Li Wen"),
        ("Sato Trading", "Kato Trading"),
        ("Bright Gadget", "Bright Gadget Flowers"),
        ("张伟贸易", "章炜毛衣"),
        ("Umi Trading", "Umi Holding"),
        ("A1 Store", "A2 Store"),
    ],
)
def test_another_name_is_not_alike(asked: str, listed: str) -> None:
    assert likeness(asked, listed).score < 90


def test_the_words_that_matched_are_told() -> None:
    assert likeness("Gadgets, Bright", "bright gadget").words == (("bright", "bright"), ("gadgets", "gadget"))


def test_an_address_is_another_one_when_a_number_is() -> None:
    assert addresses("12 Nathan Rd., Kowloon", "Kowloon, 12 Nathan Road").score == 100.0
    assert addresses("12 Nathan Road, Kowloon", "13 Nathan Road, Kowloon").score == 0.0
    assert addresses("1-2-3 Naha", "Naha 1-2-3").score == 100.0
    assert addresses("3-2-1 Nathan Road, Kowloon", "1-2-3 Nathan Road, Kowloon").score == 0.0


@pytest.mark.parametrize(
    ("asked", "listed", "alike"),
    [
        ("1-2-3 Nathan Road, Kowloon, Hong Kong", "1-2-3 Nathan Rd, Kowloon", True),
        ("Flat B, 1-2-3 Nathan Road, Kowloon", "1-2-3 Nathan Road, Kowloon", True),
        ("香港九龍彌敦道1-2-3号", "九龍彌敦道1-2-3", True),
        ("Flat 4, 1-2-3 Nathan Road, Kowloon", "1-2-3 Nathan Road, Kowloon", False),
        ("1-2-3 Nathan Road", "1-2-3 Nathan Road, Kowloon", False),
        ("12 Oak Road, Naha", "12 Oak", False),
        ("Nathan Road, Kowloon, Hong Kong", "Nathan Road, Kowloon", False),
    ],
)
def test_an_address_with_more_words_is_the_listed_one_written_out(asked: str, listed: str, *, alike: bool) -> None:
    found = addresses(asked, listed)
    assert (found.score >= 90, found.how == "more") == (alike, alike)


def test_a_short_name_is_not_taken_for_a_legal_form() -> None:
    assert [essential(name) for name in ("K.K.", "AS Roma", "株", "Co-op", "G. K. Chan")] == [
        "k k", "as roma", "株", "co op", "g k chan",
    ]  # fmt: skip


def test_a_legal_form_alone_stays_a_name() -> None:
    assert (essential("株式会社"), essential("Ltd."), latin("有限公司")) == ("株式会社", "ltd", "youxiangongsi")
    assert normalised("  Ｃａｆé-Ltd.,  「株式会社」ガジェット ") == "cafe ltd 株式会社 ガジェット"


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_two_names_compare_and_in_either_order_alike(one: str, other: str) -> None:
    found = likeness(one, other)
    assert 0 <= found.score <= 100
    assert abs(found.score - likeness(other, one).score) < 1e-6
