"""A bad line: what was acknowledged is there, once. More harm is done in tests/benchmarks/test_sync_faults.py."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from benchmarks.faults import link as weather
from edge.storage.evidence import EvidenceStore
from sync import link as links
from sync.central.central import Central
from sync.central.database import migrate, opened, reading
from sync.central.intake.objects import ObjectsOnDisk
from sync.central.tables import entries
from sync.errors import CentralUnreachable
from sync.link import Link, enrol
from sync.push import push
from sync.push_evidence import push_evidence
from tests.central.conftest import CENTRAL
from tests.central.serving import serving, token_for
from tests.sync.boxes import NOW, Box, assessed


def hashes(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        return [row.hash for row in connection.execute(select(entries.c.hash).order_by(entries.c.seq))]


def until_done(work: Callable[[], object], tries: int = 60) -> int:
    """How many tries `work` took to end."""
    for number in range(tries):
        with contextlib.suppress(CentralUnreachable):
            work()
            return number + 1
    raise AssertionError(f"not done in {tries} tries")


def test_a_line_that_cuts_and_resets_loses_nothing_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "_PAUSE_S", (0.0, 0.0, 0.0))
    engine = opened(f"sqlite:///{tmp_path / 'central.db'}")
    migrate(engine)
    central = Central(engine, ObjectsOnDisk(tmp_path / "central"), CENTRAL)
    box = Box(tmp_path / "box")
    store = EvidenceStore(box.folder)
    names = [store.put(bytes([number]) * 30_000, "image/png") for number in range(6)]
    kept = [{"sha256": name, "media_type": "image/png"} for name in names]
    body = {"request": "", "assessment": {"seen": {"captures": [{"kept": kept}]}}}
    box.ledger.append([assessed(0, body=body)])
    box.write(700)
    with serving(central) as url:
        port = int(url.rpartition(":")[2])
        with weather.bad(("127.0.0.1", port), seed=5) as relay:
            enrolment = enrol(token_for(central, f"http://127.0.0.1:{relay.port}"), box.private)
            link = Link(enrolment, box.private)
            relay.weather = weather.Weather(cut=0.4, reset=0.3)
            until_done(lambda: push(box.folder, link, box.signer, lambda: NOW))
            until_done(lambda: push_evidence(box.folder, link, 10**9))
            link.close()
            assert relay.connections > 1
    rows = [row.hash for after in range(0, 701, 200) for row in box.rows(after)]
    assert hashes(engine) == rows
    assert [len(central.objects.get(name)) for name in names] == [30_000] * 6
    box.close()
    engine.dispose()
