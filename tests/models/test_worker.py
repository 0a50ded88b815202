"""The pixel workers, crashed and hung for real."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import zxingcpp

from models.errors import PackError, PictureRefused, WorkerFailed
from models.measurements import TextPlace
from models.pack import BUILTIN, packs_dir
from models.worker import PixelWorkers

if TYPE_CHECKING:
    from collections.abc import Iterator


def picture(text: str = "09521234543213") -> bytes:
    drawn = np.array(zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.DataMatrix).to_image(scale=6))
    framed = cv2.copyMakeBorder(drawn, 60, 60, 60, 60, cv2.BORDER_CONSTANT, value=255)
    return cv2.imencode(".png", framed)[1].tobytes()


@pytest.fixture(scope="module")
def workers() -> Iterator[PixelWorkers]:
    with PixelWorkers(1, read_budget_s=100.0) as started:
        yield started


def test_a_worker_reads_a_picture(workers: PixelWorkers) -> None:
    with workers.look(picture()) as frame:
        reading = frame.read()
    assert [symbol.text for symbol in reading.symbols] == ["09521234543213"]
    assert set(reading.ms) == {"parse", "quality", "symbols", "addresses"}


def test_a_refused_picture_passes_through_whole(workers: PixelWorkers) -> None:
    with workers.look(b"") as frame, pytest.raises(PictureRefused) as refused:
        frame.read()
    assert refused.value.code == "image_empty"
    assert refused.value.message == "A picture has at least one byte, got 0."
    assert refused.value.hint == "Send the picture again."


def test_print_may_be_begun_before_it_is_asked_for(workers: PixelWorkers) -> None:
    with workers.look(picture()) as frame:
        place = TextPlace(frame.read().symbols[0].corners, beside=True)
        usual = frame.text(place, 0, 4)
    with workers.look(picture()) as frame:
        frame.text_ahead(place, 4)  # no picture lies there yet: nothing happens
        frame.read()
        frame.text_ahead(place, 4)
        assert frame.text(place, 0, 4).lines == usual.lines
        os.kill(workers.pids()[0], signal.SIGKILL)
        frame.text_ahead(place, 4)  # only quicker: nobody is told that it failed
        with pytest.raises(WorkerFailed):
            frame.text(place, 0, 4)
        assert frame.text(place, 0, 4).lines == usual.lines


def test_the_next_picture_is_read_after_a_crash(workers: PixelWorkers) -> None:
    with workers.look(picture()) as frame:
        frame.read()
        os.kill(workers.pids()[0], signal.SIGSEGV)
        with pytest.raises(WorkerFailed) as failed:
            frame.read()
    assert failed.value.code == "worker_crashed"
    assert failed.value.message == "The pixel worker answers 'read', got its end (signal SIGSEGV); it was restarted."
    with workers.look(picture("AFTER")) as frame:
        assert [symbol.text for symbol in frame.read().symbols] == ["AFTER"]


def test_the_same_frame_can_be_asked_again_after_a_crash(workers: PixelWorkers) -> None:
    with workers.look(picture("TWICE")) as frame:
        frame.read()
        os.kill(workers.pids()[0], signal.SIGKILL)
        with pytest.raises(WorkerFailed):
            frame.read()
        assert [symbol.text for symbol in frame.read().symbols] == ["TWICE"]


def test_a_hung_worker_is_killed_at_its_budget_and_the_next_picture_is_read() -> None:
    with PixelWorkers(1, read_budget_s=100.0) as workers:
        with workers.look(picture()) as frame:
            frame.read()
            hung = workers.pids()[0]
            os.kill(hung, signal.SIGSTOP)
            frame._read_budget_s = 1.0
            with pytest.raises(WorkerFailed) as failed:
                frame.read()
        assert failed.value.code == "worker_timeout"
        assert failed.value.message == "The pixel worker answers 'read' within 1 s, got no answer and was restarted."
        with pytest.raises(ProcessLookupError):
            os.kill(hung, 0)
        with workers.look(picture("AFTER")) as frame:
            assert [symbol.text for symbol in frame.read().symbols] == ["AFTER"]


def test_threads_take_turns_and_each_gets_its_own_answer() -> None:
    texts = [f"PARCEL{n}" for n in range(12)]

    def read(text: str) -> str:
        with two.look(picture(text)) as frame:
            return frame.read().symbols[0].text

    with PixelWorkers(2, read_budget_s=100.0) as two, ThreadPoolExecutor(6) as threads:
        assert list(threads.map(read, texts)) == texts


def test_a_worker_is_given_to_whoever_waited_longest() -> None:
    order: list[int] = []
    with PixelWorkers(1) as workers:
        with workers.look(b"") as _:
            waiting = []
            for n in range(5):
                thread = threading.Thread(target=_note, args=(workers, order, n))
                thread.start()
                while len(workers._waiting) <= n:
                    pass
                waiting.append(thread)
        for thread in waiting:
            thread.join()
    assert order == [0, 1, 2, 3, 4]


def _note(workers: PixelWorkers, order: list[int], n: int) -> None:
    with workers.look(b""):
        order.append(n)


@pytest.mark.slow
def test_workers_are_renewed_with_another_pack_while_one_is_at_work() -> None:
    with PixelWorkers(2, read_budget_s=100.0) as workers:
        before = workers.pids()
        with workers.look(picture()) as frame:
            frame.read()
            workers.renew(packs_dir() / BUILTIN)
            assert frame.read().symbols
            with workers.look(picture("NEW")) as other:
                assert [symbol.text for symbol in other.read().symbols] == ["NEW"]
        assert workers.pack_dir == packs_dir() / BUILTIN
        assert not set(before) & set(workers.pids())
        assert not any(Path(f"/proc/{pid}/exe").exists() for pid in before)
        with workers.look(picture("AFTER")) as frame:
            assert [symbol.text for symbol in frame.read().symbols] == ["AFTER"]


def test_a_pack_that_cannot_be_used_renews_nobody(tmp_path: Path) -> None:
    with PixelWorkers(1, read_budget_s=100.0) as workers:
        before = workers.pids()
        with pytest.raises(PackError) as refused:
            workers.renew(tmp_path / "none")
        assert refused.value.message == "A model pack is a directory with a manifest.toml, got none in none."
        assert (workers.pids(), workers.pack_dir) == (before, None)


def test_closed_workers_say_so() -> None:
    workers = PixelWorkers(1)
    workers.close()
    workers.close()
    with pytest.raises(WorkerFailed, match="got a question after they were closed"), workers.look(b""):
        pass
