from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from typer.testing import CliRunner

from edge.desk_card import ORDERS, code, secret_of
from edge.devices import desk_sheet
from edge.messages import LANGUAGES
from sekisho import app

SECRET = secret_of(b"k" * 32)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_barcode_of_the_sheet_is_read_by_a_camera(language: str) -> None:
    page = desk_sheet.draw(SECRET, language, "bench-1 Naha")
    read = {found.text for found in zxingcpp.read_barcodes(np.asarray(page.image.convert("L")))}
    assert read == {code(letter, SECRET) for letter in ORDERS}


def test_the_command_writes_a_sheet_that_only_its_owner_reads(tmp_path: Path) -> None:
    out = tmp_path / "card.pdf"
    run = CliRunner().invoke(app, ["desk-card", "--out", str(out), "--state-dir", str(tmp_path / "state")])
    assert run.exit_code == 0, run.output
    assert out.read_bytes().startswith(b"%PDF")
    assert out.stat().st_mode & 0o077 == 0


def test_an_unknown_language_is_refused(tmp_path: Path) -> None:
    run = CliRunner().invoke(
        app, ["desk-card", "--out", str(tmp_path / "c.pdf"), "--language", "fr", "--state-dir", str(tmp_path)]
    )
    assert run.exit_code != 0
    assert "expected one of en, ja, zh, ko, vi, th, id, got 'fr'" in run.output
