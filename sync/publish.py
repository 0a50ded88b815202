"""What a publisher may put into a tree: editions, deltas, packs, policies, and the parts of other publishers.

It judges and describes; sync/tree.py signs and writes. Every function changes the tree in one commit or not at all.
"""

from __future__ import annotations

import itertools
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from securesystemslib.signer import SSlibKey
from tuf.api.metadata import DelegatedRole, Snapshot, TargetFile, Targets

from edge import policy as policies
from edge.storage.delta import diff
from edge.storage.delta_file import read_header
from edge.storage.shelves import PackKind
from models import pack
from sync import current as currents
from sync.current import Scope
from sync.errors import PublishError
from sync.goods import packed_edition
from sync.keys import KeyRing
from sync.tree import HISTORY, PUBLISHER_PATHS, PUBLISHERS, Tree, publisher_role

KEPT_DELTAS = 32


def add(tree: Tree, kind: str, file: Path, *, since: Path | None = None) -> list[str]:
    """Publish one edition, delta, pack or policy; with `since` an edition together with its delta from that edition.

    Returns:
        The target paths that are new.

    Raises:
        PublishError: publish_kind, publish_number, publish_item, publish_base: it cannot be published.
        RegistryError, ModelError, PolicyError: it is not what it should be.
        OSError: a file cannot be read or written.
    """
    goods = {"edition": _edition, "delta": _delta, "pack": _pack, "policy": _policy}
    if kind not in goods:
        message = f"{kind!r}: expected one of {', '.join(goods)}, got another word."
        raise PublishError("publish_kind", message, hint="Bulletins and faces are signed by their publisher.")
    if not file.is_file():
        raise _no_item(file, "a file", "none")
    paths = goods[kind](tree, file)
    if since is not None:
        paths += _delta_since(tree, since, file)
    tree.commit()
    return paths


def _edition(tree: Tree, file: Path) -> list[str]:
    with packed_edition(file, tree.directory) as (packed, said):
        _require_newer(tree, "edition", said["number"], said["name"])
        path = f"editions/{_word(said['name'])}-{said['number']}.sqlite.zst"
        return [_publish(tree, tree.store(path, packed, said))]


def _delta(tree: Tree, file: Path) -> list[str]:
    header = read_header(file)
    editions = {custom["content_sha256"]: custom for target in _known(tree, "edition") if (custom := target.custom)}
    old, new = editions.get(header.from_sha256), editions.get(header.to_sha256)
    if old is None or new is None:
        which = "from" if old is None else "to"
        message = f"{file}: expected a delta between editions of this tree, got one {which} an unknown edition."
        raise PublishError("publish_base", message, hint="Publish the edition first: sekisho publish add edition FILE.")
    path = f"editions/{_word(new['name'])}-{old['number']}-{new['number']}.delta"
    # From which content to which stands in the delta itself, which is signed too: short metadata travel better.
    target = tree.store(path, file, {"kind": "delta", "schema": header.schema, "number": header.number})
    current = tree.current()
    deltas = (*(known for known in current.deltas if known != path), path)[-KEPT_DELTAS:]
    tree.change(Targets.type).targets[path] = target
    tree.set_current(current.model_copy(update={"issued": tree.now, "deltas": deltas}))
    return [path]


def _delta_since(tree: Tree, since: Path, file: Path) -> list[str]:
    beside = tree.directory / f".{os.getpid()}.delta"
    try:
        diff(since, file, beside)
        return _delta(tree, beside)
    finally:
        beside.unlink(missing_ok=True)


def _pack(tree: Tree, file: Path) -> list[str]:
    kind = PackKind()
    with tempfile.TemporaryDirectory(dir=tree.directory, prefix=".pack-") as room:
        unpacked = Path(room) / file.name  # as a box takes it: what this refuses would be refused there
        kind.bring(file, unpacked)
        name = kind.open(unpacked).name
    return _numbered(tree, "pack", name, pack.SCHEMA, file)


def _policy(tree: Tree, file: Path) -> list[str]:
    policy = policies.load(file, whole=True)
    return _numbered(tree, "policy", policy.name, policy.schema_, file)


def _numbered(tree: Tree, kind: str, name: str, schema: int, file: Path) -> list[str]:
    number = 1 + max((target.custom["number"] for target in _known(tree, kind) if target.custom), default=0)
    said = {"kind": kind, "schema": schema, "name": name, "number": number}
    directory, suffix = {"pack": ("packs", "zip"), "policy": ("policies", "toml")}[kind]
    return [_publish(tree, tree.store(f"{directory}/{_word(name)}-{number}.{suffix}", file, said))]


def _publish(tree: Tree, target: TargetFile) -> str:
    """Make `target` the newest of its kind."""
    current = tree.current()
    kind = target.path.partition("/")[0]
    others = tuple(path for path in current.current if path.partition("/")[0] != kind)
    tree.change(Targets.type).targets[target.path] = target
    tree.set_current(current.model_copy(update={"issued": tree.now, "current": (*others, target.path)}))
    return target.path


def _known(tree: Tree, kind: str) -> list[TargetFile]:
    """The targets of one kind that current.json or a delta names: the newest, and editions in the history."""
    roles = [Targets.type, *(name for name in _bins(tree) if tree.has(name))]
    found = itertools.chain.from_iterable(tree.role(name).targets.values() for name in roles)
    return [target for target in found if target.custom and target.custom.get("kind") == kind]


def _bins(tree: Tree) -> list[str]:
    succinct = tree.role(HISTORY).delegations
    return list(succinct.succinct_roles.get_roles()) if succinct and succinct.succinct_roles else []


def _require_newer(tree: Tree, kind: str, number: int, name: str) -> None:
    newest = max((target.custom["number"] for target in _known(tree, kind) if target.custom), default=-1)
    if number <= newest:
        message = f"{kind} {name}: expected a number above {newest}, which is published, got {number}."
        hint = "Boxes only ever go forward: publish the older content again under a new number."
        raise PublishError("publish_number", message, hint=hint)


def _word(name: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.") or "unnamed"


def _no_item(file: Path, expected: str, came: str) -> PublishError:
    return PublishError("publish_item", f"{file}: expected {expected}, got {came}.", hint="Name the file to publish.")


# --- other publishers ---------------------------------------------------------------------------------------------


def delegate(tree: Tree, publisher: str, key: SSlibKey, scope: Scope) -> None:
    """Let `publisher` sign its own part, publishers/NAME/, with `key`, about the products of `scope` and no others.

    Called again it replaces key and scope.

    Raises:
        PublishError: publish_publisher: the name or the scope cannot be used.
    """
    if not currents.PUBLISHER.fullmatch(publisher):
        message = f"{publisher!r}: expected a name of a-z, 0-9 and dashes, up to 32 characters, got another."
        raise PublishError("publish_publisher", message, hint="The name stands in the paths of its files.")
    if not scope.words:
        message = f"{publisher}: expected GTINs, prefixes or brands, got none of them."
        raise PublishError(
            "publish_publisher", message, hint="Add --gtin, --prefix, --brand, --everything or --sellers."
        )
    delegations = tree.change(PUBLISHERS).delegations
    if delegations is None or delegations.roles is None:
        raise PublishError("publish_tree", f"{tree.directory}: expected delegations in its role {PUBLISHERS}.")
    name = publisher_role(publisher)
    paths = [pattern.format(publisher) for pattern in PUBLISHER_PATHS]
    delegations.roles[name] = DelegatedRole(name, [key.keyid], 1, True, paths)
    delegations.keys = _used_keys({**delegations.keys, key.keyid: key}, delegations.roles)
    current = tree.current()
    publishers = {**current.publishers, publisher: scope}
    tree.set_current(current.model_copy(update={"issued": tree.now, "publishers": publishers}))
    tree.commit()


def undelegate(tree: Tree, publisher: str) -> None:
    """Take a publisher's part away: boxes stop using what it signed with their next pull.

    Raises:
        PublishError: publish_publisher: there is no such publisher.
    """
    delegations = tree.change(PUBLISHERS).delegations
    name = publisher_role(publisher)
    if delegations is None or delegations.roles is None or name not in delegations.roles:
        message = f"{publisher!r}: expected a publisher of this tree, got an unknown one."
        raise PublishError("publish_publisher", message, hint="sekisho publish show TREE names them.")
    del delegations.roles[name]
    delegations.keys = _used_keys(delegations.keys, delegations.roles)
    current = tree.current()
    publishers = {known: scope for known, scope in current.publishers.items() if known != publisher}
    tree.set_current(current.model_copy(update={"issued": tree.now, "publishers": publishers}))
    tree.commit()


def _used_keys(keys: Mapping[str, Any], roles: Mapping[str, DelegatedRole]) -> dict[str, Any]:
    used = {keyid for role in roles.values() for keyid in role.keyids}
    return {keyid: key for keyid, key in keys.items() if keyid in used}


# --- renewing and looking ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Renewed:
    """A fresh timestamp, and what should have been signed again and could not: its key is not at hand."""

    timestamp: int
    missed: tuple[str, ...]


def renew(tree: Tree) -> Renewed:
    """Sign a fresh timestamp, and every other role of the tree's owner that has used up half its life.

    What a missing key holds up is told and does not hold up the timestamp.

    Raises:
        PublishError: publish_key_missing: the timestamp's key is not in the ring.
    """
    missed = []
    snapshot = tree.snapshot.signed
    due = snapshot.expires < tree.now + timedelta(days=tree.lifetimes.snapshot / 2)
    if due and not tree.can_sign(Snapshot.type):
        missed.append(f"{Snapshot.type}, good until {snapshot.expires:%Y-%m-%d}")
    for name in [Targets.type, PUBLISHERS, HISTORY, *_bins(tree)]:
        if not tree.has(name) or tree.role(name).expires >= tree.now + timedelta(days=tree.lifetimes.targets / 2):
            continue
        if tree.can_sign(name) and tree.can_sign(Snapshot.type):
            tree.change(name)
        else:
            missed.append(f"{name}, good until {tree.role(name).expires:%Y-%m-%d}")
    return Renewed(tree.commit(renew=due and tree.can_sign(Snapshot.type)), tuple(missed))


def overview(directory: Path, now: datetime) -> list[tuple[str, str]]:
    """What a tree says of itself, as rows of two columns. Needs no key."""
    tree = Tree(directory, KeyRing(directory, _never_asked), now)
    root, current = tree.root.signed, tree.current()
    rows = [
        (f"{name} {version}", f"until {expires.astimezone(UTC):%Y-%m-%d %H:%M}{_late(expires, now)}")
        for name, version, expires in (
            ("root", root.version, root.expires),
            ("timestamp", tree.timestamp.signed.version, tree.timestamp.signed.expires),
            ("snapshot", tree.snapshot.signed.version, tree.snapshot.signed.expires),
            (Targets.type, tree.version(Targets.type), tree.role(Targets.type).expires),
        )
    ]
    for name, role in root.roles.items():
        rows += [(f"key of {name}, {role.threshold} of {len(role.keyids)} needed", keyid) for keyid in role.keyids]
    rows += [("current", path) for path in current.current]
    rows += [("delta", path) for path in current.deltas]
    for publisher, scope in current.publishers.items():
        name = publisher_role(publisher)
        state = "not yet signed"
        if tree.has(name):
            part = tree.role(name)
            state = f"part {part.version} until {part.expires:%Y-%m-%d}{_late(part.expires, now)}"
        rows.append((f"publisher {publisher}", f"{scope.words}; {state}"))
    return rows


def _late(expires: datetime, now: datetime) -> str:
    return ", EXPIRED" if expires <= now else ""


def _never_asked(name: str, new: bool) -> str:  # noqa: FBT001 - the shape of Passphrase
    raise PublishError("publish_passphrase", f"{name}: no key is needed here, new: {new}.")


def scope_of(gtins: Sequence[str], prefixes: Sequence[str], brands: Sequence[str]) -> Scope:
    """A scope from a command's words.

    Raises:
        PublishError: publish_publisher: a GTIN or a prefix is none.
    """
    try:
        return Scope(gtins=tuple(gtins), prefixes=tuple(prefixes), brands=tuple(brands))
    except ValueError as error:
        message = f"Expected GTINs and prefixes, got: {error.errors()[0]['msg']}"  # type: ignore[attr-defined]
        raise PublishError("publish_publisher", message, hint="A prefix is 4 to 12 digits of the GTIN-13.") from error
