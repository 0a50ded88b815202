"""The medium under the state: how worn it is, and whether it can be believed when it says that something is stored.

A durable answer rests on fdatasync. Whether a medium that answers "stored" has stored can only be shown by taking its
power away; what can be measured is how long it takes. An answer faster than any medium without a protected cache can
give is not evidence of a fault, but none of honesty either: it is called "cannot be told".
"""

from __future__ import annotations

import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from edge.examination import Sign, State
from provisioning.doctor import kernel

ROUNDS = 40
BLOCK = 4096
TOO_FAST_MS = 0.05
SLOW_MS = 100.0  # p95 from which an officer waits for it
_MEDIA = {"MMC": "eMMC", "SD": "SD card"}
_WARNED, _URGENT = 2, 3  # of pre_eol_info, JEDEC JESD84-B51
_EXCEEDED = 0x0B
_WORN = 0x09  # 80 to 90 per cent used


@dataclass(frozen=True, slots=True)
class Medium:
    """The block device under a directory. `kind`: eMMC, SD card, NVMe, disk, solid state, virtual, memory, unknown."""

    kind: str
    name: str = ""
    life_time: tuple[int, ...] = ()  # of an eMMC: tenths of its life that are used, by kind of cell; 0x0b: exceeded
    pre_eol: int | None = None  # of an eMMC: 1 normal, 2 warning, 3 urgent
    write_cache: str = ""  # "write back" or "write through"


def read(root: Path, directory: Path, device: int | None = None) -> Medium:
    """The medium under `directory` (or of the device number `device`)."""
    number = directory.stat().st_dev if device is None else device
    block = root / f"sys/dev/block/{os.major(number)}:{os.minor(number)}"
    if not block.exists():
        return Medium("unknown" if os.major(number) else _without_device(root, directory))
    block = block.resolve()
    while slaves := sorted((block / "slaves").glob("*")):  # encrypted or logical volumes
        block = slaves[0].resolve()
    if (block / "partition").exists():
        block = block.parent
    card = block / "device"
    told = (kernel.text(card / "life_time") or "").split()
    return Medium(
        _kind(block),
        block.name,
        tuple(int(one, 16) for one in told if one.startswith("0x")),
        kernel.number(card / "pre_eol_info", 16),
        kernel.text(block / "queue/write_cache") or "",
    )


def _kind(block: Path) -> str:
    if named := _MEDIA.get(kernel.text(block / "device/type") or ""):
        return named
    if block.name.startswith("nvme"):
        return "NVMe"
    if "/virtual/" in str(block) or block.name.startswith(("vd", "xvd")):
        return "virtual"
    return "disk" if kernel.text(block / "queue/rotational") == "1" else "solid state"


def _without_device(root: Path, directory: Path) -> str:
    """File systems without a block device of their own: memory, or one that hides it (overlay, btrfs)."""
    mounts = (kernel.text(root / "proc/self/mounts") or "").splitlines()
    fields = [line.split() for line in mounts]
    under = [one for one in fields if len(one) > 2 and directory.resolve().is_relative_to(one[1])]  # noqa: PLR2004
    kind = max(under, key=lambda one: len(one[1]))[2] if under else ""
    return "memory" if kind in {"tmpfs", "ramfs"} else "unknown"


def synced_ms(directory: Path, rounds: int = ROUNDS) -> tuple[float, ...]:
    """Milliseconds of `rounds` appends of 4 KiB with fdatasync in `directory`, ascending. The file is removed.

    Raises:
        OSError: it cannot be written there.
    """
    path = directory / f".doctor-{os.getpid()}.tmp"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    spent = []
    try:
        for _ in range(rounds):
            os.write(descriptor, os.urandom(BLOCK))
            start = time.perf_counter()
            os.fdatasync(descriptor)
            spent.append((time.perf_counter() - start) * 1e3)
    finally:
        os.close(descriptor)
        path.unlink()
    return tuple(sorted(spent))


def worn(medium: Medium) -> Sign:
    """The sign "storage wear"."""
    part, expected = "storage wear", "less than 80 % of its life used"
    if medium.kind == "memory":
        todo = "Put the state on a medium: SEKISHO_STATE_DIR."
        return Sign(part, State.BROKEN, "the state lies in memory and is lost with the power", expected, todo)
    if not medium.life_time and medium.pre_eol is None:
        todo = {
            "NVMe": "Ask it: smartctl -A /dev/nvme0 (percentage used).",
            "solid state": "Ask it: smartctl -A.",
            "disk": "Ask it: smartctl -A.",
            "SD card": "An SD card does not tell: use an industrial one, keep a spare, change it every two years.",
        }.get(medium.kind, "")
        return Sign(
            part, State.UNKNOWN, f"{medium.kind} {medium.name} does not tell".replace("  ", " "), expected, todo
        )
    most = max(medium.life_time, default=0)
    value = f"{medium.kind} {medium.name}: {_used(most)}"
    change = "Bring results out (`sekisho results export`), then change the medium."
    if most >= _EXCEEDED or medium.pre_eol == _URGENT:
        return Sign(part, State.BROKEN, value, expected, change)
    if most >= _WORN or medium.pre_eol == _WARNED:
        return Sign(part, State.LOOK, value, expected, f"Plan its change. {change}")
    return Sign(part, State.GOOD, value, expected)


def _used(life_time: int) -> str:
    if life_time >= _EXCEEDED:
        return "its life is exceeded"
    return f"up to {life_time * 10} % of its life used" if life_time else "its life is not stated"


def honest(medium: Medium, spent_ms: tuple[float, ...]) -> Sign:
    """The sign "storage honesty", of the times of `synced_ms`."""
    part = "storage honesty"
    expected = f"fdatasync of {BLOCK // 1024} KiB takes {TOO_FAST_MS} ms or more, p95 below {SLOW_MS:.0f} ms"
    middle, p95 = statistics.median(spent_ms), spent_ms[int(0.95 * (len(spent_ms) - 1))]
    cache = f", {medium.write_cache}" if medium.write_cache else ""
    value = f"{medium.kind}{cache}: median {middle:.3g} ms, p95 {p95:.3g} ms"
    if medium.kind == "memory":
        return Sign(part, State.BROKEN, value, expected, "Nothing is stored in memory: set SEKISHO_STATE_DIR.")
    if middle < TOO_FAST_MS:
        todo = (
            "It answers faster than a medium stores. A protected cache may do that; a dishonest one loses the last "
            "results at a power cut. Pull the plug in the middle of inspections and run `sekisho verify`."
        )
        return Sign(part, State.UNKNOWN, value, expected, todo)
    if p95 >= SLOW_MS:
        todo = "It is slow: a worn or cheap medium. Compare it with another one of the kind."
        return Sign(part, State.LOOK, value, expected, todo)
    return Sign(part, State.GOOD, f"{value}; no more can be known without pulling the plug", expected)
