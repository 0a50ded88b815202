"""The errand of results: rows up, then pictures within a budget, then down what the central tells of other boxes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from contextlib import closing

from edge.inspection import Moment
from edge.settings import Settings
from sync.backoff import Schedule
from sync.box_status import tell_status
from sync.errors import CentralRefused
from sync.fetch import Pace
from sync.identity import KEY_FILE, Enrolment, kept_private_key
from sync.learn import learn
from sync.link import Link
from sync.orders import fetch_orders
from sync.protocol import key_id
from sync.push import Signer, push
from sync.push_evidence import push_evidence
from sync.service import Outcome, Say

BUDGET_BYTES = 20_000_000  # of pictures in one run, so that rows written meanwhile do not wait behind them


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
            CentralUnreachable, CentralRefused, DocumentRefused, LedgerError, EvidenceError: see sync/push.py.
        """
        private = kept_private_key(self._state_dir / KEY_FILE)
        signer = Signer(self._enrolment.device, private.sign, key_id(private.public_key()))
        try:
            with closing(Link(self._enrolment, private, self._pace)) as link:
                say("sending rows")
                sent = push(self._state_dir, link, signer, self._clock)
                say("sending pictures")
                brought = push_evidence(self._state_dir, link, BUDGET_BYTES)
                say("learning what the central tells")
                learned = learn(self._state_dir, link)
                with contextlib.suppress(CentralRefused):  # an older central does not know the address
                    tell_status(self._box, link, self._clock(), private.sign, signer.key)
                ordered = fetch_orders(self._state_dir, link)
        except OSError as error:
            reason = f"What the central has confirmed cannot be noted: {error.strerror or error}. It is sent again."
            return Outcome(done=False, reason=reason, code="outbox_unwritable")
        told = [f"{sent.rows} rows and {brought.pictures} pictures were sent."]
        if learned.fetched or learned.made:
            told.append(f"{learned.fetched} files of sightings were fetched and {learned.made} made.")
        if ordered:
            told.append(f"{ordered} orders of the central were laid down for the bench.")
        told += [f"The rest of {name} cannot be read." for name in sent.unreadable]
        if sent.again:
            told.append(f"The central had lost {sent.again} rows that it had receipted: tell its operator.")
        return Outcome(done=True, reason=" ".join(told), more=brought.left)
