"""News of the bench for whoever listens: a page, a handheld. Nothing durable; the ledger is the record.

A listener that falls behind loses the oldest news and never slows the bench.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_DEPTH = 256  # news that a slow listener may lag behind


@dataclass(frozen=True, slots=True)
class News:
    """One thing that happened. `sequence` is the ledger's, so that a listener can resume."""

    sequence: int
    name: str  # "assessed", "disposed", "next", "late", "question"; "card" is no row and has no sequence
    inspection: str
    station: str
    said: str = ""  # of a desk card: what came of it, its command, its language; or of a second officer's badge


class Events:
    """Hands every piece of news to every listener."""

    def __init__(self) -> None:
        """Start with no listener."""
        self._lock = threading.Lock()
        self._listeners: list[queue.Queue[News]] = []

    def tell(self, news: News) -> None:
        """Give `news` to all who listen now."""
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            while True:
                try:
                    listener.put_nowait(news)
                    break
                except queue.Full:
                    self._drop_oldest(listener)

    @contextmanager
    def listen(self) -> Iterator[queue.Queue[News]]:
        """A queue that fills with news until the block is left."""
        mine: queue.Queue[News] = queue.Queue(maxsize=_DEPTH)
        with self._lock:
            self._listeners.append(mine)
        try:
            yield mine
        finally:
            with self._lock:
                self._listeners.remove(mine)

    @staticmethod
    def _drop_oldest(listener: queue.Queue[News]) -> None:
        try:
            listener.get_nowait()
        except queue.Empty:
            return
