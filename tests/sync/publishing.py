"""A real publisher with real keys, and a box that trusts it."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge import policy as policies
from edge.storage.registry_build import build
from sync import ceremony, parts, publish
from sync.ceremony import Change
from sync.fetch import DirectorySource, Source
from sync.keys import KeyRing, make_key, read_private, read_public
from sync.pull import pull
from sync.state import Box, State
from sync.tree import Lifetimes, Tree, new_root

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOLDERS = ("alice", "bob", "carol")
BULLETIN = (
    '{{"number": "{0}", "title_en": "Flat hologram", "text_en": "Look.", "valid_from": "2026-10-01", '
    '"valid_to": "2026-12-31", "{1}": ["{2}"]}}\n'
)


def later(**step: float) -> datetime:
    return NOW + timedelta(**step)


def checked(body: int) -> str:
    """A GTIN-13 of 12 digits and their check digit."""
    digits = f"{body:012}"
    return digits + str(-sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10)


def passphrase(_name: str, _new: bool) -> str:  # noqa: FBT001 - the shape of Passphrase
    return "correct horse"


@dataclass
class Publishing:
    """A publisher with all its keys in `place`, and its tree."""

    place: Path
    now: datetime = NOW
    lifetimes: Lifetimes = field(default_factory=Lifetimes)
    clock_is_right: bool = True  # tests travel in time

    @property
    def directory(self) -> Path:
        return self.place / "tree"

    @property
    def ring(self) -> KeyRing:
        return KeyRing(self.place / "keys", passphrase)

    @property
    def root(self) -> Path:
        return self.directory / "metadata" / "1.root.json"

    def tree(self) -> Tree:
        return Tree(self.directory, self.ring, self.now, self.lifetimes, clock_is_right=self.clock_is_right)

    def found(
        self, holders: tuple[str, ...] = HOLDERS, threshold: int = 2, signed_by: tuple[str, ...] = HOLDERS[:2]
    ) -> None:
        keys = [make_key(self.place / "safe", name, passphrase) for name in holders]
        online = {role: self.ring.public(role) for role in ceremony.ONLINE_ROLES}
        draft = self.place / "root.json"
        ceremony.write_draft(draft, new_root(keys, threshold, online, self.now, self.lifetimes))
        self.install(draft, *signed_by)

    def install(self, draft: Path, *holders: str) -> None:
        for name in holders:
            ceremony.sign_root(draft, read_private(self.place / "safe" / f"{name}.pem", passphrase))
        self.directory.mkdir(exist_ok=True)
        right = self.clock_is_right
        ceremony.install_root(self.directory, draft, self.ring, self.now, self.lifetimes, clock_is_right=right)

    def change_root(self, change: Change, *holders: str) -> None:
        draft = self.place / "root.json"
        before = self.tree().root.signed
        ceremony.write_draft(draft, ceremony.next_root(before, change, self.now, self.lifetimes))
        self.install(draft, *holders)

    def rotate(self, *roles: str) -> None:
        ring = self.ring
        self.change_root(Change(online=[(role, ring.public(ring.free_name(role))) for role in roles]), "alice", "bob")

    def key_id(self, name: str) -> str:
        place = next(path for path in (self.place / "safe", self.place / "keys") if (path / f"{name}.pub").exists())
        return read_public(place / f"{name}.pub").keyid

    def add_policy(self, name: str = "strict") -> str:
        path = self.place / "policy.toml"
        path.write_text(policies.builtin_text().replace('name = "', f'name = "{name} ', 1), encoding="utf-8")
        return publish.add(self.tree(), "policy", path)[0]

    def edition(self, number: int, *gtins: str, name: str = "jp") -> Path:
        """An edition of these products, built."""
        source, out = self.place / f"{name}-{number}", self.place / f"{name}-{number}.sqlite"
        source.mkdir()
        issued = f"2026-11-{number:02}T00:00:00Z"
        about = (
            f'schema = 1\nname = "{name}"\nnumber = {number}\nissued = {issued}\npublisher = "Customs of Examplia"\n'
        )
        (source / "edition.toml").write_text(about, encoding="utf-8")
        rows = [{"gtin": gtin, "name": f"Earbuds {gtin}", "brand": "Kumo", "right_holder": "Kumo KK"} for gtin in gtins]
        # Enough of what is the same in all editions that a delta is smaller than the whole.
        rows += [
            {**rows[0], "gtin": checked(950_000_000_000 + fill), "name": f"Part {fill * 7919}"} for fill in range(300)
        ]
        (source / "products.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        build(source, out)
        return out

    def add_edition(self, edition: Path, since: Path | None = None) -> list[str]:
        return publish.add(self.tree(), "edition", edition, since=since)

    def delegate(self, publisher: str, **scope: list[str]) -> None:
        key = self.place / "safe" / f"{publisher}.pub"
        public = read_public(key) if key.exists() else make_key(self.place / "safe", publisher, passphrase)
        of = publish.scope_of(scope.get("gtins", []), scope.get("prefixes", []), scope.get("brands", []))
        publish.delegate(self.tree(), publisher, public, of)

    def sign(self, publisher: str, *bulletins: tuple[str, str, str], key: str = "", version: int = 0) -> Path:
        source, out = self.place / f"{publisher}-source", self.place / f"{publisher}-signed"
        source.mkdir(exist_ok=True)
        text = "".join(BULLETIN.format(*bulletin) for bulletin in bulletins)
        (source / "bulletins.jsonl").write_text(text, encoding="utf-8")
        private = self.place / "safe" / f"{key or publisher}.pem"
        parts.sign_part(publisher, source, out, key=private, passphrase=passphrase, now=self.now, version=version)
        return out

    def take_in(self, publisher: str, signed: Path) -> parts.Imported:
        return parts.take_in(self.tree(), publisher, signed)

    def copy(self, name: str) -> Path:
        return Path(shutil.copytree(self.directory, self.place / name))


@dataclass
class Receiving:
    """A box that trusts a publisher's first root."""

    state_dir: Path

    @property
    def box(self) -> Box:
        return Box(self.state_dir)

    def pull(self, source: Source | Path, now: datetime = NOW) -> State:
        opened = DirectorySource(source) if isinstance(source, Path) else source
        return pull(self.state_dir, opened, system=now)
