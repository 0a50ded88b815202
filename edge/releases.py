"""Which release of the program this is, and what became of updates: the update service's journal, read by the bench.

The releases lie in a directory that root alone writes (provisioning/release/home.py); nothing here changes it.
"""

from __future__ import annotations

import json
import os
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

HOME = Path("/var/lib/sekisho-releases")
JOURNAL = "journal.json"
ABOUT = "release.json"  # beside the program's packages
SOURCE = "source"  # the version of a program that runs from its checkout

Step = Literal["rest", "unpack", "check", "wait", "switch", "watch", "settle", "back"]
Kind = Literal["in use", "taken back", "refused", "waits"]


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class About(_Told):
    """What a release says of itself; the same stands, signed, beside its hash."""

    version: str
    architecture: str  # of Debian: amd64, arm64
    python: str  # "3.11"
    ledger: tuple[int, int]  # the oldest schema that it writes, and the one that it brings a ledger to
    since: str = "0"  # the oldest version that it may follow


class Event(_Told):
    """Something that became of a release."""

    number: int
    at: str  # UTC
    kind: Kind
    version: str
    before: str
    sha256: str
    words: str


class Wanted(_Told):
    """A release on its way into use."""

    version: str
    sha256: str  # of its bundle
    directory: str  # in the home


class Journal(_Told):
    """Where the update service stands. Every step can be done again."""

    schema_: int = Field(default=1, alias="schema")
    step: Step = "rest"
    wanted: Wanted | None = None
    before: str = ""  # the directory that was in use; "": the package
    before_version: str = ""
    since: str = ""  # when the watch began, UTC
    reason: str = ""  # why it goes back
    refused: dict[str, str] = Field(default_factory=dict)  # bundles that are not tried again, and why
    events: tuple[Event, ...] = ()

    def to_bytes(self) -> bytes:
        """The file."""
        return self.model_dump_json(by_alias=True, indent=1).encode()


def read_journal(home: Path = HOME) -> Journal:
    """The journal; an empty one where there is none or a damaged one: what is in use stands in the links, not here."""
    try:
        return Journal.model_validate_json((home / JOURNAL).read_bytes())
    except (OSError, ValidationError):
        return Journal()


def about(lib: Path) -> About | None:
    """What the program in `lib` says of itself; None when it says nothing, as a checkout."""
    try:
        return About.model_validate(json.loads((lib / ABOUT).read_bytes()))
    except (OSError, ValueError):
        return None


@cache
def version() -> str:
    """The version of this program: of its release, of an installed wheel, else "source"."""
    release = about(Path(__file__).parents[1])
    if release is not None:
        return release.version
    try:
        return metadata.version("sekisho")
    except metadata.PackageNotFoundError:
        return SOURCE


def on_trial() -> bool:
    """Whether this program is a release on trial: the one before may have to go on with all that it writes."""
    return bool(os.environ.get("SEKISHO_ON_TRIAL"))


def told(journal: Journal, running: str) -> str:
    """For people: what runs, and what the last update came to."""
    words = f"running {running}"
    if journal.step == "watch" and journal.wanted is not None:
        return f"{words}; {journal.wanted.version} is on trial"
    if journal.wanted is not None and journal.step in {"unpack", "check", "wait"}:
        return f"{words}; {journal.wanted.version} is made ready"
    last = journal.events[-1] if journal.events else None
    if last is None or last.kind == "in use":
        return words
    if last.kind == "taken back":
        return f"{words}; {last.version} was tried and taken back: {last.words}"
    return f"{words}; {last.version} {'was refused' if last.kind == 'refused' else 'waits'}: {last.words}"
