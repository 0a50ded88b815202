from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import httpx
import pytest

from edge.bench import Bench
from edge.desk_card import code, secret_of
from edge.settings import Settings
from edge.storage.keys import derived, storage_key
from edge.web import events
from tests.edge.web.conftest import GTIN


def _told(answer: httpx.Response) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Id, name and data of each event of a stream."""
    fields: dict[str, str] = {}
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        if line and name in {"id", "event", "data"}:
            fields[name] = value
        elif not line and "id" in fields:
            yield fields["id"], fields["event"], json.loads(fields["data"])
        if not line:
            fields = {}


def _news(answer: httpx.Response) -> Iterator[tuple[int, str, dict[str, str]]]:
    """Sequence, name and data of each event of a stream."""
    for name, kind, data in _told(answer):
        yield int(name.rpartition("-")[2]), kind, data


def _scan(client: httpx.Client, station: str, serial: str) -> str:
    document = {"codes": [{"text": f"01{GTIN}21{serial}"}]}
    return str(client.post(f"/api/v1/stations/{station}/scans", json=document).json()["inspection"])


def test_a_page_that_listens_is_told_in_the_ledgers_order(client: httpx.Client, station: str) -> None:
    with client.stream("GET", "/api/v1/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"].startswith("no-")
        news = _news(answer)
        inspection = _scan(client, station, "E1")
        client.put(f"/api/v1/inspections/{inspection}/disposition", json={"decision": "refer"})
        client.post(f"/api/v1/stations/{station}/next")
        first, second = next(news), next(news)
    assert first[1:] == ("assessed", {"inspection": inspection, "station": station, "number": 1})
    assert second[1:] == ("disposed", {"inspection": inspection, "station": station})
    assert second[0] == first[0] + 1


def test_a_page_of_one_station_is_told_of_no_other(client: httpx.Client, station: str, settings: Settings) -> None:
    with client.stream("GET", "/api/v1/events", params={"station": station}) as answer:
        news = _news(answer)
        _scan(client, next(one for one in settings.stations if one != station), "G1")
        mine = _scan(client, station, "G2")
        assert next(news)[1:] == ("assessed", {"inspection": mine, "station": station, "number": 1})


def test_a_page_that_was_away_is_told_what_came_between(client: httpx.Client, station: str) -> None:
    with client.stream("GET", "/api/v1/events") as answer:
        news = _news(answer)
        _scan(client, station, "F0")
        last, _, _ = next(news)
    missed = [_scan(client, station, f"F{number}") for number in range(1, 4)]
    with client.stream("GET", "/api/v1/events", headers={"Last-Event-ID": str(last)}) as answer:
        news = _news(answer)
        told = [next(news) for _ in missed]
        missed.append(_scan(client, station, "F9"))
        told.append(next(news))
    assert [data["inspection"] for _, _, data in told] == missed
    assert [sequence for sequence, _, _ in told] == sorted({sequence for sequence, _, _ in told})
    assert told[0][0] == last + 1


def test_a_page_that_was_long_away_misses_nothing(client: httpx.Client, station: str) -> None:
    with client.stream("GET", "/api/v1/events", params={"after": 0}) as answer:
        first = next(_news(answer))[0]
    assert first == 1
    for number in range(60):
        _scan(client, station, f"L{number}")
    last = int(client.get("/api/v1/inspections", params={"limit": 1}).json()["before"])
    with client.stream("GET", "/api/v1/events", params={"after": last - 60}) as answer:
        news = _news(answer)
        assert [next(news)[0] for _ in range(60)] == list(range(last - 59, last + 1))


def test_an_event_id_that_is_none_is_refused(client: httpx.Client) -> None:
    assert client.get("/api/v1/events", headers={"Last-Event-ID": "x"}).status_code == 422


def test_a_page_of_a_ledger_that_was_set_aside_is_told_to_begin_again(client: httpx.Client, station: str) -> None:
    inspection = _scan(client, station, "S1")
    with client.stream("GET", "/api/v1/events", headers={"Last-Event-ID": "00000000-7"}) as answer:
        told = _told(answer)
        name, kind, data = next(told)
        assert (name, kind) == (f"{data['ledger']}-0", "reset")
        assert next(told)[0] == f"{data['ledger']}-1"
    last = int(client.get("/api/v1/inspections", params={"limit": 1}).json()["before"])
    with client.stream("GET", "/api/v1/events", headers={"Last-Event-ID": f"{data['ledger']}-{last - 1}"}) as answer:
        assert next(_told(answer)) == (
            f"{data['ledger']}-{last}",
            "assessed",
            {"inspection": inspection, "station": station, "number": 1},
        )


def test_a_bare_sequence_that_the_ledger_never_reached_is_of_another_ledger(client: httpx.Client, station: str) -> None:
    _scan(client, station, "S2")
    with client.stream("GET", "/api/v1/events", params={"after": 999_999}) as answer:
        told = _told(answer)
        assert next(told)[1] == "reset"
        assert next(told)[0].endswith("-1")


def test_what_a_desk_card_said_while_a_page_was_being_answered_is_told_to_it(
    client: httpx.Client, bench: Bench, station: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches a stream that counts from its own beginning: what came before it and after the question was lost."""
    secret = secret_of(derived(storage_key(bench.settings.state_dir), "desk card"))
    newest, wake, woken = events.newest, events.Listeners._wake, threading.Event()

    def woke(listeners: events.Listeners) -> None:
        wake(listeners)
        woken.set()

    def meanwhile(asked: Bench) -> str:
        begin = newest(asked)
        bench.card(station, code("H", secret))
        assert woken.wait(60)
        return begin

    monkeypatch.setattr(events.Listeners, "_wake", woke)
    monkeypatch.setattr(events, "newest", meanwhile)
    with client.stream("GET", "/api/v1/events") as answer:
        assert next(line for line in answer.iter_lines() if line.startswith("event: ")) == "event: card"
