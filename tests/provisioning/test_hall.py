"""What a box is told about its hall, below a directory that stands for its root."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.errors import SettingsError
from provisioning import stick
from provisioning.hall import ENVIRONMENT, KEYFILE, TOKEN, Host, settings_of, settle
from provisioning.stick import Hall

HALL = Hall("ja_JP.UTF-8", "jp", "Asia/Tokyo", ("ntp.example.org", "192.0.2.1"), "JP")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    place = tmp_path / "copy"
    (place / "secret").mkdir(parents=True)
    (place / stick.SETTINGS).write_text('SEKISHO_PLACE=Kobe\nSEKISHO_STATIONS=["1","2"]\n', encoding="utf-8")
    (place / stick.WIFI).write_text("[connection]\nid=sekisho\n", encoding="utf-8")
    (place / stick.SITE_CA).write_text("-----BEGIN CERTIFICATE-----\n", encoding="utf-8")
    return place


@pytest.fixture
def host(tmp_path: Path) -> Host:
    zone = tmp_path / "root/usr/share/zoneinfo/Asia/Tokyo"
    zone.parent.mkdir(parents=True)
    zone.write_bytes(b"TZif2")
    (tmp_path / "root/etc").mkdir()
    return Host(tmp_path / "root", programs=False)


def test_a_box_is_told_everything_of_its_hall(copy: Path, host: Host) -> None:
    said = list(settle(copy, HALL, "hall3-01", host))
    etc = host.root / "etc"
    assert (host.root / ENVIRONMENT).read_text("utf-8").splitlines() == [
        "SEKISHO_DEVICE=hall3-01",
        "SEKISHO_LANGUAGE=ja",
        "SEKISHO_PLACE=Kobe",
        'SEKISHO_STATIONS=["1","2"]',
    ]
    assert 'XKBLAYOUT="jp"' in (etc / "default/keyboard").read_text("utf-8")
    assert (etc / "localtime").readlink() == Path("/usr/share/zoneinfo/Asia/Tokyo")
    assert (etc / "systemd/timesyncd.conf.d/sekisho.conf").read_text(
        "utf-8"
    ) == "[Time]\nNTP=ntp.example.org 192.0.2.1\n"
    assert (etc / "modprobe.d/sekisho-radio.conf").read_text("utf-8") == "options cfg80211 ieee80211_regdom=JP\n"
    assert (etc / "sekisho/site-ca.pem").read_text("utf-8").startswith("-----BEGIN")
    assert said[0] == "settings: hall3-01, 4 settings in /etc/sekisho/sekisho.env"
    assert said[-1] == f"Wi-Fi: /{KEYFILE}, for when NetworkManager runs"


def test_only_root_reads_the_key_of_the_wifi(copy: Path, host: Host) -> None:
    list(settle(copy, HALL, "hall3-01", host))
    assert (host.root / KEYFILE).stat().st_mode & 0o777 == 0o600


def test_the_token_of_the_api_is_a_file_of_roots_and_no_setting(copy: Path, host: Host) -> None:
    (copy / stick.SETTINGS).write_text("SEKISHO_TOKEN=t0ken\nSEKISHO_HOST=192.0.2.10\n", encoding="utf-8")
    assert "t0ken" not in "".join(settle(copy, Hall(), "hall3-01", host))
    assert (host.root / TOKEN).read_text("utf-8") == "t0ken\n"
    assert (host.root / TOKEN).stat().st_mode & 0o777 == 0o600
    assert "t0ken" not in (host.root / ENVIRONMENT).read_text("utf-8")


def test_doing_it_again_changes_nothing_and_keeps_what_a_technician_wrote(copy: Path, host: Host) -> None:
    place = host.root / ENVIRONMENT
    place.parent.mkdir(parents=True)
    place.write_text("# of the hall\nSEKISHO_DEVICE=bench-1\nSEKISHO_WORKERS=1\n", encoding="utf-8")
    list(settle(copy, HALL, "hall3-01", host))
    once = place.read_text("utf-8")
    list(settle(copy, HALL, "hall3-01", host))
    assert place.read_text("utf-8") == once
    assert once.startswith("# of the hall\nSEKISHO_WORKERS=1\nSEKISHO_DEVICE=hall3-01\n")


def test_the_name_of_the_box_is_not_the_settings_to_give(copy: Path, host: Host) -> None:
    (copy / stick.SETTINGS).write_text("SEKISHO_DEVICE=another\n", encoding="utf-8")
    list(settle(copy, Hall(), "hall3-01", host))
    assert "SEKISHO_DEVICE=hall3-01\n" in (host.root / ENVIRONMENT).read_text("utf-8")


def test_what_a_box_has_not_is_left_and_told(copy: Path, host: Host) -> None:
    said = list(settle(copy, Hall("ko_KR.UTF-8", timezone="Asia/Seoul"), "hall3-01", host))
    left = "is not on this box and is left"
    assert f"locale: ko_KR.UTF-8 {left}; the bench's own sentences are not touched by it" in said
    assert f"time zone: Asia/Seoul {left}; records are in UTC as ever" in said
    assert not (host.root / "etc/localtime").exists()
    assert not (host.root / "etc/default/locale").exists()


def test_a_locale_that_can_be_generated_is_asked_for(copy: Path, host: Host) -> None:
    (host.root / "etc/locale.gen").write_text("# en_GB.UTF-8 UTF-8\n", encoding="utf-8")
    list(settle(copy, HALL, "hall3-01", host))
    list(settle(copy, HALL, "hall3-01", host))
    assert (host.root / "etc/locale.gen").read_text("utf-8") == "# en_GB.UTF-8 UTF-8\nja_JP.UTF-8 UTF-8\n"


def test_a_settings_line_that_is_none_is_refused_without_being_shown() -> None:
    with pytest.raises(SettingsError) as refused:
        settings_of("SEKISHO_PLACE=Kobe\nsecret-token\n")
    assert refused.value.message == "line 2: expected SEKISHO_NAME=VALUE, got 12 other characters."
