"""A box that serves without pictures says so to every question, and begins nothing."""

from __future__ import annotations

import pytest

from models.errors import WorkerFailed
from models.measurements import TextPlace
from models.no_workers import NoWorkers

PLACE = TextPlace(((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0)), beside=True)


def test_every_question_is_answered_with_the_same_fault_and_what_is_begun_ahead_with_nothing() -> None:
    with NoWorkers() as workers, workers.look(b"a picture") as frame:
        frame.text_ahead(PLACE, 4)
        with pytest.raises(WorkerFailed) as failed:
            frame.text(PLACE, 0, 4)
    assert failed.value.code == "worker_off"
    assert failed.value.message == (
        "A pixel worker answers 'text', got none: this box serves without pictures until it is mended."
    )
