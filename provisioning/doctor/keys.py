"""The certificates and keys of the box (provisioning/identity.py), and whether others can read a key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from edge.examination import Sign, State
from provisioning.identity import Told, kept_state

_PART = "certificates"
_EXPECTED = "none has ended or ends unrenewed; keys that only their owner reads"
_OPEN = 0o077  # permissions of the group and of others


def read(state_dir: Path, now: datetime) -> Sign:
    """The sign "certificates" of what lies in `state_dir`.

    Raises:
        SettingsError, BoxError, OSError: something is there and cannot be read.
    """
    readable = tuple(key.name for key in sorted(state_dir.rglob("*.key")) if key.stat().st_mode & _OPEN)
    return judged(kept_state(state_dir, now), readable)


def judged(told: Sequence[Told], readable: Sequence[str] = ()) -> Sign:
    """The sign "certificates". `readable`: keys that others than their owner can read."""
    if readable:
        value = f"others can read {', '.join(readable)}"
        return Sign(_PART, State.BROKEN, value, _EXPECTED, "Take the permission away: chmod 600.")
    wrong = [one for one in told if one.wrong]
    due = [one for one in told if one.standing == "due"]
    shown = wrong or due or [one for one in told if one.standing == "good"] or list(told[:1])
    value = " ".join(one.words for one in shown)
    todo = " ".join(dict.fromkeys(one.hint for one in shown if one.hint))
    if wrong:
        return Sign(_PART, State.BROKEN, value, _EXPECTED, todo)
    return Sign(_PART, State.LOOK if due else State.GOOD, value, _EXPECTED, todo if due else "")
