"""The USB guard: usbguard reads the policy, and what is two things at once is neither."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.errors import RequestRefused
from provisioning.usb_guard import UsbId, policy, udev_rules
from sekisho import app

SCANNER = UsbId("05e0:1200")
MOUNT = Path(__file__).parents[2] / "systemd" / "media-stick.mount"


def _target(rules: str, device: str, *interfaces: str) -> str:
    """What usbguard-rules.conf(5) says becomes of a device: the first rule whose id fits and whose set holds all."""
    for line in rules.splitlines():
        found = re.fullmatch(r"(allow|reject)(?: id (\S+))?(?: with-interface match-all \{ (.*) \})?", line)
        if found is None:
            assert line.startswith("#"), line
            continue
        target, known, these = found.groups()
        fits = these is None or all(one[:2] in {this[:2] for this in these.split()} for one in interfaces)
        if fits and known in {None, device}:
            return target
    return "block"


@pytest.mark.parametrize(
    ("what", "device", "interfaces", "target"),
    [
        ("a hub", "05e3:0610", ("09:00:01", "09:00:02"), "allow"),
        ("a scanner that types", SCANNER.text, ("03:01:01",), "allow"),
        ("a scanner as a serial line", SCANNER.text, ("02:02:01", "0a:00:00"), "allow"),
        ("a stick", "0781:5567", ("08:06:50",), "allow"),
        ("a camera with a microphone", "046d:0825", ("0e:01:00", "0e:02:00", "01:01:00", "01:02:00"), "allow"),
        ("a keyboard", "046d:c31c", ("03:01:01", "03:00:00"), "reject"),
        ("a keyboard that looks like a stick", "0781:5567", ("08:06:50", "03:01:01"), "reject"),
        ("storage that says it is the scanner", SCANNER.text, ("03:01:01", "08:06:50"), "reject"),
        ("a network card in a stick", "0bda:8153", ("02:06:00", "0a:00:00"), "reject"),
        ("a telephone", "18d1:4ee7", ("06:01:01", "ff:42:01"), "reject"),
        ("a radio", "0a12:0001", ("e0:01:01",), "reject"),
    ],
)
def test_what_is_plugged_in_is_taken_or_not(what: str, device: str, interfaces: tuple[str, ...], target: str) -> None:
    assert (what, _target(policy((SCANNER,)), device, *interfaces)) == (what, target)


def test_without_a_named_scanner_nothing_types() -> None:
    assert _target(policy(()), SCANNER.text, "03:01:01") == "reject"
    assert _target(policy((SCANNER,), cameras=False), "046d:0825", "0e:01:00") == "reject"


@pytest.mark.skipif(
    shutil.which("usbguard-rule-parser") is None, reason="usbguard is absent: its parser does not read the policy"
)
def test_usbguard_reads_the_policy(tmp_path: Path) -> None:
    (tmp_path / "rules.conf").write_text(policy((SCANNER, UsbId("0c2e:0b61"))))
    command = ["usbguard-rule-parser", "--file", str(tmp_path / "rules.conf")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _knows_verify() -> bool:
    if shutil.which("udevadm") is None:
        return False
    said = subprocess.run(["udevadm", "--help"], capture_output=True, text=True, check=False)
    return "verify" in said.stdout  # from systemd 254 on


@pytest.mark.skipif(
    not _knows_verify(), reason="no udevadm verify here (systemd 254): udev itself does not read the rules"
)
def test_udev_reads_the_rules(tmp_path: Path) -> None:
    (tmp_path / "70-sekisho.rules").write_text(udev_rules())
    done = subprocess.run(["udevadm", "verify", str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_each_udev_rule_is_keys_with_operators_and_quoted_values() -> None:
    """udev(7): a rule with one wrong key is passed over as a whole, silently on a box."""
    key = re.compile(r'(?:ACTION|SUBSYSTEM|SYMLINK|TAG|GROUP|MODE|ENV\{[A-Z_]+\})(?:==|!=|=|\+=|-=)"[^"]*"')
    rules = [line for line in udev_rules().splitlines() if not line.startswith("#")]
    assert len(rules) == 3
    for rule in rules:
        assert [part for part in rule.split(", ") if not key.fullmatch(part)] == []


def test_a_stick_is_mounted_read_only_and_nothing_on_it_runs() -> None:
    told = MOUNT.read_text("utf-8")
    assert "What=/dev/sekisho-stick\n" in told
    assert "Options=ro,nosuid,nodev,noexec,nosymfollow\n" in told
    named = [rule for rule in udev_rules().splitlines() if 'SYMLINK+="sekisho-stick"' in rule]
    assert len(named) == 1
    assert 'ENV{ID_FS_LABEL}=="SEKISHO", ' in named[0]  # a box that runs from a USB disk is no stick of its own


@pytest.mark.parametrize("text", ["", "05e0", "05e0:12000", "05e0:12g0", "05e0:1200 }\nallow"])
def test_an_id_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        UsbId.parse(text)
    expected = f"A USB id must be VENDOR:PRODUCT with four hexadecimal digits each, got {text!r}."
    assert refused.value.message == expected


def test_the_command_prints_both() -> None:
    told = CliRunner().invoke(app, ["provision", "usb-guard", "--scanner", "05E0:1200"])
    assert told.output == policy((SCANNER,))
    assert CliRunner().invoke(app, ["provision", "usb-guard", "--udev"]).output == udev_rules()
