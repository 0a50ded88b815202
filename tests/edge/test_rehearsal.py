"""A rehearsed inspection goes the whole way, tells what it met, and records nothing."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.app import Box, open_box
from edge.rehearsal import GTIN
from edge.settings import Settings
from edge.storage.ledger import Ledger
from provisioning.demo.symbols import gs1_datamatrix


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with open_box(Settings(state_dir=tmp_path_factory.mktemp("box"), workers=1, decode_budget_s=60.0)) as opened:
        yield opened


def test_the_picture_is_a_drawn_symbol_of_an_example_gtin() -> None:
    data = np.frombuffer((resources.files("edge") / "rehearsal.png").read_bytes(), np.uint8)
    shown = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    assert shown is not None
    drawn = np.kron(np.where(gs1_datamatrix({"01": GTIN}), 0, 255).astype(np.uint8), np.ones((6, 6), np.uint8))
    assert np.array_equal(shown, np.pad(drawn, 30, constant_values=255))


def test_a_rehearsal_reads_judges_and_leaves_no_row(box: Box) -> None:
    said = box.rehearse()
    assert said.startswith("rehearsed in ")
    assert said.endswith("ms: CANNOT_ASSESS")  # no registry on this box
    assert box.bench.ledger_state().rows == 0


def test_workers_at_work_are_told_and_not_waited_for(box: Box) -> None:
    with box.bench._workers.look(b"a picture"):
        assert box.rehearse().endswith("; A pixel worker must be free, got all of them at work.")


def test_a_picture_that_is_not_read_is_told(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    white = cv2.imencode(".png", np.full((50, 50), 255, np.uint8))[1].tobytes()
    monkeypatch.setattr(box.rehearse, "_picture", type(box.rehearse._picture)("0" * 64, white, "rehearsal"))
    assert box.rehearse().endswith(f"; expected GTIN {GTIN} in the rehearsal's picture, got none")


def test_a_silent_writer_is_a_hang(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.rehearsal._WRITER_S", 0.05)
    monkeypatch.setattr(Ledger, "_settle", lambda *_: None)
    with pytest.raises(TimeoutError):
        box.rehearse()


def test_a_box_without_pictures_judges_scans_and_says_why_pictures_are_not_read(tmp_path: Path) -> None:
    from edge.arrival import Arrival  # noqa: PLC0415 - used here alone
    from edge.ports import Frame  # noqa: PLC0415
    from edge.steps.capture import RawCode  # noqa: PLC0415

    picture = (resources.files("edge") / "rehearsal.png").read_bytes()
    with open_box(Settings(state_dir=tmp_path), pictures=False) as half:
        codes, frames = (RawCode(GTIN.encode(), "gun"),), (Frame(picture, "image/png", "camera:1"),)
        assessment = half.bench.inspect(Arrival("1", codes=codes, pictures=frames))
        assert [str(item.gtin) for item in assessment.identity.items] == [GTIN]
        told = [f.arguments["detail"] for f in assessment.verdict.findings if f.code == "system.decode"]
        assert told == ["A pixel worker answers 'read', got none: this box serves without pictures until it is mended."]
        assert half.bench.ledger_state().rows == 1
