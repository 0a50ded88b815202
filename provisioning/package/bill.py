"""The bill of materials of a package: CycloneDX 1.6 JSON, and the licences as a page; read from the tree itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Part:
    """One library of the package."""

    name: str
    version: str
    licence: str
    sha256: str  # of its RECORD: which files it brought, with their hashes


def parts(lib: Path) -> tuple[Part, ...]:
    """Every library in `lib`, by name.

    Raises:
        ValueError: one says nothing of its licence.
    """
    return tuple(sorted((_part(one) for one in distributions(path=[str(lib)])), key=lambda part: part.name))


def cyclonedx(lib: Path, version: str, files: dict[str, str]) -> str:
    """The bill. `files` are SHA-256 of what is our own and no library: models, by their path."""
    components = [
        {
            "type": "library",
            "bom-ref": f"pkg:pypi/{part.name}@{part.version}",
            "name": part.name,
            "version": part.version,
            "purl": f"pkg:pypi/{part.name}@{part.version}",
            "licenses": [{"license": {"name": part.licence}}],
            "properties": [{"name": "sekisho:record-sha256", "value": part.sha256}],
        }
        for part in parts(lib)
    ]
    components += [
        {
            "type": "machine-learning-model",
            "bom-ref": path,
            "name": path,
            "hashes": [{"alg": "SHA-256", "content": sha256}],
        }
        for path, sha256 in sorted(files.items())
    ]
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": "sekisho", "name": "sekisho", "version": version}},
        "components": components,
        "dependencies": [{"ref": "sekisho", "dependsOn": [str(one["bom-ref"]) for one in components]}],
    }
    return json.dumps(bill, indent=1, ensure_ascii=False) + "\n"


def licences(lib: Path) -> str:
    """A line for each library, then every licence text that came with it."""
    rows = [f"{part.name} {part.version}: {part.licence}" for part in parts(lib)]
    texts = [f"\n\n==== {name} ====\n\n{text}" for name, text in _texts(lib)]
    return "\n".join(rows) + "".join(texts) + "\n"


def _part(one: Distribution) -> Part:
    name = one.metadata["Name"].lower().replace("_", "-")
    said = (
        _first(one, "License-Expression")
        or " AND ".join(
            line.rpartition(" :: ")[2]
            for line in one.metadata.get_all("Classifier") or []
            if line.startswith("License :: ")
        )
        or _first(one, "License").strip().partition("\n")[0]
        or _titled(one)
    )
    if not said:
        message = f"{name}: expected a licence in its metadata, got none."
        raise ValueError(message)
    record = one.read_text("RECORD") or ""
    return Part(name, one.version, said, hashlib.sha256(record.encode()).hexdigest())


def _first(one: Distribution, field: str) -> str:
    return next(iter(one.metadata.get_all(field) or ()), "")


def _titled(one: Distribution) -> str:
    """The title of the licence that came along, where the metadata names nothing but its file."""
    name = _first(one, "License-File")
    return ((one.read_text(f"licenses/{name}") if name else None) or "").strip().partition("\n")[0].strip()


def _texts(lib: Path) -> Iterator[tuple[str, str]]:
    for folder in sorted(lib.glob("*.dist-info")):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name.upper().startswith(("LICENSE", "LICENCE", "COPYING", "NOTICE")):
                yield f"{folder.name}/{path.name}", path.read_text(encoding="utf-8", errors="replace")
