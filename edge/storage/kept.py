"""A small file of the state directory that several processes read and change, whole each time. It knows no content."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from edge.errors import PeopleError
from edge.storage.database import locked, write_durably
from edge.storage.owned import rights_of_owner
from edge.storage.regular import regular

Held = TypeVar("Held")


class KeptFile(ABC, Generic[Held]):
    """Safe for several processes: a change is read, made and written under a lock."""

    codes: ClassVar[tuple[str, str, str]]  # of its errors: damaged, unreadable, unwritable
    file: ClassVar[str]  # its name below the state directory
    what: ClassVar[str]  # what its errors say that it holds
    remedy: ClassVar[str]  # when it is damaged
    most_bytes: ClassVar[int]
    nothing: Held  # what is held when there is no file

    def __init__(self, state_dir: Path) -> None:
        """Nothing is read or made yet."""
        self.path = state_dir / self.file
        self._state_dir = state_dir

    def mark(self) -> tuple[int, int, int] | None:
        """Another one whenever the file is another; None when there is none."""
        try:
            told = self.path.stat()
        except OSError:
            return None
        return told.st_ino, told.st_mtime_ns, told.st_size

    def read(self) -> Held:
        """What is kept.

        Raises:
            PeopleError: damaged: it is not what this box has written; unreadable: it may be whole.
            EvidenceError: of a sealed file: the storage key cannot be read.
        """
        try:
            with rights_of_owner(self._state_dir):
                data = regular(self.path, self.most_bytes)
        except FileNotFoundError:
            return self.nothing
        except OSError as error:
            message = f"{self.path}: expected {self.what}, got {error.strerror or error}."
            raise PeopleError(self.codes[1], message, hint="Is the state directory this user's?") from error
        return self._from_bytes(data)

    def change(self, made: Callable[[Held], Held]) -> Held:
        """Write what `made` makes of what is kept, durably.

        Raises:
            PeopleError: as `read`; unwritable.
        """
        try:
            with locked(self.path.with_suffix(".lock")):
                held = made(self.read())
                write_durably(self.path, self._to_bytes(held), mode=0o600)
        except OSError as error:
            message = f"{self.path}: expected a file that can be written, got {error.strerror}."
            raise PeopleError(self.codes[2], message, hint="Is the state directory this user's?") from error
        return held

    @abstractmethod
    def _from_bytes(self, data: bytes) -> Held:
        """What the file's bytes hold; `damaged` when they are not this box's."""

    @abstractmethod
    def _to_bytes(self, held: Held) -> bytes:
        """The bytes of the file."""

    def damaged(self, came: str) -> PeopleError:
        """That the file is not what this box has written."""
        return PeopleError(self.codes[0], f"{self.path}: expected {self.what}, got {came}.", hint=self.remedy)
