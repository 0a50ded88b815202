"""How much of the addresses on transport labels is hidden, and how seldom a picture of goods is touched.

    ./run bench vault [--labels 200] [--faces 200] [--seed 90] [--severity 0.35] [--data DIR ...] [--rows FILE]

1. Drawn parcels (CN22, CN23, couriers', thermal 4 x 6 inch, pallet and bag labels, slips, envelopes with and without a
   window, upright Japanese letters; five scripts; printed and written by hand; crumpled, faded, scribbled on, stamped,
   under foil; any angle) are photographed by the drawn camera and read as the product reads them. Address lines that
   the picture shows at all (contrast) count: the share of their pixels that is hidden, and lines hidden whole; of
   labels whose symbol was read and of all; of layouts that the net never met. Then without each cue, and what else
   of the picture is hidden: what that costs.
2. The demo's package faces, photographed alone: pictures of which anything at all was hidden are hurt. With --data
   every picture below the folders as well (none shows a transport label).
3. Milliseconds that it adds to the reading of a picture of 12 megapixels (processor time of one thread).
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.drawn_faces import photograph, wilson
from benchmarks.limits import Limits
from models import addresses, covering, symbols
from models.drawn.conditions import Conditions
from models.drawn.layouts import UNTAUGHT
from models.drawn.parcels import draw_parcel
from models.drawn.pool import Pool
from models.drawn.recapture import recapture
from models.measurements import Hidden, Image, Symbol
from provisioning.demo.products import PRODUCTS
from provisioning.demo.sheet import Alteration

RECALL, HURT, ADDED_MS = 0.99, 0.01, 60.0
SHOWN = 25.0  # grey levels between the ink and the paper of a line, from which on it can be seen at all
WHOLE = 0.98  # of a line's box
BUDGET_S = 2.25  # for the symbols, as the product has it
FULL = (4000, 3000)
WITHOUT = ("paper", "blocks", "bars")


@dataclass(frozen=True, slots=True)
class Shot:
    """A photographed parcel: `lines` are the corners of the address lines that can be seen."""

    image: Image
    lines: tuple[Any, ...]
    kind: str
    script: str
    hand: bool
    finish: str
    found: tuple[Symbol, ...]

    @property
    def read(self) -> bool:
        """Whether a symbol of its label was read."""
        return any(map(addresses.is_transport, self.found))


@dataclass(slots=True)
class Tally:
    """Pixels and lines of addresses: hidden, and all."""

    shots: int = 0
    pixels: int = 0
    hidden: int = 0
    lines: int = 0
    whole: int = 0
    beside: list[float] = field(default_factory=list)  # share of the picture that is hidden and no address

    def add(self, other: Tally) -> None:
        """Count what another has counted."""
        self.shots, self.pixels, self.hidden = (
            self.shots + other.shots,
            self.pixels + other.pixels,
            self.hidden + other.hidden,
        )
        self.lines, self.whole = self.lines + other.lines, self.whole + other.whole
        self.beside.extend(other.beside)

    @property
    def share(self) -> float:
        """Of address pixels."""
        return self.hidden / self.pixels if self.pixels else float("nan")

    def told(self) -> str:
        """In words."""
        if not self.lines:
            return f"{self.shots} parcels, no address to be seen"
        low, high = wilson(self.whole, self.lines)
        share = f"pixels {self.share:.4f}, lines {self.whole}/{self.lines} = {self.whole / self.lines:.4f}"
        return f"{self.shots:4d} parcels: {share} [{low:.3f}, {high:.3f}], beside {np.median(self.beside):.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="./run bench vault", description=__doc__.split("\n")[0])
    parser.add_argument("--labels", type=int, default=200)
    parser.add_argument("--faces", type=int, default=200)
    parser.add_argument("--seed", type=int, default=90, help="1 to 9 were looked at while this was made")
    parser.add_argument(
        "--severity", type=float, default=0.35, help="0 a careful picture, 1 a hurried one in bad light"
    )
    parser.add_argument("--data", type=Path, nargs="*", default=[], help="folders of real pictures without a label")
    parser.add_argument("--every", type=int, default=1, help="every n-th picture of --data only")
    parser.add_argument("--rows", type=Path, help="one JSON line is added for each drawn parcel")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    limits = Limits()
    labels(options, limits)
    faces(options, limits)
    limits.end()


# --- Labels -----------------------------------------------------------------------------------------------------------


def labels(options: argparse.Namespace, limits: Limits) -> None:
    tallies: dict[str, Tally] = defaultdict(Tally)
    added = []
    for number, shot in enumerate(photographed(options.labels, options.severity, options.seed)):
        one = counted(shot, addresses.find(shot.image, shot.found))
        row = {"number": number, "kind": shot.kind, "script": shot.script, "finish": shot.finish, "read": shot.read}
        row |= {"pixels": one.pixels, "hidden": one.hidden, "lines": one.lines, "whole": one.whole}
        if options.rows:
            with options.rows.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        writing = "by hand" if shot.hand else "printed"
        names = ["all", "symbol read" if shot.read else "symbol not read"]
        names += [f"  {shot.kind}", f"  {shot.script}, {writing}", f"  {shot.finish}"]
        names += ["layout never met"] if shot.kind in UNTAUGHT else []
        for name in names:
            tallies[name].add(one)
        for cue in WITHOUT:
            without = addresses.find(shot.image, shot.found, addresses.CUES - {cue})
            tallies[f"all without {cue}"].add(counted(shot, without))
        if shot.read:
            added.append(added_ms(shot))
    for name, tally in sorted(tallies.items()):
        print(f"{name:28}{tally.told()}")
    for name in ("symbol read", "all"):
        if not tallies[name].lines:
            continue
        missed = 1 - tallies[name].share
        print(f"address pixels left, {name}: {missed:.4f}, {limits.judged(name, missed, 1 - RECALL, 'share')}")
    if added:
        p50, p95 = np.percentile(added, (50, 95))
        print(f"added to a 12-megapixel picture with a label: p50 {p50:.0f}, p95 {p95:.0f} ms")
        print(f"  {limits.judged('added ms', float(p95), ADDED_MS, 'ms at p95')}")


def counted(shot: Shot, hidden: Hidden) -> Tally:
    """One shot's tally."""
    mask = covering.mask_of(hidden, (shot.image.shape[0], shot.image.shape[1]))
    whole = mask.copy()
    tally = Tally(shots=1, lines=len(shot.lines))
    for line in shot.lines:
        corners = np.asarray(np.round(line), np.int32)
        (left, top), (right, bottom) = np.maximum(corners.min(0), 0), corners.max(0) + 1
        box = (slice(int(top), int(bottom)), slice(int(left), int(right)))
        place = np.zeros(mask[box].shape, np.uint8)
        cv2.fillConvexPoly(place, corners - np.array((left, top), np.int32), 255)
        pixels, inside = cv2.countNonZero(place), cv2.countNonZero(place & whole[box])
        tally.pixels, tally.hidden = tally.pixels + pixels, tally.hidden + inside
        tally.whole += inside >= WHOLE * pixels
        mask[box][place > 0] = 0
    tally.beside.append(cv2.countNonZero(mask) / mask.size)
    return tally


def photographed(count: int, severity: float, seed: int) -> Iterator[Shot]:
    """Drawn parcels, photographed and read."""
    pool = Pool()
    for number in range(count):
        rng = np.random.default_rng(seed * 100_000 + number)
        parcel = draw_parcel(rng, pool)
        conditions = replace(Conditions.draw(rng, severity), long_side_px=int(rng.integers(1600, 2700)))
        taken = recapture(parcel.surface, rng=rng, conditions=conditions)
        grey = cv2.cvtColor(taken.image, cv2.COLOR_BGR2GRAY)
        lines = [cv2.perspectiveTransform(np.array([line], np.float64), taken.homography)[0] for line in parcel.address]
        shown = tuple(line for line in lines if can_be_seen(grey, taken.mask, line))
        found = symbols.read(taken.image, budget_s=BUDGET_S)
        yield Shot(taken.image, shown, parcel.kind, parcel.script, parcel.handwritten, parcel.finish, found)


def can_be_seen(grey: Any, clear: Any, line: Any) -> bool:  # noqa: ANN401 - arrays of OpenCV
    """Whether a line stands in the picture with any contrast: one that is burnt out or covered hides itself."""
    place = np.zeros(grey.shape, np.uint8)
    cv2.fillConvexPoly(place, np.asarray(np.round(line), np.int32), 255)
    pixels = grey[(place > 0) & (clear > 0)]
    if len(pixels) < cv2.contourArea(np.asarray(line, np.float32)) / 2:
        return False
    low, high = np.percentile(pixels, (4, 90))
    return bool(high - low >= SHOWN)


def added_ms(shot: Shot) -> float:
    """Processor time of finding and cutting, on the picture as large as a camera's, halved as the product halves it."""
    size = FULL if shot.image.shape[1] >= shot.image.shape[0] else FULL[::-1]
    half = (size[0] // 2, size[1] // 2)
    image = np.asarray(cv2.resize(shot.image, half, interpolation=cv2.INTER_LINEAR), np.uint8)
    factor = half[0] / shot.image.shape[1]
    found = [replace(one, corners=tuple((x * factor, y * factor) for x, y in one.corners)) for one in shot.found]
    start = time.process_time()
    hidden = addresses.find(image, found)
    if hidden:
        covering.cut(image, hidden)
        for one in found:
            covering.covered_symbol(image, one, hidden)
    return (time.process_time() - start) * 1e3


# --- Goods ------------------------------------------------------------------------------------------------------------


def faces(options: argparse.Namespace, limits: Limits) -> None:
    groups = {"drawn faces": drawn(options.faces, options.seed)}
    groups |= {f"pictures of {folder.name}": real(folder, options.every) for folder in options.data}
    for name, pictures in groups.items():
        hurt = total = 0
        spent = []
        for image in pictures:
            found = symbols.read(image, budget_s=BUDGET_S)
            start = time.process_time()
            hidden = addresses.find(image, found)
            spent.append((time.process_time() - start) * 1e3)
            hurt, total = hurt + bool(hidden), total + 1
        if total:
            low, high = wilson(hurt, total)
            p50, p95 = np.percentile(spent, (50, 95))
            print(f"{name}: hurt {hurt}/{total} = {hurt / total:.4f} [{low:.3f}, {high:.3f}], looked at in", end=" ")
            print(f"p50 {p50:.0f}, p95 {p95:.0f} ms; {limits.judged(name, hurt / total, HURT, 'share')}")


def drawn(count: int, seed: int) -> Iterator[Image]:
    """The demo's faces, photographed alone."""
    registered = [product for product in PRODUCTS if product.registered]
    for number in range(count):
        yield photograph(registered[number % len(registered)], Alteration(), 0.5, seed * 10_000 + number)


def real(folder: Path, every: int) -> Iterator[Image]:
    """The pictures below a folder."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png"})
    for path in paths[::every]:
        image = cv2.imread(str(path))
        if image is not None:
            yield np.asarray(image, np.uint8)


if __name__ == "__main__":
    main()
