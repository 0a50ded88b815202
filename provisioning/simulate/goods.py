"""The goods, senders and registry of a simulated port, drawn from a seed, and their source tables for the real builder.

GTINs begin with 952, the prefix that GS1 keeps for examples; no such brands or traders exist. It builds no edition:
that is `edge.storage.registry_build`.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from edge.gs1 import check_digit
from provisioning.simulate.scenario import Scenario

Row = Mapping[str, object]
MAKER = "CN"  # declared by most counterfeits, whatever the product's authorised origins (see port.toml)
_PICTURE = (  # the smallest PNG: no pixel of a registered face is looked at here
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8ffff3f0005fe02fe0def46b8"
    "0000000049454e44ae426082"
)
_ORIGINS = ("JP", "VN", "DE", "FR", "IT", "KR", "US", "MX", "TH", "ID", "PL", "TR")
_FROM = ("SG", "HK", "CN", "US", "DE", "KR", "TH", "TW", "AE")
_SYLLABLES = ("ka", "mi", "to", "ra", "ne", "so", "yu", "ha", "ri", "mo", "bel", "tan", "gor", "lis", "ver", "pol")
_FIRST = (
    "Golden", "Silver", "Harbour", "Eastern", "Pacific", "Bright", "Lucky", "Grand", "Ocean", "Jade", "Crane", "Maple",
    "Northern", "Delta", "Orchid", "Summit", "Lotus", "River", "Coral", "Amber",
)  # fmt: skip
_LAST = ("Trading", "Export", "International", "Commerce", "Supply", "Logistics", "Store", "Outlet", "Industries")
_FORM = ("Ltd", "Co. Ltd", "Limited", "LLC", "GmbH", "Inc.", "")
_WAYS = ("Road", "Wharf", "Street", "Lane", "Way", "Avenue", "Terrace", "Square")
_TOWNS = ("Port", "New", "East", "Upper", "Saint", "Lower")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of goods: how senders declare it, its HS number and the usual value of one piece in yen."""

    words: str
    words_ja: str
    words_other: tuple[str, str]  # in languages that no right holder registered: Chinese, Korean
    hs: str
    value: tuple[int, int]
    net_g: int
    noun: str


KINDS = (
    Kind("earphones earbuds headphones", "イヤホン", ("耳机", "이어폰"), "851830", (6_000, 24_000), 120, "Earphones"),
    Kind("perfume parfum fragrance", "香水", ("香氛", "향수"), "330300", (7_000, 18_000), 260, "Eau de Parfum"),
    Kind(
        "serum skin care cosmetics", "美容液 化粧品", ("精华液", "세럼"), "330499", (4_000, 12_000), 140, "Night Serum"
    ),
    Kind("toner cartridge printer", "トナー カートリッジ", ("硒鼓", "토너"), "844399", (8_000, 18_000), 900, "Toner"),
    Kind("sneakers shoes footwear", "靴 スニーカー", ("运动鞋", "운동화"), "640411", (9_000, 22_000), 850, "Sneaker"),
    Kind("watch wristwatch", "腕時計", ("手表", "손목시계"), "910211", (15_000, 90_000), 200, "Watch"),
    Kind("handbag bag leather", "鞄 バッグ", ("手提包", "가방"), "420221", (20_000, 120_000), 700, "Handbag"),
    Kind("sunglasses glasses", "サングラス", ("太阳镜", "선글라스"), "900410", (8_000, 30_000), 90, "Sunglasses"),
    Kind("toy figure model", "玩具 人形", ("玩偶", "장난감"), "950300", (2_000, 9_000), 300, "Figure"),
    Kind("trading cards booster game", "遊戯札", ("卡牌", "카드"), "950440", (400, 900), 30, "Booster"),
    Kind("tablets medicine supplement", "錠剤 医薬品", ("药片", "알약"), "300490", (1_500, 6_000), 60, "Tablets"),
    Kind("brake pads car parts", "制動部品", ("刹车片", "브레이크"), "870830", (4_500, 11_000), 1_900, "Brake Pads"),
    Kind("charger power adapter", "充電器", ("充电头", "충전기"), "850440", (2_000, 6_000), 150, "Charger"),
    Kind("razor blades shaving", "替刃 剃刀", ("剃须刀片", "면도날"), "821220", (1_200, 2_600), 60, "Blades"),
    Kind("tea matcha powder", "抹茶", ("茶粉", "차"), "090210", (1_800, 4_200), 90, "Matcha"),
    Kind("shirt jersey clothing", "衣類 シャツ", ("球衣", "셔츠"), "610910", (4_000, 12_000), 250, "Jersey"),
)


@dataclass(frozen=True, slots=True)
class Good:
    """A product, registered or not, and what is registered of it."""

    gtin: str
    name: str
    brand: str
    kind: Kind
    origins: tuple[str, ...]
    registered: bool
    serialised: bool
    faced: bool
    prefix: str  # that its serials begin with, two letters
    known_serials: int

    @property
    def maker(self) -> str:
        """Its authorised maker."""
        return f"{self.brand} Works {self.origins[0]}"

    @property
    def rule(self) -> str:
        """The right holder's rule for its serials."""
        return self.prefix + r"\d{9}"

    def serial(self, number: int) -> str:
        """Registered serial `number`, counted from 0."""
        return f"{self.prefix}{_scattered(number):09d}"

    def unissued(self, draws: random.Random) -> str:
        """A serial of the right form that was never issued."""
        issued = {self.serial(number) for number in range(self.known_serials)} | set(self.bad_serials)
        while True:
            serial = f"{self.prefix}{draws.randrange(10**9):09d}"
            if serial not in issued:
                return serial

    @property
    def bad_serials(self) -> tuple[str, ...]:
        """Serials that are registered as revoked, stolen or reported."""
        return tuple(self.serial(self.known_serials + number) for number in range(len(BAD)))


BAD = ("revoked", "stolen", "reported")


def _scattered(number: int) -> int:
    """Numbers of nine digits that do not follow each other, each once."""
    return (number * 387_420_489 + 123_456_789) % 10**9


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends, as declared."""

    name: str
    address: str
    country: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All goods and senders of one port."""

    goods: tuple[Good, ...]
    unregistered: tuple[Good, ...]
    senders: tuple[Sender, ...]
    listed: tuple[Sender, ...]  # on the watch list
    bulletined: frozenset[str] = field(default=frozenset())  # brands that a bulletin speaks of


def draw(scenario: Scenario, seed: int) -> Catalogue:
    """The goods and senders of the port of `seed`."""
    draws, world = random.Random(f"goods {seed}"), scenario.world
    brands = [_brand(draws, number) for number in range(world.brands)]
    goods = tuple(_good(draws, scenario, brands, number) for number in range(world.products))
    unregistered = tuple(
        _good(draws, scenario, [f"{name}ix" for name in brands], world.products + number, registered=False)
        for number in range(world.products // 2)
    )
    names: dict[str, Sender] = {}
    while len(names) < world.watched * 2:
        sender = _sender(draws)
        names.setdefault(sender.name.casefold(), sender)
    drawn = list(names.values())
    bulletined = frozenset(draws.sample(brands, max(1, round(len(brands) * scenario.rate("bulletined")))))
    return Catalogue(goods, unregistered, tuple(drawn[world.watched :]), tuple(drawn[: world.watched]), bulletined)


def _brand(draws: random.Random, number: int) -> str:
    return "".join(draws.choices(_SYLLABLES, k=draws.randint(2, 3))).title() + _SYLLABLES[number % len(_SYLLABLES)]


def _good(
    draws: random.Random, scenario: Scenario, brands: Sequence[str], number: int, *, registered: bool = True
) -> Good:
    place = number % len(brands)
    of_brand = random.Random(f"brand {brands[place]}")
    kind, prefix = of_brand.choice(KINDS), "".join(of_brand.choices("ABCDEFGHJKLMNPRSTUVWX", k=2))
    origins = tuple(of_brand.sample(_ORIGINS, of_brand.randint(1, 2)))
    if of_brand.random() < scenario.rate("origin_authorised"):
        origins += (MAKER,)
    what = draws.choices(tuple(scenario.products), tuple(scenario.products.values()))[0]
    body = f"0952{number:09d}"
    return Good(
        gtin=body + check_digit(body),
        name=f"{brands[place]} {kind.noun} {number // len(brands) + 1}{draws.choice('ABCX')}",
        brand=brands[place],
        kind=kind,
        origins=origins,
        registered=registered,
        serialised=registered and what in {"serial_and_face", "serial_only"},
        faced=registered and what in {"serial_and_face", "face_only"},
        prefix=prefix,
        known_serials=scenario.world.known_serials,
    )


def _sender(draws: random.Random) -> Sender:
    own = "".join(draws.choices(_SYLLABLES, k=draws.randint(3, 4))).title()
    name = " ".join(word for word in (draws.choice(_FIRST), own, draws.choice(_LAST), draws.choice(_FORM)) if word)
    street, town = (
        "".join(draws.choices(_SYLLABLES, k=draws.randint(2, 4))).title() for _ in range(2)
    )  # as many streets and towns as a world has, and only a few words that all share
    number = f"Unit {draws.randint(1, 99)}, {draws.randint(1, 199)}"
    address = f"{number} {street} {draws.choice(_WAYS)}, {draws.choice(_TOWNS)} {town}"
    return Sender(name, address, draws.choice(_FROM))


# --- Source tables ----------------------------------------------------------------------------------------------------


def write(directory: Path, catalogue: Catalogue, scenario: Scenario, number: int) -> Path:
    """Write the source tables of edition `number` (from 1), issued when its term begins; returns `directory`."""
    world = scenario.world
    issued = world.begins + timedelta(days=world.edition_days * (number - 1))
    (directory / "faces").mkdir(parents=True, exist_ok=True)
    (directory / "faces" / "face.png").write_bytes(bytes.fromhex(_PICTURE))
    (directory / "edition.toml").write_text(
        f'schema = 1\nname = "port"\nnumber = {number}\nissued = {issued}T00:00:00Z\npublisher = "Customs"\n'
        f'bulletin_quarter = "{issued.year}-Q{(issued.month + 2) // 3}"\n',
        encoding="utf-8",
    )
    tables = {
        "products": [_product(good) for good in catalogue.goods],
        "recordations": _recordations(catalogue, world.begins),
        "serials": list(_serials(catalogue, world.begins)),
        "watch_list": _watch_list(catalogue),
        "bulletins": _bulletins(catalogue, issued),
        "faces": [_face(good) for good in catalogue.goods if good.faced],
    }
    for name, rows in tables.items():
        _table(directory / f"{name}.csv", rows)
    return directory


def _table(path: Path, rows: Sequence[Row]) -> None:
    if not rows:
        return
    with path.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, list(rows[0]), restval="")
        writer.writeheader()
        writer.writerows(rows)


def _product(good: Good) -> Row:
    low, high = good.kind.value
    return {
        "gtin": good.gtin,
        "name": good.name,
        "brand": good.brand,
        "right_holder": f"{good.brand} K.K.",
        "hs": good.kind.hs,
        "origins": "|".join(good.origins),
        "makers": good.maker,
        "importers": f"{good.brand} Import K.K.",
        "routes": "|".join(f"{origin}-JP" for origin in good.origins),
        "value_min_minor": low,
        "value_max_minor": high,
        "currency": "JPY",
        "net_g": good.kind.net_g,
        "serialised": "yes" if good.serialised else "no",
        "serial_rule": good.rule if good.serialised else "",
        "programme_start": "2024-01-01" if good.serialised else "",
        "first_serialised_batch": FIRST_BATCH if good.serialised else "",
        "words_en": good.kind.words,
        "words_ja": good.kind.words_ja,
        "source": f"{good.brand} K.K.",
    }


FIRST_BATCH = "L2401"


def _recordations(catalogue: Catalogue, begins: date) -> list[Row]:
    return [
        {
            "number": f"EX-TM-{2000 + number}",
            "right_type": "trademark",
            "right_holder": f"{brand} K.K.",
            "valid_from": begins - timedelta(days=400),
            "valid_to": begins + timedelta(days=800),
            "brands": brand,
            "small_consignment": "yes",
            "source": "Customs",
        }
        for number, brand in enumerate(sorted({good.brand for good in catalogue.goods}))
    ]


def _serials(catalogue: Catalogue, begins: date) -> list[Row]:
    rows: list[Row] = []
    for good in catalogue.goods:
        if good.serialised:
            known = (good.serial(number) for number in range(good.known_serials))
            rows += [{"gtin": good.gtin, "serial": serial, "status": "", "dated": ""} for serial in known]
            rows += [
                {"gtin": good.gtin, "serial": serial, "status": status, "dated": begins - timedelta(days=30)}
                for serial, status in zip(good.bad_serials, BAD, strict=True)
            ]
    return rows


def _watch_list(catalogue: Catalogue) -> list[Row]:
    rows: list[Row] = []
    for number, sender in enumerate(catalogue.listed):
        by_address = number % 4 == 3  # noqa: PLR2004 - one in four is known by its address
        rows.append(
            {
                "entry": f"W-{number}",
                "kind": "address" if by_address else "consignor",
                "name": sender.address if by_address else sender.name,
                "country": sender.country,
                "reason": "sender of detained parcels",
                "source": "Customs",
            }
        )
    return rows


def _bulletins(catalogue: Catalogue, issued: date) -> list[Row]:
    return [
        {
            "number": f"B-{issued:%Y%m}-{number}",
            "title_en": "A known imitation",
            "text_en": "Look at the seam and at the print of the label.",
            "valid_from": issued,
            "valid_to": issued + timedelta(days=100),
            "brands": brand,
            "source": f"{brand} K.K.",
        }
        for number, brand in enumerate(sorted(catalogue.bulletined))
    ]


def _face(good: Good) -> Row:
    return {
        "gtin": good.gtin,
        "version": "1",
        "side": "front",
        "picture": "faces/face.png",
        "width_mm": 100,
        "height_mm": 120,
        "registered": "2025-06-01",
        "source": f"{good.brand} K.K.",
    }
