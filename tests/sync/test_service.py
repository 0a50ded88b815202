from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.faults.link import Weather, bad
from edge.errors import SekishoError, SettingsError
from edge.settings import Settings
from edge.storage.shelves import policy_shelf
from sync.backoff import Schedule
from sync.command import sync_app
from sync.errands import errands
from sync.service import Outcome, Say, Service, is_running, known
from sync.settings import SyncSettings, sync_settings
from sync.wake import Wake
from tests.sync.publishing import Publishing, Receiving
from tests.sync.web_server import WebServer


@pytest.fixture
def publishing(publishing_today: Publishing) -> Publishing:
    """A publisher of today: a service reads the real clock."""
    return publishing_today


class Errand:
    """Comes to what it is given, one after the other, then asks for a stop."""

    schedule = Schedule(interval_s=0.01, first_retry_s=0.01, longest_retry_s=0.02)

    def __init__(self, *outcomes: Outcome | Exception, name: str = "pull") -> None:
        self.name = name
        self.outcomes = list(outcomes)
        self.seen: list[str] = []

    def run(self, say: Say) -> Outcome:
        say(f"{len(self.outcomes)} left")
        outcome = self.outcomes.pop(0)
        if not self.outcomes:
            os.kill(os.getpid(), signal.SIGTERM)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def test_an_errand_is_tried_again_until_it_works_and_says_why(tmp_path: Path) -> None:
    failed = SekishoError("transport_unreachable", "The tree: expected an answer, got none.")
    errand = Errand(failed, failed, Outcome(done=False, reason="Half."), Outcome(done=True, reason="All."))
    with Wake() as wake:
        Service(tmp_path, [errand], seed=1).serve(wake)
    state = known(tmp_path)["pull"]
    assert (state.state, state.reason, state.failures, errand.outcomes) == ("waiting", "All.", 0, [])
    assert state.succeeded


def test_a_failure_is_told_with_its_code_and_how_often(tmp_path: Path) -> None:
    failed = SekishoError("transport_unreachable", "The tree: expected an answer, got none.")
    with Wake() as wake:
        Service(tmp_path, [Errand(failed, failed)], seed=1).serve(wake)
    state = known(tmp_path)["pull"]
    told = (state.state, state.code, state.reason, state.failures)
    assert told == ("failed", "transport_unreachable", "The tree: expected an answer, got none.", 2)


def test_an_errand_that_breaks_is_told_by_its_exception_and_the_service_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Errand(KeyError("upload-offset"), KeyError("upload-offset"), name="push")
    with Wake() as wake:
        Service(tmp_path, [broken], seed=1).serve(wake)
    state = known(tmp_path)["push"]
    assert (state.state, state.code, state.failures) == ("failed", "errand_broken", 2)
    assert state.reason == "Expected an errand that tells why it fails, got KeyError: 'upload-offset'"
    assert "the errand push broke" in caplog.text
    assert "Traceback" in caplog.text


def test_what_has_more_to_do_goes_on_at_once(tmp_path: Path) -> None:
    errand = Errand(*[Outcome(done=True, reason="One.", more=True)] * 5, Outcome(done=True, reason="Last."))
    errand.schedule = Schedule(interval_s=3_600)
    with Wake() as wake:
        Service(tmp_path, [errand]).serve(wake)
    assert errand.outcomes == []


def test_a_failing_errand_does_not_hold_up_another(tmp_path: Path) -> None:
    failing = Errand(*[SekishoError("x", "No.")] * 50, name="pull")
    other = Errand(*[Outcome(done=True, reason="Yes.")] * 5, name="push")
    with Wake() as wake:
        Service(tmp_path, [failing, other], seed=1).serve(wake)
    assert other.outcomes == []


def test_after_a_restart_it_goes_on_counting(tmp_path: Path) -> None:
    failed = SekishoError("x", "No.")
    for _ in range(2):
        with Wake() as wake:
            Service(tmp_path, [Errand(failed)]).serve(wake)
    assert known(tmp_path)["pull"].failures == 2


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"errands": {"pull": {"other": 1}}}'])
def test_a_damaged_state_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "sync").mkdir()
    (tmp_path / "sync" / "service.json").write_bytes(content)
    with Wake() as wake:
        Service(tmp_path, [Errand(Outcome(done=True, reason="Yes."))]).serve(wake)
    assert known(tmp_path)["pull"].reason == "Yes."


def test_what_it_is_doing_can_be_read_while_it_works(tmp_path: Path) -> None:
    seen: list[str] = []
    go_on = threading.Event()

    class Slow(Errand):
        def run(self, say: Say) -> Outcome:
            say("3 of 9 MB")
            seen.append(json.loads((tmp_path / "sync" / "service.json").read_text())["errands"]["pull"]["state"])
            go_on.set()
            return super().run(say)

    with Wake() as wake:
        Service(tmp_path, [Slow(Outcome(done=True, reason="Yes."))]).serve(wake)
    assert seen == ["working"]


def test_a_real_service_pulls_over_a_link_that_hangs_up_and_stages_what_is_current(
    receiving: Receiving, served: WebServer
) -> None:
    weather = Weather(cut=0.5, reset=0.3, within=6_000)
    with bad(("127.0.0.1", served.server_address[1]), weather, seed=5) as relay:
        address = served.url.replace(str(served.server_address[1]), str(relay.port))
        with Wake() as wake:
            service = Service(
                receiving.state_dir,
                errands(Settings(state_dir=receiving.state_dir), SyncSettings(source=address), wake.sleep),
            )
            tries = next(number for number in range(1, 60) if service.once())
    assert tries > 1
    assert known(receiving.state_dir)["pull"].reason == (
        "Up to date: 1 staged. Policy strict default 2026.11 stays staged: nothing could be replayed, "
        "so nothing can be said of it; the policy leaves it to a person."
    )
    assert policy_shelf(receiving.state_dir).contents().slot().staged


def test_an_altered_target_is_a_failure_of_the_service(publishing: Publishing, receiving: Receiving) -> None:
    (target,) = (publishing.directory / "targets" / "policies").iterdir()
    target.write_bytes(target.read_bytes()[::-1])
    settings = SyncSettings(source=str(publishing.directory))
    service = Service(receiving.state_dir, errands(Settings(state_dir=receiving.state_dir), settings, print))
    assert (service.once(), service.once()) == (False, False)
    state = known(receiving.state_dir)["pull"]
    assert (state.state, state.code, state.failures) == ("failed", "trust_altered", 2)


@pytest.mark.parametrize("rate", [1, 999])
def test_a_bandwidth_that_no_server_waits_for_is_refused(rate: int) -> None:
    with pytest.raises(SettingsError) as refused:
        sync_settings(bytes_per_s=rate)
    message = f"SEKISHO_SYNC_BYTES_PER_S: Value error, expected 0 or at least 1000 bytes a second, got {rate}."
    assert refused.value.message == message
    assert [sync_settings(bytes_per_s=right).bytes_per_s for right in (0, 1000)] == [0, 1000]


def test_a_running_service_is_known_by_its_process_and_not_by_its_number(tmp_path: Path) -> None:
    with Wake() as wake:
        Service(tmp_path, [Errand(Outcome(done=True, reason="Yes."))]).serve(wake)
    assert is_running(tmp_path)
    with subprocess.Popen([sys.executable, "-c", "input()", "rsync"], stdin=subprocess.PIPE) as other:
        place = tmp_path / "sync" / "service.json"
        place.write_text(json.dumps({**json.loads(place.read_text()), "pid": other.pid}))
        assert not is_running(tmp_path), "its number went to another process, whose arguments hold the word sync"
        other.communicate(b"\n")
    assert not is_running(tmp_path)


def test_a_service_without_a_tree_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        errands(Settings(state_dir=tmp_path), SyncSettings(), print)
    assert (
        refused.value.message
        == "SEKISHO_SYNC_SOURCE: expected a published tree's address, or an enrolled box, got neither."
    )


def test_the_command_runs_once_and_status_says_the_reason(publishing: Publishing, receiving: Receiving) -> None:
    runner = CliRunner()
    state = ["--state-dir", str(receiving.state_dir)]
    done = runner.invoke(sync_app, ["run", "--once", "--source", str(publishing.directory / "nothing"), *state])
    shown = runner.invoke(sync_app, ["status", *state])
    assert done.exit_code == 3
    assert "expected a published tree with its directory metadata, got none." in shown.output.replace("\n", " ")
    assert "[transport_unreachable]" in shown.output


def test_the_command_stands_back_behind_everybody_else(tmp_path: Path) -> None:
    code = (
        "import os, sys\nfrom sync.command import sync_app\n"
        "try:\n    sync_app(['run', '--once', '--source', '/nowhere'])\nexcept SystemExit:\n"
        "    print(os.sched_getscheduler(0) == os.SCHED_IDLE)"
    )
    environment = {**os.environ, "SEKISHO_STATE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "True\n"


def test_a_thin_late_link_that_drops_brings_everything_in_the_end(receiving: Receiving, served: WebServer) -> None:
    weather = Weather(delay_s=0.6, bytes_per_s=8_000, cut=0.2, reset=0.2, within=12_000)
    with bad(("127.0.0.1", served.server_address[1]), weather, seed=11) as relay:
        address = served.url.replace(str(served.server_address[1]), str(relay.port))
        with Wake() as wake:
            work = errands(Settings(state_dir=receiving.state_dir), SyncSettings(source=address), wake.sleep)
            assert any(Service(receiving.state_dir, work, seed=1).once() for _ in range(10))
    assert policy_shelf(receiving.state_dir).contents().slot().staged
