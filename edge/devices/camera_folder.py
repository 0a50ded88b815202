"""A watched folder as a camera: every new, complete file is a picture; nothing that was put there is ever lost.

A file stays where it is until its fate is told: `accept` moves it to done/, `refuse` to refused/ beside a reason file.
If the bench stops in between, the file is still there and comes again. The folder is polled, because a network share
sends no notices of change. A file is complete when its size and time have stood still for `settle_s`.
"""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edge.errors import BoxError, DeviceError, InputError, SekishoError, StateError
from edge.ports import Frame

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

_UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart", "~")
_MEDIA_TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}


@dataclass(frozen=True, slots=True)
class _Look:
    size: int
    changed_ns: int


class FolderCamera:
    """A folder that pictures are dropped into. One reader per folder."""

    def __init__(self, folder: Path, *, max_bytes: int, settle_s: float = 1.0, poll_s: float = 0.25) -> None:
        """Watch `folder`; `max_bytes` of one file, `settle_s` of stillness before a file counts as complete."""
        self.name = folder.name
        self._folder = folder
        self._max_bytes = max_bytes
        self._settle_s = settle_s
        self._poll_s = poll_s
        self._looks: dict[str, tuple[_Look, float]] = {}  # name -> last look and since when it has looked so
        self._given: set[str] = set()

    def capture(self, timeout_s: float) -> Frame:
        """The oldest complete file that was not given yet. Its source is "folder:<file name>".

        A link, a directory and a file that is too large are no pictures: the first two are left alone, the last goes
        to refused/ at once.

        Raises:
            DeviceError: `device_timeout`, no complete file within `timeout_s`; `device_gone`, the folder cannot be
                read.
        """
        until = time.monotonic() + timeout_s
        while True:
            for name in self._complete():
                frame = self._taken(name)
                if frame is not None:
                    return frame
            left_s = until - time.monotonic()
            if left_s <= 0:
                raise DeviceError(
                    "device_timeout",
                    f"The folder {str(self._folder)!r} must hold a new picture within {timeout_s:g} s, got none.",
                    hint="Nothing is wrong: the bench goes on watching.",
                )
            time.sleep(min(self._poll_s, left_s))

    def accept(self, frame: Frame) -> None:
        """Move the frame's file to done/: its inspection is durable."""
        self._move(_name_of(frame), "done")

    def refuse(self, frame: Frame, error: SekishoError) -> None:
        """Move the frame's file to refused/, beside a file that says why."""
        self._move(_name_of(frame), "refused", f"{error.code}\n{error.message}\n{error.hint}\n")

    def retry(self, frame: Frame) -> None:
        """Give the frame's file again later: the box could not do its part, which is not the file's fault."""
        self._given.discard(_name_of(frame))

    def watch(self, inspect: Callable[[Frame], object], stop: threading.Event, *, timeout_s: float = 1.0) -> None:
        """Give every picture to `inspect` until `stop` is set.

        What it raises as InputError is the file's fault; a BoxError is the box's, and the file comes again.
        """
        while not stop.is_set():
            try:
                frame = self.capture(timeout_s)
            except DeviceError:
                stop.wait(self._poll_s)
                continue
            try:
                self._settle(frame, inspect)
            except BoxError:
                self.retry(frame)
                stop.wait(timeout_s)

    def _settle(self, frame: Frame, inspect: Callable[[Frame], object]) -> None:
        try:
            inspect(frame)
        except (InputError, StateError) as error:
            self.refuse(frame, error)
        else:
            self.accept(frame)

    def close(self) -> None:
        """Forget what was seen. Safe to call twice."""
        self._looks.clear()
        self._given.clear()

    def _complete(self) -> list[str]:
        """Names of regular files whose look has stood still, oldest first."""
        now = time.monotonic()
        seen: dict[str, tuple[_Look, float]] = {}
        for name, look in self._entries():
            earlier = self._looks.get(name)
            seen[name] = earlier if earlier is not None and earlier[0] == look else (look, now)
        self._looks = seen
        self._given &= seen.keys()
        still = [name for name, (_, since) in seen.items() if now - since >= self._settle_s and name not in self._given]
        return sorted(still, key=lambda name: (seen[name][0].changed_ns, name))

    def _entries(self) -> list[tuple[str, _Look]]:
        entries = []
        try:
            with os.scandir(self._folder) as listing:
                for entry in listing:
                    if entry.name.startswith(".") or entry.name.lower().endswith(_UNFINISHED):
                        continue
                    if not entry.is_file(follow_symlinks=False):
                        continue
                    status = entry.stat(follow_symlinks=False)
                    entries.append((entry.name, _Look(status.st_size, status.st_mtime_ns)))
        except OSError as error:
            raise DeviceError(
                "device_gone",
                f"The folder {str(self._folder)!r} must be a readable directory, got: {error.strerror}.",
                hint="Check that the folder exists, is mounted and may be written by the bench.",
            ) from error
        return entries

    def _taken(self, name: str) -> Frame | None:
        """The file as a frame, or None when it is too large (refused) or went away."""
        size = self._looks[name][0].size
        if size > self._max_bytes:
            message = f"The file {name!r} must have at most {self._max_bytes} bytes, got {size}."
            self._move(name, "refused", f"image_too_large\n{message}\nSend a smaller picture.\n")
            return None
        try:
            descriptor = os.open(self._folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except PermissionError:
            message = f"The file {name!r} must be readable by the bench, got: permission denied."
            self._move(name, "refused", f"image_unreadable\n{message}\nCorrect the file's permissions.\n")
            return None
        except OSError:  # it went away or became a link between the look and now
            return None
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            data = file.read(self._max_bytes + 1)
        self._given.add(name)
        media_type = _MEDIA_TYPES.get(Path(name).suffix.lower(), "application/octet-stream")
        return Frame(data, media_type, f"folder:{name}")

    def _move(self, name: str, where: str, reason: str = "") -> None:
        """Move a file into a sub-folder under a name that is free there; the reason is on disk before the file is."""
        place = self._folder / where
        try:
            place.mkdir(exist_ok=True)
            target = _free_name(place, name)
            if reason:
                _write_durably(place / f"{target.name}.reason.txt", reason)
            (self._folder / name).rename(target)
        except OSError as error:
            raise DeviceError(
                "device_folder",
                f"The file {name!r} must be movable to {str(place)!r}, got: {error.strerror}.",
                hint="Check the permissions of the folder and the space on its disk; the file stays where it is.",
            ) from error
        self._given.discard(name)
        self._looks.pop(name, None)


def _write_durably(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _name_of(frame: Frame) -> str:
    return frame.source.removeprefix("folder:")


def _free_name(place: Path, name: str) -> Path:
    target = place / name
    stem, suffix = Path(name).stem, Path(name).suffix
    count = 1
    while target.exists():
        count += 1
        target = place / f"{stem}-{count}{suffix}"
    return target
