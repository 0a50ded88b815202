"""What became of releases, written to the ledger: the bench alone writes it, so it reads the update service's journal.

A row of kind "release" for every event, once: its key is the event's own. It goes up to the central like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edge.inspection import Origin
from edge.moment import Moment
from edge.releases import HOME, JOURNAL, read_journal
from edge.storage.chain import Entry
from edge.storage.ledger import Ledger

RELEASE = "release"


class ReleaseRows:
    """The rows of one box. For the thread of its upkeep."""

    def __init__(self, ledger: Ledger, origin: Callable[[str], Origin], home: Path = HOME) -> None:
        """Read the journal in `home`."""
        self._ledger = ledger
        self._origin = origin
        self._home = home
        self._seen: tuple[int, int] | None = None  # the journal's inode and time

    def write(self, now: Moment) -> int:
        """Write what is new; how many events the journal had, 0 when it is as before.

        Raises:
            LedgerError: they cannot be written; it is tried again.
        """
        try:
            told = (self._home / JOURNAL).stat()
        except OSError:
            return 0
        if (told.st_ino, told.st_mtime_ns) == self._seen:
            return 0
        events = read_journal(self._home).events
        entries = [
            Entry(RELEASE, "", self._origin(""), now, event.model_dump(), key=f"release:{event.number}:{event.at}")
            for event in events
        ]
        if entries:
            self._ledger.append(entries)
        self._seen = (told.st_ino, told.st_mtime_ns)
        return len(entries)
