"""Marked regions on drawn faces: how often each check sees what was altered, and how often it alarms on what was not.

    ./run bench regions [--shots 40] [--captures 1 3] [--severity 0.35] [--seed 1] [--out ROWS.jsonl]

The demo's products, each with a label beside, are printed as registered and with one region altered by known amounts,
and photographed by the drawn camera; holograms change their colours with every picture, copies of them do not. Flat
faces are also wound around cylinders and crumpled like pouches. Prints detection and false alarms at the thresholds of
the built-in policy, with Wilson's 95% intervals, by the number of captures. The truth is known because everything is
drawn; nothing of it is shown to the comparison.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.drawn_faces import wilson
from edge import policy as policies
from edge.checks.region import codes_of
from edge.steps.compare import region_of
from models import faces
from models import pack as packs
from models.drawn.conditions import Conditions
from models.drawn.fields import smooth
from models.drawn.recapture import recapture
from models.measurements import FaceMeasurement, FaceReference, Image, MarkedRegion, Rectangle
from provisioning.demo.faces import printed
from provisioning.demo.items import item
from provisioning.demo.products import PRODUCTS, DemoProduct

DAY = datetime(2026, 11, 1, tzinfo=UTC).date()
PX_PER_MM = 10.0  # of the print
MIDDLE_GREY = 110
HALF = 0.5  # the check threshold of a pack that is calibrated as the built-in ones are


@dataclass(frozen=True, slots=True)
class Case:
    """What was done to one region of the print, and which finding says so. No kind: a genuine print."""

    name: str
    kind: str = ""
    finding: str = ""
    shift_mm: float = 0.0
    size: float = 1.0
    gone: bool = False
    blur: float = 0.0  # of the region's height
    words: str = ""  # of a line of micro-print
    copied: bool = False  # a printed copy of a hologram
    shape: str = ""  # "cylinder", "pouch"
    strength: float = 0.0


CASES = (
    Case("genuine"),
    *(
        Case(f"{kind} {mm:g} mm off", kind, "face.region_moved", shift_mm=mm)
        for kind in ("logo", "label", "hologram")
        for mm in (1.0, 2.0, 4.0)
    ),
    *(
        Case(f"{kind} {size:.0%} size", kind, "face.region_size", size=size)
        for kind in ("logo", "label")
        for size in (0.94, 0.88, 1.12)
    ),
    *(Case(f"{kind} missing", kind, "face.region_missing", gone=True) for kind in ("logo", "label")),
    Case("hologram missing", "hologram", "face.hologram", gone=True),
    Case("hologram copied", "hologram", "face.hologram_static", copied=True),
    Case("micro-print mush", "microprint", "face.microprint", blur=0.2),
    Case("micro-print of other words", "microprint", "face.microprint", words="QUALITY PRODUCT"),
    Case("micro-print missing", "microprint", "face.microprint", gone=True),
    Case("bottle, 60 degrees seen", shape="cylinder", strength=60),
    Case("bottle, 100 degrees seen", shape="cylinder", strength=100),
    Case("bottle, 140 degrees seen", shape="cylinder", strength=140),
    Case("pouch, slight", shape="pouch", strength=0.01),
    Case("pouch, full", shape="pouch", strength=0.03),
)
REGION_CODES = (
    "face.region_moved",
    "face.region_size",
    "face.region_missing",
    "face.hologram",
    "face.hologram_static",
    "face.microprint",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One item, photographed a few times."""

    case: str
    captures: int
    product: str
    seed: int
    score: float | None
    retake: str
    codes: tuple[str, ...]  # "code kind" of each region finding
    judged: tuple[str, ...]  # kinds of regions that could be judged
    regions: tuple[dict[str, Any], ...]
    advice: tuple[str, ...]
    bend_px: float
    ms: dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", type=int, default=40, help="items of each case")
    parser.add_argument("--captures", type=int, nargs="+", default=[1, 3])
    parser.add_argument(
        "--severity", type=float, default=0.35, help="0 a careful picture, 1 a hurried one in bad light"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--pack", type=Path)
    parser.add_argument("--out", type=Path, help="one JSON line for each item")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    pack = packs.load(options.pack) if options.pack else packs.builtin()
    rows = []
    for row in measured(pack, options):
        rows.append(row)
        if options.out:
            with options.out.open("a", encoding="utf-8") as out:
                out.write(json.dumps(asdict(row)) + "\n")
    report(rows)


def measured(pack: packs.Pack, options: argparse.Namespace) -> Iterator[Row]:
    @cache
    def prepared(product: DemoProduct) -> faces.PreparedFace:
        face, regions = registered(product)
        width, height = (side / PX_PER_MM for side in (face.shape[1], face.shape[0]))
        data = cv2.imencode(".png", face)[1].tobytes()
        one = faces.prepare(FaceReference(product.key, data, width, height, regions), pack)
        _ = one.orb, one.sift
        return one

    known = [product for product in PRODUCTS if product.registered]
    thresholds = policies.builtin().face
    for case in CASES:
        if options.only not in case.name:
            continue
        able = [p for p in known if not case.kind or any(r.kind == case.kind for r in registered(p)[1])]
        for shot in range(options.shots):
            product = able[shot % len(able)]
            seed = options.seed * 100_000 + shot
            layers: list[bytes] = []
            answer: FaceMeasurement | None = None
            for number in range(1, max(options.captures) + 1):
                frame = photograph(product, case, options.severity, seed, number)
                (found,) = faces.compare(frame, [prepared(product)], pack, earlier=[layers])
                if found.layer:
                    layers.append(found.layer)
                if answer is None or found.score is not None:
                    answer = found
                if number in options.captures:
                    yield row_of((case.name, number, product.key, shot), answer, thresholds)


def row_of(name: tuple[str, int, str, int], answer: FaceMeasurement, thresholds: policies.FacePolicy) -> Row:
    regions = [region_of(one) for one in answer.regions]
    codes = tuple(f"{code} {one.kind}" for one in regions for code in codes_of(one, thresholds))
    codes += tuple(f"face.hologram {d.kind}" for d in answer.differences if d.kind == "hologram" and d.score >= HALF)
    return Row(
        *name,
        score=answer.score,
        retake=answer.retake,
        codes=codes,
        judged=tuple(one.kind for one in regions if readable(one)),
        regions=tuple({k: v for k, v in asdict(one).items() if k != "picture"} for one in answer.regions),
        advice=tuple(f"{one.code} {one.region}" for one in answer.advice),
        bend_px=answer.bend_px or 0.0,
        ms=answer.ms,
    )


def readable(one: Any) -> bool:  # noqa: ANN401 - the edge's noun
    return {"microprint": one.contrast is not None, "hologram": one.absence is not None}.get(
        one.kind, one.offset_mm is not None or one.absence is not None
    )


# --- Drawing ----------------------------------------------------------------------------------------------------------


@cache
def registered(product: DemoProduct) -> tuple[Image, tuple[MarkedRegion, ...]]:
    """The print as registered, PX_PER_MM to the millimetre, and its regions with a label among them."""
    face = printed(product, item(product.key, "sample", DAY), 1)
    size = (round(face.width_mm * PX_PER_MM), round(face.height_mm * PX_PER_MM))
    pixels = np.asarray(cv2.resize(face.pixels, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    regions = [one for one in face.regions if one.kind in ("logo", "hologram", "microprint", "ignore")]
    for one in regions:  # micro-print is drawn anew: the demo's print is too coarse for it
        if one.kind == "microprint":
            draw_microprint(pixels, box_of(one), one.text)
    spot = label_spot(face.width_mm, face.height_mm, regions, product)
    if spot is not None:
        draw_label(pixels, box_of(spot), np.random.default_rng(len(product.key)))
        regions.append(spot)
    return pixels, tuple(regions)


def box_of(region: MarkedRegion) -> Rectangle:
    x, y, w, h = (round(side * PX_PER_MM) for side in (region.x_mm, region.y_mm, region.w_mm, region.h_mm))
    return x, y, w, h


def label_spot(width: float, height: float, taken: list[MarkedRegion], product: DemoProduct) -> MarkedRegion | None:
    """A free place of 26 x 14 mm."""
    rng = np.random.default_rng([3, *product.key.encode()])
    for _ in range(200):
        x, y = float(rng.uniform(10, width - 36)), float(rng.uniform(10, height - 24))
        if all(x + 31 < r.x_mm or x - 5 > r.x_mm + r.w_mm or y + 19 < r.y_mm or y - 5 > r.y_mm + r.h_mm for r in taken):
            return MarkedRegion("label", round(x, 1), round(y, 1), 26.0, 14.0)
    return None


def draw_label(face: Image, box: Rectangle, rng: np.random.Generator) -> None:
    x, y, w, h = box
    cv2.rectangle(face, (x, y), (x + w, y + h), (244, 246, 246), -1)
    cv2.rectangle(face, (x, y), (x + w, y + h), (120, 120, 120), 1)
    for row, words in enumerate(("MADE FOR SAMPLE KK", None, None)):
        text = words or "".join(chr(int(v)) for v in rng.integers(48, 91, 14))
        cv2.putText(
            face, text, (x + 8, y + 34 + 38 * row), cv2.FONT_HERSHEY_SIMPLEX, 0.72, (25, 25, 25), 2, cv2.LINE_AA
        )


def draw_microprint(face: Image, box: Rectangle, words: str) -> None:
    x, y, w, h = box
    ground = np.median(face[y : y + h, x : x + w].reshape(-1, 3), axis=0)
    ink = (30.0, 30.0, 30.0) if float(ground.mean()) > MIDDLE_GREY else (235.0, 235.0, 235.0)
    cv2.rectangle(face, (x, y), (x + w, y + h), [float(v) for v in ground], -1)
    scale = 0.62 * h / 22
    text = "".join(c if c.isascii() else "-" for c in words) + " "
    unit = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)[0][0]
    line, foot = text * (w // max(unit, 1) + 1), (x, y + round(0.85 * h))
    cv2.putText(face[:, : x + w], line, foot, cv2.FONT_HERSHEY_SIMPLEX, scale, ink, 1, cv2.LINE_AA)


def print_of(product: DemoProduct, case: Case, seed: int) -> Image:
    """The item in hand: the registered print with the case's region altered."""
    face, regions = registered(product)
    face = face.copy()
    rng = np.random.default_rng([seed, 11])
    for one in regions:
        if one.kind == "label":
            draw_label(face, box_of(one), rng)  # its lines differ from item to item
    for one in regions:
        if one.kind == case.kind:
            alter(face, box_of(one), case, rng)
    return face


def alter(face: Image, box: Rectangle, case: Case, rng: np.random.Generator) -> None:
    x, y, w, h = box
    patch = face[y : y + h, x : x + w].copy()
    if case.blur:
        soft = cv2.GaussianBlur(patch, (0, 0), case.blur * h)
        face[y : y + h, x : x + w] = soft
        return
    if case.words:
        draw_microprint(face, box, case.words)
        return
    if case.copied:
        return
    erase(face, box)
    if case.gone:
        if case.kind == "hologram":
            grain = rng.normal(0, 3, (h, w, 1)) + np.linspace(165, 188, w)[None, :, None]
            face[y : y + h, x : x + w] = np.clip(grain, 0, 255).astype(np.uint8)
        return
    angle = rng.uniform(0, 2 * np.pi)
    put(face, patch, (x, y), case.shift_mm * PX_PER_MM * np.array([np.cos(angle), np.sin(angle)]), case.size)


def erase(face: Image, box: Rectangle) -> None:
    """Fill a place with what lies around it."""
    x, y, w, h = box
    m = 24
    top, left = max(0, y - m), max(0, x - m)
    area = face[top : y + h + m, left : x + w + m]
    small = cv2.resize(area, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    hole = np.zeros(small.shape[:2], np.uint8)
    hole[(y - top) // 4 - 1 : (y + h - top) // 4 + 2, (x - left) // 4 - 1 : (x + w - left) // 4 + 2] = 255
    filled = cv2.resize(cv2.inpaint(small, hole, 3, cv2.INPAINT_TELEA), (area.shape[1], area.shape[0]))
    area[y - top : y - top + h, x - left : x - left + w] = filled[y - top : y - top + h, x - left : x - left + w]


def put(face: Image, patch: Image, at: tuple[int, int], shift: np.ndarray[Any, Any], size: float) -> None:
    patch = np.asarray(cv2.resize(patch, None, fx=size, fy=size, interpolation=cv2.INTER_AREA), np.uint8)
    h, w = patch.shape[:2]
    x = round(at[0] + shift[0] + (w / size - w) / 2)
    y = round(at[1] + shift[1] + (h / size - h) / 2)
    x, y = int(np.clip(x, 0, face.shape[1] - w)), int(np.clip(y, 0, face.shape[0] - h))
    face[y : y + h, x : x + w] = patch


def photograph(product: DemoProduct, case: Case, severity: float, seed: int, number: int) -> Image:
    face = print_of(product, case, seed)
    rng = np.random.default_rng([seed, number])
    view = rng.uniform(0, 1, 2)
    for one in registered(product)[1]:
        if one.kind == "hologram" and not case.gone and not case.copied:
            shimmer(face, box_of(one) if case.kind != "hologram" else None, view, box_of(one))
    conditions = Conditions.draw(rng, severity)
    conditions = replace(conditions, long_side_px=1600, bow=0.0 if case.shape else conditions.bow)
    if case.shape == "cylinder":
        face = wound(face, case.strength)
    if case.shape == "pouch":
        face = crumpled(face, case.strength, np.random.default_rng([seed, number, 5]))
    return recapture(face, rng=rng, conditions=conditions).image


def shimmer(face: Image, box: Rectangle | None, view: np.ndarray[Any, Any], registered_box: Rectangle) -> None:
    """Turn a hologram's colours and move its gloss as another angle would; one that was moved is turned where it is."""
    x, y, w, h = box or registered_box
    if box is None:  # moved or resized: everything near that is colourful turns alike
        m = round(4.5 * PX_PER_MM)
        x, y, w, h = max(0, x - m), max(0, y - m), w + 2 * m, h + 2 * m
    place = face[y : y + h, x : x + w]
    hsv = cv2.cvtColor(place, cv2.COLOR_BGR2HSV_FULL)
    turned = hsv.copy()
    turned[..., 0] += np.uint8(view[0] * 255)
    gloss = 1 + 0.25 * np.sin(np.linspace(0, 6, place.shape[1])[None] + 6.28 * view[1])
    turned[..., 2] = np.clip(turned[..., 2] * gloss, 0, 255).astype(np.uint8)
    changed = cv2.cvtColor(turned, cv2.COLOR_HSV2BGR_FULL)
    if box is None:
        foil = cv2.inRange(hsv, (0, 40, 150), (255, 255, 255)).astype(np.float32) / 255
        keep = cv2.GaussianBlur(foil, (0, 0), 3)[..., None]
        changed = (changed * keep + place * (1 - keep)).astype(np.uint8)
    place[:] = changed


def wound(face: Image, degrees: float) -> Image:
    """The face around a cylinder of which it covers so many degrees, seen from the front (orthographic)."""
    height, width = face.shape[:2]
    half = np.radians(degrees) / 2
    u = np.linspace(-1, 1, width, dtype=np.float32)
    across = np.arcsin(np.clip(u * np.sin(half), -1, 1)) / half
    x = np.tile((across * 0.5 + 0.5) * (width - 1), (height, 1)).astype(np.float32)
    sag = (1 - np.cos(half * across)) * 0.12 * width  # the camera looks down a little
    y = np.arange(height, dtype=np.float32)[:, None] - sag[None].astype(np.float32)
    bent = cv2.remap(face, x, np.asarray(y, np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    shade = 0.45 + 0.55 * np.cos(half * across)
    return np.asarray(np.clip(bent * shade[None, :, None], 0, 255), np.uint8)


def crumpled(face: Image, strength: float, rng: np.random.Generator) -> Image:
    """The face on a filled pouch: bulged in the middle, with creases."""
    height, width = face.shape[:2]
    reach = strength * max(height, width)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    move = [
        (smooth(rng, height, width, height / cells, width / cells) - 0.5) * 2 * reach * share
        for cells, share in ((3, 1.0), (3, 1.0), (9, 0.35), (9, 0.35))
    ]
    return np.asarray(
        cv2.remap(
            face, x + move[0] + move[2], y + move[1] + move[3], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        ),
        np.uint8,
    )


# --- Report -----------------------------------------------------------------------------------------------------------


def report(rows: list[Row]) -> None:
    for captures in sorted({row.captures for row in rows}):
        mine = [row for row in rows if row.captures == captures]
        print(f"{captures} capture(s)")
        for case in CASES:
            here = [row for row in mine if row.case == case.name]
            if here and case.kind:
                able = [row for row in here if case.kind in row.judged]
                seen = sum(f"{case.finding} {case.kind}" in row.codes for row in able)
                print(f"  {case.name:26} found {share(seen, len(able))}   judged {len(able)}/{len(here)}")
            elif here and case.shape:
                print(f"  {case.name:26} {flatness(here)}")
        genuine = [row for row in mine if row.case == "genuine"]
        for code in REGION_CODES:
            for kind in ("logo", "label", "hologram", "microprint"):
                able = [row for row in genuine if kind in row.judged]
                alarms = sum(f"{code} {kind}" in row.codes for row in able)
                if alarms or (able and any(c.finding == code and c.kind == kind for c in CASES)):
                    print(f"  genuine: {code + ' ' + kind:34} {share(alarms, len(able))}")
        if genuine:
            print(f"  genuine: flat? {flatness(genuine)}")
    times = [row.ms.get("regions", 0.0) for row in rows if row.regions]
    if times:
        print(f"regions: median {np.median(times):.1f} ms, p95 {np.percentile(times, 95):.1f} ms a capture")


def flatness(rows: list[Row]) -> str:
    not_flat = sum(row.retake == "not_flat" for row in rows)
    compared = [row for row in rows if row.score is not None]
    alarmed = sum((row.score or 0) >= HALF for row in compared)
    of_regions = sum(bool(row.codes) for row in compared)
    return (
        f"not flat {share(not_flat, len(rows))}   not found {sum(r.retake == 'not_found' for r in rows)}   "
        f"compared {len(compared)}, of these with a finding of the maps {alarmed}, of a region {of_regions}"
    )


def share(hits: int, total: int) -> str:
    if not total:
        return "-"
    low, high = wilson(hits, total)
    return f"{hits / total:.2f} [{low:.2f}, {high:.2f}] {hits}/{total}"


if __name__ == "__main__":
    main()
