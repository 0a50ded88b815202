"""A lost box: what came after the loss is given to nobody, what came before stays; a cloned disk is noticed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from edge.errors import AccessRefused, Conflict, InputError, NotFound
from sync.central.central import Central
from sync.central.clients import Client
from sync.central.fleet.lost import found, lost
from sync.central.intake.holdings import holdings
from sync.central.intake.ingest import ingest
from sync.central.intake.signatures import prove
from sync.central.onward.feed import Page, Wanted, page, sequence
from tests.central.test_command import sekisho
from tests.sync.boxes import DAY, Box

Boxes = Callable[..., Box]
LATER = DAY + timedelta(hours=5)


def brought(central: Central, box: Box, after: int, hours: int) -> None:
    ingest(central.engine, central.id, box.batch(after), (DAY + timedelta(hours=hours)).isoformat())


def read(central: Central) -> list[int]:
    sequence(central.engine)
    told: Page = page(central.engine, Client("customs", nominal=True, ports=()), Wanted())
    return [json.loads(row)["row"]["seq"] for row in told.rows]


@pytest.fixture
def one(central: Central, box: Boxes) -> Box:
    """A box that brought two rows before it was lost and three after."""
    one = box()
    one.write(2)
    brought(central, one, 0, 1)
    one.write(3, first=3)
    brought(central, one, 2, 3)
    return one


def test_what_came_after_the_loss_is_given_to_nobody_and_stays_proved(central: Central, one: Box) -> None:
    central = replace(central, now=lambda: LATER)
    assert read(central) == [1, 2, 3, 4, 5]
    told = lost(central, "bench-1", DAY + timedelta(hours=2), "stolen at gate 4")
    assert (told.keys, told.rows) == (1, 3)
    assert read(central) == [1, 2]
    alarm = holdings(central.engine)["alarms"][0]
    assert alarm["code"] == "lost"
    assert alarm["detail"] == ("stolen at gate 4; 3 rows came since 2026-11-21T11:30:00+00:00 and are given to nobody.")
    assert prove(central, anew=True).rows == 5
    one.write(1, first=6)
    with pytest.raises(AccessRefused) as caught:
        brought(central, one, 5, 4)
    assert caught.value.code == "access_revoked"


def test_the_later_word_on_the_time_of_the_loss_counts(central: Central, one: Box) -> None:
    central = replace(central, now=lambda: LATER)
    assert one.device == "bench-1"
    lost(central, "bench-1", DAY + timedelta(hours=2), "lost")
    told = lost(central, "bench-1", DAY + timedelta(hours=4), "it was at gate 5 until noon")
    assert (told.keys, told.rows, read(central)) == (0, 0, [1, 2, 3, 4, 5])
    lost(central, "bench-1", DAY, "lost")
    assert read(central) == []
    assert found(central, "bench-1") == 1
    assert read(central) == [1, 2, 3, 4, 5]


def test_a_loss_needs_a_known_box_and_a_time_that_is_over(central: Central, one: Box) -> None:
    assert one.device == "bench-1"
    with pytest.raises(NotFound):
        lost(central, "bench-9", DAY, "lost")
    for since in (DAY + timedelta(days=1), DAY.replace(tzinfo=None)):
        with pytest.raises(InputError) as caught:
            lost(central, "bench-1", since, "lost")
        assert caught.value.message == (
            f"--since: expected a time that is over, with its time zone, got {since.isoformat()}."
        )


def test_a_disk_that_was_cloned_is_noticed_when_both_boxes_bring_rows(
    central: Central, one: Box, tmp_path: Path
) -> None:
    one.close()
    shutil.copytree(one.folder, tmp_path / "clone")
    own, clone = Box(one.folder, private=one.private), Box(tmp_path / "clone", private=one.private)
    for box, first in ((own, 10), (clone, 20)):
        box.write(1, first=first)
    brought(central, own, 5, 4)
    with pytest.raises(Conflict) as caught:
        brought(central, clone, 5, 4)
    own.close()
    clone.close()
    assert caught.value.code == "batch_equivocation"
    told = holdings(central.engine)
    assert ([alarm["code"] for alarm in told["alarms"]], told["quarantined"]) == (["equivocation"], 1)


def test_the_operator_follows_the_procedure_of_the_guide(tmp_path: Path) -> None:
    home = ("--dir", tmp_path / "central")
    sekisho("central", "init", *home)
    token = tmp_path / "token"
    token.write_text(sekisho("central", "enrol-token", "bench-1", "--url", "http://central", *home), "utf-8")
    (tmp_path / "box").mkdir()
    stick = tmp_path / "stick"
    state = ("--state-dir", tmp_path / "box")
    told = sekisho("results", "enrol", token, "--stick", stick, *state)
    assert told == (
        f"{stick}/sekisho-bench-1/enrolment.json: bring it to the central; "
        f"then: sekisho results enrol --stick {stick}\n"
    )
    assert "sekisho-bench-1/enrolment.json: answered on the stick\n" in sekisho("central", "import", stick, *home)
    assert sekisho("results", "enrol", "--stick", stick, *state).startswith("bench-1: enrolled with http://central")
    lost_ = sekisho("central", "lost", "bench-1", "--since", "2026-01-01T00:00+00:00", *home)
    assert lost_ == "bench-1: 1 key(s) revoked, 0 rows in quarantine\n"
    out = tmp_path / "web"
    out.mkdir()
    assert sekisho("central", "revoked", out, *home) == (
        f"{out}: revocations.json, revoked.crl, authority.pem; good for 7 days\n"
    )
    listed = x509.load_der_x509_crl((out / "revoked.crl").read_bytes())
    own = x509.load_pem_x509_certificate((out / "authority.pem").read_bytes())
    assert (len(list(listed)), listed.issuer) == (1, own.subject)
    assert "[request_field]" in sekisho("central", "lost", "bench-1", "--since", "yesterday", *home, code=2)
    assert sekisho("central", "lost", "bench-1", "--found", *home) == "bench-1: 0 ledger(s) are believed again\n"
