"""Consignments go when their countdown is over: first the row in the ledger that says so, then the files.

So do the manifests that could not be used: whoever mends one lays it into the inbox again. Declarations name people who
have nothing to do with any inspection; what an inspection used of one lies in its own rows, under their retention
(edge/retention.py). A whole segment, or a day of refused manifests, goes at once. No receipt is waited for: nothing is
lost that the central does not have from elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
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
        self._cache.clear_building()
        now, policy = self._now(), self._policy()
        if now.trust is ClockTrust.UNTRUSTED:
            return False
        today, term = now.utc.date(), timedelta(days=policy.retention.consignments_days)
        segments, refused = self._cache.segments(), self._cache.refused.days()
        odd, odd_days = _undated(segments, today), _undated(refused, today)
        over, over_days = _over(segments, today - term), _over(refused, today - term)
        if not (odd or odd_days or over or over_days):
            return False
        try:
            with self._cache.held():
                for one in odd:
                    self._cache.date_anew(one, today)
                for day in odd_days:
                    self._cache.refused.date_anew(day, today)
                self._forget(over, over_days, policy)
        except Conflict:  # an import is at work: later
            return False
        return False

    def _forget(self, over: list[Segment], days: list[RefusedDay], policy: Policy) -> None:
        told = self._told_before()
        segments = [[one.path.name, self._cache.count(one)] for one in over if one.path.name not in told]
        refused = [[one.name, one.count()] for one in days if one.name not in told]
        if segments or refused:
            body = {
                "reason": "retention",
                "rule": RULE,
                "term": policy.retention.consignments_days,
                "policy": policy.title,
                "segments": segments,
            } | ({"refused": refused} if refused else {})
            self._ledger.append([Entry(FORGOTTEN, "", self._origin(""), self._now(), body)])
        for segment in over:
            segment.drop()
        for day in days:
            day.drop()

    def _told_before(self) -> set[str]:
        """What the last row says has gone: a crash may have left its files."""
        bodies = [row.entry.body for row in self._ledger.recent(1, kinds=(FORGOTTEN,))]
        return {name for body in bodies for name, _ in (*body["segments"], *body.get("refused", ()))}


def _undated(kept: Iterable[Dated], today: date) -> list[Dated]:
    return [one for one in kept if one.day is None or one.day > today]


def _over(kept: Iterable[Dated], last: date) -> list[Dated]:
    return [one for one in kept if one.day is not None and one.day < last]
