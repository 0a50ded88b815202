"""What a pack's networks see of drawn edits at the whole and at half the size of a face, large edits by themselves.

Drawn genuine captures as at a lit bench (npz, as `calibrate.write_draws` makes them); of four of them one is edited
anew on its registered side in any kind and severity, and one with something large gone, moved, scaled or added. A
face's value is measured as in the product, with the pack's second look. Nothing is fitted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from models import difference
from models.second_look import looked_again
from models.tone import matched
from models.training import edits
from models.training.calibrate import GENUINE_PER_ARTWORK, WINDOW_CELLS, answer_of, structure_of, usable_of, value_of
from models.training.train import auroc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from models.drawn.pool import Pool
    from models.second_look import SecondLook
    from models.training.export import Networks

LARGE = (edits.missing, edits.missing, edits.moved, edits.scaled, edits.added)
LEAST_ANY, LEAST_LARGE = 200, 4000  # pixels of an edit that the capture lets be seen
EDGE = 24  # pixels of the face whose edits count for nothing: hands and misalignment lie there
TRIES, NOWHERE = 12, -12.0  # logits of half the size where nothing may be judged
JOINED = {
    "whole": lambda whole, _half: whole,
    "half": lambda _whole, half: half,
    "higher": np.maximum,
    "mean, a fifth half": lambda whole, half: 0.8 * whole + 0.2 * half,
    "mean": lambda whole, half: 0.5 * whole + 0.5 * half,
    "whole + 0.3 of half above 0": lambda whole, half: whole + 0.3 * np.maximum(half, 0),
    "whole + 0.3 of half above -2": lambda whole, half: whole + 0.3 * np.maximum(half + 2, 0),
}


def sizes(run: Networks, look: SecondLook | None, folders: Sequence[Path], pool: Pool) -> Iterator[str]:
    """For every way to join both sizes: AUROC, and detection at 5% and 1% of the genuine captures, by kind of edit."""
    values: dict[str, dict[str, list[float]]] = {}
    for index, file in enumerate(_genuine(folders)):
        drawn = np.load(file)
        face, capture = drawn["face"], drawn["capture"]
        shown = [(["genuine"], face, capture)]
        edit = edited(np.random.default_rng((791, index)), face, drawn["targets"][..., 3], pool, large=index % 4 == 1)
        if index % 4 < 2 and edit is not None:
            usable = usable_of(edit.picture)
            names = ["any"] if index % 4 == 0 else ["large", f"large, {edit.kind}"]
            shown.append((names, edit.picture, matched(capture, edit.picture, usable)))
        for names, one, other in shown:
            for way, value in values_of(run, look, one, other).items():
                for name in names:
                    values.setdefault(way, {}).setdefault(name, []).append(value)
    for way, by_name in values.items():
        genuine = np.array(by_name.pop("genuine"))
        told = [_told(name, genuine, np.array(some)) for name, some in sorted(by_name.items())]
        yield f"{way} ({len(genuine)} genuine): " + "; ".join(told)


def edited(
    rng: np.random.Generator, face: np.ndarray, hidden: np.ndarray, pool: Pool, *, large: bool
) -> edits.Edit | None:
    """An edit of structure that can be seen; None where twelve tries gave none."""
    clear = cv2.resize(hidden, face.shape[1::-1]) < 100
    for _ in range(TRIES):
        if large:
            severity = float(rng.uniform(0.7, 1.0))
            edit = edits.seen(face, LARGE[int(rng.integers(len(LARGE)))](rng, face, severity, pool))
        else:
            edit = edits.edited(rng, face, float(rng.uniform(0, 1)), pool)
        shown = (clear & (edit.mask > 0))[EDGE:-EDGE, EDGE:-EDGE]
        if edit.channel == "structure" and shown.sum() > (LEAST_LARGE if large else LEAST_ANY):
            return edit
    return None


def values_of(run: Networks, look: SecondLook | None, face: np.ndarray, capture: np.ndarray) -> dict[str, float]:
    """The measured value of structure of a pair for every way to join both sizes."""
    whole, cells = structure_of(run, face, capture, usable_of(face))
    small = answer_of(run, halved(face), halved(capture))[0]
    judged = cv2.resize(cells.astype(np.float32), small.shape[::-1], interpolation=cv2.INTER_AREA) > 0.5
    small = difference.windowed(small, judged, WINDOW_CELLS["structure"])
    small = np.where(np.isfinite(small), small, np.float32(NOWHERE))
    half = cv2.resize(small, whole.shape[::-1], interpolation=cv2.INTER_LINEAR)
    half[~np.isfinite(whole)] = np.nan
    result = {}
    for way, joined in JOINED.items():
        values = joined(whole, half).astype(np.float32)
        if look is not None:
            values = looked_again(look, values, cells, face, capture)
        result[way] = value_of("structure", values)
    return result


def halved(side: np.ndarray) -> np.ndarray:
    """A picture at half the size."""
    return cv2.resize(side, (side.shape[1] // 2, side.shape[0] // 2), interpolation=cv2.INTER_AREA)


def _genuine(folders: Sequence[Path]) -> list[Path]:
    found = [file for folder in folders for file in sorted(folder.glob("[0-9]*.npz"))]
    return [one for one in found if int(one.stem[-2:]) < GENUINE_PER_ARTWORK and not len(np.load(one)["kinds"])]


def _told(name: str, genuine: np.ndarray, some: np.ndarray) -> str:
    rates = "/".join(f"{(some > np.quantile(genuine, 1 - rare)).mean():.2f}" for rare in (0.05, 0.01))
    return f"{name} ({len(some)}) {auroc(genuine, some):.3f} {rates}"
