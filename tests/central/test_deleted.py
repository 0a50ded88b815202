"""What was deleted stays deleted, what goes unseen is named, and a wrong clock deletes nothing unasked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text
from typer.testing import CliRunner

from edge.errors import Conflict, NotFound
from sekisho import app
from sync.central.central import Central
from sync.central.clients import Client
from sync.central.database import reading, writing
from sync.central.fleet.overview import fleet
from sync.central.intake.evidence import begin, brought_whole, receipt_of, take
from sync.central.intake.ingest import ingest
from sync.central.intake.objects import Upload
from sync.central.intake.signatures import prove
from sync.central.privacy import ends, retention
from sync.central.privacy.erasure import erase
from sync.central.privacy.plausible import Guard
from sync.central.privacy.retention import policy_of, retain
from sync.central.routes.fleet import page_of
from sync.central.serving import open_central
from sync.central.tables import evidence, going, runs
from sync.protocol import verified
from tests.central.test_retention import D, Place
from tests.sync.boxes import DAY, Box, assessed


@pytest.fixture
def place(central: Central, box: Callable[..., Box], tmp_path: Path) -> Place:
    kept = replace(central, ends=tmp_path / "ends.json")
    ends.begin(kept)
    return Place(kept, box())


def test_an_erased_picture_that_comes_again_is_not_kept_and_its_receipt_says_why(place: Place) -> None:
    label, _ = place.inspected(1)
    erase(place.central, "bench-1", "i1", "desk", "request 12")
    brought_whole(place.central, "bench-1", label, b"1 label", "image/png")
    with pytest.raises(NotFound):
        place.central.objects.get(label)
    receipt = verified(
        receipt_of(place.central, "bench-1", label), "sekisho-evidence", place.central.private.public_key()
    )
    assert (receipt["size"], receipt["deleted"], receipt["deletion"]) == (7, DAY.isoformat(), 1)
    assert prove(place.central, anew=True, pictures=True).wrong == ()


def test_an_erased_picture_that_had_not_come_yet_or_was_on_its_way_is_not_kept(place: Place) -> None:
    label = hashlib.sha256(b"slow").hexdigest()
    kept = [{"sha256": label, "media_type": "image/png", "role": "symbol"}]
    body = {"assessment": {"seen": {"captures": [{"kept": kept}]}, "verdict": {"outcome": "CHECK"}}}
    place.box.ledger.append([assessed(1, body=body)])
    ingest(place.central.engine, place.central.id, place.box.batch(), place.central.stamp())
    begin(place.central, "bench-1", label, 4, "image/png")
    take(place.central, "bench-1", label, 0, b"sl")
    erase(place.central, "bench-1", "i1", "desk", "request 12")
    take(place.central, "bench-1", label, 2, b"ow")
    with pytest.raises(NotFound):
        place.central.objects.get(label)
    assert place.held() == set()
    brought_whole(place.central, "bench-1", label, b"slow", "image/png")
    assert json.loads(receipt_of(place.central, "bench-1", label))["signed"]["size"] == 4
    assert prove(place.central, anew=True).wrong == ()


def test_a_deleted_picture_that_another_inspection_names_is_taken_again(place: Place) -> None:
    label, _ = place.inspected(1)
    place.retain(3 * D)
    kept = [{"sha256": label, "media_type": "image/png", "role": "symbol"}]
    body = {"assessment": {"seen": {"captures": [{"kept": kept}]}, "verdict": {"outcome": "CHECK"}}}
    before = place.box.ledger.head().seq
    place.box.ledger.append([assessed(2, body=body)])
    ingest(place.central.engine, place.central.id, place.box.batch(before), place.at(4 * D).stamp())
    brought_whole(place.at(4 * D), "bench-1", label, b"1 label", "image/png")
    assert place.held() == {label}
    assert prove(place.central, anew=True, pictures=True).wrong == ()
    place.retain(400 * D)
    assert place.held() == set()
    assert prove(place.central, anew=True, pictures=True).wrong == ()


def test_a_picture_that_comes_after_its_term_goes_with_the_next_run(place: Place) -> None:
    kept = [{"sha256": hashlib.sha256(b"late").hexdigest(), "media_type": "image/png", "role": "symbol"}]
    seen = {"captures": [{"kept": kept}]}
    body = {"assessment": {"seen": seen, "verdict": {"outcome": "NO_FINDING"}}}
    place.box.ledger.append([assessed(1, body=body, personal={})])
    ingest(place.central.engine, place.central.id, place.box.batch(), place.central.stamp())
    place.retain(4 * D)
    brought_whole(place.at(5 * D), "bench-1", kept[0]["sha256"], b"late", "image/png")
    place.retain(5 * D)
    with pytest.raises(NotFound):
        place.central.objects.get(kept[0]["sha256"])
    brought_whole(place.at(6 * D), "bench-1", kept[0]["sha256"], b"late", "image/png")
    assert place.held() == set()


def test_no_receipt_is_given_of_an_object_that_is_deleted_while_it_comes_again(place: Place) -> None:
    label = hashlib.sha256(b"pic").hexdigest()
    brought_whole(place.central, "bench-1", label, b"pic", "image/png")
    with writing(place.central.engine) as connection:  # as let go by its last device, before the object goes
        connection.execute(delete(evidence))
        connection.execute(insert(going).values(sha256=label))
    objects = place.central.objects

    class Interleaved:
        """Another process runs retention between the object's end and its row."""

        def append(self, device: str, sha256: str, offset: int, data: bytes) -> Upload:
            upload = objects.append(device, sha256, offset, data)
            retention.finish(place.central)
            return upload

        def __getattr__(self, name: str) -> Any:
            return getattr(objects, name)

    other = replace(place.central, objects=Interleaved())
    begin(other, "bench-1", label, 3, "image/png")
    with pytest.raises(NotFound) as caught:
        take(other, "bench-1", label, 0, b"pic")
    assert (
        caught.value.message == f"{label}: expected an object that stays, got one that was deleted while it came again."
    )
    with pytest.raises(NotFound):
        receipt_of(place.central, "bench-1", label)
    brought_whole(place.central, "bench-1", label, b"pic", "image/png")
    assert receipt_of(place.central, "bench-1", label)
    assert place.central.objects.get(label) == b"pic"


_SILENT = [
    (
        "DELETE FROM personal WHERE seq=3 AND name='parcel'",
        "expected the 'parcel' of row 3, or a deletion that names it",
    ),
    ("DELETE FROM evidence", "or a deletion that names it, got neither."),
    ("DELETE FROM deletions", "bench-1: expected deletion 1 as it was, got none."),
    ("DELETE FROM pictures", "pictures known or more, got 0."),
]


@pytest.mark.parametrize(("change", "sentence"), _SILENT, ids=[change for change, _ in _SILENT])
def test_what_was_taken_out_silently_is_named(place: Place, change: str, sentence: str) -> None:
    place.inspected(1)
    place.inspected(2)
    erase(place.central, "bench-1", "i1", "desk", "request 12")
    place.inspected(3)
    assert prove(place.central, anew=True).wrong == ()
    with writing(place.central.engine) as connection:
        connection.execute(text(change))
    told = prove(place.central, anew=True).wrong
    assert any(sentence in one for one in told), told
    ends.keep(place.central)  # what contradicts is not forgotten
    assert prove(place.central, anew=True).wrong == told


def test_without_the_file_of_its_ends_a_central_is_not_proved(place: Place) -> None:
    assert place.central.ends is not None
    place.central.ends.unlink()
    ends.keep(place.central)
    told = f"{place.central.ends}: expected the ends of deletions, signed by this central, got FileNotFoundError."
    assert prove(place.central).wrong == (told,)


def test_a_clock_far_from_the_last_word_of_a_box_deletes_nothing_unasked(place: Place) -> None:
    names = place.inspected(1)
    with pytest.raises(Conflict) as caught:
        place.retain(14_600 * D, really=False)
    assert caught.value.message == (
        "Expected a clock within 45 days of the last word of a box, 2026-11-21, got 2066-11-11."
    )
    assert place.held() == set(names)
    place.retain(45 * D, really=False)
    assert place.held() == set()


def test_more_than_a_share_of_what_is_held_does_not_go_in_one_run_unasked(place: Place) -> None:
    names = place.inspected(1)
    policy = policy_of().model_copy(update={"guard": Guard(share_percent=49, at_least=1)})
    with pytest.raises(Conflict) as caught:
        retain(place.at(4 * D), policy, "O-1")
    assert caught.value.message == (
        "Expected at most 49% of what is held to go in one run, got 2 of 4 pictures and personal values."
    )
    assert place.held() == set(names)
    retain(place.at(4 * D), policy, "O-1", really=True)
    assert place.held() == set()


def test_the_lines_that_an_operator_gives_a_timer_run_and_the_fleet_page_is_content(tmp_path: Path) -> None:
    told = (Path(__file__).parents[2] / "docs" / "central.md").read_text("utf-8")
    lines = [line.partition("sekisho ")[2].split() for line in told.splitlines() if line.startswith("    15 ")]
    assert [line[:2] for line in lines] == [["central", "retain"], ["central", "verify"], ["central", "verify"]]
    central = open_central(tmp_path / "central")
    CliRunner().invoke(app, ["central", "init", "--dir", str(tmp_path / "central")], catch_exceptions=False)
    for line in lines:
        done = CliRunner().invoke(app, [*line[:-1], str(tmp_path / "central")], catch_exceptions=False)
        assert done.exit_code == 0, done.output
    with reading(central.engine) as connection:
        assert {row.what for row in connection.execute(select(runs.c.what))} == {"retain", "verify"}
    central.engine.dispose()


def test_the_fleet_page_says_when_retention_has_not_run_for_days(place: Place) -> None:
    client = Client("all", nominal=True)
    place.inspected(1)
    assert (fleet(place.central, client).overdue, fleet(place.central, client).retained) == (True, "")
    assert "has never run: sekisho central retain." in page_of(fleet(place.central, client))
    place.retain(1 * D)
    assert not fleet(place.at(4 * D), client).overdue
    late = fleet(place.at(5 * D), client)
    assert "ran last on 2026-11-22: sekisho central retain." in page_of(late)
