"""A worse camera for a drawn capture, while training: the drawn ones were too good."""

from __future__ import annotations

import cv2
import numpy as np


def softened(rng, picture):
    """A worse camera, now and then: blur, fewer pixels, noise. Only for crops without a print fault.

    Without it the print map took every soft real photograph for a reprint: drawn cameras were too good.
    """
    dice = rng.random()
    if dice < 0.3:
        picture = cv2.GaussianBlur(picture, (0, 0), float(np.exp(rng.uniform(np.log(0.5), np.log(2.4)))))
    elif dice < 0.5:
        factor, size = 1 / float(rng.uniform(1.2, 2.8)), picture.shape[1::-1]
        small = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 95))]
        small = cv2.imdecode(cv2.imencode(".jpg", small, quality)[1], cv2.IMREAD_COLOR)
        picture = cv2.resize(small, size, interpolation=cv2.INTER_LINEAR if rng.random() < 0.6 else cv2.INTER_CUBIC)
    if rng.random() < 0.25:
        noise = cv2.GaussianBlur(
            rng.normal(0, float(rng.uniform(2, 12)), picture.shape), (0, 0), float(rng.uniform(0.4, 1.2))
        )
        picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
    return picture
