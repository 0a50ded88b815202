"""The integrator's guide as it stands: every block of it runs against a served bench."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from benchmarks.processes import served
from edge.ports import Frame
from sync.central.clients import new_client
from sync.central.database import migrate, writing
from sync.central.devices import new_token
from sync.central.serving import open_central
from sync.link import Link, enrol
from sync.push import push
from tests.central.serving import serving
from tests.sync.boxes import NOW, Box

ROOT = Path(__file__).parents[2]
PYTHON = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "integrator.md").read_text("utf-8"), re.DOTALL)
BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "integrator.md").read_text("utf-8"), re.DOTALL)


@contextmanager
def central_with_results(folder: Path) -> Iterator[tuple[str, str]]:
    """A served central that holds three results of a box in Naha, and a token to read them."""
    central = open_central(folder / "central")
    migrate(central.engine)
    box = Box(folder / "box")
    box.write(3)
    with serving(central) as url:
        with writing(central.engine) as connection:
            token = new_token(connection, url, central.id, box.device, port="Naha", now=central.now())
            reader = new_client(connection, "customs", nominal=True)
        with closing(Link(enrol(token, box.private), box.private)) as link:
            push(box.folder, link, box.signer, lambda: NOW)
        yield url, reader
    box.close()
    central.engine.dispose()


@pytest.mark.skipif(shutil.which("curl") is None, reason="NOT TESTED: the guide's curl examples, curl is absent")
def test_every_example_of_the_guide_runs_as_written(
    edition: Path, photographed: Callable[[str], tuple[Frame, ...]], tmp_path: Path
) -> None:
    picture = tmp_path / "picture.jpg"
    picture.write_bytes(photographed("medicine")[0].data)
    answers = []
    with served(tmp_path, edition, stations=2) as (url, _), central_with_results(tmp_path) as (central, token):
        environment = os.environ | {"BENCH": url, "PICTURE": str(picture), "CENTRAL": central, "TOKEN": token}
        for block in BLOCKS:
            done = subprocess.run(
                ["bash", "-euc", block], env=environment, capture_output=True, text=True, timeout=60, check=False
            )
            assert done.returncode == 0, (block, done.stdout, done.stderr)
            answers.append(done.stdout)
        for block in PYTHON:
            told = f"CENTRAL, TOKEN = {central!r}, {token!r}\n{block}"
            done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 0, (block, done.stderr)
            answers.append(done.stdout)
    assert answers[-1].startswith("1 Naha i1 CHECK\n2 Naha i2 STRONG_INDICATION\n")
    assert len(BLOCKS) >= 7
    assert len(PYTHON) == 1
    assert '"outcome":"NO_FINDING"' in answers[0]
