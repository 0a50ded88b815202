"""The box's side of a published tree: python-tuf's updater with this box's floor, clock and durable files.

Nothing is handed on before its signatures, versions, length and hash fit. What it needs from a tree comes through a
`Source`; judgement is in python-tuf and sync/trust.py.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from tuf.api import exceptions
from tuf.api.metadata import Metadata, Root, Snapshot, TargetFile, Targets, Timestamp
from tuf.ngclient import Updater, UpdaterConfig

from edge.storage.database import fsync_directory, write_durably
from sync.errors import TransportError, TrustError
from sync.fetch import Source
from sync.tree import COMPACT, ISSUED, publisher_role
from sync.trust import Floor, reference, signed_time

_SHA256 = re.compile("[0-9a-f]{64}")
_SIGNATURE = re.compile("[0-9a-f]{128}")
_LIMITS = UpdaterConfig(
    max_root_rotations=1024,  # since the root that the technician brought; those met before are in the cache
    max_delegations=8,
    root_max_length=64_000,
    timestamp_max_length=8_000,
    snapshot_max_length=1_000_000,
    targets_max_length=4_000_000,
)


class Client(Updater):
    """One refresh of one tree, and the targets that it names."""

    def __init__(self, directory: Path, root: bytes, source: Source, system: datetime, floor: Floor) -> None:
        """Begin with the trusted `root`, a cache of metadata in `directory`, and the `floor` of this box.

        `system` is what the system's clock says; see `sync.trust.reference` for when it is believed.

        Raises:
            TrustError: trust_root: the root is damaged.
            TransportError: transport_disk: the cache cannot be written.
        """
        self.floor = floor
        self._source = source
        self._system = system
        self.clock = reference(system, floor)
        directory.mkdir(parents=True, exist_ok=True)
        with self.told():
            super().__init__(str(directory), "metadata/", fetcher=source, config=_LIMITS, bootstrap=root)

    def refresh(self) -> None:
        """Bring root, timestamp, snapshot and targets up to date, and raise the floor by what was verified.

        Raises:
            TrustError: trust_*: something is not as it must be; the floor stays.
            TransportError: transport_*.
        """
        with self.told():
            self._load_root()
            floor = self.floor.under(self._trusted_set.root)
            self.clock = reference(self._system, floor)
            self._trusted_set.reference_time = self.clock.time
            self._load_timestamp()
            timestamp = self._trusted_set.timestamp
            floor.require(Timestamp.type, timestamp.version)
            self._load_snapshot()
            snapshot = self._trusted_set.snapshot
            floor.require(Snapshot.type, snapshot.version)
            versions = {name.removesuffix(".json"): meta.version for name, meta in snapshot.meta.items()}
            for role in {*versions, *floor.roles}:
                floor.require(role, versions.get(role, 0))
            self._load_targets(Targets.type, Root.type)
        root = self._trusted_set.root
        issued = signed_time(timestamp.unrecognized_fields.get(ISSUED))
        self.floor = replace(
            floor,
            timestamp=timestamp.version,
            timestamp_keys=tuple(root.roles[Timestamp.type].keyids),
            issued=max(filter(None, (issued, floor.issued)), default=None),
            snapshot=snapshot.version,
            snapshot_keys=tuple(root.roles[Snapshot.type].keyids),
            roles=versions,
        )

    @property
    def expires(self) -> str:
        """Until when the timestamp in hand is good; "" when there is none."""
        timestamp = self._trusted_set.get(Timestamp.type)
        return f"{timestamp.expires:%Y-%m-%d %H:%M} UTC" if isinstance(timestamp, Timestamp) else ""

    def target(self, path: str) -> TargetFile | None:
        """What the signed metadata says of a target; None when they do not name it.

        Raises:
            TrustError, TransportError: as `refresh`; trust_metadata: it has no SHA-256.
        """
        with self.told():
            target = self.get_targetinfo(path)
        if target is not None and not _SHA256.fullmatch(str(target.hashes.get("sha256", ""))):
            message = f"{path}: expected a SHA-256 in the signed metadata, got {sorted(target.hashes)}."
            raise TrustError("trust_metadata", message, hint="Tell the publisher.")
        return target

    def named(self, prefix: str) -> tuple[TargetFile, ...]:
        """The targets that the tree's owner calls current below `prefix`. Only after `refresh`.

        Raises:
            TrustError: trust_metadata: one has no SHA-256.
        """
        paths = sorted(path for path in self._trusted_set.targets.targets if path.startswith(prefix))
        return tuple(target for path in paths if (target := self.target(path)) is not None)

    def as_published(self) -> dict[str, bytes]:
        """The metadata in hand under the names of a published tree, so that they can be handed on. After `refresh`.

        Raises:
            TransportError: transport_disk: the cache cannot be read.
        """
        cache, signed = Path(self._dir), self._trusted_set
        files = {
            "timestamp.json": cache / "timestamp.json",
            f"{signed.snapshot.version}.snapshot.json": cache / "snapshot.json",
            f"{signed.targets.version}.targets.json": cache / "targets.json",
        }
        files |= {path.name: path for path in (cache / "root_history").glob("*.root.json")}
        with self.told():
            return {name: path.read_bytes() for name, path in files.items()}

    def files(self, publisher: str) -> dict[str, str]:
        """The SHA-256 of every file of a publisher's part, by path. Only after `target` named one of them."""
        signed = self._trusted_set[publisher_role(publisher)]
        assert isinstance(signed, Targets)  # noqa: S101 - the role of a part delegates and signs targets only
        return {path: str(target.hashes.get("sha256", "")) for path, target in signed.targets.items()}

    def part(self, publisher: str) -> tuple[int, datetime]:
        """The version of a publisher's part and when it was signed. Only after `target` named one of its files.

        Raises:
            TrustError: trust_metadata: it does not say when it was signed.
        """
        role = publisher_role(publisher)
        signed = self._trusted_set[role]
        issued = signed_time(signed.unrecognized_fields.get(ISSUED))
        if issued is None:
            message = f"{role}: expected {ISSUED} in the signed metadata, got none."
            raise TrustError("trust_metadata", message, hint="Sign it again: sekisho publish sign.")
        return signed.version, issued

    def fetch(self, target: TargetFile, incoming: Path) -> Path:
        """The verified file of a target that `target` gave, in `incoming` under its hash.

        A broken download goes on where it ended.

        Raises:
            TrustError: trust_altered: it is not what was signed, also when fetched anew.
            TransportError: transport_*.
        """
        sha256 = target.hashes["sha256"]
        directory, slash, name = target.path.rpartition("/")
        place, part = incoming / sha256, incoming / f"{sha256}.part"
        with self.told():
            incoming.mkdir(parents=True, exist_ok=True)
            if _is(target, place):
                return place
            resumed = part.exists()
            self._source.resume(f"targets/{directory}{slash}{sha256}.{name}", target.length, part)
            if not _is(target, part):
                part.unlink()
                if not resumed:
                    raise exceptions.LengthOrHashMismatchError(f"{target.path}: other content than was signed")
                return self.fetch(target, incoming)  # what lay there from an earlier try was at fault
            part.rename(place)
            fsync_directory(incoming)
        return place

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """Errors of python-tuf and of the system in this box's words."""
        source = self._source.title
        try:
            yield
        except exceptions.ExpiredMetadataError as error:
            raise self._expired(error) from error
        except exceptions.LengthOrHashMismatchError as error:
            raise _altered(source, error) from error
        except exceptions.BadVersionNumberError as error:
            message = f"{source}: expected versions that only go up, got: {error}."
            hint = "An old or mixed copy of the tree: bring a fresh one."
            raise TrustError("trust_older", message, hint=hint) from error
        except exceptions.DownloadLengthMismatchError as error:
            raise _altered(source, error) from error
        except exceptions.UnsignedMetadataError as error:
            message = f"{source}: expected metadata signed with enough trusted keys, got: {error}."
            raise TrustError("trust_unsigned", message, hint="Not from this tree's owner, or damaged.") from error
        except (exceptions.RepositoryError, ValueError, RuntimeError) as error:
            message = f"{source}: expected signed metadata, got: {error}."
            raise TrustError("trust_metadata", message, hint="Damaged or of another program.") from error
        except exceptions.SlowRetrievalError as error:
            message = f"{source}: expected a steady flow of bytes, got: {error}."
            raise TransportError("transport_slow", message, hint="What came is kept; the next pull goes on.") from error
        except exceptions.DownloadError as error:
            message = f"{source}: expected a published tree that can be read, got: {error}."
            raise TransportError("transport_unreachable", message, hint="What came is kept; try again.") from error
        except OSError as error:
            message = f"{self._dir}: expected a directory that can be written to, got: {error.strerror or error}."
            hint = "Check the space and the permissions of the state directory."
            raise TransportError("transport_disk", message, hint=hint) from error

    def _expired(self, error: Exception) -> TrustError:
        roles = (self._trusted_set.get(role) for role in (Root.type, Timestamp.type, Snapshot.type, Targets.type))
        end, role = min((role.expires, role.type) for role in roles if role is not None)
        if end > self.clock.time:  # then it is a delegated role
            message = f"{self._source.title}: expected metadata that are good at {self.clock.words}, got: {error}."
            return TrustError("trust_expired", message, hint="Its publisher has to sign it again.")
        message = f"{self._source.title}: expected a {role} that is good at {self.clock.words}, got: {error}; "
        message += f"it was good until {end:%Y-%m-%d %H:%M} UTC."
        hint = "A fresh timestamp is needed (the publisher runs: sekisho publish timestamp), or the clock is wrong."
        ahead = self.clock.time - self._system
        if ahead > timedelta(days=1):
            hint = (
                f"The newest signed time is {ahead.days} days ahead of this clock. Set the clock; when it is right "
                "the publisher signed with a wrong one and has to rotate its timestamp key "
                "(docs/publisher.md, Emergencies)."
            )
        return TrustError("trust_expired", message, hint=hint)

    # --- what python-tuf does, made durable and strict -------------------------------------------------------------

    def _download_metadata(self, rolename: str, length: int, version: int | None = None) -> bytes:
        if rolename == Root.type:  # most often there is none: an answer without a page of words is enough
            self._source.require(f"metadata/{version}.{rolename}.json")
        data = super()._download_metadata(rolename, length, version)
        _require_exact(rolename, data)
        return data

    def _load_targets(self, role: str, parent_role: str) -> Targets:
        if role != Targets.type and f"{role}.json" not in self._trusted_set.snapshot.meta:
            return Targets()  # delegated and not yet signed: the signed snapshot says that there is nothing
        return super()._load_targets(role, parent_role)

    def _persist_file(self, filename: str, data: bytes) -> None:
        place = Path(filename)
        with contextlib.suppress(OSError):
            if place.read_bytes() == data:
                return
        write_durably(place, data)

    def _update_root_symlink(self) -> None:
        """Not needed: every client begins with the root that the technician brought."""


def _require_exact(role: str, data: bytes) -> None:
    """Refuse metadata that is not written the one way in which it is published.

    JSON and hexadecimal signatures can be written in several ways that mean the same; with one way left, no byte of a
    file can differ from what was signed and published.
    """
    metadata: Metadata[Root] = Metadata.from_bytes(data)
    signatures = [signature.signature for signature in metadata.signatures.values()]
    if metadata.to_bytes(COMPACT) != data or not all(map(_SIGNATURE.fullmatch, signatures)):
        raise exceptions.RepositoryError(f"{role} is not written as it is published")


def _is(target: TargetFile, path: Path) -> bool:
    try:
        with path.open("rb") as file:
            target.verify_length_and_hashes(file)
    except (OSError, exceptions.LengthOrHashMismatchError):
        return False
    return True


def _altered(source: str, error: Exception) -> TrustError:
    message = f"{source}: expected the files that were signed, got: {error}."
    return TrustError("trust_altered", message, hint="Damaged, swapped or cut short: bring a fresh copy of the tree.")
