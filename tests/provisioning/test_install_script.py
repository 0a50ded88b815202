"""install.sh on a clean Debian without a network: what it installs, what it refuses, what it remembers.

The package is a small one of the test, so that the script is what is tested; `./run box --only stick` installs the real
one. Nothing of a run stays but what the script keeps, which lies on a folder of the test.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.box.container import absent, cannot_boot, clean_debian
from provisioning.package.build import ROOT
from provisioning.stick import Seat
from provisioning.usb import Contents, write
from tests.provisioning.debs import small_deb
from tests.provisioning.test_stick import token

pytestmark = [
    pytest.mark.skipif(bool(absent()), reason=f"no container: install.sh is not run; missing here: {absent()}"),
    pytest.mark.timeout(1_800),
]
PACKAGE = "sekisho_0.1.0+deb12_amd64.deb"
TARGET = "packages/12-amd64"
# What the package's command does with a copy, as far as the script can see it.
COMMAND = """#!/bin/sh
[ "$*" = "provision first-boot --wait /var/lib/sekisho-first-boot" ] || exit 9
sha256sum "$4/copy/manifest.sha256" | cut -d ' ' -f 1 >"$4/done"
cp "$4/copy/secret/boxes" "$4/boxes-seen"
rm -r "$4/copy"
"""


@pytest.fixture(scope="module")
def debian() -> Path:
    try:
        tree = clean_debian(ROOT / "build" / "box")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no Debian mirror: install.sh is not run ({error})")
    if reason := cannot_boot(tree):
        pytest.skip(f"no container can be started here: install.sh is not run ({reason})")
    if subprocess.check_output(["dpkg", "--print-architecture"], text=True).strip() != "amd64":
        pytest.skip("no amd64: install.sh is not run")
    return tree


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    package = tmp_path / "package"
    (package / "DEBIAN").mkdir(parents=True)
    (package / "DEBIAN/control").write_text(
        "Package: sekisho\nVersion: 0.1.0+deb12\nArchitecture: amd64\nMaintainer: A <a@example.invalid>\n"
        "Description: a small one\n",
        encoding="utf-8",
    )
    (package / "usr/bin").mkdir(parents=True)
    (package / "usr/bin/sekisho").write_text(COMMAND, encoding="utf-8")
    (package / "usr/bin/sekisho").chmod(0o755)
    subprocess.run(["dpkg-deb", "--build", str(package), str(tmp_path / PACKAGE)], check=True, capture_output=True)
    (tmp_path / "stick").mkdir()
    (tmp_path / "kept").mkdir()
    write(Contents((tmp_path / PACKAGE,), seats=(Seat("a"), Seat("b"))), tmp_path / "stick", datetime.now(UTC))
    return tmp_path / "stick"


def install(
    debian: Path, stick: Path, *words: str, kept: str = "kept", bind: str = "bind"
) -> subprocess.CompletedProcess[str]:
    """Run the script once on a box that keeps nothing but /var/lib/sekisho-first-boot."""
    (stick.parent / kept).mkdir(exist_ok=True)
    command = ["systemd-nspawn", "--quiet", f"--directory={debian}", "--volatile=overlay", "--register=no"]
    command += ["--keep-unit", "--private-network", f"--machine=sekisho-stick-{os.getpid()}", "--pipe"]
    command += [f"--{bind}={stick}:/mnt", f"--bind={stick.parent / kept}:/var/lib/sekisho-first-boot"]
    done = subprocess.run([*command, "sh", "/mnt/install.sh", *words], capture_output=True, text=True, check=False)
    done.stderr = re.sub(
        r"(?m)^Attempted to remove disk file system .*\n", "", done.stderr
    )  # systemd-nspawn's own, last
    return done


def spoilt(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


def test_each_box_takes_the_next_name_and_keeps_it(debian: Path, stick: Path) -> None:
    done = install(debian, stick)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "1/4 checking what is on the stick",
        "2/4 this box is a",
        "3/4 installing the package",
        "4/4 settings, registry, policy, model pack; starting the bench",
    ]
    assert install(debian, stick).stdout == "this box is a and has all that is on this stick: nothing to do\n"
    (stick.parent / "kept/done").unlink()  # the power went just before the end
    assert "2/4 this box is a" in install(debian, stick).stdout
    assert "2/4 this box is b" in install(debian, stick, kept="second").stdout
    third = install(debian, stick, kept="third")
    assert third.returncode == 1
    assert third.stderr == (
        "install.sh: expected a name that is free, got none: all 2 are taken.\n"
        "  what to do: write a stick with more names, or give one: sh /mnt/install.sh NAME\n"
    )
    assert "2/4 this box is c-7" in install(debian, stick, "c-7", kept="third").stdout


def test_a_box_has_no_token_but_its_own(debian: Path, stick: Path) -> None:
    write(
        Contents((stick.parent / PACKAGE,), seats=(Seat("a", token("a")), Seat("b", token("b")))),
        stick,
        datetime.now(UTC),
    )
    assert install(debian, stick).returncode == 0
    assert (stick.parent / "kept/boxes-seen").read_text("utf-8") == f"a {token('a')}\n"
    assert install(debian, stick, "b").returncode == 0
    assert (stick.parent / "kept/boxes-seen").read_text("utf-8") == f"b {token('b')}\n"


@pytest.mark.parametrize("name", [f"{TARGET}/{PACKAGE}", "bench.toml", "secret/boxes", "manifest.sha256"])
def test_a_file_that_is_not_what_was_written_is_named_and_nothing_is_installed(
    debian: Path, stick: Path, name: str
) -> None:
    spoilt(stick / name)
    done = install(debian, stick)
    assert done.returncode == 1
    assert done.stdout == "1/4 checking what is on the stick\n"
    told, hint = done.stderr.splitlines()
    assert told.startswith(f"install.sh: {name}: expected SHA-256 ")
    assert told.endswith(". Nothing was installed.")
    assert hint == "  what to do: this stick is damaged or was altered: use another copy, or write it again"
    assert list((stick.parent / "kept").iterdir()) == []


def test_a_file_that_is_missing_is_named(debian: Path, stick: Path) -> None:
    (stick / "bench.toml").unlink()
    done = install(debian, stick)
    assert done.returncode == 1
    assert "install.sh: bench.toml: expected SHA-256 " in done.stderr
    assert "got a file that cannot be read. Nothing was installed." in done.stderr


def test_what_a_power_cut_left_half_copied_is_copied_again(debian: Path, stick: Path) -> None:
    half = stick.parent / "kept/part" / TARGET
    half.mkdir(parents=True)
    (half / PACKAGE).write_bytes(b"half")
    assert install(debian, stick).returncode == 0


def test_a_copy_that_is_whole_needs_the_stick_no_more(debian: Path, stick: Path) -> None:
    (stick.parent / "kept/name").write_text("a\n", encoding="utf-8")
    shutil.copytree(stick, stick.parent / "kept/copy")
    shutil.rmtree(stick / "packages")
    assert install(debian, stick).returncode == 0


def test_a_stick_for_other_boxes_says_for_which(debian: Path, stick: Path) -> None:
    other = stick.parent / "sekisho_0.1.0+deb13_arm64.deb"
    small_deb(other)
    write(Contents((other,), seats=(Seat("a"),)), stick, datetime.now(UTC))
    done = install(debian, stick)
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == (
        "install.sh: expected a package for 12-amd64 on this stick, got: 13-arm64. Nothing was installed."
    )


def test_a_stick_that_cannot_be_written_to_gives_no_name_away(debian: Path, stick: Path) -> None:
    done = install(debian, stick, bind="bind-ro")
    assert done.returncode == 1
    assert "install.sh: /mnt/taken/a: expected a stick that can be written to, so that no two boxes" in done.stderr
    assert "2/4 this box is mine" in install(debian, stick, "mine", bind="bind-ro").stdout


@pytest.mark.parametrize("name", ["a b", "../a", "-a", "$(id)"])
def test_a_name_that_is_none_is_refused(debian: Path, stick: Path, name: str) -> None:
    done = install(debian, stick, name)
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == (
        f"install.sh: expected a name of letters, digits, dots and dashes, got '{name}'."
    )


def test_a_link_among_the_names_leads_root_nowhere(debian: Path, stick: Path) -> None:
    (stick / "taken").mkdir(exist_ok=True)
    (stick / "taken/a").symlink_to("/var/lib/sekisho-first-boot/nologin")
    done = install(debian, stick)
    assert (done.returncode, (stick.parent / "kept/nologin").exists()) == (1, False)
    assert "install.sh: /mnt/taken/a: expected a file, got something else. Nothing was written.\n" in done.stderr
    shutil.rmtree(stick / "taken")
    (stick / "taken").symlink_to("/var/lib/sekisho-first-boot")
    done = install(debian, stick)
    assert (done.returncode, (stick.parent / "kept/a").exists()) == (1, False)
    assert "install.sh: /mnt/taken: expected a folder, got a link. Nothing was written.\n" in done.stderr


def test_a_box_whose_name_is_a_number_has_no_token_of_another(debian: Path, stick: Path) -> None:
    write(
        Contents((stick.parent / PACKAGE,), seats=(Seat("07", token("07")), Seat("7", token("7")))),
        stick,
        datetime.now(UTC),
    )
    assert install(debian, stick, "7").returncode == 0
    assert (stick.parent / "kept/boxes-seen").read_text("utf-8") == f"7 {token('7')}\n"
