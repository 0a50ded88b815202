"""Read one line of print: pixels in, characters with their chances out. It knows no parcels and no meanings.

The network is PP-OCRv6's small recognition model, cut down and in eight bits (models/training/text.py, decision 107):
a convolutional trunk, two attention blocks and a layer of characters, learnt with CTC (Graves et al., ICML 2006). A
character's chance is the share that its best column gave it, put on the scale that drawn lines measured.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np

from models.pack import checked, complete, packs_dir, session

if TYPE_CHECKING:
    from pathlib import Path

    import onnxruntime

    from models.measurements import Image, Tensor

BUILTIN: Final = "text-1"
HEIGHT_PX: Final = 48
LEAST_WIDTH_PX: Final = 96
MOST_WIDTH_PX: Final = 1600  # of a line at that height: some 70 characters
SOFTENED: Final = 0.035  # of a line's height: drops of an ink jet run together, letters stay


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """A loaded text pack. Use it from one thread or process at a time."""

    name: str
    network: onnxruntime.InferenceSession
    characters: str  # of the classes after the blank
    knots: tuple[tuple[float, float], ...]  # share that the network gives, share of right characters; both rising
    threshold: float  # chance from which on a character may be held against another one

    def read(self, line: Image) -> tuple[str, tuple[float, ...]]:
        """The characters of one cut line (H x W x 3 BGR) and the calibrated chance of each."""
        text, given = self.raw(tensor(line))
        shares, right = zip(*self.knots, strict=True)
        return text, tuple(round(float(np.interp(share, shares, right)), 4) for share in given)

    def raw(self, line: Tensor) -> tuple[str, tuple[float, ...]]:
        """The characters of a tensor and the share that the network gives each. Greedy: the best class a column."""
        (shares,) = self.network.run(None, {self.network.get_inputs()[0].name: line})[0]
        best = shares.argmax(1)
        text, given = [], []
        for run, columns in itertools.groupby(range(len(best)), key=lambda column: int(best[column])):
            if run:
                text.append(self.characters[run - 1])
                given.append(float(max(shares[column, run] for column in columns)))
        return "".join(text), tuple(given)


def builtin() -> Reader:
    """The reader that ships with the product.

    Raises:
        PackError: as `load`.
    """
    return load(packs_dir() / BUILTIN)


def carried(folder: Path | None) -> Reader | None:
    """The reader that a model pack brings along beside its comparer (a table [reader] in its manifest), if it does.

    Raises:
        PackError: as `load`.
    """
    if folder is None or "reader" not in checked(folder)[0]:
        return None
    return load(folder)


def load(path: Path) -> Reader:
    """Read a text pack's manifest, verify its files, open its network.

    Raises:
        PackError: model_missing, model_manifest, model_schema, model_hash or model_unusable.
    """
    manifest, files = checked(path)
    with complete(path):
        table: dict[str, Any] = manifest["reader"]
        network, characters = str(table["file"]), str(table["characters"])
        for name in (network, characters):
            if name not in files:
                raise ValueError(f"[reader], whose files [files] must list with their hashes; got {name!r}")
        knots = tuple((float(share), float(right)) for share, right in table["knots"])
        rising = all(a[0] < b[0] and a[1] <= b[1] for a, b in itertools.pairwise(knots))
        if not knots or not rising or knots[0][1] < 0 or knots[-1][1] > 1:
            raise ValueError(f"[reader] knots, which rise from (.., 0 or more) to (.., 1 or less); got {knots}")
        return Reader(
            name=str(manifest["pack"]),
            network=session(path / network),
            characters=(path / characters).read_text("utf-8").removesuffix("\n"),
            knots=knots,
            threshold=float(table["threshold"]),
        )


def tensor(line: Image) -> Tensor:
    """A cut line (H x W x 3 BGR) as the network sees it: 1 x 3 x 48 x W', float32 of -1..1."""
    height, width = line.shape[:2]
    wide = min(MOST_WIDTH_PX, max(16, round(width * HEIGHT_PX / height)))
    way = cv2.INTER_AREA if height > HEIGHT_PX else cv2.INTER_CUBIC
    resized = cv2.resize(line, (wide, HEIGHT_PX), interpolation=way)
    padded = np.pad(resized, ((0, 0), (0, max(0, LEAST_WIDTH_PX - wide)), (0, 0)), "edge")
    return np.ascontiguousarray(padded.transpose(2, 0, 1)[None].astype(np.float32) / 127.5 - 1)


def softened(line: Image) -> Image:
    """The line as a softer lens would show it: a second look that errs elsewhere than the first."""
    return np.asarray(cv2.GaussianBlur(line, (0, 0), max(0.3, SOFTENED * line.shape[0])), np.uint8)
