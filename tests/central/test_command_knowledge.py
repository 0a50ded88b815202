"""The commands of what goes back to the benches, on a central in a directory."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from sekisho import app
from sync.central.database import reading, writing
from sync.central.intake.devices import enrol
from sync.central.intake.ingest import ingest
from sync.central.knowledge.speakers import DECIDING, Role, speaker_of
from sync.central.serving import open_central
from sync.command_central import opened_central
from tests.central.serving import token_for
from tests.sync.boxes import DAY, Box, assessed


def run(folder: Path, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["central", *words, "--dir", str(folder)])
    return result.exit_code, result.stdout + result.stderr


def test_an_inspection_is_closed_counted_and_a_question_answered_by_commands(tmp_path: Path) -> None:
    central = opened_central(tmp_path / "central", "")
    box = Box(tmp_path / "box")
    _enrolled(tmp_path / "central", box)
    verdict = {"findings": [{"code": "face.print", "weight": "check"}], "freshness": {"pack": "first-1"}}
    question = {"text": "Is it yours?", "picture": "", "gtins": []}
    rows = [
        assessed(1, body={"request": "", "assessment": {"verdict": verdict}}),
        assessed(1, kind="question", body={"question": question}, personal={}, key=""),
    ]
    box.ledger.append(rows)
    ingest(central.engine, central.id, box.batch(), DAY.isoformat())
    folder = tmp_path / "central"
    code, document = run(folder, "outcome", "bench-1", "i1", "confirmed", "--by", "Desk 4", "--decided", "2026-11-21")
    assert (code, json.loads(document)["signed"]["name"]) == (0, "Desk 4")
    counted = json.loads(run(folder, "precision")[1])
    assert counted["findings"]["face.print"]["confirmed"] == 1
    (asked,) = json.loads(run(folder, "questions")[1])
    key = (asked["device"], asked["ledger"], str(asked["seq"]))
    code, document = run(folder, "answer", *key, "Ours.", "--by", "Laboratory", "--valid-to", "2099-12-31")
    assert (code, json.loads(document)["signed"]["text"]) == (0, "Ours.")
    assert json.loads(run(folder, "questions")[1]) == []
    code, told = run(folder, "outcome", "bench-1", "i1", "guilty", "--by", "Desk 4")
    assert code == 2
    assert "got 'guilty' by 'examiner'" in told
    box.close()
    central.engine.dispose()


def test_a_speakers_token_is_printed_once_and_a_right_holder_needs_products(tmp_path: Path) -> None:
    code, token = run(tmp_path, "speaker", "Desk 4", "--role", "examiner")
    assert code == 0
    central = open_central(tmp_path)
    with reading(central.engine) as connection:
        assert speaker_of(connection, f"Bearer {token.strip()}", DECIDING, DAY.isoformat()).role is Role.EXAMINER
    central.engine.dispose()
    code, told = run(tmp_path, "speaker", "Kumo KK", "--role", "right_holder")
    assert code == 2
    assert "Kumo KK: expected GTINs or prefixes of a right holder, got none of them." in " ".join(told.split())
    assert run(tmp_path, "speaker", "Kumo KK", "--role", "right_holder", "--prefix", "9521234")[0] == 0
    assert run(tmp_path, "speaker", "x", "--role", "king")[0] == 2


def _enrolled(folder: Path, box: Box) -> None:
    central = open_central(folder)
    token = token_for(central, "http://central", box.device)
    public = box.private.public_key().public_bytes_raw().hex()
    with writing(central.engine) as connection:
        enrol(connection, central.private, box.device, public, proof=token.proof(public), now=central.now())
    central.engine.dispose()
