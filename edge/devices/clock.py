"""The box's clock, with how far it may be believed. A small board has no battery: at power-on it may say 1970.

The floor is the newest time that a signed or built thing proves: the program's build and the registry's issue. A
reading before the floor is not trusted. Nothing is ever re-stamped and no unsigned source sets the time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from edge.moment import ClockTrust, Moment
from edge.ports import Now

BUILT = datetime(2026, 11, 1, tzinfo=UTC)  # no box runs this program before it was written
_SYNCHRONIZED = Path("/run/systemd/timesync/synchronized")  # systemd-timesyncd touches it after the first good answer


def system_clock(
    newest_issue: Callable[[], datetime | None],
    read: Callable[[], datetime] = lambda: datetime.now(UTC),
    synchronized: Path = _SYNCHRONIZED,
) -> Now:
    """A clock over the system's. `newest_issue` gives the newest signed issue time that the box holds."""

    def now() -> Moment:
        utc, issued = read(), newest_issue()
        if utc < max(BUILT, issued or BUILT):
            return Moment(utc, ClockTrust.UNTRUSTED)
        return Moment(utc, ClockTrust.SYNCED if synchronized.exists() else ClockTrust.FLOOR)

    return now
