"""The label vault: sealed in memory, opened by the central alone, gone when its time ends, and every end is a row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.inspection import Origin
from edge.moment import ClockTrust, Moment
from edge.pictures import named_pictures
from edge.policy import builtin
from edge.storage.chain import Entry, Row
from edge.storage.evidence import EvidenceStore
from edge.storage.ledger import Ledger
from edge.storage.sealed import opened, public_hex, sealing_key
from edge.storage.vault import MEDIA_TYPE, binding
from edge.vault import VAULT, Countdown, SealedLabels, Vault

DAY = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
CENTRAL = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = public_hex(sealing_key(CENTRAL))
INSPECTION = "019aa5b1-7c80-7000-8000-000000000001"
CAPTURE = "c" * 64
LABEL = b"\xff\xd8 a picture of Alva Renner, Windmill Lane 23"


@dataclass
class Box:
    """A vault and its countdown over a real ledger."""

    folder: Path
    now: datetime = DAY
    trust: ClockTrust = ClockTrust.SYNCED

    def __post_init__(self) -> None:
        self.ledger = Ledger.open(self.folder / "ledger.db", "bench-1")
        self.evidence = EvidenceStore(self.folder)
        self.vault = Vault(self.folder, KEY)
        self.restart()

    def restart(self) -> None:
        self.countdown = Countdown(
            store=self.vault.store,
            ledger=self.ledger,
            evidence=self.evidence,
            policy=builtin,
            now=lambda: Moment(self.now, self.trust),
            origin=lambda station: Origin("bench-1", station, "O-7", "boot-1"),
        )

    def row(self, kind: str, body: dict[str, object]) -> None:
        entry = Entry(kind, INSPECTION, Origin("bench-1", "1", "O-7", "boot-1"), Moment(self.now, self.trust), body)
        self.ledger.append([entry])

    def inspected(self) -> str:
        labels = SealedLabels(self.vault)
        name = labels.seal(LABEL, CAPTURE)
        self.vault.keep(INSPECTION, labels.held)
        self.row("assessed", {"assessment": {"verdict": {"outcome": "NO_FINDING"}}})
        return name

    def decided(self, decision: str) -> None:
        self.row("disposed", {"disposition": {"decision": decision, "undoes": None}})

    def looked(self) -> tuple[Row, ...]:
        """The rows of the vault after a look by a bench that has just started."""
        self.restart()
        self.countdown.step()
        return self.ledger.recent(9, kinds=(VAULT,))


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = Box(tmp_path)
    yield made
    made.ledger.close()


def test_a_label_lies_sealed_on_the_disk_and_its_central_alone_opens_it(box: Box) -> None:
    name = box.inspected()
    (path,) = (box.folder / "vault").iterdir()
    assert path.name == f"{INSPECTION}.{name}"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == name
    assert not any(b"Renner" in one.read_bytes() for one in box.folder.rglob("*") if one.is_file())
    assert opened(sealing_key(CENTRAL), path.read_bytes(), binding(CAPTURE)) == LABEL


def test_without_a_key_nothing_of_a_label_is_kept(tmp_path: Path) -> None:
    labels = SealedLabels(Vault(tmp_path, ""))
    assert labels.seal(LABEL, CAPTURE) == ""
    assert labels.held == []


def test_the_label_of_a_released_parcel_goes_ten_minutes_later_and_a_row_says_so_first(box: Box) -> None:
    name = box.inspected()
    box.decided("release")
    box.now += timedelta(minutes=9)
    assert box.looked() == ()
    box.now += timedelta(minutes=1)
    (row,) = box.looked()
    assert row.entry.body == {
        "vault": "deleted",
        "reason": "retention",
        "policy": builtin().title,
        "terms": {"vault_released_min": 10},
        "count": 1,
        "labels": [[name, row.entry.body["labels"][0][1], "vault_released_min"]],
    }
    assert box.vault.store.kept() == {}


def test_an_undecided_parcels_label_goes_when_the_countdown_ends_and_not_by_a_clock_that_is_not_believed(
    box: Box,
) -> None:
    box.inspected()
    box.now += timedelta(hours=71)
    assert box.looked() == ()
    box.now, box.trust = DAY + timedelta(hours=73), ClockTrust.UNTRUSTED
    assert box.looked() == ()
    box.trust = ClockTrust.SYNCED
    (row,) = box.looked()
    assert row.entry.body["terms"] == {"vault_h": 72}


def test_a_label_that_no_row_names_goes_by_the_time_in_its_inspections_id(box: Box) -> None:
    labels = SealedLabels(box.vault)
    labels.seal(LABEL, CAPTURE)
    box.vault.keep(INSPECTION, labels.held)
    box.now = DAY + timedelta(days=3650)
    assert len(box.looked()) == 1
    assert box.vault.store.kept() == {}


@pytest.mark.parametrize("decision", ["refer", "detain"])
def test_the_label_of_a_case_is_handed_over_to_the_evidence_still_sealed(box: Box, decision: str) -> None:
    name = box.inspected()
    box.decided(decision)
    (row,) = box.looked()
    (named,) = named_pictures(row.entry.body)
    assert (row.entry.inspection, named.sha256, named.media_type, named.nominal) == (INSPECTION, name, MEDIA_TYPE, True)
    assert opened(sealing_key(CENTRAL), box.evidence.get(name), binding(CAPTURE)) == LABEL
    assert box.vault.store.kept() == {}
    assert len(box.looked()) == 1


def test_what_a_crash_left_after_its_row_goes_with_the_next_start(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.inspected()
    box.decided("release")
    box.now += timedelta(hours=1)
    with monkeypatch.context() as crash:
        crash.setattr(box.vault.store, "delete", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            box.looked()
    assert box.vault.store.kept() != {}
    assert len(box.looked()) == 1
    assert box.vault.store.kept() == {}
