"""Offline: the bench inspects in a network namespace that holds nothing, and leaves no telemetry behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
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


@pytest.mark.skipif(not traces(), reason="NOT TESTED: whom an inspection tries to reach, strace is absent")
def test_no_process_of_an_inspection_tries_to_send_anything_to_a_network(
    edition: Path, photographed: Callable[[str], tuple[Frame, ...]], tmp_path: Path
) -> None:
    """Catches telemetry that fails quietly where there is no network: the attempt itself is what is looked for."""
    picture = tmp_path / "parcel.jpg"
    picture.write_bytes(photographed("unknown-serial")[0].data)
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    environment |= {"SEKISHO_WORKERS": "1"}
    command = [sys.executable, "-m", "sekisho", "inspect", str(picture), "--registry", str(edition)]
    assert reached([*command, "--state-dir", str(tmp_path / "state")], environment, 10) == []
    sends = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('192.0.2.1', 9))"
    assert len(reached([sys.executable, "-c", sends], environment, 0)) == 1  # what such an attempt would look like


def reached(command: list[str], environment: dict[str, str], status: int) -> list[str]:
    """Every call by which the command or a child of it tried to reach a network."""
    with tempfile.NamedTemporaryFile() as trace:
        traced = ["strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=connect,sendto,sendmsg,sendmmsg"]
        done = subprocess.run(
            [*traced, "-o", trace.name, *command],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stderr
        return [line for line in Path(trace.name).read_text().splitlines() if "AF_INET" in line]


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
