"""The clock: believed only from its floor on, and never set by anything unsigned."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.devices.clock import BUILT, system_clock
from edge.moment import ClockTrust

ISSUED = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("reads", "trust"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), ClockTrust.UNTRUSTED),  # a board without a battery
        (datetime(2026, 11, 19, tzinfo=UTC), ClockTrust.UNTRUSTED),  # after the build, before the newest edition
        (datetime(2026, 11, 21, tzinfo=UTC), ClockTrust.FLOOR),
        (datetime(2036, 11, 21, tzinfo=UTC), ClockTrust.FLOOR),  # ten years ahead cannot be told from the truth
    ],
)
def test_a_clock_is_believed_from_the_newest_signed_time_on(reads: datetime, trust: ClockTrust, tmp_path: Path) -> None:
    now = system_clock(lambda: ISSUED, read=lambda: reads, synchronized=tmp_path / "absent")
    assert now() == now()
    assert (now().utc, now().trust) == (reads, trust)


def test_without_a_registry_the_build_is_the_floor(tmp_path: Path) -> None:
    before = system_clock(lambda: None, read=lambda: datetime(2026, 10, 31, tzinfo=UTC), synchronized=tmp_path / "x")
    assert before().trust is ClockTrust.UNTRUSTED
    assert system_clock(lambda: None, read=lambda: BUILT, synchronized=tmp_path / "x")().trust is ClockTrust.FLOOR


def test_a_disciplined_clock_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "synchronized").touch()
    now = system_clock(
        lambda: ISSUED, read=lambda: datetime(2026, 11, 21, tzinfo=UTC), synchronized=tmp_path / "synchronized"
    )
    assert now().trust is ClockTrust.SYNCED
