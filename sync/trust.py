"""What may be accepted: versions only ever go up, and time is never taken from an unsigned source. Pure judgement.

python-tuf checks signatures, hashes, expiry, and versions against its cache of metadata. The floor here is kept apart
from that cache in one small durable file, so that a damaged or removed cache never opens the way back to old metadata.
It does no I/O: sync/client.py reads and writes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tuf.api.metadata import Root

from edge.devices.clock import BUILT
from edge.storage.chain import canonical
from sync.errors import PublishError, TrustError

SCHEMA = 1
MOST_AHEAD, MOST_BEHIND = timedelta(days=30), timedelta(days=1)  # of a desk's clock, from the signature before


@dataclass(frozen=True, slots=True)
class Floor:
    """The highest versions that this box has verified, and the newest time that a signature proves."""

    root_sha256: str  # of the root that a technician brought
    root: int = 0
    timestamp: int = 0
    timestamp_keys: tuple[str, ...] = ()
    issued: datetime | None = None  # when the newest timestamp was signed
    snapshot: int = 0
    snapshot_keys: tuple[str, ...] = ()
    roles: Mapping[str, int] = field(default_factory=dict)  # versions of targets roles, as the snapshot says

    def under(self, root: Root) -> Floor:
        """This floor under a verified root: what was only signed with keys that it no longer trusts does not bind.

        TUF specification 5.3.11: recovery from a stolen key that was used to sign very high versions or late times.
        """
        if root.version < self.root:
            raise _older("root", self.root, root.version)
        floor = replace(self, root=root.version)
        if not set(self.timestamp_keys) & set(root.roles["timestamp"].keyids):
            floor = replace(floor, timestamp=0, issued=None, snapshot=0, roles={})
        if not set(self.snapshot_keys) & set(root.roles["snapshot"].keyids):
            floor = replace(floor, snapshot=0, roles={})
        return floor

    def require(self, role: str, version: int) -> None:
        """Refuse a version below the floor.

        Raises:
            TrustError: trust_older.
        """
        known = {"root": self.root, "timestamp": self.timestamp, "snapshot": self.snapshot}
        lowest = known[role] if role in known else self.roles.get(role, 0)
        if version < lowest:
            raise _older(role, lowest, version)

    def clock(self) -> datetime:
        """The earliest time that it can be now: the program's build or the newest signed issue, whichever is later."""
        return max(BUILT, self.issued or BUILT)

    def to_bytes(self) -> bytes:
        """The file, with a checksum over its content."""
        said = {
            "schema": SCHEMA,
            "root_sha256": self.root_sha256,
            "root": self.root,
            "timestamp": self.timestamp,
            "timestamp_keys": list(self.timestamp_keys),
            "issued": self.issued.isoformat() if self.issued else None,
            "snapshot": self.snapshot,
            "snapshot_keys": list(self.snapshot_keys),
            "roles": dict(self.roles),
        }
        return canonical({"floor": said, "sha256": hashlib.sha256(canonical(said)).hexdigest()})


def parse_floor(data: bytes) -> Floor:
    """Read the file of `Floor.to_bytes`.

    Raises:
        TrustError: trust_floor: it is damaged. It is never taken as empty, which would open the way back.
    """
    try:
        document = json.loads(data)
        said: dict[str, Any] = document["floor"]
        if hashlib.sha256(canonical(said)).hexdigest() != document["sha256"]:
            raise ValueError("another checksum")  # noqa: TRY301 - one error for all damage
        return Floor(
            root_sha256=str(said["root_sha256"]),
            root=int(said["root"]),
            timestamp=int(said["timestamp"]),
            timestamp_keys=tuple(said["timestamp_keys"]),
            issued=datetime.fromisoformat(said["issued"]) if said["issued"] else None,
            snapshot=int(said["snapshot"]),
            snapshot_keys=tuple(said["snapshot_keys"]),
            roles={str(name): int(version) for name, version in said["roles"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TrustError(
            "trust_floor",
            f"floor.json: expected the versions that were seen, got damage: {error}.",
            hint="What is in use stays. Trust the root again: sekisho sync trust ROOT.json --replace.",
        ) from error


@dataclass(frozen=True, slots=True)
class Reference:
    """The time by which expiry is judged, and whether the system's clock was believed for it."""

    time: datetime
    system: bool

    @property
    def words(self) -> str:
        """How it is told."""
        return f"{self.time:%Y-%m-%d %H:%M} UTC by {'this clock' if self.system else 'the newest signed time'}"


def reference(system: datetime, floor: Floor) -> Reference:
    """The system's time, unless it is before what is proven; then the proven time."""
    earliest = floor.clock()
    return Reference(system, system=True) if system >= earliest else Reference(earliest, system=False)


def signed_time(text: object) -> datetime | None:
    """A time out of signed metadata; None when there is none that can be read."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None


def require_desk_clock(tree: Path, now: datetime, issued: datetime | None, *, rekeyed: bool) -> None:
    """Refuse to sign at a time far from when the tree was signed last: boxes never go back before it.

    `rekeyed`: a new timestamp key may sign an earlier time, which is how a wrong one is mended; see `Floor.under`.

    Raises:
        PublishError: publish_clock.
    """
    if issued is None or (now - issued <= MOST_AHEAD and (rekeyed or now >= issued - MOST_BEHIND)):
        return
    message = (
        f"{tree}: expected a time about {issued:%Y-%m-%d %H:%M} UTC, when it was signed last, or up to "
        f"{MOST_AHEAD.days} days later; this clock says {now:%Y-%m-%d %H:%M} UTC."
    )
    hint = "Set the clock. When it is right: --clock-is-right; see Emergencies in docs/publisher.md."
    raise PublishError("publish_clock", message, hint=hint)


def _older(role: str, lowest: int, version: int) -> TrustError:
    message = f"{role}: expected version {lowest} or newer, which this box has seen, got {version}."
    return TrustError("trust_older", message, hint="An old copy of the tree: bring a fresh one. What is in use stays.")
