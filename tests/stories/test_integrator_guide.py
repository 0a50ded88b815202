"""The integrator's guide as it stands: every block of it runs against a served bench."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.processes import free_port, waited_for
from edge.ports import Frame

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "integrator.md").read_text("utf-8"), re.DOTALL)


@pytest.fixture
def served(edition: Path, tmp_path: Path) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "sekisho", "serve", "--port", str(port)]
    command += ["--registry", str(edition), "--state-dir", str(tmp_path / "state")]
    environment = os.environ | {"SEKISHO_STATIONS": '["1", "2"]', "SEKISHO_WORKERS": "1", "ORT_DISABLE_TELEMETRY": "1"}
    server = subprocess.Popen(command, env=environment, cwd=ROOT)
    try:
        waited_for(f"http://127.0.0.1:{port}/api/v1/health/live")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)


@pytest.mark.skipif(shutil.which("curl") is None, reason="NOT TESTED: the guide's curl examples, curl is absent")
def test_every_example_of_the_guide_runs_as_written(
    served: str, photographed: Callable[[str], tuple[Frame, ...]], tmp_path: Path
) -> None:
    picture = tmp_path / "picture.jpg"
    picture.write_bytes(photographed("medicine")[0].data)
    environment = os.environ | {"BENCH": served, "PICTURE": str(picture)}
    answers = []
    for block in BLOCKS:
        done = subprocess.run(
            ["bash", "-euc", block], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, (block, done.stdout, done.stderr)
        answers.append(done.stdout)
    assert len(BLOCKS) >= 7
    assert '"outcome":"NO_FINDING"' in answers[0]
