"""The end of a box: nothing goes before all is out and proved, and a power cut at any step loses neither."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from edge.errors import BoxError, LedgerError
from edge.storage import credentials
from edge.storage.credentials import RETIRING, mark_of
from edge.storage.evidence import EvidenceStore
from provisioning import retire as retiring
from provisioning.retire import Line, Stick, finish, require_readable, retire
from sync.central.central import Central
from sync.central.database import migrate, opened
from sync.central.intake.holdings import holdings
from sync.central.intake.imports import take_in
from sync.central.intake.objects import ObjectsOnDisk
from sync.identity import KEY_FILE, Enrolment, kept_private_key
from sync.link import Link
from sync.protocol import RETIREMENT, key_id, verified
from sync.push import push
from sync.usb import folder_of
from tests.central.conftest import CENTRAL
from tests.central.serving import enrolled, serving, token_for
from tests.owning import folder_of_another, of_root, root_only, untouched
from tests.sync.boxes import DAY, NOW, Box, assessed

PICTURE = b"a picture"
NAME = hashlib.sha256(PICTURE).hexdigest()


class PowerCutError(Exception):
    """The power goes."""


@pytest.fixture
def central(tmp_path: Path) -> Iterator[Central]:
    engine = opened(f"sqlite:///{tmp_path / 'central.db'}")
    migrate(engine)
    (tmp_path / "central").mkdir()
    yield Central(engine, ObjectsOnDisk(tmp_path / "central"), CENTRAL, lambda: DAY)
    engine.dispose()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A box with three rows and a picture; its bench has ended."""
    box = Box(tmp_path / "box", private=kept_private_key(tmp_path / "box" / KEY_FILE))
    box.write(2)
    EvidenceStore(box.folder).put(PICTURE, "image/png")
    kept = [{"sha256": NAME, "media_type": "image/png", "role": "face"}]
    body = {"request": "", "assessment": {"seen": {"captures": [{"sha256": "0" * 64, "kept": kept}]}}}
    box.ledger.append([assessed(9, body=body)])
    box.close()
    return box.folder


def a_stick(central: Central, state: Path, folder: Path) -> tuple[Stick, Enrolment]:
    from sync.push import Signer  # noqa: PLC0415 - of this function alone
    from sync.renewal import ask_by_stick, enrolled_by_stick  # noqa: PLC0415 - likewise

    private = kept_private_key(state / KEY_FILE)
    ask_by_stick(state, folder, token_for(central, "http://central"), private)
    take_in(central, folder)
    enrolment = enrolled_by_stick(state, folder, private)
    signer = Signer("bench-1", private.sign, key_id(private.public_key()))
    return Stick(folder, enrolment, signer, lambda: NOW), enrolment


def told(stick: Path, key: Any) -> dict[str, Any]:
    return verified((folder_of(stick, "bench-1") / "retirement.json").read_bytes(), RETIREMENT, key)


def arrived(central: Central) -> tuple[int, int]:
    held = holdings(central.engine)
    assert held["alarms"] == []
    return held["rows"], held["pictures"]


def test_a_retired_box_has_nothing_left_and_all_of_it_is_at_the_central(
    central: Central, state: Path, tmp_path: Path
) -> None:
    stick = tmp_path / "stick"
    key = kept_private_key(state / KEY_FILE).public_key()
    way, enrolment = a_stick(central, state, stick)
    retire(state, "bench-1", way, lambda: NOW)
    assert list(state.iterdir()) == []
    receipt = told(stick, key)
    assert [chain["rows"] for chain in receipt["ledgers"]] == [3]
    assert (receipt["pictures"], receipt["losses"], receipt["exported"]["rows"]) == (1, [], 3)
    assert {"storage.key", "evidence", "ledger.db"} <= set(receipt["erased"])
    taken = take_in(central, stick)
    assert (taken.refused, arrived(central)) == ((), (3, 1))
    assert json.loads((folder_of(stick, "bench-1") / "retirement.receipt.json").read_bytes())["signed"]["device"] == (
        enrolment.device
    )
    revoked = holdings(central.engine)["devices"][0]["revoked"]
    assert revoked == DAY.isoformat()


def test_a_box_is_retired_over_the_line(central: Central, state: Path) -> None:
    private = kept_private_key(state / KEY_FILE)
    with serving(central) as url:
        box = Box.__new__(Box)
        box.folder, box.device, box.private = state, "bench-1", private
        link, _ = enrolled(central, url, box)
        with closing(link):
            retire(state, "bench-1", Line(link, private, lambda: NOW), lambda: NOW)
    assert (list(state.iterdir()), arrived(central)) == ([], (3, 1))


def test_a_picture_whose_row_was_sent_before_goes_with_the_stick(central: Central, state: Path, tmp_path: Path) -> None:
    way, enrolment = a_stick(central, state, tmp_path / "stick")
    private = kept_private_key(state / KEY_FILE)
    with serving(central) as url, closing(Link(Enrolment(url, *_rest(enrolment)), private)) as link:
        push(state, link, way._signer, lambda: NOW)
    retire(state, "bench-1", way, lambda: NOW)
    take_in(central, tmp_path / "stick")
    assert arrived(central) == (3, 1)


def _rest(enrolment: Enrolment) -> tuple[Any, ...]:
    return enrolment.device, enrolment.central, enrolment.certificate


def snapshot(state: Path) -> dict[str, bytes]:
    there = {str(path.relative_to(state)): path for path in state.rglob("*") if path.is_file()}
    noted = ("evidence-altered.json", "ledger.lock", "-wal", "-shm")  # no result, no key
    return {name: path.read_bytes() for name, path in there.items() if not name.endswith(noted)}


def test_a_bench_that_still_writes_is_not_erased(central: Central, state: Path, tmp_path: Path) -> None:
    way, _ = a_stick(central, state, tmp_path / "stick")
    box = Box(state)
    with pytest.raises(LedgerError) as caught:
        retire(state, "bench-1", way, lambda: NOW)
    box.close()
    assert caught.value.message == f"{state}: expected a bench that has ended, got one that writes."


def test_an_altered_picture_stops_it_until_the_loss_is_accepted(central: Central, state: Path, tmp_path: Path) -> None:
    way, _ = a_stick(central, state, tmp_path / "stick")
    key = kept_private_key(state / KEY_FILE).public_key()
    (state / "evidence" / NAME[:2] / NAME).write_bytes(b"altered")
    before = snapshot(state)
    with pytest.raises(BoxError) as caught:
        retire(state, "bench-1", way, lambda: NOW)
    assert caught.value.message == (
        f"Expected that everything leaves the box before it is erased, got no way out for picture {NAME}."
    )
    assert snapshot(state) == before
    retire(state, "bench-1", way, lambda: NOW, accept_losses=True)
    assert (list(state.iterdir()), told(tmp_path / "stick", key)["losses"]) == ([], [f"picture {NAME}"])


def test_a_ledger_that_was_set_aside_and_cannot_be_read_stops_it(central: Central, state: Path, tmp_path: Path) -> None:
    way, _ = a_stick(central, state, tmp_path / "stick")
    (state / "ledger.damaged-1.db").write_bytes(b"no database")
    with pytest.raises(BoxError) as caught:
        retire(state, "bench-1", way, lambda: NOW)
    assert caught.value.message.endswith("no way out for ledger ledger.damaged-1.db, which cannot be read.")
    assert (state / "storage.key").exists()


def test_a_stick_that_gives_back_something_else_is_refused(
    central: Central, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stick = tmp_path / "stick"
    way, _ = a_stick(central, state, stick)

    def worn(path: Path, digest: str) -> None:
        path.write_bytes(path.read_bytes()[:-1] + b"?")
        require_readable(path, digest)

    before = snapshot(state)
    monkeypatch.setattr(retiring, "require_readable", worn)
    with pytest.raises(BoxError) as caught:
        retire(state, "bench-1", way, lambda: NOW)
    assert caught.value.code == "retire_unreadable"
    assert snapshot(state) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a small disk: a full stick is not tested")
@pytest.mark.parametrize("left", range(5))
def test_a_full_stick_erases_nothing(central: Central, state: Path, tmp_path: Path, left: int) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", stick], check=False)
    if mounted.returncode:
        pytest.skip("no disk can be mounted here: a full stick is not tested")
    try:
        way, _ = a_stick(central, state, stick)
        free = os.statvfs(stick)
        (stick / "filler").write_bytes(bytes((free.f_bavail - left) * free.f_bsize))
        before = snapshot(state)
        with pytest.raises(OSError, match="No space left on device"):
            retire(state, "bench-1", way, lambda: NOW)
        assert snapshot(state) == before
    finally:
        subprocess.run(["umount", stick], check=True)


def cut_at(number: int, seen: list[str]) -> Callable[[str], None]:
    def step(name: str) -> None:
        seen.append(name)
        if len(seen) - 1 == number:
            raise PowerCutError(name)

    return step


def test_a_power_cut_at_any_step_loses_nothing_that_is_not_out(central: Central, state: Path, tmp_path: Path) -> None:
    """Every step in turn, on a copy of the box: what was erased is out, and the same command comes to the end."""
    way, enrolment = a_stick(central, state, tmp_path / "enrolling")
    number, names = 0, list[str]()
    while not names or number < len(names):
        copy, stick = tmp_path / f"box-{number}", tmp_path / f"stick-{number}"
        subprocess.run(["cp", "-a", state, copy], check=True)
        way = Stick(stick, enrolment, way._signer, lambda: NOW)
        key = kept_private_key(state / KEY_FILE).public_key()
        seen: list[str] = []
        with pytest.raises(PowerCutError):
            retire(copy, "bench-1", way, lambda: NOW, step=cut_at(number, seen))
        place = folder_of(stick, "bench-1")
        if (copy / RETIRING).exists():
            assert told(stick, key)["pictures"] == 1  # the first receipt was out before anything went
            assert len(list(place.glob("batch-*"))) == 1
        elif (copy / "storage.key").exists():
            assert snapshot(copy) == snapshot(state)
        if (copy / RETIRING).exists() or (copy / "storage.key").exists():
            rest: list[str] = []
            retire(copy, "bench-1", way, lambda: NOW, step=rest.append)
            names = names or [*seen[:-1], *rest]
        assert [path.name for path in copy.iterdir() if path.name != "ledger.lock"] == []
        assert told(stick, key)["erased"]
        number += 1
    assert number > 12
    assert "storage.key" in names


@root_only
@pytest.mark.parametrize("note", ["forged", "removed"])
def test_the_sealed_key_of_the_box_is_erased_and_nothing_that_a_note_names(
    note: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "STORE", tmp_path / "store")
    (tmp_path / "store").mkdir()
    sealed = tmp_path / "store" / "sekisho.device.key"
    sealed.write_bytes(b"the credential")
    with folder_of_another() as state:
        monkeypatch.setattr(retiring, "STATE", state)
        if note == "forged":
            told = {"place": "host", "file": str(of_root(state)), "fingerprint": ""}
            mark_of(state / KEY_FILE).write_text(json.dumps(told))
        (state / RETIRING).symlink_to(of_root(state))
        finish(state)
        assert (sealed.exists(), list(state.iterdir()), untouched(state)) == (False, [], True)


def test_retiring_a_rehearsal_leaves_the_keys_of_the_box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "STORE", tmp_path)
    (tmp_path / "sekisho.device.key").write_bytes(b"the credential")
    (tmp_path / "rehearsal").mkdir()
    finish(tmp_path / "rehearsal")
    assert (tmp_path / "sekisho.device.key").read_bytes() == b"the credential"
