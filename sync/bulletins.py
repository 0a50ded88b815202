"""A bulletin of national customs, published from the centre: added to the customs' own part and signed with its key.

Customs is a publisher as any right holder is, delegated with `--everything`. Its part is a whole, so a bulletin is
added to what is published; the same number again takes the earlier one's place, and an end of yesterday withdraws it.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sync import parts
from sync.errors import PublishError
from sync.keys import Passphrase
from sync.parts import Imported
from sync.rows import checked_rows
from sync.tree import Tree, publisher_role

TABLE = "bulletins.jsonl"


@dataclass(frozen=True, slots=True)
class Signer:
    """A publisher of a tree and its private key."""

    publisher: str
    key: Path
    passphrase: Passphrase


def publish_bulletin(tree: Tree, signer: Signer, row: dict[str, Any]) -> Imported:
    """Publish `row` of the table bulletins (docs/registry-sources.md) beside what the publisher says already.

    Raises:
        PublishError: publish_publisher, publish_part: the row is not one that boxes take; what `sync.parts` raises.
        OSError: a file cannot be read or written.
    """
    name = publisher_role(signer.publisher)
    with tempfile.TemporaryDirectory(dir=tree.directory, prefix=".bulletin-") as room:
        part, out = Path(room) / "part", Path(room) / "signed"
        part.mkdir()
        version = _published(tree, signer.publisher, part) if tree.has(name) else 0
        kept = [one for one in _rows(part / TABLE) if one.get("number") != row["number"]]
        text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in (*kept, row))
        (part / TABLE).write_text(text, encoding="utf-8")
        out.mkdir()
        _require_good(tree, signer.publisher, part, len(kept) + 1)
        parts.sign_part(
            signer.publisher,
            part,
            out,
            key=signer.key,
            passphrase=signer.passphrase,
            now=tree.now,
            version=version + 1,
        )
        return parts.take_in(tree, signer.publisher, out)


def worded(column: str, words: Sequence[str]) -> dict[str, str]:
    """Words by their language, such as "en:Flat hologram", as cells such as title_en.

    Raises:
        PublishError: publish_part: a language is missing.
    """
    cells = {}
    for one in words:
        language, colon, said = one.partition(":")
        if not colon or not re.fullmatch("[a-z]{2}", language) or not said.strip():
            message = f"--{column}: expected LANGUAGE:WORDS such as 'en:Flat hologram', got {one[:80]!r}."
            raise PublishError("publish_part", message, hint="Benches show English and Japanese: en and ja.")
        cells[f"{column}_{language}"] = said.strip()
    return cells


def _published(tree: Tree, publisher: str, part: Path) -> int:
    """Copy what the publisher says now into `part`; its version."""
    role = tree.role(publisher_role(publisher))
    for path, target in role.targets.items():
        place = part / path.removeprefix(f"publishers/{publisher}/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(tree.stored(target), place)
    return int(role.version)


def _rows(table: Path) -> list[dict[str, Any]]:
    if not table.exists():
        return []
    return [json.loads(line) for line in table.read_text(encoding="utf-8-sig").split("\n") if line.strip()]


def _require_good(tree: Tree, publisher: str, part: Path, last: int) -> None:
    """The new row must be one that every box takes; what was published before is the publisher's own affair."""
    scope = tree.current().publishers.get(publisher)
    if scope is None:
        message = f"{publisher!r}: expected a publisher of this tree, got an unknown one."
        raise PublishError("publish_publisher", message, hint="Delegate first: sekisho publish delegate.")
    for refusal in checked_rows(part, scope).refusals:
        if refusal.file == TABLE and refusal.row == last:
            message = f"Expected a bulletin that boxes take, got: {refusal}"
            raise PublishError("publish_part", message, hint="docs/registry-sources.md describes the table bulletins.")
