"""A camera that gives the picture files of a directory, for demonstrations and tests."""

from __future__ import annotations

import mimetypes
from collections import deque
from typing import TYPE_CHECKING

from edge.errors import DeviceError
from edge.ports import Frame

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})


class ReplayCamera:
    """Gives files one after the other, byte for byte, then reports its end."""

    def __init__(self, files: Iterable[Path], *, name: str = "replay") -> None:
        """Keep the names; nothing is opened yet."""
        self.name = name
        self._files = deque(files)

    @classmethod
    def of_directory(cls, directory: Path) -> ReplayCamera:
        """The picture files directly in `directory`, by name."""
        files = sorted(path for path in directory.iterdir() if path.suffix.lower() in PICTURES and path.is_file())
        return cls(files, name=directory.name)

    def capture(self, timeout_s: float) -> Frame:  # noqa: ARG002 - the port's signature; a replay never waits
        """The next file.

        Raises:
            DeviceError: `device_ended`, every file was given; `device_gone`, the file cannot be read.
        """
        if not self._files:
            raise DeviceError("device_ended", f"The camera {self.name!r} has ended.", hint="Nothing more comes.")
        path = self._files.popleft()
        try:
            data = path.read_bytes()
        except OSError as error:
            raise DeviceError(
                "device_gone",
                f"The picture {path.name!r} of camera {self.name!r} must be readable, got: {error.strerror}.",
                hint="Check the directory and its permissions.",
            ) from error
        media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return Frame(data, media_type, f"camera:{self.name}")

    def close(self) -> None:
        """Forget what was not given. Safe to call twice."""
        self._files.clear()
