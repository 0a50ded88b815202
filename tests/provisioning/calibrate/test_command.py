"""`sekisho calibrate` from the printed sheet to the capture of a bench that carries it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from edge import calibrations
from models.calibration import measured
from models.drawn.bench_camera import BenchCamera, photograph
from provisioning.calibrate.record import joined, signs
from sekisho import app
from tests.edge.test_calibrations import AT

CAMERA = BenchCamera(width=1500, height=1050, px_per_mm=4.8, defocus_px=0.6, gradient=0.1)


@pytest.fixture(scope="module")
def picture() -> bytes:
    return cv2.imencode(".png", photograph("A5", CAMERA, np.random.default_rng(3)).image)[1].tobytes()


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["calibrate", *arguments])
    return result.exit_code, result.output


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEKISHO_STATE_DIR", str(tmp_path / "var"))
    return tmp_path / "var"


def test_the_target_is_written_as_a_pdf_and_its_ruler_told(tmp_path: Path) -> None:
    code, said = run("target", "--size", "A4", "--out", str(tmp_path / "t.pdf"))
    assert (code, said) == (
        0,
        f"{tmp_path / 't.pdf'}: print it without scaling; its long ruler must measure 140 mm\n",
    )
    assert (tmp_path / "t.pdf").read_bytes().startswith(b"%PDF-1.6")
    code, said = run("target", "--size", "A3", "--out", str(tmp_path / "t.pdf"))
    assert (code, "--size: expected A4 or A5, got 'A3'. [calibrate_size]" in said) == (2, True)


def test_pictures_become_a_record_that_is_used_from_then_on(tmp_path: Path, state: Path, picture: bytes) -> None:
    (tmp_path / "one.png").write_bytes(picture)
    code, said = run("measure", str(tmp_path / "one.png"), "--camera", "video0", "--ruler-mm", "98", "--held")
    assert code == 0, said
    (name,) = calibrations.in_use(state).values()
    record = calibrations.kept(state, name)
    assert record.mm_per_px == pytest.approx(0.98 / 4.8, rel=0.005)
    assert (record.ruler, record.light) == (0.98, True)
    assert f"camera video0: calibration {name[:12]}, holds until" in said
    assert "mm per pixel at 1500 x 1050 px" in run("show")[1]
    assert json.loads(run("show", "--json")[1])["video0"]["id"] == name


def test_without_a_camera_or_with_a_wrong_ruler_it_says_what_it_needs(tmp_path: Path, picture: bytes) -> None:
    (tmp_path / "one.png").write_bytes(picture)
    code, said = run("measure", str(tmp_path / "one.png"))
    assert (code, "got neither --camera nor SEKISHO_CAMERA. [calibrate_camera]" in said) == (2, True)
    code, said = run("measure", str(tmp_path / "one.png"), "--camera", "video0", "--ruler-mm", "210")
    assert (code, "--ruler-mm: expected about 100 mm, got 210. [calibrate_ruler]" in said) == (2, True)
    assert run("show")[1].startswith("no camera is calibrated")


def test_pictures_that_do_not_belong_together_are_refused(tmp_path: Path, picture: bytes) -> None:
    nearer = photograph("A5", BenchCamera(width=1500, height=1050, px_per_mm=4.9), np.random.default_rng(4)).image
    (tmp_path / "one.png").write_bytes(picture)
    cv2.imwrite(str(tmp_path / "two.png"), nearer)
    code, said = run("measure", str(tmp_path / "one.png"), str(tmp_path / "two.png"), "--camera", "video0")
    assert (code, "Pictures of one target by one camera that does not move are expected" in said) == (2, True)


def test_each_fault_of_a_bench_is_told_with_what_to_do() -> None:
    poor = BenchCamera(
        width=1500, height=1050, px_per_mm=4.5, tilt_deg=(0, 9), distance_mm=220, defocus_px=1.5, gradient=0.8
    )
    measurement = measured(photograph("A5", poor, np.random.default_rng(5)).image)
    record = joined([("a" * 64, measurement)], camera="x", identity="", held=False, ruler=1.0, at=AT, valid_days=1)
    states = {sign.part: sign.state.value for sign in signs(record)}
    assert states == {
        "scale": "good", "perspective": "look at", "focus": "look at", "light": "look at", "colour": "look at"
    }  # fmt: skip
    assert not record.light
    assert all(sign.todo for sign in signs(record) if sign.state.value == "look at")


@pytest.mark.parametrize("option", [(), ("--colours",)])
def test_what_has_no_end_is_not_read(tmp_path: Path, picture: bytes, option: tuple[str, ...]) -> None:
    (tmp_path / "target.png").write_bytes(picture)
    given = ("/dev/zero",) if not option else (str(tmp_path / "target.png"), *option, "/dev/zero")
    code, said = run("measure", "--camera", "v", *given)
    expected = "/dev/zero: expected a regular file of 64000000 bytes or fewer, got crw-rw-rw- with 0 bytes."
    assert (code, said) == (2, f"sekisho: {expected} [request_no_file]\n")
