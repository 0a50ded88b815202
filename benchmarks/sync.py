"""What bringing results to a central costs, on a real PostgreSQL, against a bare COPY of the same run.

    ./run bench sync [--inspections 300] [--rows 40000] [--feed-rows 60000] [--day 3000] [--only PART]

Rows are those of a real bench: a code scan of a drawn product with a postal label, then the officer's decision.

1. ingest: batches of 200, signatures and chains verified, one process on one core, PostgreSQL on the other; the peer is
   a bare COPY of the very rows that ingest writes. Limits: 5,000 rows/s and half of the peer.
2. feed: six boxes write while one reads; rows missed or shown twice (limit 0), and how fast all is read again
   (limit 20,000 rows/s, as JSON text before HTTP).
3. wire: bytes per result without images, a result being an inspection with its decision (limit 400 a row told).
4. commits: groups of 64 rows made durable by the ledger of a box, in turns with raw SQLite (WAL, synchronous=FULL, one
   table, no chain, no seal, the same bodies) on the same disk. Limit 0.8 of it.
5. day: a day's inspections over a link of 64 kbit/s with 0.3 s of delay (limit 180 s for 3,000).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine
from uuid_utils import uuid7

from benchmarks import postgres
from benchmarks.drawn_registry import Drawn, draw
from benchmarks.faults import link as weather
from benchmarks.limits import Limits
from benchmarks.processes import cpu_s
from edge.app import open_bench
from edge.arrival import Arrival
from edge.inspection import Decision
from edge.moment import ClockTrust, Moment
from edge.settings import Settings
from edge.steps.capture import RawCode
from edge.storage.chain import Entry, Head
from edge.storage.ledger import Ledger
from edge.storage.ledger_reader import LedgerReader
from sync.central.central import Central
from sync.central.clients import Client
from sync.central.database import copy, migrate, opened, writing
from sync.central.intake.devices import enrol, new_token
from sync.central.intake.ingest import entry_of, ingest, values_of
from sync.central.intake.objects import ObjectsOnDisk
from sync.central.onward import feed
from sync.central.tables import entries, personal
from sync.link import Link
from sync.link import enrol as enrolled
from sync.protocol import key_id, make_batch, verified_batch
from sync.push import Signer, push

INGEST_LIMIT, COPY_SHARE, READ_LIMIT, WIRE_LIMIT, DAY_LIMIT_S = 5_000.0, 0.5, 20_000.0, 400.0, 180.0
COMMIT_SHARE, _GROUP, _GROUPS = 0.8, 64, 60
DAY_OF = 3_000
_BATCH = 200
_AT_ONCE = 2  # requests of a worker in flight: one is verified while another is written
_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)  # of S10
NOW = Moment(datetime(2026, 11, 21, 9, tzinfo=UTC), ClockTrust.SYNCED)


@dataclass(frozen=True)
class Box:
    """A box with a key that the central knows."""

    device: str
    private: Ed25519PrivateKey

    def batches(self, reader: LedgerReader, count: int) -> list[bytes]:
        """The first `count` rows of a ledger in the name of this box."""
        founding, key, made = reader.founding(), key_id(self.private.public_key()), []
        for after in range(0, count, _BATCH):
            rows = reader.outgoing(after, min(_BATCH, count - after))
            end = Head(founding["ledger"], rows[-1].seq, rows[-1].hash)
            made.append(make_batch(self.device, founding, rows, end=end, made=NOW, sign=self.private.sign, key=key))
        return made


def inspected(folder: Path, count: int) -> tuple[Entry, ...]:
    """What a real bench records of `count` scanned parcels, each released by an officer."""
    drawn, chance = Drawn(2_000, 20_000, 1), random.Random(3)
    draw(folder / "edition.sqlite", 2_000, 20_000)
    settings = Settings(state_dir=folder / "bench", registry=folder / "edition.sqlite", place="Naha", workers=1)
    with open_bench(settings) as bench:
        for _ in range(count):
            product, serial = drawn.serial(chance.randrange(20_000))
            digits = f"{chance.randrange(10**8):08}"
            rest = 11 - sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True)) % 11
            label = f"RR{digits}{ {10: 0, 11: 5}.get(rest, rest) }JP"
            codes = (
                RawCode(f"]d201{drawn.gtin(product)}21{serial}".encode(), "scanner:gun-3"),
                RawCode(label.encode(), "scanner:gun-3"),
            )
            told = bench.inspect(Arrival("1", codes, joins=False))
            bench.dispose(told.inspection, Decision.RELEASE, officer="O-7", reason="as told")
    with closing(LedgerReader(folder / "bench" / "ledger.db")) as reader:
        return tuple(row.entry for row in reader.outbox(0, 10 * count) if row.entry.kind in {"assessed", "disposed"})


def many(recorded: Sequence[Entry], ledger: Ledger, rows: int) -> None:
    """Write `rows` rows: the recorded inspections over and over, each time as new ones."""
    written = 0
    while written < rows:
        names: dict[str, str] = {}
        entries_: list[Entry] = []
        for entry in recorded[: rows - written]:
            name = names.setdefault(entry.inspection, str(uuid7()))
            entries_.append(replace(entry, inspection=name, key="", sightings=(f"s:{written + len(entries_)}",)))
        for start in range(0, len(entries_), 500):
            ledger.append(entries_[start : start + 500])
        written += len(entries_)


@contextmanager
def on_postgresql(folder: Path, cores: tuple[int, ...]) -> Iterator[tuple[Central, postgres.Server]]:
    """A central on a durable PostgreSQL of its own."""
    with postgres.running(durable=True, cores=cores) as server:
        engine = opened(server.new_database())
        migrate(engine)
        yield Central(engine, ObjectsOnDisk(folder), Ed25519PrivateKey.generate()), server
        engine.dispose()


def known_box(central: Central, device: str) -> Box:
    """A box that the central has enrolled."""
    box = Box(device, Ed25519PrivateKey.generate())
    public = box.private.public_key().public_bytes_raw().hex()
    with writing(central.engine) as connection:
        token = new_token(connection, "http://central", central.id, device, port="Naha", now=central.now())
        enrol(connection, central.private, device, public, proof=token.proof(public), now=central.now())
    return box


def measure_ingest(folder: Path, reader: LedgerReader, rows: int, limits: Limits) -> None:
    """Ingest against a bare COPY of the same rows into the same tables, in turns."""
    cores = sorted(os.sched_getaffinity(0))
    each = rows // 3 // _AT_ONCE
    os.sched_setaffinity(0, cores[:1])
    try:
        with on_postgresql(folder, tuple(cores[-1:])) as (central, server):
            taken: list[float] = []
            copied: list[float] = []
            cpu = _Cpu(server.pid), _Cpu(server.pid)
            for turn in range(3):
                boxes = [known_box(central, f"box-{turn}-{number}") for number in range(_AT_ONCE)]
                batches = [box.batches(reader, each) for box in boxes]
                prepared = [
                    [_written(data, box, f"peer-{box.device}") for data in mine]
                    for box, mine in zip(boxes, batches, strict=True)
                ]
                with cpu[0]:
                    taken.append(_at_once(lambda mine: _take_all(central, mine), batches))
                with cpu[1]:
                    copied.append(_at_once(lambda mine: _bare_all(central.engine, mine), prepared))
    finally:
        os.sched_setaffinity(0, cores)
    count = each * _AT_ONCE
    mine, peer = count / sorted(taken)[1], count / sorted(copied)[1]
    limits.require("ingest", kept=mine >= INGEST_LIMIT)
    limits.require("ingest against COPY", kept=mine >= COPY_SHARE * peer)
    print(f"ingest: {mine:,.0f} rows/s, median of 3 turns with {count:,} rows, {_AT_ONCE} requests at once")
    print(f"  limit {INGEST_LIMIT:,.0f}, ratio {mine / INGEST_LIMIT:.2f}")
    print(f"  bare COPY of the same rows: {peer:,.0f} rows/s; ratio {mine / peer:.2f}, limit {COPY_SHARE}")
    own, theirs = ((spent.client / count / 3 * 1e6, spent.server / count / 3 * 1e6) for spent in cpu)
    print(
        f"  CPU time a row, whatever else this machine does: ingest {own[0]:.0f} µs and {own[1]:.0f} µs in PostgreSQL,"
    )
    print(f"  COPY {theirs[0]:.0f} µs and {theirs[1]:.0f} µs; a core of its own each: {1e6 / max(own):,.0f} rows/s,")
    print(f"  ratio to COPY {max(theirs) / max(own):.2f}")


class _Cpu:
    """CPU seconds of this process and of PostgreSQL while its blocks ran."""

    def __init__(self, server: int) -> None:
        self._pid = server
        self.client = self.server = 0.0

    def __enter__(self) -> None:
        self.client -= time.process_time()
        self.server -= cpu_s(self._pid)

    def __exit__(self, *_: object) -> None:
        self.client += time.process_time()
        self.server += cpu_s(self._pid)


def _at_once(work: Callable[[Any], object], parts: Sequence[Any]) -> float:
    """Seconds that threads take for `work` on each part."""
    started = time.perf_counter()
    with ThreadPoolExecutor(len(parts)) as pool:
        list(pool.map(work, parts))
    return time.perf_counter() - started


def _written(data: bytes, box: Box, device: str) -> tuple[list[Any], list[Any]]:
    """The very tuples that ingest writes, under another device's name."""
    batch = verified_batch(data, box.private.public_key())
    ledger = batch.claim.ledger
    return (
        [entry_of(device, ledger, "Naha", row) for row in batch.rows],
        [value for row in batch.rows for value in values_of(device, ledger, row)],
    )


def _bare_all(engine: Engine, batches: Sequence[tuple[list[Any], list[Any]]]) -> None:
    for rows, values in batches:
        with writing(engine) as connection:
            copy(connection, entries, rows)
            copy(connection, personal, values)


def measure_feed(folder: Path, reader: LedgerReader, rows: int, limits: Limits) -> None:
    """Six writers and a reader; then everything is read again."""
    everyone = Client("all", nominal=False)
    with on_postgresql(folder, ()) as (central, _):
        boxes = [known_box(central, f"box-{number}") for number in range(6)]
        each = rows // 6
        batches = [box.batches(reader, each) for box in boxes]
        writers = [threading.Thread(target=_take_all, args=(central, mine)) for mine in batches]
        for writer in writers:
            writer.start()
        seen: list[int] = []
        chains: dict[str, int] = {}
        out_of_order = 0
        started = time.perf_counter()
        while True:
            alive = any(writer.is_alive() for writer in writers)
            feed.sequence(central.engine)
            while True:
                page = feed.page(central.engine, everyone, feed.Wanted(seen[-1] if seen else 0, 2_000))
                for row in page.rows:
                    cursor, device, seq = _place(row)
                    seen.append(cursor)
                    out_of_order += seq != chains.get(device, 0) + 1
                    chains[device] = seq
                if page.at_end:
                    break
            if not alive:
                break
        took = time.perf_counter() - started
        missed = 6 * each - len(set(seen)) + (len(seen) - len(set(seen))) + out_of_order
        limits.require("feed missed", kept=missed == 0)
        print(f"feed: {len(seen):,} rows read while 6 boxes wrote, in {took:.0f} s")
        print(f"  missed, twice or out of order: {missed}, limit 0")
        started, spent, after, size = time.perf_counter(), time.process_time(), 0, 0
        while not (page := feed.page(central.engine, everyone, feed.Wanted(after, 5_000))).at_end or page.rows:
            after = page.next
            size += sum(map(len, page.rows))
            if page.at_end:
                break
        speed = 6 * each / (time.perf_counter() - started)
        cpu = (time.process_time() - spent) / 6 / each * 1e6
        limits.require("feed read", kept=speed >= READ_LIMIT)
        print(f"  read again: {speed:,.0f} rows/s of {size / 6 / each:,.0f} bytes")
        print(f"  limit {READ_LIMIT:,.0f}, ratio {speed / READ_LIMIT:.2f}; {cpu:.0f} µs of CPU time a row")


def _place(row: str) -> tuple[int, str, int]:
    told = json.loads(row)
    return told["cursor"], told["device"], told["row"]["seq"]


def _take_all(central: Central, batches: Sequence[bytes]) -> None:
    for data in batches:
        ingest(central.engine, central.id, data, central.stamp())


def measure_wire(reader: LedgerReader, inspections: int, limits: Limits) -> None:
    """Bytes of batches."""
    box = Box("box-1", Ed25519PrivateKey.generate())
    batches = box.batches(reader, 2 * inspections)
    size = sum(map(len, batches)) / (2 * inspections)
    bodies = sum(len(row.body) for row in reader.outgoing(0, 200)) / 200
    print(f"wire: {size:.0f} bytes a row, {2 * size:.0f} an inspection with its decision")
    print(f"  the body of a row is {bodies:.0f} bytes")
    print(f"  a result (row): {limits.judged('wire', size, WIRE_LIMIT, 'bytes')}")


def measure_commits(folder: Path, recorded: Sequence[Entry], limits: Limits) -> None:
    """The ledger of a box against a bare table, a group of rows each in turns."""
    rows = [recorded[number % len(recorded)] for number in range(_GROUP)]
    bodies = [(json.dumps(row.body).encode(),) for row in rows]
    mine: list[float] = []
    peer: list[float] = []
    cpu = 0.0
    place = folder / "commits"
    with (
        closing(Ledger.open(place / "ledger.db", "box-1")) as ledger,
        closing(sqlite3.connect(place / "raw.db", isolation_level=None)) as raw,
    ):
        raw.execute("PRAGMA journal_mode=WAL")
        raw.execute("PRAGMA synchronous=FULL")
        raw.execute("CREATE TABLE t (seq INTEGER PRIMARY KEY, body BLOB)")
        for number in range(_GROUPS):
            named = [replace(row, inspection=f"i{number}-{each}", key="") for each, row in enumerate(rows)]
            started, spent = time.perf_counter(), time.process_time()
            ledger.append(named)
            mine.append(time.perf_counter() - started)
            cpu += time.process_time() - spent
            started = time.perf_counter()
            raw.execute("BEGIN IMMEDIATE")
            raw.executemany("INSERT INTO t (body) VALUES (?)", bodies)
            raw.execute("COMMIT")
            peer.append(time.perf_counter() - started)
    speeds = _GROUP / sorted(mine)[_GROUPS // 2], _GROUP / sorted(peer)[_GROUPS // 2]
    limits.require("commits", kept=speeds[0] >= COMMIT_SHARE * speeds[1])
    print(f"commits of {_GROUP} rows, {_GROUPS} times in turns, medians: ledger {speeds[0]:,.0f} rows/s,")
    print(f"  raw SQLite WAL FULL {speeds[1]:,.0f} rows/s; ratio {speeds[0] / speeds[1]:.2f}, limit {COMMIT_SHARE}")
    print(f"  CPU time of the ledger {cpu / _GROUP / _GROUPS * 1e6:.0f} µs a row")


def measure_day(folder: Path, recorded: Sequence[Entry], day: int, limits: Limits) -> None:
    """A day over a bad link."""
    from tests.central.serving import serving  # noqa: PLC0415 - only this part

    engine = opened(f"sqlite:///{folder / 'central.db'}")
    migrate(engine)
    central = Central(engine, ObjectsOnDisk(folder), Ed25519PrivateKey.generate())
    state = folder / "day"
    with closing(Ledger.open(state / "ledger.db", "box-1")) as ledger:
        many(recorded, ledger, 2 * day)
    private = Ed25519PrivateKey.generate()
    with serving(central) as url:
        port = int(url.rpartition(":")[2])
        with weather.bad(("127.0.0.1", port), weather.Weather(delay_s=0.3, bytes_per_s=8_000.0), seed=1) as relay:
            with writing(engine) as connection:
                address = f"http://127.0.0.1:{relay.port}"
                token = new_token(connection, address, central.id, "box-1", port="Naha", now=central.now())
            started = time.perf_counter()
            with closing(Link(enrolled(token, private), private)) as line:
                sent = push(state, line, Signer("box-1", private.sign, key_id(private.public_key())), lambda: NOW)
            took = time.perf_counter() - started
            size = relay.bytes_up
    engine.dispose()
    print(f"day: {day} inspections, {sent.rows} rows, {size:,} bytes up with headers, in {took:.0f} s")
    print(f"  the line alone takes {size / 8_000:.0f} s for these bytes")
    print(f"  for {DAY_OF}: {limits.judged('day', took * DAY_OF / day, DAY_LIMIT_S, 's')}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inspections", type=int, default=300)
    parser.add_argument("--rows", type=int, default=40_000)
    parser.add_argument("--feed-rows", type=int, default=60_000)
    parser.add_argument("--day", type=int, default=DAY_OF)
    parser.add_argument("--only", default="", choices=("", "ingest", "feed", "wire", "commits", "day"))
    options = parser.parse_args()
    limits = Limits()

    def wanted(part: str) -> bool:
        return options.only in {"", part}

    with tempfile.TemporaryDirectory(prefix="bench-sync-") as name:
        folder = Path(name)
        recorded = inspected(folder, options.inspections)
        most = max(options.rows // 3, options.feed_rows // 6, 2 * options.inspections)
        with closing(Ledger.open(folder / "many" / "ledger.db", "box-1")) as ledger:
            many(recorded, ledger, most)
        with closing(LedgerReader(folder / "many" / "ledger.db")) as reader:
            if wanted("wire"):
                measure_wire(reader, options.inspections, limits)
            if why := postgres.why_unavailable():
                print(f"NOT MEASURED: ingest and feed: {why}")
            else:
                if wanted("ingest"):
                    measure_ingest(folder, reader, options.rows, limits)
                if wanted("feed"):
                    measure_feed(folder, reader, options.feed_rows, limits)
        if wanted("commits"):
            measure_commits(folder, recorded, limits)
        if wanted("day"):
            measure_day(folder, recorded, options.day, limits)
    limits.end()


if __name__ == "__main__":
    main()
