"""How long to wait after wrong tries: a pause that grows, for an account and for a client. Pure; reads no clock.

A pause ends by itself, so that nobody is locked out for good by another's tries; a badge signs in meanwhile.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

FIRST_S, LONGEST_S = 30.0, 900.0
_MOST = 10_000  # names that are remembered


@dataclass(slots=True)
class _Tries:
    count: int
    until_s: float
    last_s: float


class Lockout:
    """Wrong tries by name. Times are monotonic seconds. For one thread at a time."""

    def __init__(self, free: int, *, forget_s: float = float("inf")) -> None:
        """`free` tries cost nothing; after `forget_s` without a wrong one a name begins anew."""
        self._free = free
        self._forget_s = forget_s
        self._tries: OrderedDict[str, _Tries] = OrderedDict()

    def wait_s(self, name: str, now_s: float) -> float:
        """How long `name` has still to wait, seconds; 0 for not at all."""
        tries = self._tries.get(name)
        return max(0.0, tries.until_s - now_s) if tries is not None else 0.0

    def wrong(self, name: str, now_s: float) -> tuple[int, float]:
        """Count one wrong try: how many there were, and the pause that follows, seconds."""
        tries = self._tries.pop(name, None)
        before = tries.count if tries is not None and now_s - tries.last_s <= self._forget_s else 0
        return before + 1, self.restore(name, before + 1, now_s)

    def restore(self, name: str, count: int, now_s: float) -> float:
        """Take up a count from before a restart: its pause begins anew, because no clock went on meanwhile."""
        over = count - self._free
        pause_s = 0.0 if over < 0 else min(FIRST_S * 2 ** min(over, 30), LONGEST_S)
        self._tries[name] = _Tries(count, now_s + pause_s, now_s)
        self._tries.move_to_end(name)
        while len(self._tries) > _MOST:
            self._tries.popitem(last=False)
        return pause_s

    def right(self, name: str) -> None:
        """Forget what `name` tried."""
        self._tries.pop(name, None)
