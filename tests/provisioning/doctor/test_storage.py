"""Wear and honesty of drawn media, and one real measurement."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge.examination import State
from provisioning.doctor import storage
from tests.provisioning.doctor.trees import block, draw

CARD = "platform/mmc0/mmc_host/mmc0/mmc0:0001/block/mmcblk0"


def _emmc(root: Path, life: str, pre_eol: str) -> storage.Medium:
    block(root, "179:2", f"{CARD}/mmcblk0p2", {"partition": "2"})
    told = {"device/type": "MMC", "device/life_time": life, "device/pre_eol_info": pre_eol}
    draw(root / "sys/devices" / CARD, told | {"queue/write_cache": "write back"})
    return storage.read(root, root, os.makedev(179, 2))


@pytest.mark.parametrize(
    ("life", "pre_eol", "state", "value"),
    [
        ("0x01 0x02", "0x01", State.GOOD, "eMMC mmcblk0: up to 20 % of its life used"),
        ("0x03 0x09", "0x01", State.LOOK, "eMMC mmcblk0: up to 90 % of its life used"),
        ("0x01 0x0b", "0x01", State.BROKEN, "eMMC mmcblk0: its life is exceeded"),
        ("0x01 0x01", "0x03", State.BROKEN, "eMMC mmcblk0: up to 10 % of its life used"),
        ("0x00 0x00", "0x02", State.LOOK, "eMMC mmcblk0: its life is not stated"),
    ],
)
def test_an_emmc_tells_its_wear(tmp_path: Path, life: str, pre_eol: str, state: State, value: str) -> None:
    sign = storage.worn(_emmc(tmp_path, life, pre_eol))
    assert (sign.state, sign.value) == (state, value)


def test_an_sd_card_does_not_tell_its_wear_and_that_is_said(tmp_path: Path) -> None:
    block(tmp_path, "179:0", CARD, {"device/type": "SD"})
    sign = storage.worn(storage.read(tmp_path, tmp_path, os.makedev(179, 0)))
    assert (sign.state, sign.value) == (State.UNKNOWN, "SD card mmcblk0 does not tell")
    assert "industrial" in sign.todo


def test_below_an_encrypted_volume_the_medium_is_found(tmp_path: Path) -> None:
    nvme = "pci0000:00/nvme/nvme0/nvme0n1"
    draw(tmp_path / "sys/devices" / nvme / "nvme0n1p3", {"partition": "3"})
    block(tmp_path, "254:0", "virtual/block/dm-0", {"slaves/.keep": ""})
    slaves = tmp_path / "sys/devices/virtual/block/dm-0/slaves"
    (slaves / ".keep").unlink()
    (slaves / "nvme0n1p3").symlink_to(tmp_path / "sys/devices" / nvme / "nvme0n1p3")
    assert storage.read(tmp_path, tmp_path, os.makedev(254, 0)) == storage.Medium("NVMe", "nvme0n1")


def test_a_state_that_lies_in_memory_is_broken(tmp_path: Path) -> None:
    draw(tmp_path, {"proc/self/mounts": f"overlay / overlay rw 0 0\ntmpfs {tmp_path} tmpfs rw 0 0"})
    medium = storage.read(tmp_path, tmp_path, os.makedev(0, 40))
    assert storage.worn(medium).value == "the state lies in memory and is lost with the power"
    assert storage.honest(medium, (0.01,) * 9).state is State.BROKEN
    draw(tmp_path, {"proc/self/mounts": "overlay / overlay rw 0 0"})
    assert storage.read(tmp_path, tmp_path, os.makedev(0, 40)).kind == "unknown"


@pytest.mark.parametrize(
    ("ms", "state"), [(0.01, State.UNKNOWN), (0.049, State.UNKNOWN), (3.0, State.GOOD), (150.0, State.LOOK)]
)
def test_a_medium_that_answers_too_fast_cannot_be_told_honest(ms: float, state: State) -> None:
    sign = storage.honest(storage.Medium("SD card", "mmcblk0", write_cache="write back"), (ms,) * 40)
    assert sign.state is state
    assert sign.value.startswith(f"SD card, write back: median {ms:.3g} ms, p95 {ms:.3g} ms")
    assert ("Pull the plug" in sign.todo) == (state is State.UNKNOWN)


def test_syncs_are_timed_on_the_medium_itself_and_leave_nothing(tmp_path: Path) -> None:
    spent = storage.synced_ms(tmp_path, rounds=3)
    assert len(spent) == 3
    assert min(spent) > 0
    assert list(tmp_path.iterdir()) == []
