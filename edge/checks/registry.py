"""How far the registry may be relied on today. A stale directory caps the answer; it never accuses a parcel."""

from __future__ import annotations

from datetime import date

from edge.checks import Checked, Findings, Source
from edge.inspection import Case, NotChecked
from edge.lookup import Edition
from edge.moment import ClockTrust, Moment
from edge.policy import Policy

_DATED = frozenset(
    {
        "recordation.expired",
        "recordation.not_yet",
        "goods.expired",
        "bulletin.applies",
        "bulletin.matches",
        "bulletin.undecided",
        "watch.listed",
        "watch.one_of_several",
        "watch.similar",
        "registry.stale",
    }
)


def age_days(edition: Edition | None, now: Moment) -> int | None:
    """Whole days since the edition was issued; None without an edition or with a clock that is not to be trusted."""
    if edition is None or now.trust is ClockTrust.UNTRUSTED or now.utc < edition.issued:
        return None
    return (now.utc - edition.issued).days


def is_stale(edition: Edition | None, now: Moment, policy: Policy) -> bool:
    """Whether the edition is older than the policy relies on. An unknown age is not called stale, but pointed out."""
    age = age_days(edition, now)
    return age is not None and age > policy.freshness.registry_limit_days


def judged_day(edition: Edition | None, now: Moment) -> date:
    """The day on which terms are judged: today or, with a clock that is not to be trusted, the edition's day of issue.

    No day before the edition was issued can be the true one, so a term that was over by then is over.
    """
    if edition is not None and (now.trust is ClockTrust.UNTRUSTED or now.utc < edition.issued):
        return edition.issued.date()
    return now.utc.date()


def check(case: Case, policy: Policy) -> Checked:
    """Age of the edition against the policy."""
    lookup, now = case.lookup, case.now
    if lookup.edition is None:
        missed = NotChecked("product", "reason.no_registry")
        unreadable = any(fault.code.startswith("registry_") for fault in case.seen.faults)
        found = () if unreadable else (Findings(policy).make("registry.missing"),)
        return Checked(findings=found, not_run=(missed,))
    findings = Findings(policy, source=Source(lookup.edition.name, lookup.edition.issued.date()))
    age = age_days(lookup.edition, now)
    if age is None:
        return Checked(findings=(findings.make("registry.clock", date=judged_day(lookup.edition, now).isoformat()),))
    if age > policy.freshness.registry_limit_days:
        limit = str(policy.freshness.registry_limit_days)
        return Checked(findings=(findings.make("registry.stale", age_days=str(age), limit_days=limit),))
    if age > policy.freshness.registry_note_days:
        return Checked(findings=(findings.make("registry.aging", age_days=str(age)),))
    return Checked()


def check_terms(made: Checked, case: Case, policy: Policy) -> Checked:
    """Whether something in `made` rests on a day that only the box's own clock tells.

    A clock that runs ahead cannot be told from a right one: where a term was judged by it, the verdict says so.
    """
    dated = case.lookup.lapsed or _DATED & {finding.code for finding in made.findings}
    if case.now.trust is not ClockTrust.FLOOR or not dated:
        return Checked()
    day = judged_day(case.lookup.edition, case.now).isoformat()
    return Checked(findings=(Findings(policy).make("registry.clock_alone", date=day),))
