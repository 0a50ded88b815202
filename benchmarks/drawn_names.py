"""Names and addresses drawn by a seed: companies and people as declarations of several countries write them, and slips.

The pools are small words of our own; the combinations are drawn, so that near neighbours ("Huaxin", "Huaxing") are as
frequent as syllables make them. They are nobody's: what they share with a real name is chance.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from anyascii import anyascii

from edge.names import essential

_PINYIN = (
    "hua", "xin", "xing", "da", "tong", "yuan", "sheng", "li", "jia", "hong", "wei", "bo", "fu", "rui", "ming",
    "yi", "feng", "tai", "jin", "hai", "long", "kang", "chang", "xiang", "zhong", "guang", "dong", "nan", "bei",
    "tian", "qi", "jun", "lin", "mei", "zheng", "an", "ping", "he", "shun", "de", "cheng", "yue", "lan", "ning",
    "bao", "lei",
)  # fmt: skip
_HAN = (
    "華新興大通源盛利佳宏偉博富瑞明億豐泰金海龍康昌祥中廣東南北天奇俊林美正安平和順德成悅蘭寧寶磊永信義誠"
    "達聯合同創業發展長春江河湖山石玉銀銅鐵木火土光電雷風雲雨雪花草樹葉紅黃藍綠白黑青紫彩虹星月日旭晨曦暉"
    "晶瑩潔淨清純真善愛仁禮智勇強健壯麗雅文武英傑豪雄飛翔騰躍進步"
)
_CITIES = ("Shenzhen", "Guangzhou", "Yiwu", "Dongguan", "Hangzhou", "Xiamen", "Ningbo", "Shantou", "Foshan", "Hongkong")
_CITIES_HAN = ("深圳", "广州", "义乌", "东莞", "杭州", "厦门", "宁波", "汕头", "佛山", "香港")
_TRADES = (
    "Trading",
    "Electronics",
    "Technology",
    "Import Export",
    "E-Commerce",
    "Garments",
    "Toys",
    "Gifts",
    "Leather",
)
_TRADES_HAN = ("贸易", "电子", "科技", "进出口", "电子商务", "服装", "玩具", "礼品", "皮具")
_ENGLISH = (
    "bright", "golden", "silver", "lucky", "star", "ocean", "river", "mountain", "green", "blue", "red", "smart",
    "happy", "royal", "prime", "global", "united", "first", "sun", "moon", "cloud", "forest", "stone", "eagle",
    "tiger", "dragon", "phoenix", "rose", "lotus", "apex", "nova", "delta", "orbit", "pixel", "gadget", "fashion",
    "home",
)  # fmt: skip
_KANA = (
    "アイウエオカキクケコサシスセソタチツテトナニノハヒフホマミムモヤユヨラリルレロワガギグゴザジズダデド"
    "バビブボパピプポ"
)
_KANJI = "山川田中村木林森石井上下松竹梅高小大西東南北原野島崎藤佐伊渡辺加吉岡本橋池谷水清長岩浜内外青白黒"
_SOUNDS = (
    "ba", "be", "bi", "bo", "bra", "cel", "cor", "da", "del", "do", "dra", "el", "en", "fi", "flo", "ga", "gel",
    "gra", "ha", "hel", "in", "jo", "ka", "kel", "ki", "kra", "la", "le", "li", "lo", "lu", "ma", "me", "mi", "mon",
    "na", "ne", "ni", "no", "nor", "o", "ora", "pa", "pel", "pi", "por", "qua", "ra", "re", "ri", "ro", "sa", "sel",
    "si", "so", "sta", "ta", "tel", "ti", "tra", "tri", "u", "va", "vel", "vi", "vo", "wa", "xa", "za", "zen", "zi",
    "zo",
)  # fmt: skip
_STREETS = ("Nathan Road", "Huaqiang North Road", "Binhai Avenue", "Station Street", "Renmin Road", "Harbour Road")
_DISTRICTS = ("Futian", "Luohu", "Baiyun", "Kowloon", "Longgang", "Tianhe", "Wanchai", "Jimei")
FORMS = ("Ltd", "Co., Ltd.", "Limited", "Inc", "")


class Names:
    """A stream of names."""

    def __init__(self, seed: int) -> None:
        """Draw by `seed`."""
        self.draw = random.Random(seed)

    def company(self) -> str:
        """A company, in one of the ways to write one."""
        return self.draw.choice((self._pinyin, self._pinyin, self._english, self._han, self._japanese))()

    def person(self) -> str:
        """A person, in Latin letters or Han characters."""
        draw = self.draw
        if draw.random() < 0.6:  # noqa: PLR2004 - odds
            return f"{draw.choice(_PINYIN).title()} {''.join(draw.choices(_PINYIN, k=draw.randint(1, 2))).title()}"
        return "".join(draw.choices(_KANJI, k=2)) + " " + "".join(draw.choices(_KANJI, k=2))

    def address(self) -> str:
        """An address in Latin letters."""
        draw = self.draw
        where = f"{draw.choice(_DISTRICTS)}, {draw.choice(_CITIES)}"
        return f"Room {draw.randint(1, 4000)}, No. {draw.randint(1, 900)} {draw.choice(_STREETS)}, {where}"

    def _pinyin(self) -> str:
        draw = self.draw
        word = "".join(draw.choices(_PINYIN, k=draw.randint(2, 3))).title()
        return f"{draw.choice(_CITIES)} {word} {draw.choice(_TRADES)} {draw.choice(FORMS)}".strip()

    def _english(self) -> str:
        draw = self.draw
        coined = "".join(draw.choices(_SOUNDS, k=draw.randint(2, 4))).title()
        return f"{draw.choice(_ENGLISH).title()} {coined} {draw.choice(_TRADES)} {draw.choice(FORMS)}".strip()

    def _han(self) -> str:
        draw = self.draw
        word = "".join(draw.choices(_HAN, k=draw.randint(2, 3)))
        return f"{draw.choice(_CITIES_HAN)}{word}{draw.choice(_TRADES_HAN)}有限公司"

    def _japanese(self) -> str:
        draw = self.draw
        word = "".join(draw.choices(_KANA, k=draw.randint(4, 6)))
        return f"株式会社{word}" if draw.random() < 0.5 else f"{''.join(draw.choices(_KANJI, k=2))}{word}商店"  # noqa: PLR2004 - odds


def _slip(name: str, draw: random.Random) -> str:
    """One letter left out, doubled, or swapped with its neighbour; never the first."""
    at = draw.randrange(1, max(2, len(name) - 1))
    kind = draw.randrange(3)
    if kind == 0:
        return name[:at] + name[at + 1 :]
    if kind == 1:
        return name[:at] + name[at] + name[at:]
    return name[:at] + name[at : at + 2][::-1] + name[at + 2 :]


SLIPS: dict[str, Callable[[str, random.Random], str]] = {
    "case and punctuation": lambda name, _: name.upper().replace(" ", "-"),
    "legal form": lambda name, draw: f"{name} {draw.choice(('Co., Ltd.', 'LIMITED', 'Inc.'))}",
    "order of words": lambda name, _: " ".join(reversed(essential(name).split())),
    "spaces": lambda name, _: name.replace(" ", "", 1),
    "one slip": _slip,
    "Latin letters": lambda name, _: f"{anyascii(essential(name))} Co., Ltd.",
}
