"""A package is the same bytes whoever packs it, installs with modes and scripts as Debian wants them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from edge.errors import RequestRefused
from provisioning.package import build
from provisioning.package.deb import Target, packed

needs_dpkg = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg is absent: packing is not tested")
EPOCH = 1_700_000_000


def _tree(place: Path) -> Path:
    (place / "opt/sekisho/bin").mkdir(parents=True)
    (place / "opt/sekisho/bin/sekisho").write_text("#!/bin/sh\n")
    (place / "opt/sekisho/lib").mkdir()
    (place / "opt/sekisho/lib/one.py").write_text("x = 1\n" * 500)
    (place / "etc/sekisho").mkdir(parents=True)
    (place / "etc/sekisho/sekisho.env").write_text("# settings\n")
    return place


def _told(*command: str) -> str:
    return subprocess.run(["dpkg-deb", *command], check=True, capture_output=True, text=True).stdout


@needs_dpkg
def test_two_builds_of_one_tree_are_the_same_bytes(tmp_path: Path) -> None:
    target = Target("amd64", "3.11")
    first = packed(_tree(tmp_path / "1"), target, "0.1.0", tmp_path / "out-1", EPOCH)
    other = _tree(tmp_path / "2")
    os.utime(other / "opt/sekisho/lib/one.py", (1, 1))
    (other / "opt/sekisho/lib/one.py").chmod(0o600)
    assert first.read_bytes() == packed(other, target, "0.1.0", tmp_path / "out-2", EPOCH).read_bytes()


@needs_dpkg
def test_a_package_says_what_it_is_for_and_what_it_needs(tmp_path: Path) -> None:
    file = packed(_tree(tmp_path / "tree"), Target("arm64", "3.13"), "0.1.0", tmp_path, EPOCH)
    assert file.name == "sekisho_0.1.0+deb13_arm64.deb"
    fields = _told("--field", str(file), "Architecture", "Depends")
    assert "Architecture: arm64" in fields
    assert "python3 (>= 3.13), python3 (<< 3.14), libzbar0" in fields
    listed = _told("--contents", str(file))
    assert "-rwxr-xr-x root/root" in next(line for line in listed.splitlines() if line.endswith("bin/sekisho"))
    assert "-rw-r--r-- root/root" in next(line for line in listed.splitlines() if line.endswith("one.py"))


@needs_dpkg
def test_settings_of_a_technician_survive_an_upgrade_and_results_a_purge(tmp_path: Path) -> None:
    file = packed(_tree(tmp_path / "tree"), Target("amd64", "3.11"), "0.1.0", tmp_path, EPOCH)
    assert _told("--info", str(file), "conffiles") == "/etc/sekisho/sekisho.env\n"
    for script in ("postinst", "prerm", "postrm"):
        text = _told("--info", str(file), script)
        subprocess.run(["/bin/sh", "-n"], input=text, check=True, text=True)
        commands = [line for line in text.splitlines() if not line.strip().startswith("#")]
        assert not any(re.search(r"/var/lib/sekisho(?!-)", line) for line in commands)


@needs_dpkg
def test_a_purge_leaves_no_secret_and_every_result(tmp_path: Path) -> None:
    file = packed(_tree(tmp_path / "tree"), Target("amd64", "3.11"), "0.1.0", tmp_path, EPOCH)
    box = tmp_path / "box"
    enabled = "etc/systemd/system/sekisho.target.wants/sekisho-lan.socket"
    kept = ("var/lib/sekisho/ledger.db", "var/lib/sekisho-first-boot/name", "etc/systemd/system/x.wants/ssh.service")
    gone = ("etc/sekisho/token", "etc/sekisho/site-ca.pem", "var/lib/sekisho-releases/sync/floor.json", enabled)
    for name in (*kept, *gone, "var/lib/sekisho-first-boot/copy/secret/boxes"):
        (box / name).parent.mkdir(parents=True, exist_ok=True)
        (box / name).write_text("x", encoding="utf-8")
    script = re.sub(r"(?<=[ \t])/(?=etc/|var/|run/)", f"{box}/", _told("--info", str(file), "postrm"))
    for step, left in (("remove", {*kept, *gone}), ("purge", {*kept})):
        subprocess.run(["/bin/sh", "-s", step], input=script, check=True, text=True)
        there = {path.relative_to(box).as_posix() for path in box.rglob("*") if path.is_file()}
        assert there - {"var/lib/sekisho-first-boot/copy/secret/boxes"} == left
    assert not (box / "etc/sekisho").exists()
    assert not (box / "var/lib/sekisho-first-boot/copy").exists()


def test_a_processor_that_no_box_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestRefused) as caught:
        build.built("riscv64", tmp_path)
    assert caught.value.message == "Expected amd64 or arm64 and Python 3.11 or 3.13, got riscv64 and 3.11."


def test_every_unit_of_the_project_has_a_place_on_a_box() -> None:
    for unit in (build.ROOT / "systemd").iterdir():
        assert unit.name in build._CONF_PLACES or unit.suffix in build._UNIT_PLACES, unit.name
