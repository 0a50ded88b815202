"""The worker's side: halved pictures told in whole pixels, an end without a parent, answers that cannot run."""

from __future__ import annotations

import pickle
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace

import cv2
import numpy as np
import pytest
import zxingcpp
from PIL import Image, ImageDraw, ImageFont

from models.desk import HALVE_ABOVE, Desk, upsized_face
from models.measurements import (
    CaptureAdvice,
    FaceDifference,
    FaceMeasurement,
    FrameReading,
    Hidden,
    PictureLimits,
    TextPlace,
)
from models.worker import Answers, Orders, Question, receive, send


def desk() -> Desk:
    return Desk(Orders(PictureLimits(), None))


def photograph(content: str, scale: int, side: tuple[int, int] = (3600, 2700)) -> bytes:
    drawn = np.array(zxingcpp.create_barcode(content, zxingcpp.BarcodeFormat.DataMatrix).to_image(scale=scale))
    paper = np.full((side[1], side[0]), 220, np.uint8)
    paper[1001 : 1001 + drawn.shape[0], 2001 : 2001 + drawn.shape[1]] = np.minimum(drawn, 220)
    return cv2.imencode(".jpg", paper, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


def test_a_large_jpeg_is_read_from_its_half_and_told_in_its_own_pixels() -> None:
    table = desk()
    table.lay(photograph("EASY", 24))
    assert table._halved
    reading = table.do_read(600.0)
    assert table._halved
    assert (reading.width, reading.height) == (3600, 2700)
    assert reading.width * reading.height > HALVE_ABOVE
    (symbol,) = reading.symbols
    assert symbol.text == "EASY"
    xs, ys = zip(*symbol.corners, strict=True)
    assert min(xs) == pytest.approx(2000, abs=30)
    assert min(ys) == pytest.approx(1000, abs=30)


def test_what_the_half_does_not_settle_is_read_from_the_whole() -> None:
    table = desk()
    table.lay(photograph("FINE PRINT 0123456789", 2))
    reading = table.do_read(600.0)
    assert not table._halved
    assert [symbol.text for symbol in reading.symbols] == ["FINE PRINT 0123456789"]


def test_a_face_measured_on_the_half_is_told_in_pixels_of_the_whole() -> None:
    half = np.array([[2.0, 0.1, 5.0], [0.0, 2.0, 7.0], [0.0001, 0.0, 1.0]])
    measured = FaceMeasurement(
        key="1",
        aligned=True,
        score=0.2,
        threshold_check=0.5,
        threshold_strong=0.8,
        differences=(
            FaceDifference("any", 0.5, (1, 2, 3, 4), (10, 20, 30, 40)),
            FaceDifference("any", 0.5, (1, 2, 3, 4)),
        ),
        homography=tuple(half.ravel()),
    )
    measured = replace(
        measured,
        advice=(
            CaptureAdvice("too_far", "microprint", measured=0.2, needed=0.05),
            CaptureAdvice("too_far", "microprint", measured=0.2, needed=0.15),
        ),
    )
    whole = upsized_face(measured)
    assert [(one.code, one.measured, one.needed) for one in whole.advice] == [
        ("too_far", 0.1, 0.05),
        ("too_soft", 0.1, 0.15),
    ]
    assert [one.capture_box for one in whole.differences] == [(20, 40, 60, 80), None]
    in_half, in_whole = half @ (100, 50, 1), np.reshape(whole.homography, (3, 3)) @ (200.5, 100.5, 1)
    assert in_whole[:2] / in_whole[2] == pytest.approx(in_half[:2] / in_half[2])


def started() -> tuple[subprocess.Popen[bytes], socket.socket]:
    ours, theirs = socket.socketpair()
    process = subprocess.Popen([sys.executable, "-m", "models.desk", str(theirs.fileno())], pass_fds=(theirs.fileno(),))
    theirs.close()
    send(ours, Orders(PictureLimits(), None))
    assert receive(ours, time.monotonic() + 110, Answers) == "ready"
    return process, ours


def test_a_worker_ends_with_its_parent_and_not_by_ctrl_c() -> None:
    process, wire = started()
    process.send_signal(signal.SIGINT)
    send(wire, Question("read", photograph("STILL HERE", 24), (600.0,), 600.0))
    answer = receive(wire, time.monotonic() + 110, Answers)
    assert isinstance(answer, FrameReading)
    assert [symbol.text for symbol in answer.symbols] == ["STILL HERE"]
    wire.close()
    assert process.wait(30) == 0


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return print, ("a worker must not run this",)


def test_an_answer_that_would_run_something_is_refused() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        send(theirs, Evil())
        with pytest.raises(pickle.UnpicklingError) as refused:
            receive(ours, time.monotonic() + 5, Answers)
    assert str(refused.value) == "A worker's answer holds nouns only, got builtins.print."


def test_a_message_beyond_all_bounds_is_refused() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall((2_000_000_000).to_bytes(8, "little"))
        with pytest.raises(EOFError) as refused:
            receive(ours, time.monotonic() + 5, Answers)
    assert str(refused.value) == "A message has at most 1000000000 bytes, got 2000000000."


def test_print_of_a_large_picture_is_read_at_half_its_sides_unless_the_whole_is_asked_for() -> None:
    label = Image.new("RGB", (3600, 2700), (220, 220, 220))
    ImageDraw.Draw(label).text((1040, 1040), "LOT A26 SN 4711", (20, 20, 20), ImageFont.load_default(70))
    table = desk()
    table.lay(cv2.imencode(".jpg", np.asarray(label))[1].tobytes())
    place = TextPlace(((1000.0, 1000.0), (2000.0, 1000.0), (2000.0, 1200.0), (1000.0, 1200.0)), beside=False)
    half = table.do_text(place, 0, 4, Hidden(), False, False, False)
    assert (half.whole, table._halved) == (False, True)
    whole = table.do_text(place, 0, 4, Hidden(), False, False, True)
    assert (whole.whole, table._halved) == (True, False)
    assert [line.text for line in half.lines] == [line.text for line in whole.lines] == ["LOT A26 SN 4711"]
    assert whole.lines[0].box == pytest.approx(half.lines[0].box, abs=8)


def test_print_that_was_begun_ahead_is_what_is_read_when_it_is_asked_for() -> None:
    label = Image.new("RGB", (3600, 2700), (220, 220, 220))
    drawn = Image.fromarray(
        np.array(zxingcpp.create_barcode("EASY", zxingcpp.BarcodeFormat.DataMatrix).to_image(scale=24))
    )
    label.paste(drawn, (1000, 1000))
    ImageDraw.Draw(label).text((1040, 1420), "LOT A26 SN 4711", (20, 20, 20), ImageFont.load_default(70))
    data = cv2.imencode(".jpg", np.asarray(label))[1].tobytes()
    table = desk()
    table.lay(data)
    place = TextPlace(table.do_read(600.0).symbols[0].corners, beside=True)
    usual = table.do_text(place, 0, 4, Hidden(), False, False, False)
    assert [line.text for line in usual.lines] == ["LOT A26 SN 4711"]
    table.lay(data)
    table.do_text_ahead(place, 4)
    begun = table._aside._made[place, 2.0]
    ahead = table.do_text(place, 0, 4, Hidden(), False, False, False)
    assert replace(ahead, ms={}) == replace(usual, ms={})
    assert begun.done()
    assert table._aside._made[place, 2.0] is begun


def test_keypoints_of_the_half_are_not_those_of_the_whole() -> None:
    table = desk()
    table.lay(photograph("FINE PRINT 0123456789", 2))
    half = table._view()
    table.do_read(600.0)
    whole = table._view()
    assert (half.image.shape, whole.image.shape) == ((1350, 1800, 3), (2700, 3600, 3))
    assert half.finer is not None
    assert whole.finer is None
