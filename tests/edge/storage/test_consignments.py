"""The box's consignments: found by their numbers, sealed, replaced whole, deleted when their time is over."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from edge.command_consignments import consignments_app
from edge.errors import BoxError, Conflict
from edge.forgetting import Forgetting
from edge.inspection import Origin
from edge.manifests.importing import Import, taken_in
from edge.manifests.inbox import LEFT_S, REST_S, Inbox, set_aside
from edge.moment import ClockTrust, Moment
from edge.policy import builtin
from edge.storage.consignment_segment import Segment, document_key, number_key
from edge.storage.consignments import Consignments
from edge.storage.ledger import Ledger
from edge.storage.refused_manifests import REASON, RefusedManifests

DAY = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
NUMBER = "RR473124829JP"


@dataclass
class Box:
    folder: Path
    now: datetime = DAY
    trust: ClockTrust = ClockTrust.SYNCED

    def __post_init__(self) -> None:
        self.cache = Consignments(self.folder)
        self.ledger = Ledger.open(self.folder / "ledger.db", "bench-1")
        self.forgetting = Forgetting(
            self.cache,
            self.ledger,
            policy=builtin,
            now=self.moment,
            origin=lambda _: Origin("bench-1", "", "-", "boot"),
        )

    def moment(self) -> Moment:
        return Moment(self.now, self.trust)

    def close(self) -> None:
        self.cache.close()
        self.ledger.close()

    def takes(self, *documents: dict[str, Any], name: str = "m.json") -> tuple[int, int]:
        path = self.folder / name
        path.write_text(json.dumps(documents))
        report = taken_in(path, self.cache, self.moment())
        return report.taken, report.refused

    def says(self, *numbers: str, others: tuple[str, ...] = ()) -> str | None:
        found = self.cache.declared(numbers, others)
        return None if found is None else f"{found.several} stand here" if found.several else found.lines[0].description


def declared(document: str, says: str, **more: Any) -> dict[str, Any]:
    return {"document": document, "lines": [{"description": says}], **more}


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = Box(tmp_path)
    yield made
    made.close()


def test_a_consignment_is_found_by_every_number_that_it_goes_by(box: Box) -> None:
    assert box.says(NUMBER) is None
    box.takes(declared("RR 473 124 829 jp", "cup", numbers=["(00)106141411234567897"]), declared("HUB-4711/26", "pot"))
    assert [box.says(NUMBER), box.says("106141411234567897")] == ["cup", "cup"]
    assert [box.says("RR000000005JP"), box.says("RR000000005JP", others=("?", "hub 4711-26"))] == [None, "pot"]
    assert box.says(NUMBER, others=("HUB-4711/26",)) == "cup"
    assert number_key("00106141411234567897") == number_key("106141411234567897")


def test_what_is_declared_again_replaces_what_was_declared_before(box: Box) -> None:
    box.takes(declared(NUMBER, "cup"), declared("B", "hat"))
    box.takes(declared(NUMBER, "pot"), declared("C", "ring"))
    assert [box.says(NUMBER), box.says("B"), box.says("C")] == ["pot", "hat", "ring"]
    ((segment, imports),) = box.cache.imports()
    assert (box.cache.count(segment), [(one.number, one.taken) for one in imports]) == (3, [(1, 2), (2, 2)])


def test_a_larger_segment_of_the_day_and_one_of_another_day_are_left_alone(box: Box) -> None:
    box.takes(declared(NUMBER, "cup"), declared("B", "hat"))
    box.takes(declared(NUMBER, "pot"))
    box.now += timedelta(days=1)
    box.takes(declared("C", "ring"))
    assert [one.path.name for one in box.cache.segments()] == [
        "2026-11-23-000003.db",
        "2026-11-22-000002.db",
        "2026-11-22-000001.db",
    ]
    assert [box.says(NUMBER), box.says("B"), box.says("C")] == ["pot", "hat", "ring"]


def test_a_number_of_several_issuers_chooses_none(box: Box) -> None:
    box.takes(declared("4711", "cup", issuer="Umi"), declared("4711", "pot", issuer="Yama"), declared(NUMBER, "hat"))
    assert [box.says("4711"), box.says("4711", NUMBER)] == ["2 stand here", "3 stand here"]
    box.takes(declared("9", "ring", numbers=["4712"]), declared("4712", "fan"))
    assert box.says("4712") == "fan"


AWB, HOUSE = "131-12345675", "HUB-0003/26"


def crowd(box: Box) -> None:
    """Sixty house waybills of one aircraft, and a postal item that names it, too."""
    houses = [declared(f"HUB-{n:04}/26", f"goods {n}", issuer="Umi", numbers=[AWB, f"{n:018}"]) for n in range(60)]
    box.takes(*houses, declared(NUMBER, "cup", numbers=["13112345675"]))


def test_what_one_is_asked_for_by_its_own_number_is_found_however_many_share_another(box: Box) -> None:
    crowd(box)
    assert box.says(AWB, NUMBER) == box.says(NUMBER, AWB) == "cup"
    assert box.says(AWB, others=(HOUSE,)) == box.says(AWB, others=("?", "hub 0003 26")) == "goods 3"
    assert box.says(AWB, f"{59:018}") == "goods 59"
    assert box.says(AWB) == "50 stand here"


def test_a_house_number_of_two_issuers_is_told_apart_by_what_else_stands_on_the_parcel(box: Box) -> None:
    crowd(box)
    box.takes(declared(HOUSE, "hat", issuer="Yama"))
    assert (box.says("1", others=(HOUSE,)), box.says(AWB, others=(HOUSE,))) == ("2 stand here", "goods 3")


def test_what_was_replaced_is_found_by_no_number_that_it_alone_had(box: Box) -> None:
    box.takes(declared("HX-77", "pen", issuer="Umi", numbers=["N1"]), declared("B", "hat"))
    box.takes(declared("HX-77", "corrected earphones", issuer="Umi", numbers=["N2"]))
    assert len(box.cache.segments()) == 2
    new = "corrected earphones"
    assert [box.says(number) for number in ("N1", "N2", "HX-77")] == [None, new, new]


def test_house_numbers_that_differ_by_a_hyphen_alone_are_two_documents(box: Box) -> None:
    assert box.takes(declared("4711-8", "cup", issuer="Umi"), declared("471-18", "pot", issuer="Umi")) == (2, 0)
    assert [box.says("x", others=(one,)) for one in ("47118", "471-18")] == ["2 stand here", "pot"]
    assert document_key("rr 473 124 829 jp") == NUMBER
    assert document_key(AWB) == document_key("13112345675")
    assert document_key("(00) 106141411234567897") == "106141411234567897"


def test_a_document_that_says_the_same_twice_in_a_manifest_is_taken_once(box: Box) -> None:
    assert box.takes(declared(NUMBER, "cup"), declared("B", "hat"), declared(NUMBER, "cup")) == (2, 1)
    assert box.says(NUMBER) == "cup"
    assert box.cache.refusals(1) == (
        "row 3: document: 'RR473124829JP': expected each document once in a manifest, got it again.",
    )


def test_of_a_document_that_says_two_things_in_a_manifest_neither_is_used_and_what_stood_before_stays(box: Box) -> None:
    box.takes(declared(NUMBER, "pen"))
    twice = [declared(NUMBER, "cup"), declared("B", "hat"), declared("RR473124829jp", "pot"), declared(NUMBER, "cup")]
    assert box.takes(*twice) == (1, 3)
    assert [box.says(NUMBER), box.says("B")] == ["pen", "hat"]
    got = "expected each document once in a manifest, got another declaration of it: neither is used."
    assert box.cache.refusals(2) == (
        f"row 3: document: 'RR473124829jp': {got}",
        f"row 4: document: 'RR473124829JP': {got}",
    )
    ((segment, imports),) = box.cache.imports()
    assert (box.cache.count(segment), [(one.taken, one.refused) for one in imports]) == (2, [(1, 0), (1, 3)])


def test_half_of_a_declaration_whose_rows_do_not_stand_together_is_not_used(box: Box) -> None:
    (box.folder / "m.csv").write_text("document,description\nA,shoes\nB,hat\nA,earphones\n")
    report = taken_in(box.folder / "m.csv", box.cache, box.moment())
    assert (report.taken, report.refused, box.says("A"), box.says("B")) == (1, 2, None, "hat")


def test_nothing_declared_can_be_read_from_the_files(box: Box) -> None:
    box.takes(declared(NUMBER, "Hanako's cup", consignee={"name": "Hanako Yamada"}), {"document": "x", "hanako": 1})
    (segment,) = box.cache.segments()
    data = segment.path.read_bytes()
    assert not [word for word in (b"Hanako", b"hanako", b"cup", NUMBER.encode()) if word in data]
    assert segment.path.stat().st_mode & 0o777 == 0o600


def test_an_import_that_is_cut_off_leaves_nothing_in_use(box: Box) -> None:
    (box.folder / "m.json").write_text(json.dumps([declared(NUMBER, "cup"), declared("B", "hat")]))
    cut = Import(box.folder / "m.json", box.cache, box.moment())
    assert cut.piece(1)
    with pytest.raises(Conflict) as refused:
        taken_in(box.folder / "m.json", box.cache, box.moment())
    assert refused.value.message == (
        f"{box.cache.directory}: expected to be the only one who imports, got another at it."
    )
    cut.close()
    (box.cache.directory / "building" / "000007.db").write_bytes(b"of a power cut")
    assert (box.says(NUMBER), box.takes(declared("B", "hat"))) == (None, (1, 0))
    assert list((box.cache.directory / "building").iterdir()) == []


def test_a_damaged_segment_is_told(box: Box) -> None:
    box.takes(declared(NUMBER, "cup"))
    (segment,) = box.cache.segments()
    segment.path.chmod(0o600)
    segment.path.write_bytes(b"x" * 8192)
    with pytest.raises(BoxError) as told:
        Consignments(box.folder).declared([NUMBER])
    assert (told.value.code, told.value.message) == (
        "consignments_unreadable",
        f"{segment.path}: expected a segment of consignments, got: file is not a database.",
    )


def test_consignments_go_when_their_time_is_over_and_a_row_says_so(box: Box) -> None:
    box.takes(declared(NUMBER, "cup"), declared("B", "hat"))
    box.now += timedelta(days=60)
    box.forgetting.piece()
    assert box.says("B") == "hat"
    box.now += timedelta(days=1)
    box.forgetting.piece()
    (row,) = box.ledger.recent(5, kinds=("forgotten",))
    assert (box.says("B"), box.cache.segments()) == (None, ())
    assert row.entry.body == {
        "reason": "retention",
        "rule": "consignments_days",
        "term": 60,
        "policy": builtin().title,
        "segments": [["2026-11-22-000001.db", 2]],
    }


def test_a_deletion_that_was_cut_off_is_ended_without_a_second_row(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.takes(declared(NUMBER, "cup"))
    box.now += timedelta(days=61)

    def cut(*_: object) -> None:
        raise OSError

    with monkeypatch.context() as patched:
        patched.setattr(Segment, "drop", cut)
        with pytest.raises(OSError, match=r"^$"):
            box.forgetting.piece()
    box.forgetting.piece()
    assert (box.cache.segments(), len(box.ledger.recent(5, kinds=("forgotten",)))) == ((), 1)


def test_by_a_clock_that_is_not_believed_nothing_goes_and_the_countdown_waits(box: Box) -> None:
    box.trust = ClockTrust.UNTRUSTED
    box.takes(declared(NUMBER, "cup"))
    box.now += timedelta(days=400)
    box.forgetting.piece()
    assert [one.day for one in box.cache.segments()] == [None]
    box.trust = ClockTrust.SYNCED
    box.forgetting.piece()
    assert [one.day for one in box.cache.segments()] == [box.now.date()]
    assert box.says(NUMBER) == "cup"


def refuse(box: Box, name: str = "m.csv") -> Inbox:
    inbox = Inbox(box.folder, box.cache, box.moment)
    lay(inbox, name.encode(), b"colour\n")
    while inbox.piece():
        pass
    return inbox


def test_manifests_that_cannot_be_used_go_by_the_same_countdown_and_the_row_tells_how_many(box: Box) -> None:
    inbox = refuse(box)
    refuse(box, "n.csv")
    box.now += timedelta(days=60)
    refuse(box, "later.csv")
    box.forgetting.piece()
    assert set_aside(box.folder) == ("later.csv", "m.csv", "n.csv")
    box.now += timedelta(days=1)
    box.forgetting.piece()
    (row,) = box.ledger.recent(5, kinds=("forgotten",))
    assert row.entry.body["refused"] == [["2026-11-22", 2]]
    assert [path.name for path in (inbox.directory / "refused").iterdir()] == ["2027-01-21"]
    assert set_aside(box.folder) == ("later.csv",)
    box.forgetting.piece()
    assert len(box.ledger.recent(5, kinds=("forgotten",))) == 1


def test_what_was_refused_by_a_clock_that_is_not_believed_or_by_a_program_of_before_counts_from_the_first_day(
    box: Box,
) -> None:
    box.trust = ClockTrust.UNTRUSTED
    refused = refuse(box).directory / "refused"
    assert [path.name for path in refused.iterdir()] == ["undated"]
    (refused / "m.csv").write_text("of before")
    (refused / f"m.csv{REASON}").write_text("why it was")
    (refused / f"gone.csv{REASON}").write_text("of one that somebody took away")
    box.now += timedelta(days=400)
    box.trust = ClockTrust.SYNCED
    box.forgetting.piece()
    (day,) = refused.iterdir()
    assert day.name == f"{box.now.date()}"
    assert sorted(path.name for path in day.iterdir()) == [
        "m-2.csv",
        f"m-2.csv{REASON}",
        "m.csv",
        f"m.csv{REASON}",
    ]
    assert (day / f"m-2.csv{REASON}").read_text() == "why it was"


def test_the_command_says_how_many_manifests_cannot_be_used_and_since_when_they_are_kept(box: Box) -> None:
    refuse(box)
    refuse(box, "n.csv")
    told = CliRunner().invoke(consignments_app, ["status", "--state-dir", str(box.folder)]).stdout
    assert told == "inbox/refused: manifests that cannot be used, 2, kept 60 days since 2026-11-22\nno consignments\n"


def test_refused_manifests_that_cannot_be_read_keep_no_declaration_from_going(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.takes(declared(NUMBER, "cup"))
    refuse(box)
    box.now += timedelta(days=61)

    def unreadable(_: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(RefusedManifests, "days", unreadable)
        with pytest.raises(PermissionError):
            box.forgetting.piece()
    assert (box.cache.segments(), set_aside(box.folder)) == ((), ("m.csv",))
    box.forgetting.piece()
    rows = box.ledger.recent(5, kinds=("forgotten",))
    told = [(row.entry.body.get("segments"), row.entry.body.get("refused")) for row in rows]
    assert told == [(None, [["2026-11-22", 1]]), ([["2026-11-22-000001.db", 1]], None)]


def test_what_an_import_that_was_cut_off_has_left_goes_by_itself_but_not_while_one_is_at_work(box: Box) -> None:
    (box.folder / "m.json").write_text(json.dumps([declared(NUMBER, "cup"), declared("B", "hat")]))
    at_work = Import(box.folder / "m.json", box.cache, box.moment())
    at_work.piece(1)
    box.forgetting.piece()
    assert (at_work.piece(10), at_work.finish().taken) == (False, 2)
    at_work.close()
    left = box.cache.directory / "building" / "000007.db"
    left.write_bytes(b"of a power cut")
    box.forgetting.piece()
    assert not left.exists()


def test_what_is_no_manifest_by_its_name_or_never_became_whole_is_set_aside(box: Box) -> None:
    inbox = Inbox(box.folder, box.cache, box.moment)
    lay(inbox, b"m.txt", b"Hanako Yamada")
    lay(inbox, b".half.json", b'[{"document":"A"}, {"docum')
    (inbox.directory / "folder.csv").mkdir()
    while inbox.piece():
        pass
    assert (set_aside(box.folder), (inbox.directory / ".half.json").exists()) == (("m.txt",), True)
    old = time.time() - LEFT_S - 10
    os.utime(inbox.directory / ".half.json", (old, old))
    while inbox.piece():
        pass
    reasons = {path.name: path.read_text() for path in (inbox.directory / "refused").glob(f"*/*{REASON}")}
    assert reasons == {
        f"m.txt{REASON}": "m.txt: expected a manifest named *.csv, *.json, *.jsonl or *.xml, got '.txt'."
        " docs/consignments.md describes the forms.\n",
        f".half.json{REASON}": ".half.json: expected to be renamed when it is whole, got nothing more written to it"
        " for a day.\n",
    }


def test_a_manifest_with_a_very_long_name_has_its_reason_beside_it(box: Box) -> None:
    inbox = refuse(box, f"{'m' * 250}.csv")
    (reason,) = (inbox.directory / "refused").glob(f"*/*{REASON}")
    assert reason.read_text().startswith("row 1: 'colour'")


def test_the_inbox_is_taken_in_and_emptied_and_what_is_no_manifest_is_put_aside(box: Box) -> None:
    inbox = Inbox(box.folder, box.cache, box.moment)
    assert inbox.piece() is False
    inbox.directory.mkdir(parents=True)
    good, early, odd = (inbox.directory / name for name in ("a.json", "b.json", "c.json"))
    for path in (good, early):
        path.write_text(json.dumps([declared(f"{path.stem}{number}", "cup") for number in range(60)]))
    odd.symlink_to(box.folder / "ledger.db")
    old = time.time() - REST_S - 10
    os.utime(good, (old, old))
    assert [inbox.piece(), inbox.piece(), inbox.piece()] == [True, True, False]
    assert (box.says("a59"), box.says("b1")) == ("cup", None)
    for path in (early, odd):
        os.utime(path, (old, old), follow_symlinks=False)
    while inbox.piece():
        pass
    assert sorted(path.name for path in inbox.directory.iterdir()) == ["refused"]
    assert set_aside(box.folder) == ("c.json",)
    assert box.says("b1") == "cup"


BAD = [  # name as bytes, content, why it is set aside
    (
        b"header.csv",
        b'"document"x,description\n',
        "row 1: '\"document\"x,description': expected a CSV row of column names",
    ),
    (
        b"sjis.xml",
        b'<?xml version="1.0" encoding="Shift_JIS"?><a/>',
        "row 1: expected XML without a document type, got",
    ),
    (b"no\xe9.json", b"[{}]", "row 1: document: '': expected a value, got none."),
    (b"new\nline.csv", b"colour\nred\n", "row 1: 'colour': expected a column of docs/consignments.md, got another."),
]


def lay(inbox: Inbox, name: bytes, content: bytes) -> None:
    inbox.directory.mkdir(parents=True, exist_ok=True)
    path = inbox.directory / os.fsdecode(name)
    path.write_bytes(content)
    old = time.time() - REST_S - 10
    os.utime(path, (old, old))


@pytest.mark.parametrize(("name", "content", "why"), BAD)
def test_no_file_of_the_inbox_keeps_another_from_being_taken_in_and_its_reason_stands_beside_it(
    box: Box, name: bytes, content: bytes, why: str
) -> None:
    inbox = Inbox(box.folder, box.cache, box.moment)
    lay(inbox, name, content)
    lay(inbox, b"z.json", json.dumps([declared("B", "cup")]).encode())
    while inbox.piece():
        pass
    assert (box.says("B"), list(inbox.directory.glob("*.*"))) == ("cup", [])
    (reason,) = (inbox.directory / "refused" / "2026-11-22").glob(f"*{REASON}")
    assert why in reason.read_text("utf-8")


def test_a_file_with_a_name_of_no_encoding_is_taken_in_by_inbox_and_command(box: Box) -> None:
    inbox = Inbox(box.folder, box.cache, box.moment)
    lay(inbox, b"no\xe9.json", json.dumps([declared("B", "cup")]).encode())
    while inbox.piece():
        pass
    assert (box.says("B"), box.cache.imports()[0][1][0].file) == ("cup", r"no\xe9.json")
    path = box.folder / os.fsdecode(b"no\xe9.json")
    path.write_text(json.dumps([declared("B", "cup")]))
    run = CliRunner().invoke(consignments_app, ["import", str(path), "--state-dir", str(box.folder)])
    assert (run.exit_code, run.stdout) == (0, "no\\xe9.json: 1 consignments taken, 0 rows refused\n")


def test_a_refused_file_stays_when_another_of_its_name_is_refused(box: Box) -> None:
    inbox = Inbox(box.folder, box.cache, box.moment)
    for content in (b"colour\n", b"shape\n"):
        lay(inbox, b"m.csv", content)
        os.utime(inbox.directory / "m.csv", (len(content), len(content)))  # written at another time
        while inbox.piece():
            pass
    assert set_aside(box.folder) == ("m-2.csv", "m.csv")
    assert (inbox.directory / "refused" / "2026-11-22" / "m.csv").read_bytes() == b"colour\n"


def test_a_file_that_cannot_be_taken_away_is_taken_in_once(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = Inbox(box.folder, box.cache, box.moment)
    lay(inbox, b"m.json", json.dumps([declared("B", "cup")]).encode())

    unlink = Path.unlink

    def refused(path: Path, *, missing_ok: bool = False) -> None:
        if path.parent == inbox.directory:
            raise PermissionError(1, "Operation not permitted")
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refused)
        with pytest.raises(PermissionError):
            inbox.piece()
    assert (inbox.piece(), len(box.cache.segments()), box.says("B")) == (False, 1, "cup")


def test_the_command_imports_and_says_what_is_there(tmp_path: Path) -> None:
    manifest = tmp_path / "m.jsonl"
    manifest.write_text(json.dumps(declared(NUMBER, "cup")) + "\n{}\n")
    state = tmp_path / "state"
    run = CliRunner().invoke(consignments_app, ["import", str(manifest), "--state-dir", str(state)])
    assert (run.exit_code, run.stdout) == (0, "m.jsonl: 1 consignments taken, 1 rows refused\n")
    assert run.stderr == "m.jsonl, row 2: document: '': expected a value, got none.\n"
    told = CliRunner().invoke(consignments_app, ["status", "--state-dir", str(state)]).stdout
    assert "1 consignments, kept 60 days" in told
    assert "import 1: m.jsonl of " in told
    shown = CliRunner().invoke(consignments_app, ["status", "--refused", "1", "--state-dir", str(state)])
    assert shown.stdout == "row 2: document: '': expected a value, got none.\n"
