"""The file of a delta: a header, sections of changes, and a hash over all of it.

    "SEKDELTA" · schema (2 bytes) · length of the header (4) · header as JSON
    sections: number of parts (1 byte), then each part: length (4), one zstd frame
    SHA-256 of all before (32 bytes)

Numbers are big endian. The first part of a section is JSON and says what the others are. The magic, the schema and the
hash at the end stay where they are in every later schema. It knows how changes lie in a file and no edition.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np
import zstandard

from edge.errors import RegistryError
from edge.storage.serial_blocks import NOTHING, Hashes

SCHEMA = 1
Section: TypeAlias = tuple[dict[str, Any], list[bytes]]

_MAGIC = b"SEKDELTA"
_HEAD = struct.Struct(">8sHI")
_LONGEST_HEADER = 1 << 20
_LONGEST_SECTION = 64 << 20  # all its parts together, unpacked: with what is made of them, 300 MB at most
_LONGEST_TEXT = 4 << 20  # the first of them, of which JSON makes up to 30 times as much
_MOST_NUMBERS = 1 << 20  # in one section's planes, of which arrays of 8 bytes each are made
_MOST_PARTS = 255
_LEVEL = 15
_READ = 1 << 20


@dataclass(frozen=True, slots=True)
class DeltaHeader:
    """What a delta says of itself."""

    schema: int
    from_sha256: str  # content of the edition that it changes
    to_sha256: str  # content of the edition that it makes
    number: int  # of the edition that it makes
    changes: Mapping[str, int]  # rows changed, by table; serials by their tables of blocks
    windows: Mapping[str, int]  # into how many windows of hashes the sections of a table of blocks are cut
    counts: Mapping[str, int]  # hashes of those tables in the edition that it makes

    @property
    def total(self) -> int:
        """How many rows it changes."""
        return sum(self.changes.values())


def damaged(path: Path, came: str) -> RegistryError:
    """The error for a delta that is not what it was."""
    return RegistryError(
        "delta_damaged", f"{path}: expected a whole delta, got {came}.", hint="Copy or fetch the delta again."
    )


def read_header(path: Path) -> DeltaHeader:
    """Check the whole file against its hash, then say what it says of itself.

    Raises:
        RegistryError: delta_missing, delta_damaged, delta_newer_schema.
    """
    with _opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size < _HEAD.size + hashlib.sha256().digest_size:
            raise damaged(path, f"{size} bytes")
        left = size - hashlib.sha256().digest_size
        digest = hashlib.sha256()
        while left and (block := file.read(min(_READ, left))):
            digest.update(block)
            left -= len(block)
        if left or file.read() != digest.digest():
            raise damaged(path, "another content than its hash says")
        file.seek(0)
        return _header(path, file)


def _header(path: Path, file: IO[bytes]) -> DeltaHeader:
    magic, schema, length = _HEAD.unpack(file.read(_HEAD.size))
    if magic != _MAGIC:
        raise damaged(path, "another kind of file")
    if schema != SCHEMA:
        message = f"{path}: expected a delta of schema {SCHEMA}, got {schema}."
        raise RegistryError("delta_newer_schema", message, hint="Update this bench, or take the whole edition.")
    try:
        return DeltaHeader(**json.loads(file.read(min(length, _LONGEST_HEADER))))
    except (ValueError, TypeError) as error:
        raise damaged(path, f"a header that cannot be read ({error})") from error


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        message = f"{path}: expected a readable delta, got {error.strerror}."
        raise RegistryError("delta_missing", message, hint="Check the path and its permissions.") from error


def read_sections(path: Path) -> Iterator[Section]:
    """The sections of a delta whose `read_header` has been seen, one after the other.

    Raises:
        RegistryError: delta_missing, delta_damaged.
    """
    unpacker = zstandard.ZstdDecompressor(max_window_size=_LONGEST_SECTION)
    with _opened(path) as file:
        end = os.fstat(file.fileno()).st_size - hashlib.sha256().digest_size
        _magic, _schema, length = _HEAD.unpack(file.read(_HEAD.size))
        file.seek(length, os.SEEK_CUR)
        while file.tell() < end:
            try:
                yield _section(file, unpacker)
            except (ValueError, IndexError, RecursionError, struct.error, zstandard.ZstdError) as error:
                raise damaged(path, f"a section that cannot be read ({error})") from error


def _section(file: IO[bytes], unpacker: zstandard.ZstdDecompressor) -> Section:
    parts: list[bytes] = []
    room = _LONGEST_TEXT
    for _number in range(file.read(1)[0]):
        parts.append(_part(file, unpacker, room))
        room = _LONGEST_SECTION - sum(map(len, parts))
    return json.loads(parts[0]), parts[1:]


def _part(file: IO[bytes], unpacker: zstandard.ZstdDecompressor, room: int) -> bytes:
    """The next part, of at most `room` bytes. Of a longer one nothing is unpacked."""
    (length,) = struct.unpack(">I", file.read(4))
    packed = file.read(min(length, _LONGEST_SECTION))
    size = zstandard.frame_content_size(packed)
    if len(packed) != length or size > room:
        raise ValueError(f"expected a part of at most {room} bytes, got {max(size, length)}")
    return unpacker.decompress(packed)


class SectionWriter:
    """Writes sections into a file, to be put behind a header later."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._packer = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=False)

    def write(self, said: Mapping[str, Any], parts: Sequence[bytes] = ()) -> None:
        """Write one section.

        Raises:
            ValueError: it is larger than `read_sections` takes.
        """
        text = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
        size = len(text) + sum(map(len, parts))
        if len(text) > _LONGEST_TEXT or size > _LONGEST_SECTION or len(parts) >= _MOST_PARTS:
            raise ValueError(f"expected a section that can be read again, got {size} bytes in {1 + len(parts)} parts")
        self._file.write(bytes((1 + len(parts),)))
        for part in (text, *parts):
            packed = self._packer.compress(part)
            self._file.write(struct.pack(">I", len(packed)) + packed)


def write(beside: Path, header: DeltaHeader, sections: IO[bytes]) -> None:
    """Write a whole delta: the header, what `sections` holds, and the hash.

    Raises:
        OSError: it cannot be written.
    """
    text = json.dumps(asdict(header), sort_keys=True).encode()
    digest = hashlib.sha256()
    sections.seek(0)
    with beside.open("wb") as file:
        block = _HEAD.pack(_MAGIC, SCHEMA, len(text)) + text
        while block:
            digest.update(block)
            file.write(block)
            block = sections.read(_READ)
        file.write(digest.digest())


def planes(ascending: Hashes) -> list[bytes]:
    """Ascending numbers as their gaps, written byte by byte of equal weight: the upper bytes of gaps pack well."""
    if not len(ascending):
        return []
    gaps = np.diff(ascending, prepend=np.uint64(0))
    used = (int(gaps.max()).bit_length() + 7) // 8 or 1
    by_weight = gaps.astype("<u8").view(np.uint8).reshape(-1, 8)
    return [by_weight[:, weight].tobytes() for weight in range(used)]


def numbers(written: Sequence[bytes], count: int) -> Hashes:
    """The ascending numbers of `planes`.

    Raises:
        ValueError: they are not `count`, or more than a section holds.
    """
    if not written:
        return NOTHING
    if count > _MOST_NUMBERS:
        raise ValueError(f"expected at most {_MOST_NUMBERS} numbers, got {count}")
    if len(written) > 8 or {len(plane) for plane in written} != {count}:  # noqa: PLR2004 - bytes of a number
        raise ValueError(f"expected planes of {count} bytes, got others")
    gaps = np.zeros((count, 8), np.uint8)
    for weight, plane in enumerate(written):
        gaps[:, weight] = np.frombuffer(plane, np.uint8)
    return np.cumsum(gaps.view("<u8").reshape(count).astype(np.uint64), dtype=np.uint64)
