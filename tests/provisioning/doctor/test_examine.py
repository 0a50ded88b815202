"""All looks together: one that fails or hangs is told, and the rest go on; what was found is kept."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge import examination, precision
from edge.calibrations import CalibrationRecord
from edge.devices.v4l2 import CameraState, Control
from edge.errors import BoxError
from edge.examination import Examination, Sign, State
from edge.settings import Settings
from models.selftest import SelfTest, Tried
from provisioning.doctor import camera, command, examine, knowledge, speed
from sekisho import app
from tests.edge.test_calibrations import RECORD

GOOD = Sign("b", State.GOOD, "1", "1")
AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
_LONG_S = 500.0  # a box says within its limits what it could not look at; a loaded machine is no such box


def test_a_look_that_raises_refuses_or_hangs_takes_no_other_down() -> None:
    gate = threading.Event()

    def hangs() -> Iterable[Sign]:
        gate.wait(60)
        return ()

    def raises() -> Iterable[Sign]:
        raise ZeroDivisionError("a wrong reading")

    def refuses() -> Iterable[Sign]:
        raise BoxError("box_x", "The bus must answer, got none.", hint="Restart it.")

    signs = examine.examined({"a": raises, "b": lambda: (GOOD,), "c": hangs, "d": refuses}, 60.0, {"c": 0.1})
    gate.set()
    assert [(one.part, one.state) for one in signs] == [
        ("a", State.UNKNOWN),
        ("b", State.GOOD),
        ("c", State.UNKNOWN),
        ("d", State.UNKNOWN),
    ]
    assert signs[0].value == "could not be looked at: ZeroDivisionError: a wrong reading"
    assert signs[2].value == "could not be looked at: no answer within 0.1 s"
    assert (signs[3].value, signs[3].todo) == ("could not be looked at: The bus must answer, got none.", "Restart it.")


def test_a_look_in_a_process_of_its_own_that_ends_in_disorder_is_told(tmp_path: Path) -> None:
    with pytest.raises(BoxError) as caught:
        examine.apart("camera", Settings(state_dir=tmp_path, camera="rtp:nothing"))
    assert caught.value.code == "box_look"
    assert caught.value.message.startswith("The look at the camera must end in order, got exit status 1: ")


def test_the_newest_sign_of_each_part_is_kept_with_its_time(tmp_path: Path) -> None:
    later = AT.replace(hour=5)
    first = Examination().with_more((Sign("a", State.BROKEN, "0", "1", "Mend it."), GOOD), AT)
    second = first.with_more((Sign("a", State.GOOD, "1", "1"), Sign("c", State.LOOK, "2", "1")), later)
    examination.keep(tmp_path, second)
    read = examination.read(tmp_path)
    assert read == second
    assert [(one.sign.part, one.at) for one in read.kept] == [("a", later), ("b", AT), ("c", later)]
    assert (read.at, len(read.of(State.BROKEN)), len(first.of(State.BROKEN))) == (later, 0, 1)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"signs": [{}]}', '{"signs": [{"part": 1, "at": "2026-11-22"}]}', "\udcff"]
)
def test_a_kept_file_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / examination.FILE).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert examination.read(tmp_path) == Examination()


def test_the_faster_of_those_that_agree_is_chosen() -> None:
    def chosen(int8: tuple[float | None, float], fp32: tuple[float | None, float], apart: float = 0.4) -> str | None:
        tried = (Tried("int8", {}, *int8), Tried("fp32", {}, *fp32))
        return SelfTest("p", tried, apart).chosen

    assert chosen((0.0, 80), (0.0, 240)) == "int8"
    assert chosen((0.0, 200), (0.0, 150)) == "fp32"
    assert chosen((0.0, 200), (0.0, 190)) == "int8"
    assert chosen((3.0, 80), (0.0, 240)) == "fp32"
    assert chosen((3.0, 80), (2.0, 240)) is None
    assert chosen((None, 200), (None, 100), apart=2.0) is None


def test_a_pack_that_answers_otherwise_than_where_it_was_made_is_told() -> None:
    wrong = SelfTest("p", (Tried("int8", {}, 3.2, 80), Tried("fp32", {}, 0.01, 240)), 3.0)
    sign = knowledge.models(wrong)
    assert (sign.state, sign.value) == (
        State.LOOK,
        "p: int8 80 ms (off by 3.20), fp32 240 ms (off by 0.01), twins apart 3.00; chosen: fp32",
    )
    none = SelfTest("p", (Tried("int8", {}, 3.2, 80),), None)
    assert knowledge.models(none).state is State.BROKEN


def test_what_was_chosen_for_a_pack_is_what_workers_take(tmp_path: Path) -> None:
    precision.choose(tmp_path, "drawn-2", "fp32")
    precision.choose(tmp_path, "other", "int8")
    assert precision.chosen(tmp_path) == {"drawn-2": "fp32", "other": "int8"}
    (tmp_path / precision.FILE).write_text('["fp32"]')
    assert precision.chosen(tmp_path) == {}


def test_a_slow_box_says_slow() -> None:
    slow = speed.judged(speed.Timed((900.0,) * 18 + (1500.0,) * 2, (800.0,) * 20, compared=True))
    assert (slow.state, slow.value) == (
        State.LOOK,
        "slow: p95 1500 ms, median 900 ms over HTTP (computed 800 ms), 20 inspections",
    )
    assert speed.judged(speed.Timed((900.0,) * 20, (800.0,) * 20, compared=True)).state is State.GOOD
    assert speed.judged(speed.Timed((9.0,) * 20, (8.0,) * 20, compared=False)).state is State.BROKEN


def test_a_camera_that_moves_by_itself_is_told_how_to_hold() -> None:
    state = CameraState("uvc", {"auto_focus": Control(1, 0, 1, 1), "focus": Control(40, 0, 255, 0)})
    looked = camera.Looked("video0", 8, 2.0, 1920, 1080, 80.0, 0.01, 120.0, state)
    signs = camera.judged(looked)
    assert (signs[0].state, signs[0].value) == (State.GOOD, "video0: 1920 x 1080 px, 4.0 pictures a second")
    assert signs[1].todo == "Hold it: SEKISHO_CAMERA=/dev/video...?auto_focus=0&focus=40"
    dark = camera.judged(camera.Looked("video0", 8, 8.0, 640, 480, 3.0, 0.3, 20.0))
    assert [one.state for one in dark] == [State.LOOK, State.LOOK]
    assert camera.judged(None)[0].state is State.UNKNOWN
    gone = camera.judged(camera.Looked("video0", 0, 0.0, problem="The camera must be a V4L2 device."))
    assert (gone[0].state, len(gone)) == (State.BROKEN, 1)


def test_a_stale_calibration_is_said() -> None:
    looked = camera.Looked("video0", 8, 2.0, 1920, 1080, 80.0, 0.01, 120.0)

    def sign(records: dict[str, CalibrationRecord], at: datetime, seen: camera.Looked | None = None) -> Sign:
        return camera.calibrated(records, "/dev/video0", seen, at)[0]

    holds = sign({"video0": RECORD}, AT)
    assert (holds.state, holds.value) == (
        State.GOOD,
        "video0: 0.1614 mm per pixel, until 2027-05-21, colours may be judged",
    )
    assert sign({"video0": RECORD}, AT, looked).value.endswith(
        "made at 2304 x 1296 px, pictures have 1920 x 1080 px now"
    )
    assert sign({"video0": RECORD}, AT.replace(year=2028)).value.endswith("; older than 180 days")
    assert sign({"video1": RECORD}, AT).value == "video0: none"
    assert camera.calibrated({}, "", None, AT) == ()


@pytest.mark.slow
def test_the_command_tells_every_part_keeps_it_and_ends_with_1_where_something_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEKISHO_STATE_DIR", str(tmp_path / "var"))
    monkeypatch.setattr(examine, "apart", partial(examine.apart, limit_s=_LONG_S))
    monkeypatch.setattr(command, "LIMIT_S", _LONG_S)
    monkeypatch.setattr(command, "APART_S", _LONG_S)
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 1, result.output  # a box without a registry
    parts = {one.sign.part: one.sign for one in examination.read(tmp_path / "var").kept}
    assert list(parts) == [
        "camera", "clock", "battery clock", "storage wear", "storage honesty", "room", "temperature", "throttling",
        "memory", "network", "certificates", "registry", "model",
    ]  # fmt: skip
    assert parts["registry"].state is State.BROKEN
    assert parts["model"].state is State.GOOD, parts["model"]
    assert "✕ broken: registry" in result.stdout


def test_the_control_barcode_is_written_as_a_pdf(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["doctor", "--barcode", str(tmp_path / "control.pdf")])
    assert result.exit_code == 0
    assert (tmp_path / "control.pdf").read_bytes().startswith(b"%PDF-1.6")
