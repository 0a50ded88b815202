"""Snapshots: an edition as it travels, whole or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.errors import RegistryError
from edge.storage.canonical import verify
from edge.storage.registry import Registry
from edge.storage.snapshot import pack, unpack
from tests.edge.storage.editions import edition


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    return pack(edition(tmp_path, 1), tmp_path / "one.zst")


def refusal(snapshot: Path, expected: str | None = None, limit: int = 1 << 30) -> tuple[str, str]:
    before = sorted(snapshot.parent.iterdir())
    with pytest.raises(RegistryError) as caught:
        unpack(snapshot, snapshot.with_name("out.sqlite"), expected, limit)
    assert sorted(snapshot.parent.iterdir()) == before
    assert caught.value.hint
    return caught.value.code, caught.value.message


def test_an_edition_comes_back_as_it_was(snapshot: Path) -> None:
    original = snapshot.with_name("edition-1.sqlite")
    out = unpack(snapshot, snapshot.with_name("out.sqlite"), verify(original))
    assert out.read_bytes() == original.read_bytes()
    assert snapshot.stat().st_size < original.stat().st_size / 4


def test_another_content_than_the_signed_one_is_refused(snapshot: Path) -> None:
    registry = Registry.open(snapshot.with_name("edition-1.sqlite"))
    assert refusal(snapshot, "00") == (
        "registry_content",
        f"{snapshot}: expected an edition of content 00, got {registry.content_sha256}.",
    )
    registry.close()


def test_a_flipped_byte_is_refused_or_changes_nothing(snapshot: Path) -> None:
    """Some bits of a zstd block mean nothing; what such a file unpacks to is the same edition, to the byte."""
    whole = snapshot.read_bytes()
    original = snapshot.with_name("edition-1.sqlite")
    expected = verify(original)
    codes: list[str] = []
    harmless = 0
    for place in range(0, len(whole), 7):
        snapshot.write_bytes(whole[:place] + bytes((whole[place] ^ 0x20,)) + whole[place + 1 :])
        out = snapshot.with_name("out.sqlite")
        try:
            unpack(snapshot, out, expected, 1 << 30)
        except RegistryError as error:
            codes.append(error.code)
        else:
            assert out.read_bytes() == original.read_bytes()
            harmless += 1
        out.unlink(missing_ok=True)
    assert set(codes) <= {"snapshot_damaged", "snapshot_too_large"}
    assert harmless <= 2 < len(codes)


def test_a_cut_snapshot_is_refused(snapshot: Path) -> None:
    whole = snapshot.read_bytes()
    for length in (0, 5, 20, len(whole) // 2, len(whole) - 1):
        snapshot.write_bytes(whole[:length])
        assert refusal(snapshot)[0] == "snapshot_damaged"


def test_a_snapshot_that_unpacks_to_too_much_is_refused(snapshot: Path) -> None:
    size = snapshot.with_name("edition-1.sqlite").stat().st_size
    message = f"{snapshot}: expected an edition of at most 4096 bytes, got {size}."
    assert refusal(snapshot, limit=4096) == ("snapshot_too_large", message)


def test_a_missing_snapshot_is_told(snapshot: Path) -> None:
    snapshot.unlink()
    message = f"{snapshot}: expected a readable snapshot, got No such file or directory."
    assert refusal(snapshot) == ("snapshot_missing", message)


def test_what_is_no_edition_is_not_packed(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    with pytest.raises(RegistryError, match="expected a registry edition, got another kind of file"):
        pack(tmp_path / "text", tmp_path / "out")
