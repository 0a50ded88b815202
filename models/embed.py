"""Pictures of faces through a pack's networks: normalise, pad, encode, compare. What it is not: a judgement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from models import interval

if TYPE_CHECKING:
    import onnxruntime

    from models.measurements import Image, Tensor

Features: TypeAlias = dict[str, npt.NDArray[np.uint8]]  # by scale: rows x columns x channels


@dataclass(frozen=True, slots=True)
class Normalisation:
    """How BGR 0..255 becomes a network's input: x / 255, channels in `order`, minus `mean`, over `std`."""

    order: Literal["BGR", "RGB"]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Network:
    """The two halves of a siamese network, between which stands `models.interval`.

    The encoder's one input is a normalised picture (1 x 3 x H x W); the comparer's inputs have the names of the
    encoder's outputs, its outputs those of the kinds.
    """

    light: Literal["registered", "tone", "seen"]  # the capture in the registered face's light, also tone, or as it came
    normalisation: Normalisation
    multiple_px: int  # height and width are padded to a multiple of this
    stride_px: int  # face pixels in a cell of the maps
    kinds: tuple[str, ...]  # of the comparer's maps that are used: structure, colour, print, unusable (any)
    encoder: onnxruntime.InferenceSession
    comparer: onnxruntime.InferenceSession

    def features(self, picture: Tensor) -> Features:
        """Features of one side (each rows x columns x channels, uint8) of a normalised picture (1 x 3 x H x W)."""
        names = [one.name for one in self.encoder.get_outputs()]
        answers = self.encoder.run(names, {self.encoder.get_inputs()[0].name: picture})
        return {name: np.asarray(answer[0], np.uint8) for name, answer in zip(names, answers, strict=True)}

    def maps(self, between: Features) -> dict[str, Tensor]:
        """Logits by kind (rows x columns) of what was measured between two sides' features."""
        answers = self.comparer.run(list(self.kinds), {name: planes[None] for name, planes in between.items()})
        return {kind: np.asarray(one[0, 0], np.float32) for kind, one in zip(self.kinds, answers, strict=True)}


def tensor(picture: Image, network: Network) -> Tensor:
    """A BGR picture as 1 x 3 x H x W, normalised as the manifest says, padded to the network's multiple."""
    numbers = network.normalisation
    height, width = picture.shape[:2]
    down, across = -height % network.multiple_px, -width % network.multiple_px
    padded = cv2.copyMakeBorder(picture, 0, down, 0, across, cv2.BORDER_REPLICATE) if down or across else picture
    planes = np.empty((1, 3, height + down, width + across), np.float32)
    for plane, channel in enumerate(range(3) if numbers.order == "BGR" else (2, 1, 0)):
        mean, std = numbers.mean[plane], numbers.std[plane]
        np.multiply(cv2.extractChannel(padded, channel), np.float32(1 / (255 * std)), out=planes[0, plane])
        if mean:
            planes[0, plane] -= np.float32(mean / std)
    return planes


def features(picture: Image, network: Network) -> Features:
    """What one side of a comparison shows, in eight bits: about 2.5 MB at 768 px. The registered side's are kept."""
    return network.features(tensor(picture, network))


def maps(registered: Features, capture: Image, network: Network) -> dict[str, Tensor]:
    """Maps of logits by kind (rows x columns of `stride_px`, padding cut off) of a capture against known features."""
    height, width = capture.shape[:2]
    shown = features(capture, network)
    answers = network.maps({scale: interval.between(known, shown[scale]) for scale, known in registered.items()})
    rows, columns = height // network.stride_px, width // network.stride_px
    return {kind: np.ascontiguousarray(logits[:rows, :columns]) for kind, logits in answers.items()}
