"""Manifests: files of consignments that were declared ahead, in CSV, JSON or XML, as docs/consignments.md describes.

`rows` reads one as it comes, in bounded memory: each consignment is good or refused by its row, with its value, what
was expected and what came. Nothing is corrected. It keeps nothing: that is edge/storage/consignments.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edge.declaration import ConsignmentIn
from edge.errors import RequestRefused
from edge.manifests import csv_lines, json_documents, xml_elements
from edge.manifests.claims import Refused

MOST_BYTES = 4_000_000_000  # of one manifest
_READERS = {
    ".csv": csv_lines.read,
    ".json": json_documents.read,
    ".jsonl": json_documents.read_lines,
    ".xml": xml_elements.read,
}
SUFFIXES = frozenset(_READERS)


def shown(path: Path) -> str:
    """The name of a file as it can be stored and shown: what is no UTF-8 or no print is written with backslashes."""
    name = path.name.encode(errors="surrogateescape").decode(errors="backslashreplace")
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in name)


def rows(path: Path) -> Iterator[tuple[int, ConsignmentIn | Refused]]:
    """The consignments of a manifest by row number, each good or refused.

    A manifest that breaks off or is damaged at some place is used up to there; the last refusal says so.

    Raises:
        RequestRefused: request_manifest: it is no regular file, too large, or of no known form.
        OSError: it cannot be read.
    """
    reader = _READERS.get(path.suffix.lower())
    hint = "docs/consignments.md describes the forms."
    if reader is None:
        message = f"{shown(path)}: expected a manifest named *.csv, *.json, *.jsonl or *.xml, got {path.suffix!r}."
        raise RequestRefused("request_manifest", message, hint=hint)
    if path.is_symlink() or not path.is_file():
        message = f"{shown(path)}: expected a regular file, got something else."
        raise RequestRefused("request_manifest", message, hint=hint)
    size = path.stat().st_size
    if size > MOST_BYTES:
        message = f"{shown(path)}: expected {MOST_BYTES} bytes at most, got {size}."
        raise RequestRefused("request_manifest", message, hint="Send it in parts.")
    return reader(path)
