"""Devices in a process of their own hand in what they bring at the bench's UNIX socket."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from edge.arrival import Arrival
from edge.bench import Bench
from edge.door import Door
from edge.errors import BoxError, RequestRefused
from edge.ports import Frame
from edge.settings import Settings
from edge.steps.capture import RawCode
from edge.web import build
from edge.web.server import configured
from tests.edge.web.serving import rehearsal

CODE = RawCode(b"]d20109521234543213\x1d21A7", "scanner:gun", "")


@pytest.fixture(scope="module")
def door(bench: Bench, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The app at a UNIX socket; the token of the box is not known to the devices."""
    path = tmp_path_factory.mktemp("run") / "bench.sock"
    guarded = settings.model_copy(update={"token": "a token that is long enough"})
    config = configured(build(bench, guarded, rehearsal(bench)), guarded)
    config.timeout_graceful_shutdown = 1
    server = uvicorn.Server(config)
    with socket.socket(socket.AF_UNIX) as held:
        held.bind(str(path))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [held]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield path
        server.should_exit = True
        thread.join(20)


def test_a_scan_keeps_its_bytes_and_its_scanner(door: Path, bench: Bench) -> None:
    taken = Door(door).inspect(Arrival("7", codes=(CODE,), key="k-1"))
    (symbol,) = bench.record(taken.inspection).assessments[-1].seen.symbols
    assert symbol.source == "scanner:gun"
    assert bench.record(taken.inspection).assessments[-1].identity.items[0].serial == "A7"


def test_a_badge_that_is_nobodys_is_refused_at_the_door_and_opens_nothing(door: Path, bench: Bench) -> None:
    rows = bench.ledger_state().rows
    with pytest.raises(RequestRefused) as caught:
        Door(door).badge("7", "SEKI012345678901234567890123", "gun")
    assert caught.value.code == "access_badge"
    (row,) = bench.recent(1)
    assert (row.entry.kind, bench.ledger_state().rows) == ("sign_in_refused", rows + 1)


def test_the_same_arrival_handed_in_twice_is_taken_once(door: Path, bench: Bench) -> None:
    first = Door(door).inspect(Arrival("8", codes=(CODE,), key="k-2"))
    assert Door(door).inspect(Arrival("8", codes=(CODE,), key="k-2")) == first
    assert len(bench.record(first.inspection).assessments) == 1


def test_a_picture_is_added_to_its_inspection_with_the_name_of_its_camera(
    door: Path, bench: Bench, labelled: bytes
) -> None:
    taken = Door(door).inspect(Arrival("9", codes=(CODE,), key="k-3"))
    frame = Frame(labelled, "image/png", "camera:bench")
    again = Door(door).inspect(Arrival("9", pictures=(frame,), inspection=taken.inspection, key="k-4"))
    assert again == taken
    (capture,) = bench.record(taken.inspection).assessments[-1].seen.captures
    assert capture.source == "camera:bench"


def test_a_picture_of_the_folder_is_a_parcel_of_its_own(door: Path, labelled: bytes) -> None:
    lying = Door(door).inspect(Arrival("6", codes=(CODE,), key="k-5"))
    frame = Frame(labelled, "image/png", "folder:1.png")
    assert Door(door).inspect(Arrival("6", pictures=(frame,), joins=False, key="k-6")) != lying


def test_what_the_bench_refuses_is_refused_with_its_code(door: Path) -> None:
    with pytest.raises(RequestRefused) as caught:
        Door(door).inspect(Arrival("no such station", codes=(CODE,), key="k-7"))
    assert caught.value.code == "request_unknown_station"


def test_nobody_behind_the_door_is_the_boxs_fault_and_tried_again(tmp_path: Path) -> None:
    with pytest.raises(BoxError) as caught:
        Door(tmp_path / "bench.sock").inspect(Arrival("1", codes=(CODE,), key="k-8"))
    assert caught.value.code == "box_unreachable"
    assert caught.value.message == (
        f"{tmp_path}/bench.sock: the bench must answer, got FileNotFoundError: [Errno 2] No such file or directory."
    )
