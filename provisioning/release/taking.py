"""A release out of a published tree, verified by root itself from the signed metadata.

The tree is a stick, or the tray that the sync service fills (sync/releases.py): whose files it holds needs no trust.
Root has its own trusted root, floor and cache, which the bench's user cannot write; what is unpacked is read from
root's own copy, whose hash was compared after it was copied.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from packaging.version import InvalidVersion, Version
from pydantic import ValidationError
from tuf.api.metadata import TargetFile

from edge.releases import About
from sync.client import Client
from sync.fetch import Source
from sync.state import Box

PREFIX = "releases/"
_DEBIAN = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True)
class Offered:
    """A release that a tree offers and that this box can take."""

    target: TargetFile
    about: About

    @property
    def sha256(self) -> str:
        """Of its bundle."""
        return self.target.hashes["sha256"]


def here() -> tuple[str, str]:
    """The processor and the Python of this box, as bundles name them."""
    machine = platform.machine()
    return _DEBIAN.get(machine, machine), f"{sys.version_info.major}.{sys.version_info.minor}"


def said(target: TargetFile) -> About | None:
    """What is signed of a release; None when it is none."""
    custom = target.custom if isinstance(target.custom, dict) else {}
    try:
        return About.model_validate(custom) if custom.get("kind") == "release" and custom.get("schema") == 1 else None
    except ValidationError:
        return None


def unfit(offered: About, running: About, box: tuple[str, str], ledger: int) -> str:
    """Why a release cannot follow the running one on this box; "" when it can. Pure.

    `box`: processor and Python; `ledger`: the schema of the ledger, 0 for none.
    """
    if (offered.architecture, offered.python) != box:
        return f"it is for {offered.architecture} and Python {offered.python}, this box is {box[0]} and {box[1]}"
    try:
        new, old, since = Version(offered.version), Version(running.version), Version(offered.since)
    except InvalidVersion as error:
        return f"its version cannot be compared: {error}"
    if new <= old:
        return f"{old} runs: a release only ever goes forward"
    if old < since:
        return f"it follows {since} or newer, {old} runs"
    if ledger and not offered.ledger[0] <= ledger <= offered.ledger[1]:
        return f"it writes ledgers of schema {offered.ledger[0]} to {offered.ledger[1]}, this box has {ledger}"
    return ""


def newest(targets: Iterable[TargetFile], running: About, ledger: int, refused: Iterable[str]) -> Offered | None:
    """The newest release that may follow the running one; versions in between are passed over."""
    offers = [Offered(target, about) for target in targets if (about := said(target)) is not None]
    fit = [one for one in offers if not unfit(one.about, running, here(), ledger) and one.sha256 not in set(refused)]
    return max(fit, key=lambda one: Version(one.about.version), default=None)


def offers(home: Path, source: Source, moment: datetime) -> tuple[Client, tuple[TargetFile, ...]]:
    """What a tree offers, verified with root's own trust; the floor is raised.

    Raises:
        TrustError, TransportError: it is not signed as it must be, older than what was seen, or cannot be read.
    """
    box = Box(home, "update")
    floor = box.floor()
    client = Client(box.metadata, box.root(floor), source, moment, floor)
    client.refresh()
    if client.floor != floor:
        box.raise_floor(client.floor)
    return client, client.named(PREFIX)


def bring(home: Path, client: Client, offered: Offered) -> Path:
    """Root's own, verified copy of a bundle.

    Raises:
        TrustError: trust_altered. TransportError: transport_*.
    """
    incoming = Box(home).incoming
    incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
    incoming.chmod(0o700)
    for other in incoming.iterdir():
        if not other.name.startswith(offered.sha256):
            other.unlink()
    return client.fetch(offered.target, incoming)
