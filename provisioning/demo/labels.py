"""Artwork of cards, labels, pouches and tins: game, cable, sneakers, batteries, cards, razor, matcha, and a lamp.

One function draws one product's face. They are artwork: numbers here are places on paper in millimetres.
"""

from __future__ import annotations

import numpy as np

from provisioning.demo import symbols, textures
from provisioning.demo.sheet import Sheet


def game(s: Sheet) -> None:
    """A game's case: a racer under a comet."""
    s.ground(textures.ramp(s.pixels.shape, ("#060818", "#141d57", "#4d2a8c", "#d2477b", "#ffb45e"), 90))
    for _ in range(150):
        x, y = float(s.rng.uniform(0, 105)), float(s.rng.uniform(0, 110))
        s.circle(x, y, float(s.rng.uniform(0.1, 0.5)), "#ffffff", float(s.rng.uniform(0.3, 1)))
    for i in range(26):  # the comet's tail
        s.line([(78 - i * 0.2, 46 + i * 0.5), (4 + i * 1.2, 22 + i * 2.6)], 0.3 + 0.05 * i, "#8fe3ff", 0.18)
    s.circle(80, 50, 9, textures.glow(s.pixels.shape, (0.76, 0.29), ("#ffffff", "#a8f0ff", "#2b7bd6"), 0.14))
    s.circle(26, 78, 15, textures.folds(s.pixels.shape, s.rng, ("#f2a65a", "#b5523b", "#6d2b48", "#f7d08a"), 6))
    s.polygon([(0, 130), (30, 104), (48, 122), (70, 98), (105, 128), (105, 170), (0, 170)], "#1a1033")
    for i in range(12):  # the track
        y = 118 + i * i * 0.38
        s.line([(0, y), (105, y)], 0.25, "#ff6fae", 0.8)
        s.line([(52, 112), (52 + (i - 5.5) * 26, 170)], 0.25, "#ff6fae", 0.8)
    body = [(36, 132), (44, 120), (62, 116), (80, 124), (88, 134), (72, 138), (48, 140)]
    s.polygon(body, "#e8f6ff")
    s.polygon([(50, 124), (62, 119), (72, 125), (60, 128)], "#15305c")
    s.polygon([(36, 132), (30, 138), (50, 138)], "#ff4f79")
    s.polygon([(88, 134), (96, 128), (92, 140), (72, 138)], "#ff4f79")
    for cx in (50, 78):
        s.circle(cx, 139, 4.4, "#0d0d18")
        s.circle(cx, 139, 2.2, "#8fe3ff")
    s.text(52.5, 24, "COMET", 26, "#fff1c9", "block", anchor="mm", slant=0.12)
    s.text(52.5, 42, "RACER ZERO", 13, "#ff7fb0", "block", anchor="mm", slant=0.12)
    s.rectangle(0, 0, 105, 9, "#e8402f")
    s.text(4, 4.6, "PIXELMOTH GAME CARD", 4.2, "#ffffff", "bold", anchor="lm", tracking=0.06)
    x, y = s.shifted(15, 158)
    s.circle(x, y, 8, "#fff1c9")
    for sign in (-1, 1):
        s.polygon(
            [(x, y - 1), (x + sign * 6.4, y - 5), (x + sign * 5.6, y + 1), (x + sign * 3, y + 4.4), (x, y + 2)],
            "#4d2a8c",
        )
        for line in range(3):
            s.line([(x + sign, y + 0.5), (x + sign * (5 - line), y - 2.6 + line * 2.2)], 0.35, "#ffb45e")
    s.rectangle(x - 0.6, y - 4, 1.2, 8.4, "#141d57", radius=0.6)
    s.mark("logo", 7, 150, 16, 16, "Pixelmoth")
    s.text(25.5, 152.5, "pixelmoth", 4.6, "#fff1c9", "bold", width=18.5)
    s.text(25.5, 159, "対応 PM-ZERO", 2.6, "#ffe1c2", "sans", width=18.5)
    s.microprint(4, 144.4, 54, "PIXELMOTH COMET RACER", 1.2, "#ffb45e")
    s.hologram(4, 52, 15, 11, "PM")
    s.retail_symbol(45.5, 147.5, 14.5, 0.51)


def cable(s: Sheet) -> None:
    """A hanging card: leaf-green, a coiled cable in a window."""
    s.ground(textures.ramp(s.pixels.shape, ("#0c8a5b", "#12a86c", "#0a7350"), 65))
    s.paste(0, 52, 90, 66, textures.grained(textures.ramp((400, 540), ("#f4f1e9", "#d9d4c6"), 80), s.rng, 4))
    for ring in range(7):
        turns = np.linspace(0, 2 * np.pi, 90)
        path = [
            (45 + (28 - ring * 1.9) * float(np.cos(t)), 85 + (24 - ring * 1.9) * float(np.sin(t)) + 0.4 * ring)
            for t in turns
        ]
        s.line(path, 1.7, "#22262b")
        s.line([(x, y - 0.35) for x, y in path], 0.4, "#6b747e")
    for cx in (30, 60):
        s.rectangle(cx - 4, 98, 8, 12, "#30353b", radius=1.4)
        s.rectangle(cx - 2.6, 109, 5.2, 5, "#c9d0d6", radius=1.2)
        s.text(cx, 103.4, "100W", 2.2, "#9fe0bf", "bold", anchor="mm")
    s.rectangle(36, 4, 18, 5, "#06543a", radius=2.5)
    x, y = s.shifted(12, 16)
    leaf = [(x, y + 16), (x + 2, y + 4), (x + 12, y), (x + 20, y - 1), (x + 18, y + 10), (x + 10, y + 16)]
    s.polygon(leaf, "#d8f26a")
    s.polygon(
        [(x + 12, y + 1), (x + 6, y + 9), (x + 10, y + 9), (x + 6, y + 16), (x + 15, y + 7), (x + 11, y + 7)], "#0a7350"
    )
    s.mark("logo", 12, 15, 20, 17, "Voltleaf")
    s.text(36, 17, "voltleaf", 11, "#ffffff", "bold")
    s.text(12, 36, "FLEX 100W", 13, "#d8f26a", "tall", tracking=0.03)
    s.text(63, 38.6, "USB-C", 8, "#ffffff", "tall")
    s.text(12, 121, "急速充電ケーブル 1 m", 5, "#ffffff", "bold")
    s.text(12, 128, "耐久 30,000 bends  ·  e-marked", 3, "#d9f7e7", "sans")
    s.microprint(10, 49.5, 70, "VOLTLEAF FLEX", 1.1, "#d8f26a")
    s.retail_symbol(7, 135.5, 16, 0.5)
    s.rectangle(64, 136, 18, 18, "#d8f26a", radius=3)
    s.text(73, 142, "1", 10, "#0a7350", "tall", anchor="mm")
    s.text(73, 150, "METER", 4, "#0a7350", "tall", anchor="mm")


def sneakers(s: Sheet) -> None:
    """The end label of a shoe box: the shoe, the size table, EAN-13 and GS1-128."""
    s.ground(textures.grained(textures.ramp(s.pixels.shape, ("#ffffff", "#f6f4f0"), 90), s.rng, 3))
    s.rectangle(0, 0, 160, 25, "#101418")
    s.polygon(
        [(108, 0), (160, 0), (160, 25), (120, 25)],
        textures.folds(s.pixels.shape, s.rng, ("#ff5a1f", "#ff9d2e", "#ffd25e"), 4),
    )
    x, y = s.shifted(6, 5)
    s.polygon([(x, y + 13), (x + 8, y), (x + 12, y), (x + 7, y + 9), (x + 22, y), (x + 9, y + 15)], "#ff5a1f")
    s.mark("logo", 6, 5, 22, 15, "Stridari")
    s.text(31, 5, "STRIDARI", 14, "#ffffff", "block", slant=0.18, width=72)
    sole = [(8, 66), (78, 66), (84, 62), (80, 71), (10, 72), (6, 69)]
    upper = [(9, 66), (10, 48), (16, 40), (24, 44), (33, 42), (47, 54), (62, 57), (76, 60), (82, 65), (78, 67)]
    s.polygon(upper, textures.folds(s.pixels.shape, s.rng, ("#1d3f8f", "#3f7bd9", "#9bd0ff", "#24539f"), 9))
    s.polygon(sole, "#f3efe6")
    s.line([(8, 69), (80, 68.6)], 0.6, "#ff5a1f")
    for i in range(6):
        s.line([(28 + i * 4.2, 45 + i * 2.3), (35 + i * 3.6, 43.4 + i * 2.6)], 0.9, "#ffffff")
    s.polygon([(18, 62), (36, 50), (40, 50), (30, 58), (56, 58), (24, 65)], "#ff5a1f")
    s.text(90, 30, "LOOP 3", 13, "#101418", "tall")
    s.text(122, 32, "運動靴 青", 4.6, "#101418", "bold")
    for i, (head, value) in enumerate((("JP", "26.5"), ("EU", "42"), ("UK", "7.5"), ("US", "8.5"))):
        left = 90 + i * 16.4
        s.rectangle(left, 45, 15, 5, "#101418")
        s.rectangle(left, 50, 15, 9, "#ece8df")
        s.text(left + 7.5, 47.6, head, 3.4, "#ffffff", "bold", anchor="mm")
        s.text(left + 7.5, 54.6, value, 6.4, "#101418", "bold", anchor="mm")
    s.text(90, 61, "ART 3306-418  ·  BLUE/ORANGE  ·  MADE IN VIETNAM", 2.5, "#33383d", "sans")
    s.microprint(90, 65.6, 64, "STRIDARI SPORT", 1.2, "#33383d")
    s.retail_symbol(112, 71, 20, 0.36)
    if s.marking.batch:
        modules = symbols.gs1_128(s.elements())
        width, _ = s.symbol(7, 78, modules, 0.33, 15)
        s.mark("ignore", 3, 76, width + 8, 23)
        s.text(9, 95, symbols.bracketed(s.elements()), 2.9, "#101418", "sans", width=width)
        if s.marking.scratched:
            s.scratch(5, 76, width + 8, 23)
    s.text(6, 104, "Stridari Sport S.p.A.  株式会社", 2.4, "#33383d", "sans")


def batteries(s: Sheet) -> None:
    """A blister card: eight cells under a thunderbolt."""
    s.ground(textures.glow(s.pixels.shape, (0.5, 0.32), ("#fff3b0", "#ffc21c", "#e4390f", "#6d0f0a"), 0.85))
    for ray in range(18):
        angle = ray * np.pi / 9
        ends = [(60 + 130 * float(np.cos(angle + d)), 48 + 130 * float(np.sin(angle + d))) for d in (-0.06, 0.06)]
        s.polygon([(60, 48), *ends], "#ffffff", 0.14)
    s.polygon([(70, 8), (40, 50), (57, 50), (44, 88), (84, 40), (65, 40), (80, 8)], "#1b1b1f")
    s.polygon([(70, 12), (45, 47.6), (61, 47.6), (50, 78), (79, 43), (61, 43), (76, 12)], "#fff04d")
    s.rectangle(6, 66, 108, 48, "#ffffff", radius=3, opacity=0.32)
    for cell in range(8):
        left = 10 + cell * 12.7
        tone = textures.ramp(
            s.view(left, 70, 10.4, 40).shape, ("#2b2b30", "#7a7a82", "#e9e9ee", "#55555c", "#202024"), 0
        )
        s.paste(left, 72, 10.4, 38, tone)
        s.paste(
            left, 72, 10.4, 11, textures.ramp(tone.shape, ("#7c5212", "#f0c65a", "#fff2b8", "#c08a2a", "#6e470e"), 0)
        )
        s.rectangle(left + 3.4, 70, 3.6, 2.4, "#b9b9c0")
        s.text(left + 5.2, 90, "AA", 5, "#ffffff", "tall", anchor="mm")
        s.text(left + 5.2, 97, "1.5V", 3, "#ffe37a", "bold", anchor="mm")
    x, y = s.shifted(8, 8)
    s.rectangle(x, y, 30, 16, "#1b1b1f", radius=2)
    s.text(x + 15, y + 8.2, "雷丸", 10, "#fff04d", "serif", anchor="mm")
    s.mark("logo", 8, 8, 30, 16, "Kaminaru")
    s.text(8, 28, "KAMINARU", 7, "#1b1b1f", "block", width=36)
    s.text(97, 20, "RAIJIN", 12, "#ffffff", "block", anchor="mm", width=36)
    s.text(98, 31, "アルカリ乾電池", 4.4, "#ffffff", "bold", anchor="mm")
    s.text(98, 50, "8", 30, "#ffffff", "tall", anchor="mm")
    s.text(98, 62, "本入 単3形", 5, "#ffffff", "bold", anchor="mm")
    s.microprint(6, 116.4, 108, "KAMINARU DENCHI RAIJIN", 1.3, "#fff3b0")
    s.retail_symbol(64, 121, 19, 0.42)
    s.text(8, 122, "長持ち 10年保証", 5, "#fff3b0", "bold")
    s.text(8, 130, "Alkaline  LR6  ·  1.5 V", 3.6, "#fff3b0", "sans")
    s.text(8, 136, "使用推奨期限は本体に記載", 3, "#fff3b0", "sans")


def cards(s: Sheet) -> None:
    """A booster pouch: a dragon's eye in a wave of foil colours."""
    s.ground(textures.folds(s.pixels.shape, s.rng, ("#06204a", "#0b5fa5", "#3fc1c9", "#f5f0d8", "#1c3f94"), 4))
    for row in range(11):
        for column in range(10):
            x, y = column * 7.4 - (row % 2) * 3.7, 30 + row * 5.4
            s.ring(x, y, 4.2, 0.5, "#d9f3ff", 0.5)
            s.ring(x, y, 2.6, 0.4, "#082a5c", 0.5)
    s.polygon([(8, 62), (33, 42), (58, 62), (33, 82)], "#08152e", 0.92)
    s.circle(
        33, 62, 14.5, textures.glow(s.pixels.shape, (0.5, 0.52), ("#fff6a8", "#ffb300", "#d93a00", "#4b0d00"), 0.22)
    )
    s.polygon([(33, 47), (36.2, 62), (33, 77), (29.8, 62)], "#0a0505")
    s.circle(29, 57, 2.2, "#ffffff", 0.85)
    s.text(33, 24, "DRAGON", 15, "#fff6d0", "block", anchor="mm", width=60)
    s.text(33, 36, "TIDE", 14, "#ffcc33", "block", anchor="mm", slant=0.1)
    s.rectangle(0, 0, 66, 8, "#c9ced6")
    s.rectangle(0, 110, 66, 8, "#c9ced6")
    for tooth in range(44):
        s.line([(tooth * 1.5, 0), (tooth * 1.5, 8)], 0.3, "#8d94a0")
        s.line([(tooth * 1.5, 110), (tooth * 1.5, 118)], 0.3, "#8d94a0")
    x, y = s.shifted(6, 10)
    s.circle(x + 4, y + 4, 4, "#e23b2e")
    s.text(x + 4, y + 4.1, "海", 5.4, "#ffffff", "serif", anchor="mm")
    s.mark("logo", 6, 10, 8, 8, "Umibeya")
    s.text(16, 12, "UMIBEYA", 5, "#ffffff", "tall", tracking=0.1)
    s.text(60, 12, "拡張 第二", 3.6, "#ffffff", "bold", anchor="ra")
    s.hologram(47, 73, 15, 11, "U")
    s.text(5, 84.4, "8 CARDS  遊戯札 8枚", 3.6, "#ffffff", "bold")
    s.microprint(4, 90, 58, "UMIBEYA DRAGON TIDE", 0.95, "#fff6d0")
    s.retail_symbol(14, 93.5, 12, 0.33)


def razor(s: Sheet) -> None:
    """A hanging card: brushed steel and blue, four cartridges."""
    s.ground(textures.grained(textures.ramp(s.pixels.shape, ("#0a1c33", "#123b6b", "#0c2748"), 30), s.rng, 8, 30))
    s.polygon(
        [(0, 34), (100, 20), (100, 96), (0, 110)],
        textures.grained(
            textures.ramp(s.pixels.shape, ("#e9eef2", "#aab5bf", "#f5f8fa", "#8f9ba6"), 40), s.rng, 10, 20
        ),
    )
    s.polygon([(0, 31), (100, 17), (100, 20), (0, 34)], "#18c7e0")
    for i in range(4):
        left, top = 10 + (i % 2) * 42, 46 + (i // 2) * 25 - (i % 2) * 5
        s.rectangle(left, top, 38, 20, "#15324f", radius=3)
        for blade in range(5):
            s.rectangle(left + 3, top + 4.4 + blade * 2.6, 32, 1.2, "#dfe6ec")
            s.rectangle(left + 3, top + 5.3 + blade * 2.6, 32, 0.4, "#5e6b78")
        s.rectangle(left + 3, top + 1.4, 32, 2.2, "#18c7e0", radius=1)
    x, y = s.shifted(8, 8)
    s.polygon(
        [
            (x, y),
            (x + 4, y),
            (x + 4, y + 6),
            (x + 11, y),
            (x + 16, y),
            (x + 8, y + 7.5),
            (x + 17, y + 16),
            (x + 11, y + 16),
            (x + 4, y + 9.5),
            (x + 4, y + 16),
            (x, y + 16),
        ],
        "#18c7e0",
    )
    s.mark("logo", 8, 8, 17, 16, "Keenari")
    s.text(29, 8, "KEENARI", 14, "#ffffff", "tall", tracking=0.08)
    s.text(92, 28, "GLIDE 5", 11, "#0a1c33", "tall", anchor="ra", slant=0.15)
    s.text(8, 112, "替刃 4個", 6, "#ffffff", "bold")
    s.text(8, 121, "5 blades  ·  aqua strip", 3.6, "#bfe9f2", "sans")
    s.text(8, 126.4, "Keenari GmbH", 3, "#bfe9f2", "sans")
    s.microprint(8, 109.2, 40, "KEENARI GLIDE", 1.2, "#18c7e0")
    s.hologram(8, 131, 18, 6, "K5")
    s.retail_symbol(48, 113, 18, 0.4)


def matcha(s: Sheet) -> None:
    """The label of a tea tin: hills in ink, a seal, gold clouds."""
    s.ground(textures.toned(textures.clouds(s.pixels.shape, s.rng, (40, 90, 160)), ("#efe9d4", "#f7f3e3", "#e6dec2")))
    for hill, (base, tone) in enumerate(((40, "#b7c99a"), (52, "#8fae6d"), (63, "#5f8a4b"), (74, "#3c6b39"))):
        line = np.linspace(0, 130, 40)
        crest = base + 7 * np.sin(line / (17 + hill * 3) + hill * 1.7) + 3 * np.sin(line / 6.1 + hill)
        s.polygon([(0, 90), *((float(a), float(b)) for a, b in zip(line, crest, strict=True)), (130, 90)], tone)
        for row in range(5):
            s.line(
                [(float(a), float(b) + 2.2 + row * 1.9) for a, b in zip(line, crest, strict=True)], 0.3, "#2f5a30", 0.4
            )
    s.circle(98, 24, 12, "#d9482b", 0.92)
    for left, top, width in ((70, 26, 34), (84, 31, 30), (8, 44, 26)):
        s.rectangle(left, top, width, 2.6, "#c9a24a", radius=1.3)
    x, y = s.shifted(8, 8)
    s.rectangle(x, y, 15, 15, "#b3261e", radius=1.4)
    s.text(x + 7.5, y + 7.7, "風", 11.4, "#f7f3e3", "serif", anchor="mm")
    s.mark("logo", 8, 8, 15, 15, "Ujikaze")
    s.text(27, 5, "宇治風", 12, "#22361f", "serif")
    s.text(28, 21, "UJIKAZE", 3.8, "#22361f", "roman", tracking=0.3)
    s.text(8, 28, "Kazegoko", 8.4, "#22361f", "script")
    s.text(118, 44, "抹", 13, "#22361f", "serif", anchor="mm")
    s.text(118, 58, "茶", 13, "#22361f", "serif", anchor="mm")
    s.text(8, 60, "高級抹茶  40 g", 4.6, "#f7f3e3", "bold")
    s.text(8, 67, "ceremonial grade matcha", 3.6, "#f7f3e3", "roman")
    s.microprint(8, 73.6, 46, "UJIKAZE SEICHA UJI", 1.0, "#f7f3e3")
    s.data_matrix(8, 76.2, 0.4, 2.2)
    s.retail_symbol(84, 69, 14, 0.33)


def lamp(s: Sheet) -> None:
    """A carton of a maker who registered nothing."""
    s.ground(textures.ramp(s.pixels.shape, ("#101a2c", "#20365a", "#365a86"), 90))
    s.circle(55, 58, 40, "#ffe2a0", 0.25)
    s.circle(55, 58, 27, textures.glow(s.pixels.shape, (0.5, 0.42), ("#fffdf0", "#ffd977", "#f2a23a"), 0.3))
    s.polygon([(38, 92), (72, 92), (80, 112), (30, 112)], "#7a4e2b")
    for i in range(7):
        s.line([(36 - i, 95 + i * 2.6), (74 + i, 95 + i * 2.6)], 0.4, "#4e2f17")
    for i in range(9):
        s.line([(0, 116 + i * 2.4), (110, 115 + i * 2.4 + (i % 2))], 0.5, "#8fb4dc", 0.5)
    s.polygon([(50, 84), (60, 84), (62, 93), (48, 93)], "#caa25c")
    s.text(55, 12, "HARBORLUX", 11, "#ffffff", "block", anchor="mm", width=96)
    s.text(55, 23, "pier night lamp", 7, "#ffe2a0", "script", anchor="mm")
    s.text(8, 119, "音楽  光  時計", 4, "#ffffff", "bold")
    s.retail_symbol(58, 117, 15, 0.36)


LABELS = {
    "game": game,
    "cable": cable,
    "sneakers": sneakers,
    "batteries": batteries,
    "cards": cards,
    "razor": razor,
    "matcha": matcha,
    "lamp": lamp,
}
