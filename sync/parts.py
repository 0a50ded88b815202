"""A publisher's part of a tree, publishers/NAME/: signed offline with its own key, taken in by the tree's owner.

A part is bulletins.jsonl, faces.jsonl and watch_list.jsonl of docs/registry-sources.md with the pictures they name.
What a publisher may speak of is its scope in current.json; TUF limits its key to its own folder.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import DelegatedRole, Metadata, TargetFile, Targets

from edge.storage.database import write_durably
from sync.errors import PublishError
from sync.keys import Passphrase, read_private
from sync.rows import TABLES, checked_rows
from sync.tree import COMPACT, ISSUED, PUBLISHERS, Lifetimes, Tree, publisher_role, read_metadata, stamp

MAX_PART_BYTES = 30_000_000  # of one file
_PICTURE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?:/[A-Za-z0-9][A-Za-z0-9._-]{0,99})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Signed:
    """What a publisher signed."""

    publisher: str
    version: int
    files: tuple[str, ...]


def sign_part(
    publisher: str,
    source: Path,
    out: Path,
    *,
    key: Path,
    passphrase: Passphrase,
    now: datetime,
    version: int = 0,
    lifetimes: Lifetimes | None = None,
) -> Signed:
    """Sign a publisher's whole part, offline: `source` holds some of the tables and the pictures that they name.

    `out` gets publisher-NAME.json and the files under publishers/NAME/. The version is one more than that of an older
    publisher-NAME.json in `out`, unless it is given.

    Raises:
        PublishError: publish_part: there is nothing to sign, or a file cannot be taken; publish_key,
            publish_passphrase.
        OSError: `out` cannot be written.
    """
    name = publisher_role(publisher)
    files = _part_files(source)
    place = out / f"{name}.json"
    if not version:
        version = 1 + (read_metadata(place, Targets).signed.version if place.exists() else 0)
    targets = {}
    for relative in files:
        path = f"publishers/{publisher}/{relative}"
        data = (source / relative).read_bytes()
        targets[path] = TargetFile.from_data(path, data, ["sha256"])
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        write_durably(out / path, data)
    expires = (now + timedelta(days=(lifetimes or Lifetimes()).targets)).replace(microsecond=0)
    signed = Targets(version=version, expires=expires, targets=targets)
    signed.unrecognized_fields[ISSUED] = stamp(now)
    metadata = Metadata(signed)
    metadata.sign(read_private(key, passphrase))
    write_durably(place, metadata.to_bytes(COMPACT))
    return Signed(publisher, version, tuple(files))


def _part_files(source: Path) -> list[str]:
    tables = [f"{table.name}.jsonl" for table in TABLES if (source / f"{table.name}.jsonl").is_file()]
    if not tables:
        names = " or ".join(f"{table.name}.jsonl" for table in TABLES)
        message = f"{source}: expected {names}, got none of them."
        raise PublishError("publish_part", message, hint="docs/registry-sources.md describes the tables.")
    pictures = {picture for table in tables for picture in _pictures(source, table)}
    for picture in sorted(pictures):
        if not _PICTURE.fullmatch(picture):
            raise _no_part(repr(picture), "a picture beside the table or one directory below, in plain letters", "it")
        inside = (source / picture).resolve()
        if not inside.is_relative_to(source.resolve()) or not inside.is_file():
            raise _no_part(picture, "a picture below the directory", "none")
    for relative in [*tables, *pictures]:
        size = (source / relative).stat().st_size
        if size > MAX_PART_BYTES:
            raise _no_part(relative, f"at most {MAX_PART_BYTES} bytes", str(size))
    return [*tables, *sorted(pictures)]


def _pictures(source: Path, table: str) -> list[str]:
    named = []
    for number, line in enumerate((source / table).read_text(encoding="utf-8-sig").split("\n"), start=1):
        try:
            row = json.loads(line) if line.strip() else {}
        except ValueError as error:
            raise _no_part(f"{table}, row {number}", "a JSON object", str(error)) from error
        if isinstance(row, dict) and row.get("picture"):
            named.append(str(row["picture"]))
    return named


def _no_part(what: str, expected: str, came: str) -> PublishError:
    message = f"{what}: expected {expected}, got {came}."
    return PublishError("publish_part", message, hint="docs/publisher.md describes a publisher's part.")


@dataclass(frozen=True, slots=True)
class Imported:
    """What was taken in, and the rows that boxes will refuse because they are another's products."""

    publisher: str
    version: int
    refused: tuple[str, ...]


def take_in(tree: Tree, publisher: str, signed: Path) -> Imported:
    """Publish a part that its publisher signed. Needs no key of the publisher and none of the targets role.

    Raises:
        PublishError: publish_publisher: unknown; publish_unsigned: not signed with the delegated key, or a file is not
            what was signed; publish_number: not newer than what is published; publish_expired.
        OSError: a file cannot be read or written.
    """
    name = publisher_role(publisher)
    scope = tree.current().publishers.get(publisher)
    if scope is None:
        message = f"{publisher!r}: expected a publisher of this tree, got an unknown one."
        raise PublishError("publish_publisher", message, hint="Delegate first: sekisho publish delegate.")
    metadata = read_metadata(signed / f"{name}.json", Targets)
    part = metadata.signed
    try:
        tree.role(PUBLISHERS).verify_delegate(name, metadata.signed_bytes, metadata.signatures)
    except (RepositoryError, ValueError) as error:
        message = f"{name}.json: expected the signature of {publisher}'s delegated key, got none that fits."
        raise PublishError(
            "publish_unsigned", message, hint="Sign it again with the key that was delegated."
        ) from error
    if part.version <= tree.version(name):
        message = f"{name}.json: expected a version above {tree.version(name)}, which is published, got {part.version}."
        hint = "Sign it again with: sekisho publish sign --version N."
        raise PublishError("publish_number", message, hint=hint)
    if part.is_expired(tree.now):
        message = f"{name}.json: expected an expiry after {tree.now:%Y-%m-%d}, got {part.expires:%Y-%m-%d}."
        raise PublishError("publish_expired", message, hint="Sign it again.")
    _store_part(tree, publisher, part, signed)
    part_dir = signed / "publishers" / publisher
    refused = [str(refusal) for refusal in checked_rows(part_dir, scope).refusals]
    tree.bring(name, metadata)
    tree.commit()
    return Imported(publisher, part.version, tuple(refused))


def _store_part(tree: Tree, publisher: str, part: Targets, signed: Path) -> None:
    role = tree.role(PUBLISHERS).get_delegated_role(publisher_role(publisher))
    for path, target in part.targets.items():
        allowed = isinstance(role, DelegatedRole) and role.is_delegated_path(path)
        file = signed / path
        inside = file.resolve().is_relative_to(signed.resolve()) and ".." not in path.split("/")
        try:
            if not allowed or not inside or target.length > MAX_PART_BYTES:
                raise _unsigned(path, f"a file of {publisher} of at most {MAX_PART_BYTES} bytes", "another")
            with file.open("rb") as data:
                target.verify_length_and_hashes(data)
        except (OSError, RepositoryError) as error:
            raise _unsigned(path, "the file that was signed", str(error)) from error
        tree.store(path, file)


def _unsigned(path: str, expected: str, came: str) -> PublishError:
    message = f"{path}: expected {expected}, got {came}."
    return PublishError("publish_unsigned", message, hint="Take the whole directory as the publisher signed it.")
