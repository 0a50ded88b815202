"""The commands of box and central, end to end, as a technician types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from edge.inspection import Decision
from sekisho import app
from sync.central.intake.ingest import ingest
from sync.central.serving import open_central
from tests.central.results import assessed, assessment, decided
from tests.central.serving import enrolled, serving
from tests.sync.boxes import NOW, Box

RUNNER = CliRunner()


def sekisho(*words: str | Path, code: int = 0, given: str = "") -> str:
    done: Result = RUNNER.invoke(app, [str(word) for word in words], input=given, catch_exceptions=False)
    assert done.exit_code == code, (words, done.stdout, done.stderr)
    return done.stdout if code == 0 else done.stderr


@pytest.fixture
def state(tmp_path: Path) -> Path:
    box = Box(tmp_path / "box")
    box.write(3)
    box.close()
    return tmp_path / "box"


def test_a_box_is_enrolled_pushes_and_is_audited_offline(tmp_path: Path, state: Path) -> None:
    home = ("--dir", tmp_path / "central")
    fingerprint = sekisho("central", "init", *home).strip()
    central = open_central(tmp_path / "central")
    with serving(central) as url:
        token = sekisho("central", "enrol-token", "bench-1", "--url", url, "--port", "Naha", *home)
        told = sekisho("results", "enrol", "-", "--state-dir", state, given=token)
        assert told == f"bench-1: enrolled with {url}, fingerprint {fingerprint}\n"
        told = sekisho("results", "push", "--state-dir", state)
        assert told == "3 rows in 1 batches; 0 pictures, 0 bytes\n"
    central.engine.dispose()
    held = json.loads(sekisho("central", "status", *home))
    assert (held["rows"], held["devices"][0]["port"], held["alarms"]) == (3, "Naha", [])
    told = sekisho("audit", "export", tmp_path / "audit.zst", "--state-dir", state)
    public = central.private.public_key().public_bytes_raw().hex()
    assert told == f"{tmp_path / 'audit.zst'}: 3 rows; verify with --central {public}\n"
    told = sekisho("audit", "verify", tmp_path / "audit.zst", "--central", public)
    assert (
        "3 rows of 3 inspections, none altered, none missing in between\nnone missing up to row 3, receipted by "
        in told
    )
    assert "[audit_certificate]" in sekisho("audit", "verify", tmp_path / "audit.zst", "--central", "a" * 64, code=3)
    assert sekisho("central", "revoke", "bench-1", "--reason", "stolen", *home) == "bench-1: 1 key(s) revoked\n"
    assert "[device_conflict]" in sekisho("central", "revoke", "bench-1", "--reason", "again", *home, code=2)
    assert "[device_not_found]" in sekisho("central", "revoke", "bench-7", "--reason", "lost", *home, code=2)
    assert len(sekisho("central", "token", "customs", "--nominal", *home).strip()) > 30


def test_results_go_by_stick_and_receipts_come_back(tmp_path: Path, state: Path) -> None:
    home, stick = ("--dir", tmp_path / "central"), tmp_path / "stick"
    sekisho("central", "init", *home)
    central = open_central(tmp_path / "central")
    with serving(central) as url:
        token = sekisho("central", "enrol-token", "bench-1", "--url", url, *home)
        sekisho("results", "enrol", "-", "--state-dir", state, given=token)
    central.engine.dispose()
    told = sekisho("results", "export", stick, "--state-dir", state)
    assert told == f"{stick}: 3 rows in 1 batches, 0 pictures\n"
    assert sekisho("central", "import", stick, *home) == "1 batches, 0 pictures taken in, 0 refused\n"
    assert (
        sekisho("results", "receipts", stick, "--state-dir", state) == "acknowledged: 3 rows, 0 pictures, 0 refused\n"
    )
    (batch,) = stick.rglob("batch-*")
    batch.write_bytes(b"damaged")
    assert "[sealed_form]" in sekisho("central", "import", stick, *home, code=2)
    assert "[request_no_file]" in sekisho("central", "import", tmp_path / "nowhere", *home, code=2)


def test_a_box_that_is_not_enrolled_or_has_another_name_is_told_so(tmp_path: Path, state: Path) -> None:
    assert "[settings_enrolment]" in sekisho("results", "push", "--state-dir", state, code=2)
    home = ("--dir", tmp_path / "central")
    token = sekisho("central", "enrol-token", "bench-7", "--url", "http://127.0.0.1:1", *home)
    told = sekisho("results", "enrol", "-", "--state-dir", state, code=2, given=token)
    assert "Expected a token for bench-1, the name of this box, got one for bench-7. [settings_device]" in told


def test_a_token_is_no_argument(tmp_path: Path, state: Path) -> None:
    told = sekisho("results", "enrol", "SEKISHO1.bench-1.secret", "--state-dir", state, code=2)
    assert (
        "Expected a file with the token, or - for standard input, got the token itself. [access_enrolment_token]"
        in told
    )
    assert "secret" not in told
    none = tmp_path / "token"
    told = sekisho("results", "enrol", none, "--state-dir", state, code=2)
    assert f"{none}: expected a file with the token, got: [Errno 2] No such file or directory: '{none}'." in told
    assert "[settings_file]" in told


def test_a_central_listens_beyond_loopback_only_with_tls(tmp_path: Path) -> None:
    told = sekisho("central", "serve", "--host", "0.0.0.0", "--dir", tmp_path, code=2)  # noqa: S104 - refused
    assert "Listening on '0.0.0.0', beyond loopback, needs TLS, got none. [settings_tls]" in told


def test_a_database_that_cannot_be_used_is_told_without_its_password(tmp_path: Path) -> None:
    told = sekisho("central", "init", "--dir", tmp_path, "--database", "nonsense://user:secret@host/name", code=2)
    assert "[settings_database]" in told
    assert "secret" not in told


def test_a_bench_without_the_centrals_libraries_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.command_central.importlib.util.find_spec", lambda _: None)
    told = sekisho("central", "init", "--dir", tmp_path, code=2)
    assert "The central needs sqlalchemy, alembic, obstore, got a bench without. [settings_central]" in told
    assert "hint: pip install 'sekisho[central]'" in told


def test_an_export_is_written_with_its_cursor_and_names_only_when_asked(tmp_path: Path) -> None:
    home, out = ("--dir", tmp_path / "central"), tmp_path / "results.csv"
    sekisho("central", "init", *home)
    box = Box(tmp_path / "box")
    box.ledger.append([assessed(assessment()), decided(Decision.REFER)])
    central = open_central(tmp_path / "central")
    with serving(central) as url:
        enrolled(central, url, box)
        ingest(central.engine, central.id, box.batch(), NOW.utc.isoformat())
    central.engine.dispose()
    box.close()
    told = sekisho("central", "export", out, *home)
    assert told == f"{out}: {out.stat().st_size} bytes, up to cursor 2\n"
    assert ",refer," in out.read_text("utf-8")
    assert "A. Sender" not in out.read_text("utf-8")
    sekisho("central", "export", out, "--nominal", "--since", "2026-11-21", "--until", "2026-11-22", *home)
    assert "A. Sender" in out.read_text("utf-8")
    sekisho("central", "export", out, "--format", "epcis", "--port", "Naha", *home)
    assert json.loads(out.read_text("utf-8"))["epcisBody"] == {"eventList": []}
    refused = sekisho("central", "export", out, "--format", "xlsx", *home, code=2)
    assert "--format: expected csv, parquet, epcis, got 'xlsx'." in refused
    assert "expected a file to write, got a directory." in sekisho("central", "export", tmp_path, *home, code=2)
