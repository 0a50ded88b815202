"""What a package of Debian says of itself, read without Debian's tools: a desk may be any machine.

deb(5): an ar(5) archive of debian-binary, control.tar and data.tar, in this order. It unpacks nothing.
"""

from __future__ import annotations

import io
import lzma
import re
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import zstandard

from edge.errors import RequestRefused

_MAGIC = b"!<arch>\n"
_HEADER = re.compile(rb"(.{16})[0-9 ]{12}[0-9 ]{6}[0-9 ]{6}[0-7 ]{8}([0-9]{1,10}) *`\n", re.DOTALL)
_HEADER_BYTES = 60
_MOST_CONTROL_BYTES = 16_000_000


@dataclass(frozen=True, slots=True)
class Deb:
    """The fields of a package's control file that tell where it fits."""

    package: str
    version: str
    architecture: str


def read_deb(path: Path) -> Deb:
    """Read a package to its last member's end, so that one that was cut short is told.

    Raises:
        RequestRefused: request_package: it is no package, or not whole. OSError: it cannot be read.
    """
    control = None
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        if file.read(len(_MAGIC)) != _MAGIC:
            raise _no_package(path, "another kind of file")
        names = []
        while file.tell() < size:
            match = _HEADER.fullmatch(file.read(_HEADER_BYTES))
            if match is None:
                raise _no_package(path, "one that is damaged")
            name, length = match[1].decode("ascii", "replace").rstrip(" /"), int(match[2])
            end = file.tell() + length
            if end > size:
                raise _no_package(path, f"{size} bytes of {end} or more: it was cut short")
            names.append(name.partition(".")[0])
            if name.startswith("control.tar") and length <= _MOST_CONTROL_BYTES:
                control = _control(path, name, file.read(length))
            file.seek(end + length % 2)
    if names != ["debian-binary", "control", "data"] or control is None:
        raise _no_package(path, f"one that holds {', '.join(names[:4]) or 'nothing'}")
    return control


def _control(path: Path, name: str, packed: bytes) -> Deb:
    try:
        with tarfile.open(fileobj=io.BytesIO(_unpacked(name, packed))) as tar:
            member = next(one for one in tar if one.name.removeprefix("./") == "control")
            file = tar.extractfile(member)
            text = file.read().decode("utf-8") if file else ""
        fields = dict(_fields(text))
        return Deb(fields["package"], fields["version"], fields["architecture"])
    except (StopIteration, KeyError, OSError, EOFError, ValueError, tarfile.TarError) as error:
        raise _no_package(path, "one without a control file that can be read") from error
    except (lzma.LZMAError, zlib.error, zstandard.ZstdError) as error:
        raise _no_package(path, "one that is damaged") from error


def _unpacked(name: str, packed: bytes) -> bytes:
    """The tar, of bounded size: what a stranger's package claims is not believed."""
    if name.endswith(".zst"):
        with zstandard.ZstdDecompressor().stream_reader(packed) as reader:
            return reader.read(_MOST_CONTROL_BYTES)
    if name.endswith(".xz"):
        return lzma.LZMADecompressor().decompress(packed, _MOST_CONTROL_BYTES)
    if name.endswith(".gz"):
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(packed, _MOST_CONTROL_BYTES)
    return packed


def _fields(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon and not line.startswith((" ", "\t")):
            yield name.lower(), value.strip()


def _no_package(path: Path, came: str) -> RequestRefused:
    hint = "Take the file again, as it was released."
    return RequestRefused("request_package", f"{path}: expected a whole package of Debian, got {came}.", hint=hint)
