"""The platform's loop of the demo, whole: real keys, tree, pull, bench, ledger and central."""

from __future__ import annotations

import io
import json
from pathlib import Path

from rich.console import Console
from sqlalchemy import select

from edge.settings import Settings
from edge.storage.shelves import editions
from provisioning.demo import platform
from sync.central.central import Central
from sync.central.database import migrate, opened, reading
from sync.central.intake.objects import ObjectsOnDisk
from sync.central.knowledge.precision import precision
from sync.central.tables import entries, outcomes
from tests.central.conftest import CENTRAL
from tests.central.serving import serving
from tests.edge.storage.editions import edition


def test_a_platforms_seller_is_detained_and_the_platform_can_be_told_what_became_of_it(tmp_path: Path) -> None:
    engine = opened(f"sqlite:///{tmp_path / 'central.db'}")
    migrate(engine)
    (tmp_path / "central").mkdir()
    central = Central(engine, ObjectsOnDisk(tmp_path / "central"), CENTRAL)
    settings = Settings(state_dir=tmp_path / "bench", registry=edition(tmp_path, 1), place="Port Sample", token="")
    told = io.StringIO()
    with serving(central) as url:
        inspection = platform.loop(tmp_path, settings, central, url, Console(file=told, width=300))
    with reading(engine) as connection:
        rows = connection.execute(
            select(entries).where(entries.c.inspection == inspection).order_by(entries.c.seq)
        ).all()
        ended = connection.execute(select(outcomes)).one()
        counted = precision(connection)["findings"]["watch.listed"]
    assert [(row.kind, row.outcome) for row in rows] == [("assessed", "CHECK"), ("disposed", "detain")]
    assert (ended.inspection, ended.ending, ended.name) == (inspection, "confirmed", "IPR desk 4")
    assert (counted["confirmed"], counted["closed"]) == (1, 1)
    body = json.loads(rows[0].body)["assessment"]
    assert "Addressee" not in json.dumps(body)
    assert body["verdict"]["findings"][0]["code"] == "watch.listed"
    registry = editions(tmp_path / "platform" / "bench").current()
    assert [one.source for one in registry.watch_candidates(platform.SELLER)] == ["bazaar"]
    text = (tmp_path / "platform" / "bazaar.json").read_text("utf-8")
    (line,) = json.loads(text)["rows"]
    assert (line["order"], line["seller"], line["stage"]) == (platform.ORDER, platform.SELLER.upper(), "confirmed")
    assert "Addressee" not in text
    assert platform.NUMBER not in text
    assert "bench-post met it (watch.listed, source bazaar)" in told.getvalue()
    engine.dispose()
