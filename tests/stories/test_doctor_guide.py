"""The section on doctor and calibration as it stands in the guide: every command runs in order on a box."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from edge import calibrations, examination
from edge.settings import Settings
from models.drawn.bench_camera import BenchCamera, photograph
from provisioning.doctor import control, speed
from sekisho import app

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "technician.md").read_text("utf-8")
SECTION = GUIDE.partition("\n## doctor and calibration\n")[2].partition("\n## ")[0]
COMMANDS = [line for block in re.findall(r"```bash\n(.*?)```", SECTION, re.DOTALL) for line in block.splitlines()]
TIMED = "sekisho doctor --bench"


@pytest.mark.slow
def test_doctor_and_calibrate_go_as_the_guide_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEKISHO_STATE_DIR", str(tmp_path / "var"))
    monkeypatch.chdir(tmp_path)
    camera = BenchCamera(width=1500, height=1050, px_per_mm=4.8)
    cv2.imwrite("picture.png", photograph("A5", camera, np.random.default_rng(1)).image)
    out, into = os.pipe()
    os.write(into, f"{control.IDENTIFIER}{control.TEXT}\r".encode())
    os.close(into)
    monkeypatch.setattr("provisioning.doctor.listen.STDIN", out)
    told = {}
    for line in COMMANDS:
        if line == TIMED:
            continue  # timed in the next test, on a smaller scale
        result = CliRunner().invoke(app, shlex.split(line)[1:])
        broken = 1 if line.startswith("sekisho doctor") and "--barcode" not in line else 0  # no registry here
        assert result.exit_code == broken, (line, result.output)
        told[line] = result.output
    os.close(out)
    assert len(COMMANDS) == 8
    parts = {one.sign.part: one.sign.value for one in examination.read(tmp_path / "var").kept}
    assert parts["scanner"] == "as printed; end CR"
    assert "✕ broken: registry" in told["sekisho doctor"]
    assert list(calibrations.in_use(tmp_path / "var")) == ["video0"]
    assert "camera video0: calibration " in told["sekisho calibrate show"]
    assert (tmp_path / "target.pdf").stat().st_size > 10_000


@pytest.mark.slow
def test_inspections_are_timed_on_a_bench_of_its_own_and_leave_the_box_as_it_was(tmp_path: Path) -> None:
    timed = speed.measured(Settings(state_dir=tmp_path, workers=1), rounds=1)
    assert timed.compared
    assert len(timed.answered_ms) == len(timed.computed_ms) == 1
    assert timed.answered_ms[0] > timed.computed_ms[0] > 1
    assert list(tmp_path.iterdir()) == []
