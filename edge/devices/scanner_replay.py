"""A scanner that gives recorded messages, for demonstrations and tests."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from edge.errors import DeviceError
from edge.ports import Scan

if TYPE_CHECKING:
    from collections.abc import Iterable


class ReplayScanner:
    """Gives `payloads` one after the other, then reports its end."""

    def __init__(self, payloads: Iterable[bytes], *, name: str = "replay") -> None:
        """Keep `payloads`, terminators already removed."""
        self.name = name
        self._payloads = deque(payloads)

    def read(self, timeout_s: float) -> Scan | None:  # noqa: ARG002 - the port's signature; a replay never waits
        """The next scan.

        Raises:
            DeviceError: `device_ended`, every payload was given.
        """
        if not self._payloads:
            raise DeviceError("device_ended", f"The scanner {self.name!r} has ended.", hint="Nothing more comes.")
        return Scan(self._payloads.popleft(), f"scanner:{self.name}")

    def close(self) -> None:
        """Forget what was not given. Safe to call twice."""
        self._payloads.clear()
