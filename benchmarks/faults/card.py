"""A card that dies or alters what it keeps: what was receipted is at the centre, what is lost is stated exactly."""

from __future__ import annotations

import contextlib
import random
import shutil
from collections.abc import Iterable
from pathlib import Path

from benchmarks.faults.checker import acknowledged, chain_of, check, told_of
from benchmarks.faults.line import Line
from benchmarks.faults.pair import DEVICE, app_of, bench, centre, enrolled, held, let_go, sent_within
from benchmarks.faults.trial import Trial, each
from sync.central.central import Central
from sync.central.intake.arrived import arrived, missing
from sync.errors import CentralUnreachable


def _dead(folder: Path, draw: random.Random) -> Iterable[str]:
    """A box inspects and sends on a bad line, deletes, and its card dies at any time. Officers have a list."""
    box, told, number = folder / "box", list[str](), 0
    with centre(folder) as central:
        enrolled(central, box)
        with bench(box, told.append) as at_work:
            for _ in range(draw.randint(1, 4)):
                for _inspection in range(draw.randint(1, 9)):
                    at_work.inspect(number)
                    number += 1
                line = Line(app_of(central), draw, lost=draw.choice((0.1, 0.6)), late=0.1)
                with contextlib.suppress(CentralUnreachable):
                    sent_within(central, box, line)
                if draw.random() < 1 / 3:
                    let_go(box, at_work.ledger)
            for later in range(draw.randrange(6)):
                at_work.inspect(number + later)
            receipted = acknowledged(box)
            pictures = {path.stem for path in (box / "receipts").glob("??/*.json")}
        shutil.rmtree(box)
        there = held(folder, central)
        rows = chain_of(there, DEVICE)
        assert len(rows) >= receipted, f"{receipted} rows were receipted, {len(rows)} are at the centre"
        assert all(there.holds(name) for name in pictures), "a picture that was receipted is not at the centre"
        lost = {one.inspection for one in told_of(told)} - {row["inspection"] for row in rows}
        _stated(central, told, len(rows), lost)
        named = {name: one.inspection for one in told_of(told) if one.seq <= len(rows) for name in one.pictures}
        absent = {(name, inspection) for name, inspection in named.items() if not there.holds(name)}
        assert {one for chain in arrived(central.engine, DEVICE) for one in chain.pictures} == absent, "other pictures"
    return (f"{'some' if lost else 'no'} inspections lost, {'some' if absent else 'no'} pictures",)


def _stated(central: Central, told: list[str], rows: int, lost: set[str]) -> None:
    """The list that officers have kept, of inspections and of parcels, names exactly what is lost."""
    listed = [one.inspection for one in told_of(told)]
    assert set(missing(central.engine, DEVICE, listed)) == lost, "not what is lost"
    parcels = {one.parcel: one.inspection for one in told_of(told) if one.parcel}
    assert {parcels[name] for name in missing(central.engine, DEVICE, parcels)} == lost, "not the parcels that are lost"
    stated = [chain.rows for chain in arrived(central.engine, DEVICE)]
    assert stated in ([rows], []), f"{stated} stated, {rows} there"


def _altered(folder: Path, draw: random.Random) -> Iterable[str]:
    """Single bits of some pictures flip before they are sent; later the files are put back from a copy."""
    box, told = folder / "box", list[str]()
    with centre(folder) as central:
        enrolled(central, box)
        with bench(box, told.append) as at_work:
            for number in range(4, 5 + draw.randint(0, 20)):
                at_work.inspect(number)
            names = [name for one in told_of(told) for name in one.pictures]
            whole = {name: _place(box, name).read_bytes() for name in draw.sample(names, draw.randint(1, len(names)))}
            for name, data in whole.items():
                at = draw.randrange(len(data))
                _place(box, name).write_bytes(data[:at] + bytes([data[at] ^ (1 << draw.randrange(8))]) + data[at + 1 :])
            for _ in range(2):
                altered = set(sent_within(central, box).pictures.altered)
                assert altered == set(whole), f"{len(whole)} pictures were altered, {len(altered)} are told"
            there = held(folder, central)
            assert all(there.holds(name) for name in names if name not in whole), "a whole picture was held up"
            let_go(box, at_work.ledger)
            for name, data in whole.items():
                assert _place(box, name).exists(), "an altered picture was deleted"
                _place(box, name).write_bytes(data)
            sent_within(central, box)
        there = held(folder, central)
        assert all(there.holds(name) for name in names), "a picture that was put back was not sent"
        check(told, box, there, DEVICE, sent=True)
    return (f"{'all' if len(whole) == len(names) else 'some'} altered",)


def _place(box: Path, name: str) -> Path:
    return box / "evidence" / name[:2] / name


_HOLDS = "every receipted row and picture is at the centre; `central arrived` names exactly what is lost, and no more"
_TOLD = "each altered picture is told with each run and kept, all else goes on; what is put back is sent"
TRIALS = (Trial("dead card", _HOLDS, each(_dead), 0.2), Trial("altered card", _TOLD, each(_altered), 0.1))
