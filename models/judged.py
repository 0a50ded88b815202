"""What part of a registered face the captures let be judged, and where the largest part lies that they do not.

It counts cells of a map; why a cell could not be judged (a hand, a lamp, another print that looks like one) it cannot
tell, and it judges nothing. What belongs to no comparison (margins, "ignore", holograms, what shines in the registered
picture) is not counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from models import difference, light

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.measurements import Rectangle, Tensor
    from models.pack import Pack
    from models.prepared import PreparedFace

Flags = npt.NDArray[np.bool_]
FADES_PX = 40  # face pixels: so far around a reflection in the registered picture nothing is counted
LEAST_JUDGED = 0.2  # of the whole face, whatever its regions want of it
BRIDGE = 3  # cells: what hangs together by less is told apart


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Cells (rows x columns) that a comparison is about, and those of them that no capture let be judged."""

    wanted: Flags
    left_out: Flags
    cell_px: int  # face pixels

    @property
    def share_left_out(self) -> float:
        """Of the wanted cells, 0..1; of the whole face where so little of it was judged that no answer rests on it."""
        judged_of_all = float((self.wanted & ~self.left_out).mean())
        return float(self.left_out.sum() / self.wanted.sum()) if judged_of_all >= LEAST_JUDGED else 1 - judged_of_all

    def largest(self) -> tuple[float, Rectangle]:
        """The largest connected part left out: its share of the wanted cells, 0..1, and its box in face pixels."""
        square = np.ones((BRIDGE, BRIDGE), np.uint8)
        solid = cv2.morphologyEx(self.left_out.astype(np.uint8), cv2.MORPH_OPEN, square)
        _, _, stats, _ = cv2.connectedComponentsWithStats(np.asarray(solid, np.uint8), connectivity=8)
        x, y, w, h, area = max(
            (tuple(int(v) for v in one) for one in stats[1:]), key=lambda one: one[4], default=(0,) * 5
        )
        box = (x * self.cell_px, y * self.cell_px, w * self.cell_px, h * self.cell_px)
        return area / max(1, int(self.wanted.sum())), box

    def pixels_left_out(self, size: tuple[int, int]) -> Flags:
        """Which pixels of a face (width, height) were left out."""
        return np.asarray(cv2.resize(self.left_out.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0)

    def of_box(self, box: Rectangle) -> float | None:
        """The share of a box (face pixels) that was judged; None where none of it is wanted."""
        x, y, w, h = box
        rows = slice(y // self.cell_px, -(-(y + h) // self.cell_px))
        columns = slice(x // self.cell_px, -(-(x + w) // self.cell_px))
        wanted = int(self.wanted[rows, columns].sum())
        return 1 - float(self.left_out[rows, columns].sum()) / wanted if wanted else None


def judged(maps: Mapping[str, Tensor], prepared: PreparedFace, pack: Pack) -> Judged:
    """What the maps of all captures together (nan = not judged) say of a face; that of structure speaks for all."""
    values = maps["structure"]
    whole, none = np.full_like(prepared.wanted, 255), np.zeros_like(prepared.wanted)
    shines = cv2.dilate(prepared.glare, np.ones((2 * FADES_PX + 1,) * 2, np.uint8))
    mask = light.usable_mask(whole, none, np.asarray(shines, np.uint8), prepared.wanted)
    cells = difference.usable_cells(mask, (values.shape[0], values.shape[1]))
    clean = difference.windowed(np.zeros_like(values), cells, pack.judgements["structure"].window_cells)
    wanted = np.isfinite(clean)
    return Judged(np.asarray(wanted), np.asarray(wanted & ~np.isfinite(values)), pack.network.stride_px)
