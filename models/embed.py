"""Pictures of faces through a pack's networks: normalise, pad, encode, compare. What it is not: a judgement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from models import interval

if TYPE_CHECKING:
    from models.measurements import Image, Tensor
    from models.pack import Features, Network


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
