"""Where a picture looks like an address: small nets that were shown drawn labels, letters and goods. They read nothing.

Two in one network, whose answers are averaged. They segment: of every cell of 4 x 4 pixels of a small picture they say
how much it looks like lines of an address.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from models.pack import checked, complete, packs_dir, session

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

    from models.measurements import Image

Chances: TypeAlias = npt.NDArray[np.float32]

BUILTIN: Final = "address-2"
SIDE: Final = 384  # the long side of what the net sees, as it was trained
MULTIPLE: Final = 16  # of both sides
SUREST: Final = 16  # cells that say together whether a picture shows an address, as it was trained


@dataclass(frozen=True, slots=True, eq=False)
class Net:
    """A net, and what its answers (0..1) mean."""

    session: InferenceSession
    likely: float  # from here on a picture shows an address
    beside_bars: float  # the same where bars that nobody read are on a sheet of paper
    beside_goods: float  # the same where a product's symbol was read, and a parcel's was not
    extent: float  # a picture that shows one shows it wherever the answer is this or more


def load(path: Path) -> Net:
    """The net of a pack directory.

    Raises:
        PackError: model_missing, model_manifest, model_schema, model_hash or model_unusable.
    """
    manifest, _ = checked(path)
    with complete(path):
        table = manifest["address"]
        file = str(table["file"])
        thresholds = {key: float(table[key]) for key in ("likely", "beside_bars", "beside_goods", "extent")}
    return Net(session(path / file), **thresholds)


@functools.cache
def builtin() -> Net:
    """The net that ships with the product.

    Raises:
        PackError: see `load`.
    """
    return load(packs_dir() / BUILTIN)


def seen(image: Image, net: Net) -> Chances:
    """How much the cells of a picture (H x W x 3 BGR) look like an address: 0..1, 96 cells on its long side."""
    scale = SIDE / max(image.shape[:2])
    height, width = (max(MULTIPLE, round(side * scale / MULTIPLE) * MULTIPLE) for side in image.shape[:2])
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    picture = np.ascontiguousarray(small.transpose(2, 0, 1)[None].astype(np.float32) / 127.5 - 1)
    (answer,) = net.session.run(None, {"picture": picture})
    return np.asarray(answer[0, 0], np.float32)


def sureness(chances: Chances) -> float:
    """How sure the net is that a picture shows an address at all: the mean of its highest answers."""
    return float(np.partition(chances, -SUREST, axis=None)[-SUREST:].mean())
