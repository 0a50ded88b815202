"""Practice never becomes real work: the box does not send it, a real central refuses it, an auditor is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select

from edge.errors import LedgerError
from edge.storage.chain import is_training
from edge.storage.ledger import Ledger
from sync import usb
from sync.audit import export_audit, verify_audit
from sync.central.central import Central
from sync.central.database import migrate, opened, reading
from sync.central.intake.objects import ObjectsOnDisk
from sync.central.tables import entries, ledgers
from sync.errors import AuditError, CentralRefused
from sync.link import Link
from sync.push import push
from tests.central.conftest import CENTRAL
from tests.central.serving import enrolled, serving
from tests.sync.boxes import NOW, Box


@pytest.fixture
def central(tmp_path: Path) -> Iterator[Central]:
    engine = opened(f"sqlite:///{tmp_path / 'central.db'}")
    migrate(engine)
    (tmp_path / "central").mkdir()
    yield Central(engine, ObjectsOnDisk(tmp_path / "central"), CENTRAL)
    engine.dispose()


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path / "practice", training=True)
    box.write(3)
    yield box
    box.close()


def rows_at(central: Central) -> tuple[int, int]:
    with reading(central.engine) as connection:
        counted = (
            connection.execute(select(func.count()).select_from(table)).scalar_one() for table in (entries, ledgers)
        )
        first, second = counted
        return int(first), int(second)


def test_a_practice_bench_that_was_enrolled_by_mistake_sends_nothing(central: Central, practice: Box) -> None:
    with serving(central) as url:
        link, enrolment = enrolled(central, url, practice)
        with closing(link):
            path = practice.folder / "ledger.db"
            expected = f"{path}: expected a ledger of real work, got one of practice, which is never sent."
            with pytest.raises(LedgerError) as caught:
                push(practice.folder, link, practice.signer, lambda: NOW)
            assert (caught.value.code, caught.value.message) == ("ledger_training", expected)
            with pytest.raises(LedgerError) as caught:
                usb.export(practice.folder, practice.folder / "stick", enrolment, practice.signer, NOW)
            assert caught.value.message == expected
    assert rows_at(central) == (0, 0)


def test_a_real_central_refuses_a_batch_of_practice_that_was_made_all_the_same(central: Central, practice: Box) -> None:
    with serving(central) as url:
        link, _ = enrolled(central, url, practice)
        with closing(link), pytest.raises(CentralRefused) as caught:
            _sent(link, practice.batch())
    assert caught.value.code == "batch_training"
    ledger = practice.ledger.head().ledger
    assert caught.value.message == f"bench-1: expected results of real work, got ledger {ledger} of a practice bench."
    assert rows_at(central) == (0, 0)


def _sent(link: Link, batch: bytes) -> None:
    link.ask("POST", "/v1/batches", batch, {"Content-Type": "application/octet-stream"})


def test_an_auditor_is_told_that_a_ledger_is_of_training(central: Central, practice: Box) -> None:
    with serving(central) as url:
        link, enrolment = enrolled(central, url, practice)
        link.close()
    out = practice.folder / "audit.zst"
    export_audit(practice.folder, out, enrolment, practice.signer, made=NOW)
    proved = verify_audit(out, CENTRAL.public_key().public_bytes_raw().hex()).ledgers[-1]
    assert proved.training
    ledger = practice.ledger.head().ledger
    assert proved.sentences()[0] == f"ledger {ledger} is of TRAINING on a practice bench: no row of it is real work"
    assert not any("no receipt" in said for said in proved.sentences())


def test_an_audit_of_real_work_is_not_said_to_be_training_and_still_wants_a_receipt(
    central: Central, tmp_path: Path
) -> None:
    box = Box(tmp_path / "real")
    box.write(1)
    with closing(box), serving(central) as url:
        link, enrolment = enrolled(central, url, box)
        public, out = CENTRAL.public_key().public_bytes_raw().hex(), tmp_path / "audit.zst"
        with closing(link):
            export_audit(box.folder, out, enrolment, box.signer, made=NOW)
            with pytest.raises(AuditError) as caught:
                verify_audit(out, public)
            assert caught.value.message == "Expected a receipt of this central, got none."
            push(box.folder, link, box.signer, lambda: NOW)
        export_audit(box.folder, out, enrolment, box.signer, made=NOW)
        proved = verify_audit(out, public).ledgers[-1]
    assert not proved.training
    assert not any("TRAINING" in said for said in proved.sentences())


def test_real_work_and_practice_never_share_a_ledger(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    Ledger.open(path, "bench-1").close()
    with pytest.raises(LedgerError) as caught:
        Ledger.open(path, "bench-1", training=True)
    assert caught.value.message == f"{path}: expected a ledger of practice, got one of real work."
    other = tmp_path / "practice.db"
    Ledger.open(other, "bench-1", training=True).close()
    with pytest.raises(LedgerError) as caught:
        Ledger.open(other, "bench-1")
    assert caught.value.message == f"{other}: expected a ledger of real work, got one of practice."
    Ledger.open(other, "bench-1", training=True).close()


def test_a_damaged_ledger_of_practice_is_replaced_by_one_of_practice(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"no database at all" * 100)
    with closing(Ledger.open(path, "bench-1", training=True)) as ledger:
        assert ledger.founding()["training"] is True


def test_a_founding_that_says_anything_but_no_of_training_is_of_training() -> None:
    assert [is_training(told) for told in ({}, {"training": False}, {"training": True}, {"training": None})] == [
        False, False, True, True,
    ]  # fmt: skip
