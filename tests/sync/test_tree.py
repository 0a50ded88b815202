"""A tree is published whole: whoever reads in the middle of it sees the state before or the new one."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from edge.storage import database
from sync import publish
from sync.errors import PublishError
from sync.keys import KeyRing
from sync.tree import Tree, locked
from tests.sync.publishing import NOW, Publishing, Receiving, later, passphrase


def test_a_reader_at_any_moment_of_publishing_is_served(
    publishing: Publishing, receiving: Receiving, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiving.pull(publishing.directory)
    seen: list[str] = []
    write = database.write_durably

    def watched(path: Path, data: bytes, **options: Any) -> None:
        state = receiving.pull(publishing.directory)
        assert (state.state, len(state.items)) == ("fresh", 1)
        seen.append(state.items[0].target)
        write(path, data, **options)

    monkeypatch.setattr("sync.tree.write_durably", watched)
    publishing.add_policy("newer")
    monkeypatch.undo()
    assert set(seen) == {"policies/strict-default-1.toml"}
    assert len(seen) >= 4
    assert receiving.pull(publishing.directory).items[0].target == "policies/newer-default-2.toml"


def test_publishing_that_is_killed_at_any_write_leaves_the_state_before(
    publishing: Publishing, receiving: Receiving, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    write = database.write_durably
    for last in range(20):
        left = last

        def killed(path: Path, data: bytes, **options: Any) -> None:
            nonlocal left
            if not left:
                raise Killed
            left -= 1
            write(path, data, **options)

        monkeypatch.setattr("sync.tree.write_durably", killed)
        try:
            publishing.add_policy("newer")
        except Killed:
            monkeypatch.undo()
            state = receiving.pull(publishing.directory)
            assert (state.state, state.items[0].target) == ("fresh", "policies/strict-default-1.toml")
        else:
            break
    monkeypatch.undo()
    assert last >= 4
    assert receiving.pull(publishing.directory).items[0].target == "policies/newer-default-2.toml"


def test_a_missing_key_publishes_nothing(publishing: Publishing, receiving: Receiving) -> None:
    (publishing.place / "keys" / "targets.pem").unlink()
    before = sorted(path.name for path in (publishing.directory / "metadata").iterdir())
    with pytest.raises(PublishError) as refused:
        publishing.add_policy("newer")
    assert refused.value.message == f"targets: expected 1 private keys in {publishing.place / 'keys'}, got 0."
    assert sorted(path.name for path in (publishing.directory / "metadata").iterdir()) == before
    assert receiving.pull(publishing.directory).state == "fresh"


def test_a_timestamp_is_renewed_with_its_own_key_only(publishing: Publishing, receiving: Receiving) -> None:
    for role in ("targets", "snapshot"):
        (publishing.place / "keys" / f"{role}.pem").unlink()
    publishing.now = later(days=10)
    publish.renew(publishing.tree())
    assert receiving.pull(publishing.directory, later(days=20)).state == "fresh"


def test_a_missing_key_does_not_hold_up_the_timestamp_and_is_told(publishing: Publishing, receiving: Receiving) -> None:
    (publishing.place / "keys" / "targets.pem").unlink()
    publishing.now = later(days=190)
    renewed = publish.renew(publishing.tree())
    assert renewed.missed == tuple(f"{role}, good until 2027-11-21" for role in ("targets", "publishers", "history"))
    assert receiving.pull(publishing.directory, later(days=200)).state == "fresh"


def test_one_publishes_at_a_time(publishing: Publishing) -> None:
    with locked(publishing.directory), pytest.raises(PublishError) as refused, locked(publishing.directory):
        pass
    assert (
        refused.value.message
        == f"{publishing.directory}: expected a tree that nobody is publishing to, got one in use."
    )


def test_what_is_no_tree_is_told(tmp_path: Path) -> None:
    with pytest.raises(PublishError) as refused:
        Tree(tmp_path, KeyRing(tmp_path, passphrase), NOW)
    assert refused.value.message.startswith(f"{tmp_path / 'metadata' / '1.root.json'}: expected root metadata, got: ")


def test_an_overview_names_keys_goods_and_publishers(publishing: Publishing) -> None:
    publishing.delegate("kumo", prefixes=["491234"], brands=["Kumo"])
    publishing.delegate("nimbus", gtins=["4006381333931"])
    publishing.take_in("nimbus", publishing.sign("nimbus", ("N-1", "gtins", "4006381333931")))
    shutil.rmtree(publishing.place / "keys")
    rows = publish.overview(publishing.directory, later(days=15))
    assert ("root 1", "until 2029-11-20 12:00") in rows
    assert ("timestamp 5", "until 2026-12-05 12:00, EXPIRED") in rows
    assert ("current", "policies/strict-default-1.toml") in rows
    assert ("publisher kumo", "491234, Kumo; not yet signed") in rows
    assert ("publisher nimbus", "04006381333931; part 1 until 2027-11-21") in rows
    assert len([name for name, _ in rows if name == "key of root, 2 of 3 needed"]) == 3
