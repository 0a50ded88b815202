"""The upkeep of a bench goes on whatever one of its parts meets, and the status page says which part fails."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge import health
from edge.app import Box, open_box
from edge.errors import BoxError
from edge.health import Part
from edge.manifests.inbox import REST_S
from edge.retention import Retention
from edge.settings import Settings
from edge.storage.consignments import Consignments


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with open_box(Settings(state_dir=tmp_path / "state", workers=1, reserve_bytes=0), pictures=False) as made:
        yield made


def part(box: Box, name: str) -> Part | None:
    return next((one for one in health.status(box.bench).parts if one.name == name), None)


def lay(box: Box, name: str, text: str) -> None:
    path = box.bench.settings.state_dir / "consignments" / "inbox" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (time.time() - REST_S - 10,) * 2)


def declared(box: Box, document: str) -> str | None:
    found = box.bench.shelves.consignments.declared([document])
    return None if found is None else found.lines[0].description


def test_a_part_that_fails_leaves_the_others_at_work_is_told_and_is_tried_again(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: object) -> None:
        raise RuntimeError("words of a declaration")

    lay(box, "a.csv", "document,description\nA1,cup\n")
    with monkeypatch.context() as patched:
        patched.setattr(Retention, "step", fails)
        box.upkeep.round()
    told = part(box, "upkeep")
    assert (declared(box, "A1"), told) == (
        "cup",
        Part(
            "upkeep",
            "fault",
            f"retention, since {box.bench.troubles.standing()[0].since:%m-%d %H:%M} UTC: RuntimeError",
            "The log of the bench says where. It is tried again all the time.",
        ),
    )
    box.upkeep.round()
    assert part(box, "upkeep") == Part("upkeep", "ok", "every part does its work")


def test_what_is_the_boxes_own_fault_is_told_with_its_hint(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: object) -> None:
        raise BoxError("consignments_unwritable", "The disk is full.", hint="Free space.")

    monkeypatch.setattr(Consignments, "held", full)
    lay(box, "a.csv", "document,description\nA1,cup\n")
    box.upkeep.round()
    (trouble,) = box.bench.troubles.standing()
    assert (trouble.part, trouble.said, trouble.hint) == ("manifests", "The disk is full.", "Free space.")


def test_the_thread_outlives_a_malformed_manifest_and_the_status_page_names_the_file(box: Box) -> None:
    lay(box, "a.csv", '"document"x,description\n')
    lay(box, "b.csv", "document,description\nA1,cup\n")
    while box.upkeep.round():
        pass
    assert declared(box, "A1") == "cup"
    told = part(box, "manifests")
    assert told is not None
    assert (told.state, told.detail) == ("note", "1 set aside: a.csv")
    assert part(box, "upkeep") == Part("upkeep", "ok", "every part does its work")
