"""THE STORY of an update, as a machine of small steps.

Each is kept in the journal before it is done, and can be done again: after a power cut between any two, the next run
goes on where it was, or the boot has gone back by itself.

    rest → unpack → check → wait → switch → watch → settle → rest
                                               ↘ back → rest

The process that watches a release is the release before: it was running when the switch was made, and after a boot
the launcher gives `sekisho update` the one before while there is a trial.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from edge.errors import SekishoError
from edge.rehearsal import GTIN
from edge.releases import Journal, Wanted
from provisioning.release import bundle
from provisioning.release.errors import BundleRefused, UpdateFailed
from provisioning.release.home import Home
from provisioning.release.services import Answer, Services
from provisioning.release.settings import UpdateSettings
from provisioning.release.taking import Offered, bring, newest, offers
from sync.fetch import Source

_LOOK_S = 1.0
_IDLE_LOOK_S = 5.0
_WRONG_S = 5.0  # answers, and wrongly: no start takes that
_BACK_S = 60.0
_CRASHES = 2

Sleep = Callable[[float], None]


@dataclass(slots=True)
class Updater:
    """The updates of one box."""

    home: Home
    services: Services
    check: Callable[[Path, Path], str]  # why a release's lib must not be used instead of another; "" when it may
    ledger: Callable[[], int]  # the schema of the box's ledger; 0 for none
    settings: UpdateSettings
    say: Callable[[str], None]
    sleep: Sleep = time.sleep
    clock: Callable[[], float] = time.monotonic
    asked: bool = False  # a person wants it now: also without SEKISHO_UPDATE_AUTO
    _steps: dict[str, Callable[[Journal], Journal]] = field(init=False)

    def __post_init__(self) -> None:
        """Name the steps."""
        self._steps = {
            "unpack": self._unpack,
            "check": self._check,
            "wait": self._wait,
            "switch": self._switch,
            "watch": self._watch,
            "settle": self._settle,
            "back": self._back,
        }

    def run(self, source: Source | None) -> Journal:
        """Go on with what was begun; else begin with the newest release that `source` offers. To the end, or a wait.

        Raises:
            TrustError, TransportError: the tree cannot be accepted; nothing was begun.
            UpdateFailed, OSError: the box could not do a step; the next run goes on with it.
        """
        journal = self._after_boot(self.home.journal())
        if journal.step == "rest":
            journal = self._mended(journal)
        if journal.step == "rest" and source is not None:
            journal = self._begun(journal, source)
        while journal.step != "rest":
            step = journal.step
            self.say(f"{step}: {journal.wanted.version if journal.wanted else journal.reason}")
            journal = self._steps[step](journal)
            if journal.step == "wait" == step:
                break
        return journal

    def roll_back(self, reason: str) -> Journal:
        """Use the release before again, as a person asks; what is in use is not tried again by itself.

        Raises:
            UpdateFailed: update_previous: there is none; update_ledger: it cannot read the ledger any more.
        """
        current, before = self.home.link("current"), self.home.link("previous")
        if not current:
            message = "Expected a release in use that can be taken back, got the package's own program."
            raise UpdateFailed("update_previous", message, hint="Install an older package instead.")
        if before == current:
            message = (
                f"Expected another release than {current.partition('_')[0]}, which is in use, got none: it is gone."
            )
            raise UpdateFailed("update_previous", message, hint="Bring a release, or install a package.")
        old, schema = self.home.about(before), self.ledger()
        if schema > old.ledger[1]:
            message = f"Release {old.version} reads ledgers of schema {old.ledger[1]} or older, got {schema}."
            raise UpdateFailed("update_ledger", message, hint="Bring a newer release instead: this one stays in use.")
        wanted = _in_use(self.home, current)
        journal = self.home.journal().model_copy(
            update={"step": "back", "wanted": wanted, "before": before, "before_version": old.version, "reason": reason}
        )
        self.home.keep(journal)
        return self.run(None)

    # --- before the switch ---------------------------------------------------------------------------------------

    def _begun(self, journal: Journal, source: Source) -> Journal:
        running = self.home.about(self.home.link("current"))
        client, targets = offers(self.home.path, source, datetime.now(UTC))
        offered = newest(targets, running, self.ledger(), journal.refused)
        if offered is None:
            self.say(f"nothing newer than {running.version}")
            return journal
        bring(self.home.path, client, offered)
        return self.home.keep(
            journal.model_copy(
                update={
                    "step": "unpack",
                    "wanted": _wanted(offered),
                    "before": self.home.link("current"),
                    "before_version": running.version,
                    "reason": "",
                }
            )
        )

    def _unpack(self, journal: Journal) -> Journal:
        wanted = _of(journal)
        verified = self.home.path / "sync" / "incoming" / wanted.sha256
        try:
            with verified.open("rb") as file:  # root's own, whose hash was compared after it was copied
                self.home.unpack(file, wanted)
        except FileNotFoundError:
            return self.home.tell(journal, "waits", "its bundle is gone; it is fetched again")
        except BundleRefused as error:
            return self.home.tell(journal, "refused", error.message, refuse=True)
        except (UpdateFailed, OSError) as error:
            return self._no_room(journal, error)
        said, signed = self.home.about(wanted.directory), wanted.version
        if said.version != signed:
            words = f"it says that it is {said.version}, signed is {signed}"
            return self.home.tell(journal, "refused", words, refuse=True)
        return self._next(journal, "check")

    def _no_room(self, journal: Journal, error: SekishoError | OSError) -> Journal:
        """Told once; the next run tries again."""
        last = journal.events[-1] if journal.events else None
        if last is not None and (last.kind, last.sha256) == ("waits", _of(journal).sha256):
            return self.home.keep(Journal(refused=journal.refused, events=journal.events))
        return self.home.tell(journal, "waits", str(error))

    def _check(self, journal: Journal) -> Journal:
        why = self.check(self.home.lib(journal.before), self.home.lib(_of(journal).directory))
        if why:
            done = self.home.tell(journal, "refused", why, refuse=True)
            self.home.tidy()
            return done
        return self._next(journal, "wait")

    def _wait(self, journal: Journal) -> Journal:
        """Until no station is at work. A bench that does not answer is not waited for: it may be what is mended."""
        if not self.settings.auto and not self.asked:
            self.say(f"{_of(journal).version} is ready: sekisho update use")
            return journal
        while True:
            answer = self.services.ask(self.settings.idle_s)
            if isinstance(answer, str) or not answer.at_work:
                return self._next(journal, "switch")
            self.sleep(_IDLE_LOOK_S if self.settings.idle_s else 0.05)

    # --- the switch and after ------------------------------------------------------------------------------------

    def _switch(self, journal: Journal) -> Journal:
        """Every line can be done again; the services are restarted when the journal says that it is watched."""
        self.home.point("previous", journal.before)
        self.home.begin_trial()
        self.home.point("current", _of(journal).directory)
        at = datetime.now(UTC).isoformat(timespec="seconds")
        return self.home.keep(journal.model_copy(update={"step": "watch", "since": at}))

    def _watch(self, journal: Journal) -> Journal:
        wanted = _of(journal)
        answer = self.services.ask(0.0)
        if not isinstance(answer, Answer) or answer.version != wanted.version:
            self.services.restart(at_once=False)
        began = well = self.clock()
        wrong_since: float | None = None
        while self.clock() - began < self.settings.watch_s:
            self.sleep(_LOOK_S)
            answer, now = self.services.ask(0.0), self.clock()
            wrong = _wrong(answer, wanted.version)
            if not wrong:
                well, wrong_since = now, None
            elif _is_there(answer, wanted.version):
                wrong_since = wrong_since or now
            # Once may be bad luck, but not before the first right answer.
            reason = self.services.crashed(_CRASHES if well > began else 1)
            if not reason and wrong_since is not None and now - wrong_since >= _WRONG_S:
                reason = wrong
            if not reason and now - well > self.settings.start_s:
                reason = f"no right answer for {self.settings.start_s:g} s: {wrong}"
            if reason:
                return self.home.keep(journal.model_copy(update={"step": "back", "reason": reason}))
        return self._next(journal, "settle")

    def _settle(self, journal: Journal) -> Journal:
        """It has proven itself: the ledger may go forward with the next start, which comes at once where it has to."""
        wanted = _of(journal)
        self.home.end_trial()
        if self.ledger() not in {0, self.home.about(wanted.directory).ledger[1]}:
            self.services.restart(at_once=False)
        done = self.home.tell(journal, "in use", f"after {journal.before_version}")
        self.home.tidy()
        return done

    def _back(self, journal: Journal) -> Journal:
        began = self.clock()
        self.home.point("current", journal.before)
        self.home.end_trial()
        self.services.restart(at_once=True)
        while self.clock() - began < _BACK_S:
            answer = self.services.ask(0.0)
            if isinstance(answer, Answer) and answer.version == journal.before_version:
                break
            self.sleep(_LOOK_S / 4)
        words = f"{journal.reason}; {journal.before_version} served again after {self.clock() - began:.1f} s"
        done = self.home.tell(journal, "taken back", words, refuse=True)
        self.home.tidy()
        return done

    # --- after a boot, and in rest -------------------------------------------------------------------------------

    def _after_boot(self, journal: Journal) -> Journal:
        """What the boot has done while this program could not run."""
        reason = self.home.taken_back_at_boot()
        if reason and journal.step in {"switch", "watch", "settle", "back"}:
            journal = self.home.tell(journal, "taken back", reason, refuse=True)
        self.home.noted()
        link = self.home.link("current")
        if journal.wanted is not None and link not in _possible(journal, journal.wanted.directory):
            self.home.end_trial()  # a package was installed by hand meanwhile: it is what runs
            journal = self.home.keep(Journal(refused=journal.refused, events=journal.events))
        return journal

    def _mended(self, journal: Journal) -> Journal:
        """A bench that fails while its release is damaged on the disk goes back to the one before."""
        current = self.home.link("current")
        if not current or not self.services.crashed(_CRASHES):
            return journal
        if not (why := bundle.damage(self.home.path / current)):
            return journal
        before = self.home.link("previous")
        wanted = Wanted(
            version=current.partition("_")[0], sha256=current.rpartition("_")[2], directory=current
        )  # by its name: what it says of itself may be what is damaged
        return self.home.keep(
            journal.model_copy(
                update={
                    "step": "back",
                    "wanted": wanted,
                    "before": before,
                    "before_version": self.home.about(before).version,
                    "reason": f"it is damaged on the disk: {why}",
                }
            )
        )

    def _next(self, journal: Journal, step: str) -> Journal:
        return self.home.keep(journal.model_copy(update={"step": step}))


def _possible(journal: Journal, directory: str) -> set[str]:
    """What the link to the release in use can be at this step, but for somebody else's hand."""
    if journal.step in {"unpack", "check", "wait"}:
        return {journal.before}
    return {directory} if journal.step in {"watch", "settle"} else {journal.before, directory}


def _wrong(answer: Answer | str, version: str) -> str:
    """What is wrong with an answer; "" when nothing is."""
    if isinstance(answer, str):
        return answer
    if answer.version != version:
        return f"{answer.version} answers instead of {version}"
    if answer.gtins != (GTIN,) and not answer.at_work:  # workers that are all at work are no fault
        return f"its rehearsed inspection reads {', '.join(answer.gtins) or 'nothing'}: {'; '.join(answer.faults)}"
    return ""


def _is_there(answer: Answer | str, version: str) -> bool:
    """Whether it is the new release that answered, however wrongly: then no start is waited for."""
    return answer.startswith("status ") if isinstance(answer, str) else answer.version == version


def _wanted(offered: Offered) -> Wanted:
    return Wanted(
        version=offered.about.version,
        sha256=offered.sha256,
        directory=f"{offered.about.version}_{offered.sha256}",
    )


def _of(journal: Journal) -> Wanted:
    if journal.wanted is None:
        raise UpdateFailed("update_journal", f"Step {journal.step}: expected a release in the journal, got none.")
    return journal.wanted


def _in_use(home: Home, directory: str) -> Wanted:
    return Wanted(version=home.about(directory).version, sha256=directory.rpartition("_")[2], directory=directory)
