"""The stick as the technician's desk writes it: whole, readable, and what a box would refuse is refused here."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from edge.errors import BoxError, RequestRefused, SekishoError, SettingsError
from provisioning import stick
from provisioning.debian import read_deb
from provisioning.every_setting import SETTINGS
from provisioning.stick import PATH, Hall, Seat
from provisioning.usb import Contents, Written, require_settings, write
from provisioning.wifi import Wifi
from sekisho import app
from tests.provisioning.debs import certificate, small_deb
from tests.sync.publishing import Publishing

NOW = datetime.now(UTC)
IEEE = "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e"  # IEEE 802.11, J.4.2, first test vector


@pytest.fixture(scope="module")
def publishing(tmp_path_factory: pytest.TempPathFactory) -> Publishing:
    publishing = Publishing(tmp_path_factory.mktemp("publisher"), now=NOW)
    publishing.found()
    publishing.add_edition(publishing.edition(1, "4912345678904"))
    publishing.add_policy()
    return publishing


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A directory with packages, and one for the stick."""
    (tmp_path / "stick").mkdir()
    (tmp_path / "debs").mkdir()
    small_deb(tmp_path / "sekisho_0.1.0+deb12_arm64.deb")
    small_deb(tmp_path / "debs/libzbar0_0.23.92-7+deb12u1_arm64.deb")
    return tmp_path


def package(desk: Path) -> tuple[Path, ...]:
    return (desk / "sekisho_0.1.0+deb12_arm64.deb",)


def whole(desk: Path, publishing: Publishing) -> Written:
    contents = Contents(
        package(desk),
        debs=desk / "debs",
        tree=publishing.directory,
        settings="SEKISHO_PLACE=Kobe",
        seats=(Seat("hall3-01"), Seat("hall3-02")),
        hall=Hall("ja_JP.UTF-8", "jp", "Asia/Tokyo", ("ntp.example.org",), "JP"),
        wifi=Wifi.of("IEEE", "password"),
        cloud_init=True,
    )
    return write(contents, desk / "stick", NOW)


def test_every_file_of_a_stick_hangs_on_the_fingerprint(desk: Path, publishing: Publishing) -> None:
    written = whole(desk, publishing)
    place = desk / "stick"
    script = (place / "install.sh").read_text("utf-8")
    assert hashlib.sha256(script.encode()).hexdigest() == written.fingerprint
    manifest = (place / stick.MANIFEST).read_bytes()
    assert f"MANIFEST={hashlib.sha256(manifest).hexdigest()} #" in script
    assert "@" not in re.sub(r"\"\$@\"", "", script.partition("asked=")[0])
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", stick.MANIFEST], cwd=place, check=False, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    listed = {line.split("  ")[1] for line in manifest.decode().splitlines()}
    there = {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}
    assert there - listed == {"install.sh", stick.MANIFEST, "user-data", "meta-data", "network-config"}
    assert [name for name in listed if not PATH.fullmatch(name)] == []
    assert written.files == len(listed) + 2
    assert "packages/12-arm64/libzbar0_0.23.92-7+deb12u1_arm64.deb" in listed


def test_a_stick_says_in_words_what_is_on_it(desk: Path, publishing: Publishing) -> None:
    written = whole(desk, publishing)
    said = (desk / "stick/READ-ME.txt").read_text("utf-8")
    assert written.brings == (
        "registry: jp number 1 of 2026-11-01 is in use",
        "policy: strict default 2026.11 is in use",
    )
    for told in (
        *written.brings,
        "sekisho_0.1.0+deb12_arm64.deb",
        "Wi-Fi: IEEE",
        "names for 2 boxes: hall3-01, hall3-02",
    ):
        assert told in said
    assert IEEE not in said
    assert "password\n" not in "".join(path.read_text("utf-8", "replace") for path in (desk / "stick/secret").iterdir())


def test_writing_again_keeps_who_has_which_name_and_nothing_else(desk: Path, publishing: Publishing) -> None:
    whole(desk, publishing)
    (desk / "stick/taken").mkdir()
    (desk / "stick/taken/hall3-01").write_text("a box\n", encoding="utf-8")
    (desk / "stick/packages/12-arm64/old_1_all.deb").write_bytes(b"")
    write(Contents(package(desk)), desk / "stick", NOW)
    assert (desk / "stick/taken/hall3-01").exists()
    assert not (desk / "stick/packages/12-arm64/old_1_all.deb").exists()
    assert not (desk / "stick/user-data").exists()
    assert not (desk / "stick/tree").exists()


def test_a_tree_that_a_box_would_refuse_is_not_written(desk: Path, publishing: Publishing) -> None:
    tree = publishing.copy("broken")
    snapshot = next((tree / "targets").rglob("*.sqlite.zst"))
    snapshot.write_bytes(snapshot.read_bytes()[:-1] + b"?")
    with pytest.raises(BoxError) as refused:
        write(Contents(package(desk), tree=tree), desk / "stick", NOW)
    assert refused.value.code == "first_boot_tree"
    assert refused.value.message.startswith(f"{tree}: expected a tree that can be accepted, got refused: ")
    assert list((desk / "stick").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value", "came"),
    [
        ("SEKISHO_COLOUR", "red", "no such setting"),
        ("SEKISHO_WORKERS", "0", "Input should be greater than or equal to 1"),
        ("SEKISHO_SYNC_INTERVAL_S", "0", "Input should be greater than or equal to 1"),
        ("SEKISHO_STATIONS", "1,2", "no JSON list"),
    ],
)
def test_a_setting_that_a_bench_would_refuse_is_refused_at_the_desk(name: str, value: str, came: str) -> None:
    with pytest.raises(SettingsError) as refused:
        require_settings(f"{name}={value}")
    assert refused.value.message == f"{name}: expected a setting that the bench can use, got: {came}."


def test_settings_that_a_bench_takes_are_taken() -> None:
    for model in SETTINGS:
        for name, field in model.model_fields.items():
            value = json.dumps(field.default) if isinstance(field.default, tuple) else field.default
            if field.default is not None:
                require_settings(f"{model.model_config['env_prefix']}{name.upper()}={value}")
    require_settings('SEKISHO_STATIONS=["1","2"]\nSEKISHO_CAMERA=/dev/video0\nSEKISHO_SYNC_SOURCE=https://a.example\n')


def test_a_package_without_a_debian_release_is_refused(desk: Path) -> None:
    other = desk / "sekisho.deb"
    other.write_bytes(b"")
    with pytest.raises(RequestRefused) as refused:
        write(Contents((other,)), desk / "stick", NOW)
    expected = f"{other}: expected a package as sekisho_VERSION+debNN_ARCH.deb, got no such file."
    assert refused.value.message == expected


def test_a_package_of_debian_for_another_processor_is_refused(desk: Path) -> None:
    other = desk / "debs/libzbar0_0.23_amd64.deb"
    other.write_bytes(b"")
    with pytest.raises(RequestRefused) as refused:
        write(Contents(package(desk), debs=desk / "debs"), desk / "stick", NOW)
    assert refused.value.message == f"{other}: expected a package of Debian for arm64, got another."


def refusal(desk: Path, **more: Any) -> str:
    """What is said of contents that no box could use; nothing is written then."""
    with pytest.raises(SekishoError) as refused:
        write(Contents(**({"packages": package(desk)} | more)), desk / "stick", NOW)
    assert list((desk / "stick").iterdir()) == []
    return refused.value.message


def test_a_package_that_was_cut_short_is_refused(desk: Path) -> None:
    (file,) = package(desk)
    size = file.stat().st_size
    file.write_bytes(file.read_bytes()[: size - 40])
    came = rf"{size - 40} bytes of \d+ or more: it was cut short"
    expected = rf"{re.escape(str(file))}: expected a whole package of Debian, got {came}\."
    assert re.fullmatch(expected, refusal(desk))


def test_a_package_that_is_not_what_its_name_states_is_refused(desk: Path) -> None:
    file = small_deb(desk / "sekisho_0.1.0+deb12_arm64.deb", architecture="amd64")
    expected = f"{file}: expected the package that its name states, got sekisho for amd64."
    assert refusal(desk) == expected
    small_deb(file)
    other = small_deb(desk / "debs/libzbar0_0.23.92-7+deb12u1_arm64.deb", package="libother")
    expected = f"{other}: expected the package that its name states, got libother for arm64."
    assert refusal(desk, debs=desk / "debs") == expected


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg is absent: no package of it is read")
@pytest.mark.parametrize("packing", ["none", "gzip", "xz", "zstd"])
def test_what_debian_packs_is_read(tmp_path: Path, packing: str) -> None:
    (tmp_path / "tree/DEBIAN").mkdir(parents=True)
    control = "Package: a\nVersion: 1\nArchitecture: all\nMaintainer: A <a@example.invalid>\nDescription: b\n"
    (tmp_path / "tree/DEBIAN/control").write_text(control, encoding="utf-8")
    command = ["dpkg-deb", f"-Z{packing}", "--uniform-compression", "--build", str(tmp_path / "tree")]
    subprocess.run([*command, str(tmp_path / "a.deb")], check=True, capture_output=True)
    told = read_deb(tmp_path / "a.deb")
    assert (told.package, told.version, told.architecture) == ("a", "1", "all")


@given(st.binary(max_size=400))
def test_any_bytes_are_a_package_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.deb"
    file.write_bytes(b"!<arch>\n" + data)
    with pytest.raises(RequestRefused):
        read_deb(file)


def test_a_folder_without_packages_is_refused(desk: Path) -> None:
    folder = desk / "none"
    assert refusal(desk, debs=folder) == f"{folder}: expected packages of Debian, got no such folder."
    folder.mkdir()
    assert refusal(desk, debs=folder) == f"{folder}: expected packages of Debian, got none."


def test_what_is_no_authority_is_refused(desk: Path) -> None:
    file = desk / "site-ca.pem"
    assert refusal(desk, site_ca=file) == f"{file}: expected certificates as PEM, got No such file or directory."
    file.write_text("the site's authority\n", encoding="utf-8")
    assert refusal(desk, site_ca=file) == f"{file}: expected certificates as PEM, got none."
    file.write_text(certificate(authority=False), encoding="utf-8")
    assert refusal(desk, site_ca=file) == f"{file}: expected an authority's certificate, got one of CN=site."
    file.write_text(certificate() + "-----BEGIN PRIVATE KEY-----\n", encoding="utf-8")
    assert refusal(desk, site_ca=file) == f"{file}: expected certificates alone, got a private key too."


def test_a_time_zone_that_does_not_exist_is_refused(desk: Path) -> None:
    hall = Hall(timezone="Mars/Base")
    assert refusal(desk, hall=hall) == "timezone: expected one that exists, got 'Mars/Base'."


def test_the_key_of_a_wifi_is_made_as_the_standard_says() -> None:
    wifi = Wifi.of("IEEE", "password")
    assert wifi.psk == IEEE
    assert f"ssid=IEEE\n\n[wifi-security]\nkey-mgmt=wpa-psk\npsk={IEEE}\n" in wifi.keyfile()
    assert "ssid=230;184;175;59;\n" in Wifi.of("港;", "password").keyfile()


@pytest.mark.parametrize(
    ("ssid", "passphrase", "message"),
    [
        ("", "password", "ssid: expected 1 to 32 bytes, got 0."),
        ("a" * 33, "password", "ssid: expected 1 to 32 bytes, got 33."),
        ("hall", "short", "passphrase: expected 8 to 63 ASCII characters, got 5 characters."),
    ],
)
def test_a_wifi_that_no_radio_takes_is_refused(ssid: str, passphrase: str, message: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Wifi.of(ssid, passphrase)
    assert refused.value.message == message


def test_cloud_init_only_starts_the_install_script_of_this_very_stick(desk: Path, publishing: Publishing) -> None:
    written = whole(desk, publishing)
    text = (desk / "stick/user-data").read_text("utf-8")
    assert text.startswith("#cloud-config\n")
    ((shell, flag, script),) = yaml.safe_load(text)["runcmd"]
    assert (shell, flag) == ("sh", "-c")
    assert f'echo "{written.fingerprint}  $place/install.sh" | sha256sum -c -' in script
    assert subprocess.run(["sh", "-n", "-c", script], check=False).returncode == 0
    network = yaml.safe_load((desk / "stick/network-config").read_text("utf-8"))
    assert network["wifis"]["wlan0"]["access-points"] == {"IEEE": {"password": IEEE}}
    assert network["wifis"]["wlan0"]["regulatory-domain"] == "JP"
    assert all(one["optional"] for kind in ("ethernets", "wifis") for one in network[kind].values())
    meta = yaml.safe_load((desk / "stick/meta-data").read_text("utf-8"))
    assert meta == {"instance-id": f"sekisho-{written.fingerprint[:16]}"}


def test_the_command_says_what_to_take_along_on_paper(desk: Path, publishing: Publishing) -> None:
    (desk / "boxes").write_text("hall3-01\n", encoding="utf-8")
    (desk / "passphrase").write_text("password\n", encoding="utf-8")
    words = ["provision", "usb", "--out", str(desk / "stick"), "--package", str(package(desk)[0])]
    words += ["--tree", str(publishing.directory), "--boxes", str(desk / "boxes")]
    words += ["--wifi", "IEEE", "--wifi-passphrase-file", str(desk / "passphrase")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    fingerprint = hashlib.sha256((desk / "stick/install.sh").read_bytes()).hexdigest()
    root = hashlib.sha256(publishing.root.read_bytes()).hexdigest()
    assert done.stdout.endswith(
        f"trust root, to be compared with the publisher's SHA-256:\n{root}\n"
        f"install.sh, to be compared at each box, SHA-256 (write it on paper):\n{fingerprint}\n"
    )
