"""What is staged is tried on what the bench has seen, before anybody uses it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from edge.app import open_bench
from edge.arrival import Arrival
from edge.errors import Conflict
from edge.inspection import Decision
from edge.moment import ClockTrust, Moment
from edge.ports import Frame
from edge.settings import Settings
from edge.steps.capture import RawCode
from edge.storage.shelves import Shelves
from edge.trial import NO_FACE, Trials
from models.pack import BUILTIN, MANIFEST, packs_dir
from sekisho import app
from tests.edge.storage import editions
from tests.edge.storage.editions import BULLETINS, GTIN, policy

NOW = Moment(datetime.now(UTC), ClockTrust.SYNCED)  # the command reads the real clock
edition = partial(editions.edition, first=f"{NOW.utc.date() - timedelta(days=20)}")
Run = Callable[..., Result]
SERIALS = f"gtin,serial,status\n{GTIN},A1,known\n{GTIN},A2,known\n{GTIN},A3,known\n"
AUTO = {"auto = false": "auto = true", "bound = 0.01": "bound = 0.5", "least = 200": "least = 3"}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A box that has inspected three parcels with edition 1 and released the first."""
    settings = Settings(state_dir=tmp_path / "state", workers=1, reserve_bytes=0)
    monkeypatch.setenv("SEKISHO_STATE_DIR", str(settings.state_dir))
    shelf = Shelves.of(settings).editions
    shelf.activate(shelf.stage(edition(tmp_path, 1, serials=SERIALS)))
    with open_bench(settings, now=lambda: NOW) as bench:
        for serial in ("A1", "A2", "A3"):
            code = RawCode(f"]d201{GTIN}21{serial}".encode(), "scanner")
            inspection = bench.inspect(Arrival(station="1", codes=(code,), joins=False)).inspection
            if serial == "A1":
                bench.dispose(inspection, Decision.RELEASE, officer="O-7")
    return settings


@pytest.fixture
def trials(settings: Settings) -> Iterator[Trials]:
    with closing(Trials(settings, lambda: NOW)) as opened:
        yield opened


@pytest.fixture
def run(settings: Settings) -> Run:
    del settings

    def one(*arguments: str | Path) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "400"})

    return one


def revoking(tmp_path: Path, number: int, *serials: str) -> Path:
    rows = SERIALS
    for serial in serials:
        rows = rows.replace(f"{serial},known", f"{serial},revoked")
    return edition(tmp_path, number, serials=rows)


def test_an_edition_is_tried_before_it_is_used(trials: Trials, tmp_path: Path) -> None:
    file = trials.shelves.editions.stage(revoking(tmp_path, 2, "A1", "A2"))
    report = trials.shadow("edition", file)
    assert report.sentence == "would have flagged 2 of 3; 1 already released"
    assert dict(report.outcomes) == {"NO_FINDING > STRONG_INDICATION": 2}
    change = report.findings["serial.revoked"]
    assert (change.added, change.gone, sorted(change.inspections)) == (2, 0, sorted(report.flagged))
    assert trials.shelves.editions.current().edition.number == 1
    note = trials.shelves.editions.noted(file)
    assert note is not None
    assert (note["sentence"], note["share"]) == (report.sentence, pytest.approx(2 / 3))
    assert trials.shadow("edition", file, 1).replayed == 1


def test_a_policy_is_tried_before_it_is_used(trials: Trials, tmp_path: Path) -> None:
    counting = {"checks = [": 'checks = ["face"]'}
    file = trials.shelves.policies.stage(policy(tmp_path / "p.toml", "faces", **counting))
    report = trials.shadow("policy", file)
    assert dict(report.outcomes) == {"NO_FINDING > CANNOT_ASSESS": 3}
    assert report.sentence == "would have flagged 0 of 3; 0 already released"
    assert report.findings["product.nothing_checked"].added == 3


def test_a_supplement_is_tried_beside_the_edition(trials: Trials, tmp_path: Path) -> None:
    noticed = f"{BULLETINS}\nB-9,Seams,Look at the seam,2026-01-01,9999-12-31,{GTIN},Customs\n"
    file = trials.shelves.editions.stage(edition(tmp_path, 5, bulletins=noticed), slot="kumo")
    report = trials.shadow("edition", file)
    assert report.findings["bulletin.applies"].added == 3
    assert report.changed == 0


def another_pack(folder: Path) -> Path:
    """The built-in pack under another name."""
    copy = folder / "another"
    shutil.copytree(packs_dir() / BUILTIN, copy)
    manifest = copy / MANIFEST
    manifest.write_text(manifest.read_text("utf-8").replace(f'pack = "{BUILTIN}"', 'pack = "another"'), "utf-8")
    return copy


def test_where_no_face_was_kept_a_pack_is_not_said_to_change_nothing(trials: Trials, tmp_path: Path) -> None:
    file = trials.shelves.packs.stage(another_pack(tmp_path))
    report = trials.shadow("pack", file)
    assert (report.replayed, report.share) == (0, None)
    assert report.sentence == "nothing could be replayed, so nothing can be said of it"
    assert dict(report.left_out) == {NO_FACE: 3}


def test_what_is_in_use_is_not_tried_against_itself(trials: Trials) -> None:
    file = trials.shelves.editions.contents().slot().in_use
    with pytest.raises(Conflict) as refused:
        trials.shadow("edition", file)
    assert refused.value.message == f"Expected something that is not in use, got {file}."


def test_a_candidate_within_the_bound_is_used_without_a_person_and_others_wait(trials: Trials, tmp_path: Path) -> None:
    editions, policies = trials.shelves.editions, trials.shelves.policies
    file = editions.stage(revoking(tmp_path, 2, "A2"))
    (left,) = trials.take_up("edition")
    assert (left.used, left.reason) == (False, "the policy leaves it to a person")
    policies.activate(policies.stage(policy(tmp_path / "auto.toml", "auto", **AUTO)))
    (used,) = trials.take_up("edition")
    assert (used.used, used.reason) == (True, "it changes 33.33% of the outcomes, at most 50.00%")
    assert editions.contents().slot().in_use == file
    editions.stage(revoking(tmp_path, 3, "A1", "A2", "A3"))
    (left,) = trials.take_up("edition")
    assert (left.used, left.reason) == (False, "it changes 66.67% of the outcomes, more than 50.00%")
    editions.rollback()
    assert [one.file for one in trials.take_up("edition")] == [left.file]
    assert editions.current().edition.number == 1


def test_few_inspections_prove_nothing(trials: Trials, tmp_path: Path) -> None:
    policies = trials.shelves.policies
    policies.activate(policies.stage(policy(tmp_path / "auto.toml", "auto", **AUTO | {"least = 200": "least = 4"})))
    trials.shelves.editions.stage(edition(tmp_path, 2, serials=SERIALS))
    (left,) = trials.take_up("edition")
    assert (left.used, left.reason) == (False, "only 3 inspections could be replayed, of 4 that are asked for")


def test_what_waits_for_more_inspections_is_tried_anew_later(
    settings: Settings, trials: Trials, tmp_path: Path
) -> None:
    policies = trials.shelves.policies
    policies.activate(policies.stage(policy(tmp_path / "auto.toml", "auto", **AUTO | {"least = 200": "least = 4"})))
    trials.shelves.editions.stage(edition(tmp_path, 2, serials=SERIALS))
    assert not trials.take_up("edition")[0].used
    with open_bench(settings, now=lambda: NOW) as bench:
        bench.inspect(Arrival(station="1", codes=(RawCode(f"]d201{GTIN}21A3".encode(), "scanner"),), joins=False))
    assert not trials.take_up("edition")[0].used
    tomorrow = Moment(NOW.utc + timedelta(days=1), ClockTrust.SYNCED)
    with closing(Trials(settings, lambda: tomorrow)) as later:
        assert later.take_up("edition")[0].used


def test_the_command_tells_a_technician_and_activating_says_whether_it_was_tried(run: Run, tmp_path: Path) -> None:
    run("registry", "stage", revoking(tmp_path, 2, "A1"))
    told = run("registry", "shadow")
    assert told.exit_code == 0, told.output
    lines = told.stdout.splitlines()
    assert lines[0].endswith("would have flagged 1 of 3; 1 already released; 1 outcomes change (33.33%)")
    assert lines[2] == "  NO_FINDING > STRONG_INDICATION: 1"
    assert lines[3].startswith("  serial.revoked: 1 more, 0 less: ")
    assert json.loads(run("registry", "shadow", "--json").stdout)["released"] == 1
    assert run("registry", "activate").stdout.endswith(": would have flagged 1 of 3; 1 already released\n")
    assert run("registry", "install", revoking(tmp_path, 3, "A2")).stdout.endswith(
        "; it was never tried on this box (shadow)\n"
    )


def test_a_box_that_has_inspected_nothing_says_so(tmp_path: Path) -> None:
    empty = Settings(state_dir=tmp_path / "empty")
    with closing(Trials(empty, lambda: NOW)) as trials:
        file = trials.shelves.policies.stage(policy(tmp_path / "p.toml", "p"))
        assert trials.shadow("policy", file).sentence == "nothing could be replayed, so nothing can be said of it"


@pytest.mark.slow
def test_a_pack_is_tried_on_the_kept_faces(
    edition: Path, photographed: Callable[[str], tuple[Frame, ...]], tmp_path: Path
) -> None:
    settings = Settings(
        state_dir=tmp_path / "faces",
        registry=edition,
        workers=1,
        reserve_bytes=0,
        decode_budget_s=30.0,
        compare_budget_s=60.0,
    )
    with open_bench(settings, now=lambda: NOW) as bench:
        frames = photographed("colour-off")
        assert bench.inspect(Arrival(station="1", pictures=frames, joins=False)).seen.comparisons
    with closing(Trials(settings, lambda: NOW)) as trials:
        file = trials.shelves.packs.stage(another_pack(tmp_path))
        report = trials.shadow("pack", file)
        assert (report.replayed, dict(report.left_out)) == (1, {})
        assert report.question.title == "another"
