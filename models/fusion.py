"""Several captures of one face, judged together: their maps are made one where each could be judged.

All maps lie in the registered face's coordinates, so that a cell means the same place in every capture. Glare and
fingers move between shots and are left out cell by cell; noise averages out; the print stays. A mean of several is
surer than one: the pack says by how much. The same view in the same light twice is no second witness: its errors are
the first one's. How much two captures are witnesses of their own is told by how far their maps lie apart. A cast or a
soft focus is one camera's, another ink or a soft print is in every picture: of those the least counts. A `Layer` is
what one capture leaves behind to be judged with later ones: maps and the regions' readings, no picture. It fuses
measurements, it judges nothing.
"""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.regions import Reading

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.measurements import Tensor
    from models.pack import Judgement


# Kinds that a camera can make up by itself: every capture must show them.
LEAST = frozenset({"colour", "print", "inks"})
# Logits (1.48 of the median deviation) by which the maps of two captures differ that share no more than others do.
# Drawn captures of one face: 0.5 to 2.0; one picture, shifted a little and stored again: 0.2 to 0.6.
APART: Final = 0.8
LEAST_CELLS: Final = 50  # that two captures must both have judged to say how far they lie apart
NOTHING_KNOWN: Final[Mapping[str, Judgement]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """What one capture says of one registered face, cell by cell and region by region."""

    face: str  # key of the registered face
    pack: str  # the pack whose maps these are
    maps: Mapping[str, Tensor]  # by kind: rows x columns, nan = not judged
    readings: tuple[Reading, ...] = ()


def packed(layer: Layer) -> bytes:
    """A layer as bytes to be kept by the bench: half floats and JSON, about 0.15 MB at 768 px; nothing that runs."""
    head = json.dumps([layer.face, layer.pack, [asdict(one) for one in layer.readings]]).encode()
    out = io.BytesIO()
    arrays = {f"map:{kind}": values.astype(np.float16) for kind, values in layer.maps.items()}
    np.savez(out, head=np.frombuffer(head, np.uint8), **arrays)  # type: ignore[arg-type]  # the stub knows no **arrays
    return out.getvalue()


def unpacked(data: bytes) -> Layer:
    """The layer in `packed` bytes.

    Raises:
        ValueError: the bytes are no layer.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            face, pack, readings = json.loads(arrays["head"].tobytes())
            maps = {name[4:]: arrays[name].astype(np.float32) for name in arrays.files if name.startswith("map:")}
        return Layer(str(face), str(pack), maps, tuple(_reading(one) for one in readings))
    except (OSError, KeyError, TypeError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"A layer is the archive that a comparison left, got {len(data)} other bytes.") from error


def _reading(numbers: dict[str, Any]) -> Reading:
    return Reading(**{**numbers, "colours": tuple(numbers["colours"])})


def judged_together(mine: Layer, earlier: Sequence[bytes]) -> tuple[Layer, ...]:
    """This capture's layer and those earlier ones that speak of the same face and the same pack, newest last."""
    others = (unpacked(data) for data in earlier)
    return (*(one for one in others if (one.face, one.pack) == (mine.face, mine.pack)), mine)


def fused(
    captures: Sequence[Mapping[str, Tensor]], judgements: Mapping[str, Judgement] = NOTHING_KNOWN
) -> dict[str, Tensor]:
    """One map a kind (rows x columns, nan = not judged) from those of the captures that judged the cell.

    Their mean, higher by what `judgements` (by kind) give for so many witnesses; of the kinds in LEAST the lowest. A
    cell that no capture could judge stays nan. A kind counts for the captures that have it.

    Raises:
        ValueError: there is no capture, or the maps of a kind differ in shape.
    """
    if not captures:
        raise ValueError("Maps of at least one capture are needed to fuse, got none.")
    if len(captures) == 1:
        return dict(captures[0])
    result = {}
    for kind in dict.fromkeys(kind for maps in captures for kind in maps):
        layers = [maps[kind] for maps in captures if kind in maps]
        shapes = {layer.shape for layer in layers}
        if len(shapes) > 1:
            raise ValueError(f"Maps of one face must have one shape, got {sorted(shapes)} for {kind!r}.")
        stack = np.stack(layers)
        seen = np.isfinite(stack)
        count = seen.sum(axis=0)
        if kind in LEAST:
            together = np.where(seen, stack, np.inf).min(axis=0)
        else:
            surer = (0.0, 0.0, *(judgements[kind].together if kind in judgements else ()))
            together = np.where(seen, stack, 0).sum(axis=0) / np.maximum(count, 1)
            if any(surer):
                together = together + np.interp(witnesses(stack), np.arange(len(surer)), surer)
        result[kind] = np.where(count > 0, together, np.nan).astype(np.float32)
    return result


def witnesses(stack: Tensor) -> Tensor:
    """How many captures of their own the mean of each cell rests on: from 1, all alike, to the number that judged it.

    Args:
        stack: captures x rows x columns, logits, nan = not judged.

    Returns:
        rows x columns: the effective size of a sample whose members share their errors (Kish, Survey Sampling, 1965,
        8.2): n / (1 + (n - 1) r), with r the mean correlation of the pairs. 0 where no capture judged.
    """
    seen = np.isfinite(stack)
    count = seen.sum(axis=0).astype(np.float32)
    shared = np.zeros_like(count)  # the sum of the correlations of all ordered pairs
    for one, other in itertools.combinations(range(len(stack)), 2):
        both = seen[one] & seen[other]
        shared += 2 * (1 - _apart((stack[one] - stack[other])[both])) * both
    return np.asarray(count**2 / np.maximum(count + shared, 1), np.float32)


def _apart(difference: Tensor) -> float:
    """How much two captures are witnesses of their own, 0 to 1, from the difference of their maps (one value a cell).

    By the median: what is printed otherwise is in both, and what one of them alone shows is a part of the face.
    """
    if difference.size < LEAST_CELLS:
        return 0.0
    spread = 1.4826 * float(np.median(np.abs(difference - np.median(difference))))
    return min(1.0, (spread / APART) ** 2)
