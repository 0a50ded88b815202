"""Disks that fill up: the box's, whose reserve takes the last results, and the centre's, which refuses and says why."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from benchmarks.faults import disk
from benchmarks.faults.checker import check, told_of
from benchmarks.faults.interrupted import HOLDS
from benchmarks.faults.kill import Child
from benchmarks.faults.pair import DEVICE, Bench, bench, centre, enrolled, held, said, sent_within
from benchmarks.faults.trial import Trial, each
from edge.errors import LedgerError
from sync.errors import CentralRefused, CentralUnreachable

_RESERVE_BYTES = 400_000
_BEFORE = 12  # inspections while there is room
_MOST = 600
_PATIENCE_S = 120.0


def _the_box(folder: Path, draw: random.Random) -> Iterable[str]:
    """The box's disk is full while the bench inspects; then there is room again."""
    with disk.mounted(folder / "disk") as mount:
        work = partial(_fill_the_box, mount, folder, draw)
        death = Child(work).wait()  # in a process of its own, which lets nothing open on the disk
        assert not death.raised, death.raised
        shutil.copytree(mount.path / "box", folder / "box")
    notes = (folder / "notes").read_text().splitlines()
    with centre(folder) as central:
        check(notes, folder / "box", held(folder, central), DEVICE, sent=True)
    points = [words.partition(" ")[2] for words in notes if words.startswith("met ")]
    assert "reserve used, and shown" in points
    return points


def _fill_the_box(mount: disk.Mount, folder: Path, draw: random.Random) -> None:
    def note(words: str) -> None:
        with (folder / "notes").open("a") as file:
            file.write(f"{words}\n")

    box = mount.path / "box"
    with centre(folder) as central, bench(box, note, reserve_bytes=_RESERVE_BYTES) as at_work:
        enrolled(central, box)
        assert not at_work.ledger.state().reserve_used, "no reserve was made"
        for number in range(_BEFORE):
            at_work.inspect(number)
        mount.full_after(_used(mount.path) + draw.randrange(60_000))
        number, in_reserve = _BEFORE, 0
        while number < _MOST:
            try:
                at_work.inspect(number)
            except LedgerError as error:
                said(error, "ledger_full")
                note("met no room at all, and the officer told so")
                break
            in_reserve += at_work.ledger.state().reserve_used
            number += 1
            if number % 20 == 0:
                try:
                    sent_within(central, box, note=note)
                except OSError:
                    note("met no room for a receipt")
        assert in_reserve > 30, f"{in_reserve} results were recorded from the reserve"  # noqa: PLR2004 - of 400 kB
        note("met reserve used, and shown")
        if at_work.unkept:
            note("met no room for a picture, its result recorded")
        mount.full_after(1 << 40)
        _until(lambda: not at_work.ledger.state().reserve_used, "the reserve is not made again")
        _go_on(at_work, number)
        sent_within(central, box, note=note)


def _go_on(at_work: Bench, number: int) -> None:
    """The handheld asks again for what could not be recorded."""
    for again in (number, number + 1):
        at_work.inspect(again)


def _until(holds: Callable[[], bool], otherwise: str) -> None:
    until = time.monotonic() + _PATIENCE_S
    while not holds():
        assert time.monotonic() < until, otherwise
        time.sleep(0.05)


def _used(path: Path) -> int:
    told = os.statvfs(path)
    return (told.f_blocks - told.f_bfree) * told.f_frsize


def _the_centre(folder: Path, draw: random.Random) -> Iterable[str]:
    """The centre's disk is full while a box sends; then there is room again."""
    with disk.mounted(folder / "disk") as mount:
        death = Child(partial(_fill_the_centre, mount, folder, draw)).wait()
        assert not death.raised, death.raised
        shutil.copytree(mount.path / "central", folder / "central")
    notes = (folder / "notes").read_text().splitlines()
    with centre(folder) as central:
        check(notes, folder / "box", held(folder, central), DEVICE, sent=True)
    return [words.partition(" ")[2] for words in notes if words.startswith("met ")]


def _fill_the_centre(mount: disk.Mount, folder: Path, draw: random.Random) -> None:
    def note(words: str) -> None:
        with (folder / "notes").open("a") as file:
            file.write(f"{words}\n")

    box, state = folder / "box", mount.path
    with centre(state) as central, bench(box, note) as at_work:
        enrolled(central, box)
        for number in range(_BEFORE):
            at_work.inspect(number)
        mount.full_after(_used(mount.path) + draw.randrange(150_000))
        for number in range(_BEFORE, 5 * _BEFORE):
            at_work.inspect(number)
            if number % 6 == 0:
                try:
                    sent_within(central, box, note=note)
                except CentralRefused as error:
                    said(error, "central_full")
                    note("met a refusal that says why")
                except CentralUnreachable as error:
                    said(error, "central_unreachable")
                    note("met a database that answers later")
        told = told_of((folder / "notes").read_text().splitlines())
        assert len(told) == at_work.ledger.head().seq, "the box has not kept all"
        mount.full_after(1 << 40)
        sent_within(central, box, note=note)


TRIALS = (
    Trial(
        "disk full: the box",
        f"{HOLDS}; the reserve is used and shown, then made again",
        each(_the_box),
        0.04,
        disk.why_unavailable,
    ),
    Trial(
        "disk full: the centre",
        f"{HOLDS}; the refusal says why, and the box goes on later",
        each(_the_centre),
        0.04,
        disk.why_unavailable,
    ),
)
