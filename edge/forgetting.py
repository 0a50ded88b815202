"""Consignments go when their countdown is over: first the row in the ledger that says so, then the files.

So do the manifests that could not be used: whoever mends one lays it into the inbox again. Declarations name people who
have nothing to do with any inspection; what an inspection used of one lies in its own rows, under their retention
(edge/retention.py). A whole segment, or a day of refused manifests, goes at once. No receipt is waited for: nothing is
lost that the central does not have from elsewhere.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import TypeVar

from edge.errors import Conflict
from edge.inspection import Origin
from edge.moment import ClockTrust
from edge.policy import Policy
from edge.ports import Now
from edge.storage.chain import Entry
from edge.storage.consignment_segment import Segment
from edge.storage.consignments import Consignments
from edge.storage.ledger import Ledger
from edge.storage.refused_manifests import RefusedDay

Dated = TypeVar("Dated", Segment, RefusedDay)
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
        if self._now().trust is not ClockTrust.UNTRUSTED:
            cache, refused = self._cache, self._cache.refused
            self._let_go("segments", cache.segments(), cache.date_anew, cache.count)
            # The last: where it fails, no segment is kept for that.
            self._let_go("refused", refused.days(), refused.date_anew, RefusedDay.count)
        self._cache.clear_building()
        return False

    def _let_go(
        self,
        kind: str,
        kept: Sequence[Dated],
        date_anew: Callable[[Dated, date], None],
        count: Callable[[Dated], int],
    ) -> None:
        now, policy = self._now(), self._policy()
        today = now.utc.date()
        last = today - timedelta(days=policy.retention.consignments_days)
        odd = [one for one in kept if one.day is None or one.day > today]
        over = [one for one in kept if one.day is not None and one.day < last]
        if not (odd or over):
            return
        with contextlib.suppress(Conflict), self._cache.held():  # an import is at work: later
            for one in odd:
                date_anew(one, today)
            told = self._told_before()
            fresh = [one for one in over if one.path.name not in told]
            if fresh:
                body = {
                    "reason": "retention",
                    "rule": RULE,
                    "term": policy.retention.consignments_days,
                    "policy": policy.title,
                    kind: [[one.path.name, count(one)] for one in fresh],
                }
                self._ledger.append([Entry(FORGOTTEN, "", self._origin(""), now, body)])
            for one in over:
                one.drop()

    def _told_before(self) -> set[str]:
        """What the last row says has gone: a crash may have left its files."""
        bodies = [row.entry.body for row in self._ledger.recent(1, kinds=(FORGOTTEN,))]
        return {name for body in bodies for kind in ("segments", "refused") for name, _ in body.get(kind, ())}
