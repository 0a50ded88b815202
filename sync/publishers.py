"""A publisher's signed part becomes a supplement on this box: fetched, its rows checked, built and staged.

TUF has checked that the publisher's own key signed it and that it lies in its own folder. Here every row must speak of
the publisher's own products, as the tree's owner signed in current.json.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from tuf.api.metadata import TargetFile

from edge.storage.current import MAIN
from edge.storage.registry_build import BuildReport, build
from edge.storage.shelves import editions
from sync.client import Client
from sync.current import Current, Scope
from sync.errors import TrustError
from sync.parts import MAX_PART_BYTES
from sync.rows import TABLES, checked_rows, keep_good_rows
from sync.state import Became, Box, PublisherState

Fetch = Callable[[TargetFile], Path]
_TOLD = 100  # refused rows of a part that are kept in the state


def bring_part(
    publisher: str, scope: Scope, known: PublisherState | None, *, client: Client, box: Box, fetch: Fetch
) -> PublisherState:
    """Bring the part of one publisher up to date.

    Raises:
        TrustError, TransportError: it cannot be had.
        SourceError, RegistryError, ShelfError: it cannot be built or brought onto the shelf.
        OSError: it cannot be written.
    """
    tables = {table.name: client.target(f"publishers/{publisher}/{table.name}.jsonl") for table in TABLES}
    signed = {name: target for name, target in tables.items() if target is not None}
    if not signed:
        withdraw(box, publisher)
        return PublisherState(state="nothing", reason="Nothing is signed yet.")
    digest = _digest(scope, client.files(publisher))
    shelf = editions(box.state_dir)
    slot = shelf.contents().slot(publisher)
    if known is not None and known.digest == digest and (not known.file or known.file in slot.files):
        return known.model_copy(update={"state": _word(known.file, slot.in_use), "code": "", "reason": ""})
    box.incoming.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=box.incoming, prefix="part-") as name:
        part, out = Path(name) / "part", Path(name) / f"{publisher}.sqlite"
        part.mkdir()
        for table, target in signed.items():
            _place(target, fetch, part / f"{table}.jsonl")
        found = checked_rows(part, scope)
        keep_good_rows(part, found)
        told = [str(refusal) for refusal in found.refusals]
        for picture in sorted(found.pictures):
            told += _picture(client, publisher, picture, fetch, part)
        if not found.count:
            withdraw(box, publisher)
            return PublisherState(state="refused", reason="No row is good.", digest=digest, refused=tuple(told[:_TOLD]))
        (part / "edition.toml").write_text(_edition(publisher, client.part(publisher)), encoding="utf-8")
        report = _built(part, out)
        told += [str(refusal) for refusal in report.refusals]
        rows = sum(report.counts.values())
        file = shelf.stage(out, slot=publisher, move=True, verified=True)
        shelf.prune()
    state = _word(file, shelf.contents().slot(publisher).in_use)
    return PublisherState(state=state, file=file, digest=digest, rows=rows, refused=tuple(told[:_TOLD]))


def withdraw(box: Box, publisher: str) -> None:
    """Use nothing of this publisher any more, whoever brought it.

    Raises:
        ShelfError: the shelf cannot be written.
    """
    shelf = editions(box.state_dir)
    if publisher in shelf.contents().slots:
        shelf.withdraw(publisher)


def withdraw_others(box: Box, current: Current) -> None:
    """Use nothing of a publisher that the tree does not name.

    The shelf says what is in use, never state.json: that is only shown, and a power cut or damage loses it.

    Raises:
        ShelfError: the shelf cannot be read or written.
    """
    for publisher in editions(box.state_dir).contents().slots.keys() - {MAIN} - current.publishers.keys():
        withdraw(box, publisher)


def _built(part: Path, out: Path) -> BuildReport:
    try:
        return build(part, out, supplement=True)
    except sqlite3.Error as error:  # it could not be written
        raise OSError(str(error)) from error


def _word(file: str, in_use: str) -> Became:
    if not file:
        return "refused"
    return "in use" if file == in_use else "staged"


def _digest(scope: Scope, signed: Mapping[str, str]) -> str:
    """Of the scope and of every file of the part, the pictures too."""
    said = [scope.model_dump_json(), *(f"{path} {sha256}" for path, sha256 in sorted(signed.items()))]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


def _place(target: TargetFile, fetch: Fetch, place: Path) -> None:
    if target.length > MAX_PART_BYTES:
        message = f"{target.path}: expected at most {MAX_PART_BYTES} bytes, got {target.length}."
        raise TrustError("trust_too_large", message, hint="Tell the publisher.")
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(fetch(target), place)


def _picture(client: Client, publisher: str, picture: str, fetch: Fetch, part: Path) -> list[str]:
    """Fetch one picture; why it is not there is told, and the builder refuses the rows that name it."""
    if not (part / picture).resolve().is_relative_to(part.resolve()):
        return []
    target = client.target(f"publishers/{publisher}/{picture}")
    if target is None:
        return [f"{picture}: expected a picture that {publisher} signed, got none."]
    _place(target, fetch, part / picture)
    return []


def _edition(publisher: str, signed: tuple[int, datetime]) -> str:
    version, issued = signed
    return (
        f'schema = 1\nname = "{publisher}"\nnumber = {version}\n'
        f'issued = {issued:%Y-%m-%dT%H:%M:%SZ}\npublisher = "{publisher}"\n'
    )
