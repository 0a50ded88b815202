"""How much surer the mean of several captures is than one, fitted on drawn genuine captures of the same face.

Noise averages out, so that genuine captures measured together lie lower than alone, and so do edited ones: against the
thresholds of one capture a second picture would hide what the first one told. What is added to a cell that two, three
and more captures judged is chosen such that together they reach check as rarely as one does.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from models import tone
from models.fusion import fused
from models.pack import Judgement
from models.second_look import looked_again
from models.training.calibrate import RARE, structure_of, usable_of, value_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from models.second_look import SecondLook

CAPTURES = 3  # of a group
AT_MOST, HALVINGS = 4.0, 12  # logits


def groups_of(run, folder: Path, look: SecondLook | None) -> list[list[np.ndarray]]:
    """Maps of structure of drawn genuine captures (npz, as `calibrate.measure`), three of an artwork at a time.

    A group shares the registered side of its first capture, with what is wrong with it.
    """
    artworks: dict[str, list[Path]] = {}
    for file in sorted(folder.glob("[0-9]*.npz")):
        if not len(np.load(file)["kinds"]):
            artworks.setdefault(file.stem.split("_")[0], []).append(file)
    found = []
    for files in artworks.values():
        for some in zip(*[iter(files)] * CAPTURES, strict=False):
            drawn = [np.load(file) for file in some]
            face = drawn[0]["face"]
            usable, group = usable_of(face), []
            for one in drawn:
                capture = tone.matched(one["capture"], face, usable)
                structure, cells = structure_of(run, face, capture, usable)
                if look is not None:
                    structure = looked_again(look, structure, cells, face, capture)
                group.append(structure.astype(np.float16))
            found.append(group)
    return found


def surer_of(groups: Sequence[Sequence[np.ndarray]], check: float) -> tuple[float, ...]:
    """What two, and what three and more captures add to a cell, so that one group in RARE reaches `check`.

    Raises:
        ValueError: there is no group.
    """
    if not groups:
        raise ValueError("How much surer captures are together is fitted on groups of three, got none.")
    added: tuple[float, ...] = ()
    for count in range(2, CAPTURES + 1):
        least, most = (added[-1] if added else 0.0), AT_MOST
        for _ in range(HALVINGS):
            middle = (least + most) / 2
            if rare_value(values_of(groups, count, (*added, middle))) < check:
                least = middle
            else:
                most = middle
        added = (*added, int(100 * least) / 100)
    return added


def values_of(groups: Sequence[Sequence[np.ndarray]], count: int, added: tuple[float, ...]) -> np.ndarray:
    """The measured value of every choice of `count` captures of every group."""
    judgements = {"structure": Judgement(1, 1, (), added)}
    return np.array(
        [
            value_of(
                "structure", fused([{"structure": one.astype(np.float32)} for one in some], judgements)["structure"]
            )
            for group in groups
            for some in itertools.combinations(group, count)
        ]
    )


def rare_value(values: np.ndarray) -> float:
    """The value that no more than one in RARE passes, by count and with an exponential tail above the 95% quantile."""
    edge = float(np.quantile(values, 0.95))
    beyond = values[values > edge] - edge
    tail = edge + max(0.05, float(beyond.mean()) if len(beyond) else 0.0) * float(np.log(RARE / 20))
    return max(tail, float(np.sort(values)[-1 - len(values) // RARE]))
