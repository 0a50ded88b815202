"""The two ports that have several real implementations, Camera and Scanner, and the types that cross them.

Image: numpy uint8, height x width x 3, BGR. Nothing guesses a scale or changes its input.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edge.moment import Moment

Image = npt.NDArray[np.uint8]
Now = Callable[[], Moment]


@dataclass(frozen=True, slots=True)
class Frame:
    """One encoded picture from a camera: the bytes as they came, so that what is hashed is what was seen."""

    data: bytes
    media_type: str
    source: str


@dataclass(frozen=True, slots=True)
class Picture:
    """One encoded picture that the bench has taken in; `sha256` names it from here on."""

    sha256: str
    data: bytes
    source: str


@dataclass(frozen=True, slots=True)
class Scan:
    """One message from a scanner, terminator removed, nothing else touched."""

    payload: bytes
    source: str


class Camera(Protocol):
    """Something that gives frames."""

    name: str

    def capture(self, timeout_s: float) -> Frame:
        """The next frame.

        Raises:
            DeviceError: no frame within `timeout_s`, the camera is gone, or a replay has ended.
        """
        ...

    def close(self) -> None:
        """Let go of the device. Safe to call twice."""
        ...


class Scanner(Protocol):
    """Something that gives scans."""

    name: str

    def read(self, timeout_s: float) -> Scan | None:
        """The next scan, or None when nothing came within `timeout_s`.

        Raises:
            DeviceError: the scanner is gone or a replay has ended.
        """
        ...

    def close(self) -> None:
        """Let go of the device. Safe to call twice."""
        ...
