"""A model pack tried on the box: does it answer what it answered where it was made, and which of its twins is faster?

A drawn pair of pictures (integers only: the same bytes on every machine) goes through a pack's networks. The logits of
each kind, averaged over a coarse grid, are held against the golden ones in the manifest, and the eight-bit network
against its fp32 twin. On a processor without eight-bit dot products the twin is often the faster one.

    python -m models.selftest PACK_DIR      prints the manifest's tables [golden.*]
"""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models import embed, faces, pack
from models.errors import PackError
from models.measurements import FaceReference
from models.pack_numbers import LARGEST, numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.embed import Network
    from models.measurements import Image, Tensor
    from models.pack import Precision

TOLERANCE = 0.25  # logits of a cell's mean: processors differ by less, a damaged network or wrong arithmetic by more
TWINS = 1.0  # likewise, between the precisions: measured 0.52 with the first pack
CHANGED_BY = 0.05  # of a score: drawn-7 gives the drawn pair's face 0.02 and its change 0.64, a cautious one less
GRID = 4
ROUNDS = 5
WORTH = 0.9  # of the other's time, from which on another precision than int8 is chosen
_HEIGHT, _WIDTH = 768, 544

Blocks = dict[str, tuple[float, ...]]  # kind -> mean logits of GRID x GRID cells, row by row


@dataclass(frozen=True, slots=True)
class Tried:
    """One precision: the largest distance from the golden logits (None: there are none), and its time for a capture."""

    precision: Precision
    blocks: Blocks
    apart: float | None
    ms: float


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What a pack answered. `twins_apart`: the largest distance between the precisions (None: there is no twin)."""

    pack: str
    tried: tuple[Tried, ...]
    twins_apart: float | None

    @property
    def agreeing(self) -> tuple[Tried, ...]:
        """The precisions whose answers are the golden ones or, without such, those of each other."""
        near = self.twins_apart is None or self.twins_apart <= TWINS
        return tuple(one for one in self.tried if (near if one.apart is None else one.apart <= TOLERANCE))

    @property
    def chosen(self) -> Precision | None:
        """The faster of those that agree; int8 unless its twin is clearly faster. None: none agrees."""
        agreeing = {one.precision: one.ms for one in self.agreeing}
        if "int8" in agreeing and agreeing.get("fp32", agreeing["int8"]) < WORTH * agreeing["int8"]:
            return "fp32"
        return next((one for one in ("int8", "fp32") if one in agreeing), None)


def selftest(path: Path, rounds: int = ROUNDS) -> SelfTest:
    """Try every precision of the pack at `path`.

    Raises:
        PackError: see `models.pack.load`.
    """
    manifest, _ = pack.checked(path)
    with pack.complete(path):
        golden = {name: _golden(name, table) for name, table in manifest.get("golden", {}).items()}
        precisions: tuple[Precision, ...] = ("int8", "fp32") if "twins" in manifest["network"] else ("int8",)
    tried = tuple(_tried(path, precision, golden.get(precision), rounds) for precision in precisions)
    apart = _apart(tried[0].blocks, tried[1].blocks) if len(tried) > 1 else None
    return SelfTest(str(manifest["pack"]), tried, apart)


def require(path: Path) -> None:
    """Try the pack at `path` as a bench uses it: its answers, and a whole comparison of the drawn pair.

    Raises:
        PackError: see `models.pack.load`; model_answers: it answers otherwise than where it was made, or does not tell
            the drawn pair apart.
    """
    test = selftest(path, rounds=0)
    if test.chosen is None:
        came = ", ".join(f"{one.precision} off by {one.apart:.2f}" for one in test.tried if one.apart is not None)
        raise _otherwise(path, f"answer as where it was made, within {TOLERANCE} logits", came or "twins that differ")
    loaded = pack.load(path, test.chosen)
    face, capture = pair()
    known = faces.prepare(FaceReference("drawn", cv2.imencode(".png", face)[1].tobytes()), loaded)
    same, changed = (faces.compare(shown, [known], loaded)[0] for shown in (face, capture))
    check = loaded.threshold_check
    if same.score is None or changed.score is None or not same.score < min(check, changed.score - CHANGED_BY):
        scores = ("no score" if one.score is None else f"{one.score:.2f}" for one in (same, changed))
        expected = f"score a drawn face below {check:g}, and a changed one higher by {CHANGED_BY:g} or more"
        raise _otherwise(path, expected, " and ".join(scores))


def _otherwise(path: Path, expected: str, came: str) -> PackError:
    return PackError(
        "model_answers",
        f"The model pack {path.name} must {expected}, got {came}.",
        hint="Install the pack again from its publisher; if it stays, it is not for this processor.",
    )


def _golden(precision: str, table: Mapping[str, object]) -> Blocks:
    place = f"golden.{precision}"
    return {kind: numbers(cells, f"[{place}] {kind}", GRID**2, -LARGEST, LARGEST) for kind, cells in table.items()}


def _tried(path: Path, precision: Precision, golden: Blocks | None, rounds: int) -> Tried:
    network = pack.load(path, precision).network
    face, capture = pair()
    known, spent = embed.features(face, network), []
    blocks = answered(network)
    for _ in range(rounds):
        start = time.perf_counter()
        embed.maps(known, capture, network)
        spent.append((time.perf_counter() - start) * 1e3)
    apart = None if golden is None else _apart(blocks, golden)
    return Tried(precision, blocks, apart, statistics.median(spent) if spent else 0.0)


def answered(network: Network) -> Blocks:
    """Mean logits of the drawn pair by kind, on the coarse grid."""
    face, capture = pair()
    maps = embed.maps(embed.features(face, network), capture, network)
    return {
        kind: tuple(round(float(cell), 3) for row in np.array_split(values, GRID) for cell in _means(row))
        for kind, values in sorted(maps.items())
    }


def _means(rows: Tensor) -> list[float]:
    return [float(part.mean()) for part in np.array_split(rows, GRID, axis=1)]


def _apart(one: Blocks, other: Blocks) -> float:
    if one.keys() != other.keys():
        return float("inf")
    distances = [abs(a - b) for kind, cells in one.items() for a, b in zip(cells, other[kind], strict=True)]
    return max(distances, default=0.0) if all(np.isfinite(distances)) else float("inf")


def pair() -> tuple[Image, Image]:
    """A drawn face and a capture of it in which one block is another: 768 x 544 BGR, whole numbers all the way."""
    y, x = np.mgrid[0:_HEIGHT, 0:_WIDTH]
    face = np.stack([(x * 3 + y) // 7 % 256, (x + 2 * y) // 5 % 256, (5 * x + 3 * y) // 11 % 256], 2).astype(np.uint8)
    for place in range(12):
        top, left = 40 + place * 59 % 620, 30 + place * 131 % 420
        cv2.rectangle(face, (left, top), (left + 70, top + 38), (place * 83 % 256, place * 47 % 256, 30), -1)
        cv2.rectangle(face, (left + 8, top + 8), (left + 50, top + 16), (250, 250, 250), -1)
    capture = face.copy()
    capture[300:420, 200:340] = np.roll(face, 90, 0)[300:420, 200:340][::-1]
    return face, capture


def table(path: Path) -> str:
    """The manifest's tables [golden.int8] and [golden.fp32] for a pack: what it answers here and now."""
    lines = []
    for one in selftest(path, rounds=0).tried:
        lines += ["", f"[golden.{one.precision}]"]
        lines += [f"{kind} = [{', '.join(map(str, cells))}]" for kind, cells in one.blocks.items()]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.stdout.write(table(Path(sys.argv[1])))
