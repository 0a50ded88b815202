"""Codes over TCP and UDP into a real server: order, framing, who is heard, badges, what cannot be set."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.app import open_box
from edge.errors import SettingsError
from edge.settings import Settings
from edge.web import build
from edge.web import server as serves
from edge.web.datawedge import Senders
from tests.edge.web.conftest import GTIN
from tests.edge.web.people_box import PeopleBox, accounts
from tests.edge.web.serving import Server, rehearsal

Port = tuple[str, int]
PATIENCE_S = 60.0


@pytest.fixture
def box(tmp_path: Path) -> Iterator[tuple[PeopleBox, Port]]:
    """A box that hears 127.0.0.1 at station 2, and the address of its sockets."""
    badges = accounts(tmp_path / "state")
    settings = Settings(state_dir=tmp_path / "state", stations=("1", "2"), workers=1, datawedge=("127.0.0.1/32=2",))
    with (
        open_box(settings, pictures=False) as opened,
        serves.bound(settings.model_copy(update={"port": 0})) as plain,
        socket.create_server(("127.0.0.1", 0)) as stream,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
    ):
        datagrams.bind(stream.getsockname())
        app = build(opened.bench, settings, rehearsal(opened.bench))
        server = serves._Server(serves.configured(app, settings), wedged=[stream, datagrams])
        thread = threading.Thread(target=server.run, kwargs={"sockets": [plain]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        time.sleep(0.05)
        yield PeopleBox(settings, opened.bench, Server(""), badges), stream.getsockname()
        server.should_exit = True
        thread.join(PATIENCE_S)


def _seen(box: PeopleBox, count: int) -> list[tuple[str, str, str]]:
    """The last code, its source and its station of each assessment, when there are `count`."""
    until = time.monotonic() + PATIENCE_S
    while True:
        rows = [row for row in box.bench.ledger.outbox(0, 1_000) if row.entry.kind == "assessed"]
        if len(rows) >= count:
            break
        assert time.monotonic() < until, f"{len(rows)} of {count}"
        time.sleep(0.02)
    told = []
    for row in rows:
        record = box.bench.record(row.entry.inspection)
        symbols = next(one for one in record.assessments if one.at == row.entry.at).seen.symbols
        told.append((symbols[-1].text, symbols[-1].source, row.entry.origin.station))
    return told


def test_codes_over_tcp_are_taken_in_their_order_with_separators_and_at_their_station(
    box: tuple[PeopleBox, Port],
) -> None:
    with socket.create_connection(box[1]) as line:
        line.sendall(f"]d201{GTIN}21A1\x1d10LOT\r\n]d201{GTIN}".encode())
        line.sendall(b"21A2\r")
        line.sendall(f"]d201{GTIN}21A3".encode())  # ended by hanging up
    seen = _seen(box[0], 3)
    assert [text.partition("21A")[2][:1] for text, _, _ in seen] == ["1", "2", "3"]
    assert "\x1d10LOT" in seen[0][0]
    assert {(source, station) for _, source, station in seen} == {("datawedge:127.0.0.1", "2")}


def test_a_datagram_is_a_message_with_or_without_an_end(box: tuple[PeopleBox, Port]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.sendto(f"01{GTIN}21U1".encode(), box[1])
        _seen(box[0], 1)
        line.sendto(f"01{GTIN}21U2\r\n".encode(), box[1])
    assert [text[-2:] for text, _, _ in _seen(box[0], 2)] == ["U1", "U2"]


def test_a_badge_over_tcp_signs_in_at_its_station_and_is_no_code(box: tuple[PeopleBox, Port]) -> None:
    with socket.create_connection(box[1]) as line:
        line.sendall(f"{box[0].badges['4711']}\r01{GTIN}21B1\r".encode())
    _seen(box[0], 1)
    assert [(one["person"], one["station"]) for one in box[0].bodies("signed_in")] == [("4711", "2")]


def test_a_sender_that_the_setting_does_not_name_is_not_heard(tmp_path: Path) -> None:
    named = ("192.0.2.31=1", "192.0.2.0/24=2", "2001:db8::/64=1")
    senders = Senders.of(Settings(state_dir=tmp_path, stations=("1", "2"), datawedge=named))
    assert senders.station_of("192.0.2.31") == "1"
    assert senders.station_of("::ffff:192.0.2.32") == "2"
    assert senders.station_of("2001:db8::9") == "1"
    assert senders.station_of("198.51.100.1") is None


@pytest.mark.parametrize("text", ["192.0.2.31", "192.0.2.31=3", "bench=1", "192.0.2.1/24=1"])
def test_a_setting_that_names_no_sender_or_no_station_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Senders.of(Settings(state_dir=tmp_path, stations=("1", "2"), datawedge=(text,)))
    assert str(caught.value) == (
        f"SEKISHO_DATAWEDGE: expected ADDRESS=STATION with a station of this box, got {text!r}."
    )
