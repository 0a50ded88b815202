"""A token that was revoked or has ended opens nothing, wherever it is shown."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import urllib3
from sqlalchemy.schema import Table

from edge.errors import Conflict, InputError, NotFound
from sync.central import tokens
from sync.central.central import Central
from sync.central.clients import new_client
from sync.central.database import migrate, opened, writing
from sync.central.intake.ingest import ingest
from sync.central.intake.objects import ObjectsOnDisk
from sync.central.knowledge.speakers import Role, Speaker, new_speaker
from sync.central.onward.webhook_post import post
from sync.central.onward.webhooks import again, listed, run_once, subscribe
from sync.central.tables import clients, speakers
from tests.central.conftest import CENTRAL
from tests.central.receiving import receiving
from tests.central.serving import serving
from tests.central.test_command import sekisho
from tests.sync.boxes import DAY, Box

READ = (
    "/v1/feed", "/v1/exports/csv", "/v1/epcis/events", "/v1/precision",
    f"/v1/rows/bench-1/{'0' * 32}/1/pictures",
)  # fmt: skip
END = (DAY + timedelta(days=30)).isoformat()


@dataclass
class Served:
    """A central that answers, and the time it believes."""

    central: Central
    url: str

    def at(self, moment: datetime) -> None:
        object.__setattr__(self.central, "now", lambda: moment)

    def statuses(self, token: str, paths: tuple[str, ...] = READ) -> dict[str, int]:
        headers = {"Authorization": f"Bearer {token}"}
        told = {path: urllib3.request("GET", self.url + path, headers=headers).status for path in paths}
        basic = base64.b64encode(f"anybody:{token}".encode()).decode()
        page = urllib3.request("GET", f"{self.url}/fleet", headers={"Authorization": f"Basic {basic}"})
        return told | {"/fleet": page.status}

    def speaks(self, token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return urllib3.request("GET", f"{self.url}/v1/questions", headers=headers).status


@pytest.fixture
def served(central: Central) -> Iterator[Served]:
    with serving(central) as url:
        yield Served(central, url)


def revoke(central: Central, table: Table, name: str) -> int:
    with writing(central.engine) as connection:
        return tokens.revoke(connection, table, name, central.stamp())


@pytest.mark.parametrize("way", ["revoked", "ended"])
def test_a_readers_token_that_is_not_good_any_more_is_refused_at_every_address(served: Served, way: str) -> None:
    with writing(served.central.engine) as connection:
        token = new_client(connection, "customs", nominal=True, expires=END)
        other = new_client(connection, "port", nominal=False)
    assert 401 not in served.statuses(token).values()
    if way == "revoked":
        assert revoke(served.central, clients, "customs") == 1
    else:
        served.at(DAY + timedelta(days=30))
    assert set(served.statuses(token).values()) == {401}
    assert 401 not in served.statuses(other).values()


@pytest.mark.parametrize("way", ["revoked", "ended"])
def test_a_speakers_token_that_is_not_good_any_more_is_refused(served: Served, way: str) -> None:
    with writing(served.central.engine) as connection:
        token = new_speaker(connection, Speaker("Desk 4", Role.EXAMINER), END)
    assert served.speaks(token) == 200
    if way == "revoked":
        assert revoke(served.central, speakers, "Desk 4") == 1
    else:
        served.at(DAY + timedelta(days=30))
    assert served.speaks(token) == 401
    body = {"device": "bench-1", "inspection": "i1", "ending": "confirmed", "decided": "2026-11-21"}
    headers = {"Authorization": f"Bearer {token}"}
    assert urllib3.request("POST", f"{served.url}/v1/outcomes", json=body, headers=headers).status == 401


@pytest.mark.parametrize("way", ["revoked", "ended"])
def test_a_webhook_of_a_token_that_is_not_good_any_more_sends_nothing(
    central: Central, box: Callable[..., Box], way: str
) -> None:
    with writing(central.engine) as connection:
        new_client(connection, "customs", nominal=False, expires=END)
    with receiving() as receiver:
        subscribe(central, "port", receiver.url, "customs", private=True, kind="", outcome="", from_start=True)
        one = box()
        one.write(2)
        ingest(central.engine, central.id, one.batch(), central.stamp())
        if way == "revoked":
            revoke(central, clients, "customs")
        else:
            central = replace(central, now=lambda: DAY + timedelta(days=30))
        assert run_once(central, post) == 0
        assert receiver.came == []
    assert str(listed(central)[0]["stopped"]).endswith(": the token of its client was revoked or has ended")
    with pytest.raises(Conflict) as caught:
        again(central, "port", post)
    assert caught.value.code == "webhook_stopped"
    with pytest.raises(NotFound):
        subscribe(
            central, "two", "https://port.example/", "customs", private=False, kind="", outcome="", from_start=True
        )


def test_nobody_is_revoked_twice_and_days_are_days(central: Central) -> None:
    with writing(central.engine) as connection:
        new_client(connection, "customs", nominal=False)
    assert revoke(central, clients, "customs") == 1
    with pytest.raises(NotFound) as caught:
        revoke(central, clients, "customs")
    assert caught.value.message == "Expected the name of one who holds a token that is good, got 'customs'."
    with pytest.raises(InputError) as refused:
        tokens.end_of(0, DAY)
    assert refused.value.message == "--days: expected 1 to 36500 days, got 0."


def test_tokens_end_and_are_revoked_on_the_command_line(tmp_path: Path) -> None:
    home = ("--dir", tmp_path)
    reader = sekisho("central", "token", "customs", "--days", "1", *home).strip()
    speaker = sekisho("central", "speaker", "Desk 4", "--role", "examiner", "--days", "1", *home).strip()
    central = Central(
        opened(f"sqlite:///{tmp_path / 'central.db'}"), ObjectsOnDisk(tmp_path), CENTRAL, lambda: datetime.now(UTC)
    )
    migrate(central.engine)
    with serving(central) as url:
        served = Served(central, url)
        assert (served.statuses(reader)["/v1/feed"], served.speaks(speaker)) == (200, 200)
        served.at(datetime.now(UTC) + timedelta(days=2))
        assert (served.statuses(reader)["/v1/feed"], served.speaks(speaker)) == (401, 401)
        served.at(datetime.now(UTC))
        assert sekisho("central", "revoke-token", "customs", *home) == "customs: 1 token(s) revoked\n"
        assert sekisho("central", "revoke-speaker", "Desk 4", *home) == "Desk 4: 1 token(s) revoked\n"
        assert (served.statuses(reader)["/v1/feed"], served.speaks(speaker)) == (401, 401)
        assert "[token_not_found]" in sekisho("central", "revoke-token", "customs", *home, code=2)
    central.engine.dispose()
    assert "[request_field]" in sekisho("central", "token", "customs", "--days", "-1", *home, code=2)
