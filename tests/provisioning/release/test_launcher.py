"""Which program the launcher of the package starts, and what a boot does while a release is on trial."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from provisioning.package import build

SCRIPTS = Path(build.__file__).parent


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two releases, the newer one in use and on trial."""
    for name in ("old", "new"):
        (tmp_path / name / "lib").mkdir(parents=True)
        (tmp_path / name / "lib/sekisho.py").touch()
        (tmp_path / name / "whole").touch()
    (tmp_path / "current").symlink_to("new")
    (tmp_path / "previous").symlink_to("old")
    (tmp_path / "trial").touch()
    return tmp_path


def started(home: Path, *words: str) -> tuple[str, bool]:
    """The directory whose program is started, and whether it is told that it is on trial."""
    script = (SCRIPTS / "sekisho").read_text(encoding="utf-8")
    script = script.replace("/var/lib/sekisho-releases", str(home))
    script = script.replace('PYTHONPATH="$lib" exec', 'echo "$lib" "$SEKISHO_ON_TRIAL"; exit; :')
    done = subprocess.run(["sh", "-c", script, "sekisho", *words], capture_output=True, text=True, check=True)
    lib, _, trial = done.stdout.strip().partition(" ")
    return (Path(lib).parent.name if Path(lib).is_relative_to(home) else lib), trial == "1"


def boot(home: Path) -> None:
    subprocess.run(["sh", str(SCRIPTS / "trial-boot"), str(home)], check=True)


def test_services_run_the_release_on_trial_and_the_one_before_watches_it(home: Path) -> None:
    assert started(home, "serve") == ("current", True)
    assert started(home, "update", "run") == ("previous", False)


def test_a_proven_release_runs_everything(home: Path) -> None:
    (home / "trial").unlink()
    assert started(home, "serve") == started(home, "update", "run") == ("current", False)


@pytest.mark.parametrize("missing", ["whole", "lib/sekisho.py"])
def test_a_release_that_is_not_whole_gives_way_to_the_package(home: Path, missing: str) -> None:
    (home / "trial").unlink()
    (home / "new" / missing).unlink()
    assert started(home, "serve") == ("/opt/sekisho/lib", False)


def test_without_releases_the_package_runs(tmp_path: Path) -> None:
    assert started(tmp_path, "serve") == ("/opt/sekisho/lib", False)


def test_the_first_boot_goes_on_with_the_trial_and_the_second_takes_it_back(home: Path) -> None:
    boot(home)
    assert started(home, "serve") == ("current", True)
    boot(home)
    assert (home / "current").readlink() == Path("old")
    assert started(home, "serve") == ("current", False)
    assert (home / "back").read_text() == "the box was started twice and it had not proven itself\n"


def test_a_second_boot_without_a_release_before_is_the_package_again(home: Path) -> None:
    (home / "previous").unlink()
    boot(home)
    boot(home)
    assert started(home, "serve") == ("/opt/sekisho/lib", False)


def test_a_boot_that_loses_its_power_while_it_takes_back_is_done_again(home: Path) -> None:
    (home / "trial").write_text("boot\nboot\n")
    (home / "back").write_text("the box was")
    (home / ".current.boot").symlink_to("old")  # copied, not yet renamed
    boot(home)
    assert ((home / "current").readlink(), (home / "trial").exists()) == (Path("old"), False)
    assert not list((home / "old").glob("*old*"))  # no link was laid into the release
    assert not (home / "old/previous").is_symlink()


def test_a_command_on_an_installed_box_means_this_box_unless_it_is_told_another(tmp_path: Path) -> None:
    script = (SCRIPTS / "sekisho").read_text(encoding="utf-8").replace("/var/lib/sekisho-releases", str(tmp_path))
    script = script.replace('PYTHONPATH="$lib" exec', 'echo "$SEKISHO_STATE_DIR"; exit; :')
    for given, means in (({}, "/var/lib/sekisho"), ({"SEKISHO_STATE_DIR": "/mnt/other"}, "/mnt/other")):
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, env=given)
        assert done.stdout == f"{means}\n"
