"""The kinds of targets in a tree, with the newest schema of each that this program takes."""

from __future__ import annotations

SCHEMAS = {"edition": 2, "delta": 1, "pack": 1, "policy": 1}
