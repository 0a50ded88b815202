"""What an installed package takes on a disk is counted in whole blocks, with its byte code."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from provisioning.package.build import installed_mb
from provisioning.package.deb import Target, packed


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is absent: no package is made")
def test_an_installed_package_is_counted_in_blocks_and_with_its_byte_code(tmp_path: Path) -> None:
    lib = tmp_path / "tree/opt/sekisho/lib"
    lib.mkdir(parents=True)
    settings = tmp_path / "tree/etc/sekisho"
    settings.mkdir(parents=True)
    (settings / "sekisho.env").touch()
    (lib / "small.txt").write_text("a")
    (lib / "large.bin").write_bytes(bytes(1_000_000))
    bare = packed(tmp_path / "tree", Target("arm64", "3.11"), "1.0", tmp_path / "bare", 0)
    size = installed_mb(bare)
    assert size == pytest.approx((1 + 245 + 5) * 4096 / 1e6, abs=0.01)  # files and five folders
    shutil.rmtree(tmp_path / "tree/DEBIAN")
    (lib / "program.py").write_text("answer = 42\n")
    whole = packed(tmp_path / "tree", Target("arm64", "3.11"), "1.0", tmp_path / "whole", 0)
    assert installed_mb(whole) - size == pytest.approx(3 * 4096 / 1e6, abs=0.002)  # it, its byte code, their folder
