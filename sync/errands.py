"""What the sync service does on its schedule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

from edge.command_shelf import command_clock
from edge.errors import SekishoError, SettingsError
from edge.settings import Settings
from edge.trial import EDITION, PACK, POLICY, Trials
from sync.backoff import Schedule
from sync.fetch import Pace, open_source
from sync.identity import kept_enrolment
from sync.pace import Pace as Bandwidth
from sync.pull import pull
from sync.push_errand import Push
from sync.service import Errand, Outcome, Say
from sync.settings import SyncSettings


def errands(box: Settings, settings: SyncSettings, sleep: Callable[[float], object]) -> list[Errand]:
    """What `settings` ask for; `sleep` is what a bandwidth waits with.

    Raises:
        SettingsError: settings_value: they ask for nothing, and the box is not enrolled; settings_enrolment.
    """
    schedule = Schedule(
        interval_s=settings.interval_s,
        first_retry_s=settings.first_retry_s,
        longest_retry_s=settings.longest_retry_s,
    )
    found: list[Errand] = []
    if settings.source:
        found.append(Pull(box, settings.source, schedule, Bandwidth(settings.bytes_per_s, sleep=sleep)))
    if enrolment := kept_enrolment(box.state_dir):
        pace = Bandwidth(settings.bytes_per_s, sleep=sleep)
        found.append(Push(box, enrolment, schedule, pace, command_clock(box)))
    if not found:
        message = "SEKISHO_SYNC_SOURCE: expected a published tree's address, or an enrolled box, got neither."
        raise SettingsError("settings_value", message, hint="Without one there is nothing for the service to do.")
    return found


class Pull:
    """Bring what is new from a published tree, try it on the last inspections, and use what the policy allows."""

    name = "pull"

    def __init__(self, box: Settings, address: str, schedule: Schedule, pace: Pace) -> None:
        """Pull from `address` at the `pace` of its line."""
        self.schedule = schedule
        self._box = box
        self._address = address
        self._pace = pace

    def run(self, say: Say) -> Outcome:
        """Pull once, then try what is staged; what cannot be tried stays staged and is told.

        Raises:
            TransportError: transport_address, transport_unreachable, transport_busy, transport_disk.
        """
        with open_source(self._address, pace=self._pace) as source:
            state = pull(self._box.state_dir, source, progress=say)
        told = [state.reason, *self._tried(say)]
        return Outcome(done=state.state == "fresh", reason=" ".join(told), code=state.code)

    def _tried(self, say: Say) -> Iterator[str]:
        with closing(Trials(self._box, command_clock(self._box))) as trials:
            for kind in (EDITION, POLICY, PACK):
                say(f"trying what is staged: {kind}")
                try:
                    for one in trials.take_up(kind):
                        became = "is in use" if one.used else "stays staged"
                        yield f"{kind.capitalize()} {one.title} {became}: {one.said}; {one.reason}."
                except SekishoError as error:
                    yield f"A staged {kind} could not be tried: {error.message}"
