"""The fictional products of the demo, their makers and their prices. No such brands, companies or goods exist.

GTINs begin with 952, the prefix that GS1 keeps for examples.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from provisioning.demo.symbols import with_check_digit


@dataclass(frozen=True, slots=True)
class DemoPoint:
    """A distinguishing point. `region` is the kind of the front's region that it lies on, "" for none."""

    en: str
    ja: str
    sense: str = "look"
    region: str = ""


@dataclass(frozen=True, slots=True)
class DemoProduct:
    """One product; `key` names its artwork. Money is in yen, sizes in millimetres, mass in grams."""

    key: str
    name: str
    brand: str
    right_holder: str
    gtin: str
    hs: str
    size_mm: tuple[float, float]
    value_band: tuple[int, int]
    net_g: int
    words_en: str  # as a sender would declare it
    words_ja: str
    origins: tuple[str, ...] = ("JP",)
    makers: tuple[str, ...] = ()
    importers: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    serialised: bool = False
    serial_rule: str = ""
    programme_age_days: int = 0  # how long before the demo's day the serial programme began; 0 = none
    first_serialised_batch: str = ""
    registered: bool = True
    points: tuple[DemoPoint, ...] = field(default=())


def _gtin(item: str) -> str:
    return "0" + with_check_digit("952" + item)


PRODUCTS: tuple[DemoProduct, ...] = (
    DemoProduct(
        "serum",
        "Aurore Night Serum 30 ml",
        "Mizurelle",
        "Mizurelle Cosmetics K.K.",
        _gtin("110100101"),
        "330499",
        (84, 120),
        (6000, 12000),
        140,
        "serum skin care cosmetics beauty",
        "美容液 化粧品",
        makers=("Mizurelle Cosmetics K.K., Kofu",),
        importers=("Harumi Trading K.K.",),
        routes=("SG-JP",),
        serialised=True,
        serial_rule=r"MZ\d{8}",
        programme_age_days=900,
        first_serialised_batch="A2401",
        points=(
            DemoPoint(
                "The moon of the logo is closed at its left; in the known imitation it is open.",
                "ロゴの月は左が閉じている。",
                region="logo",
            ),
            DemoPoint(
                "The micro-print reads MIZURELLE, never MIZUREILE.",
                "微小印字は MIZURELLE と読める。",
                "magnify",
                region="microprint",
            ),
            DemoPoint(
                "Full, it weighs 140 g; the known imitation is lighter by 20 g or more.",
                "満量で 140 g。既知の模倣品は 20 g 以上軽い。",
                "weigh",
            ),
            DemoPoint(
                "It smells of rose; the known imitation of alcohol.",
                "バラの香り。既知の模倣品はアルコール臭。",
                "smell",
            ),
        ),
    ),
    DemoProduct(
        "toner",
        "TK-482 Toner Black",
        "Inkorra",
        "Inkorra Imaging Ltd.",
        _gtin("110200114"),
        "844399",
        (300, 190),
        (9000, 18000),
        980,
        "toner cartridge printer",
        "トナー カートリッジ 黒",
        origins=("JP", "VN"),
        makers=("Inkorra Imaging Vietnam Co.",),
        importers=("Inkorra Japan K.K.",),
        routes=("VN-JP",),
        serialised=True,
        serial_rule=r"IK\d{6}[A-Z]",
        programme_age_days=700,
        first_serialised_batch="L18A1",
        points=(
            DemoPoint(
                "The hologram lies 6 mm from the right edge.", "ホログラムは右端から6 mmにある。", region="hologram"
            ),
        ),
    ),
    DemoProduct(
        "game",
        "Comet Racer Zero",
        "Pixelmoth",
        "Pixelmoth Interactive Inc.",
        _gtin("110300127"),
        "852349",
        (105, 170),
        (3500, 7500),
        90,
        "video game card software",
        "ゲームソフト",
        origins=("JP", "TW"),
        makers=("Pixelmoth Media Taichung",),
        importers=("Pixelmoth Japan K.K.",),
        points=(DemoPoint("The moth of the seal has six wing lines.", "蛾の羽の線は六本。"),),
    ),
    DemoProduct(
        "medicine",
        "Lumadrex 20 mg, 28 tablets",
        "Asterval",
        "Asterval Pharma AG",
        _gtin("110400130"),
        "300490",
        (130, 72),
        (2500, 6000),
        40,
        "tablets medicine pharmaceutical drug",
        "錠剤 医薬品",
        origins=("CH", "JP"),
        makers=("Asterval Pharma AG, Visp",),
        importers=("Asterval Nihon K.K.",),
        routes=("CH-JP",),
        serialised=True,
        serial_rule=r"[A-Z0-9]{12}",
        programme_age_days=1500,
        first_serialised_batch="K20001",
        points=(
            DemoPoint("The Braille line under the name can be felt.", "商品名の下の点字に触れることができる。", "feel"),
        ),
    ),
    DemoProduct(
        "watch",
        "Meridienne Automatic",
        "Tempelin",
        "Tempelin Horlogerie SA",
        _gtin("110500143"),
        "910221",
        (120, 120),
        (60000, 180000),
        420,
        "watch wristwatch",
        "自動巻腕時計",
        origins=("CH",),
        makers=("Tempelin Horlogerie SA, Le Locle",),
        importers=("Ginza Tempelin K.K.",),
        routes=("CH-JP",),
        serialised=True,
        serial_rule=r"T\d{7}",
        programme_age_days=2000,
        points=(DemoPoint("The crown of the logo has five points.", "ロゴの冠の先は五つ。", region="logo"),),
    ),
    DemoProduct(
        "cable",
        "Flex 100 W USB-C Cable 1 m",
        "Voltleaf",
        "Voltleaf Electronics Ltd.",
        _gtin("110600156"),
        "854442",
        (90, 160),
        (1800, 3800),
        60,
        "cable usb charging",
        "充電ケーブル",
        origins=("CN", "VN"),
        makers=("Voltleaf Dongguan",),
        importers=("Voltleaf Japan K.K.",),
    ),
    DemoProduct(
        "sneakers",
        "Loop 3 Running Shoe 26.5",
        "Stridari",
        "Stridari Sport S.p.A.",
        _gtin("110700169"),
        "640411",
        (160, 110),
        (9000, 16000),
        900,
        "shoes sneakers footwear",
        "運動靴",
        origins=("VN", "ID"),
        makers=("Stridari Footwear Hai Phong",),
        importers=("Stridari Japan K.K.",),
        routes=("VN-JP", "ID-JP"),
    ),
    DemoProduct(
        "batteries",
        "Raijin AA Alkaline, 8 cells",
        "Kaminaru",
        "Kaminaru Denchi K.K.",
        _gtin("110800172"),
        "850610",
        (120, 150),
        (600, 1500),
        190,
        "batteries battery alkaline",
        "単3形 電池",
        makers=("Kaminaru Denchi K.K., Gifu",),
    ),
    DemoProduct(
        "earphones",
        "Sonavelle Drift 2",
        "Sonavelle",
        "Sonavelle Audio Inc.",
        _gtin("110900185"),
        "851830",
        (110, 110),
        (12000, 28000),
        210,
        "earphones earbuds headphones",
        "無線 イヤホン",
        origins=("MY", "JP"),
        makers=("Sonavelle Penang Sdn. Bhd.",),
        importers=("Sonavelle Japan K.K.",),
        routes=("MY-JP",),
        serialised=True,
        serial_rule=r"SV\d{9}",
        programme_age_days=300,
        first_serialised_batch="P2601",
        points=(DemoPoint("The hologram shows S D 2.", "ホログラムに S D 2 が見える。", "tilt", region="hologram"),),
    ),
    DemoProduct(
        "perfume",
        "Ombre Dorée Eau de Parfum 50 ml",
        "Maison Oriette",
        "Maison Oriette SAS",
        _gtin("111000197"),
        "330300",
        (80, 125),
        (9000, 19000),
        260,
        "perfume parfum fragrance",
        "香水",
        origins=("FR",),
        makers=("Maison Oriette SAS, Grasse",),
        importers=("Oriette Japon K.K.",),
        routes=("FR-JP",),
        points=(DemoPoint("The gold of the frame is warm, never greenish.", "枠の金は赤みがある。"),),
    ),
    DemoProduct(
        "brakes",
        "BP-210 Front Brake Pads",
        "Torvekk",
        "Torvekk Automotive GmbH",
        _gtin("111100203"),
        "870830",
        (190, 120),
        (4500, 11000),
        1900,
        "brake pads car parts",
        "ブレーキパッド 制動部品",
        origins=("DE", "CZ"),
        makers=("Torvekk CZ s.r.o.",),
        importers=("Torvekk Japan K.K.",),
        routes=("DE-JP",),
        serialised=True,
        serial_rule=r"\d{10}",
        programme_age_days=800,
        first_serialised_batch="0124",
        points=(DemoPoint("The wear mark of the picture points up.", "摩耗の印は上を向く。"),),
    ),
    DemoProduct(
        "cards",
        "Dragon Tide Booster",
        "Umibeya",
        "Umibeya Games K.K.",
        _gtin("111200216"),
        "950440",
        (66, 118),
        (400, 900),
        30,
        "trading cards booster game",
        "遊戯札",
        makers=("Umibeya Games K.K., Kobe",),
        points=(DemoPoint("The foil of the seal shows a wave.", "封の箔に波が見える。"),),
    ),
    DemoProduct(
        "razor",
        "Glide 5 Razor Blades, 4 pcs",
        "Keenari",
        "Keenari GmbH",
        _gtin("111300229"),
        "821220",
        (100, 140),
        (1200, 2600),
        60,
        "razor blades shaving",
        "替刃 剃刀",
        origins=("DE", "PL"),
        makers=("Keenari Polska",),
        importers=("Keenari Japan K.K.",),
    ),
    DemoProduct(
        "matcha",
        "Kazegoko Ceremonial Matcha 40 g",
        "Ujikaze",
        "Ujikaze Seicha K.K.",
        _gtin("111400232"),
        "090210",
        (130, 90),
        (1800, 4200),
        90,
        "matcha tea powder",
        "抹茶",
        makers=("Ujikaze Seicha K.K., Uji",),
    ),
    DemoProduct(
        "lamp",
        "Pier Night Lamp",
        "Harborlux",
        "Harborlux Lighting",
        _gtin("119900247"),
        "940521",
        (110, 140),
        (0, 0),
        300,
        "night lamp",
        "ランプ",
        registered=False,
    ),
)
BY_KEY = {product.key: product for product in PRODUCTS}
