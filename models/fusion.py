"""Several captures of one face, judged together: their maps are averaged where each could be judged.

All maps lie in the registered face's coordinates, so that a cell means the same place in every capture. Glare and
fingers move between shots and are left out cell by cell; noise averages out; the print stays. It fuses measurements,
it judges nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.pack import Tensor


def mean(captures: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The cell-wise mean of each kind's maps (rows x columns, nan = not judged) over the captures that judged the cell.

    A cell that no capture could judge stays nan. A kind counts for the captures that have it.

    Raises:
        ValueError: there is no capture, or the maps of a kind differ in shape.
    """
    if not captures:
        raise ValueError("Maps of at least one capture are needed to fuse, got none.")
    fused = {}
    for kind in dict.fromkeys(kind for maps in captures for kind in maps):
        layers = [maps[kind] for maps in captures if kind in maps]
        shapes = {layer.shape for layer in layers}
        if len(shapes) > 1:
            raise ValueError(f"Maps of one face must have one shape, got {sorted(shapes)} for {kind!r}.")
        stack = np.stack(layers)
        seen = np.isfinite(stack)
        count = seen.sum(axis=0)
        total = np.where(seen, stack, 0).sum(axis=0)
        fused[kind] = np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)
    return fused
