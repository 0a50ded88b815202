"""The numbers of the second look (models/second_look.py), fitted on the highest places of drawn whole faces.

Places of genuine captures, some of them through a sham edit, against places on an edit that is made anew on the
registered side; what lies well beside the edit is genuine as well. Captures are softened now and then. The fit is a
logistic regression, in which the map's own value has the weight 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from models import second_look, tone
from models.training import calibrate, edits
from models.training.cameras import softened

if TYPE_CHECKING:
    from pathlib import Path

    from models.drawn.pool import Pool
    from models.training.export import Networks

PLACES = 3  # of a face, in the product
LEARNT = 4  # of a face, to fit on
ROUNDS = 40
RIDGE = 1e-3


def fitted(values: np.ndarray, facts: np.ndarray, edited: np.ndarray) -> second_look.SecondLook:
    """The second look from places: values (n), facts (n x 4), and which lie on an edit (n), both sides alike in weight.

    Raises:
        ValueError: places on edits do not measure higher than others.
    """
    terms = np.column_stack([values, facts, np.ones(len(values))])
    weight = np.where(edited, 0.5 / edited.mean(), 0.5 / (1 - edited.mean())) / len(values)
    ridge, line = RIDGE * np.diag([1, 1, 1, 1, 1, 0.0]), np.zeros(6)
    for _ in range(ROUNDS):
        chance = 1 / (1 + np.exp(-terms @ line))
        slope = terms.T @ (weight * (chance - edited)) + ridge @ line
        bend = (terms * (weight * chance * (1 - chance))[:, None]).T @ terms + ridge
        line = line - np.linalg.solve(bend, slope)
    if line[0] <= 0:
        raise ValueError(f"Places on edits must measure higher than others, got a slope of {line[0]:.3f}.")
    weights = line[1:5] / line[0]
    first, second, third, fourth = (float(one) for one in weights)
    return second_look.SecondLook(PLACES, (first, second, third, fourth), float((facts @ weights).mean()))


def places(run: Networks, folder: Path, pool: Pool, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values, facts and truth (see `fitted`) of the places of a folder's drawn whole faces."""
    rng, rows = np.random.default_rng(seed), []
    for file in sorted(folder.glob("[0-9]*.npz")):
        drawn = np.load(file)
        if not len(drawn["kinds"]):
            for edit in (False, True):
                rows += _places(rng, run, drawn, pool, edit=edit)
    values, facts, edited = zip(*rows, strict=True)
    return np.array(values), np.array(facts), np.array(edited)


def _places(rng, run, drawn, pool, *, edit: bool) -> list[tuple[float, np.ndarray, bool]]:
    """Value, facts and truth of the places of one face, genuine or edited anew."""
    face, capture, targets = drawn["face"], drawn["capture"], drawn["targets"]
    mask = np.zeros(targets.shape[:2], bool)
    if edit:
        made = edits.edited(rng, face, float(rng.beta(1.0, 1.4)), pool)
        if made.channel != "structure":
            return []
        face, mask = made.picture, cv2.resize(made.mask, mask.shape[::-1], interpolation=cv2.INTER_AREA) > 60
    elif rng.random() < 0.3:
        face = edits.sham(rng, face, pool)
    if rng.random() < 0.6:
        capture = softened(rng, np.ascontiguousarray(capture))
    usable = calibrate.usable_of(face)
    if edit:
        capture = tone.matched(capture, face, usable)
    structure, cells = calibrate.structure_of(run, face, capture, usable)
    seen = mask & (targets[..., 3] < 100)
    near, around = (cv2.dilate(mask.astype(np.uint8), np.ones((side, side))) > 0 for side in (7, 25))
    found = second_look.highest(structure, LEARNT)
    sides = (second_look.half(side) for side in (face, capture))
    rows = []
    for (row, column), facts in zip(found, second_look.facts_of(found, *sides, cells), strict=True):
        shown = seen[max(0, row - 6) : row + 7, max(0, column - 6) : column + 7].sum() >= 4
        on_edit = bool(near[row, column] and shown)
        if facts is not None and (on_edit or not around[row, column]):
            rows.append((float(structure[row, column]), facts, on_edit))
    return rows
