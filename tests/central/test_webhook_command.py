"""Webhooks as an operator types them."""

from __future__ import annotations

import json
from pathlib import Path

from sync.central.intake.ingest import ingest
from sync.central.serving import open_central
from tests.central.receiving import receiving
from tests.central.serving import enrolled, serving
from tests.central.test_command import sekisho
from tests.sync.boxes import DAY, Box


def test_a_subscription_is_added_run_listed_and_removed(tmp_path: Path) -> None:
    home = ("--dir", tmp_path / "central")
    sekisho("central", "token", "naha-port", *home)
    central = open_central(tmp_path / "central")
    box = Box(tmp_path / "box")
    with receiving() as receiver:
        words = ("webhooks", "add", "naha", receiver.url, "--client", "naha-port", "--outcome", "CHECK", "--private")
        secret = sekisho("central", *words, *home).strip()
        assert sekisho("central", "webhooks", "secret", "naha", *home).strip() == secret
        with serving(central) as url:
            link, _ = enrolled(central, url, box)
            link.close()
        box.write(4)
        ingest(central.engine, central.id, box.batch(), DAY.isoformat())
        assert sekisho("central", "webhooks", "run", "--once", *home) == "2 rows taken\n"
        receiver.require_signed(secret)
    (told,) = json.loads(sekisho("central", "webhooks", "list", *home))
    assert (told["name"], told["behind"], told["dead"], told["stopped"]) == ("naha", 0, 0, None)
    assert json.loads(sekisho("central", "webhooks", "dead", "naha", *home)) == []
    assert sekisho("central", "webhooks", "again", "naha", *home) == "naha: 0 taken, 0 left\n"
    assert sekisho("central", "webhooks", "remove", "naha", *home) == "naha: removed\n"
    assert "[webhook_not_found]" in sekisho("central", "webhooks", "dead", "naha", *home, code=2)
    told = sekisho("central", "webhooks", "add", "x", "http://port.example/", "--client", "naha-port", *home, code=2)
    assert "[request_webhook]" in told
    box.close()
    central.engine.dispose()
