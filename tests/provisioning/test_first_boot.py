"""The first boot of a box: from a checked copy of a stick to what it inspects with; again, and after a power cut."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

import sekisho
from edge.errors import BoxError, RequestRefused
from edge.storage.credentials import Place, Seal
from edge.storage.keys import STORAGE_KEY, storage_key
from edge.storage.shelves import editions, policy_shelf
from provisioning import stick
from provisioning.first_boot import SEALING, first_boot, seed_state
from provisioning.hall import ENROLMENT_TOKEN, ENVIRONMENT, Host
from provisioning.release.home import Home
from provisioning.stick import Seat
from provisioning.usb import Contents, write
from sekisho import app
from sync.errors import TrustError
from sync.identity import KEY_FILE, kept_private_key
from sync.state import Box
from tests.provisioning.debs import small_deb
from tests.provisioning.test_stick import token
from tests.sync.publishing import Publishing

NOW = datetime.now(UTC)
EARBUDS, TABLETS = "4912345678904", "4006381333931"


@pytest.fixture(autouse=True)
def _launched(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the launcher of the package does."""
    monkeypatch.setenv("PYTHONPATH", str(Path(sekisho.__file__).parent))


@pytest.fixture(scope="module")
def publishing(tmp_path_factory: pytest.TempPathFactory) -> Publishing:
    publishing = Publishing(tmp_path_factory.mktemp("publisher"), now=NOW)
    publishing.found()
    publishing.add_edition(publishing.edition(1, EARBUDS))
    return publishing


@pytest.fixture
def kept(tmp_path: Path, publishing: Publishing) -> Path:
    """What install.sh leaves: the copy, and the name of the box."""
    package = tmp_path / "sekisho_0.1.0+deb12_amd64.deb"
    small_deb(package)
    (tmp_path / "kept/copy").mkdir(parents=True)
    (tmp_path / "kept/name").write_text("hall3-01\n", encoding="utf-8")
    contents = Contents((package,), tree=publishing.directory, seats=(Seat("hall3-01", token("hall3-01")),))
    write(contents, tmp_path / "kept/copy", NOW)
    return tmp_path / "kept"


def mine(path: Path) -> str:
    """Who runs the tests."""
    return path.owner()


def booted(kept: Path, host: Host | None = None) -> list[str]:
    said: list[str] = []
    host = host or Host(kept.parent / "root", programs=False)
    places = {"state_dir": kept.parent / "state", "releases": kept.parent / "releases"}
    first_boot(kept, host, said.append, owner=mine(kept), **places)
    return said


def releases_of(kept: Path) -> Box:
    """Root's own trust, under which releases are taken."""
    return Box(kept.parent / "releases")


@dataclass(frozen=True, slots=True)
class Systemd(Host):
    """A machine whose systemd seals the keys of a state directory by a TPM, or none of them."""

    ran: list[tuple[str, ...]] = field(default_factory=list)
    seals: bool = True

    def run(self, *command: str) -> bool:
        self.ran.append(command)
        state = self.root.parent / "state"
        if command == ("systemctl", "start", SEALING):
            storage_key(state)
            kept_private_key(state / KEY_FILE)
            for name in (STORAGE_KEY, KEY_FILE) if self.seals else ():
                (state / name).unlink()
                Seal(Place.TPM, "of the key").keep(state / name)
        return True


def test_a_box_becomes_what_the_stick_says(kept: Path, publishing: Publishing) -> None:
    digest = hashlib.sha256((kept / "copy" / stick.MANIFEST).read_bytes()).hexdigest()
    said = booted(kept)
    assert said == [
        "settings: hall3-01, 2 settings in /etc/sekisho/sekisho.env",
        "registry: jp number 1 of 2026-11-01 is in use",
        "enrolment: with the first network, by the token of this box",
        "updates: releases of the program are taken under the trust root of the stick",
        "keys: in files; nothing here has sealed them: sekisho provision seal",
    ]
    assert releases_of(kept).floor().root_sha256 == hashlib.sha256(publishing.root.read_bytes()).hexdigest()
    state = kept.parent / "state"
    assert editions(state).contents().slot().in_use
    told = kept.parent / "root" / ENROLMENT_TOKEN
    assert told.read_text("utf-8") == f"{token('hall3-01')}\n"
    assert told.stat().st_mode & 0o777 == 0o600
    assert "SEKISHO_DEVICE=hall3-01\n" in (kept.parent / "root" / ENVIRONMENT).read_text("utf-8")
    assert not (kept / "copy").exists()
    assert (kept / "done").read_text("utf-8") == f"{digest}\n"


def test_who_comes_second_is_told_what_was_said(kept: Path) -> None:
    first = booted(kept)
    assert booted(kept) == ["\n".join(first)]


def test_its_keys_are_sealed_before_the_services_take_them_up(kept: Path) -> None:
    host = Systemd(kept.parent / "root")
    assert booted(kept, host)[-1] == "keys: sealed by TPM"
    started = [command for command in host.ran if command[0] == "systemctl"]
    assert started[0] == ("systemctl", "start", "sekisho-seal.service")
    assert started[1][:3] == ("systemctl", "--no-block", "try-restart")


def test_a_box_whose_systemd_seals_nothing_says_so_and_goes_on(kept: Path) -> None:
    said = booted(kept, Systemd(kept.parent / "root", seals=False))
    assert said[-1] == "keys: in a file, this systemd seals nothing"
    assert (kept / "done").exists()


def test_a_box_that_takes_releases_under_another_root_goes_on_with_that_one(kept: Path, tmp_path: Path) -> None:
    other = Publishing(tmp_path / "other", now=NOW)
    other.found()
    before = Home(tmp_path / "releases").trust(other.root)
    told = "updates: another root is trusted for releases already, and stays; see sekisho update trust --replace"
    assert told in booted(kept)
    assert releases_of(kept).floor().root_sha256 == before


def test_what_the_publisher_did_not_sign_does_not_come_into_use(kept: Path, capfd: pytest.CaptureFixture[str]) -> None:
    snapshot = next((kept / "copy" / stick.TREE).rglob("*.sqlite.zst"))
    snapshot.write_bytes(snapshot.read_bytes()[:-1] + b"?")
    with pytest.raises(BoxError) as refused:
        booted(kept)
    assert refused.value.message == f"{kept / 'copy'}: expected that it can be taken in, got exit code 3."
    assert "[trust_altered]" in capfd.readouterr().err
    assert (kept / "copy").exists()
    assert not (kept / "done").exists()


def test_a_box_that_trusts_another_root_keeps_it(kept: Path, tmp_path: Path) -> None:
    other = Publishing(tmp_path / "other", now=NOW)
    other.found()
    said: list[str] = []
    seed_state(tmp_path / "state", kept / "copy", said.append)
    shutil.copy(other.root, kept / "copy" / stick.ROOT)
    with pytest.raises(TrustError):
        seed_state(tmp_path / "state", kept / "copy", said.append)


def test_what_is_in_use_gives_way_only_by_a_person(kept: Path, publishing: Publishing, tmp_path: Path) -> None:
    said: list[str] = []
    seed_state(tmp_path / "state", kept / "copy", said.append)
    newer = Publishing(tmp_path / "newer", now=NOW)
    shutil.copytree(publishing.place, newer.place)
    newer.add_edition(newer.edition(2, EARBUDS, TABLETS))
    newer.add_policy()
    shutil.rmtree(kept / "copy" / stick.TREE)
    shutil.copytree(newer.directory, kept / "copy" / stick.TREE)
    for _ in range(2):
        said.clear()
        seed_state(tmp_path / "state", kept / "copy", said.append)
        assert "registry: jp number 2 of 2026-11-02 is staged, a person decides" in said
    assert policy_shelf(tmp_path / "state").contents().slot().in_use


def test_a_power_cut_between_bringing_and_using_is_made_good(kept: Path, tmp_path: Path) -> None:
    said: list[str] = []
    seed_state(tmp_path / "state", kept / "copy", said.append)
    current = tmp_path / "state/registry/CURRENT"
    in_use = editions(tmp_path / "state").contents().slot().in_use
    current.unlink()  # as if the power had gone before the rename
    seed_state(tmp_path / "state", kept / "copy", said.append)
    assert editions(tmp_path / "state").contents().slot().in_use == in_use


def test_without_a_stick_there_is_nothing_to_do(tmp_path: Path) -> None:
    with pytest.raises(RequestRefused) as refused:
        first_boot(tmp_path, Host(tmp_path, programs=False), str)
    assert refused.value.message == f"{tmp_path / 'copy'}: expected what a stick brought, got no manifest.sha256."


def test_a_box_of_an_image_names_itself(kept: Path) -> None:
    (kept / "name").unlink()
    if not Path("/etc/machine-id").exists():
        pytest.skip("no machine-id here: an image's own name is not tested")
    name = booted(kept)[0].partition(", ")[0].removeprefix("settings: ")
    assert name.startswith("bench-")
    assert len(name) == len("bench-") + 8
    assert (kept / "name").read_text("utf-8") == f"{name}\n"


def test_the_command_says_why_a_box_could_not_be_made(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["provision", "first-boot", str(tmp_path)])
    assert done.exit_code == 2
    assert "expected what a stick brought, got no manifest.sha256. [request_stick]" in done.stderr
