"""The errand of results: rows up, then pictures within a budget, then down what the central tells of other boxes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import TypeVar

from edge.errors import SekishoError
from edge.moment import Moment
from edge.settings import Settings
from sync.altered import words_of
from sync.backoff import Schedule
from sync.box_status import tell_status
from sync.errors import CentralUnreachable
from sync.fetch import Pace
from sync.identity import KEY_FILE, Enrolment, kept_enrolment, kept_private_key
from sync.learn import Learned, learn
from sync.link import Link
from sync.orders import fetch_orders
from sync.protocol import key_id
from sync.push_evidence import Brought, push_evidence
from sync.renewal import push_certified
from sync.service import Outcome, Say

BUDGET_BYTES = 20_000_000  # of pictures in one run, so that rows written meanwhile do not wait behind them

_T = TypeVar("_T")


class Push:
    """Send what the central lacks."""

    name = "push"

    def __init__(
        self, box: Settings, enrolment: Enrolment, schedule: Schedule, pace: Pace, clock: Callable[[], Moment]
    ) -> None:
        """Push to the central of `enrolment` at the `pace` of the line."""
        self.schedule = schedule
        self._box = box
        self._state_dir = box.state_dir
        self._enrolment = enrolment
        self._pace = pace
        self._clock = clock

    def run(self, say: Say) -> Outcome:
        """Push once.

        Raises:
            CentralUnreachable, CentralRefused, DocumentRefused, LedgerError: see sync/push.py. After the rows only no
                answer at all ends it: what one step fails with is told, and the steps after it are taken.
        """
        private = kept_private_key(self._state_dir / KEY_FILE)
        key = key_id(private.public_key())
        self._enrolment = kept_enrolment(self._state_dir) or self._enrolment  # it may have been renewed by stick
        failed: list[SekishoError] = []
        try:
            with closing(Link(self._enrolment, private, self._pace)) as link:
                say("sending rows")
                sent = push_certified(self._state_dir, link, private, self._clock)
                say("sending pictures")
                brought = _tried(lambda: push_evidence(self._state_dir, link, BUDGET_BYTES), failed, Brought())
                say("learning what the central tells")
                learned = _tried(lambda: learn(self._state_dir, link), failed, Learned())
                _tried(lambda: tell_status(self._box, link, self._clock(), private.sign, key), failed, None)
                ordered = _tried(lambda: fetch_orders(self._state_dir, link), failed, 0)
        except OSError as error:
            reason = f"What the central has confirmed cannot be noted: {error.strerror or error}. It is sent again."
            return Outcome(done=False, reason=reason, code="outbox_unwritable")
        told = [error.message for error in failed]
        told += [f"{sent.rows} rows and {brought.pictures} pictures were sent."]
        if learned.fetched or learned.made:
            told.append(f"{learned.fetched} files of sightings were fetched and {learned.made} made.")
        if ordered:
            told.append(f"{ordered} orders of the central were laid down for the bench.")
        told += [f"The rest of {name} cannot be read." for name in sent.unreadable]
        if sent.again:
            told.append(f"The central had lost {sent.again} rows that it had receipted: tell its operator.")
        if brought.altered:
            told.append(words_of(brought.altered))
        if failed:
            return Outcome(done=False, reason=" ".join(told), code=failed[0].code)
        return Outcome(done=True, reason=" ".join(told), more=brought.left)


def _tried(step: Callable[[], _T], failed: list[SekishoError], otherwise: _T) -> _T:
    """What `step` gives; when it fails, `otherwise`, and why is noted in `failed`.

    Raises:
        CentralUnreachable: the steps after it would not be answered either.
    """
    try:
        return step()
    except CentralUnreachable:
        raise
    except SekishoError as error:
        failed.append(error)
        return otherwise
