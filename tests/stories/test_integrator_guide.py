"""The integrator's guide as it stands: every block of it runs against a served bench."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.processes import served
from edge.ports import Frame

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "integrator.md").read_text("utf-8"), re.DOTALL)


@pytest.mark.skipif(shutil.which("curl") is None, reason="NOT TESTED: the guide's curl examples, curl is absent")
def test_every_example_of_the_guide_runs_as_written(
    edition: Path, photographed: Callable[[str], tuple[Frame, ...]], tmp_path: Path
) -> None:
    picture = tmp_path / "picture.jpg"
    picture.write_bytes(photographed("medicine")[0].data)
    answers = []
    with served(tmp_path, edition, stations=2) as (url, _):
        environment = os.environ | {"BENCH": url, "PICTURE": str(picture)}
        for block in BLOCKS:
            done = subprocess.run(
                ["bash", "-euc", block], env=environment, capture_output=True, text=True, timeout=60, check=False
            )
            assert done.returncode == 0, (block, done.stdout, done.stderr)
            answers.append(done.stdout)
    assert len(BLOCKS) >= 7
    assert '"outcome":"NO_FINDING"' in answers[0]
