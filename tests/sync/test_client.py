"""What a box accepts from a tree, with real signatures: no old, mixed, cut, swapped, altered or replayed copy."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tuf.api.exceptions import DownloadHTTPError

from edge.storage.shelves import editions
from sync.client import Client
from sync.errors import TrustError
from sync.fetch import DirectorySource, Source
from sync.tree import COMPACT, ISSUED
from sync.trust import Floor
from tests.sync.publishing import NOW, Publishing, Receiving, later

FLIPS = 1_000


def refreshed(tree: Path, root: bytes, cache: Path) -> Client:
    client = Client(cache, root, DirectorySource(tree), NOW, Floor("0" * 64))
    client.refresh()
    return client


class InMemory(Source):
    """A tree in memory, and which of its files were read."""

    title = "memory"

    def __init__(self, directory: Path) -> None:
        super().__init__()
        paths = [path for path in directory.rglob("*") if path.is_file()]
        self.files = {str(path.relative_to(directory)): path.read_bytes() for path in paths}
        self.read: list[str] = []

    def metadata_s(self) -> None:
        return None

    def blocks(self, name: str, offset: int, limit_s: float | None) -> Iterator[tuple[int, bytes]]:
        del limit_s
        if name not in self.files:
            raise DownloadHTTPError(name, 404)
        self.read.append(name)
        yield offset, self.files[name][offset:]


def accepted(source: Source, root: bytes, paths: list[str], cache: Path) -> int:
    """How many of the targets `paths` a box accepts that has never seen the tree."""
    client = Client(cache, root, source, NOW, Floor("0" * 64))
    client.refresh()
    try:
        return len([client.fetch(target, cache / "incoming") for path in paths if (target := client.target(path))])
    finally:
        for path in (cache / "incoming").glob("*"):
            path.unlink()


def test_a_flipped_bit_is_refused_at_every_one_of_a_thousand_offsets(
    publishing: Publishing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publishing.rotate("timestamp")
    publishing.delegate("kumo", brands=["Kumo"])
    publishing.take_in("kumo", publishing.sign("kumo", ("B-1", "brands", "Kumo")))
    publishing.add_policy("newer")
    # Every flip meets an empty cache, so none has to be written, and nothing has to outlive a power cut.
    monkeypatch.setattr(Client, "_persist_file", lambda *_: None)
    monkeypatch.setattr("os.fsync", lambda _descriptor: None)
    root, source = publishing.root.read_bytes(), InMemory(publishing.directory)
    paths = ["current.json", publishing.tree().current().current[0], "publishers/kumo/bulletins.jsonl"]
    assert accepted(source, root, paths, tmp_path / "whole") == 3
    files = sorted(set(source.read))
    assert len(files) == 9
    drawn = random.Random(4)
    passed = []
    for number in range(FLIPS):
        name = files[number % len(files)]
        data = source.files[name]
        at, bit = drawn.randrange(len(data)), 1 << drawn.randrange(8)
        source.files[name] = data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]
        with contextlib.suppress(TrustError):
            accepted(source, root, paths, tmp_path / "cache")
            passed.append((name, at, bit))
        source.files[name] = data
    assert passed == []


def test_a_key_is_rotated_and_the_box_follows(publishing: Publishing, receiving: Receiving) -> None:
    receiving.pull(publishing.directory)
    for roles in (("timestamp",), ("snapshot", "targets")):
        publishing.rotate(*roles)
        publishing.add_policy(" and ".join(roles))
        state = receiving.pull(publishing.directory)
        assert (state.state, state.items[0].state) == ("fresh", "staged")


def test_after_a_new_targets_key_the_history_is_signed_too(publishing: Publishing, tmp_path: Path) -> None:
    first = publishing.tree().current().current[0]
    publishing.add_policy("newer")
    publishing.rotate("targets")
    client = refreshed(publishing.directory, publishing.root.read_bytes(), tmp_path / "cache")
    old = client.target(first)
    assert old is not None
    assert client.fetch(old, tmp_path / "incoming").stat().st_size == old.length


def test_while_a_root_is_installed_readers_of_the_old_and_the_new_one_are_served(
    publishing: Publishing, tmp_path: Path
) -> None:
    root = publishing.root.read_bytes()
    publishing.rotate("timestamp", "snapshot", "targets")
    new = publishing.directory / "metadata" / "2.root.json"
    refreshed(publishing.directory, root, tmp_path / "after")
    new.rename(tmp_path / "2.root.json")
    refreshed(publishing.directory, root, tmp_path / "before")


def test_a_box_that_slept_through_many_roots_follows_them_all(publishing: Publishing, receiving: Receiving) -> None:
    receiving.pull(publishing.directory)
    for _ in range(5):
        publishing.rotate("timestamp")
    assert receiving.pull(publishing.directory).state == "fresh"
    assert receiving.box.floor().root == 6


def test_an_old_copy_of_the_tree_is_refused(publishing: Publishing, receiving: Receiving) -> None:
    old = publishing.copy("old")
    publishing.add_policy("newer")
    before = receiving.pull(publishing.directory)
    state = receiving.pull(old)
    assert (state.state, state.code) == ("refused", "trust_older")
    assert state.items == before.items


@pytest.mark.parametrize("damage", ["gone", "zeros", "cut", "of another tree"])
def test_an_old_copy_is_refused_also_when_the_cache_is_damaged(
    publishing: Publishing, receiving: Receiving, damage: str
) -> None:
    old = publishing.copy("old")
    publishing.add_policy("newer")
    receiving.pull(publishing.directory)
    for path in [path for path in receiving.box.metadata.rglob("*") if path.is_file()]:
        if damage == "gone":
            path.unlink()
        elif damage == "zeros":
            path.write_bytes(bytes(path.stat().st_size))
        elif damage == "cut":
            path.write_bytes(path.read_bytes()[:40])
        else:
            path.write_bytes((old / "metadata" / "timestamp.json").read_bytes())
    state = receiving.pull(old)
    versions = receiving.box.floor().timestamp
    assert state.code == "trust_older"
    message = f"timestamp: expected version {versions} or newer, which this box has seen, got {versions - 1}."
    assert state.reason == message
    assert receiving.pull(publishing.directory).state == "fresh", "a damaged cache is fetched again"


def test_a_damaged_floor_is_never_taken_as_empty(publishing: Publishing, receiving: Receiving) -> None:
    receiving.pull(publishing.directory)
    floor = receiving.box.directory / "floor.json"
    floor.write_bytes(floor.read_bytes().replace(b'"timestamp":2', b'"timestamp":1'))
    state = receiving.pull(publishing.directory)
    assert state.reason == "floor.json: expected the versions that were seen, got damage: another checksum."
    receiving.box.trust(publishing.root, replace=True)
    assert receiving.pull(publishing.directory).state == "fresh"


def test_a_new_trust_withdraws_what_publishers_of_the_old_one_brought(
    publishing: Publishing, receiving: Receiving, tmp_path: Path
) -> None:
    publishing.delegate("kumo", brands=["Kumo"])
    publishing.take_in("kumo", publishing.sign("kumo", ("K-1", "brands", "Kumo")))
    file = receiving.pull(publishing.directory).publishers["kumo"].file
    other = Publishing(tmp_path / "other")
    other.found()
    receiving.box.trust(other.root, replace=True)
    assert receiving.box.state().reason == "Nothing was pulled yet."
    receiving.pull(other.directory)
    assert file not in editions(receiving.state_dir).contents().files


def test_another_root_is_not_trusted_by_the_way(publishing: Publishing, receiving: Receiving, tmp_path: Path) -> None:
    other = Publishing(tmp_path / "other")
    other.found()
    with pytest.raises(TrustError) as refused:
        receiving.box.trust(other.root)
    assert (
        refused.value.hint == "A newer root of the same tree comes by itself; --replace begins anew with another tree."
    )
    assert receiving.pull(other.directory).state == "refused"
    receiving.box.trust(other.root, replace=True)
    assert receiving.pull(other.directory).state == "fresh"
    assert receiving.pull(publishing.directory).state == "refused"


def test_a_root_signed_by_too_few_is_not_trusted(publishing: Publishing, tmp_path: Path) -> None:
    document = json.loads(publishing.root.read_bytes())
    document["signatures"].pop()
    few = tmp_path / "root.json"
    few.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(TrustError) as refused:
        Receiving(tmp_path / "new").box.trust(few)
    assert refused.value.code == "trust_root"


def edited(tree: Path, name: str, edit: Callable[[bytes], bytes]) -> None:
    path = tree / "metadata" / name
    path.write_bytes(edit(path.read_bytes()))


def test_a_cut_file_is_refused(publishing: Publishing, receiving: Receiving) -> None:
    for name in ("timestamp.json", "2.snapshot.json", "2.targets.json"):
        cut = publishing.copy(name)
        edited(cut, name, lambda data: data[:-7])
        assert receiving.pull(cut).state == "refused"


def test_a_cut_target_waits_and_a_swapped_one_is_refused(publishing: Publishing, receiving: Receiving) -> None:
    (target,) = (publishing.directory / "targets" / "policies").iterdir()
    whole = target.read_bytes()
    target.write_bytes(whole[:100])
    state = receiving.pull(publishing.directory)
    assert (state.state, state.items[0].state) == ("unreachable", "waiting")
    target.write_bytes(whole[::-1])
    state = receiving.pull(publishing.directory)
    assert (state.state, state.code, state.items[0].state) == ("refused", "trust_altered", "refused")
    came = "policies/strict-default-1.toml: other content than was signed"
    assert state.reason == f"{publishing.directory}: expected the files that were signed, got: {came}."
    assert state.reason == state.items[0].reason
    assert state.hint == "Bring another copy of the tree, or tell the publisher; what else came is told below."
    target.write_bytes(whole)
    state = receiving.pull(publishing.directory)
    assert (state.state, state.code, state.items[0].state) == ("fresh", "", "staged")


def test_an_altered_part_of_a_publisher_is_no_fresh_pull(publishing: Publishing, receiving: Receiving) -> None:
    publishing.delegate("kumo", brands=["Kumo"])
    publishing.take_in("kumo", publishing.sign("kumo", ("K-1", "brands", "Kumo")))
    (table,) = (publishing.directory / "targets" / "publishers" / "kumo").iterdir()
    table.write_bytes(table.read_bytes()[::-1])
    state = receiving.pull(publishing.directory)
    assert (state.state, state.code) == ("refused", "trust_altered")
    assert (state.publishers["kumo"].state, state.items[0].state) == ("refused", "staged")


def test_a_shelf_that_cannot_be_written_is_told_as_such_and_not_as_a_tree_out_of_reach(
    publishing: Publishing, receiving: Receiving
) -> None:
    shelf = receiving.state_dir / "policies"
    (shelf / ".lock").mkdir(parents=True)
    state = receiving.pull(publishing.directory)
    assert (state.state, state.code, state.items[0].state) == ("unwritable", "shelf_unwritable", "waiting")
    assert state.reason == f"{shelf}: expected a directory that can be written to, got: Is a directory."
    assert state.hint == "Make room, or mend the permissions; what came is kept, and the next pull goes on."


def test_swapped_metadata_is_refused(publishing: Publishing, receiving: Receiving) -> None:
    metadata = publishing.directory / "metadata"
    publishing.add_policy("newer")
    (metadata / "3.snapshot.json").write_bytes((metadata / "2.snapshot.json").read_bytes())
    state = receiving.pull(publishing.directory)
    assert (state.state, state.code) == ("refused", "trust_older")


def test_metadata_of_two_times_do_not_mix(publishing: Publishing, receiving: Receiving) -> None:
    metadata = publishing.directory / "metadata"
    publishing.add_policy("newer")
    (metadata / "3.targets.json").write_bytes((metadata / "2.targets.json").read_bytes())
    state = receiving.pull(publishing.directory)
    assert (state.state, state.items) == ("refused", ())


def test_a_stolen_timestamp_key_that_signed_far_ahead_is_recovered_from(
    publishing: Publishing, receiving: Receiving
) -> None:
    receiving.pull(publishing.directory)
    stolen = publishing.copy("stolen")
    thief = Publishing(publishing.place, now=later(days=300))
    tree = thief.tree()
    tree.directory = stolen
    timestamp = tree.timestamp
    timestamp.signed.version = 2_000_000_000
    timestamp.signed.expires = later(days=900)
    timestamp.signed.unrecognized_fields[ISSUED] = "2027-09-17T12:00:00Z"
    timestamp.sign(tree.ring.signers(timestamp.signatures, 1, "timestamp")[0])
    (stolen / "metadata" / "timestamp.json").write_bytes(timestamp.to_bytes(COMPACT))
    assert receiving.pull(stolen).state == "fresh"
    publishing.add_policy("newer")
    assert receiving.pull(publishing.directory).code == "trust_older"
    publishing.rotate("timestamp", "snapshot")
    state = receiving.pull(publishing.directory)
    assert (state.state, state.items[0].target) == ("fresh", "policies/newer-default-2.toml")
    assert receiving.box.floor().issued == publishing.now
