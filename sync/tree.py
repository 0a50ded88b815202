"""A published tree on the publisher's disk: a TUF repository of plain files that any static web server can serve.

    metadata/N.root.json  N.snapshot.json  N.ROLE.json  timestamp.json
    targets/DIRECTORY/SHA256.NAME

Roles: `targets` names current.json and what it calls current; `history` delegates older targets to 256 hash bins
(succinct roles, TAP 15), each made when it is first needed; `publishers` delegates publishers/NAME/ to the role
publisher-NAME with that publisher's own key. Consistent snapshots: files with a version or a hash in their name are
never changed, and timestamp.json is replaced last, so that a reader sees the old or the new whole at any moment.
It signs what it is told to; what may be published is judged in sync/publish.py.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from securesystemslib.signer import SSlibKey
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Role,
    Root,
    Snapshot,
    SuccinctRoles,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

from edge.storage.database import fsync_directory, write_durably
from sync import current as currents
from sync.current import Current
from sync.errors import PublishError
from sync.keys import KeyRing
from sync.trust import require_desk_clock, signed_time

ISSUED = "x-issued"  # when metadata was signed: the signed time that raises a box's clock floor
BIN_BITS = 8
HISTORY, PUBLISHERS = "history", "publishers"
HISTORY_PATHS = ("editions/*", "packs/*", "policies/*", "releases/*")
PUBLISHER_PATHS = ("publishers/{}/*", "publishers/{}/*/*")
COMPACT = JSONSerializer(compact=True)

_S = TypeVar("_S", Root, Timestamp, Snapshot, Targets)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """For how many days a signature is good. An expired one is a state that boxes show, never a brick."""

    root: int = 1095
    targets: int = 365
    snapshot: int = 180
    timestamp: int = 14


def publisher_role(publisher: str) -> str:
    """The name of a publisher's delegated role."""
    return f"publisher-{publisher}"


def stamp(now: datetime) -> str:
    """A UTC time as it stands in metadata."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_metadata(path: Path, kind: type[_S]) -> Metadata[_S]:
    """A metadata file as it stands, its signatures not looked at.

    Raises:
        PublishError: publish_tree: it is no such metadata.
    """
    try:
        metadata: Metadata[Any] = Metadata.from_bytes(path.read_bytes())
    except (OSError, RepositoryError) as error:
        message = f"{path}: expected {kind.__name__.lower()} metadata, got: {error}."
        raise PublishError("publish_tree", message, hint="Make a tree with: sekisho publish init TREE.") from error
    if not isinstance(metadata.signed, kind):
        message = f"{path}: expected {kind.__name__.lower()} metadata, got {metadata.signed.type}."
        raise PublishError("publish_tree", message, hint="Name a metadata file of the tree.")
    return metadata


def new_root(
    root_keys: list[SSlibKey], threshold: int, online: Mapping[str, SSlibKey], now: datetime, lifetimes: Lifetimes
) -> Root:
    """The first root: `root_keys` of which `threshold` must sign, and one key each for targets, snapshot, timestamp.

    Raises:
        PublishError: publish_threshold: the threshold cannot be reached with so many keys.
    """
    require_threshold(threshold, len({key.keyid for key in root_keys}))
    root = Root(version=1, expires=_until(now, lifetimes.root), consistent_snapshot=True)
    for key in root_keys:
        root.add_key(key, Root.type)
    root.roles[Root.type].threshold = threshold
    for role, key in online.items():
        root.add_key(key, role)
    root.unrecognized_fields[ISSUED] = stamp(now)
    return root


def require_threshold(threshold: int, keys: int) -> None:
    """Refuse a threshold that nobody or everybody's absence reaches.

    Raises:
        PublishError: publish_threshold.
    """
    if not 1 <= threshold <= keys:
        message = f"expected a threshold of 1 to {keys}, the number of different root keys, got {threshold}."
        raise PublishError("publish_threshold", message, hint="2 of 3 lets one key be lost and one be stolen.")


def _until(now: datetime, days: int) -> datetime:
    return (now + timedelta(days=days)).replace(microsecond=0)


@contextlib.contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Let one publisher at a time change the tree.

    Raises:
        PublishError: publish_busy: another one is at it; publish_tree: there is no such directory.
    """
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        message = f"{directory}: expected the directory of a published tree, got {error.strerror}."
        raise PublishError("publish_tree", message, hint="Make a tree with: sekisho publish init TREE.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        message = f"{directory}: expected a tree that nobody is publishing to, got one in use."
        raise PublishError("publish_busy", message, hint="Try again when the other command is done.") from error
    finally:
        os.close(descriptor)


class Tree:
    """A tree as it is published now, and one change of it: everything is prepared first, then `commit` writes it."""

    def __init__(
        self,
        directory: Path,
        ring: KeyRing,
        now: datetime,
        lifetimes: Lifetimes | None = None,
        *,
        clock_is_right: bool = False,
    ) -> None:
        """Read the newest root; nothing else is read before it is needed.

        `clock_is_right`: a person has compared `now`, so that it may lie far from when the tree was signed last.

        Raises:
            PublishError: publish_tree: there is no tree.
        """
        self.directory = directory
        self.ring = ring
        self.now = now
        self.lifetimes = lifetimes or Lifetimes()
        self.clock_is_right = clock_is_right
        self.root = read_metadata(newest_root(directory), Root)
        self.before: Root | None = None  # the root before, while a new one is installed
        self._changed: dict[str, Metadata[Targets]] = {}
        self._signed_elsewhere: set[str] = set()
        self._snapshot: Metadata[Snapshot] | None = None

    # --- reading -----------------------------------------------------------

    @property
    def metadata(self) -> Path:
        """The directory of the metadata files."""
        return self.directory / "metadata"

    @property
    def timestamp(self) -> Metadata[Timestamp]:
        """The timestamp that is published now.

        Raises:
            PublishError: publish_tree.
        """
        return read_metadata(self.metadata / "timestamp.json", Timestamp)

    @property
    def snapshot(self) -> Metadata[Snapshot]:
        """The snapshot that is published now; in a tree that is being founded an empty one.

        Raises:
            PublishError: publish_tree.
        """
        if self._snapshot is None:
            version = self.timestamp.signed.snapshot_meta.version
            self._snapshot = read_metadata(self.metadata / f"{version}.snapshot.json", Snapshot)
        return self._snapshot

    def version(self, role: str) -> int:
        """The version of a targets role that is published now; 0 when there is none."""
        meta = self.snapshot.signed.meta.get(f"{role}.json")
        return meta.version if meta else 0

    def has(self, role: str) -> bool:
        """Whether there is metadata of this role."""
        return role in self._changed or self.version(role) > 0

    def role(self, role: str) -> Targets:
        """A targets role as it stands, with the changes of this publication. Not to be changed: see `change`.

        Raises:
            PublishError: publish_tree.
        """
        return self._role(role).signed

    def _role(self, role: str) -> Metadata[Targets]:
        if role in self._changed:
            return self._changed[role]
        return read_metadata(self.metadata / f"{self.version(role)}.{quote(role, '')}.json", Targets)

    def current(self) -> Current:
        """current.json as it is published now.

        Raises:
            PublishError: publish_tree: it is not there.
        """
        target = self.role(Targets.type).targets.get(currents.NAME)
        if target is None:
            raise PublishError("publish_tree", f"{self.directory}: expected {currents.NAME}, got none.")
        return currents.parse(self.stored(target).read_bytes())

    def stored(self, target: TargetFile) -> Path:
        """Where the file of a target lies."""
        directory, _, name = target.path.rpartition("/")
        return self.directory / "targets" / directory / f"{target.hashes['sha256']}.{name}"

    def find(self, path: str) -> TargetFile | None:
        """The target `path` of the tree's owner, current or in the history."""
        target = self.role(Targets.type).targets.get(path)
        if target is None and self.has(bin_of(path)):
            target = self.role(bin_of(path)).targets.get(path)
        return target

    # --- changing ----------------------------------------------------------

    def change(self, role: str) -> Targets:
        """A targets role to be changed; its version, expiry and signature come with `commit`."""
        if role not in self._changed:
            self._changed[role] = self._role(role) if self.version(role) else Metadata(Targets())
        return self._changed[role].signed

    def bring(self, role: str, metadata: Metadata[Targets]) -> None:
        """Take in a role that was signed elsewhere, as it is."""
        self._changed[role] = metadata
        self._signed_elsewhere.add(role)

    def store(self, path: str, file: Path, custom: Mapping[str, Any] | None = None) -> TargetFile:
        """Copy a file into the tree under its hash and describe it as a target; nobody sees it before `commit`.

        Raises:
            OSError: it cannot be copied.
        """
        target = TargetFile.from_file(path, str(file), ["sha256"])
        if custom:
            target.unrecognized_fields["custom"] = dict(custom)
        place = self.stored(target)
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            _copy_durably(file, place)
        return target

    def set_current(self, current: Current) -> None:
        """Make `current` the tree's current.json; what it no longer calls current goes into the history."""
        data = current.to_bytes()
        target = TargetFile.from_data(currents.NAME, data, ["sha256"])
        write_durably(self.stored(target), data)
        targets = self.change(Targets.type)
        targets.targets[currents.NAME] = target
        newest_delta = current.deltas[-1:]
        for path in [path for path in targets.targets if path not in {currents.NAME, *current.current, *newest_delta}]:
            self.change(bin_of(path)).targets[path] = targets.targets.pop(path)

    def commit(self, *, renew: bool = False) -> int:
        """Sign what changed and publish it, timestamp last. Returns the version of the timestamp.

        Raises:
            PublishError: publish_key_missing, publish_key, publish_passphrase: it cannot be signed; publish_clock: the
                clock may be wrong; nothing was published.
            OSError: it cannot be written; what was published stays.
        """
        files: list[tuple[str, bytes]] = []
        snapshot, first = self.snapshot, not (self.metadata / "timestamp.json").exists()
        if not first and not self.clock_is_right:
            self._require_clock()
        for name, metadata in self._changed.items():
            if name not in self._signed_elsewhere:
                metadata.signed.version = self.version(name) + 1
                metadata.signed.expires = _until(self.now, self.lifetimes.targets)
                self._sign(metadata, self._delegation(name), name)
            files.append((f"{metadata.signed.version}.{quote(name, '')}.json", metadata.to_bytes(COMPACT)))
        for name, metadata in self._changed.items():
            snapshot.signed.meta[f"{name}.json"] = MetaFile(metadata.signed.version)
        timestamp = Metadata(Timestamp()) if first else self.timestamp
        if self._changed or renew:
            snapshot.signed.version += 0 if first else 1
            snapshot.signed.expires = _until(self.now, self.lifetimes.snapshot)
            self._sign(snapshot, self._delegation(Snapshot.type), Snapshot.type)
            files.append((f"{snapshot.signed.version}.snapshot.json", snapshot.to_bytes(COMPACT)))
        timestamp.signed.version += 0 if first else 1
        timestamp.signed.snapshot_meta = MetaFile(snapshot.signed.version)
        timestamp.signed.expires = _until(self.now, self.lifetimes.timestamp)
        timestamp.signed.unrecognized_fields[ISSUED] = stamp(self.now)
        self._sign(timestamp, self._delegation(Timestamp.type), Timestamp.type)
        for name, data in files:
            write_durably(self.metadata / name, data)
        write_durably(self.metadata / "timestamp.json", timestamp.to_bytes(COMPACT))
        self._changed.clear()
        self._signed_elsewhere.clear()
        return timestamp.signed.version

    def _require_clock(self) -> None:
        keys = self.root.signed.roles[Timestamp.type].keyids
        rekeyed = self.before is not None and not set(self.before.roles[Timestamp.type].keyids) & set(keys)
        issued = signed_time(self.timestamp.signed.unrecognized_fields.get(ISSUED))
        require_desk_clock(self.directory, self.now, issued, rekeyed=rekeyed)

    def _sign(self, metadata: Metadata[Any], role: Role, name: str) -> None:
        metadata.signatures.clear()
        signers = self.ring.signers(role.keyids, role.threshold, name)
        if self.before is not None and name in self.before.roles:
            signers += self.ring.signers_at_hand(set(self.before.roles[name].keyids) - set(role.keyids))
        for signer in signers:
            metadata.sign(signer, append=True)

    def can_sign(self, name: str) -> bool:
        """Whether the keys of a role of the tree's owner are at hand.

        Raises:
            PublishError: publish_key.
        """
        role = self._delegation(name)
        return self.ring.holds(role.keyids, role.threshold)

    def _delegation(self, name: str) -> Role:
        if name in self.root.signed.roles:
            return self.root.signed.roles[name]
        if name in {HISTORY, PUBLISHERS}:
            return self.role(Targets.type).get_delegated_role(name)
        return self.role(HISTORY).get_delegated_role(name)


def newest_root(directory: Path) -> Path:
    """The file of the newest root of a tree; a path that is not there when there is none."""
    versions = [int(path.name.split(".")[0]) for path in (directory / "metadata").glob("[1-9]*.root.json")]
    return directory / "metadata" / f"{max(versions, default=1)}.root.json"


def bin_of(path: str) -> str:
    """The hash bin of the history that a target belongs to."""
    return SuccinctRoles([], 1, BIN_BITS, HISTORY).get_role_for_target(path)


def found(directory: Path, root: Metadata[Root], ring: KeyRing, now: datetime, lifetimes: Lifetimes) -> None:
    """Write a new tree under a signed root: empty roles, an empty current.json, the first snapshot and timestamp.

    Raises:
        PublishError: publish_key_missing, publish_key, publish_passphrase.
        OSError: it cannot be written.
    """
    (directory / "metadata").mkdir(parents=True, exist_ok=True)
    (directory / "targets").mkdir(exist_ok=True)
    own = root.signed.roles[Targets.type]
    keys = {keyid: root.signed.keys[keyid] for keyid in own.keyids}
    data = currents.empty(now).to_bytes()
    listed = TargetFile.from_data(currents.NAME, data, ["sha256"])
    owned = {
        PUBLISHERS: DelegatedRole(
            PUBLISHERS, own.keyids, own.threshold, True, [p.format("*") for p in PUBLISHER_PATHS]
        ),
        HISTORY: DelegatedRole(HISTORY, own.keyids, own.threshold, True, list(HISTORY_PATHS)),
    }
    bins = SuccinctRoles(own.keyids, own.threshold, BIN_BITS, HISTORY)
    roles = {
        Targets.type: Targets(targets={currents.NAME: listed}, delegations=Delegations(dict(keys), owned)),
        PUBLISHERS: Targets(delegations=Delegations({}, {})),
        HISTORY: Targets(delegations=Delegations(dict(keys), succinct_roles=bins)),
    }
    write_durably(directory / "targets" / f"{listed.hashes['sha256']}.{currents.NAME}", data)
    write_durably(directory / "metadata" / "1.root.json", root.to_bytes(COMPACT))
    tree = Tree(directory, ring, now, lifetimes)
    tree._snapshot = Metadata(Snapshot(meta={}))  # noqa: SLF001 - of this module
    tree._changed = {name: Metadata(role) for name, role in roles.items()}  # noqa: SLF001
    tree.commit()


def _copy_durably(source: Path, place: Path) -> None:
    beside = place.with_name(f".{place.name}.{os.getpid()}.tmp")
    try:
        with source.open("rb") as read, beside.open("xb") as written:
            shutil.copyfileobj(read, written, 1 << 20)
            written.flush()
            os.fsync(written.fileno())
        beside.rename(place)
    finally:
        beside.unlink(missing_ok=True)
    fsync_directory(place.parent)
