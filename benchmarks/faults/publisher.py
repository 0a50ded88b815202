"""A publisher with all of its keys in one folder, as no publisher should be: for faults and measurements only."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sync import ceremony
from sync.keys import KeyRing, make_key, read_private
from sync.tree import Lifetimes, Tree, new_root

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def _passphrase(_name: str, _new: bool) -> str:  # noqa: FBT001 - the shape of Passphrase
    return "drawn"


class Publisher:
    """One tree and its keys; the root is agreed by two of three."""

    def __init__(self, place: Path) -> None:
        """Found a tree in `place`/tree."""
        place.mkdir(parents=True)
        self.directory = place / "tree"
        self._ring = KeyRing(place / "keys", _passphrase)
        keys = [make_key(place / "safe", name, _passphrase) for name in ("alice", "bob", "carol")]
        online = {role: self._ring.public(role) for role in ceremony.ONLINE_ROLES}
        draft = place / "root.json"
        ceremony.write_draft(draft, new_root(keys, 2, online, NOW, Lifetimes()))
        for name in ("alice", "bob"):
            ceremony.sign_root(draft, read_private(place / "safe" / f"{name}.pem", _passphrase))
        self.directory.mkdir()
        ceremony.install_root(self.directory, draft, self._ring, NOW, Lifetimes())

    def tree(self) -> Tree:
        """The tree, to be changed."""
        return Tree(self.directory, self._ring, NOW, Lifetimes())
