"""The recipe of the net that sees address blocks: drawn parcels and goods, a small net that segments, ONNX.

    python -m models.training.addresses draw --out SHARDS --count 400 [--pool POOL] [--first 0]
    python -m models.training.addresses train --shards SHARDS --weights W.pt --out NET --minutes 15
    python -m models.training.addresses join --nets OTHER.onnx NET/blocks.onnx --out models/packs/address-2

Somewhat more than half of the pictures show a parcel or a letter (`models/drawn/parcels.py`): more of those on printed
packages, of faded ones and of slips with nothing but an address than are judged, and a quarter of no layout in
particular. The others show goods (`address_goods`). Truth is the lines of addresses, made wider by half of
their height. `UNTAUGHT` kinds are never drawn here: they measure what the net makes of layouts that it never met.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np

from models.drawn.conditions import Conditions
from models.drawn.layouts import KINDS, UNTAUGHT
from models.drawn.parcels import ON_PACKAGE, DrawnParcel, draw_parcel
from models.drawn.pool import Pool, read_pool
from models.drawn.recapture import recapture
from models.training.address_goods import goods
from models.training.address_sheets import scattered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.measurements import Image

SIDE: Final = 384  # the long side of what the net sees
CELL: Final = 4  # pixels of that to one of its answer
PX_PER_MM: Final = 4
SHARD: Final = 25  # surfaces
SHOTS: Final = 2  # photographs of each
SEED: Final = 8_000_000_000
PARCELS: Final = 0.55
TAUGHT: Final = tuple(sorted(set(KINDS) - UNTAUGHT))
ODDS: Final = tuple(np.array([3.0 if kind == "slip" else 1.0 for kind in TAUGHT]) / (len(TAUGHT) + 2))


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="models.training.addresses", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    drawing = commands.add_parser("draw")
    drawing.add_argument("--out", type=Path, required=True)
    drawing.add_argument("--count", type=int, required=True)
    drawing.add_argument("--first", type=int, default=0)
    drawing.add_argument("--pool", type=Path)
    training = commands.add_parser("train")
    training.add_argument("--shards", type=Path, required=True)
    training.add_argument("--out", type=Path, required=True)
    training.add_argument("--weights", type=Path, required=True, help="learn on from these, and write them here")
    training.add_argument("--minutes", type=float, default=15)
    training.add_argument("--threads", type=int, default=2)
    joining = commands.add_parser("join")
    joining.add_argument("--nets", type=Path, nargs="+", required=True)
    joining.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if options.command == "draw":
        draw(options.out, options.first, options.count, read_pool(options.pool))
    elif options.command == "join":
        from models.training.address_join import join
        from models.training.address_net import FILE, write_manifest

        options.out.mkdir(parents=True, exist_ok=True)
        join(options.nets, options.out / FILE)
        write_manifest(options.out, "docs/decisions/197")
    else:
        from models.training.address_net import train

        train(options.shards, options.out, options.weights, options.minutes, options.threads)


# --- Pictures ---------------------------------------------------------------------------------------------------------


def draw(out: Path, first: int, count: int, pool: Pool) -> None:
    """Write shards of pictures (N x 288 x 384 x 3) and truths (N x 72 x 96)."""
    cv2.setNumThreads(1)
    out.mkdir(parents=True, exist_ok=True)
    for start in range(first, first + count, SHARD):
        drawn = (example(np.random.default_rng(SEED + number), pool) for number in range(start, start + SHARD))
        pictures, truths = zip(*(pair for pairs in drawn for pair in pairs), strict=True)
        partial = out / f"{start:06d}.partial.npz"
        np.savez(partial, pictures=np.stack(pictures), truths=np.stack(truths))
        partial.rename(out / f"{start:06d}.npz")
        print(start, flush=True)


def example(rng: np.random.Generator, pool: Pool) -> list[tuple[Image, Image]]:
    """Pictures of one surface, landscape, and where they show addresses."""
    if rng.random() < PARCELS:
        parcel = parcel_of(rng, pool)
        surface, lines = parcel.surface, parcel.address
    else:
        surface, lines = goods(rng, pool), ()
    return [photograph(rng, surface, lines) for _ in range(SHOTS)]


def parcel_of(rng: np.random.Generator, pool: Pool) -> DrawnParcel:
    """A parcel as those that are judged, or of a harder sort: on a printed package, faded, of a layout of its own."""
    kind = str(rng.choice(TAUGHT, p=ODDS))
    layout = scattered if rng.random() < 0.25 else None
    finish = "faded" if rng.random() < 0.15 else ""
    package = 0.5 if rng.random() < 0.7 else ON_PACKAGE
    return draw_parcel(
        rng, pool, "courier" if layout else kind, px_per_mm=PX_PER_MM, finish=finish, package=package, layout=layout
    )


def photograph(rng: np.random.Generator, surface: Image, lines: Sequence[Any]) -> tuple[Image, Image]:
    """A photograph of it as the net sees one, and its truth in cells."""
    conditions = Conditions.draw(rng, float(rng.uniform(0, 0.8)))
    # what is a pixel of a picture of 2,000 is less than half of one here
    conditions = replace(
        conditions,
        long_side_px=2 * SIDE,
        defocus_px=conditions.defocus_px * 0.4,
        motion_px=conditions.motion_px * 0.4,
        noise=conditions.noise * float(rng.uniform(0.3, 0.7)),
        fill=conditions.fill * float(rng.uniform(0.65, 1.25)),
    )
    taken = recapture(surface, rng=rng, conditions=conditions)
    picture = taken.image
    truth = np.zeros(picture.shape[:2], np.uint8)
    for line in lines:
        cv2.fillConvexPoly(
            truth, _wider(cv2.perspectiveTransform(np.array([line], np.float64), taken.homography)[0]), 255
        )
    if picture.shape[0] > picture.shape[1]:
        picture, truth = np.rot90(picture), np.rot90(truth)
    size = (SIDE, SIDE * 3 // 4)
    picture = cv2.resize(np.ascontiguousarray(picture), size, interpolation=cv2.INTER_AREA)
    cells = cv2.resize(np.ascontiguousarray(truth), (size[0] // CELL, size[1] // CELL), interpolation=cv2.INTER_AREA)
    return np.asarray(picture, np.uint8), np.asarray(cells, np.uint8)


def _wider(line: np.ndarray) -> np.ndarray:
    """A line's corners, half of its height farther out on each side."""
    right, down = line[1] - line[0], line[3] - line[0]
    short = min(float(np.hypot(*right)), float(np.hypot(*down))) / 2
    right, down = (way / max(float(np.hypot(*way)), 1e-6) * short for way in (right, down))
    moves = np.array([-right - down, right - down, right + down, -right + down])
    return np.asarray(np.round(line + moves), np.int32)


if __name__ == "__main__":
    main()
