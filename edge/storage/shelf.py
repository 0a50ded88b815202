"""The shelf of registry editions of a box: which one is current, and how another takes its place while the bench runs.

`state_dir/registry/CURRENT` holds the name of the current edition's file. An edition that cannot be opened never takes
the place of one that answers: the last usable edition stays in use and `problem` says why.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from pathlib import Path
from typing import TypeAlias

from edge.errors import RegistryError
from edge.storage.database import fsync_directory, write_durably
from edge.storage.registry import Registry

_CURRENT = "CURRENT"
_Stamp: TypeAlias = tuple[int, int, int] | None  # inode, modified, size of CURRENT


class Shelf:
    """The editions of one box. Safe for threads."""

    def __init__(self, directory: Path, fixed: Path | None = None) -> None:
        """Serve what `directory`/CURRENT names, or always the edition file `fixed` when one is given."""
        self._directory = directory
        self._fixed = fixed
        self._lock = threading.Lock()
        self._stamp: _Stamp = (-1, -1, -1)
        self._registry: Registry | None = None
        self.problem: RegistryError | None = None  # why CURRENT's edition is not the one in use

    def current(self) -> Registry:
        """The edition to use now. A caller keeps it for its whole inspection; a swap meanwhile does not disturb it.

        Raises:
            RegistryError: there is no edition that can be used.
        """
        stamp = self._look()
        if stamp != self._stamp:
            with self._lock:
                if stamp != self._stamp:
                    self._reopen()
                    self._stamp = stamp
        if self._registry is None:
            problem = self.problem or _nothing(self._directory)
            # A new one each time: an exception that is raised twice would collect tracebacks.
            raise RegistryError(problem.code, problem.message, hint=problem.hint)
        return self._registry

    def _look(self) -> _Stamp:
        try:
            seen = (self._fixed or self._directory / _CURRENT).stat()
        except OSError:
            return None
        return seen.st_ino, seen.st_mtime_ns, seen.st_size

    def _reopen(self) -> None:
        try:
            # The one before is not closed here: inspections may still read it. Its connections close with it.
            self._registry = Registry.open(self._path())
            self.problem = None
        except RegistryError as error:
            self.problem = error

    def _path(self) -> Path:
        if self._fixed is not None:
            return self._fixed
        try:
            name = (self._directory / _CURRENT).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise _nothing(self._directory) from error
        if not name or Path(name).name != name:
            raise RegistryError(
                "registry_missing",
                f"{self._directory / _CURRENT}: expected the name of a file beside it, got {name!r}.",
                hint="Activate an edition again.",
            )
        return self._directory / name

    def put(self, edition: Path) -> Path:
        """Copy an edition onto the shelf and make it current. Returns its place.

        The order survives a power cut at any point: the copy is whole and durable before CURRENT names it.

        Raises:
            RegistryError: it is no edition that this bench can read.
            OSError: it cannot be copied.
        """
        Registry.open(edition).close()
        self._directory.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        beside = self._directory / f".incoming.{os.getpid()}.tmp"
        try:
            with edition.open("rb") as source, beside.open("wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
                copy.flush()
                os.fsync(copy.fileno())
            with beside.open("rb") as copied:
                while block := copied.read(1 << 20):
                    digest.update(block)
            place = self._directory / f"edition-{digest.hexdigest()[:16]}.sqlite"
            beside.replace(place)
        finally:
            beside.unlink(missing_ok=True)
        fsync_directory(self._directory)
        write_durably(self._directory / _CURRENT, f"{place.name}\n".encode())
        return place

    def close(self) -> None:
        """Close the edition in use. Safe to call twice."""
        with self._lock:
            if self._registry is not None:
                self._registry.close()
            self._registry = None
            self._stamp = (-1, -1, -1)


def _nothing(directory: Path) -> RegistryError:
    return RegistryError(
        "registry_missing",
        f"{directory / _CURRENT}: expected the name of the current edition, got no file.",
        hint="Build an edition with `sekisho registry build` and activate it, or set SEKISHO_REGISTRY.",
    )
