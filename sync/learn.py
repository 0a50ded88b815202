"""Learn: bring down what the central tells this box, verify it, and make it what the box knows.

The document is signed by the central's pinned key and names files by SHA-256. A file of which the box holds all parts
is made here and compared; others are fetched, resumably. What is not verified is never put in place, and what the box
knows stays until the whole of the next state is there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard

from edge.errors import BoxError
from edge.storage.database import made_folder, write_durably
from edge.storage.knowledge import FOLDER, NAME, keep
from edge.storage.sighting_file import SightingFile, merged
from sync.errors import CentralRefused, DocumentRefused
from sync.identity import Enrolment
from sync.link import Link
from sync.protocol import KNOWLEDGE, verified

MOST_FILE_BYTES = 500_000_000  # of one file, unpacked
MOST_BYTES = 4_000_000_000  # of all files: a central must not fill the card


@dataclass(frozen=True, slots=True)
class Learned:
    """What was new: files fetched, files made of held ones, bytes that came."""

    changed: bool = False
    fetched: int = 0
    made: int = 0


def learn(state_dir: Path, link: Link) -> Learned:
    """Ask once. Nothing new costs one small answer.

    Raises:
        CentralUnreachable, CentralRefused: the central does not answer, or with a refusal.
        DocumentRefused: what came is not what the pinned key signed, or not for this box.
        BoxError: knowledge_unwritable.
    """
    folder = state_dir / FOLDER
    etag = _etag(folder)
    try:
        answer = link.ask("GET", "/v1/knowledge", headers={"If-None-Match": etag} if etag else {})
    except CentralRefused as error:
        if error.code == "route_not_found":  # an older central, which tells nothing
            return Learned()
        raise
    if answer.status == 304:  # noqa: PLR2004 - HTTP
        return Learned()
    content = _content(answer.data, link.enrolment)
    try:
        made_folder(folder)
        fetched = made = 0
        for file in content["files"]:
            if (folder / file["sha256"]).exists():
                continue
            own = _made(folder, file)
            data = own if own is not None else _fetched(folder, file, link)
            write_durably(folder / file["sha256"], data, mode=0o600)
            fetched, made = fetched + (own is None), made + (own is not None)
        keep(folder, {**content, "etag": answer.headers.get("etag", "")})
        _tidy(folder, (file["sha256"] for file in content["files"]))
    except OSError as error:
        message = f"{folder}: expected a directory that can be written to, got {error.strerror}."
        raise BoxError("knowledge_unwritable", message, hint="Make room; what the box knew stays.") from error
    return Learned(changed=True, fetched=fetched, made=made)


def _etag(folder: Path) -> str:
    """The mark of what the box knows, when all of its files are there."""
    try:
        said = json.loads((folder / NAME).read_bytes())
        whole = all((folder / file["sha256"]).exists() for file in said["files"])
        return str(said["etag"]) if whole else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _content(data: bytes, enrolment: Enrolment) -> dict[str, Any]:
    told = verified(data, KNOWLEDGE, enrolment.central)
    if told.get("device") != enrolment.device:
        message = f"{KNOWLEDGE}: expected one for {enrolment.device}, got one for {str(told.get('device'))[:64]!r}."
        raise DocumentRefused("document_form", message, hint="What came is not used.")
    content: Any = told.get("content")
    try:
        _require_files(content)
    except (KeyError, TypeError, ValueError) as error:
        message = f"{KNOWLEDGE}: expected files that a box can hold, got {type(error).__name__}: {error!s:.100}."
        raise DocumentRefused("document_form", message, hint="The central may speak a newer version.") from error
    return dict(content)


def _require_files(content: Any) -> None:  # noqa: ANN401 - a document from outside
    """Names are hashes, sizes are sizes, and all of them together do not fill the card.

    Raises:
        KeyError, TypeError, ValueError: they are not.
    """
    whole = 0
    for file in content["files"]:
        bytes.fromhex(file["sha256"])
        list(file["parts"])
        if not all(0 < int(file[name]) <= MOST_FILE_BYTES for name in ("size", "packed")):
            raise ValueError(f"a file of {file['size']} bytes")
        whole += int(file["size"])
    if whole > MOST_BYTES:
        raise ValueError(f"{whole} bytes of files")


def _made(folder: Path, file: Mapping[str, Any]) -> bytes | None:
    """The file out of its parts, when all are held and give what was signed."""
    parts = [folder / Path(str(name)).name for name in file["parts"]]
    if not parts or not all(part.exists() for part in parts):
        return None
    try:
        data = merged([SightingFile.open(part) for part in parts])
    except (OSError, ValueError):
        return None
    return data if hashlib.sha256(data).hexdigest() == file["sha256"] else None


def _fetched(folder: Path, file: Mapping[str, Any], link: Link) -> bytes:
    name, packed = str(file["sha256"]), int(file["packed"])
    part = folder / f"{name}.part"
    with part.open("ab") as out:
        while (at := out.tell()) < packed:
            came = link.ask("GET", f"/v1/sightings/{name}/{at}").data
            if not came:
                break
            out.write(came)
            out.flush()
    data = _unpacked(part.read_bytes(), int(file["size"]))
    part.unlink()
    if hashlib.sha256(data).hexdigest() != name:
        message = f"{name}: expected a file of sightings with this SHA-256, got another."
        raise DocumentRefused("document_form", message, hint="It is fetched anew with the next sync.")
    return data


def _unpacked(packed: bytes, size: int) -> bytes:
    """At most `size` bytes; what is damaged is empty, and its hash will not fit."""
    try:
        return zstandard.ZstdDecompressor().decompress(packed, max_output_size=min(size, MOST_FILE_BYTES))
    except zstandard.ZstdError:
        return b""


def _tidy(folder: Path, wanted: Iterable[str]) -> None:
    names = {NAME, *wanted}
    for path in folder.iterdir():
        if path.is_file() and path.name not in names:
            path.unlink(missing_ok=True)
