"""The kernel's files as a board shows them, drawn under a directory."""

from __future__ import annotations

from pathlib import Path


def draw(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n", "utf-8")
    return root


def block(root: Path, device: str, place: str, files: dict[str, str]) -> Path:
    """A block device `device` ("179:2") that lies at /sys/devices/`place`."""
    draw(root / "sys/devices" / place, files)
    (root / "sys/dev/block").mkdir(parents=True, exist_ok=True)
    (root / "sys/dev/block" / device).symlink_to(Path("../../devices") / place)
    return root
