"""A re-entrant lock that is handed over in the order in which threads came for it.

What it is not: `threading.RLock` lets a thread that has just come take the lock before one that has waited for seconds.
A station under a flood of pictures then lets its officer wait for a second picture, and a third.
"""

from __future__ import annotations

import threading
from collections import deque
from types import TracebackType
from typing import Self


class FairLock:
    """First come, first served. The thread that has it may take it again, and gives it back as often."""

    def __init__(self) -> None:
        """Start free."""
        self._changing = threading.Lock()  # held for a few lines only
        self._owner: int | None = None
        self._depth = 0
        self._waiting: deque[tuple[int, threading.Lock]] = deque()  # empty while it is free

    def acquire(self, *, blocking: bool = True) -> bool:
        """Take it, behind all who came before; whether it was taken, which without `blocking` may be false."""
        mine = threading.get_ident()
        with self._changing:
            if self._owner in {None, mine}:
                self._owner = mine
                self._depth += 1
                return True
            if not blocking:
                return False
            called = threading.Lock()
            called.acquire()
            self._waiting.append((mine, called))
        called.acquire()  # until `release` has made this thread the owner
        return True

    def release(self) -> None:
        """Give it back once; with the last time it is handed to the one who has waited longest.

        Raises:
            RuntimeError: another thread has it, or none.
        """
        with self._changing:
            if self._owner != threading.get_ident():
                msg = f"Expected the thread that has the lock, {self._owner}, got {threading.get_ident()}."
                raise RuntimeError(msg)
            self._depth -= 1
            if self._depth:
                return
            self._owner = None
            if self._waiting:
                self._owner, called = self._waiting.popleft()
                self._depth = 1
                called.release()

    def __enter__(self) -> Self:
        """Take it."""
        self.acquire()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Give it back."""
        self.release()
