"""Small editions, packs and policies for tests: built from the documented tables, every part of them real."""

from __future__ import annotations

import hashlib
import shutil
from datetime import date, timedelta
from pathlib import Path

from edge.policy import builtin_text
from edge.storage.registry_build import build
from models.pack import BUILTIN, MANIFEST, packs_dir

GTIN = "09521234543213"
PNG = b"\x89PNG\r\n\x1a\n and some bytes"
BULLETINS = "number,title_en,text_en,valid_from,valid_to,gtins,source"


def edition(
    directory: Path,
    number: int,
    *,
    bulletins: tuple[str, ...] | str = (),
    made: bool = False,
    first: str = "2026-11-01",
    **tables: str,
) -> Path:
    """One product, a serial programme, and the bulletins of these numbers; `tables` are more of them as CSV.

    `made`: the source directory is there already, with pictures. `first` is the day of number 1; each other follows a
    day after the one before.
    """
    source = directory / f"source-{number}"
    source.mkdir(parents=True, exist_ok=made)
    issued = date.fromisoformat(first) + timedelta(days=number - 1)
    (source / "edition.toml").write_text(
        f'schema = 1\nname = "jp"\nnumber = {number}\nissued = {issued}T00:00:00Z\npublisher = "Customs"\n'
    )
    (source / "products.csv").write_text(f"gtin,name,brand,right_holder,serialised\n{GTIN},Kumo 2,Kumo,Kumo KK,yes\n")
    (source / "serials.csv").write_text(f"gtin,serial,status\n{GTIN},A1,known\n")
    if isinstance(bulletins, str):
        tables["bulletins"] = bulletins
    elif bulletins:
        rows = [f"{one},Seams,Look at the seam,2026-01-01,2027-12-31,{GTIN},Customs" for one in bulletins]
        (source / "bulletins.csv").write_text("\n".join([BULLETINS, *rows, ""]))
    for name, text in tables.items():
        (source / f"{name}.csv").write_text(text)
    report = build(source, directory / f"edition-{number}.sqlite")
    assert report.refused == 0, report.refusals
    return Path(report.out)


def policy(path: Path, version: str, **changes: str) -> Path:
    """The built-in policy of another version; `changes` replace whole lines that begin so."""
    lines = builtin_text().splitlines()
    for beginning, line in {"version =": f'version = "{version}"', **changes}.items():
        lines = [line if one.startswith(beginning) else one for one in lines]
    path.write_text("\n".join(lines) + "\n")
    return path


def usable_pack(directory: Path, name: str) -> Path:
    """The built-in pack under another name: it can be used."""
    shutil.copytree(packs_dir() / BUILTIN, directory)
    manifest = directory / MANIFEST
    manifest.write_text(manifest.read_text("utf-8").replace(f'pack = "{BUILTIN}"', f'pack = "{name}"'), "utf-8")
    return directory


def pack(directory: Path, name: str, schema: int = 1) -> Path:
    """A pack whose files are what its manifest says; its network is none."""
    directory.mkdir(parents=True)
    (directory / "net.onnx").write_bytes(name.encode())
    digest = hashlib.sha256(name.encode()).hexdigest()
    (directory / "manifest.toml").write_text(
        f'schema = {schema}\npack = "{name}"\ntitle = "t"\n[files]\n"net.onnx" = "{digest}"\n'
    )
    return directory
