"""What the sync service does on its schedule."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edge.errors import SettingsError
from sync.backoff import Schedule
from sync.fetch import Pace, open_source
from sync.pace import Pace as Bandwidth
from sync.pull import pull
from sync.service import Errand, Outcome, Say
from sync.settings import SyncSettings


def errands(state_dir: Path, settings: SyncSettings, sleep: Callable[[float], object]) -> list[Errand]:
    """What `settings` ask for; `sleep` is what a bandwidth waits with.

    Raises:
        SettingsError: settings_value: they ask for nothing.
    """
    schedule = Schedule(
        interval_s=settings.interval_s,
        first_retry_s=settings.first_retry_s,
        longest_retry_s=settings.longest_retry_s,
    )
    found: list[Errand] = []
    if settings.source:
        found.append(Pull(state_dir, settings.source, schedule, Bandwidth(settings.bytes_per_s, sleep=sleep)))
    if not found:
        message = "SEKISHO_SYNC_SOURCE: expected the address of a published tree, got none."
        raise SettingsError("settings_value", message, hint="Without one there is nothing for the service to do.")
    return found


class Pull:
    """Bring what is new from a published tree onto the box's shelves."""

    name = "pull"

    def __init__(self, state_dir: Path, address: str, schedule: Schedule, pace: Pace) -> None:
        """Pull from `address` for the box in `state_dir`, at the `pace` of its line."""
        self.schedule = schedule
        self._state_dir = state_dir
        self._address = address
        self._pace = pace

    def run(self, say: Say) -> Outcome:
        """Pull once. What is refused is no failure of the line: the next look at the publisher is on schedule.

        Raises:
            TransportError: transport_address, transport_unreachable, transport_busy, transport_disk.
        """
        with open_source(self._address, pace=self._pace) as source:
            state = pull(self._state_dir, source, progress=say)
        return Outcome(done=state.state == "fresh", reason=state.reason, code=state.code)
