"""Expiry under a clock that cannot be believed: 1970, far ahead, jumping back. No state of it is a brick."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from edge.storage.shelves import policy_shelf
from sync import publish
from sync.errors import PublishError
from tests.sync.publishing import NOW, Publishing, Receiving, later

DAY_ZERO = datetime(1970, 1, 1, tzinfo=UTC)


def test_at_1970_the_newest_signed_time_counts(publishing: Publishing, receiving: Receiving) -> None:
    state = receiving.pull(publishing.directory, DAY_ZERO)
    assert state.state == "fresh"
    assert state.clock == "2026-11-01 00:00 UTC by the newest signed time"
    state = receiving.pull(publishing.directory, DAY_ZERO)
    assert state.clock == "2026-11-21 12:00 UTC by the newest signed time"


def test_at_1970_a_timestamp_that_ended_before_the_newest_signed_time_is_refused(
    publishing: Publishing, receiving: Receiving
) -> None:
    old = publishing.copy("old")
    publishing.now = later(days=30)
    publish.renew(publishing.tree())
    receiving.pull(publishing.directory, later(days=30))
    receiving.box.metadata.rename(receiving.box.directory / "cache lost")
    assert receiving.pull(old, DAY_ZERO).code == "trust_expired"


@pytest.mark.parametrize(("days", "role", "until"), [(40, "timestamp", "2026-12-05"), (3650, "root", "2029-11-20")])
def test_a_clock_that_is_ahead_refuses_new_data_and_keeps_what_is_in_use(
    publishing: Publishing, receiving: Receiving, days: int, role: str, until: str
) -> None:
    file = receiving.pull(publishing.directory).items[0].file
    policy_shelf(receiving.state_dir).activate(file)
    state = receiving.pull(publishing.directory, later(days=days))
    assert (state.state, state.code) == ("expired", "trust_expired")
    at = f"{later(days=days):%Y-%m-%d %H:%M} UTC by this clock"
    assert state.reason.startswith(f"{publishing.directory}: expected a {role} that is good at {at}, got: ")
    assert state.reason.endswith(f"; it was good until {until} 12:00 UTC.")
    assert state.hint.startswith("A fresh timestamp is needed")
    assert policy_shelf(receiving.state_dir).current().name.startswith("strict")
    assert receiving.pull(publishing.directory, NOW).state == "fresh", "a clock that jumps back is believed again"


@pytest.mark.parametrize("days", [31, 3650, -2])
def test_a_desk_whose_clock_is_far_from_the_last_signature_signs_nothing(publishing: Publishing, days: int) -> None:
    publishing.clock_is_right = False
    before = publishing.tree().timestamp.to_bytes()
    publishing.now = later(days=days)
    with pytest.raises(PublishError) as refused:
        publish.renew(publishing.tree())
    assert refused.value.code == "publish_clock"
    assert refused.value.message == (
        f"{publishing.directory}: expected a time about 2026-11-21 12:00 UTC, when it was signed last, or up to 30 "
        f"days later; this clock says {publishing.now:%Y-%m-%d %H:%M} UTC."
    )
    assert publishing.tree().timestamp.to_bytes() == before


def test_a_desk_that_signs_in_time_is_asked_nothing(publishing: Publishing) -> None:
    publishing.clock_is_right = False
    for days in (0, 1, 30, 60):
        publishing.now = later(days=days)
        publish.renew(publishing.tree())


def test_a_time_far_ahead_that_was_signed_is_mended_by_a_new_timestamp_key(
    publishing: Publishing, receiving: Receiving
) -> None:
    publishing.now = later(days=3650)
    publish.renew(publishing.tree())
    assert receiving.pull(publishing.directory, later(days=1)).state == "fresh"
    publishing.now = later(days=1)
    publish.renew(publishing.tree())
    state = receiving.pull(publishing.directory, later(days=1))
    assert (state.state, state.code) == ("expired", "trust_expired")
    assert state.hint == (
        "The newest signed time is 3649 days ahead of this clock. Set the clock; when it is right the publisher signed "
        "with a wrong one and has to rotate its timestamp key (docs/publisher.md, Emergencies)."
    )
    publishing.clock_is_right = False
    publishing.rotate("timestamp")
    assert receiving.pull(publishing.directory, later(days=1)).state == "fresh"


def test_an_expired_stick_is_refused_until_a_fresh_timestamp_comes(
    publishing: Publishing, receiving: Receiving
) -> None:
    before = receiving.pull(publishing.directory)
    publishing.add_policy("newer")
    state = receiving.pull(publishing.directory, later(days=20))
    assert (state.state, state.items) == ("expired", before.items)
    publishing.now = later(days=20)
    publish.renew(publishing.tree())
    state = receiving.pull(publishing.directory, later(days=20))
    assert (state.state, state.items[0].target) == ("fresh", "policies/newer-default-2.toml")


def test_the_clock_never_lowers_the_floor(publishing: Publishing, receiving: Receiving) -> None:
    receiving.pull(publishing.directory, later(days=2))
    assert receiving.box.floor().issued == NOW
    receiving.pull(publishing.directory, later(days=-9))
    receiving.pull(publishing.directory, DAY_ZERO)
    assert receiving.box.floor().issued == NOW


def test_a_renewal_signs_again_what_has_used_up_half_its_life(publishing: Publishing, receiving: Receiving) -> None:
    publishing.now = later(days=350)
    publish.renew(publishing.tree())
    state = receiving.pull(publishing.directory, later(days=360))
    assert (state.state, state.items[0].state) == ("fresh", "staged")
    assert publishing.tree().role("targets").expires == later(days=715)
