"""The bill of materials names every library of a tree with its licence, read from the tree itself."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from provisioning.package import bill, build


def _library(lib: Path, name: str, *lines: str) -> None:
    folder = lib / f"{name.replace('-', '_')}-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("\n".join(("Metadata-Version: 2.4", f"Name: {name}", "Version: 1.0", *lines)))
    (folder / "RECORD").write_text(f"{name}.py,sha256=abc,3\n")
    (folder / "LICENSE").write_text(f"Licence of {name}.\n")


def test_every_library_stands_in_the_bill_with_its_licence(tmp_path: Path) -> None:
    _library(tmp_path, "Zeta-Tools", "License-Expression: MIT")
    _library(tmp_path, "alpha", "Classifier: License :: OSI Approved :: BSD License")
    told = json.loads(bill.cyclonedx(tmp_path, "0.1.0", {"models/packs/a/face.onnx": "ab" * 32}))
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    named = [(one["type"], one["name"]) for one in told["components"]]
    assert named == [
        ("library", "alpha"),
        ("library", "zeta-tools"),
        ("machine-learning-model", "models/packs/a/face.onnx"),
    ]
    assert told["components"][0]["licenses"] == [{"license": {"name": "BSD License"}}]
    assert told["dependencies"][0]["dependsOn"] == [one["bom-ref"] for one in told["components"]]
    assert bill.licences(tmp_path).startswith("alpha 1.0: BSD License\nzeta-tools 1.0: MIT\n")
    assert "Licence of alpha." in bill.licences(tmp_path)


def test_a_library_that_names_only_the_file_of_its_licence_is_known_by_its_title(tmp_path: Path) -> None:
    _library(tmp_path, "filed", "License-File: LICENSE")
    folder = tmp_path / "filed-1.0.dist-info" / "licenses"
    folder.mkdir()
    (folder / "LICENSE").write_text("    MIT License\n\n    Copyright\n")
    assert bill.parts(tmp_path)[0].licence == "MIT License"


def test_a_library_without_a_licence_stops_the_package(tmp_path: Path) -> None:
    _library(tmp_path, "nameless")
    with pytest.raises(ValueError, match=r"^nameless: expected a licence in its metadata, got none\.$"):
        bill.parts(tmp_path)


def test_every_library_of_the_lock_that_is_installed_here_tells_its_licence() -> None:
    here = Path(np.__file__).parents[1]
    lock = (build.ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))
    known = {part.name.replace(".", "-"): part.licence for part in bill.parts(here) if part.name in locked}
    assert len(known) > len(locked) * 0.8
    assert all(known.values())
