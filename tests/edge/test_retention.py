"""Retention on the box: nothing goes without a receipt or before its time, and every deletion leaves its row."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from edge.command_retention import retention_app
from edge.errors import EvidenceError
from edge.inspection import Origin
from edge.moment import ClockTrust, Moment
from edge.policy import builtin
from edge.retention import Retention
from edge.storage.chain import Entry, Row, canonical
from edge.storage.evidence import EvidenceStore
from edge.storage.evidence_index import INDEX, EvidenceIndex
from edge.storage.ledger import Ledger
from edge.storage.outbox import Acknowledged, Outbox
from edge.storage.receipts import Receipts

DAY = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
H = timedelta(hours=1)
D = timedelta(days=1)


def origin(station: str) -> Origin:
    return Origin("bench-1", station, "O-7", "boot-1")


@dataclass
class Box:
    """A box with pictures, whose receipts a central of the test signs."""

    folder: Path
    central: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    trust: ClockTrust = ClockTrust.SYNCED
    now: datetime = DAY
    free: float = 1.0
    older: list[str] = field(default_factory=list)  # editions, the oldest first

    def __post_init__(self) -> None:
        told = {"central": self.central.public_key().public_bytes_raw().hex()}
        (self.folder / "central.json").write_text(json.dumps(told))
        self.open()

    def open(self) -> None:
        self.ledger = Ledger.open(self.folder / "ledger.db", "bench-1")
        self.evidence = EvidenceStore(self.folder)
        self.retention = Retention(
            state_dir=self.folder,
            ledger=self.ledger,
            evidence=self.evidence,
            policy=builtin,
            now=lambda: Moment(self.now, self.trust),
            origin=origin,
            free=lambda: self.free,
            shed=lambda: self.older.pop(0) if self.older else "",
        )

    def close(self) -> None:
        self.retention.close()
        self.ledger.close()

    def inspected(
        self,
        inspection: str,
        *pictures: bytes,
        outcome: str = "NO_FINDING",
        at: datetime = DAY,
        clock: ClockTrust = ClockTrust.SYNCED,
        decision: str | None = None,
        personal: bool = False,
    ) -> list[str]:
        """An inspection that kept pictures; their names."""
        names = [EvidenceStore(self.folder).put(data, "image/png") for data in pictures]
        kept = [{"sha256": name, "media_type": "image/png", "role": "face"} for name in names]
        assessment = {"seen": {"comparisons": [{"pictures": kept}]}, "verdict": {"outcome": outcome}}
        values = {"parcel": f"RR {inspection}"} if personal else {}
        entries = [
            Entry("assessed", inspection, origin("1"), Moment(at, clock), {"assessment": assessment}, values),
        ]
        if decision:
            entries.append(self.decided(inspection, decision, at))
        self.ledger.append(entries)
        return names

    def decided(self, inspection: str, decision: str | None, at: datetime, undoes: int | None = None) -> Entry:
        body = {"disposition": {"decision": decision, "undoes": undoes}}
        return Entry("disposed", inspection, origin("1"), Moment(at, ClockTrust.SYNCED), body)

    def receipt(self, *names: str, by: Ed25519PrivateKey | None = None, **changes: Any) -> None:
        for name in names:
            told = {"type": "sekisho-evidence", "schema": 1, "central": "c", "device": "bench-1", "sha256": name}
            told |= {"size": 3, "received": "2026-11-21T10:00:00+00:00"} | changes
            signature = base64.b64encode((by or self.central).sign(canonical(told))).decode()
            Receipts(self.folder).keep(name, canonical({"signed": told, "key": "k", "signature": signature}))

    def acknowledged(self) -> None:
        head = self.ledger.head()
        Outbox(self.folder / "outbox.json").acknowledge("c", Acknowledged(head.ledger, head.seq))

    def run(self, after: timedelta) -> None:
        """Let retention run `after` the first day until it has nothing more to do."""
        self.now = DAY + after
        for _ in range(100):
            if not self.retention.piece():
                return
        raise AssertionError("it never ends")

    def rows(self, kind: str = "deleted") -> tuple[Row, ...]:
        return self.ledger.recent(1_000, kinds=(kind,))

    def kept(self) -> set[str]:
        return set(EvidenceStore(self.folder).names())


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = Box(tmp_path)
    yield made
    made.close()


def test_a_picture_goes_when_it_is_receipted_and_its_time_has_come_and_leaves_its_row(box: Box) -> None:
    (name,) = box.inspected("a", b"one", decision="release")
    box.receipt(name)
    box.run(71 * H)
    assert (box.kept(), box.rows()) == ({name}, ())
    box.run(72 * H)
    assert box.kept() == set()
    (row,) = box.rows()
    body = dict(row.entry.body)
    archive = body["receipts"]["archive"]
    assert body == {
        "reason": "retention",
        "rule": "no_finding_h",
        "term": 72,
        "policy": "default 2026.11",
        "receipts": {"central": "c", "received": "2026-11-21T10:00:00+00:00", "archive": archive},
        "pictures": [[name, 3]],
    }
    assert (box.folder / "receipts" / "deleted" / f"{archive}.zst").exists()
    assert not Receipts(box.folder).held(name)
    assert box.ledger.verify() == 3
    box.run(500 * D)
    assert len(box.rows()) == 1


def test_without_a_receipt_nothing_goes_ever(box: Box) -> None:
    (name,) = box.inspected("a", b"one")
    box.free = 0.0
    box.run(3_000 * D)
    assert (box.kept(), box.rows()) == ({name}, ())
    box.receipt(name)
    box.run(3_001 * D)
    assert box.kept() == set()


@pytest.mark.parametrize(
    "damage",
    [
        lambda box, name: box.receipt(name, by=Ed25519PrivateKey.generate()),
        lambda box, name: box.receipt(name, sha256="0" * 64),
        lambda box, name: box.receipt(name, type="sekisho-receipt"),
        lambda box, name: Receipts(box.folder).keep(name, b""),
        lambda box, name: (box.receipt(name), (box.folder / "central.json").unlink()),
    ],
    ids=["another central's", "another picture's", "of rows", "cut off", "no central"],
)
def test_a_receipt_that_is_not_the_centrals_for_this_picture_lets_nothing_go(
    box: Box, damage: Callable[[Box, str], None]
) -> None:
    (name,) = box.inspected("a", b"one")
    damage(box, name)
    box.run(100 * D)
    assert box.kept() == {name}


def test_what_had_a_finding_or_was_never_decided_stays_longer(box: Box) -> None:
    found = box.inspected("a", b"a", outcome="CHECK", decision="release")
    undecided = box.inspected("b", b"b", outcome="CHECK")
    late = box.inspected("c", b"c", decision="release")
    box.ledger.append([Entry("late", "c", origin("1"), Moment(DAY, ClockTrust.SYNCED), {"late": {}})])
    box.receipt(*found, *undecided, *late)
    box.run(29 * D)
    assert len(box.kept()) == 3
    box.run(30 * D)
    assert box.kept() == set()
    assert {row.entry.body["rule"] for row in box.rows()} == {"checked_days"}


def test_what_was_referred_or_detained_stays_whatever_the_disk_says(box: Box) -> None:
    names = box.inspected("a", b"a", outcome="CHECK", decision="refer", personal=True)
    names += box.inspected("b", b"b", decision="detain")
    box.receipt(*names)
    box.acknowledged()
    box.free = 0.0
    box.run(3_000 * D)
    assert box.kept() == set(names)
    assert box.rows("erased") == ()


def test_a_decision_that_was_undone_counts_no_more(box: Box) -> None:
    (name,) = box.inspected("a", b"a", decision="detain")
    box.receipt(name)
    (row,) = box.ledger.recent(1)
    box.ledger.append([box.decided("a", "release", DAY + H, undoes=row.seq)])
    box.run(73 * H - timedelta(seconds=1))
    assert box.kept() == {name}
    box.run(73 * H)
    assert box.kept() == set()


def test_a_picture_that_another_inspection_names_goes_with_the_last_of_them(box: Box) -> None:
    (name,) = box.inspected("a", b"same")
    assert box.inspected("b", b"same", at=DAY + 10 * H) == [name]
    box.receipt(name)
    box.run(75 * H)
    assert box.kept() == {name}
    box.run(82 * H)
    assert box.kept() == set()
    assert len(box.rows()) == 1


def test_a_full_disk_lets_receipted_pictures_go_before_their_time_and_no_personal_value(box: Box) -> None:
    early = box.inspected("a", b"a", outcome="CHECK", decision="release", personal=True)
    bare = box.inspected("b", b"b")
    box.receipt(*early)
    box.acknowledged()
    box.free = 0.04
    box.run(H)
    assert box.kept() == set(bare)
    assert [row.entry.body["rule"] for row in box.rows()] == ["shed_below"]
    assert box.rows("erased") == ()


def test_older_editions_are_given_up_when_no_receipted_picture_is_left_and_the_disk_is_full_still(box: Box) -> None:
    receipted = box.inspected("a", b"a")
    bare = box.inspected("b", b"b")
    box.receipt(*receipted)
    box.older = ["oldest", "older"]
    box.run(H)
    assert (box.kept(), box.older) == ({*receipted, *bare}, ["oldest", "older"])  # there is room
    box.free = 0.04
    while box.kept() != set(bare):
        assert box.older == ["oldest", "older"]  # pictures first
        assert box.retention.piece()
    for _ in range(6):  # the bench asks again every second
        box.retention.piece()
    assert (box.kept(), box.older) == (set(bare), [])  # what no central has stays


def test_older_editions_are_given_up_by_a_clock_that_is_not_believed_too(box: Box) -> None:
    box.trust, box.free, box.older = ClockTrust.UNTRUSTED, 0.04, ["oldest"]
    assert box.retention.piece()
    assert box.older == []
    assert not box.retention.piece()


def test_a_clock_that_is_not_believed_lets_nothing_go(box: Box) -> None:
    (name,) = box.inspected("a", b"a", at=datetime(1970, 1, 1, tzinfo=UTC), clock=ClockTrust.UNTRUSTED)
    box.receipt(name)
    box.trust = ClockTrust.UNTRUSTED
    assert not box.retention.piece()
    box.trust = ClockTrust.SYNCED
    box.run(H)
    assert box.kept() == {name}  # no row tells a time that could be believed
    box.inspected("b", at=DAY)
    box.run(71 * H)
    assert box.kept() == {name}
    box.run(80 * H)
    assert box.kept() == set()


def test_personal_values_go_after_their_own_time_once_the_rows_are_receipted(box: Box) -> None:
    box.inspected("a", decision="release", personal=True)
    box.run(200 * D)
    assert box.rows("erased") == ()
    box.acknowledged()
    box.run(201 * D)
    (row,) = box.rows("erased")
    assert row.entry.body == {
        "rows": [1],
        "names": ["parcel"],
        "reason": "retention",
        "rule": "personal_days",
        "term": 183,
        "policy": "default 2026.11",
    }
    assert box.ledger.inspection("a")[0].entry.personal == {}
    assert box.ledger.verify() == 3
    box.run(300 * D)
    assert len(box.rows("erased")) == 1


STEPS = [
    (Receipts, "archive"),
    (Ledger, "append"),
    (EvidenceStore, "retire"),
    (Receipts, "drop"),
    (EvidenceIndex, "gone"),
]


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize(("where", "step"), STEPS, ids=[step for _, step in STEPS])
def test_a_crash_at_every_step_leaves_rows_that_are_true_and_one_row_a_picture(
    box: Box, monkeypatch: pytest.MonkeyPatch, where: type, step: str, *, before: bool
) -> None:
    names = box.inspected("a", b"one", b"two", decision="release")
    box.receipt(*names)
    done = getattr(where, step)

    def cut(*arguments: Any, **named: Any) -> None:
        if not before:
            done(*arguments, **named)
        raise OSError("the power went")

    with monkeypatch.context() as patched:
        patched.setattr(where, step, cut)
        with pytest.raises(OSError, match="the power went"):
            box.run(80 * H)
    told = {name for row in box.rows() for name, _ in row.entry.body["pictures"]}
    assert set(names) - box.kept() <= told  # nothing is gone that no row tells of
    box.close()
    box.open()
    box.run(81 * H)
    assert box.kept() == set()
    rows = box.rows()
    assert sorted(name for row in rows for name, _ in row.entry.body["pictures"]) == sorted(names)
    assert box.ledger.verify() == 2 + len(rows)


def test_what_is_kept_again_after_its_row_stays(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    (name,) = box.inspected("a", b"one")
    box.receipt(name)
    with monkeypatch.context() as patched:
        patched.setattr(EvidenceStore, "retire", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            box.run(80 * H)
    assert len(box.rows()) == 1
    box.inspected("b", b"one", at=DAY + 80 * H)
    box.close()
    box.open()
    box.run(81 * H)
    assert box.kept() == {name}
    box.run(160 * H)
    assert (box.kept(), len(box.rows())) == (set(), 2)


def test_what_was_just_put_stays_until_its_row_can_have_been_written(box: Box) -> None:
    (name,) = box.inspected("a", b"one")
    box.receipt(name)
    box.evidence.put(b"one", "image/png")  # a row that names it is on its way
    box.run(80 * H)
    assert (box.kept(), box.rows()) == ({name}, ())
    assert not box.evidence.retire(name)


def test_pictures_of_a_ledger_that_was_set_aside_go_as_well(box: Box) -> None:
    (name,) = box.inspected("a", b"one")
    box.receipt(name)
    box.close()
    (box.folder / "ledger.db").rename(box.folder / "ledger.damaged-1.db")
    box.open()
    box.run(80 * H)
    assert box.kept() == set()
    assert len(box.rows()) == 1


def test_a_lost_or_damaged_index_is_made_anew(box: Box) -> None:
    (name,) = box.inspected("a", b"one")
    box.receipt(name)
    box.run(H)
    box.close()
    for suffix in ("-wal", "-shm"):
        (box.folder / f"{INDEX}{suffix}").unlink(missing_ok=True)
    (box.folder / INDEX).write_bytes(b"no database at all, but long enough to look like one" * 40)
    box.open()
    box.run(80 * H)
    assert box.kept() == set()


def test_an_index_that_cannot_be_made_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / INDEX).mkdir()
    with pytest.raises(EvidenceError) as caught:
        EvidenceIndex(tmp_path / INDEX)
    assert caught.value.code == "evidence_index"
    assert caught.value.message.startswith(f"{tmp_path / INDEX}: expected an index of evidence that can be read")


def test_the_command_line_tells_first_and_then_lets_go(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    names = box.inspected("a", b"one", b"two", at=datetime(2020, 1, 1, tzinfo=UTC), personal=True)
    box.receipt(*names)
    box.acknowledged()
    box.close()
    monkeypatch.setenv("SEKISHO_STATE_DIR", str(box.folder))
    monkeypatch.setenv("SEKISHO_RESERVE_BYTES", "0")
    expected = "policy default 2026.11\nno_finding_h: 2 pictures, 6 bytes\npersonal_days: 1 personal values of 1 rows\n"
    told = CliRunner().invoke(retention_app, ["preview"])
    assert (told.output, told.exit_code) == (expected, 0)
    assert box.kept() == set(names)
    told = CliRunner().invoke(retention_app, ["run"])
    assert (told.output, told.exit_code) == (expected, 0)
    assert box.kept() == set()
    assert CliRunner().invoke(retention_app, ["preview"]).output == "policy default 2026.11\nnothing is to go\n"
    box.open()
