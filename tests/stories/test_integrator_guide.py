"""The integrator's guide as it stands: every block of it runs against a served bench."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from pyarrow import parquet

from benchmarks.processes import served
from edge.inspection import Decision
from edge.ports import Frame
from sync.central.clients import new_client
from sync.central.database import migrate, writing
from sync.central.intake.devices import new_token
from sync.central.serving import open_central
from sync.link import Link, enrol
from sync.push import push
from tests.central.epcis_schema import faults
from tests.central.results import assessed, assessment, decided
from tests.central.serving import serving
from tests.sync.boxes import NOW, Box

ROOT = Path(__file__).parents[2]
PYTHON = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "integrator.md").read_text("utf-8"), re.DOTALL)
BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "integrator.md").read_text("utf-8"), re.DOTALL)


@contextmanager
def central_with_results(folder: Path) -> Iterator[tuple[str, str]]:
    """A served central that holds results of a box in Naha, of which one was detained by mistake, and a token."""
    central = open_central(folder / "central")
    migrate(central.engine)
    box = Box(folder / "box")
    rows = [assessed(assessment()), decided(Decision.DETAIN), assessed(assessment("i2")), decided(None, 2)]
    box.ledger.append(rows)
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
                ["bash", "-euc", block],
                env=environment,
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            assert done.returncode == 0, (block, done.stdout, done.stderr)
            answers.append(done.stdout)
        for block in PYTHON:
            told = f"CENTRAL, TOKEN = {central!r}, {token!r}\n{block}"
            done = subprocess.run(
                [sys.executable, "-c", told], env=environment | {"PYTHONPATH": str(ROOT)}, cwd=tmp_path,
                capture_output=True, text=True, timeout=300, check=False,
            )  # fmt: skip
            assert done.returncode == 0, (block, done.stderr)
            answers.append(done.stdout)
    rows, events, cursor = answers[-3:]
    assert rows == (
        "1 Naha i1 CHECK consignment.goods\n"
        "2 Naha i1 detain None\n"
        "3 Naha i2 CHECK consignment.goods\n"
        "4 Naha i1 None 2\n"
    )
    assert events.startswith(
        "ni:///sha-256; inspecting None ['https://id.gs1.org/01/09521234543213/21/K2PQ04X9B31']\n"
        "ni:///sha-256; inspecting None ['https://id.gs1.org/00/106141411234567897', 'urn:sekisho:s10:RR473124829JP']\n"
        "ni:///sha-256; holding non_sellable_other ['https://id.gs1.org/01/09521234543213/21/K2PQ04X9B31']\n"
    )
    assert faults(json.loads((tmp_path / "events.jsonld").read_text("utf-8"))) == []
    lines = list(csv.DictReader((tmp_path / "november.csv").read_text("utf-8").splitlines()))
    assert [(line["inspection"], line["decision"]) for line in lines] == [("i1", ""), ("i2", "")]
    assert parquet.read_table(tmp_path / "results.parquet").num_rows == 2
    assert len(BLOCKS) >= 9
    assert cursor == "4\n"
    assert len(PYTHON) == 3
    assert '"outcome":"NO_FINDING"' in answers[0]
