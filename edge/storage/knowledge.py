"""What a central has told this box: sightings of all ports, decisions, precision, answers. Read here, brought by sync.

`state_dir/knowledge/knowledge.json` names everything; files of sightings lie beside it under their SHA-256. It was
verified before it was written (sync/learn.py), is followed as it changes, and is never needed: without it, or with a
damaged one, the bench says what it says without a central. It changes no verdict that was given.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from edge.lookup import SeenElsewhere
from edge.storage.database import made_folder, write_durably
from edge.storage.sighting_file import SeenAt, SightingFile, hashed

FOLDER, NAME = "knowledge", "knowledge.json"
SCHEMA = 1
OLD_DAYS = 90  # sightings older than this say nothing any more, whatever the central lists


@dataclass(frozen=True, slots=True)
class Told:
    """One state of what was told."""

    said: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[SightingFile, ...] = ()
    keys: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """The port where the central says that this box stands."""
        return str(self.said.get("port", ""))

    def rows(self, key: str) -> frozenset[SeenAt]:
        """Every sighting of one key."""
        digest = {name: hashed(secret, key) for name, secret in self.keys.items()}
        return frozenset(row for file in self.files if file.key in digest for row in file.find(digest[file.key]))

    def of_inspection(self, name: str, inspection: str) -> tuple[Mapping[str, Any], ...]:
        """The entries of the list `name` that speak of an inspection of this box."""
        return tuple(one for one in self._list(name) if one.get("inspection") == inspection)

    def answers(self, inspection: str, gtins: Iterable[str], day: date) -> tuple[Mapping[str, Any], ...]:
        """Answers to questions on this inspection, and those on its products that hold on `day`."""
        wanted, today = set(gtins), day.isoformat()
        return tuple(
            one
            for one in self._list("answers")
            if one.get("inspection") == inspection
            or (_any_of(wanted, one.get("gtins")) and str(one.get("valid_to", "")) >= today)
        )

    def precision(self, code: str) -> Mapping[str, Any] | None:
        """How often a finding of this code was confirmed."""
        found = self.said.get("precision")
        findings = found.get("findings") if isinstance(found, dict) else None
        count = findings.get(code) if isinstance(findings, dict) else None
        return count if isinstance(count, dict) else None

    def _list(self, name: str) -> tuple[Mapping[str, Any], ...]:
        found = self.said.get(name, ())
        return tuple(one for one in found if isinstance(one, dict)) if isinstance(found, list) else ()


def _any_of(wanted: set[str], said: object) -> bool:
    return isinstance(said, list) and any(isinstance(one, str) and one in wanted for one in said)


class Knowledge:
    """The knowledge of one box, followed as it changes. Safe to call from many threads."""

    def __init__(self, state_dir: Path) -> None:
        """Read from `state_dir`/knowledge; nothing is opened yet."""
        self.directory = state_dir / FOLDER
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._told = Told()

    def current(self) -> Told:
        """What was told last; what cannot be read says nothing."""
        place = self.directory / NAME
        try:
            stat = place.stat()
        except OSError:
            return Told()
        stamp = (stat.st_mtime_ns, stat.st_ino)
        with self._lock:
            if stamp != self._stamp:
                self._told, self._stamp = _read(place), stamp
            return self._told

    def seen_elsewhere(self, keys: Iterable[str], day: date) -> dict[str, tuple[SeenAt, ...]]:
        """For each key, where it was seen in the last 90 days before `day`, newest first."""
        told, since = self.current(), day - timedelta(days=OLD_DAYS)
        if not told.files:
            return {}
        return {
            key: tuple(
                sorted((row for row in told.rows(key) if row.day >= since), key=lambda row: row.day, reverse=True)
            )
            for key in keys
        }


def judged(
    own: tuple[SeenAt, ...], parcel: Mapping[str, tuple[SeenAt, ...]], *, place: str, mine: frozenset[date]
) -> tuple[SeenElsewhere, ...]:
    """What the sightings of one item mean here.

    Args:
        own: sightings of the item.
        parcel: sightings of each number of the parcel in hand.
        place: this box's port.
        mine: days on which this box itself saw the item: its own rows come back from the central, too.
    """
    passed = {(row.place, row.day) for rows in parcel.values() for row in rows}
    return tuple(
        SeenElsewhere(
            place=row.place,
            day=row.day,
            here=row.place == place,
            same_parcel=True if (row.place, row.day) in passed else False if row.with_parcel and parcel else None,
        )
        for row in own
        if not (row.place == place and row.day in mine)
    )


def keep(directory: Path, content: Mapping[str, Any]) -> None:
    """Make `content` what the box knows; files of sightings that it names are there already.

    Raises:
        OSError: it cannot be written.
    """
    made_folder(directory)
    write_durably(directory / NAME, json.dumps({"schema": SCHEMA, **content}).encode(), mode=0o600)


def utc_day(moment: datetime) -> date:
    """The day that sightings are counted by."""
    return moment.astimezone(UTC).date()


def _read(place: Path) -> Told:
    try:
        said = json.loads(place.read_bytes())
        if said["schema"] != SCHEMA:
            return Told()
        keys = {str(name): bytes.fromhex(secret) for name, secret in said.get("keys", {}).items()}
        names = [str(file["sha256"]) for file in said.get("files", ())]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Told()
    files = []
    for name in names:
        try:
            files.append(SightingFile.open(place.parent / Path(name).name))
        except (OSError, ValueError):  # it is brought again with the next sync
            continue
    return Told(said, tuple(files), keys)
