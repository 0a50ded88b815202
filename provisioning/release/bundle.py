"""A release bundle: the program's files in one tar file, packed by zstd; the first member names every other one.

    manifest.json     what the release is, and path, size and SHA-256 of each file, sorted
    lib/...           what lies under /opt/sekisho/lib
    doc/...           licences, bill of materials

It can be read with `tar --zstd -t`. It is written in one way only (ustar, POSIX.1-1988; no owner, no time, mode 644),
so that the same files give the same bytes; and it is unpacked only when every header is, byte for byte, the one that
the manifest asks for. A link, a device, a setuid bit, an owner, another order or name has another header, and is
refused without being understood. Who signed it is not judged here.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import zstandard
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from edge.errors import BoxError
from edge.releases import ABOUT, About, about
from edge.storage.database import fsync_directory
from provisioning.release.errors import BundleRefused

SCHEMA = 1
MANIFEST = "manifest.json"
MOST_FILES, MOST_BYTES, MOST_MANIFEST = 50_000, 2_000_000_000, 16_000_000
_BLOCK = tarfile.BLOCKSIZE
_PIECE = 1 << 20
_LEVEL = 9
_WINDOW = 1 << 27
_PATH = re.compile(r"(?:lib|doc)(?:/(?!\.\.?(?:/|$))[A-Za-z0-9._+@=~()-]{1,100})+")
_TAKEN = {"./opt/sekisho/lib/": "lib/", "./usr/share/doc/sekisho/": "doc/"}


class File(BaseModel):
    """One file of a release."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    path: str
    size: int = Field(ge=0, le=MOST_BYTES)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")

    @field_validator("path")
    @classmethod
    def _plain(cls, value: str) -> str:
        if not _PATH.fullmatch(value):
            raise ValueError(f"expected a plain path under lib/ or doc/, got {value[:120]!r}")
        return value


class Manifest(BaseModel):
    """The first member of a bundle."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_: int = Field(alias="schema", ge=SCHEMA, le=SCHEMA)
    about: About
    files: tuple[File, ...] = Field(max_length=MOST_FILES)

    @field_validator("files")
    @classmethod
    def _apart(cls, files: tuple[File, ...]) -> tuple[File, ...]:
        paths = [one.path for one in files]
        if paths != sorted(set(paths)):
            raise ValueError("expected every file once, sorted")
        folders = {
            "/".join(parts[:deep]) for path in paths for parts in [path.split("/")] for deep in range(1, len(parts))
        }
        if both := folders & set(paths):
            raise ValueError(f"expected files or directories, got both of {min(both)!r}")
        if sum(one.size for one in files) > MOST_BYTES:
            raise ValueError(f"expected at most {MOST_BYTES} bytes in all")
        return files

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(one.size for one in self.files)

    def to_bytes(self) -> bytes:
        """The member."""
        return json.dumps(self.model_dump(by_alias=True), separators=(",", ":"), sort_keys=True).encode()


@dataclass(frozen=True, slots=True)
class Packed:
    """A bundle that was written."""

    path: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        """Its name in a published tree."""
        said = self.manifest.about
        return f"sekisho-{said.version}-{said.architecture}-py{said.python}.tar.zst"


# --- packing -------------------------------------------------------------------------------------------------------


def from_package(package: Path, out: Path) -> Packed:
    """Make the bundle of what a .deb of ours installs.

    Raises:
        BundleRefused: release_package: it is no package of ours.
        BoxError: package_dpkg: dpkg-deb is absent or fails.
    """
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".release-") as room:
        _unpacked_package(package, Path(room))
        return pack(Path(room), out)


def pack(tree: Path, out: Path, *, level: int = _LEVEL) -> Packed:
    """Make the bundle of `tree`, which holds lib/ and doc/; lib/release.json says what it is. `level` is that of zstd.

    Raises:
        BundleRefused: release_package: it does not say what it is, or holds what a bundle cannot.
        OSError: it cannot be read or written.
    """
    said = about(tree / "lib")
    if said is None:
        raise _no_package(tree, f"no lib/{ABOUT} that says what it is")
    paths = sorted(path for part in ("lib", "doc") for path in (tree / part).rglob("*") if not path.is_dir())
    if odd := next((path for path in paths if path.is_symlink() or not path.is_file()), None):
        raise _no_package(tree, f"{odd.relative_to(tree)}, which is no plain file")
    try:
        files = sorted((_described(tree, path) for path in paths), key=lambda one: one.path)
        manifest = Manifest(schema=SCHEMA, about=said, files=tuple(files))
    except ValidationError as error:
        raise _no_package(tree, _first(error)) from error
    with out.open("wb") as file, zstandard.ZstdCompressor(level, write_checksum=True).stream_writer(file) as stream:
        data = manifest.to_bytes()
        stream.write(_header(MANIFEST, len(data)) + data + _padding(len(data)))
        for one in manifest.files:
            stream.write(_header(one.path, one.size))
            with (tree / one.path).open("rb") as read:
                while piece := read.read(_PIECE):
                    stream.write(piece)
            stream.write(_padding(one.size))
        stream.write(bytes(2 * _BLOCK))
    return Packed(out, manifest)


def _unpacked_package(package: Path, room: Path) -> None:
    try:
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as told:  # noqa: S603, S607
            assert told.stdout is not None  # noqa: S101 - it is a pipe
            with tarfile.open(fileobj=told.stdout, mode="r|") as archive:
                for member in archive:
                    before = next((one for one in _TAKEN if member.name.startswith(one)), "")
                    if before and member.isfile() and not member.name.endswith(".pyc"):
                        place = room / _TAKEN[before] / member.name.removeprefix(before)
                        place.parent.mkdir(parents=True, exist_ok=True)
                        read = archive.extractfile(member)
                        place.write_bytes(read.read() if read is not None else b"")
    except FileNotFoundError as error:
        raise BoxError(
            "package_dpkg", "dpkg-deb: expected Debian's packing tool, got none.", hint="apt-get install dpkg"
        ) from error
    except tarfile.TarError as error:
        raise _no_package(package, str(error)) from error


def _described(tree: Path, path: Path) -> File:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return File(path=path.relative_to(tree).as_posix(), size=path.stat().st_size, sha256=digest)


def _no_package(path: Path, came: str) -> BundleRefused:
    message = f"{path}: expected a package of Sekisho for a box, got {came}."
    return BundleRefused("release_package", message, hint="./run package makes one.")


# --- reading -------------------------------------------------------------------------------------------------------


def unpack(bundle: BinaryIO, into: Path) -> Manifest:
    """Unpack a bundle into the new directory `into`, durably. Every byte must be what the manifest says.

    Raises:
        BundleRefused: release_bundle: it is anything else than a bundle; what was unpacked stays, and is to be removed.
        OSError: it cannot be written.
    """
    into.mkdir(mode=0o755)
    reader = zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(bundle, read_across_frames=True)
    with told():
        manifest = _manifest(reader)
        for one in manifest.files:
            _require_header(reader, one.path, one.size)
            _write(reader, one, into / one.path)
        if _exactly(reader, 2 * _BLOCK) != bytes(2 * _BLOCK):
            raise _refused("two empty blocks at its end", "something else")
        if reader.read(1):
            raise _refused("nothing after its end", "more")
        if bundle.read(1):
            raise _refused("nothing after its end", "more")
    if about(into / "lib") != manifest.about:
        raise _refused(f"lib/{ABOUT} to say the same as {MANIFEST}", "something else")
    (into / MANIFEST).write_bytes(manifest.to_bytes())
    os.sync()  # once for thousands of files
    for folder in (into, into.parent):
        fsync_directory(folder)
    return manifest


def read_manifest(bundle: BinaryIO) -> Manifest:
    """What a bundle says that it is, before anything is unpacked.

    Raises:
        BundleRefused: release_bundle.
    """
    with told():
        return _manifest(zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(bundle))


def damage(unpacked: Path) -> str:
    """The first file of an unpacked release that is not what was signed; "" when all are."""
    try:
        manifest = Manifest.model_validate_json((unpacked / MANIFEST).read_bytes())
        for one in manifest.files:
            if _described(unpacked, unpacked / one.path) != one:
                return f"{one.path} is not what was signed"
    except (OSError, ValueError) as error:
        return f"{type(error).__name__}: {error!s:.200}"
    return ""


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Damage in our words."""
    try:
        yield
    except zstandard.ZstdError as error:
        raise _refused("a whole zstd stream", str(error)) from error


def _manifest(reader: zstandard.ZstdDecompressionReader) -> Manifest:
    head = _exactly(reader, _BLOCK)
    try:
        size = tarfile.TarInfo.frombuf(head, "ascii", "strict").size
    except (tarfile.TarError, ValueError) as error:
        raise _refused(f"the header of {MANIFEST}", f"{type(error).__name__}: {error}") from error
    if not 0 < size <= MOST_MANIFEST or head != _header(MANIFEST, size):
        raise _refused(f"the header of {MANIFEST}, at most {MOST_MANIFEST} bytes", "another header")
    data = _exactly(reader, size)
    _require_padding(reader, size)
    try:
        manifest = Manifest.model_validate_json(data)
    except ValidationError as error:
        raise _refused("a manifest", _first(error)) from error
    if manifest.to_bytes() != data:
        raise _refused("a manifest written in one way", "another writing")
    return manifest


def _write(reader: zstandard.ZstdDecompressionReader, one: File, place: Path) -> None:
    place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    digest, left = hashlib.sha256(), one.size
    with place.open("xb") as file:
        while left:
            piece = _exactly(reader, min(left, _PIECE))
            digest.update(piece)
            file.write(piece)
            left -= len(piece)
    if digest.hexdigest() != one.sha256:
        raise _refused(f"{one.path} as its manifest says", "other content")
    _require_padding(reader, one.size)


def _require_header(reader: zstandard.ZstdDecompressionReader, path: str, size: int) -> None:
    if _exactly(reader, _BLOCK) != _header(path, size):
        raise _refused(f"the header of the plain file {path}", "another header")


def _require_padding(reader: zstandard.ZstdDecompressionReader, size: int) -> None:
    if _exactly(reader, len(_padding(size))) != _padding(size):
        raise _refused("empty padding", "something else")


def _exactly(reader: zstandard.ZstdDecompressionReader, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = reader.read(count - len(data))
        if not piece:
            raise _refused(f"{count} bytes more", f"its end after {len(data)}")
        data += piece
    return data


def _header(path: str, size: int) -> bytes:
    member = tarfile.TarInfo(path)
    member.size = size
    return member.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")


def _padding(size: int) -> bytes:
    return bytes(-size % _BLOCK)


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'the document'}: {first['msg']}"[:300]


def _refused(expected: str, came: str) -> BundleRefused:
    message = f"The bundle: expected {expected}, got {came}."
    return BundleRefused("release_bundle", message, hint="Nothing of it is used. Bring a fresh copy.")
