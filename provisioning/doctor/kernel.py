"""Values that the kernel shows as files (/sys, /proc), under a root that tests draw. What is not there is None."""

from __future__ import annotations

from pathlib import Path


def text(path: Path) -> str | None:
    """The text of a file without its line feed; None when there is none that can be read."""
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return None


def number(path: Path, base: int = 10) -> int | None:
    """The whole number in a file; None when there is none."""
    told = text(path)
    try:
        return int(told, base) if told else None
    except ValueError:
        return None


def table(path: Path) -> dict[str, int]:
    """Lines such as "MemTotal:   1000 kB" or "oom_kill 0" as numbers by name."""
    found = {}
    for line in (text(path) or "").splitlines():
        name, _, rest = line.replace(":", " ", 1).partition(" ")
        first = rest.split()[:1]
        if first and first[0].isdigit():
            found[name] = int(first[0])
    return found
