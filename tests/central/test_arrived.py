"""What of a box has arrived is stated exactly, and what a list has that is not there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.faults.checker import told_of
from benchmarks.faults.pair import DEVICE, bench, centre, enrolled, sent_within
from sync import push
from sync.central.intake import arrived as arrivals
from sync.command_central import central_app


def test_a_dead_card_is_stated_to_the_row_and_the_list_to_the_name(tmp_path: Path) -> None:
    box, told = tmp_path / "box", list[str]()
    with centre(tmp_path) as central, bench(box, told.append) as at_work:
        enrolled(central, box)
        for number in range(1, 5):
            at_work.inspect(number)
        lost = next(iter(sorted(told_of(told)[-1].pictures)))
        (box / "evidence" / lost[:2] / lost).unlink()
        sent_within(central, box)
        at_work.inspect(9)
        ledger, rows = at_work.ledger.head().ledger, at_work.ledger.head().seq
    shutil.rmtree(box)
    listed = tmp_path / "list"
    listed.write_text("i1\n\n RR000000002JP \ni9\nRR000000009JP\n")
    command = ["arrived", DEVICE, "--dir", str(tmp_path / "central"), "--list", str(listed)]
    done = CliRunner().invoke(central_app, command)
    with centre(tmp_path) as central:
        (one,) = arrivals.arrived(central.engine, DEVICE)
    assert (one.rows, one.inspections, one.pictures) == (rows - 2, 4, ((lost, "i4"),))
    whole = (
        f"{DEVICE}, ledger {ledger}: rows 1 to 6 of 4 inspections are here, none missing; the last was written at "
        f"2026-11-21T09:00:00.000000+00:00 and came at {one.received}"
    )
    assert done.exit_code == 2
    assert done.output.splitlines() == [
        whole,
        f"picture {lost} of inspection i4 is not here",
        "i9 is not here",
        "RR000000009JP is not here",
        "of 4 on the list 2 are not here",
    ]


def test_what_the_box_said_that_it_had_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = push.next_rows
    monkeypatch.setattr(push, "ROWS", 2)
    with centre(tmp_path) as central, bench(tmp_path / "box") as at_work:
        enrolled(central, tmp_path / "box")
        for number in (1, 3, 5):
            at_work.inspect(number)
        with monkeypatch.context() as patched:
            patched.setattr(push, "next_rows", lambda chain, after: () if after >= 4 else whole(chain, after))
            sent_within(central, tmp_path / "box")
    done = CliRunner().invoke(central_app, ["arrived", DEVICE, "--dir", str(tmp_path / "central")])
    assert done.exit_code == 0
    assert done.output.splitlines()[1:] == ["rows 5 to 6: the box had them, and they are not here"]


def test_of_an_unknown_box_nothing_is_here(tmp_path: Path) -> None:
    with centre(tmp_path):
        pass
    done = CliRunner().invoke(central_app, ["arrived", "bench-7", "--dir", str(tmp_path / "central")])
    assert (done.exit_code, done.output) == (0, "bench-7: nothing is here\n")
