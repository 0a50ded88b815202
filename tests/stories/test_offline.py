"""Offline: the bench inspects in a network namespace that holds nothing, and leaves no telemetry behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.ports import Frame

ROOT = Path(__file__).parents[2]


def alone() -> bool:
    unshare = shutil.which("unshare")
    return (
        unshare is not None
        and subprocess.run([unshare, "-rn", "true"], capture_output=True, check=False).returncode == 0
    )


@pytest.mark.skipif(not alone(), reason="NOT TESTED: inspecting without a network, unshare -n is not allowed here")
def test_a_picture_is_inspected_without_any_network_and_without_telemetry(
    edition: Path, photographed: Callable[[str], tuple[Frame, ...]], tmp_path: Path
) -> None:
    picture = tmp_path / "parcel.jpg"
    picture.write_bytes(photographed("unknown-serial")[0].data)
    home = tmp_path / "home"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    environment |= {"HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache"), "SEKISHO_WORKERS": "1"}
    command = ["unshare", "-rn", sys.executable, "-m", "sekisho", "inspect", str(picture)]
    command += ["--registry", str(edition), "--state-dir", str(tmp_path / "state")]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 10, done.stderr
    assert "face" not in [line.split(":")[0] for line in done.stdout.splitlines() if "not checked" in line]
    left = [str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()]
    assert left == []
