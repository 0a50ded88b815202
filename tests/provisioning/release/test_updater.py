"""An update step by step, on a real home and a real tree; services and check are played. Any cut is mended."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge.errors import SekishoError
from edge.rehearsal import GTIN
from edge.releases import Journal, told
from provisioning.release.errors import UpdateFailed
from provisioning.release.home import Home
from provisioning.release.services import Answer
from provisioning.release.settings import UpdateSettings
from provisioning.release.updater import Updater
from sync.errors import TrustError
from sync.fetch import DirectorySource
from sync.state import Box
from tests.provisioning.release.bundles import about, program, published
from tests.sync.publishing import Publishing

BOOT = Path(__file__).parents[3] / "provisioning" / "package" / "trial-boot"


class PowerCutError(BaseException):
    """The power is gone."""


@dataclass
class Played:
    """A bench that serves whatever the launcher would choose; its releases behave as they are told to."""

    home: Home
    bad: dict[str, str] = field(default_factory=dict)  # version: "silent", "wrong", "crashes"
    serving: str = "1.0"
    restarts: int = 0
    busy: int = 0  # looks at which somebody is at work
    s: float = 0.0

    def now(self) -> float:
        return self.s

    def sleep(self, seconds: float) -> None:
        self.s += seconds

    def restart(self, *, at_once: bool) -> None:
        del at_once
        self.restarts += 1
        self.serving = self.home.about(self.home.link("current")).version

    def ask(self, quiet_s: float) -> Answer | str:
        del quiet_s
        self.busy -= 1
        at_work = ("1",) if self.busy >= 0 else ()
        match self.bad.get(self.serving):
            case "silent":
                return "no answer: ConnectionRefusedError"
            case "wrong":
                return "status 500: OSError"
            case "blind":
                return Answer(self.serving, "CHECK", (), ("the picture was not read",))
        return Answer(self.serving, "CHECK", (GTIN,), (), at_work)

    def crashed(self, times: int) -> str:
        ended = {"crashes": 2, "crashes once": 1}.get(self.bad.get(self.serving, ""), 0)
        return f"sekisho-web.service has ended, times: {ended}" if ended >= times else ""


@dataclass
class Bench:
    """One box and its publisher."""

    home: Home
    services: Played
    publishing: Publishing
    checked: str = ""
    schema: int = 1
    auto: bool = True
    asked: bool = False

    def updater(self) -> Updater:
        return Updater(
            home=self.home,
            services=self.services,
            check=lambda _before, _release: self.checked,
            ledger=lambda: self.schema,
            settings=UpdateSettings(watch_s=30, start_s=10, auto=self.auto),
            say=lambda _words: None,
            sleep=self.services.sleep,
            clock=self.services.now,
            asked=self.asked,
        )

    def run(self) -> Journal:
        with DirectorySource(self.publishing.directory) as source:
            return self.updater().run(source)

    @property
    def current(self) -> str:
        return self.home.about(self.home.link("current")).version

    def events(self) -> list[tuple[str, str, str]]:
        return [(event.version, event.kind, event.words) for event in self.home.journal().events]


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch, publishing: Publishing) -> None:
    class Clock:
        @staticmethod
        def now(_zone: object) -> object:
            return publishing.now

    monkeypatch.setattr("provisioning.release.updater.datetime", Clock)
    monkeypatch.setattr("provisioning.release.home._ROOM", 0)


@pytest.fixture
def bench(tmp_path: Path, publishing: Publishing) -> Bench:
    packaged = program(tmp_path / "package", "1.0") / "lib"
    home = Home(tmp_path / "releases", packaged)
    home.path.mkdir()
    Box(home.path).trust(publishing.root)
    published(publishing, "1.4")
    return Bench(home, Played(home), publishing)


def test_a_release_comes_into_use_when_it_has_proven_itself(bench: Bench) -> None:
    journal = bench.run()
    assert (journal.step, bench.current, bench.services.serving) == ("rest", "1.4", "1.4")
    assert bench.events() == [("1.4", "in use", "after 1.0")]
    assert (bench.home.on_trial, bench.home.link("previous"), bench.services.restarts) == (False, "", 1)
    assert told(journal, "1.4") == "running 1.4"
    assert bench.run().events == journal.events  # nothing newer


def test_versions_in_between_are_passed_over_and_one_older_release_is_kept(bench: Bench) -> None:
    bench.run()
    published(bench.publishing, "1.5")
    published(bench.publishing, "1.10")
    bench.run()
    assert bench.current == "1.10"
    kept = {path.name.partition("_")[0] for path in bench.home.path.glob("1.*")}
    assert kept == {"1.4", "1.10"}
    assert bench.home.about(bench.home.link("previous")).version == "1.4"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("silent", "no right answer for 10 s: no answer: ConnectionRefusedError"),
        ("wrong", "status 500: OSError"),
        ("blind", "its rehearsed inspection reads nothing: the picture was not read"),
        ("crashes", "sekisho-web.service has ended, times: 2"),
    ],
)
def test_a_release_that_does_not_work_is_taken_back_and_not_tried_again(bench: Bench, bad: str, reason: str) -> None:
    bench.services.bad["1.4"] = bad
    journal = bench.run()
    assert (bench.current, bench.services.serving, bench.home.on_trial) == ("1.0", "1.0", False)
    ((version, kind, words),) = bench.events()
    assert (version, kind) == ("1.4", "taken back")
    assert words.startswith(f"{reason}; 1.0 served again after 0.")
    assert told(journal, "1.0") == f"running 1.0; 1.4 was tried and taken back: {words}"
    assert bench.services.s < 15  # seconds, as it lived through them
    assert bench.run().events == journal.events
    published(bench.publishing, "1.5")
    bench.run()
    assert bench.current == "1.5"


def test_one_end_is_forgiven_after_a_right_answer_and_not_before_it(bench: Bench) -> None:
    bench.services.bad["1.4"] = "crashes once"
    bench.run()
    assert bench.current == "1.4"  # it answers right between
    published(bench.publishing, "1.5")
    bench.services.bad["1.5"] = "crashes"
    bench.run()
    assert bench.current == "1.4"


def test_a_release_that_fails_its_check_is_never_switched_to(bench: Bench) -> None:
    bench.checked = "its rehearsed inspection answers CHECK of nothing, the release before answers CHECK of 1"
    bench.run()
    assert bench.events() == [("1.4", "refused", bench.checked)]
    assert (bench.current, bench.services.restarts) == ("1.0", 0)
    assert [path.name for path in bench.home.path.iterdir() if path.name.startswith("1.4")] == []


def test_nobody_is_interrupted(bench: Bench) -> None:
    bench.services.busy = 4
    bench.run()
    assert bench.services.s >= 15  # three looks at somebody's work, 5 s apart
    assert bench.current == "1.4"


def test_without_auto_a_release_waits_until_somebody_asks_for_it(bench: Bench) -> None:
    bench.auto = False
    assert bench.run().step == "wait"
    assert bench.current == "1.0"
    bench.asked = True
    bench.run()
    assert bench.current == "1.4"


def cut_at(monkeypatch: pytest.MonkeyPatch, number: int) -> Iterator[int]:
    """Cut the power at the `number`th change of the disk."""
    count = 0
    for name in ("keep", "unpack", "point", "begin_trial", "end_trial", "tidy", "tell"):
        real = getattr(Home, name)

        def changed(self: Home, *args: object, _real: object = real, **more: object) -> object:
            nonlocal count
            count += 1
            if count == number:
                raise PowerCutError
            return _real(self, *args, **more)  # type: ignore[operator]

        monkeypatch.setattr(Home, name, changed)
    yield count


def booted(bench: Bench) -> None:
    """What a boot does before the bench starts: the package's script, then the launcher's choice."""
    if bench.home.on_trial:
        subprocess.run(["sh", str(BOOT), str(bench.home.path)], check=True)
    bench.services.serving = bench.current


@pytest.mark.parametrize(
    ("number", "bad"), [*((number, "") for number in range(1, 16)), *((number, "silent") for number in range(9, 16))]
)
def test_a_power_cut_between_any_two_steps_ends_in_the_new_release_or_the_old_one(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, number: int, bad: str
) -> None:
    bench.services.bad["1.4"] = bad
    with monkeypatch.context() as power:
        next(cut_at(power, number))
        cut = False
        try:
            bench.run()
        except PowerCutError:
            cut = True
    if cut:
        booted(bench)
    bench.run()
    expected = "1.0" if bad else "1.4"
    assert (bench.current, bench.services.serving) == (expected, expected)
    assert bench.home.journal().step == "rest"
    assert not bench.home.on_trial
    assert bench.events()[-1][:2] == ("1.4", "taken back" if bad else "in use")


def test_the_second_boot_of_a_release_on_trial_is_the_old_one_again(bench: Bench) -> None:
    bench.run()
    published(bench.publishing, "1.5")

    def cut(_seconds: float) -> None:
        raise PowerCutError

    for boot, runs in ((0, "1.5"), (1, "1.5"), (2, "1.4")):
        updater = bench.updater()
        updater.sleep = cut
        if boot:
            booted(bench)
        assert bench.current == (runs if boot else "1.4")
        if boot < 2:
            with DirectorySource(bench.publishing.directory) as source, pytest.raises(PowerCutError):
                updater.run(source)
            assert bench.current == "1.5"
    bench.run()
    assert bench.events()[-1] == ("1.5", "taken back", "the box was started twice and it had not proven itself")
    assert bench.current == "1.4"
    assert bench.run().step == "rest"


def test_a_full_disk_is_told_once_and_tried_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as full:
        full.setattr("provisioning.release.home._ROOM", 10**18)
        bench.run()
        bench.run()
    ((version, kind, words),) = bench.events()
    assert (version, kind) == ("1.4", "waits")
    assert words.startswith(f"{bench.home.path}: expected 1000000000000 MB for a release, got ")
    assert [path.name for path in bench.home.path.iterdir() if path.name.startswith((".", "1."))] == []
    bench.run()
    assert bench.current == "1.4"


def test_a_roll_back_by_a_person_uses_the_one_before(bench: Bench) -> None:
    bench.run()
    bench.updater().roll_back("a technician asked for it")
    assert (bench.current, bench.services.serving) == ("1.0", "1.0")
    assert bench.events()[-1][:2] == ("1.4", "taken back")
    assert bench.events()[-1][2].startswith("a technician asked for it; 1.0 served again after")
    with pytest.raises(UpdateFailed) as refused:
        bench.updater().roll_back("again")
    words = "Expected a release in use that can be taken back, got the package's own program."
    assert refused.value.message == words


def test_a_second_roll_back_has_nothing_to_go_to_and_refuses_nothing_that_is_in_use(bench: Bench) -> None:
    bench.run()
    published(bench.publishing, "1.5")
    bench.run()
    bench.updater().roll_back("a technician asked for it")
    assert bench.current == "1.4"
    left = [path.name for path in bench.home.path.iterdir() if path.is_dir() and not path.is_symlink()]
    assert sorted(left) == sorted([bench.home.link("current"), "sync"])  # what was taken back holds no disk
    before = bench.home.journal()
    with pytest.raises(UpdateFailed) as refused:
        bench.updater().roll_back("again")
    assert refused.value.code == "update_previous"
    assert refused.value.message == "Expected another release than 1.4, which is in use, got none: it is gone."
    assert bench.home.journal() == before


def test_no_roll_back_to_a_release_that_cannot_read_the_ledger_any_more(bench: Bench) -> None:
    published(bench.publishing, "1.5", ledger=(1, 2))
    bench.run()
    bench.schema = 2
    with pytest.raises(UpdateFailed) as refused:
        bench.updater().roll_back("a technician asked for it")
    assert refused.value.message == "Release 1.0 reads ledgers of schema 1 or older, got 2."
    assert bench.current == "1.5"


def test_the_ledger_goes_forward_with_a_start_after_the_watch(bench: Bench) -> None:
    published(bench.publishing, "1.5", ledger=(1, 2))
    bench.run()
    assert bench.services.restarts == 2  # the switch, and once it is proven


@pytest.mark.parametrize(
    "more", [{"architecture": "riscv64"}, {"python": "3.99"}, {"ledger": (2, 3)}, {"since": "1.1"}]
)
def test_a_release_for_another_box_is_not_taken(bench: Bench, more: dict[str, object]) -> None:
    bench.run()
    bench.home.point("current", "")
    published(bench.publishing, "2.0", **more)
    assert bench.run().step == "rest"
    assert bench.current != "2.0"


def test_an_older_release_is_not_taken(bench: Bench) -> None:
    (bench.home.packaged / "release.json").write_text(about("1.4").model_dump_json(), encoding="utf-8")
    bench.run()
    assert bench.home.journal() == Journal()


def test_an_old_copy_of_the_tree_is_refused_by_root_itself(bench: Bench, tmp_path: Path) -> None:
    old = Path(shutil.copytree(bench.publishing.directory, tmp_path / "old"))
    published(bench.publishing, "1.5")
    bench.run()
    with DirectorySource(old) as source, pytest.raises(TrustError) as refused:
        bench.updater().run(source)
    assert refused.value.code == "trust_older"


def test_metadata_and_a_bundle_of_two_trees_are_refused(bench: Bench) -> None:
    published(bench.publishing, "1.5")
    stored = sorted((bench.publishing.directory / "targets/releases").iterdir())
    by_version = {path.name.partition("-")[2].partition("-")[0]: path for path in stored}
    older, length = by_version["1.4"].read_bytes(), by_version["1.5"].stat().st_size
    by_version["1.5"].write_bytes((older * 2)[:length])
    with pytest.raises(SekishoError) as refused:
        bench.run()
    assert refused.value.code == "trust_altered"
    assert bench.current == "1.0"


def test_what_was_verified_is_what_is_unpacked(bench: Bench) -> None:
    updater = bench.updater()
    unpack = updater._steps["unpack"]

    def swapped(journal: Journal) -> Journal:  # whoever may write the tree changes it as soon as it was verified
        for path in (bench.publishing.directory / "targets/releases").iterdir():
            path.write_bytes(b"something else")
        return unpack(journal)

    updater._steps["unpack"] = swapped
    with DirectorySource(bench.publishing.directory) as source:
        updater.run(source)
    assert bench.current == "1.4"


def test_roots_own_copy_is_compared_again_before_it_is_unpacked(bench: Bench) -> None:
    updater = bench.updater()
    unpack = updater._steps["unpack"]

    def damaged(journal: Journal) -> Journal:
        (incoming,) = (bench.home.path / "sync/incoming").iterdir()
        incoming.write_bytes(incoming.read_bytes()[:-1])
        return unpack(journal)

    updater._steps["unpack"] = damaged
    with DirectorySource(bench.publishing.directory) as source:
        updater.run(source)
    assert bench.events()[-1][1:] == ("refused", "The bundle: expected what was signed, got other content.")
    assert bench.current == "1.0"


def test_a_release_that_is_damaged_on_the_disk_and_fails_gives_way_to_the_one_before(bench: Bench) -> None:
    bench.run()
    (bench.home.path / bench.home.link("current") / "lib/sekisho.py").write_text("?", encoding="utf-8")
    bench.services.bad["1.4"] = "crashes"
    bench.run()
    assert bench.current == "1.0"
    words = "it is damaged on the disk: lib/sekisho.py is not what was signed"
    assert bench.events()[-1][2].startswith(words)


@pytest.mark.parametrize("step", ["check", "watch"])
def test_a_package_that_is_installed_during_an_update_is_what_runs(bench: Bench, step: str) -> None:
    bench.run()
    published(bench.publishing, "1.5")
    updater = bench.updater()

    def cut(_journal: Journal) -> Journal:
        raise PowerCutError

    updater._steps[step] = cut
    with DirectorySource(bench.publishing.directory) as source, pytest.raises(PowerCutError):
        updater.run(source)
    (bench.home.packaged / "release.json").write_text(about("2.0").model_dump_json(), encoding="utf-8")
    for name in ("current", "trial"):  # what the package's script does
        (bench.home.path / name).unlink(missing_ok=True)
    bench.services.serving = "2.0"
    assert bench.run().step == "rest"
    assert (bench.current, bench.services.serving) == ("2.0", "2.0")


def test_two_updates_never_work_at_once(bench: Bench) -> None:
    with bench.home.locked(), pytest.raises(UpdateFailed) as busy, bench.home.locked():
        pass
    assert busy.value.message == f"{bench.home.path}: expected no other update at work, got one."
