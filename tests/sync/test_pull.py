"""A box pulls from real trees: what is new is staged, what is refused is told, and nothing in use is lost."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from edge.errors import ModelError, PolicyError, SekishoError
from edge.policy import builtin_text
from edge.storage.shelves import pack_shelf, policy_shelf
from sync import publish
from sync.command import told
from sync.errors import TransportError
from sync.fetch import HttpSource
from sync.tree import Tree
from tests.edge.storage.editions import pack
from tests.sync.publishing import NOW, Publishing, Receiving, later
from tests.sync.web_server import WebServer

KINDS = "edition, delta, pack, policy, release"


def test_a_pull_from_a_stick_stages_what_is_current(publishing: Publishing, receiving: Receiving) -> None:
    state = receiving.pull(publishing.directory)
    assert (state.state, state.reason) == ("fresh", "Up to date: 1 staged.")
    (item,) = state.items
    assert (item.target, item.state) == ("policies/strict-default-1.toml", "staged")
    assert item.file in policy_shelf(receiving.state_dir).contents().slot().staged


def test_a_pull_over_http_stages_the_same(publishing: Publishing, receiving: Receiving, served: WebServer) -> None:
    with HttpSource(served.url) as source:
        state = receiving.pull(source)
    assert (state.state, [item.state for item in state.items]) == ("fresh", ["staged"])
    assert state.issued == publishing.now


def test_a_second_pull_with_nothing_new_asks_for_two_files_only(receiving: Receiving, served: WebServer) -> None:
    with HttpSource(served.url) as source:
        receiving.pull(source)
    served.requests.clear()
    with HttpSource(served.url) as source:
        state = receiving.pull(source)
    assert served.requests == [("/metadata/2.root.json", "HEAD"), ("/metadata/timestamp.json", "")]
    assert state.items[0].state == "staged"


def test_a_model_pack_travels_as_a_flat_zip_file(publishing: Publishing, receiving: Receiving, tmp_path: Path) -> None:
    packed = tmp_path / "drawn.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in sorted((Path(__file__).parents[2] / "models" / "packs" / "drawn-7").iterdir()):
            archive.write(file, file.name)
    assert publish.add(publishing.tree(), "pack", packed) == ["packs/drawn-7-1.zip"]
    (_, item) = receiving.pull(publishing.directory).items
    assert (item.target, item.state) == ("packs/drawn-7-1.zip", "staged")
    shelf = pack_shelf(receiving.state_dir)
    shelf.activate(item.file)
    assert shelf.current().name == "drawn-7"
    (_, item) = receiving.pull(publishing.directory).items
    assert item.state == "in use"


def damaged_pack(place: Path) -> Path:
    """A pack in a zip file whose directory is whole and whose first deflate stream is not."""
    plain, packed = pack(place / "kumo-1", "kumo-1"), place / "kumo-1.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(plain / "manifest.toml", "manifest.toml")
        archive.write(plain / "net.onnx", "net.onnx")
    data = packed.read_bytes()
    place_of = data.index(b"net.onnx", data.index(b"manifest.toml") + 100) + len("net.onnx")
    packed.write_bytes(data[:place_of] + b"\xff" + data[place_of + 1 :])  # of no block type
    return packed


def test_a_damaged_pack_is_refused_and_what_publishers_say_arrives(
    publishing: Publishing, receiving: Receiving
) -> None:
    packed = damaged_pack(publishing.place)
    tree = publishing.tree()
    path = "packs/kumo-1-1.zip"
    custom = {"kind": "pack", "schema": 1, "name": "kumo-1", "number": 1}
    tree.change("targets").targets[path] = tree.store(path, packed, custom)
    current = tree.current()
    tree.set_current(current.model_copy(update={"current": (path, *current.current)}))
    tree.commit()
    publishing.delegate("kumo", brands=["Kumo"])
    publishing.take_in("kumo", publishing.sign("kumo", ("K-1", "brands", "Kumo")))
    state = receiving.pull(publishing.directory)
    assert [(item.target, item.state) for item in state.items] == [
        (path, "refused"),
        ("policies/strict-default-1.toml", "staged"),
    ]
    assert "expected a model pack as a flat zip file, got Error -3 while decompressing data" in state.items[0].reason
    assert state.publishers["kumo"].state == "staged"


def test_a_damaged_pack_is_not_published(publishing: Publishing) -> None:
    before = publishing.tree().timestamp.signed.version
    with pytest.raises(ModelError) as refused:
        publish.add(publishing.tree(), "pack", damaged_pack(publishing.place))
    came = "Error -3 while decompressing data: invalid block type"
    assert refused.value.message == f"kumo-1.zip: expected a model pack as a flat zip file, got {came}."
    assert publishing.tree().timestamp.signed.version == before


def test_a_pack_whose_files_are_not_what_its_manifest_says_is_not_published(publishing: Publishing) -> None:
    plain, packed = pack(publishing.place / "kumo-1", "kumo-1"), publishing.place / "kumo-1.zip"
    (plain / "net.onnx").write_bytes(b"another network")
    with zipfile.ZipFile(packed, "w") as archive:
        for file in plain.iterdir():
            archive.write(file, file.name)
    with pytest.raises(ModelError) as refused:
        publish.add(publishing.tree(), "pack", packed)
    assert refused.value.code == "model_hash"
    assert [path.name for path in publishing.directory.iterdir() if path.name.startswith(".pack")] == []


@pytest.mark.parametrize(("kind", "data"), [("pack", b"no zip"), ("policy", b"no = toml ["), ("hologram", b"")])
def test_what_is_no_goods_is_not_published(publishing: Publishing, tmp_path: Path, kind: str, data: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(data)
    before = publishing.tree().timestamp.signed.version
    with pytest.raises(SekishoError):
        publish.add(publishing.tree(), kind, file)
    with pytest.raises(SekishoError):
        publish.add(publishing.tree(), kind, tmp_path / "none")
    assert publishing.tree().timestamp.signed.version == before


def test_a_policy_of_before_is_not_published(publishing: Publishing, tmp_path: Path) -> None:
    file = tmp_path / "older.toml"
    file.write_text(builtin_text().replace('"watch.listed" = "check"\n', ""), "utf-8")
    with pytest.raises(PolicyError) as refused:
        publish.add(publishing.tree(), "policy", file)
    assert refused.value.message == f"{file}: weights: expected every finding code, 'watch.listed' is missing."


def test_what_was_activated_is_told_as_in_use(publishing: Publishing, receiving: Receiving) -> None:
    file = receiving.pull(publishing.directory).items[0].file
    policy_shelf(receiving.state_dir).activate(file)
    state = receiving.pull(publishing.directory)
    assert (state.reason, state.items[0].state) == ("Up to date: 1 in use.", "in use")


def test_an_unknown_kind_and_a_newer_schema_are_refused_and_the_rest_goes_on(
    publishing: Publishing, receiving: Receiving
) -> None:
    tree = publishing.tree()
    stranger = publishing.place / "stranger"
    stranger.write_bytes(b"x")
    targets = tree.change("targets").targets
    for path, custom in {
        "holograms/kumo-1.bin": {"kind": "hologram", "schema": 1},
        "packs/later-9.zip": {"kind": "pack", "schema": 9, "name": "later", "number": 9},
    }.items():
        targets[path] = tree.store(path, stranger, custom)
    current = tree.current()
    paths = ("holograms/kumo-1.bin", "packs/later-9.zip", *current.current)
    tree.set_current(current.model_copy(update={"current": paths}))
    tree.commit()
    state = receiving.pull(publishing.directory)
    assert [(item.state, item.reason) for item in state.items] == [
        (
            "refused",
            f"holograms/kumo-1.bin: expected one of {KINDS}, got the kind 'hologram', which needs a newer program.",
        ),
        ("refused", "packs/later-9.zip: expected a pack of schema 1 or older, got 9: it needs a newer program."),
        ("staged", ""),
    ]


def test_a_policy_that_this_program_cannot_use_is_refused_with_the_reason(
    publishing: Publishing, receiving: Receiving
) -> None:
    tree = publishing.tree()
    bad = publishing.place / "bad.toml"
    bad.write_text("schema = 1\n", encoding="utf-8")
    path = "policies/bad-2.toml"
    custom = {"kind": "policy", "schema": 1, "name": "bad", "number": 2}
    tree.change("targets").targets[path] = tree.store(path, bad, custom)
    tree.set_current(tree.current().model_copy(update={"current": (path,)}))
    tree.commit()
    (item,) = receiving.pull(publishing.directory).items
    assert item.state == "refused"
    assert item.reason.endswith("name: Field required, got {'schema': 1}.")


def test_a_newer_current_json_is_refused_and_what_was_staged_stays(
    publishing: Publishing, receiving: Receiving, tmp_path: Path
) -> None:
    before = receiving.pull(publishing.directory)
    tree = publishing.tree()
    newer = tmp_path / "current.json"
    newer.write_text(json.dumps({"schema": 7}), encoding="utf-8")
    tree.change("targets").targets["current.json"] = tree.store("current.json", newer)
    tree.commit()
    state = receiving.pull(publishing.directory)
    assert (state.state, state.reason) == ("refused", "current.json: expected schema 1, got 7.")
    assert state.items == before.items


def test_a_second_pull_meanwhile_is_told_to_wait(publishing: Publishing, receiving: Receiving) -> None:
    with receiving.box.locked(), pytest.raises(TransportError) as refused:
        receiving.pull(publishing.directory)
    assert refused.value.message == f"{receiving.box.directory}: expected no other pull, got one at work."


def test_old_goods_move_into_the_hash_bins_and_are_still_signed(publishing: Publishing, receiving: Receiving) -> None:
    paths = [publishing.add_policy(f"number {number}") for number in range(2, 5)]
    tree: Tree = publishing.tree()
    assert tree.current().current == (paths[-1],)
    assert tree.role("targets").targets.keys() == {"current.json", paths[-1]}
    state = receiving.pull(publishing.directory)
    assert [item.target for item in state.items] == [paths[-1]]
    assert all(tree.find(path) for path in paths)


def test_a_box_without_a_trusted_root_says_so(publishing: Publishing, tmp_path: Path) -> None:
    state = Receiving(tmp_path / "new").pull(publishing.directory)
    assert (state.state, state.code) == ("refused", "trust_missing")
    assert state.hint == "Bring the publisher's root: sekisho sync trust ROOT.json."


def test_what_is_left_of_an_interrupted_pull_is_tidied(publishing: Publishing, receiving: Receiving) -> None:
    receiving.box.incoming.mkdir(parents=True)
    (receiving.box.incoming / f"{'0' * 64}.part").write_bytes(b"of something that is no longer current")
    receiving.pull(publishing.directory)
    assert [path for path in receiving.box.incoming.iterdir() if path.suffix] == []


def test_the_state_survives_damage_of_its_file(publishing: Publishing, receiving: Receiving) -> None:
    receiving.pull(publishing.directory, NOW)
    (receiving.box.directory / "state.json").write_bytes(b"{")
    assert receiving.box.state().state == "never"
    assert receiving.pull(publishing.directory, later(hours=1)).state == "fresh"


def test_status_says_where_things_lie_now_and_not_where_the_last_pull_left_them(
    publishing: Publishing, receiving: Receiving
) -> None:
    state = receiving.pull(publishing.directory)
    shelf = policy_shelf(receiving.state_dir)
    assert f"{state.items[0].target}: staged" in told(state, receiving.state_dir)
    shelf.activate(state.items[0].file)
    assert f"{state.items[0].target}: in use" in told(state, receiving.state_dir)
    assert "activate" not in told(state, receiving.state_dir)
    shelf.rollback()
    assert f"{state.items[0].target}: set back" in told(state, receiving.state_dir)
