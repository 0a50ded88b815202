"""A release comes with a pull into the tray, a tree in small that another can verify by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync.client import Client
from sync.fetch import DirectorySource
from sync.releases import is_for_this_box
from sync.state import Box
from tests.provisioning.release.bundles import published
from tests.sync.publishing import Publishing, Receiving


def tray(receiving: Receiving) -> Path:
    return receiving.box.directory / "release"


def test_the_tray_is_a_tree_that_another_box_accepts(
    publishing: Publishing, receiving: Receiving, tmp_path: Path
) -> None:
    path = published(publishing, "1.4")
    item = receiving.pull(publishing.directory).items[-1]
    assert (item.target, item.kind, item.state, item.reason) == (path, "release", "staged", "for the update service")
    root = Box(tmp_path / "root")
    root.trust(publishing.root)
    floor = root.floor()
    with DirectorySource(tray(receiving)) as source:
        client = Client(root.metadata, root.root(floor), source, publishing.now, floor)
        client.refresh()
        (target,) = client.named("releases/")
        assert target.path == path
        assert client.fetch(target, tmp_path).read_bytes() == (publishing.place / "1.4.tar.zst").read_bytes()


def test_a_second_pull_changes_nothing_in_the_tray_and_a_newer_release_replaces_the_older(
    publishing: Publishing, receiving: Receiving
) -> None:
    published(publishing, "1.4")
    receiving.pull(publishing.directory)
    timestamp = tray(receiving) / "metadata" / "timestamp.json"
    before = timestamp.stat().st_mtime_ns
    receiving.pull(publishing.directory)
    assert timestamp.stat().st_mtime_ns == before
    published(publishing, "1.5")
    receiving.pull(publishing.directory)
    (stored,) = (tray(receiving) / "targets" / "releases").iterdir()
    assert "-1.5-" in stored.name
    assert len(list((tray(receiving) / "metadata").iterdir())) == 4  # root, timestamp, snapshot, targets


def test_the_release_that_runs_empties_the_tray(
    publishing: Publishing, receiving: Receiving, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(publishing, "1.4")
    receiving.pull(publishing.directory)
    monkeypatch.setattr("sync.releases.version", lambda: "1.4")
    item = receiving.pull(publishing.directory).items[-1]
    assert (item.state, tray(receiving).exists()) == ("in use", False)


def test_a_release_for_another_machine_is_passed_over(publishing: Publishing, receiving: Receiving) -> None:
    published(publishing, "1.4", architecture="riscv64")
    published(publishing, "1.4", python="3.99")
    state = receiving.pull(publishing.directory)
    assert [item.kind for item in state.items] == ["policy"]
    assert not is_for_this_box("releases/sekisho-1.4-riscv64-py3.11.tar.zst")
