"""Small releases, published in a real tree: a program of three files."""

from __future__ import annotations

import subprocess
from pathlib import Path

from edge.releases import ABOUT, About
from provisioning.release.bundle import Packed, pack
from provisioning.release.publishing import publish_bundle
from provisioning.release.taking import here
from tests.sync.publishing import Publishing


def about(version: str, **more: object) -> About:
    architecture, python = here()
    said = {"version": version, "architecture": architecture, "python": python, "ledger": (1, 1), **more}
    return About.model_validate(said)


def program(place: Path, version: str, **more: object) -> Path:
    """A release as it lies unpacked, before it is packed."""
    for path, text in (
        ("lib/sekisho.py", f"print({version!r})\n"),
        (f"lib/{ABOUT}", about(version, **more).model_dump_json()),
        ("doc/copyright", "Apache-2.0\n" * 100),
    ):
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text, encoding="utf-8")
    return place


def packed(place: Path, version: str, **more: object) -> Packed:
    return pack(program(place / version, version, **more), place / f"{version}.tar.zst")


def published(publishing: Publishing, version: str, **more: object) -> str:
    """Publish a small release; its path."""
    made = packed(publishing.place, version, **more)
    said = made.manifest.about.model_dump(mode="json")
    return publish_bundle(publishing.tree(), made.path, made.name, said)


def deb(place: Path, version: str) -> Path:
    """A small package of ours."""
    tree = place / "deb"
    made = program(place / "made", version)
    (tree / "opt/sekisho").mkdir(parents=True)
    (tree / "usr/share/doc").mkdir(parents=True)
    (made / "lib").rename(tree / "opt/sekisho/lib")
    (made / "doc").rename(tree / "usr/share/doc/sekisho")
    (tree / "opt/sekisho/lib/sekisho.pyc").touch()
    (tree / "etc").mkdir()
    (tree / "etc/passwd").touch()
    (tree / "DEBIAN").mkdir()
    control = f"Package: sekisho\nVersion: {version}\nArchitecture: all\nMaintainer: S <s@e.invalid>\nDescription: x\n"
    (tree / "DEBIAN/control").write_text(control)
    done = place / "sekisho.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", str(tree), str(done)], check=True, capture_output=True)
    return done
