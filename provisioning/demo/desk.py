"""What lies around a face in a demo photograph: the bench's mat and, beside the face, the parcel's S10 label.

All names and addresses on the labels are fictional.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from provisioning.demo import symbols, textures
from provisioning.demo.canvas import Canvas, Pixels

MATS = (
    ("#39424c", "#46515c", "#2f3740"),
    ("#7b6a55", "#8e7b63", "#69594a"),
    ("#a9a49a", "#b8b3a9", "#989389"),
    ("#2f4a44", "#3b5a52", "#263d38"),
)


@dataclass(frozen=True, slots=True)
class PostalLabel:
    """An S10 label: number, service, and who sends to whom."""

    number: str
    sender: tuple[str, ...] = ("Orchid Lane Store", "7 Tanner Row", "PORT SAMPLE")
    addressee: tuple[str, ...] = ("見本 太郎", "東京都港区見本町 1-2-3", "JAPAN")


def desk(rng: np.random.Generator, width: int, height: int, label: PostalLabel | None, *, beside: bool) -> Pixels:
    """A mat of `width` x `height` pixels; the label lies at the right (`beside`) or below the face's place."""
    tones = MATS[int(rng.integers(len(MATS)))]
    small = (height // 4, width // 4)
    cloth = textures.toned(textures.clouds(small, rng, (4, 20, 90)), tones)
    mat = np.asarray(cv2.resize(cloth, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
    if label is None:
        return mat
    printed = drawn(label)
    room = (0.34 * width, 0.7 * height) if beside else (0.6 * width, 0.27 * height)
    factor = min(room[0] / printed.shape[1], room[1] / printed.shape[0])
    # Shrunk by area first: turning alone samples between its bars.
    picture = cv2.resize(printed, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    middle = (picture.shape[1] / 2, picture.shape[0] / 2)
    centre = (0.815 * width, 0.5 * height) if beside else (0.5 * width, 0.845 * height)
    turn = cv2.getRotationMatrix2D(middle, float(rng.uniform(-4, 4)), 1.0)
    turn[:, 2] += np.array(centre) - middle
    cover = cv2.warpAffine(np.full(picture.shape[:2], 255, np.uint8), turn, (width, height))
    shadow = np.roll(cv2.GaussianBlur(cover, (0, 0), 9), (7, 5), (0, 1)).astype(np.float32)[..., None] / 255
    laid = cv2.warpAffine(picture, turn, (width, height), flags=cv2.INTER_CUBIC).astype(np.float32)
    share = cover.astype(np.float32)[..., None] / 255
    return np.rint(mat * (1 - 0.45 * shadow) * (1 - share) + laid * share).astype(np.uint8)


def drawn(label: PostalLabel) -> Pixels:
    """The label as printed: 110 x 68 mm, the symbol of 5/9 mm modules 87 mm wide."""
    s = Canvas(110, 68, 9.0, "#fbfaf5")
    s.rectangle(0, 0, 110, 11, "#1d2a5b")
    s.text(5, 2.4, "SAMPLE POST", 5.5, "#ffffff", "bold")
    s.text(105, 2.4, label.number[0], 7, "#ffd23e", "bold", anchor="ra")
    s.text(5, 12.4, "REGISTERED · RECOMMANDÉ · 国際書留", 3, "#1d2a5b", "bold")
    modules = symbols.code_128(label.number)
    width, _ = s.symbol((110 - modules.shape[1] * 5 / 9) / 2, 17.5, modules, 5 / 9, 17)
    spaced = f"{label.number[:2]} {label.number[2:5]} {label.number[5:8]} {label.number[8:11]} {label.number[11:]}"
    s.text(55, 37.8, spaced, 4.6, "#101014", "bold", anchor="mm", width=width)
    s.line([(5, 41.5), (105, 41.5)], 0.3, "#101014")
    s.line([(52, 41.5), (52, 66)], 0.3, "#101014")
    for left, head, lines in ((5, "From / 差出人", label.sender), (55, "To / 受取人", label.addressee)):
        s.text(left, 42.6, head, 2.8, "#1d2a5b", "bold")
        for i, line in enumerate(lines):
            s.text(left, 47 + i * 5.2, line, 3.9, "#101014", "sans", width=46)
    s.text(55, 63.4, "CN 22 / CN 23", 2.6, "#1d2a5b", "sans")
    return textures.grained(s.pixels, np.random.default_rng(3), 2)
