"""Roots: several holders agree, apart from each other; what they did not agree on is not installed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sync import ceremony
from sync.ceremony import Change
from sync.errors import PublishError
from sync.keys import make_key, read_private
from sync.tree import Lifetimes
from tests.sync.publishing import NOW, Publishing, Receiving, later, passphrase


def test_a_root_that_too_few_signed_founds_nothing(tmp_path: Path) -> None:
    publishing = Publishing(tmp_path)
    draft = tmp_path / "root.json"
    with pytest.raises(PublishError) as refused:
        publishing.found(threshold=2, signed_by=("alice",))
    assert refused.value.message == f"{draft}: expected enough signatures, got 1 of 2 of its own root keys."
    assert list(publishing.directory.iterdir()) == []


def test_the_same_holder_twice_is_one(publishing: Publishing) -> None:
    draft = publishing.place / "root.json"
    with pytest.raises(PublishError) as refused:
        publishing.change_root(Change(), "alice", "alice")
    assert refused.value.message == (
        f"{draft}: expected enough signatures, got 1 of 2 of the root keys before it and 1 of 2 of its own root keys."
    )


def test_a_key_of_a_stranger_does_not_count(publishing: Publishing) -> None:
    make_key(publishing.place / "safe", "mallory", passphrase)
    with pytest.raises(PublishError) as refused:
        publishing.change_root(Change(), "alice", "mallory")
    assert refused.value.code == "publish_root"


def test_a_holder_is_replaced_and_boxes_follow(publishing: Publishing, receiving: Receiving) -> None:
    receiving.pull(publishing.directory)
    dave = make_key(publishing.place / "safe", "dave", passphrase)
    publishing.change_root(Change(add=[dave], remove=[publishing.key_id("bob")]), "alice", "carol")
    assert receiving.pull(publishing.directory).state == "fresh"
    publishing.change_root(Change(), "carol", "dave")
    assert receiving.pull(publishing.directory).state == "fresh"
    assert receiving.box.floor().root == 3
    with pytest.raises(PublishError):
        publishing.change_root(Change(), "alice", "bob")


def test_new_holders_alone_cannot_make_themselves_the_root(publishing: Publishing) -> None:
    keys = [make_key(publishing.place / "safe", name, passphrase) for name in ("dave", "erin")]
    with pytest.raises(PublishError) as refused:
        publishing.change_root(Change(add=keys), "dave", "erin")
    assert refused.value.message.endswith("got 0 of 2 of the root keys before it and 2 of 2 of its own root keys.")


def test_a_higher_threshold_must_be_reached_by_its_own_root(publishing: Publishing) -> None:
    with pytest.raises(PublishError) as refused:
        publishing.change_root(Change(threshold=3), "alice", "bob")
    assert refused.value.message.endswith("got 2 of 2 of the root keys before it and 2 of 3 of its own root keys.")
    publishing.change_root(Change(threshold=3), "alice", "bob", "carol")


@pytest.mark.parametrize("threshold", [4, 9])
def test_a_threshold_above_the_number_of_holders_is_refused(publishing: Publishing, threshold: int) -> None:
    with pytest.raises(PublishError) as refused:
        publishing.change_root(Change(threshold=threshold), "alice", "bob")
    assert refused.value.message == (
        f"expected a threshold of 1 to 3, the number of different root keys, got {threshold}."
    )


def test_an_older_draft_is_not_installed(publishing: Publishing) -> None:
    publishing.change_root(Change(), "alice", "bob")
    draft = publishing.place / "root.json"
    with pytest.raises(PublishError) as refused:
        publishing.install(draft, "alice", "bob")
    assert refused.value.message == f"{draft}: expected root version 3, got 2."


def test_an_unknown_key_cannot_be_removed(publishing: Publishing) -> None:
    with pytest.raises(PublishError) as refused:
        publishing.change_root(Change(remove=["0" * 64]), "alice", "bob")
    assert refused.value.message == f"{'0' * 64}: expected a key of this root, got an unknown one."


def test_a_published_root_carries_no_signature_more_than_is_needed(publishing: Publishing) -> None:
    publishing.change_root(Change(), "alice", "bob", "carol")
    root = json.loads((publishing.directory / "metadata" / "2.root.json").read_bytes())
    assert len(root["signatures"]) == 2


def test_an_expired_root_takes_nothing_new_until_the_next_one(publishing: Publishing, receiving: Receiving) -> None:
    receiving.pull(publishing.directory)
    publishing.now = later(days=1200)
    publishing.rotate("timestamp")
    publishing.add_policy("newer")
    state = receiving.pull(publishing.directory, publishing.now)
    assert (state.state, state.items[0].target) == ("fresh", "policies/newer-default-2.toml")


def test_a_signature_of_a_draft_needs_neither_tree_nor_other_keys(publishing: Publishing, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    root = publishing.tree().root.signed
    ceremony.write_draft(alone / "root.json", ceremony.next_root(root, Change(), NOW, Lifetimes()))
    signer = read_private(publishing.place / "safe" / "bob.pem", passphrase)
    assert ceremony.sign_root(alone / "root.json", signer) == 1
