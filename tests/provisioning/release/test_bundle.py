"""A bundle holds plain files and nothing else; whatever differs from its manifest is refused."""

from __future__ import annotations

import io
import json
import random
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning.release import bundle
from provisioning.release.bundle import MANIFEST, Manifest, damage, pack, unpack
from provisioning.release.errors import BundleRefused
from tests.provisioning.release.bundles import packed, program


def plain(place: Path) -> bytes:
    """The tar file in a bundle of three files."""
    with packed(place, "1.1").path.open("rb") as file:
        return zstandard.ZstdDecompressor().stream_reader(file).read()


def wrapped(data: bytes) -> io.BytesIO:
    return io.BytesIO(zstandard.ZstdCompressor(write_checksum=True).compress(data))


def refused(stream: io.BytesIO, place: Path) -> str:
    with pytest.raises(BundleRefused) as error:
        unpack(stream, place / "out")
    assert error.value.code == "release_bundle"
    return error.value.message


def rewritten(data: bytes, change: Callable[[tarfile.TarInfo], None]) -> bytes:
    """The tar file with the header of its second member changed, checksum and all."""
    (size,) = (tarfile.TarInfo.frombuf(data[:512], "ascii", "strict").size,)
    place = 512 + size + -size % 512
    member = tarfile.TarInfo.frombuf(data[place : place + 512], "ascii", "strict")
    change(member)
    return data[:place] + member.tobuf(tarfile.USTAR_FORMAT) + data[place + 512 :]


def vars_of(member: tarfile.TarInfo, **values: object) -> None:
    for name, value in values.items():
        setattr(member, name, value)


def test_a_bundle_unpacks_to_what_was_packed(tmp_path: Path) -> None:
    made = packed(tmp_path, "1.1")
    with made.path.open("rb") as file:
        manifest = unpack(file, tmp_path / "out")
    assert manifest == made.manifest
    assert [one.path for one in manifest.files] == ["doc/copyright", "lib/release.json", "lib/sekisho.py"]
    for one in manifest.files:
        assert (tmp_path / "out" / one.path).read_bytes() == (tmp_path / "1.1" / one.path).read_bytes()
        assert (tmp_path / "out" / one.path).stat().st_mode & 0o7777 == 0o644
    assert damage(tmp_path / "out") == ""


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    first, again = packed(tmp_path / "a", "1.1"), packed(tmp_path / "b", "1.1")
    assert first.path.read_bytes() == again.path.read_bytes()


def test_tar_reads_what_is_in_it(tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(plain(tmp_path))) as archive:
        assert archive.getnames() == [MANIFEST, "doc/copyright", "lib/release.json", "lib/sekisho.py"]


@pytest.mark.parametrize(
    "change",
    [
        lambda member: setattr(member, "name", "../../etc/cron.d/x"),
        lambda member: setattr(member, "name", "/etc/shadow"),
        lambda member: vars_of(member, type=tarfile.SYMTYPE, linkname="/etc/shadow"),
        lambda member: vars_of(member, type=tarfile.LNKTYPE, linkname="lib/sekisho.py"),
        lambda member: vars_of(member, type=tarfile.CHRTYPE, devmajor=1),
        lambda member: setattr(member, "type", tarfile.FIFOTYPE),
        lambda member: setattr(member, "type", tarfile.DIRTYPE),
        lambda member: setattr(member, "mode", 0o4755),
        lambda member: setattr(member, "uid", 1000),
        lambda member: setattr(member, "mtime", 1),
        lambda member: setattr(member, "size", member.size + 512),
    ],
    ids=[
        "traversal",
        "absolute",
        "symlink",
        "hardlink",
        "device",
        "fifo",
        "directory",
        "setuid",
        "owner",
        "time",
        "size",
    ],
)
def test_a_member_that_is_no_plain_file_of_the_manifest_is_refused(
    tmp_path: Path, change: Callable[[Any], Any]
) -> None:
    stream = wrapped(rewritten(plain(tmp_path), change))
    words = "The bundle: expected the header of the plain file doc/copyright, got another header."
    assert refused(stream, tmp_path) == words
    assert [path.name for path in (tmp_path / "out").iterdir()] == []


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "lib/../x",
        "/etc/x",
        "lib//x",
        "lib/.",
        "lib/",
        "lib",
        "etc/x",
        "lib/a\\b",
        "lib/\x00",
        "lib/" + "a" * 101,
        "",
    ],
)
def test_a_manifest_names_plain_paths_only(path: str) -> None:
    with pytest.raises(ValueError, match="expected a plain path under lib/ or doc/"):
        bundle.File(path=path, size=0, sha256="0" * 64)


def listed(*paths: str, size: int = 0) -> dict[str, Any]:
    about = {"version": "1", "architecture": "amd64", "python": "3.11", "ledger": [1, 1]}
    return {"schema": 1, "about": about, "files": [{"path": one, "size": size, "sha256": "0" * 64} for one in paths]}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (listed("lib/b", "lib/a"), "expected every file once, sorted"),
        (listed("lib/a", "lib/a"), "expected every file once, sorted"),
        (listed("lib/a", "lib/a/b"), "expected files or directories, got both of 'lib/a'"),
        (listed("lib/a", "lib/b", size=1_500_000_000), "expected at most 2000000000 bytes in all"),
        (listed("lib/a", size=10**12), "less than or equal to 2000000000"),
        ({**listed("lib/a"), "schema": 2}, "less than or equal to 1"),
    ],
)
def test_a_manifest_that_cannot_be_one_is_refused(said: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Manifest.model_validate_json(json.dumps(said))


def test_a_bomb_is_refused_by_its_manifest_before_it_is_unpacked(tmp_path: Path) -> None:
    data = json.dumps(listed("lib/a", "lib/b", size=1_500_000_000)).encode()
    member = tarfile.TarInfo(MANIFEST)
    member.size = len(data)
    head = member.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % 512)
    words = refused(wrapped(head + bytes(10_000_000)), tmp_path)
    assert words.startswith(
        "The bundle: expected a manifest, got files: Value error, expected at most 2000000000 bytes"
    )


def test_a_manifest_of_endless_zeros_is_refused_by_its_header(tmp_path: Path) -> None:
    member = tarfile.TarInfo(MANIFEST)
    member.size = 2**33
    words = "The bundle: expected the header of manifest.json, at most 16000000 bytes, got another header."
    assert refused(wrapped(member.tobuf(tarfile.GNU_FORMAT)), tmp_path) == words


def test_what_is_cut_short_or_longer_is_refused(tmp_path: Path) -> None:
    data = plain(tmp_path)
    assert "its end after" in refused(wrapped(data[:-512]), tmp_path)
    (tmp_path / "out" / "x").parent.rename(tmp_path / "before")
    assert refused(wrapped(data + b"x"), tmp_path) == "The bundle: expected nothing after its end, got more."


def test_another_writing_of_the_same_manifest_is_refused(tmp_path: Path) -> None:
    made = packed(tmp_path, "1.1")
    data = made.manifest.to_bytes() + b"\n"
    member = tarfile.TarInfo(MANIFEST)
    member.size = len(data)
    stream = wrapped(member.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % 512))
    assert refused(stream, tmp_path) == "The bundle: expected a manifest written in one way, got another writing."


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(place=st.integers(0), bit=st.integers(0, 7))
def test_a_flipped_bit_in_the_files_is_refused_also_where_every_checksum_but_the_manifest_is_right(
    tmp_path_factory: pytest.TempPathFactory, place: int, bit: int
) -> None:
    tmp_path = tmp_path_factory.mktemp("flip")
    data = bytearray(plain(tmp_path))
    data[place % len(data)] ^= 1 << bit
    with pytest.raises(BundleRefused):
        unpack(wrapped(bytes(data)), tmp_path / "out")


def test_a_flipped_bit_anywhere_in_a_bundle_as_it_is_stored_changes_nothing_unseen(tmp_path: Path) -> None:
    made, draw, flips = packed(tmp_path, "1.1"), random.Random(7), 40
    stored = made.path.read_bytes()
    step = (len(stored) - 16) // flips + 1
    places = [*range(8), *range(8, len(stored) - 8, step), *range(len(stored) - 8, len(stored))]
    harmless = []
    for place in places:  # the frame's header, the manifest, members, the checksum at its end
        data = bytearray(stored)
        data[place] ^= 1 << draw.randrange(8)
        out = tmp_path / f"out-{place}"
        try:
            assert unpack(io.BytesIO(data), out) == made.manifest
        except BundleRefused:
            continue
        assert damage(out) == ""
        harmless.append(place)
    assert set(harmless) <= set(range(8))  # bits of zstd's frame header that say nothing (RFC 8878, 3.1.1.1)


def test_a_tree_with_a_link_is_not_packed(tmp_path: Path) -> None:
    tree = program(tmp_path / "1.1", "1.1")
    (tree / "lib" / "link").symlink_to("/etc/passwd")
    with pytest.raises(BundleRefused) as error:
        pack(tree, tmp_path / "bundle")
    words = f"{tree}: expected a package of Sekisho for a box, got lib/link, which is no plain file."
    assert error.value.message == words


def test_a_tree_that_does_not_say_what_it_is_is_not_packed(tmp_path: Path) -> None:
    with pytest.raises(BundleRefused, match=r"no lib/release\.json that says what it is"):
        pack(tmp_path, tmp_path / "bundle")


def test_damage_of_an_unpacked_release_is_found(tmp_path: Path) -> None:
    with packed(tmp_path, "1.1").path.open("rb") as file:
        unpack(file, tmp_path / "out")
    (tmp_path / "out/lib/sekisho.py").write_text("print(2)\n")
    assert damage(tmp_path / "out") == "lib/sekisho.py is not what was signed"
    (tmp_path / "out/lib/sekisho.py").unlink()
    assert damage(tmp_path / "out").startswith("FileNotFoundError")
