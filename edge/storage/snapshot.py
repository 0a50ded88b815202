"""Snapshots: a whole edition as it is published, packed with zstd, and unpacked in bounded memory."""

from __future__ import annotations

from pathlib import Path

import zstandard

from edge.errors import RegistryError
from edge.storage.canonical import verify
from edge.storage.database import is_disk_full
from edge.storage.registry_file import full, refuse_unless_ours, written

LIMIT_BYTES = 64 << 30  # of an unpacked edition, when nothing smaller is known

_LEVEL = 10
_BLOCK = 1 << 20
_PACKED = 1_024  # taken at once: a frame of nothing but runs unpacks 32,000 times larger, which must fit into memory
_HEADER = 18  # RFC 8878: the longest frame header
_WINDOW = 8 << 20  # what a box needs in memory to unpack


def pack(edition: Path, out: Path, level: int = _LEVEL) -> Path:
    """Pack an edition for publishing.

    Raises:
        RegistryError: it is no edition.
        OSError: `out` cannot be written.
    """
    refuse_unless_ours(edition)
    size = edition.stat().st_size
    settings = zstandard.ZstdCompressionParameters.from_level(
        level, source_size=size, window_log=_WINDOW.bit_length() - 1, write_checksum=True
    )
    packer = zstandard.ZstdCompressor(compression_params=settings)
    with written(out) as beside, edition.open("rb") as source, beside.open("wb") as file:
        packer.copy_stream(source, file, size=size, read_size=_BLOCK, write_size=_BLOCK)
    return out


def unpack(snapshot: Path, out: Path, expected: str | None = None, limit: int = LIMIT_BYTES) -> Path:
    """Unpack a snapshot into the edition `out`, of at most `limit` bytes and of the signed content `expected`.

    Raises:
        RegistryError: snapshot_missing, snapshot_damaged, snapshot_too_large; registry_content: it is another edition;
            registry_full: no room; registry_*: it holds no edition.
        OSError: `out` cannot be written for another reason.
    """
    try:
        with written(out) as beside:
            _unpack(snapshot, beside, limit)
            refuse_unless_ours(beside)
            if expected is not None and (came := verify(beside)) != expected:
                raise RegistryError(
                    "registry_content",
                    f"{snapshot}: expected an edition of content {expected}, got {came}.",
                    hint="Fetch the edition again; the one in use stays.",
                )
    except OSError as error:
        if not is_disk_full(error):
            raise
        raise full(out) from error
    return out


def _unpack(snapshot: Path, beside: Path, limit: int) -> None:
    try:
        source = snapshot.open("rb")
    except OSError as error:
        message = f"{snapshot}: expected a readable snapshot, got {error.strerror}."
        raise RegistryError("snapshot_missing", message, hint="Check the path and its permissions.") from error
    unpacker = zstandard.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()
    with source, beside.open("wb") as file:
        try:
            said = zstandard.frame_content_size(source.read(_HEADER))
            source.seek(0)
            size = 0
            while not unpacker.eof and size <= min(said, limit) and (packed := source.read(_PACKED)):
                unpacked = unpacker.decompress(packed)
                size += len(unpacked)
                file.write(unpacked)
        except zstandard.ZstdError as error:
            raise _damaged(snapshot, str(error)) from error
        rest = unpacker.unused_data + source.read(1)
    if max(size, said) > limit:
        message = f"{snapshot}: expected an edition of at most {limit} bytes, got {max(size, said)}."
        raise RegistryError("snapshot_too_large", message, hint="Ask the publisher; the edition in use stays.")
    if size != said or not unpacker.eof:
        raise _damaged(snapshot, f"{size} bytes of {said}, or their checksum cut short")
    if rest:
        raise _damaged(snapshot, "more bytes behind it")


def _damaged(snapshot: Path, came: str) -> RegistryError:
    return RegistryError(
        "snapshot_damaged", f"{snapshot}: expected a whole snapshot, got {came}.", hint="Copy or fetch it again."
    )
