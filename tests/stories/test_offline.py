"""Offline: the bench inspects in a network namespace that holds nothing, and leaves no telemetry behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import onnxruntime
import pytest

from edge.ports import Frame

ROOT = Path(__file__).parents[2]


def alone() -> bool:
    unshare = shutil.which("unshare")
    return (
        unshare is not None
        and subprocess.run([unshare, "-rn", "true"], capture_output=True, check=False).returncode == 0
    )


def traces() -> bool:
    strace = shutil.which("strace")
    return (
        strace is not None and not subprocess.run([strace, "-qq", "true"], capture_output=True, check=False).returncode
    )


@pytest.mark.skipif(not traces(), reason="NOT TESTED: which sockets an inspection asks for, strace is absent")
def test_no_process_of_an_inspection_asks_for_a_socket_that_leaves_the_box(
    edition: Path, photographed: Callable[[str], tuple[Frame, ...]], tmp_path: Path
) -> None:
    """Catches telemetry that fails quietly where there is no network: the attempt itself is what is looked for."""
    picture = tmp_path / "parcel.jpg"
    picture.write_bytes(photographed("unknown-serial")[0].data)
    trace = tmp_path / "trace"
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    environment |= {"SEKISHO_WORKERS": "1"}
    command = ["strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=socket", "-o", str(trace)]
    command += [sys.executable, "-m", "sekisho", "inspect", str(picture)]
    command += ["--registry", str(edition), "--state-dir", str(tmp_path / "state")]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 10, done.stderr
    asked = [line for line in trace.read_text().splitlines() if "socket(" in line]
    assert [line for line in asked if "AF_UNIX" not in line] == []


def test_the_inference_library_knows_no_address_to_send_anything_to() -> None:
    folder = Path(onnxruntime.__file__).parent / "capi"
    libraries = [path for path in folder.iterdir() if ".so" in path.name]
    assert libraries
    for library in libraries:
        assert b"events.data.microsoft.com" not in library.read_bytes(), library.name


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
