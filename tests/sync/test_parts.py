"""Right holders sign bulletins and faces of their own products, and nothing else."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata, TargetFile, Targets

from edge.gs1 import Gtin
from edge.storage.shelves import editions
from sync import parts, publish
from sync.errors import PublishError
from sync.keys import read_private
from sync.tree import COMPACT
from tests.sync.publishing import NOW, Publishing, Receiving, later, passphrase

EARBUDS = "4912345678904"


@pytest.fixture
def kumo(publishing: Publishing) -> Publishing:
    publishing.delegate("kumo", prefixes=["491234"], brands=["Kumo"])
    return publishing


def test_a_part_becomes_a_supplement_that_look_ups_answer_from(kumo: Publishing, receiving: Receiving) -> None:
    kumo.add_edition(kumo.edition(1, EARBUDS))
    done = kumo.take_in("kumo", kumo.sign("kumo", ("K-1", "brands", "Kumo"), ("K-2", "gtins", EARBUDS)))
    assert (done.version, done.refused) == (1, ())
    state = receiving.pull(kumo.directory)
    part = state.publishers["kumo"]
    assert (part.state, part.rows, part.refused) == ("staged", 2, ())
    shelf = editions(receiving.state_dir)
    shelf.activate(state.items[1].file, part.file)
    found = shelf.current().bulletins(Gtin.parse(EARBUDS), date(2026, 11, 21), "Kumo")
    assert [(one.number, one.source) for one in found] == [("K-1", "kumo"), ("K-2", "kumo")]
    assert receiving.pull(kumo.directory).publishers["kumo"].state == "in use"


def test_rows_about_the_products_of_others_are_refused_by_number(kumo: Publishing, receiving: Receiving) -> None:
    rows = (
        ("K-1", "brands", "Nimbus"),
        ("K-2", "brands", "KUMO"),
        ("K-3", "prefixes", "4912"),
        ("K-4", "gtins", "4006381333931"),
    )
    expected = (
        "bulletins.jsonl, row 1: 'Nimbus': expected a brand of this publisher's scope, got another's.",
        "bulletins.jsonl, row 3: '4912': expected a prefix within this publisher's scope, got another's.",
        "bulletins.jsonl, row 4: '04006381333931': expected a product of this publisher's scope, got another's.",
    )
    assert kumo.take_in("kumo", kumo.sign("kumo", *rows)).refused == expected
    part = receiving.pull(kumo.directory).publishers["kumo"]
    assert (part.state, part.rows, part.refused) == ("staged", 1, expected)


def test_a_part_of_nothing_but_the_products_of_others_is_refused(kumo: Publishing, receiving: Receiving) -> None:
    kumo.take_in("kumo", kumo.sign("kumo", ("K-1", "brands", "Nimbus")))
    part = receiving.pull(kumo.directory).publishers["kumo"]
    assert (part.state, part.reason, len(part.refused)) == ("refused", "No row is good.", 1)


def test_a_face_comes_with_its_picture(kumo: Publishing, receiving: Receiving) -> None:
    kumo.add_edition(kumo.edition(1, EARBUDS))
    source = kumo.place / "kumo-source"
    (source / "faces").mkdir(parents=True)
    png = b"\x89PNG\r\n\x1a\n" + bytes(100)
    (source / "faces" / "front.png").write_bytes(png)
    rows = [
        {"gtin": EARBUDS, "picture": "faces/front.png", "width_mm": 90, "height_mm": 140},
        {"gtin": "4006381333931", "picture": "faces/front.png", "width_mm": 90, "height_mm": 140},
    ]
    (source / "faces.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    kumo.take_in("kumo", kumo.sign("kumo", ("K-1", "brands", "Kumo")))
    state = receiving.pull(kumo.directory)
    part = state.publishers["kumo"]
    assert (part.state, part.rows, len(part.refused)) == ("staged", 2, 1)
    shelf = editions(receiving.state_dir)
    shelf.activate(state.items[1].file, part.file)
    (face,) = shelf.current().faces(Gtin.parse(EARBUDS))
    assert face.side == "front"


def test_a_picture_that_was_replaced_under_its_name_arrives(kumo: Publishing, receiving: Receiving) -> None:
    kumo.add_edition(kumo.edition(1, EARBUDS))
    source = kumo.place / "kumo-source"
    source.mkdir()
    row = {"gtin": EARBUDS, "picture": "front.png", "width_mm": 90, "height_mm": 140}
    (source / "faces.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    shelf = editions(receiving.state_dir)
    for picture in (b"one", b"two"):
        (source / "front.png").write_bytes(b"\x89PNG\r\n\x1a\n" + picture)
        kumo.take_in("kumo", kumo.sign("kumo", ("K-1", "brands", "Kumo")))
        state = receiving.pull(kumo.directory)
        assert state.publishers["kumo"].state == "staged"
        shelf.activate(state.items[1].file, state.publishers["kumo"].file)
        registry = shelf.current()
        (face,) = registry.faces(Gtin.parse(EARBUDS))
        assert registry.face_picture(face.sha256).endswith(picture)


def test_a_target_without_a_sha256_is_refused_and_the_rest_goes_on(kumo: Publishing, receiving: Receiving) -> None:
    signed = kumo.sign("kumo", ("K-1", "brands", "Kumo"))
    kumo.take_in("kumo", signed)
    metadata: Metadata[Targets] = Metadata.from_file(str(signed / "publisher-kumo.json"))
    metadata.signed.version = 2
    path = "publishers/kumo/bulletins.jsonl"
    metadata.signed.targets[path] = TargetFile.from_data(path, b"x", ["sha512"])
    metadata.sign(read_private(kumo.place / "safe" / "kumo.pem", passphrase))
    tree = kumo.tree()
    tree.bring("publisher-kumo", metadata)
    tree.commit()
    state = receiving.pull(kumo.directory)
    assert (state.code, state.publishers["kumo"].state, state.items[0].state) == ("trust_metadata", "refused", "staged")
    assert state.reason == f"{path}: expected a SHA-256 in the signed metadata, got ['sha512']."


def test_another_key_cannot_sign_a_part(kumo: Publishing) -> None:
    kumo.delegate("nimbus", brands=["Nimbus"])
    with pytest.raises(PublishError) as refused:
        kumo.take_in("kumo", kumo.sign("kumo", ("K-1", "brands", "Kumo"), key="nimbus"))
    assert (
        refused.value.message
        == "publisher-kumo.json: expected the signature of kumo's delegated key, got none that fits."
    )


def resigned(kumo: Publishing, signed: Path, path: str) -> Metadata[Targets]:
    """The part with one more target, signed with the publisher's real key."""
    metadata: Metadata[Targets] = Metadata.from_file(str(signed / "publisher-kumo.json"))
    metadata.signed.targets[path] = TargetFile.from_data(path, b"x", ["sha256"])
    (signed / path).parent.mkdir(parents=True, exist_ok=True)
    (signed / path).write_bytes(b"x")
    metadata.sign(read_private(kumo.place / "safe" / "kumo.pem", passphrase))
    (signed / "publisher-kumo.json").write_bytes(metadata.to_bytes(COMPACT))
    return metadata


@pytest.mark.parametrize("path", ["publishers/nimbus/bulletins.jsonl", "editions/jp-9.sqlite.zst", "current.json"])
def test_a_publisher_cannot_sign_outside_its_folder(kumo: Publishing, path: str) -> None:
    signed = kumo.sign("kumo", ("K-1", "brands", "Kumo"))
    resigned(kumo, signed, path)
    with pytest.raises(PublishError) as refused:
        kumo.take_in("kumo", signed)
    assert refused.value.message == f"{path}: expected a file of kumo of at most 30000000 bytes, got another."


def test_what_a_publisher_signs_outside_its_folder_is_not_found_by_boxes(
    kumo: Publishing, receiving: Receiving
) -> None:
    kumo.delegate("nimbus", brands=["Nimbus"])
    signed = kumo.sign("kumo", ("K-1", "brands", "Kumo"))
    kumo.take_in("kumo", signed)
    metadata = resigned(kumo, signed, "publishers/nimbus/bulletins.jsonl")
    metadata.signed.version = 2
    metadata.sign(read_private(kumo.place / "safe" / "kumo.pem", passphrase))
    tree = kumo.tree()  # even when the tree's owner lets it through
    tree.store("publishers/nimbus/bulletins.jsonl", signed / "publishers/nimbus/bulletins.jsonl")
    tree.bring("publisher-kumo", metadata)
    tree.commit()
    publishers = receiving.pull(kumo.directory).publishers
    assert (publishers["kumo"].state, publishers["nimbus"].state) == ("staged", "nothing")


def test_an_altered_file_of_a_part_is_not_taken_in(kumo: Publishing) -> None:
    signed = kumo.sign("kumo", ("K-1", "brands", "Kumo"))
    table = signed / "publishers" / "kumo" / "bulletins.jsonl"
    table.write_bytes(table.read_bytes().replace(b"Look", b"Kool"))
    with pytest.raises(PublishError) as refused:
        kumo.take_in("kumo", signed)
    assert refused.value.code == "publish_unsigned"


def test_a_part_goes_forward_only(kumo: Publishing) -> None:
    kumo.take_in("kumo", kumo.sign("kumo", ("K-1", "brands", "Kumo")))
    old = shutil.copytree(kumo.place / "kumo-signed", kumo.place / "old")
    assert kumo.take_in("kumo", kumo.sign("kumo", ("K-2", "brands", "Kumo"))).version == 2
    with pytest.raises(PublishError) as refused:
        kumo.take_in("kumo", old)
    assert refused.value.message == "publisher-kumo.json: expected a version above 2, which is published, got 1."


def test_an_expired_part_is_not_taken_in(kumo: Publishing) -> None:
    signed = kumo.sign("kumo", ("K-1", "brands", "Kumo"))
    kumo.now = later(days=400)
    with pytest.raises(PublishError) as refused:
        kumo.take_in("kumo", signed)
    assert refused.value.message == "publisher-kumo.json: expected an expiry after 2027-12-26, got 2027-11-21."


def test_a_part_that_has_ended_brings_nothing_new_and_stays_in_use(kumo: Publishing, receiving: Receiving) -> None:
    kumo.take_in("kumo", kumo.sign("kumo", ("K-1", "brands", "Kumo")))
    file = receiving.pull(kumo.directory).publishers["kumo"].file
    editions(receiving.state_dir).activate(file)
    kumo.now = later(days=400)
    publish.renew(kumo.tree())
    state = receiving.pull(kumo.directory, later(days=401))
    part = state.publishers["kumo"]
    assert (state.state, part.state, part.file) == ("fresh", "refused", file)
    at = "2027-12-27 12:00 UTC by this clock"
    reason = f"{kumo.directory}: expected metadata that are good at {at}, got: New publisher-kumo is expired."
    assert part.reason == reason
    assert file in editions(receiving.state_dir).contents().files


def test_a_revoked_publisher_is_no_longer_used(kumo: Publishing, receiving: Receiving) -> None:
    kumo.take_in("kumo", kumo.sign("kumo", ("K-1", "brands", "Kumo")))
    file = receiving.pull(kumo.directory).publishers["kumo"].file
    shelf = editions(receiving.state_dir)
    assert file in shelf.contents().files
    publish.undelegate(kumo.tree(), "kumo")
    assert receiving.pull(kumo.directory).publishers == {}
    assert file not in shelf.contents().files


@pytest.mark.parametrize("lost", ["damaged", "gone"])
def test_a_revoked_publisher_is_withdrawn_although_the_state_was_lost(
    kumo: Publishing, receiving: Receiving, lost: str
) -> None:
    kumo.take_in("kumo", kumo.sign("kumo", ("K-1", "brands", "Kumo")))
    file = receiving.pull(kumo.directory).publishers["kumo"].file
    shelf = editions(receiving.state_dir)
    shelf.activate(file)
    place = receiving.box.directory / "state.json"
    if lost == "gone":  # as after a power cut before it was written
        place.unlink()
    else:
        place.write_bytes(b"{")
    publish.undelegate(kumo.tree(), "kumo")
    assert receiving.pull(kumo.directory).state == "fresh"
    assert shelf.contents().slots == {}


def test_a_publisher_of_the_tree_before_is_withdrawn_when_another_root_is_trusted(
    kumo: Publishing, receiving: Receiving, tmp_path: Path
) -> None:
    kumo.take_in("kumo", kumo.sign("kumo", ("K-1", "brands", "Kumo")))
    editions(receiving.state_dir).activate(receiving.pull(kumo.directory).publishers["kumo"].file)
    (receiving.box.directory / "state.json").write_bytes(b"{")
    other = Publishing(tmp_path / "other")
    other.place.mkdir()
    other.found()
    receiving.box.trust(other.root, replace=True)
    assert receiving.pull(other.directory).state == "fresh"
    assert "kumo" not in editions(receiving.state_dir).contents().slots


def test_a_revocation_that_cannot_be_carried_out_is_no_fresh_pull(kumo: Publishing, receiving: Receiving) -> None:
    shelf = editions(receiving.state_dir)
    shelf.directory.mkdir(parents=True)
    (shelf.directory / "CURRENT").write_bytes(b"{")
    state = receiving.pull(kumo.directory)
    assert (state.state, state.code) == ("refused", "shelf_damaged")
    assert state.items[0].state == "staged"


def test_a_narrower_scope_is_applied_to_what_was_signed_before(kumo: Publishing, receiving: Receiving) -> None:
    kumo.take_in("kumo", kumo.sign("kumo", ("K-1", "brands", "Kumo"), ("K-2", "gtins", EARBUDS)))
    assert receiving.pull(kumo.directory).publishers["kumo"].rows == 2
    kumo.delegate("kumo", brands=["Kumo"])
    part = receiving.pull(kumo.directory).publishers["kumo"]
    assert (part.rows, len(part.refused)) == (1, 1)


def test_a_part_without_tables_is_not_signed(kumo: Publishing, tmp_path: Path) -> None:
    key = kumo.place / "safe" / "kumo.pem"
    with pytest.raises(PublishError) as refused:
        parts.sign_part("kumo", tmp_path, tmp_path / "out", key=key, passphrase=passphrase, now=NOW)
    assert (
        refused.value.message
        == f"{tmp_path}: expected bulletins.jsonl or faces.jsonl or watch_list.jsonl, got none of them."
    )


@pytest.mark.parametrize("picture", ["../secret.png", "a/b/c.png", "/etc/passwd", "missing.png"])
def test_a_picture_that_is_not_below_the_directory_is_not_signed(
    kumo: Publishing, tmp_path: Path, picture: str
) -> None:
    (tmp_path / "faces.jsonl").write_text(json.dumps({"picture": picture}), encoding="utf-8")
    (tmp_path.parent / "secret.png").write_bytes(b"x")
    key = kumo.place / "safe" / "kumo.pem"
    with pytest.raises(PublishError) as refused:
        parts.sign_part("kumo", tmp_path, tmp_path / "out", key=key, passphrase=passphrase, now=NOW)
    assert refused.value.code == "publish_part"
