"""A parcel is released, a bulletin comes later: what was released is pointed out, and nothing of the past is edited."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.app import Box, open_box
from edge.arrival import Arrival
from edge.consignment import Consignment, Party
from edge.inspection import Assessment, Decision
from edge.moment import ClockTrust, Moment
from edge.settings import Settings
from edge.steps.capture import RawCode
from edge.storage.ledger_reader import verified
from edge.storage.shelves import editions
from tests.edge.storage.editions import edition, policy, usable_pack
from tests.edge.web.serving import serving

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SERIAL = "]d20109521234543213" + "21A1"


@contextmanager
def box(state_dir: Path, at: datetime = NOON, **changes: object) -> Iterator[Box]:
    settings = Settings(state_dir=state_dir, stations=("1", "2"), workers=1, reserve_bytes=0, **changes)  # type: ignore[arg-type]
    with open_box(settings, now=lambda: Moment(at, ClockTrust.SYNCED)) as one:
        yield one


def install(state_dir: Path, file: Path, publisher: str = "") -> None:
    shelf = editions(state_dir)
    shelf.activate(shelf.stage(file, slot=publisher))
    shelf.prune()


def scanned(one: Box, code: str = SERIAL, station: str = "1") -> Assessment:
    arrival = Arrival(station=station, codes=(RawCode(code.encode(), "scanner"),), joins=False)
    return one.bench.inspect(arrival)


def search(one: Box) -> int:
    pieces = 1
    while one.upkeep.once():
        pieces += 1
    return pieces


def late(one: Box, inspection: str) -> list[tuple[str, ...]]:
    return [
        tuple(finding.arguments.get("number") or finding.code for finding in found.findings)
        for found in one.bench.record(inspection).late
    ]


def codes(assessment: Assessment) -> set[str]:
    return {finding.code for finding in assessment.verdict.findings}


def test_a_bulletin_that_comes_after_the_release_is_told_and_a_roll_back_answers_as_before(tmp_path: Path) -> None:
    state = tmp_path / "state"
    install(state, edition(tmp_path, 1))
    with box(state) as one:
        first = scanned(one)
        one.bench.dispose(first.inspection, Decision.RELEASE, officer="O-7")
        search(one)
        assert late(one, first.inspection) == []
        install(state, edition(tmp_path, 2, bulletins=("B-12",)))
        with one.bench.events.listen() as news:
            search(one)
        assert news.get_nowait().name == "late"
        assert late(one, first.inspection) == [("B-12",)]
        kept = one.bench.record(first.inspection)
        assert kept.assessments == (first,)
        assert kept.disposition is not None
        assert kept.disposition.decision is Decision.RELEASE
        assert (kept.late[0].released, kept.late[0].freshness.edition_number) == (NOON, 2)
        assert "bulletin.applies" in codes(scanned(one))
        editions(state).rollback()
        assert "bulletin.applies" not in codes(scanned(one))
        search(one)
        assert late(one, first.inspection) == [("B-12",)]
    assert verified(state / "ledger.db") == 6  # three assessed, one released, one late, one next


def test_what_was_searched_is_not_searched_again_and_goes_on_after_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "state"
    install(state, edition(tmp_path, 1))
    with box(state) as one:
        released = [scanned(one).inspection for _ in range(20)]
        for inspection in released:
            one.bench.dispose(inspection, Decision.RELEASE, officer="O-7")
        install(state, edition(tmp_path, 2, bulletins=("B-12",)))
        assert one.upkeep.once()
        assert sum(bool(late(one, inspection)) for inspection in released) == 8
    with box(state) as one:
        assert search(one) == 2
        assert all(late(one, inspection) == [("B-12",)] for inspection in released)
        assert search(one) == 1
    (state / "late.json").write_text("damaged")
    with box(state) as one:
        assert search(one) == 3
        assert all(late(one, inspection) == [("B-12",)] for inspection in released)


def test_a_revoked_serial_and_a_supplement_are_found_and_what_was_not_released_is_left(tmp_path: Path) -> None:
    state = tmp_path / "state"
    install(state, edition(tmp_path, 1))
    with box(state) as one:
        gone, here, undone = scanned(one), scanned(one), scanned(one)
        one.bench.dispose(gone.inspection, Decision.RELEASE, officer="O-7")
        one.bench.dispose(here.inspection, Decision.DETAIN, officer="O-7", reason="look")
        one.bench.dispose(undone.inspection, Decision.RELEASE, officer="O-7")
        one.bench.undo(undone.inspection, officer="O-7", reason="slip")
        install(state, edition(tmp_path, 2, serials="gtin,serial,status\n09521234543213,A1,revoked\n"))
        search(one)
        install(state, edition(tmp_path, 3, bulletins=("B-9",)), publisher="kumo")
        search(one)
        assert late(one, gone.inspection) == [("serial.revoked",), ("B-9",)]
        assert late(one, here.inspection) == late(one, undone.inspection) == []


def test_what_is_released_on_an_older_assessment_after_the_search_is_looked_at_too(tmp_path: Path) -> None:
    state = tmp_path / "state"
    install(state, edition(tmp_path, 1))
    with box(state) as one:
        waiting = [scanned(one).inspection for _ in range(10)]
        install(state, edition(tmp_path, 2, bulletins=("B-12",)))
        assert not one.upkeep.once()
        for inspection in waiting:
            one.bench.dispose(inspection, Decision.RELEASE, officer="O-7")
        assert search(one) == 2
        assert all(late(one, inspection) == [("B-12",)] for inspection in waiting)
        assert search(one) == 1


def test_a_clock_that_has_run_ahead_does_not_hide_what_was_released(tmp_path: Path) -> None:
    state = tmp_path / "state"
    install(state, edition(tmp_path, 1))
    with box(state) as one:
        inspection = scanned(one).inspection
        one.bench.dispose(inspection, Decision.RELEASE, officer="O-7")
    install(state, edition(tmp_path, 2, serials="gtin,serial,status\n09521234543213,A1,stolen\n"))
    with box(state, NOON + timedelta(days=3650)) as one:
        search(one)
        assert late(one, inspection) == [("serial.stolen",)]


def test_what_a_watch_list_says_of_a_parcel_late_can_be_erased_and_the_chain_stays_whole(tmp_path: Path) -> None:
    state = tmp_path / "state"
    install(state, edition(tmp_path, 1))
    declared = Consignment("CN-1", consignor=Party("Grey Harbour Trading"), lines=())
    with box(state) as one:
        code = RawCode(SERIAL.encode(), "scanner")
        inspection = one.bench.inspect(
            Arrival(station="1", codes=(code,), consignment=declared, joins=False)
        ).inspection
        one.bench.dispose(inspection, Decision.RELEASE, officer="O-7")
        listed = "entry,kind,name,reason,source\nW-7,consignor,Grey Harbour Trading,seized before,Customs\n"
        install(state, edition(tmp_path, 2, watch_list=listed))
        search(one)
        (found,) = one.bench.record(inspection).late
        assert [(finding.code, finding.arguments["entry"]) for finding in found.findings] == [("watch.listed", "W-7")]
        (row,) = one.bench.recent(1, kinds=("late",))
        assert row.entry.body["late"]["findings"][0]["arguments"] == {}
        one.bench.ledger.erase_personal([row], origin=row.entry.origin, at=row.entry.at, reason="policy")
        (erased,) = one.bench.record(inspection).late
        assert [dict(finding.arguments) for finding in erased.findings] == [{}]
    verified(state / "ledger.db")


def test_only_the_days_of_the_policy_are_searched(tmp_path: Path) -> None:
    state = tmp_path / "state"
    install(state, edition(tmp_path, 1))
    with box(state, NOON - timedelta(days=8)) as one:
        old = scanned(one).inspection
        one.bench.dispose(old, Decision.RELEASE, officer="O-7")
    with box(state) as one:
        one.bench.dispose(scanned(one).inspection, Decision.REFER, officer="O-7")
    install(state, edition(tmp_path, 2, bulletins=("B-12",)))
    own = policy(tmp_path / "week.toml", "week", **{"days = 90": "days = 7"})
    with box(state, policy=own) as one:
        search(one)
        assert late(one, old) == []


def test_a_late_finding_is_on_the_api_the_list_and_the_page(tmp_path: Path) -> None:
    state = tmp_path / "state"
    install(state, edition(tmp_path, 1))
    with box(state) as one, serving(one.bench, one.bench.settings) as server, server.client() as web:
        inspection = scanned(one).inspection
        one.bench.dispose(inspection, Decision.RELEASE, officer="O-7")
        install(state, edition(tmp_path, 2, bulletins=("B-12",)))
        search(one)
        told = web.get(f"/api/v1/inspections/{inspection}").json()
        assert told["decision"] == "release"
        assert told["latest"]["number"] == 1
        assert told["late"][0]["findings"][0]["arguments"]["number"] == "B-12"
        assert told["late"][0]["sentence"] == "Late finding: it concerns an inspection released on 2026-11-21."
        listed = web.get("/api/v1/inspections").json()["inspections"]
        assert [len(row["late"]) for row in listed] == [1]
        for page in ("/pages/around", f"/inspections/{inspection}"):
            html = web.get(page, params={"lang": "ja"}).text
            assert "B-12" in html
            assert "2026-11-21 に通過とした検査" in html


def test_a_policy_is_taken_up_with_the_next_inspection(tmp_path: Path) -> None:
    state = tmp_path / "state"
    install(state, edition(tmp_path, 1))
    with box(state) as one:
        assert scanned(one).verdict.freshness.policy == "default 2026.11"
        shelf = one.bench.shelves.policies
        shelf.activate(shelf.stage(policy(tmp_path / "p.toml", "2027.01")))
        assert scanned(one).verdict.freshness.policy == "default 2027.01"
        shelf.rollback()
        assert scanned(one).verdict.freshness.policy == "default 2026.11"


def test_the_status_says_what_is_in_use_and_why_it_is_not_what_is_named(tmp_path: Path) -> None:
    state = tmp_path / "state"
    install(state, edition(tmp_path, 1))
    install(state, edition(tmp_path, 2))
    named = json.loads((state / "registry" / "CURRENT").read_text())["slots"][""]["in_use"]
    (state / "registry" / named).write_bytes(b"no more")
    with box(state) as one, serving(one.bench, one.bench.settings) as server, server.client() as web:
        parts = {part["name"]: part for part in web.get("/api/v1/status").json()["parts"]}
    assert parts["registry"]["state"] == "note"
    assert parts["registry"]["detail"].startswith("jp number 1, 20 days old; ")
    assert parts["registry"]["detail"].endswith("expected a registry edition, got another kind of file.")
    assert (parts["policy"]["detail"], parts["pack"]["detail"]) == ("default 2026.11", "drawn-7")


def test_a_bench_whose_shelves_cannot_be_read_answers_and_says_so(tmp_path: Path) -> None:
    state = tmp_path / "state"
    for name in ("registry", "policies", "packs"):
        (state / name).mkdir(parents=True)
        (state / name / "CURRENT").write_text("edition-0.sqlite")
    with box(state) as one, serving(one.bench, one.bench.settings) as server, server.client() as web:
        assessment = scanned(one)
        assert assessment.verdict.outcome == "CANNOT_ASSESS"
        (fault,) = (found for found in assessment.verdict.findings if found.code == "system.registry")
        current = state / "registry" / "CURRENT"
        assert fault.arguments["detail"] == f"{current}: expected the document of what is in use, got no JSON."
        parts = {part["name"]: part["state"] for part in web.get("/api/v1/status").json()["parts"]}
        assert (parts["registry"], parts["policy"], parts["pack"]) == ("fault", "note", "note")
        assert not one.upkeep.once()


@pytest.mark.slow
def test_a_pack_that_no_worker_can_open_is_told_and_the_old_one_works_on(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with box(state) as one:
        shelf = one.bench.shelves.packs
        before = one.bench.worker_pids()
        file = shelf.stage(usable_pack(tmp_path / "bad-1", "bad-1"))
        shelf.activate(file)
        manifest = shelf.directory / file / "manifest.toml"  # as another release of the program may find it
        manifest.write_text(manifest.read_text("utf-8").replace("[gate]", "[gates]"), "utf-8")
        one.upkeep.once()
        assert one.bench.worker_pids() == before
        assert shelf.problem is not None
        assert shelf.problem.code == "model_manifest"
