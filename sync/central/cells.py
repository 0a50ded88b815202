"""Texts of boxes as cells of CSV: nothing that a spreadsheet would run."""

from __future__ import annotations

RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # what a spreadsheet takes for a formula


def harmless(text: str) -> str:
    """A text as a cell: an apostrophe before what would be a formula, and no NUL."""
    text = text.replace("\0", "\ufffd")
    return f"'{text}" if text.lstrip(" ").startswith(RISKY) else text
