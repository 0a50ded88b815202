"""The publisher's side on the command line: `sekisho publish ...`. docs/publisher.md tells its days.

A passphrase is asked for, or comes from --passphrase-file, SEKISHO_PUBLISH_PASSPHRASE or a unit's credential
`sekisho-publish-passphrase`; never from the arguments.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from tuf.api.metadata import Root

from edge.terminal import clear_errors
from sync import ceremony, parts, publish
from sync.bulletins import Signer, publish_bulletin, worded
from sync.ceremony import ONLINE_ROLES, Change
from sync.errors import PublishError
from sync.keys import KeyRing, make_key, passphrase_from, read_private, read_public
from sync.state import now_utc
from sync.tree import Lifetimes, Tree, locked, new_root, newest_root, read_metadata

publish_app = typer.Typer(no_args_is_help=True, help="Publish signed trees of plain files (docs/publisher.md).")

TreeDir: TypeAlias = Annotated[Path, typer.Argument(help="The published tree.")]
Keys: TypeAlias = Annotated[Path, typer.Option(help="Directory with the keys to sign with.")]
Out: TypeAlias = Annotated[Path, typer.Option(help="The root file to write, for its signatures.")]
Pass: TypeAlias = Annotated[Path | None, typer.Option(help="File with the passphrase of the keys.")]
Days: TypeAlias = Annotated[int, typer.Option(min=1, max=365, help="For how many days boxes may accept this state.")]
Clock: TypeAlias = Annotated[
    bool, typer.Option("--clock-is-right", help="Sign although the clock is far from when the tree was signed last.")
]
_DAYS = Lifetimes().timestamp


@publish_app.command()
@clear_errors
def key(
    name: Annotated[str, typer.Argument(help="NAME.pem and NAME.pub are made.")],
    keys: Keys,
    passphrase_file: Pass = None,
) -> None:
    """Make a key pair under a passphrase, on whatever machine shall keep it."""
    made = make_key(keys, name, passphrase_from(passphrase_file, _ask))
    _say(f"{keys / name}.pub: public key {made.keyid}")


@publish_app.command()
@clear_errors
def init(
    tree: TreeDir,
    *,
    keys: Keys,
    root: Annotated[list[Path], typer.Option(help="Public key of a root holder; repeated.")],
    threshold: Annotated[int, typer.Option(min=1, help="How many root holders must agree.")],
    out: Out = Path("root.json"),
    passphrase_file: Pass = None,
) -> None:
    """Make the keys of daily work where they are missing, and draft the first root for its ceremony."""
    if newest_root(tree).exists():
        message = f"{tree}: expected no tree, got one."
        raise PublishError("publish_tree", message, hint="Change its root with: sekisho publish draft-root.")
    ring = ring_of(keys, passphrase_file)
    holders = [read_public(path) for path in root]
    online = {role: ring.public(role) for role in ONLINE_ROLES}
    ceremony.write_draft(out, new_root(holders, threshold, online, now_utc(), Lifetimes()))
    _say(f"{out}: root 1, to be signed by {threshold} of {len(holders)} holders: sekisho publish sign-root")


@publish_app.command("sign-root")
@clear_errors
def sign_root(
    root: Annotated[Path, typer.Argument(help="The root file of the ceremony.")],
    key: Annotated[Path, typer.Option(help="NAME.pem of a root holder.")],
    passphrase_file: Pass = None,
) -> None:
    """Add a root holder's signature to a drafted root. Needs no tree and no network."""
    signer = read_private(key, passphrase_from(passphrase_file, _ask))
    _say(f"{root}: {ceremony.sign_root(root, signer)} signatures")


@publish_app.command("install-root")
@clear_errors
def install_root(
    tree: TreeDir,
    root: Annotated[Path, typer.Argument(help="The signed root file.")],
    keys: Keys,
    *,
    clock: Clock = False,
    passphrase_file: Pass = None,
) -> None:
    """Publish a root that enough holders signed; the first one founds the tree."""
    tree.mkdir(parents=True, exist_ok=True)
    with locked(tree):
        ring = ring_of(keys, passphrase_file)
        installed = ceremony.install_root(tree, root, ring, now_utc(), clock_is_right=clock)
    _say(f"{newest_root(tree)}: root {installed.signed.version} is published")


@publish_app.command("draft-root")
@clear_errors
def draft_root(
    tree: TreeDir,
    add: Annotated[list[Path] | None, typer.Option(help="Public key of a new root holder.")] = None,
    remove: Annotated[list[Path] | None, typer.Option(help="Public key of a root holder who leaves.")] = None,
    threshold: Annotated[int, typer.Option(min=0, help="How many must agree; 0: as it is.")] = 0,
    out: Out = Path("root.json"),
) -> None:
    """Draft the next root: other holders, another threshold, or the same with a later expiry."""
    change = Change(
        add=[read_public(path) for path in add or ()],
        remove=[read_public(path).keyid for path in remove or ()],
        threshold=threshold,
    )
    _draft(tree, change, out)


@publish_app.command("rotate-key")
@clear_errors
def rotate_key(
    tree: TreeDir,
    role: Annotated[str, typer.Argument(help="targets, snapshot or timestamp.")],
    keys: Keys,
    out: Out = Path("root.json"),
    passphrase_file: Pass = None,
) -> None:
    """Make a new key for a role of daily work and draft the root that names it."""
    if role not in ONLINE_ROLES:
        message = f"{role!r}: expected one of {', '.join(ONLINE_ROLES)}, got another word."
        raise PublishError("publish_role", message, hint="Root keys change with: sekisho publish draft-root.")
    ring = ring_of(keys, passphrase_file)
    _draft(tree, Change(online=[(role, ring.public(ring.free_name(role)))]), out)


@publish_app.command()
@clear_errors
def revoke(
    tree: TreeDir,
    *,
    keys: Keys,
    key: Annotated[Path | None, typer.Option(help="NAME.pub of a stolen or lost key of the root.")] = None,
    publisher: Annotated[str, typer.Option(help="A publisher whose key is stolen, or who leaves.")] = "",
    out: Out = Path("root.json"),
    clock: Clock = False,
    passphrase_file: Pass = None,
) -> None:
    """In an emergency: take a publisher's part away at once, or draft the root that no longer knows a key."""
    if bool(key) == bool(publisher):
        message = "Expected --key or --publisher, got both or neither."
        raise PublishError("publish_revoke", message, hint="sekisho publish show TREE names both.")
    ring = ring_of(keys, passphrase_file)
    if publisher:
        with changing(tree, ring, clock=clock) as published:
            publish.undelegate(published, publisher)
        _say(f"{publisher}: revoked; boxes drop what it signed with their next pull")
    elif key:
        keyid = read_public(key).keyid
        roles = read_metadata(newest_root(tree), Root).signed.roles
        held = [role for role in ONLINE_ROLES if keyid in roles[role].keyids]
        online = [(role, ring.public(ring.free_name(role))) for role in held]
        _draft(tree, Change(remove=[keyid], online=online), out)


@publish_app.command("add")
@clear_errors
def add(
    tree: TreeDir,
    kind: Annotated[str, typer.Argument(help="edition, delta, pack or policy.")],
    file: Annotated[Path, typer.Argument(help="The file to publish.")],
    *,
    keys: Keys,
    since: Annotated[Path | None, typer.Option(help="With an edition: also publish the delta from this one.")] = None,
    days: Days = _DAYS,
    clock: Clock = False,
    passphrase_file: Pass = None,
) -> None:
    """Publish an edition, a delta, a model pack or a policy."""
    with changing(tree, ring_of(keys, passphrase_file), days, clock=clock) as published:
        for path in publish.add(published, kind, file, since=since):
            _say(f"{path}: published")


@publish_app.command()
@clear_errors
def delegate(
    tree: TreeDir,
    publisher: Annotated[str, typer.Argument(help="Short name of the publisher: a-z, 0-9, dashes.")],
    *,
    key: Annotated[Path, typer.Option(help="The publisher's public key, NAME.pub.")],
    keys: Keys,
    gtin: Annotated[list[str] | None, typer.Option(help="A product of its own; repeated.")] = None,
    prefix: Annotated[list[str] | None, typer.Option(help="A GS1 prefix of its own; repeated.")] = None,
    brand: Annotated[list[str] | None, typer.Option(help="A brand of its own; repeated.")] = None,
    everything: Annotated[bool, typer.Option("--everything", help="Any product: for national customs.")] = False,
    sellers: Annotated[bool, typer.Option("--sellers", help="Sellers of a watch list: for a platform.")] = False,
    days: Days = _DAYS,
    clock: Clock = False,
    passphrase_file: Pass = None,
) -> None:
    """Let a publisher sign bulletins and faces of its own products or a list of sellers, and nothing else."""
    scope = publish.scope_of(gtin or (), prefix or (), brand or ())
    scope = scope.model_copy(update={"everything": everything, "sellers": sellers})
    with changing(tree, ring_of(keys, passphrase_file), days, clock=clock) as published:
        publish.delegate(published, publisher, read_public(key), scope)
    _say(f"{publisher}: may sign publishers/{publisher}/")


@publish_app.command()
@clear_errors
def bulletin(
    tree: TreeDir,
    publisher: Annotated[str, typer.Argument(help="Your short name: national customs, delegated --everything.")],
    number: Annotated[str, typer.Argument(help="Number of the bulletin; an earlier one of it is replaced.")],
    *,
    key: Annotated[Path, typer.Option(help="Your private key, NAME.pem.")],
    keys: Keys,
    title: Annotated[list[str], typer.Option(help="LANGUAGE:WORDS; repeated for each language.")],
    text: Annotated[list[str], typer.Option(help="LANGUAGE:WORDS; repeated for each language.")],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Its last day.")],
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Its first day: today.")] = None,
    gtin: Annotated[list[str] | None, typer.Option(help="A product that it speaks of; repeated.")] = None,
    prefix: Annotated[list[str] | None, typer.Option(help="A GS1 prefix; repeated.")] = None,
    brand: Annotated[list[str] | None, typer.Option(help="A brand; repeated.")] = None,
    days: Days = _DAYS,
    clock: Clock = False,
    passphrase_file: Pass = None,
) -> None:
    """Write a bulletin, sign it with its publisher's key and publish it: benches show it after their next pull."""
    row: dict[str, str | list[str]] = {
        "number": number,
        **worded("title", title),
        **worded("text", text),
        "valid_from": f"{since or now_utc():%Y-%m-%d}",
        "valid_to": f"{until:%Y-%m-%d}",
    }
    row |= {name: told for name, told in (("gtins", gtin), ("prefixes", prefix), ("brands", brand)) if told}
    ask = passphrase_from(passphrase_file, _ask)
    with changing(tree, ring_of(keys, passphrase_file), days, clock=clock) as published:
        done = publish_bulletin(published, Signer(publisher, key, ask), row)
    _say(f"{number}: published in part {done.version} of {publisher}")


@publish_app.command("sign")
@clear_errors
def sign(
    publisher: Annotated[str, typer.Argument(help="Your short name, as the tree's owner delegated it.")],
    source: Annotated[
        Path, typer.Argument(help="Directory with bulletins.jsonl, faces.jsonl and pictures, watch_list.jsonl.")
    ],
    *,
    key: Annotated[Path, typer.Option(help="Your private key, NAME.pem.")],
    out: Annotated[Path, typer.Option(help="Directory for what you hand to the tree's owner.")],
    version: Annotated[int, typer.Option(min=0, help="Version of your part; 0: one more than the one in --out.")] = 0,
    passphrase_file: Pass = None,
) -> None:
    """As a publisher: sign your whole part, offline, with your own key."""
    ask = passphrase_from(passphrase_file, _ask)
    done = parts.sign_part(publisher, source, out, key=key, passphrase=ask, now=now_utc(), version=version)
    _say(f"{out}: part {done.version} of {publisher}, {len(done.files)} files signed")


@publish_app.command("import")
@clear_errors
def take_in(
    tree: TreeDir,
    publisher: Annotated[str, typer.Argument(help="Whose part it is.")],
    signed: Annotated[Path, typer.Argument(help="The directory that the publisher signed.")],
    *,
    keys: Keys,
    days: Days = _DAYS,
    clock: Clock = False,
    passphrase_file: Pass = None,
) -> None:
    """Publish a part that its publisher signed. Needs the snapshot and timestamp keys only."""
    with changing(tree, ring_of(keys, passphrase_file), days, clock=clock) as published:
        done = parts.take_in(published, publisher, signed)
    for row in done.refused:
        _say(f"boxes will refuse: {row}")
    _say(f"{publisher}: part {done.version} is published")


@publish_app.command()
@clear_errors
def timestamp(
    tree: TreeDir, *, keys: Keys, days: Days = _DAYS, clock: Clock = False, passphrase_file: Pass = None
) -> None:
    """Sign a fresh timestamp, and whatever has used up half its life. Daily, by a timer."""
    with changing(tree, ring_of(keys, passphrase_file), days, clock=clock) as published:
        renewed = publish.renew(published)
    for role in renewed.missed:
        _say(f"its key is not at hand: {role}")
    _say(f"{tree}: timestamp {renewed.timestamp}, good for {days} days")


@publish_app.command()
@clear_errors
def show(tree: TreeDir) -> None:
    """Say what a tree holds, who signs it and until when. Needs no key."""
    for name, words in publish.overview(tree, now_utc()):
        _say(f"{name}: {words}")


@contextlib.contextmanager
def changing(tree: Path, ring: KeyRing, days: int = _DAYS, *, clock: bool) -> Iterator[Tree]:
    """The tree, while nobody else publishes to it."""
    with locked(tree):
        yield Tree(tree, ring, now_utc(), Lifetimes(timestamp=days), clock_is_right=clock)


def _draft(tree: Path, change: Change, out: Path) -> None:
    before = read_metadata(newest_root(tree), Root).signed
    root = ceremony.next_root(before, change, now_utc(), Lifetimes())
    ceremony.write_draft(out, root)
    old, new = before.roles["root"], root.roles["root"]
    _say(
        f"{out}: root {root.version}, to be signed by {old.threshold} of the holders before "
        f"and {new.threshold} of its own: sekisho publish sign-root"
    )


def ring_of(keys: Path, passphrase_file: Path | None) -> KeyRing:
    """The keys of a directory, under the passphrase that is given or asked for."""
    return KeyRing(keys, passphrase_from(passphrase_file, _ask))


def _ask(name: str, new: bool) -> str:  # noqa: FBT001 - the shape of Passphrase
    words: str = typer.prompt(f"Passphrase of {name}", hide_input=True, confirmation_prompt=new, err=True)
    return words


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
