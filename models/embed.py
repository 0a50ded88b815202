"""Pictures of faces into a pack's networks: normalise, pad, run. What it is not: a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from models.locate import Grey
    from models.measurements import Image
    from models.pack import Network, Tensor


def tensor(picture: Image, network: Network) -> Tensor:
    """A BGR picture as 1 x 3 x H x W, normalised as the manifest says, padded to the network's multiple."""
    numbers = network.normalisation
    mean, std = np.array(numbers.mean, np.float32), np.array(numbers.std, np.float32)
    ordered = picture if numbers.order == "BGR" else picture[:, :, ::-1]
    planes = ordered.transpose(2, 0, 1).astype(np.float32)
    planes *= (1 / (255 * std))[:, None, None]
    planes -= (mean / std)[:, None, None]
    height, width = picture.shape[:2]
    down, across = -height % network.multiple_px, -width % network.multiple_px
    return np.ascontiguousarray(np.pad(planes, ((0, 0), (0, down), (0, across)), mode="edge")[None])


def siamese_maps(capture: Image, registered: Image, usable: Grey, network: Network) -> dict[str, Tensor]:
    """A siamese network's maps of logits by kind: rows x columns, padding cut off."""
    height, width = registered.shape[:2]
    down, across = -height % network.multiple_px, -width % network.multiple_px
    mask = cv2.copyMakeBorder(usable, 0, down, 0, across, cv2.BORDER_CONSTANT, value=0)
    answers = network.run(
        {
            "capture": tensor(capture, network),
            "registered": tensor(registered, network),
            "valid": (mask > 0).astype(np.float32)[None, None],
        }
    )
    rows, columns = height // network.stride_px, width // network.stride_px
    if "maps" in answers:
        maps = answers.pop("maps")[0]
        answers |= {kind: maps[None, None, index] for index, kind in enumerate(network.channels)}
    return {kind: np.ascontiguousarray(logits[0, 0, :rows, :columns]) for kind, logits in answers.items()}
