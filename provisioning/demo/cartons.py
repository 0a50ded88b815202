"""Artwork of the boxed goods: serum, toner, medicine, watch, earphones, perfume, brake pads.

One function draws one product's face. They are artwork: numbers here are places on paper in millimetres.
"""

from __future__ import annotations

import numpy as np

from provisioning.demo import symbols, textures
from provisioning.demo.sheet import Sheet


def serum(s: Sheet) -> None:
    """A tall cosmetics carton: dusk over water, a drop, a moon for a logo."""
    s.ground(textures.ramp(s.pixels.shape, ("#1b1440", "#4a2a6b", "#a8547f", "#f0a488", "#fbe3cf"), 90))
    s.ground(textures.bokeh(s.pixels, s.rng, ("#ffd9b0", "#e69ac0", "#9f7bd1"), 46, (5, 34)))
    water = textures.folds(s.view(0, 78, 84, 42).shape, s.rng, ("#3a2459", "#7b4a86", "#f2b9a0", "#5d3a78"), 5)
    s.paste(0, 78, 84, 42, water, 0.62)
    x, y = s.shifted(42, 19)
    s.circle(x, y, 9.5, "#fff4dc")
    s.circle(x + 3.6, y - 2.2, 8.3, "#33215c")
    s.text(x - 4.6, y + 0.4, "M", 6, "#b9772f", "roman", anchor="mm")
    s.mark("logo", 31.5, 8.5, 21, 21, "Mizurelle")
    s.text(42, 36, "MIZURELLE", 9.5, "#fff6e6", "roman", anchor="mm", tracking=0.08)
    s.line([(16, 41.6), (68, 41.6)], 0.35, "#f6d9a8")
    s.text(42, 48.4, "Aurore", 9, "#ffe9cf", "script", anchor="mm")
    drop = [(42 + 11 * np.sin(t) * np.sin(t / 2) ** 1.4, 71 - 15 * np.cos(t)) for t in np.linspace(0, 2 * np.pi, 80)]
    s.polygon(
        [(float(a), float(b)) for a, b in drop],
        textures.glow(s.pixels.shape, (0.46, 0.52), ("#fffaf0", "#ffd59b", "#e08a5f", "#8d3f63"), 0.2),
    )
    s.circle(38.4, 75.5, 2.1, "#ffffff", 0.75)
    s.text(42, 90, "NIGHT SERUM", 5.4, "#ffffff", "tall", anchor="mm", tracking=0.22)
    s.text(42, 95.5, "夜用美容液  保湿", 4, "#ffeede", "serif", anchor="mm")
    s.microprint(6, 99.2, 72, "MIZURELLE·KOFU", 0.95, "#f6d9a8")
    s.hologram(5, 4.5, 12, 12, "M")
    s.text(79, 6, "30 ml", 4.2, "#ffe9cf", "bold", anchor="ra")
    s.text(79, 11, "1.0 fl. oz", 2.4, "#ffe9cf", "sans", anchor="ra")
    s.data_matrix(5, 102.4, 0.42, 2.05)
    s.text(79, 106, "Mizurelle Cosmetics K.K.", 2.2, "#ffffff", "sans", anchor="ra", width=28)
    s.text(79, 109.5, "使用期限は箱に記載", 2.2, "#ffffff", "sans", anchor="ra")


def toner(s: Sheet) -> None:
    """A wide technical carton: a cartridge in front of a swirl of powder."""
    s.ground(textures.ramp(s.pixels.shape, ("#f4f6f8", "#dfe5ea", "#c4cdd6"), 60))
    swirl = textures.folds(s.view(118, 0, 182, 150).shape, s.rng, ("#0b1016", "#22303d", "#6d8497", "#e8eef2"), 4)
    s.paste(118, 0, 182, 150, swirl, 0.9)
    s.polygon([(0, 150), (300, 118), (300, 190), (0, 190)], "#e5341c")
    s.polygon([(0, 156), (300, 126), (300, 190), (0, 190)], "#151a20")
    for i, tone in enumerate(("#2b3138", "#434b54", "#262c33", "#5a646f")):  # the cartridge
        s.polygon([(150, 60 + i * 14), (276, 42 + i * 14), (276, 58 + i * 14), (150, 76 + i * 14)], tone)
    s.polygon([(150, 60), (160, 50), (284, 33), (276, 42)], "#707b87")
    s.polygon([(276, 42), (284, 33), (284, 92), (276, 100)], "#191e24")
    for i in range(9):
        s.line([(160 + i * 12, 118 - i * 1.72), (160 + i * 12, 102 - i * 1.72)], 1.2, "#8d98a4")
    s.text(172, 92, "TK-482", 12, "#f4f6f8", "tall", slant=0.12)
    x, y = s.shifted(16, 15)
    s.polygon([(x, y), (x + 20, y), (x + 28, y + 15), (x + 20, y + 30), (x, y + 30), (x + 8, y + 15)], "#e5341c")
    s.polygon([(x + 14, y + 8), (x + 20, y + 8), (x + 24, y + 15), (x + 20, y + 22), (x + 14, y + 22)], "#ffffff")
    s.mark("logo", 16, 15, 28, 30, "Inkorra")
    s.text(48, 21, "inkorra", 17, "#151a20", "bold")
    s.text(16, 58, "TK-482", 38, "#151a20", "tall", tracking=0.02)
    s.text(16, 98, "TONER CARTRIDGE", 11, "#3a444e", "tall", tracking=0.12)
    s.text(16, 112, "トナーカートリッジ 黒", 10, "#3a444e", "bold")
    s.text(16, 127, "約3,000枚  対応機種 IK-4 / IK-6", 7, "#3a444e", "sans")
    for i, ink in enumerate(("#16191d", "#16191d", "#8a929a", "#c5ccd2")):
        s.circle(20 + i * 10, 144, 4, ink)
    s.hologram(258, 6, 36, 24, "IK")
    s.microprint(120, 140.5, 90, "INKORRA IMAGING TK-482 GENUINE CARTON PRINT", 2.1, "#ffffff")
    s.data_matrix(14, 157, 1.1, 4.6)
    s.retail_symbol(178, 152, 24, 0.9)
    s.text(128, 172, "BLACK", 15, "#ffffff", "tall", tracking=0.1)
    s.text(128, 164, "純正品", 6, "#ffffff", "bold")


def medicine(s: Sheet) -> None:
    """A pharmaceutical carton: white, two bands, a molecule, braille, the marking of the verification law."""
    s.ground(textures.ramp(s.pixels.shape, ("#ffffff", "#f3f8fb", "#e4eef4"), 75))
    s.paste(0, 0, 130, 11, textures.ramp(s.view(0, 0, 130, 11).shape, ("#0c4f86", "#1687b8", "#41b9c6"), 0))
    s.polygon([(0, 50), (74, 50), (86, 72), (0, 72)], "#1687b8", 0.14)
    s.polygon(
        [(70, 11), (130, 11), (130, 72), (104, 72)],
        textures.folds(s.pixels.shape, s.rng, ("#eaf6f8", "#bfe3ea", "#8fcbd8", "#f7fcfd"), 3),
    )
    cells = [(97, 26), (108, 20), (119, 26), (119, 38), (108, 44), (97, 38), (86, 44), (125, 48)]
    for a, b in ((0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 0), (5, 6), (3, 7)):
        s.line([cells[a], cells[b]], 0.9, "#0c4f86", 0.75)
    for i, (cx, cy) in enumerate(cells):
        s.circle(cx, cy, 2.5 if i % 3 else 3.4, ("#e2574c", "#0c4f86", "#f2b134", "#1687b8")[i % 4])
        s.circle(cx - 0.8, cy - 0.9, 0.8, "#ffffff", 0.7)
    x, y = s.shifted(5, 1.8)
    s.circle(x + 3.7, y + 3.7, 3.7, "#ffffff")
    for turn in range(6):
        angle = turn * np.pi / 3
        s.line(
            [(x + 3.7, y + 3.7), (x + 3.7 + 2.9 * float(np.cos(angle)), y + 3.7 + 2.9 * float(np.sin(angle)))],
            0.8,
            "#e2574c",
        )
    s.mark("logo", 5, 1.8, 7.4, 7.4, "Asterval")
    s.text(15, 5.6, "asterval", 6, "#ffffff", "bold", anchor="lm")
    s.text(126, 5.6, "処方箋医薬品", 3.2, "#ffffff", "bold", anchor="rm")
    s.text(5, 15, "Lumadrex", 12, "#0c2f4f", "bold")
    s.text(67, 19.8, "20 mg", 6, "#e2574c", "bold")
    s.text(5, 31.5, "28 film-coated tablets", 4, "#30485c", "sans")
    s.text(5, 36.8, "フィルムコーティング錠 28錠", 3.3, "#30485c", "sans")
    braille = ("1011", "1010", "1100", "1000", "1101", "1110", "1001", "1100")
    for i, dots in enumerate(braille):
        for j, dot in enumerate(dots):
            if dot == "1":
                s.circle(6 + i * 4.4 + (j % 2) * 1.7, 44 + (j // 2) * 1.9, 0.52, "#b4c6d1")
    s.microprint(5, 49, 60, "ASTERVAL VISP LUMADREX", 1.0, "#0c4f86")
    s.data_matrix(4, 51.4, 0.44, 2.3)
    s.hologram(117, 56, 10, 12, "A")
    s.text(62, 58, "Keep out of the reach of children.", 2.3, "#30485c", "sans")
    s.text(62, 61.5, "用法・用量は説明書を必読", 2.3, "#30485c", "sans")
    s.text(62, 65, "Asterval Pharma AG, CH-Visp", 2.3, "#30485c", "sans")


def watch(s: Sheet) -> None:
    """The lid of a watch box: green leather, a gold frame, the dial as a blind print, a card with the Digital Link."""
    leather = textures.clouds(s.pixels.shape, s.rng, (60, 110, 190))
    s.ground(textures.toned(leather, ("#07251d", "#0e3a2d", "#155040", "#0a2e24")))
    light = textures.glow(s.pixels.shape, (0.3, 0.2), ("#5d8d7b", "#1c4f3f", "#03130e"), 1.1)
    s.paste(0, 0, 120, 120, light, 0.35)
    for inset, width in ((4, 0.9), (6, 0.35)):
        a, b = inset, 120 - inset
        s.line([(a, a), (b, a), (b, b), (a, b), (a, a)], width, "#cfa95a")
    for cx, cy in ((4, 4), (116, 4), (4, 116), (116, 116)):
        s.circle(cx, cy, 2.4, "#cfa95a")
        s.circle(cx, cy, 1.2, "#0e3a2d")
    s.circle(60, 66, 28, "#0a2a21", 0.55)
    for tick in range(60):
        angle = tick * np.pi / 30
        inner = 22.5 if tick % 5 == 0 else 25.2
        ends = [(60 + r * float(np.sin(angle)), 66 - r * float(np.cos(angle))) for r in (inner, 27.2)]
        s.line(ends, 0.9 if tick % 5 == 0 else 0.3, "#cfa95a")
    s.ring(60, 66, 28.6, 0.6, "#cfa95a")
    s.polygon([(59, 67), (60, 47), (61, 67)], "#e8cf96")
    s.polygon([(60, 65), (77, 58.5), (60, 67.4)], "#e8cf96")
    s.circle(60, 66, 1.7, "#cfa95a")
    for cx, radius in ((50, 5.4), (70, 5.4)):
        s.ring(cx, 74, radius, 0.35, "#cfa95a")
        s.line([(cx, 74), (cx + 2.4, 70.8)], 0.4, "#e8cf96")
    x, y = s.shifted(60, 14)
    crown = [(-8, 7), (-9.5, -2), (-5, 2.5), (-3.6, -5), (0, 1.5), (3.6, -5), (5, 2.5), (9.5, -2), (8, 7)]
    s.polygon([(x + a, y + b) for a, b in crown], "#d8b466")
    s.mark("logo", 50, 8, 20, 14, "Tempelin")
    s.text(60, 28, "TEMPELIN", 9, "#e2c17a", "roman", anchor="mm", tracking=0.14)
    s.text(60, 34.3, "LE LOCLE", 2.9, "#e2c17a", "roman", anchor="mm", tracking=0.3)
    s.text(60, 99, "Méridienne", 7.4, "#e2c17a", "script", anchor="mm")
    s.microprint(33, 105.4, 54, "TEMPELIN HORLOGERIE", 1.05, "#cfa95a")
    link = f"https://id.tempelin.example/01/{s.product.gtin}/21/{s.marking.serial}"
    s.mark("ignore", 90, 90, 22, 22)
    s.rectangle(90, 90, 22, 22, "#f6efe0", radius=1)
    if s.marking.serial:
        from_edge = 1.9
        s.symbol(90 + from_edge, 90 + from_edge - 0.6, symbols.qr(link), 0.49)
        s.text(101, 110.3, s.marking.serial, 2.2, "#2a2418", "sans", anchor="mm")
    s.hologram(8, 98, 15, 14, "T")


def earphones(s: Sheet) -> None:
    """A square carton: a gradient of sound waves behind two earphones."""
    s.ground(textures.glow(s.pixels.shape, (0.72, 0.3), ("#ff9a6b", "#e8447a", "#7b2f9e", "#221a56"), 0.95))
    for ring in range(15):
        s.ring(72, 46, 8 + ring * 4.6, 0.4 + 0.04 * ring, "#ffd9c9", 0.34)
    for side, cx in ((1, 60), (-1, 84)):
        s.polygon([(cx - 3, 50), (cx + 3, 50), (cx + 2.2 + side, 78), (cx - 2.2 + side, 78)], "#e9e4ee")
        s.circle(
            cx, 46, 10.4, textures.glow(s.pixels.shape, ((cx - 4) / 110, 0.38), ("#ffffff", "#d9d2e2", "#7f7590"), 0.18)
        )
        s.circle(cx - side * 3.5, 43, 4.3, "#2a2340")
        s.circle(cx - side * 3.5, 43, 3.2, "#4b4266")
        for hole in range(6):
            angle = hole * np.pi / 3
            s.circle(cx - side * 3.5 + 1.9 * float(np.cos(angle)), 43 + 1.9 * float(np.sin(angle)), 0.42, "#171226")
    x, y = s.shifted(8, 8)
    for i, height in enumerate((4, 9, 13, 8, 11, 5)):
        s.rectangle(x + i * 2.6, y + (14 - height) / 2, 1.6, height, "#ffffff", radius=0.8)
    s.mark("logo", 8, 8, 15, 14, "Sonavelle")
    s.text(27, 9, "sonavelle", 10.5, "#ffffff", "bold")
    s.text(8, 28, "DRIFT 2", 16, "#ffffff", "tall")
    s.text(8, 47, "true wireless", 5.4, "#ffe3d6", "script")
    s.text(8, 57, "無線イヤホン", 4.6, "#ffffff", "bold")
    for i, words in enumerate(("32 h", "IPX5", "ANC")):
        s.rectangle(8 + i * 14, 66, 12.4, 6.4, "#ffffff", radius=3.2, opacity=0.92)
        s.text(14.2 + i * 14, 69.2, words, 3.6, "#5b2583", "bold", anchor="mm")
    s.polygon([(0, 84), (110, 78), (110, 110), (0, 110)], "#17123a")
    s.hologram(89, 84, 16, 16, "SD2")
    s.microprint(8, 81.6, 66, "SONAVELLE DRIFT", 1.1, "#ffb59a")
    s.data_matrix(6, 87, 0.5, 2.7)
    s.text(104, 104, "Sonavelle Audio Inc.", 2.4, "#d9d2e2", "sans", anchor="ra")


def perfume(s: Sheet) -> None:
    """A perfume carton: cream paper, warm gold, a flacon in the dusk."""
    s.ground(textures.toned(textures.clouds(s.pixels.shape, s.rng, (50, 120, 200)), ("#efe2cb", "#f7eedd", "#e9d8bb")))
    gold = textures.folds(s.pixels.shape, s.rng, ("#8a5a1f", "#d9a84e", "#fbe3a3", "#b47b2e"), 8)
    for inset, width in ((3.4, 1.5), (6.2, 0.4)):
        a, right, bottom = inset, 80 - inset, 125 - inset
        for x, y, w, h in (
            (a, a, right - a, width),
            (a, bottom - width, right - a, width),
            (a, a, width, bottom - a),
            (right - width, a, width, bottom - a),
        ):
            s.rectangle(x, y, w, h, gold)
    s.rectangle(14, 37, 52, 48, textures.ramp(s.pixels.shape, ("#3b1430", "#7c2b3f", "#c9603f", "#f0b26a"), 70))
    for i in range(22):
        at = float(s.rng.uniform(15, 65))
        s.circle(at, float(s.rng.uniform(38, 60)), float(s.rng.uniform(0.2, 0.9)), "#ffe3b0", 0.5 + 0.4 * (i % 2))
    s.rectangle(29, 54, 22, 27, "#f7d9a4", radius=2.4, opacity=0.6)
    s.rectangle(31, 60, 18, 19, "#d98b3c", radius=1.6, opacity=0.75)
    s.rectangle(35.5, 45.5, 9, 8.5, gold, radius=0.8)
    s.rectangle(33.5, 56, 2, 22, "#fff6e0", radius=0.8, opacity=0.6)
    s.rectangle(35, 65, 10, 7, "#fbf2de")
    s.text(40, 68.5, "MO", 4, "#7c4a17", "roman", anchor="mm")
    x, y = s.shifted(40, 19)
    s.ring(x, y, 8.2, 0.9, "#a8732b")
    s.ring(x, y, 6.6, 0.3, "#a8732b")
    s.text(x, y + 0.3, "MO", 6.4, "#8a5a1f", "roman", anchor="mm")
    s.mark("logo", 31.3, 10.3, 17.4, 17.4, "Maison Oriette")
    s.text(40, 32, "MAISON ORIETTE", 4.8, "#5d3a12", "roman", anchor="mm", tracking=0.08)
    s.text(40, 92, "Ombre Dorée", 8.4, "#7c4a17", "script", anchor="mm")
    s.text(40, 99.5, "EAU DE PARFUM", 3.2, "#5d3a12", "roman", anchor="mm", tracking=0.2)
    s.microprint(14, 86.2, 52, "MAISON ORIETTE GRASSE", 0.9, "#7c4a17")
    s.text(10, 104, "50 ml", 3, "#5d3a12", "sans")
    s.text(10, 108.5, "1.7 fl. oz", 2.4, "#5d3a12", "sans")
    s.text(10, 113, "香水", 3, "#5d3a12", "serif")
    s.retail_symbol(30.5, 102.3, 12, 0.33)


def brakes(s: Sheet) -> None:
    """A car part's carton: yellow and steel, a disc with its pads."""
    s.ground(textures.grained(textures.ramp(s.pixels.shape, ("#f7c600", "#f3b200", "#e59a00"), 35), s.rng, 5))
    s.polygon([(92, 0), (190, 0), (190, 120), (64, 120)], "#20242a")
    steel = textures.grained(
        textures.ramp(s.pixels.shape, ("#8f989f", "#d3d9dd", "#79828a", "#b9c1c7"), 15), s.rng, 16, 12
    )
    s.circle(137, 56, 44, "#0f1215")
    s.circle(137, 56, 42, steel)
    for hole in range(24):
        angle = hole * np.pi / 12
        for radius in (29, 35 + 2 * (hole % 2)):
            s.circle(137 + radius * float(np.cos(angle)), 56 + radius * float(np.sin(angle)), 1.4, "#23282d")
    s.circle(137, 56, 21, "#3c434a")
    s.circle(137, 56, 18, steel)
    for bolt in range(5):
        angle = bolt * 2 * np.pi / 5 - np.pi / 2
        s.circle(137 + 11.5 * float(np.cos(angle)), 56 + 11.5 * float(np.sin(angle)), 2.6, "#16191d")
    s.circle(137, 56, 5.5, "#16191d")
    for sign in (-1, 1):
        arc = np.linspace(-0.55, 0.55, 16)
        outer = [(137 + sign * 47 * float(np.cos(a)), 56 + 47 * float(np.sin(a))) for a in arc]
        inner = [(137 + sign * 31 * float(np.cos(a)), 56 + 31 * float(np.sin(a))) for a in arc[::-1]]
        s.polygon(outer + inner, "#c33b22")
        s.line(outer, 1.2, "#6e1d10")
        s.circle(137 + sign * 39, 56, 2.2, "#f7c600")
    s.polygon([(137, 14), (141, 22), (133, 22)], "#f7c600")
    x, y = s.shifted(8, 9)
    s.polygon(
        [
            (x, y),
            (x + 30, y),
            (x + 26, y + 6),
            (x + 18, y + 6),
            (x + 12, y + 24),
            (x + 5, y + 24),
            (x + 11, y + 6),
            (x - 2, y + 6),
        ],
        "#20242a",
    )
    s.mark("logo", 6, 9, 32, 24, "Torvekk")
    s.text(33, 17, "TORVEKK", 15, "#20242a", "block", slant=0.15, width=50)
    s.text(8, 38, "BP-210", 22, "#20242a", "tall", slant=0.12)
    s.text(8, 62, "FRONT BRAKE PADS", 7, "#20242a", "tall", tracking=0.06)
    s.text(8, 70, "前輪制動部品  左右", 5.4, "#20242a", "bold")
    for i, words in enumerate(("ECE R90", "4 PCS", "LOW DUST")):
        s.rectangle(8 + i * 21, 79, 19, 6.6, "#20242a")
        s.text(17.5 + i * 21, 82.3, words, 4, "#f7c600", "bold", anchor="mm", width=17)
    s.hologram(168, 98, 17, 15, "TV")
    s.microprint(8, 88.4, 62, "TORVEKK AUTOMOTIVE BP210", 1.4, "#20242a")
    s.data_matrix(6, 92.6, 0.8, 3.4)
    s.text(164, 110, "TORVEKK CZ s.r.o.", 3, "#b9c1c7", "sans", anchor="ra")


CARTONS = {
    "serum": serum,
    "toner": toner,
    "medicine": medicine,
    "watch": watch,
    "earphones": earphones,
    "perfume": perfume,
    "brakes": brakes,
}
