"""A centre whose disk is full refuses and says so; what a crash or a short write leaves is gone on with."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from benchmarks.faults.line import Line, joined
from benchmarks.faults.pair import DEVICE, bench, centre, enrolled, sent_within
from edge.settings import Settings
from sync import push_errand
from sync.backoff import Schedule
from sync.central.app import build
from sync.central.central import Central
from sync.central.intake.objects import ObjectsOnDisk
from sync.errors import CentralRefused
from sync.push_errand import Push
from sync.push_evidence import upload
from tests.sync.boxes import NOW

DATA = b"picture" * 100
NAME = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def central(tmp_path: Path) -> Iterator[Central]:
    with centre(tmp_path) as one:
        yield one


def _full(*_: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_for_pictures_is_told_and_the_box_goes_on_later(
    central: Central, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = tmp_path / "box"
    with bench(box) as at_work:
        at_work.inspect(4)
    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", _full)
        with pytest.raises(CentralRefused) as caught:
            sent_within(central, box)
    assert (caught.value.code, caught.value.message, caught.value.hint) == (
        "central_full",
        "The central's disk is full: nothing was taken.",
        "The box keeps everything and sends it again later; the central's operator must make room.",
    )
    assert sent_within(central, box).pictures.pictures == 1


def test_a_short_write_is_gone_on_with(central: Central, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, data, offset: whole(file, data[:100], offset))
    central.objects.begin("bench-1", NAME, len(DATA), "image/png")
    assert central.objects.append("bench-1", NAME, 0, DATA).offset == len(DATA)
    assert central.objects.get(NAME) == DATA


def test_a_crash_between_the_last_piece_and_its_end_costs_no_second_sending(
    central: Central, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish, failed = ObjectsOnDisk._finish, list[str]()

    def once(store: ObjectsOnDisk, part: Path, sha256: str) -> None:
        if not failed:
            failed.append(sha256)
            raise OperationalError("", None, Exception("a crash"))
        finish(store, part, sha256)

    monkeypatch.setattr(ObjectsOnDisk, "_finish", once)
    with joined(Line(build(central)), *enrolled(central, tmp_path / "box")) as link:
        assert upload(link, NAME, DATA, "image/png") == len(DATA)
    assert failed == [NAME]
    assert central.objects.get(NAME) == DATA


@pytest.mark.parametrize("torn", [len(DATA), 300])
def test_an_upload_that_a_power_cut_has_torn_is_begun_anew(central: Central, tmp_path: Path, torn: int) -> None:
    central.objects.begin(DEVICE, NAME, len(DATA), "image/png")
    (part,) = (tmp_path / "central" / "incoming").glob("*/*.part")
    part.write_bytes(bytes(torn))
    with joined(Line(build(central)), *enrolled(central, tmp_path / "box")) as link:
        upload(link, NAME, DATA, "image/png")
    assert central.objects.get(NAME) == DATA


def test_a_box_that_cannot_note_a_receipt_says_so(
    central: Central, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrolment, _ = enrolled(central, tmp_path)
    monkeypatch.setattr(push_errand, "push_certified", _full)
    errand = Push(Settings(state_dir=tmp_path), enrolment, Schedule(1, 1, 1), lambda _: None, lambda: NOW)
    outcome = errand.run(lambda _: None)
    assert (outcome.done, outcome.code, outcome.reason) == (
        False,
        "outbox_unwritable",
        "What the central has confirmed cannot be noted: No space left on device. It is sent again.",
    )
