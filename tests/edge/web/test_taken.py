"""What waited in a queue: when it was taken, by its sender's own clock, is kept and shown, and judges nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from edge.bench import Bench
from edge.display import lasted
from edge.inspection import Assessment
from edge.moment import ClockTrust, Moment, Taken, taken
from edge.parcels import Parcels
from edge.storage import documents
from tests.edge.web.conftest import GTIN
from tests.edge.web.serving import problem


def _scan(client: httpx.Client, serial: str, *, ago_s: float, off_s: float = 0.0, key: str = "") -> httpx.Response:
    """A scan of `ago_s` ago from a queue whose clock is `off_s` ahead."""
    sent = datetime.now(UTC) + timedelta(seconds=off_s)
    told = {"at": (sent - timedelta(seconds=ago_s)).isoformat(), "sent": sent.isoformat()}
    document = {"codes": [{"text": f"01{GTIN}21{serial}"}], "joins": False, "taken": told}
    return client.post("/api/v1/inspections", json=document, headers={"Idempotency-Key": key})


def test_how_long_a_scan_waited_is_kept_and_shown_also_when_the_senders_clock_is_a_year_wrong(
    client: httpx.Client, bench: Bench, station: str
) -> None:
    answer = _scan(client, "T1", ago_s=14 * 60, off_s=-365 * 86_400).json()
    assert (answer["taken"]["waited"], answer["taken"]["clock_off"]) == ("14 min", "365 d")
    assert answer["taken"]["waited_s"] == 14 * 60
    assert answer["at"] > answer["taken"]["at"]  # the box's time stays the inspection's
    kept = bench.record(answer["inspection"]).assessments[-1].taken
    assert kept is not None
    assert kept.waited_s == 14 * 60
    assert abs(kept.clock_off_s + 365 * 86_400) < 60
    shown = client.get("/pages/card", params={"station": station}).text
    assert "Scanned so long before it reached the bench: 14 min" in shown
    assert "The handheld&#39;s clock was off by: 365 d" in shown


def test_what_came_at_once_and_by_a_right_clock_shows_nothing(client: httpx.Client, station: str) -> None:
    answer = _scan(client, "T2", ago_s=1).json()
    assert (answer["taken"]["waited"], answer["taken"]["clock_off"]) == ("", "")
    shown = client.get("/pages/card", params={"station": station}).text
    assert 'class="waited"' not in shown


def test_a_scan_that_is_sent_again_later_is_answered_as_before(client: httpx.Client) -> None:
    first = _scan(client, "T3", ago_s=60, key="taken-again").json()
    again = _scan(client, "T3", ago_s=600, key="taken-again").json()
    assert (again["inspection"], again["number"], again["taken"]) == (first["inspection"], 1, first["taken"])


def test_a_verdict_is_the_same_whatever_the_sender_says_of_its_time(client: httpx.Client) -> None:
    verdicts = [_scan(client, "T4", ago_s=ago).json()["verdict"]["outcome"] for ago in (0, 86_400, -86_400)]
    assert len(set(verdicts)) == 1


@pytest.mark.parametrize(
    "at",
    ["2026-11-22T10:00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "x", 7.5e300],
)
def test_a_time_that_is_none_is_refused(client: httpx.Client, at: object) -> None:
    document = {"codes": [{"text": f"01{GTIN}"}], "taken": {"at": at, "sent": "2026-11-22T10:00:00Z"}}
    assert problem(client.post("/api/v1/inspections", json=document))[0] == 422


def test_a_clock_that_was_set_back_while_something_waited_tells_no_wait() -> None:
    sent = datetime(2026, 11, 22, 10, tzinfo=UTC)
    told = taken(sent + timedelta(hours=1), sent, Moment(sent, ClockTrust.SYNCED))
    assert told == Taken(sent + timedelta(hours=1), -3600.0, 0.0)


def test_a_row_of_before_is_read_as_one_whose_sender_told_nothing(client: httpx.Client, bench: Bench) -> None:
    inspection = _scan(client, "T5", ago_s=1).json()["inspection"]
    document = documents.to_json(bench.record(inspection).assessments[-1])
    assert documents.to_json(documents.from_json(Assessment, document)) == document
    del document["taken"]
    assert documents.from_json(Assessment, document).taken is None


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "0 min"), (840, "14 min"), (5_399, "90 min"), (-18_000, "5 h"), (3 * 86_400, "3 d")]
)
def test_a_length_of_time_is_told_roughly(seconds: float, told: str) -> None:
    assert lasted(seconds) == told


def test_what_waited_takes_no_place_of_a_parcel_that_lies_undecided_also_after_a_restart(
    client: httpx.Client, bench: Bench, station: str
) -> None:
    mine = client.post("/api/v1/inspections", json={"codes": [{"text": f"01{GTIN}21W1"}]}).json()["inspection"]
    waited = _scan(client, "W2", ago_s=600).json()["inspection"]
    assert waited != mine
    assert bench.open_at(station) == mine
    (closed,) = bench.recent(1, kinds=("next",))
    assert closed.entry.inspection == waited
    more = {"codes": [{"text": "RR473124829JP"}]}
    assert client.post(f"/api/v1/inspections/{waited}/codes", json=more).json()["number"] == 2
    assert bench.open_at(station) == mine
    again = Parcels(
        settings=bench.settings,
        ledger=bench.ledger,
        desk=bench.desk,
        now=bench.now,
        origin=bench.origin,
        tell=bench.tell,
    )
    assert again.open_at(station) == mine
    client.put(f"/api/v1/inspections/{mine}/disposition", json={"decision": "refer"})
    third = _scan(client, "W3", ago_s=600).json()["inspection"]
    assert bench.open_at(station) == third  # what lay there is decided
