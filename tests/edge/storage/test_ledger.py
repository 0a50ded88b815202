"""The ledger: durable before it answers, append-only, chained, whole after whatever happened."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.errors import Conflict, LedgerError
from edge.inspection import Origin
from edge.lookup import Sighting
from edge.moment import ClockTrust, Moment
from edge.releases import version
from edge.storage.ledger import Entry, Ledger
from edge.storage.ledger_reader import LedgerReader, verified
from edge.storage.ledger_schema import found
from edge.storage.outbox import Acknowledged, Outbox

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
ORIGIN = Origin("bench-1", "1", "not signed in", "boot-1")


def entry(inspection: str = "i1", kind: str = "assessed", **more: Any) -> Entry:
    given: dict[str, Any] = {"body": {"number": 1, "words": "香水"}, "at": Moment(DAY, ClockTrust.SYNCED)}
    return Entry(kind=kind, inspection=inspection, origin=ORIGIN, **(given | more))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    ledger = Ledger.open(path, "bench-1", place="Narita")
    yield ledger
    ledger.close()


def reopened(ledger: Ledger) -> Ledger:
    ledger.close()
    return Ledger.open(ledger.path, "bench-1")


# --- appending and reading --------------------------------------------------


def test_a_row_comes_back_as_it_was_written(ledger: Ledger) -> None:
    written = entry(personal={"consignor.name": "Bright Gadget", "parcel": "RR473124829JP"}, key="k1")
    (row,) = ledger.append([written])
    assert (row.seq, row.entry, row.previous != row.hash) == (1, written, True)
    assert ledger.inspection("i1") == (row,)
    assert ledger.row(1) == ledger.by_key("assessed", "k1") == row
    assert ledger.row(2) is None
    assert ledger.by_key("disposed", "k1") is None
    assert ledger.by_key("assessed", "") is None
    assert ledger.inspection("i2") == ledger.inspection("") == ()


def test_rows_are_told_newest_first_and_sent_oldest_first(ledger: Ledger) -> None:
    for number in range(1, 7):
        ledger.append([entry(f"i{number}", "assessed" if number % 2 else "next")])
    assert [row.seq for row in ledger.recent(3)] == [6, 5, 4]
    assert [row.seq for row in ledger.recent(3, before=4)] == [3, 2, 1]
    assert [row.seq for row in ledger.recent(9, kinds=["next"])] == [6, 4, 2]
    assert [row.seq for row in ledger.recent(9, station="2")] == []
    assert [row.seq for row in ledger.outbox(4, 10)] == [5, 6]


def test_the_newest_rows_of_a_quiet_station_are_found_without_reading_the_others(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet = Origin("bench-1", "2", "O", "b")
    ledger.append([Entry("assessed", "q", quiet, Moment(DAY, ClockTrust.SYNCED), {})])
    ledger.append([entry(f"i{number}") for number in range(20)])
    asked: list[tuple[str, Any]] = []
    real = ledger._all

    def noted(sql: str, arguments: Any = ()) -> list[Any]:
        asked.append((sql, arguments))
        return real(sql, arguments)

    monkeypatch.setattr(ledger, "_all", noted)
    assert [row.seq for row in ledger.recent(3, 9, kinds=["assessed", "next"], station="2")] == [1]
    assert ledger.recent(3, kinds=["next"], station="2") == ledger.recent(3, before=1, station="2") == ()
    plan = str(real(f"EXPLAIN QUERY PLAN {asked[0][0]}", asked[0][1]))
    assert "USING INDEX entries_by_station (station=? AND seq<?)" in plan
    assert "TEMP B-TREE" not in plan


def test_a_ledger_of_an_earlier_version_gets_its_index(ledger: Ledger) -> None:
    ledger.append([entry()])
    ledger.close()
    with contextlib.closing(sqlite3.connect(ledger.path)) as connection:
        connection.execute("DROP INDEX entries_by_station")
    with contextlib.closing(Ledger.open(ledger.path, "bench-1")) as again:
        assert again.verify() == 1
        found = again._all("SELECT count(*) FROM sqlite_schema WHERE name='entries_by_station'")
        assert found == [(1,)]


def test_entries_of_one_append_follow_each_other(ledger: Ledger) -> None:
    first, second = ledger.append([entry(), entry(kind="next")])
    assert (second.seq, second.previous) == (2, first.hash)
    assert ledger.append([]) == ()


def test_the_same_key_and_body_answer_the_earlier_row(ledger: Ledger) -> None:
    (first,) = ledger.append([entry(key="k")])
    again = ledger.append([entry(key="k"), entry("i2")])
    assert [row.seq for row in again] == [1, 2]
    assert again[0] == first


def test_a_key_used_for_something_else_is_a_conflict_and_writes_nothing(ledger: Ledger) -> None:
    ledger.append([entry(key="k")])
    with pytest.raises(Conflict) as caught:
        ledger.append([entry("i2"), entry(key="k", body={"number": 2})])
    assert caught.value.code == "ledger_key_conflict"
    assert caught.value.message == ("'k': expected the same content as before under this idempotency key, got another.")
    assert ledger.head().seq == 1
    with pytest.raises(Conflict, match="Expected each key once in entries written together"):
        ledger.append([entry(key="m"), entry(key="m")])
    assert ledger.append([entry("i3")])[0].seq == 2


def test_a_body_that_json_cannot_carry_is_refused_before_it_is_written(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="nan"):
        ledger.append([entry(body={"score": float("nan")})])
    assert ledger.head().seq == 0


def test_many_writers_get_their_own_rows_in_one_chain(ledger: Ledger) -> None:
    seen: list[int] = []

    def write(writer: int) -> None:
        for number in range(20):
            (row,) = ledger.append([entry(f"w{writer}", body={"n": number})])
            assert row.entry.body == {"n": number}
            seen.append(row.seq)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(1, 121))
    assert ledger.verify() == 120
    for writer in range(6):
        assert [row.entry.body["n"] for row in ledger.inspection(f"w{writer}")] == list(range(20))


def test_a_caller_that_gives_up_does_not_stop_the_writer(ledger: Ledger) -> None:
    futures = [ledger.submit([entry(f"i{number}")]) for number in range(30)]
    given_up = [future for future in futures if future.cancel()]
    assert ledger.append([entry("last")])[0].seq == 31 - len(given_up)
    assert ledger.verify() == 31 - len(given_up)


def test_the_chain_goes_on_after_a_restart(ledger: Ledger) -> None:
    head = ledger.append([entry()])[0].hash
    with contextlib.closing(reopened(ledger)) as again:
        assert again.head().hash == head
        assert again.append([entry("i2")])[0].previous == head
        assert again.verify() == 2


def test_a_closed_ledger_takes_no_entry(ledger: Ledger) -> None:
    ledger.close()
    ledger.close()
    with pytest.raises(LedgerError, match=r"^Expected an open ledger, got one that is closed\.$"):
        ledger.append([entry()])


def test_another_process_reads_beside_the_writer(ledger: Ledger) -> None:
    ledger.append([entry(personal={"parcel": "RR1"})])
    reader = LedgerReader(ledger.path)
    assert reader.outbox(0, 5)[0].entry.personal == {"parcel": "RR1"}
    assert reader.verify() == 1
    reader.close()


def test_nobody_can_change_or_delete_a_row(ledger: Ledger) -> None:
    ledger.append([entry(personal={"parcel": "RR1"}, sightings=["s10:RR1"])])
    ledger.close()
    with contextlib.closing(sqlite3.connect(ledger.path)) as connection:
        for sql in (
            "UPDATE entries SET body='{}'",
            "DELETE FROM entries",
            "UPDATE personal SET name='x'",
            "UPDATE sightings SET place='x'",
            "DELETE FROM founding",
            "UPDATE founding SET body='{}'",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="the ledger is append-only"):
                connection.execute(sql)


# --- sightings ---------------------------------------------------------------


def test_an_earlier_inspection_of_the_same_item_is_seen_within_the_window(ledger: Ledger) -> None:
    old = Moment(DAY - timedelta(days=400), ClockTrust.SYNCED)
    ledger.append([entry("old", at=old, sightings=["sgtin:1:A"])])
    ledger.append([entry("i1", sightings=["sgtin:1:A", "S10:RR1"], personal={"parcel": "RR1"})])
    ledger.append([entry("i1", sightings=["sgtin:1:A", "S10:RR1"], at=Moment(DAY + timedelta(1), ClockTrust.SYNCED))])
    since = DAY - timedelta(days=365)
    earlier = Sighting("i1", "1", "Narita", DAY, "RR1")
    assert ledger.sightings(["sgtin:1:A", "S10:RR1"], since) == (earlier,)
    assert ledger.sightings(["sgtin:1:a", "sgtin:2:A"], since) == ()
    assert ledger.sightings(["sgtin:1:A"], since, excluding="i1") == ()
    assert [sighting.inspection for sighting in ledger.sightings(["sgtin:1:A"], DAY - timedelta(999))] == ["old", "i1"]


def test_a_parcel_number_read_after_the_goods_still_tells_the_parcel(ledger: Ledger) -> None:
    ledger.append([entry("i1", sightings=["sgtin:1:A"])])
    rows = ledger.append([entry("i1", sightings=["sgtin:1:A", "S10:RR1"], personal={"parcel": "RR1"})])
    assert [sighting.parcel for sighting in ledger.sightings(["sgtin:1:A"], DAY)] == ["RR1"]
    ledger.erase_personal(rows, origin=ORIGIN, at=Moment(DAY, ClockTrust.SYNCED), reason="retention")
    assert [sighting.parcel for sighting in ledger.sightings(["sgtin:1:A"], DAY)] == [""]


def test_a_parcel_is_known_by_every_number_of_its_own_and_by_none_of_a_consolidation(ledger: Ledger) -> None:
    numbers = json.dumps([{"scheme": "AWB", "value": "13112345675"}, {"scheme": "S10", "value": "RR1"}])
    sscc = json.dumps([{"value": "106141411234567897"}])
    told = {
        "identity.parcel_numbers": numbers,
        "identity.sscc": sscc,
        "parcel": "13112345675",
    }  # as it once was written
    ledger.append([entry("i1", sightings=["sgtin:1:A"], personal=told)])
    (seen,) = ledger.sightings(["sgtin:1:A"], DAY)
    assert (seen.parcel, seen.numbers) == ("RR1", frozenset({"RR1", "106141411234567897"}))
    only = {"identity.parcel_numbers": json.dumps([{"scheme": "AWB", "value": "13112345675"}]), "parcel": "13112345675"}
    ledger.append([entry("i2", sightings=["sgtin:1:B"], personal=only)])
    assert [one.numbers for one in ledger.sightings(["sgtin:1:B"], DAY)] == [frozenset()]


def test_parcel_numbers_and_names_lie_nowhere_in_clear(ledger: Ledger) -> None:
    ledger.append([entry(sightings=["S10:RR473124829JP"], personal={"consignor.name": "Bright Gadget"})])
    ledger.close()
    for file in ledger.path.parent.iterdir():
        content = file.read_bytes()
        assert b"RR473124829JP" not in content
        assert b"Bright Gadget" not in content


# --- erasure -----------------------------------------------------------------


def test_erasing_personal_values_leaves_the_chain_whole_and_a_row(ledger: Ledger) -> None:
    rows = ledger.append(
        [entry(personal={"consignor.name": "A", "parcel": "RR1"}), entry("i2", personal={"parcel": "2"})]
    )
    at = Moment(DAY + timedelta(days=180), ClockTrust.FLOOR)
    row = ledger.erase_personal(rows[:1], origin=ORIGIN, at=at, reason="retention", names=["consignor.name"])
    assert (row.entry.kind, row.entry.inspection) == ("erased", "i1")
    assert row.entry.body == {"rows": [1], "names": ["consignor.name"], "reason": "retention"}
    assert ledger.inspection("i1")[0].entry.personal == {"parcel": "RR1"}
    ledger.erase_personal(ledger.outbox(0, 9), origin=ORIGIN, at=at, reason="retention")
    assert [found.entry.personal for found in ledger.outbox(0, 9)] == [{}] * 4
    assert ledger.verify() == 4


def test_a_lost_storage_key_hides_personal_values_and_nothing_else(ledger: Ledger) -> None:
    ledger.append([entry(personal={"parcel": "RR1"})])
    ledger.close()
    (ledger.path.parent / "storage.key").write_bytes(b"k" * 32)
    with contextlib.closing(Ledger.open(ledger.path, "bench-1")) as again:
        assert again.inspection("i1")[0].entry.personal == {}
        assert again.verify() == 1


# --- tampering and damage ------------------------------------------------------


def tampered(path: Path, sql: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"DROP TRIGGER entries_keep; DROP TRIGGER entries_stay; {sql}")
        connection.commit()


@pytest.mark.parametrize(
    ("sql", "came"),
    [
        ("UPDATE entries SET body='{\"number\":9}' WHERE seq=3", "row 3 with hash"),
        ("UPDATE entries SET officer='other' WHERE seq=3", "row 3 with hash"),
        ("UPDATE entries SET at='2020' || substr(at, 5) WHERE seq=3", "row 3 with hash"),
        ("DELETE FROM entries WHERE seq=3", "row 4 after row 2"),
        ("UPDATE entries SET previous=hash WHERE seq=3", "row 3 that follows"),
        ("DELETE FROM entries WHERE seq=1", "row 2 after row 0"),
    ],
)
def test_a_changed_row_breaks_the_chain_and_is_named(ledger: Ledger, sql: str, came: str) -> None:
    for number in range(5):
        ledger.append([entry(body={"number": number})])
    ledger.close()
    tampered(ledger.path, sql)
    reader = LedgerReader(ledger.path)
    with pytest.raises(LedgerError, match=f"expected a whole ledger, got {came}") as caught:
        reader.verify()
    assert caught.value.code == "ledger_damaged"
    reader.close()


# --- verified by an auditor, without a bench --------------------------------------------------


def contents(directory: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in directory.iterdir() if not file.name.endswith("-shm")}


@pytest.mark.parametrize(
    ("sql", "came"),
    [
        ("UPDATE entries SET officer='other' WHERE seq=3", "row 3 with hash"),
        ("UPDATE entries SET commitments='{' WHERE seq=2", "row 2 that cannot be read."),
        ("UPDATE entries SET body=x'00' WHERE seq=4", "row 4 that cannot be read."),
        ("DELETE FROM entries WHERE seq=2", "row 3 after row 1."),
    ],
)
def test_an_auditor_is_told_the_row_and_nothing_is_touched(ledger: Ledger, sql: str, came: str) -> None:
    for number in range(4):
        ledger.append([entry(body={"number": number}, personal={"parcel": "RR1"})])
    ledger.close()
    assert verified(ledger.path) == 4
    tampered(ledger.path, sql)
    before = contents(ledger.path.parent)
    with pytest.raises(LedgerError) as caught:
        verified(ledger.path)
    assert caught.value.code == "ledger_damaged"
    assert caught.value.message.startswith(f"{ledger.path}: expected a whole ledger, got {came}")
    assert contents(ledger.path.parent) == before


def test_where_there_is_no_ledger_none_is_made(path: Path) -> None:
    with pytest.raises(LedgerError) as caught:
        verified(path)
    assert (caught.value.code, caught.value.message) == ("ledger_missing", f"{path}: expected a ledger, got no file.")
    assert not path.parent.exists()


def test_an_auditor_reads_beside_a_running_bench_and_after_a_kill(ledger: Ledger, tmp_path: Path) -> None:
    ledger.append([entry()])
    assert verified(ledger.path) == 1
    ledger.append([entry("i2")])
    before = contents(ledger.path.parent)
    assert verified(ledger.path) == 2
    assert contents(ledger.path.parent) == before
    killed = tmp_path / "killed"
    shutil.copytree(ledger.path.parent, killed)
    (killed / "storage.key").unlink()
    before = contents(killed)
    assert before["ledger.db-wal"]
    assert verified(killed / "ledger.db") == 2
    assert contents(killed) == before


def test_an_auditor_is_told_what_is_no_ledger(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database at all" * 400)
    with pytest.raises(LedgerError) as caught:
        verified(path)
    assert caught.value.message == f"{path}: expected a whole ledger, got no SQLite database."
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x)")
    with pytest.raises(LedgerError, match="expected a ledger, got another SQLite database"):
        verified(path)


@given(
    bodies=st.lists(
        st.dictionaries(
            st.text(max_size=8),
            st.text(max_size=8)
            | st.integers(-(2**53) + 1, 2**53 - 1)
            | st.floats(allow_nan=False, allow_infinity=False),
            max_size=4,
        ),
        min_size=1,
        max_size=6,
    ),
    names=st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=20), max_size=3),
)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_whatever_is_written_verifies(ledger: Ledger, bodies: list[dict[str, Any]], names: dict[str, str]) -> None:
    before = ledger.head().seq
    rows = ledger.append([entry(body=body, personal=names) for body in bodies])
    assert ledger.verify() == before + len(bodies)
    assert [row.entry.personal for row in ledger.outbox(before, 99)] == [dict(names)] * len(rows)


def test_a_damaged_ledger_is_set_aside_and_the_bench_goes_on(ledger: Ledger) -> None:
    for number in range(40):
        ledger.append([entry(f"i{number}")])
    last = ledger.head()
    ledger.close()
    content = bytearray(ledger.path.read_bytes())
    content[4096:12288] = b"\xaa" * 8192
    ledger.path.write_bytes(content)
    with contextlib.closing(Ledger.open(ledger.path, "bench-1")) as fresh:
        aside = ledger.path.with_name("ledger.damaged-1.db")
        assert fresh.state().set_aside == "ledger.damaged-1.db"
        assert aside.read_bytes() == bytes(content)
        assert fresh.founding()["predecessor"]["file"] == "ledger.damaged-1.db"
        assert fresh.head().ledger != last.ledger
        assert fresh.append([entry()])[0].seq == 1


def test_a_tampered_end_of_the_chain_is_set_aside_with_its_last_row_noted(ledger: Ledger) -> None:
    ledger.append([entry(), entry("i2")])
    last = ledger.head()
    ledger.close()
    tampered(ledger.path, "UPDATE entries SET officer='other' WHERE seq=1")
    with contextlib.closing(Ledger.open(ledger.path, "bench-1")) as fresh:
        predecessor = fresh.founding()["predecessor"]
        assert predecessor["last"] == {"seq": last.seq, "hash": last.hash}
        assert "row 1 with hash" in predecessor["came"]


@pytest.mark.parametrize("content", [b"not a database at all" * 400, b"SQLite format 3\x00 cut"])
def test_a_file_that_is_no_database_is_set_aside(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    for number in (1, 2):
        with contextlib.closing(Ledger.open(path, "bench-1")) as fresh:
            assert fresh.append([entry()])[0].seq == 1
        assert path.with_name(f"ledger.damaged-{number}.db").read_bytes() == content
        path.write_bytes(content)


def test_a_ledger_damaged_while_the_bench_runs_is_replaced_without_losing_the_result(ledger: Ledger) -> None:
    for number in range(50):
        ledger.append([entry(f"i{number}", body={"words": "x" * 3000})])
    size = ledger.path.stat().st_size
    ledger._file.checkpoint()
    with ledger.path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xaa" * (max(size, ledger.path.stat().st_size) - 4096))
    ledger._file.connection.execute("PRAGMA shrink_memory")
    with contextlib.suppress(LedgerError):
        ledger.inspection("i3")
    (row,) = ledger.append([entry("new")])
    assert ledger.row(row.seq) == row
    assert ledger.inspection("new") == (row,)


def overwritten(path: Path, start: int = 4096) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\xaa" * (path.stat().st_size - start))


def waited(ledger: Ledger) -> None:
    """Until the writer has come round once more."""
    ledger.append([])


@pytest.mark.parametrize("start", [0, 4096])
def test_damage_that_only_a_reader_meets_is_set_aside_and_reading_goes_on(ledger: Ledger, start: int) -> None:
    for number in range(50):
        ledger.append([entry(f"i{number}", body={"words": "x" * 3000})])
    ledger._file.empty_wal()
    overwritten(ledger.path, start)
    with ThreadPoolExecutor(1) as other, pytest.raises(LedgerError) as caught:  # a thread with nothing cached
        other.submit(ledger.inspection, "i3").result()
    assert caught.value.code == "ledger_damaged"
    waited(ledger)
    assert ledger.state().set_aside == "ledger.damaged-1.db"
    assert ledger.inspection("i3") == ()
    (row,) = ledger.append([entry("new")])
    assert ledger.inspection("new") == (row,)
    assert [file.name for file in ledger.path.parent.glob("*.damaged-*.db")] == ["ledger.damaged-1.db"]


def test_a_quiet_bench_looks_at_its_ledger_too(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    replaced = threading.Event()
    real = ledger._replace

    def noted(came: str) -> None:
        real(came)
        replaced.set()

    monkeypatch.setattr(ledger, "_replace", noted)
    ledger.append([entry(body={"words": "x" * 9000})])
    ledger._file.empty_wal()
    overwritten(ledger.path)
    with ThreadPoolExecutor(1) as other, pytest.raises(LedgerError):
        other.submit(ledger.recent, 5).result()
    assert replaced.wait(60)
    assert ledger.state().set_aside == "ledger.damaged-1.db"


def test_a_row_whose_words_are_damaged_is_met_by_its_reader_too(ledger: Ledger) -> None:
    words = b"the words of one row"
    ledger.append([entry("i1"), entry("i2", body={"words": words.decode()}), entry("i3")])
    ledger._file.empty_wal()
    content = ledger.path.read_bytes()
    ledger.path.write_bytes(content.replace(words, b'"' * len(words)))
    with ThreadPoolExecutor(1) as other, pytest.raises(LedgerError, match=r"got row 2 that cannot be read\.$"):
        other.submit(ledger.inspection, "i2").result()
    waited(ledger)
    assert ledger.founding()["predecessor"]["file"] == ledger.state().set_aside == "ledger.damaged-1.db"


def test_a_whole_ledger_is_kept_when_a_reader_was_wrong_about_it(ledger: Ledger) -> None:
    ledger.append([entry()])
    ledger._noticed()
    waited(ledger)
    assert (ledger.state().rows, ledger.state().set_aside) == (1, "")


def test_nothing_is_erased_in_a_ledger_that_took_the_place_of_the_damaged_one(ledger: Ledger) -> None:
    rows = ledger.append([entry(personal={"parcel": "RR1"}, body={"words": "x" * 9000})])
    ledger._file.empty_wal()
    overwritten(ledger.path)
    ledger._noticed()
    with pytest.raises(LedgerError, match="expected a whole ledger, got damage in it"):
        ledger.erase_personal(rows, origin=ORIGIN, at=Moment(DAY, ClockTrust.SYNCED), reason="retention")
    assert ledger.head().seq == 0


def test_an_empty_file_becomes_a_ledger(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    with contextlib.closing(Ledger.open(path, "bench-1")) as ledger:
        assert ledger.state().set_aside == ""
        assert ledger.founding()["device"] == "bench-1"


def refused(path: Path) -> tuple[str, str]:
    with pytest.raises(LedgerError) as caught:
        Ledger.open(path, "bench-1")
    assert caught.value.hint
    return caught.value.code, caught.value.message


def test_somebody_elses_database_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x)")
    before = path.read_bytes()
    assert refused(path) == ("ledger_wrong_file", f"{path}: expected a ledger, got another SQLite database.")
    assert path.read_bytes() == before


def test_a_ledger_of_a_newer_schema_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    found(path, "bench-1")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version=2")
    assert refused(path) == (
        "ledger_newer_schema",
        f"{path}: expected a ledger of schema 1 or older, which program {version()} writes, got 2.",
    )


def test_two_benches_never_write_one_ledger(ledger: Ledger) -> None:
    message = f"{ledger.path}: expected no other bench on this state directory, got a running one."
    assert refused(ledger.path) == ("ledger_locked", message)


# --- a full disk ---------------------------------------------------------------


def test_a_full_disk_frees_the_reserve_and_the_result_is_recorded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with contextlib.closing(Ledger.open(path, "bench-1", reserve_bytes=100_000)) as ledger:
        assert path.with_name("ledger.reserve").stat().st_size == 100_000
        assert ledger.state().reserve_used is False
        limit = ledger._file.connection.execute("PRAGMA page_count").fetchone()[0]
        ledger._file.connection.execute(f"PRAGMA max_page_count={limit}")
        free = ledger._file.free_reserve

        def room_again() -> bool:
            freed = free()
            if freed:
                ledger._file.connection.execute(f"PRAGMA max_page_count={limit + 20}")
            return freed

        monkeypatch.setattr(ledger._file, "free_reserve", room_again)
        monkeypatch.setattr(ledger._file, "restore_reserve", lambda: None)
        big = {"words": "x" * 9_000}
        rows = ledger.append([entry("i1", body=big)])
        assert rows[0].seq == 1
        assert ledger.state().reserve_used is True
        with pytest.raises(LedgerError) as caught:
            ledger.append([entry("i2", body={"words": "x" * 200_000})])
        assert caught.value.code == "ledger_full"
        assert caught.value.message == (
            f"{path}: expected room for a result, got: database or disk is full; the reserve is used up."
        )
        assert ledger.verify() == 1
        assert ledger.append([entry("i3")])[0].seq == 2


FULL_DISK = """
import sys, itertools
from datetime import UTC, datetime
from pathlib import Path
from edge.errors import EvidenceError, LedgerError
from edge.inspection import Origin
from edge.moment import ClockTrust, Moment
from edge.storage.evidence import EvidenceStore
from edge.storage.ledger import Entry, Ledger
state = Path(sys.argv[1])
ledger = Ledger.open(state / "ledger.db", "b", reserve_bytes=1_500_000)
store = EvidenceStore(state, reserve_bytes=1_500_000)
for number in itertools.count():
    try:
        store.put(number.to_bytes(4, "big") * 50_000, "image/jpeg")
    except EvidenceError as error:
        print(error.code)
        break
def entry(number):
    moment = Moment(datetime(2026, 11, 21, tzinfo=UTC), ClockTrust.SYNCED)
    return Entry("assessed", f"i{number}", Origin("b", "1", "o", "b"), moment, {"words": "x" * 2000})
written = 0
try:
    for number in range(2_000):
        ledger.append([entry(number)])
        written += 1
        if number % 50 == 0:  # pictures never take the room that was freed for results
            try:
                store.put(b"late" * 200_000 + number.to_bytes(4, "big"), "image/jpeg")
                print("kept")
            except EvidenceError:
                pass
except LedgerError as error:
    print(error.code)
print(written, ledger.state().reserve_used, ledger.verify() == written)
ledger.close()
"""


def test_on_a_really_full_disk_results_outlive_pictures(tmp_path: Path) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("no unshare here, so no disk of our own to fill")
    script = tmp_path / "full.py"
    script.write_text(FULL_DISK)
    mount = tmp_path / "disk"
    mount.mkdir()
    inside = f"mount -t tmpfs -o size=6m tmpfs {mount} && exec {sys.executable} {script} {mount}"
    done = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", inside],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    if "mount" in done.stderr or "unshare" in done.stderr:
        pytest.skip(f"no own mounts here: {done.stderr.strip()}")
    assert done.stderr == ""
    evidence, full, said = done.stdout.splitlines()
    written, reserve_used, whole = said.split()
    assert (evidence, full, reserve_used, whole) == ("evidence_full", "ledger_full", "True", "True")
    assert int(written) > 200


# --- a killed bench --------------------------------------------------------------

KILLED = """
import sys, threading
from datetime import UTC, datetime
from pathlib import Path
from edge.inspection import Origin
from edge.moment import ClockTrust, Moment
from edge.storage.ledger import Entry, Ledger
ledger = Ledger.open(Path(sys.argv[1]), "b")
moment = Moment(datetime(2026, 11, 21, tzinfo=UTC), ClockTrust.SYNCED)
def write(writer):
    for number in range(100_000):
        body = {"words": "x" * (37 * number % 5_000)}
        (row,) = ledger.append([Entry("assessed", f"{writer}", Origin("b", "1", "o", "b"), moment, body)])
        sys.stdout.write(f"{row.seq} {row.hash}\\n")
        sys.stdout.flush()
for writer in range(4):
    threading.Thread(target=write, args=(writer,), daemon=True).start()
threading.Event().wait()
"""


@pytest.mark.parametrize("rows", [3, 40, 150])
def test_every_acknowledged_row_outlives_a_kill(tmp_path: Path, rows: int) -> None:
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    path = tmp_path / "ledger.db"
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    with subprocess.Popen([sys.executable, script, path], stdout=subprocess.PIPE, text=True, env=environment) as bench:
        assert bench.stdout is not None
        acknowledged = [bench.stdout.readline().split() for _number in range(rows)]
        bench.send_signal(signal.SIGKILL)
        acknowledged += [line.split() for line in bench.stdout.read().splitlines() if len(line.split()) == 2]
    with contextlib.closing(Ledger.open(path, "b")) as ledger:
        assert ledger.state().set_aside == ""
        kept = {(str(row.seq), row.hash) for row in ledger.outbox(0, 100_000)}
        assert {(seq, digest) for seq, digest in acknowledged if len(digest) == 64} <= kept
        assert ledger.verify() == len(kept)


# --- the outbox --------------------------------------------------------------------


def test_a_recipient_acknowledges_forwards_only(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.json")
    assert outbox.acknowledged("central") == Acknowledged("", 0)
    outbox.acknowledge("central", Acknowledged("l1", 7, "receipt"))
    outbox.acknowledge("port", Acknowledged("l1", 3))
    assert Outbox(tmp_path / "outbox.json").acknowledged("central") == Acknowledged("l1", 7, "receipt")
    assert (outbox.least("l1"), outbox.least("l2")) == (3, 0)
    with pytest.raises(LedgerError, match=r"^central: expected a sequence of 7 or more, got 6\.$"):
        outbox.acknowledge("central", Acknowledged("l1", 6))
    outbox.acknowledge("central", Acknowledged("l2", 1))
    (tmp_path / "outbox.json").write_text("[")
    with pytest.raises(LedgerError, match="expected acknowledgements as JSON"):
        outbox.acknowledged("central")


def test_the_outbox_keeps_the_last_receipt_of_each_ledger_and_reads_what_it_wrote_before(tmp_path: Path) -> None:
    path = tmp_path / "outbox.json"
    path.write_text('{"central": {"ledger": "l1", "seq": 7, "receipt": "seven"}}')  # as boxes wrote it before
    outbox = Outbox(path)
    assert outbox.receipts() == {"l1": ["seven"]}
    outbox.acknowledge("central", Acknowledged("l2", 1, "one"))
    outbox.acknowledge("central", Acknowledged("l2", 2, "two"))
    outbox.acknowledge("port", Acknowledged("l1", 3, "three"))
    assert Outbox(path).receipts() == {"l2": ["two"], "l1": ["seven", "three"]}
    assert (outbox.acknowledged("central"), outbox.least("l1")) == (Acknowledged("l2", 2, "two"), 0)
    outbox.acknowledge("central", Acknowledged("l1", 4, "four"))  # sent anew: what reached further still proves it
    assert outbox.receipts() == {"l1": ["seven", "three"], "l2": ["two"]}
    outbox.acknowledge("central", Acknowledged("l1", 5, "five"))
    assert outbox.receipts() == {"l1": ["seven", "three"], "l2": ["two"]}
    outbox.acknowledge("central", Acknowledged("l1", 8, "eight"))
    assert outbox.receipts() == {"l1": ["eight", "three"], "l2": ["two"]}


def test_the_state_counts_what_was_not_sent(ledger: Ledger) -> None:
    ledger.append([entry(), entry("i2"), entry("i3")])
    assert ledger.state().unsent == 3
    Outbox(ledger.path.with_name("outbox.json")).acknowledge("central", Acknowledged(ledger.head().ledger, 2))
    assert (ledger.state().rows, ledger.state().unsent) == (3, 1)


def test_an_export_holds_every_row_and_no_personal_value(ledger: Ledger) -> None:
    rows = ledger.append([entry(personal={"parcel": "RR1"}), entry("i2")])
    lines = [json.loads(line) for line in ledger.export()]
    assert [line["hash"] for line in lines] == [row.hash for row in rows]
    assert list(lines[0]["commitments"]) == ["parcel"]
    assert b"RR1" not in b"".join(ledger.export())
