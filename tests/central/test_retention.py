"""Retention and erasure at the centre: by class and policy, never of a held or open case, each with its signed row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from edge.errors import Conflict, NotFound, PolicyError
from edge.orders import Orders
from edge.policy import builtin
from edge.retention import Retention
from edge.storage.evidence import EvidenceStore
from edge.storage.receipts import Receipts
from sync.central.central import Central
from sync.central.database import reading, writing
from sync.central.intake.evidence import brought_whole, receipt_of
from sync.central.intake.ingest import ingest
from sync.central.intake.signatures import Proved, prove
from sync.central.privacy import ends, retention
from sync.central.privacy.erasure import erase, inspections_of, standing
from sync.central.privacy.retention import DELETION, hold, lift, policy_of, retain
from sync.central.tables import deletions, evidence, outcomes, personal
from sync.errors import DocumentRefused
from sync.link import Link
from sync.orders import fetch_orders
from sync.protocol import verified
from sync.push import push
from sync.push_evidence import push_evidence
from tests.central.serving import enrolled, serving
from tests.sync.boxes import DAY, NOW, Box, assessed

D = timedelta(days=1)


@dataclass
class Place:
    """A central with one box's rows and pictures, whose clock the test sets."""

    central: Central
    box: Box

    def inspected(self, number: int, outcome: str = "NO_FINDING", decision: str = "") -> tuple[str, str]:
        """An inspection with a nominal picture and one of goods; their names."""
        pictures = [f"{number} label".encode(), f"{number} face".encode()]
        names = [hashlib.sha256(data).hexdigest() for data in pictures]
        roles = ("symbol", "face")
        kept = [{"sha256": n, "media_type": "image/png", "role": r} for n, r in zip(names, roles, strict=True)]
        seen = {"captures": [{"sha256": "0" * 64, "kept": kept[:1]}], "comparisons": [{"pictures": kept[1:]}]}
        body = {"request": "", "assessment": {"seen": seen, "verdict": {"outcome": outcome}}}
        entries = [assessed(number, body=body)]
        if decision:
            told = {"disposition": {"decision": decision, "undoes": None}}
            entries.append(replace(assessed(number), kind="disposed", body=told, personal={}, key="", sightings=()))
        before = self.box.ledger.head().seq
        self.box.ledger.append(entries)
        store = EvidenceStore(self.box.folder)
        for data in pictures:
            store.put(data, "image/png")
            brought_whole(self.central, "bench-1", hashlib.sha256(data).hexdigest(), data, "image/png")
        ingest(self.central.engine, self.central.id, self.box.batch(before), self.central.stamp())
        return names[0], names[1]

    def at(self, after: timedelta) -> Central:
        return replace(self.central, now=lambda: DAY + after)

    def retain(self, after: timedelta, **options: Any) -> dict[str, Any]:
        return retain(self.at(after), policy_of(), "O-1", **{"really": True} | options)

    def held(self) -> set[str]:
        with reading(self.central.engine) as connection:
            return {row.sha256 for row in connection.execute(select(evidence.c.sha256))}

    def values(self) -> int:
        with reading(self.central.engine) as connection:
            return len(connection.execute(select(personal.c.seq)).all())

    def documents(self) -> list[dict[str, Any]]:
        with reading(self.central.engine) as connection:
            found = connection.execute(select(deletions.c.document).order_by(deletions.c.number)).all()
        return [verified(row.document.encode(), DELETION, self.central.private.public_key()) for row in found]


@pytest.fixture
def place(central: Central, box: Callable[..., Box], tmp_path: Path) -> Place:
    kept = replace(central, ends=tmp_path / "ends.json")
    ends.begin(kept)
    return Place(kept, box())


def test_what_the_policy_gives_up_goes_by_class_with_a_signed_row(place: Place) -> None:
    label, face = place.inspected(1)
    assert place.retain(2 * D) == {}
    told = place.retain(3 * D, dry_run=True)["bench-1"]
    assert told.pictures == {label: "nominal", face: "goods"}
    assert (place.held(), place.documents()) == ({label, face}, [])
    place.retain(3 * D)
    assert place.held() == set()
    for name in (label, face):
        with pytest.raises(NotFound):
            place.central.objects.get(name)
    (document,) = place.documents()
    assert (document["who"], document["reason"], document["policy"]) == ("O-1", "retention", "default 2026.11")
    assert document["pictures"] == sorted([[label, "nominal"], [face, "goods"]])
    assert place.values() == 2
    place.retain(183 * D)
    assert place.values() == 0
    first, second = place.documents()
    assert second["previous"] == hashlib.sha256(_raw(place, 1).encode()).hexdigest()
    assert [name for _, _, name in second["values"]] == ["parcel", "seen.symbols"]
    assert first["inspections"] == second["inspections"] == ["i1"]
    assert place.retain(5_000 * D) == {}


def _raw(place: Place, number: int) -> str:
    with reading(place.central.engine) as connection:
        wanted = select(deletions.c.document).where(deletions.c.number == number)
        return str(connection.execute(wanted).scalar_one())


def test_goods_may_stay_longer_than_labels(place: Place, tmp_path: Path) -> None:
    label, face = place.inspected(1)
    path = tmp_path / "policy.toml"
    builtin_text = (Path(retention.__file__).with_name("retention.toml")).read_text("utf-8")
    path.write_text(builtin_text.replace("goods = 3\n", "goods = 365\n"))
    retain(place.at(10 * D), policy_of(path), "O-1")
    assert place.held() == {face}
    assert label not in place.held()


def test_an_open_case_and_what_is_held_stay_and_a_lifted_hold_counts_no_more(place: Place) -> None:
    case = place.inspected(1, "CHECK", "detain")
    held = place.inspected(2, "CHECK", "release")
    with writing(place.central.engine) as connection:
        hold(connection, "bench-1", "i2", "court", "case 7", DAY.isoformat())
    assert place.retain(2_000 * D) == {}
    assert place.held() == {*case, *held}
    with writing(place.central.engine) as connection:
        assert lift(connection, "bench-1", "i2", DAY.isoformat()) == 1
        assert lift(connection, "bench-1", "i2", DAY.isoformat()) == 0
    place.retain(2_001 * D)
    assert place.held() == set(case)


def test_a_case_counts_from_its_end(place: Place) -> None:
    place.inspected(1, "CHECK", "refer")
    decided(place, "first", "undecided", DAY)
    assert place.retain(1_000 * D) == {}
    decided(place, "second", "confirmed", DAY + 1_000 * D, corrects="first")
    assert place.retain(1_182 * D) == {}
    place.retain(1_185 * D)
    assert (place.held(), place.values()) == (set(), 0)


def decided(place: Place, name: str, ending: str, when: datetime, corrects: str = "") -> None:
    told = {"id": name, "device": "bench-1", "inspection": "i1", "ending": ending, "decided": f"{when:%Y-%m-%d}"}
    told |= dict.fromkeys(("reference", "name", "role", "received", "document"), "") | {"corrects": corrects}
    with writing(place.central.engine) as connection:
        connection.execute(insert(outcomes).values(**told))


def test_a_crash_between_row_and_object_is_mended_by_the_next_run(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = place.inspected(1)
    with monkeypatch.context() as patched:
        patched.setattr(type(place.central.objects), "delete", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            place.retain(3 * D)
    assert len(place.documents()) == 1
    assert place.central.objects.get(names[0]) == b"1 label"
    place.retain(3 * D)
    assert len(place.documents()) == 1
    with pytest.raises(NotFound):
        place.central.objects.get(names[0])


def test_an_object_that_another_box_brought_too_stays(place: Place, box: Callable[..., Box]) -> None:
    label, _ = place.inspected(1)
    box("bench-2")
    brought_whole(place.central, "bench-2", label, b"1 label", "image/png")
    place.retain(3 * D)
    assert place.central.objects.get(label) == b"1 label"
    assert receipt_of(place.central, "bench-2", label)


def test_a_policy_that_cannot_be_used_is_told_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text('schema = 1\nname = "x"\nversion = "1"\n[case]\nnominal = -1\ngoods = 1\npersonal = 1\n')
    with pytest.raises(PolicyError) as caught:
        policy_of(path)
    assert (
        caught.value.message == f"{path}: no_finding: Field required, got {{}}." or "no_finding" in caught.value.message
    )
    path.write_text("[")
    with pytest.raises(PolicyError) as caught:
        policy_of(path)
    assert caught.value.code == "policy_unreadable"


# --- erasure --------------------------------------------------


def test_a_parcels_personal_values_go_on_request_and_the_chain_is_proved_all_the_same(place: Place) -> None:
    label, face = place.inspected(1)
    place.inspected(2)
    assert prove(place.central).wrong == ()
    assert inspections_of(place.central, "RR000000001JP") == (("bench-1", "i1"),)
    told = erase(place.central, "bench-1", "i1", "desk", "request 12")
    assert (told.values, told.pictures, told.order) == (2, 1, 1)
    assert inspections_of(place.central, "RR000000001JP") == ()
    assert face in place.held()
    assert label not in place.held()
    proved = prove(place.central, anew=True, pictures=True)
    assert proved == Proved(rows=2, heads=2, values=2, deletions=1, pictures=3)
    assert standing(place.central)[0]["carried_out"] == ""


def test_an_erasure_finds_a_parcel_by_any_number_of_its_own_and_by_none_that_many_share(place: Place) -> None:
    numbers = [{"scheme": "S10", "value": "RR000000001JP"}, {"scheme": "AWB", "value": "13112345675"}]
    personal = {"parcel": "RR000000001JP", "identity.parcel_numbers": json.dumps(numbers)}
    personal["identity.sscc"] = json.dumps([{"value": "095210000000000012"}])
    body = {"request": "", "assessment": {}}
    place.box.ledger.append(
        [assessed(1, body=body, personal=personal), assessed(2, body=body, personal={"parcel": "x"})]
    )
    ingest(place.central.engine, place.central.id, place.box.batch(0), place.central.stamp())
    asked = ("RR000000001JP", "095210000000000012", "13112345675", "095210000000000099")
    mine = (("bench-1", "i1"),)
    assert [inspections_of(place.central, number) for number in asked] == [mine, mine, (), ()]


def test_what_is_held_is_not_erased(place: Place) -> None:
    place.inspected(1)
    with writing(place.central.engine) as connection:
        hold(connection, "bench-1", "i1", "court", "case 7", DAY.isoformat())
    with pytest.raises(Conflict) as caught:
        erase(place.central, "bench-1", "i1", "desk", "request 12")
    assert caught.value.message == "i1: expected an inspection that may be erased, got one under a legal hold."
    with pytest.raises(NotFound) as missing:
        erase(place.central, "bench-1", "i9", "desk", "request 12")
    assert missing.value.message == "Expected the id of an inspection of bench-1, got 'i9'."


@pytest.fixture
def linked(central: Central, tmp_path: Path) -> Iterator[tuple[Place, Link]]:
    box = Box(tmp_path / "linked")
    now = datetime.now(tz=DAY.tzinfo)
    with serving(replace(central, now=lambda: datetime.now(tz=now.tzinfo))) as url:
        link, _ = enrolled(replace(central, now=lambda: now), url, box)
        yield Place(central, box), link
        link.close()
    box.close()


def orders_of(box: Box) -> Orders:
    origin = assessed(1).origin
    made = Retention(
        state_dir=box.folder,
        ledger=box.ledger,
        evidence=EvidenceStore(box.folder),
        policy=builtin,
        now=lambda: NOW,
        origin=lambda _: origin,
    )
    return Orders(box.folder, "bench-1", box.ledger, made, lambda _: origin)


def test_an_order_comes_down_signed_is_carried_out_and_receipted(linked: tuple[Place, Link]) -> None:
    place, link = linked
    label, face = place.inspected(1)
    erase(place.central, "bench-1", "i1", "desk", "request 12")
    assert fetch_orders(place.box.folder, link) == 1
    assert fetch_orders(place.box.folder, link) == 0
    orders = orders_of(place.box)
    assert orders.carry_out(NOW) == 0  # nothing is receipted on the box yet: the order stands
    store = EvidenceStore(place.box.folder)
    assert store.holds(label)
    Receipts(place.box.folder).keep(face, b"")
    push(place.box.folder, link, place.box.signer, lambda: NOW)
    push_evidence(place.box.folder, link, 10**9)
    assert orders.carry_out(NOW) == 1
    assert (store.holds(label), store.holds(face)) == (False, True)
    assert place.box.ledger.inspection("i1")[0].entry.personal == {}
    kinds = [row.entry.kind for row in place.box.ledger.outbox(1, 9)]
    assert kinds == ["deleted", "erased", "ordered"]
    assert orders.carry_out(NOW) == 0
    push(place.box.folder, link, place.box.signer, lambda: NOW)
    assert standing(place.central)[0]["carried_out"] == NOW.utc.isoformat(timespec="microseconds")
    assert prove(place.central, anew=True).wrong == ()


def test_an_order_that_another_key_signed_is_neither_laid_down_nor_carried_out(linked: tuple[Place, Link]) -> None:
    place, link = linked
    place.inspected(1)
    erase(place.central, "bench-1", "i1", "desk", "request 12")
    with writing(place.central.engine) as connection:
        connection.execute(text("UPDATE orders SET document=replace(document, 'request 12', 'request 13')"))
    with pytest.raises(DocumentRefused) as caught:
        fetch_orders(place.box.folder, link)
    assert caught.value.message == "Expected an order for bench-1 after number 0, signed, got another."
    (place.box.folder / "orders").mkdir()
    (place.box.folder / "orders" / "000000001.json").write_bytes(b'{"signed": {}}')
    assert orders_of(place.box).carry_out(NOW) == 0


# --- proof at rest --------------------------------------------------

_CHANGES = [
    ("UPDATE entries SET body=replace(body, 'NO_FINDING', 'CHECK') WHERE seq=2", "expected row 2 with hash"),
    ("UPDATE entries SET header=replace(header, 'O-7', 'O-8') WHERE seq=2", "expected row 2 with hash"),
    ("UPDATE entries SET header='{' WHERE seq=2", "expected row 2 as it came, got one that cannot be read"),
    ("DELETE FROM entries WHERE seq=2", "expected row 2, got row 3."),
    ("DELETE FROM entries WHERE seq=3", "expected row 3, got none."),
    ("UPDATE personal SET value='\"x\"' WHERE seq=1 AND name='parcel'", "expected the 'parcel' of row 1 that its box"),
    ("UPDATE heads SET document=replace(document, 'bench-1', 'bench-2') WHERE seq=3", "a head signed by its device"),
    ("UPDATE ledgers SET hash='0'", "expected its end at row 3 with hash 0, got"),
    ("UPDATE deletions SET document=replace(document, 'O-1', 'O-2')", "expected deletion 1, signed, after the one"),
]


@pytest.mark.parametrize(("change", "sentence"), _CHANGES, ids=[sentence for _, sentence in _CHANGES])
def test_what_was_changed_at_rest_is_named_and_alarmed_once(place: Place, change: str, sentence: str) -> None:
    for number in (1, 2, 3):
        place.inspected(number)
    place.retain(3 * D)
    assert prove(place.central).wrong == ()
    with writing(place.central.engine) as connection:
        connection.execute(text(change.replace(":", r"\:")))
    (wrong,) = prove(place.central, anew=True).wrong
    assert sentence in wrong
    prove(place.central, anew=True)
    with reading(place.central.engine) as connection:
        assert [row.code for row in connection.execute(text("SELECT code FROM alarms"))] == ["altered"]


def test_a_changed_or_lost_picture_is_named(place: Place, tmp_path: Path) -> None:
    label, face = place.inspected(1)
    folder = tmp_path / "central" / "objects"
    (folder / label[:2] / label).write_bytes(b"another")
    (folder / face[:2] / face).unlink()
    told = prove(place.central, pictures=True)
    assert told.pictures == 0
    assert sorted(told.wrong) == sorted(
        [
            f"bench-1: expected picture {label}, got {hashlib.sha256(b'another').hexdigest()}.",
            f"bench-1: expected picture {face}, got none.",
        ]
    )


def test_proof_goes_on_from_where_it_stood(place: Place) -> None:
    place.inspected(1)
    assert prove(place.central).rows == 1
    place.inspected(2)
    assert (prove(place.central).rows, prove(place.central).rows, prove(place.central, anew=True).rows) == (1, 0, 2)
    assert json.loads(_head(place))["signed"]["seq"] == 2


def _head(place: Place) -> str:
    with reading(place.central.engine) as connection:
        return str(connection.execute(text("SELECT document FROM heads WHERE seq=2")).scalar_one())
