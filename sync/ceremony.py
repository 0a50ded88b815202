"""The root ceremony: draft the next root, let holders of offline keys sign the file apart, install it.

A root names every key of the tree and how many root keys must agree. A new root is good when the threshold of the root
before and its own are both reached (TUF specification 5.3.4), so root keys never have to be in one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from securesystemslib.signer import CryptoSigner, SSlibKey
from tuf.api.metadata import Delegations, Metadata, Root, Targets

from edge.storage.database import write_durably
from sync.errors import PublishError
from sync.keys import KeyRing
from sync.tree import (
    COMPACT,
    HISTORY,
    ISSUED,
    PUBLISHERS,
    Lifetimes,
    Tree,
    found,
    newest_root,
    read_metadata,
    require_threshold,
    stamp,
)

ONLINE_ROLES = ("targets", "snapshot", "timestamp")


@dataclass(frozen=True, slots=True)
class Change:
    """What the next root shall change: root keys to add and to remove, the threshold, new keys of online roles."""

    add: Sequence[SSlibKey] = ()
    remove: Sequence[str] = ()  # key ids; taken from every role in which they stand
    threshold: int = 0  # 0: as it is
    online: Sequence[tuple[str, SSlibKey]] = ()  # role, the key that takes the place of its keys


def next_root(current: Root, change: Change, now: datetime, lifetimes: Lifetimes) -> Root:
    """The root after `current`, unsigned.

    Raises:
        PublishError: publish_threshold; publish_role: an online role would have no key; publish_key: no such key.
    """
    root = Root.from_dict(current.to_dict())
    root.version = current.version + 1
    root.expires = (now + timedelta(days=lifetimes.root)).replace(microsecond=0)
    root.unrecognized_fields[ISSUED] = stamp(now)
    for key in change.add:
        root.add_key(key, Root.type)
    for role, key in change.online:
        for keyid in list(root.roles[role].keyids):
            root.revoke_key(keyid, role)
        root.add_key(key, role)
    for keyid in change.remove:
        holding = [name for name, role in root.roles.items() if keyid in role.keyids]
        if not holding:
            if keyid in current.keys:  # a new key of its role took its place above
                continue
            message = f"{keyid}: expected a key of this root, got an unknown one."
            raise PublishError("publish_key", message, hint="sekisho publish show TREE names the keys.")
        for name in holding:
            root.revoke_key(keyid, name)
    root.roles[Root.type].threshold = change.threshold or root.roles[Root.type].threshold
    require_threshold(root.roles[Root.type].threshold, len(root.roles[Root.type].keyids))
    return root


def write_draft(path: Path, root: Root) -> None:
    """Write an unsigned root for its ceremony.

    Raises:
        OSError: it cannot be written.
    """
    write_durably(path, Metadata(root).to_bytes(COMPACT))


def sign_root(path: Path, signer: CryptoSigner) -> int:
    """Add one signature to the root file `path`. Returns how many signatures it has now.

    Raises:
        PublishError: publish_tree: it is no root.
        OSError: it cannot be written.
    """
    root = read_metadata(path, Root)
    root.sign(signer, append=True)
    write_durably(path, root.to_bytes(COMPACT))
    return len(root.signatures)


def install_root(
    directory: Path,
    path: Path,
    ring: KeyRing,
    now: datetime,
    lifetimes: Lifetimes | None = None,
    *,
    clock_is_right: bool = False,
) -> Metadata[Root]:
    """Publish a signed root: found the tree with it, or make it the next root and sign again what its new keys must.

    While keys of online roles change, what they sign carries the old key's signature too where that key is at hand,
    and is written before the root: a reader with the old root and one with the new root are both served.

    Raises:
        PublishError: publish_root: not the next version, or not signed by enough keys; publish_key_missing;
            publish_clock: see `Tree`.
        OSError: it cannot be written.
    """
    lifetimes = lifetimes or Lifetimes()
    root = read_metadata(path, Root)
    before = read_metadata(newest_root(directory), Root) if newest_root(directory).exists() else None
    expected = before.signed.version + 1 if before else 1
    if root.signed.version != expected:
        message = f"{path}: expected root version {expected}, got {root.signed.version}."
        raise PublishError("publish_root", message, hint="Draft the root again from the tree as it is.")
    _require_signed(path, root, before)
    _drop_surplus(root, before)
    if before is None:
        found(directory, root, ring, now, lifetimes)
        return root
    changed = [role for role in ONLINE_ROLES if _keys(root.signed, role) != _keys(before.signed, role)]
    if changed:
        tree = Tree(directory, ring, now, lifetimes, clock_is_right=clock_is_right)
        tree.root, tree.before = root, before.signed
        if Targets.type in changed:
            _rekey_targets(tree)
        tree.commit(renew=True)
    write_durably(directory / "metadata" / f"{root.signed.version}.root.json", root.to_bytes(COMPACT))
    return root


def _keys(root: Root, role: str) -> set[str]:
    return set(root.roles[role].keyids)


def _require_signed(path: Path, root: Metadata[Root], before: Metadata[Root] | None) -> None:
    result = root.signed.get_root_verification_result(
        before.signed if before else None, root.signed_bytes, root.signatures
    )
    if not result:
        parts = [("its own root keys", result.second)]
        if before:
            parts.insert(0, ("the root keys before it", result.first))
        told = " and ".join(f"{len(part.signed)} of {part.threshold} of {name}" for name, part in parts)
        message = f"{path}: expected enough signatures, got {told}."
        raise PublishError("publish_root", message, hint="sekisho publish sign-root FILE --key KEY.pem adds one.")


def _drop_surplus(root: Metadata[Root], before: Metadata[Root] | None) -> None:
    """Keep no signature more than is needed, so that every byte of a published root counts."""
    previous = before.signed if before else None
    for keyid, signature in list(root.signatures.items()):
        del root.signatures[keyid]
        if not root.signed.get_root_verification_result(previous, root.signed_bytes, root.signatures):
            root.signatures[keyid] = signature


def _rekey_targets(tree: Tree) -> None:
    """Delegate everything that the owner signs to the new targets key, and have all of it signed again."""
    own = tree.root.signed.roles[Targets.type]
    keys = {keyid: tree.root.signed.keys[keyid] for keyid in own.keyids}
    targets, history = tree.change(Targets.type), tree.change(HISTORY)
    tree.change(PUBLISHERS)
    if targets.delegations is None or targets.delegations.roles is None or history.delegations is None:
        raise PublishError("publish_tree", f"{tree.directory}: expected delegations in its roles.")
    for role in targets.delegations.roles.values():
        role.keyids, role.threshold = list(own.keyids), own.threshold
    targets.delegations = Delegations(dict(keys), targets.delegations.roles)
    bins = history.delegations.succinct_roles
    if bins is not None:
        bins.keyids, bins.threshold = list(own.keyids), own.threshold
        history.delegations = Delegations(dict(keys), succinct_roles=bins)
        for name in bins.get_roles():
            if tree.has(name):
                tree.change(name)
