"""Manifests that could not be used: kept with their reasons for whoever mends them, by the day they were set aside.

    state_dir/consignments/inbox/refused/2026-11-22/m.csv              as it came
                                                    m.csv.reason.txt   why

They name people, so that they have a countdown as what was taken in (edge/forgetting.py): a day goes as a whole. A day
that is not told ("undated", or files of before straight in the folder) counts from the first day that is believed.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from edge.storage.consignment_segment import UNDATED
from edge.storage.database import fsync_directory, made_folder, write_durably

REASON = ".reason.txt"  # behind the name of what was refused
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOST_NAME = 180  # bytes of a name: the reason's is longer


@dataclass(frozen=True, slots=True)
class RefusedDay:
    """What was set aside on one day."""

    path: Path
    day: date | None  # None: by a clock that was not believed, or by a program of before, straight in the folder

    def count(self) -> int:
        """How many files were set aside.

        Raises:
            OSError: the folder cannot be read.
        """
        loose = _manifests(self.path.parent) if self.day is None else []
        return len(loose) + (len(_manifests(self.path)) if self.path.is_dir() else 0)

    def drop(self) -> None:
        """Delete it.

        Raises:
            OSError: it cannot be deleted.
        """
        shutil.rmtree(self.path)
        fsync_directory(self.path.parent)


class RefusedManifests:
    """The refused manifests of one box. For one thread."""

    def __init__(self, folder: Path) -> None:
        """Keep them in `folder`; nothing is made there before something is refused."""
        self._folder = folder

    def days(self) -> tuple[RefusedDay, ...]:
        """The days on which something was set aside and is there, the oldest first, what is not dated last.

        Raises:
            OSError: the folder cannot be read.
        """
        try:
            found = sorted(self._folder.iterdir())
        except FileNotFoundError:
            return ()
        dated = [RefusedDay(path, date.fromisoformat(path.name)) for path in found if _is_day(path)]
        undated = RefusedDay(self._folder / UNDATED, None)
        return (*dated, undated) if undated.path.is_dir() or any(map(_is_file, found)) else tuple(dated)

    def names(self) -> tuple[Path, ...]:
        """What is there, without the reasons.

        Raises:
            OSError: a folder cannot be read.
        """
        dated = [path for one in self.days() for path in (_manifests(one.path) if one.path.is_dir() else ())]
        return (*dated, *(_manifests(self._folder) if self._folder.is_dir() else ()))

    def set_aside(self, path: Path, why: str, day: date | None) -> None:
        """Move a file here under a name of its own, with the reason beside it.

        Raises:
            OSError: it cannot be moved, or the reason not written.
        """
        place = _free(made_folder(self._folder / str(day or UNDATED)), path)
        path.rename(place)
        said = f"{why}\n".encode(errors="backslashreplace")
        write_durably(place.with_name(f"{place.name}{REASON}"), said, mode=0o640)

    def date_anew(self, one: RefusedDay, today: date) -> None:
        """Let its countdown run from `today`, with that of what was set aside straight in the folder.

        Raises:
            OSError: it cannot be moved.
        """
        into = made_folder(self._folder / str(today))
        folders = [one.path] if one.day is not None else [one.path, self._folder]
        for folder in filter(Path.is_dir, folders):
            for path in _manifests(folder):
                place, reason = _free(into, path), path.with_name(f"{path.name}{REASON}")
                path.rename(place)
                if reason.exists():
                    reason.rename(place.with_name(f"{place.name}{REASON}"))
            for left in filter(_is_file, list(folder.iterdir())):  # reasons of what somebody took away
                left.unlink()
        if one.path.is_dir():
            one.path.rmdir()
        fsync_directory(self._folder)


def _manifests(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if _is_file(path) and not path.name.endswith(REASON))


def _is_day(path: Path) -> bool:
    if not _DAY.fullmatch(path.name) or not path.is_dir():
        return False
    try:
        date.fromisoformat(path.name)
    except ValueError:
        return False
    return True


def _is_file(path: Path) -> bool:
    return path.is_symlink() or not path.is_dir()


def _free(folder: Path, path: Path) -> Path:
    """A place for a file where no other lies: of the same name, refused before, that one stays."""
    stem, number = os.fsdecode(os.fsencode(path.stem)[:_MOST_NAME]), 1
    place = folder / f"{stem}{path.suffix[:20]}"
    while os.path.lexists(place):
        number += 1
        place = folder / f"{stem}-{number}{path.suffix[:20]}"
    return place
