"""Consignments go when their countdown is over: first the row in the ledger that says so, then the files.

Declarations name people who have nothing to do with any inspection; what an inspection used of one lies in its own
rows, under their retention (edge/retention.py). A whole segment goes at once. No receipt is waited for: nothing is lost
that the central does not have from elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from edge.errors import Conflict
from edge.inspection import Origin
from edge.moment import ClockTrust
from edge.policy import Policy
from edge.ports import Now
from edge.storage.chain import Entry
from edge.storage.consignment_segment import Segment
from edge.storage.consignments import Consignments
from edge.storage.ledger import Ledger

FORGOTTEN, RULE = "forgotten", "consignments_days"


class Forgetting:
    """The countdown of one box's consignments. For one thread."""

    def __init__(
        self,
        cache: Consignments,
        ledger: Ledger,
        *,
        policy: Callable[[], Policy],
        now: Now,
        origin: Callable[[str], Origin],
    ) -> None:
        """`origin` is of a station, "" for the box."""
        self._cache = cache
        self._ledger = ledger
        self._policy = policy
        self._now = now
        self._origin = origin

    def piece(self) -> bool:
        """Let go what has had its time; there is never more. By a clock that is not believed nothing goes.

        Raises:
            LedgerError: the ledger cannot be read or written. BoxError: consignments_unreadable.
            OSError: a segment cannot be deleted.
        """
        now, policy = self._now(), self._policy()
        if now.trust is ClockTrust.UNTRUSTED:
            return False
        today, term = now.utc.date(), timedelta(days=policy.retention.consignments_days)
        segments = self._cache.segments()
        odd = [one for one in segments if one.day is None or one.day > today]
        over = [one for one in segments if one.day is not None and one.day + term < today]
        if not (odd or over):
            return False
        try:
            with self._cache.held():
                for one in odd:
                    self._cache.date_anew(one, today)
                self._forget(over, policy)
        except Conflict:  # an import is at work: later
            return False
        return False

    def _forget(self, over: list[Segment], policy: Policy) -> None:
        told = self._told_before()
        fresh = [one for one in over if one.path.name not in told]
        if fresh:
            body = {
                "reason": "retention",
                "rule": RULE,
                "term": policy.retention.consignments_days,
                "policy": policy.title,
                "segments": [[one.path.name, self._cache.count(one)] for one in fresh],
            }
            self._ledger.append([Entry(FORGOTTEN, "", self._origin(""), self._now(), body)])
        for one in over:
            one.drop()

    def _told_before(self) -> set[str]:
        """What the last row says has gone: a crash may have left its files."""
        rows = self._ledger.recent(1, kinds=(FORGOTTEN,))
        return {name for row in rows for name, _ in row.entry.body["segments"]}
