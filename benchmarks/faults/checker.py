"""What the officer was told, held against what the box and the centre hold. It shares no code with the product.

Hashes and chains are computed here again from docs/integrator.md; databases are read by plain SQL.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg


@dataclass(frozen=True)
class Told:
    """What the officer was told: one recorded row, and the pictures that were kept with it."""

    seq: int
    hash: str
    kind: str
    inspection: str
    outcome: str
    parcel: str
    at: str
    pictures: list[str]

    def line(self) -> str:
        """As a note."""
        return "told " + json.dumps(asdict(self))


def told_of(notes: Iterable[str]) -> list[Told]:
    """Everything that notes say the officer was told."""
    lines = (json.loads(words.partition(" ")[2]) for words in notes if words.startswith("told "))
    return [Told(**cells) for cells in lines]


@dataclass(frozen=True)
class Centre:
    """Where a centre keeps what it has: a SQLite file or a PostgreSQL address, and its folder of objects."""

    database: str
    folder: Path

    def ask(self, *questions: str) -> list[list[tuple[Any, ...]]]:
        """The answers to some SELECTs."""
        if "=" in self.database:
            with psycopg.connect(self.database) as server:
                return [list(server.execute(sql).fetchall()) for sql in questions]
        with closing(sqlite3.connect(self.database, timeout=30)) as base:
            return [base.execute(sql).fetchall() for sql in questions]

    def holds(self, sha256: str) -> bool:
        """Whether a picture is there with the content of its name."""
        place = self.folder / "objects" / sha256[:2] / sha256
        return place.exists() and hashlib.sha256(place.read_bytes()).hexdigest() == sha256


def check(notes: Iterable[str], box: Path, centre: Centre, device: str, ledger: str = "", *, sent: bool) -> None:
    """Nothing lost, nothing twice, nothing changed, of one ledger of a device. `sent`: and everything is there.

    Raises:
        AssertionError: what is wrong.
    """
    notes = tuple(notes)
    told = told_of(notes)
    own = own_rows(box / "ledger.db")
    rows = chain_of(centre, device, ledger)
    assert [row["hash"] for row in rows] == own[: len(rows)], "the centre holds other rows than the box"
    assert len(own) >= max((one.seq for one in told), default=0), "the box lacks what it told"
    _as_told(told, rows, own)
    receipted = [int(words.split()[1]) for words in notes if words.startswith("receipted ")]
    least = max([*receipted, acknowledged(box)])
    assert len(rows) >= least, f"{least} rows are receipted, {len(rows)} at the centre"
    here, there, both = where(box, centre, (name for one in told for name in one.pictures))
    assert there <= deleted(box / "ledger.db"), f"gone from the box without a row: {sorted(there)[:3]}"
    assert not here - there - both or not sent, f"pictures that were not sent: {sorted(here - there)[:3]}"
    for receipt in (box / "receipts").glob("*/*.json"):
        assert centre.holds(receipt.stem), f"{receipt.stem} is receipted and not at the centre"
    if sent:
        assert len(rows) == len(own), f"{len(own)} rows on the box, {len(rows)} at the centre"
        fed(centre)


def own_rows(ledger: Path) -> list[str]:
    """The hashes of a box's rows, in order."""
    assert ledger.exists(), "the box has no ledger"
    with closing(sqlite3.connect(ledger, timeout=30)) as base:
        found = base.execute("SELECT seq, hash FROM entries ORDER BY seq").fetchall()
    assert [seq for seq, _ in found] == list(range(1, len(found) + 1)), "the box's ledger has gaps"
    return [digest for _, digest in found]


def acknowledged(box: Path) -> int:
    """Up to which row the box believes that a centre has it."""
    outbox = box / "outbox.json"
    return max((told["seq"] for told in json.loads(outbox.read_bytes()).values()), default=0) if outbox.exists() else 0


def chain_of(centre: Centre, device: str, ledger: str = "") -> list[Mapping[str, Any]]:
    """The rows of a device's ledger at a centre, whose chain is computed again; its only one when none is named."""
    chains, entries, values = centre.ask(
        "SELECT device, ledger, founding, seq, hash FROM ledgers",
        "SELECT device, ledger, seq, hash, kind, inspection, outcome, header, body FROM entries ORDER BY seq",
        "SELECT device, ledger, seq, name, salt, value FROM personal",
    )
    mine = [chain for chain in chains if chain[0] == device and ledger in {"", chain[1]}]
    assert len(mine) <= 1, f"expected one ledger of {device} at the centre, got {len(mine)}"
    stored = [row[2:] for row in entries if mine and row[:2] == mine[0][:2]]
    if not mine:
        return []
    _, name, founding, seq, head = mine[0]
    personal: dict[int, dict[str, tuple[str, str]]] = {}
    for owner, of, number, key, salt, value in values:
        if (owner, of) == (device, name):
            personal.setdefault(number, {})[key] = (salt, json.loads(value))
    previous = hashlib.sha256(founding.encode()).hexdigest()
    assert founding == _canonical(json.loads(founding)), "a founding that is not canonical"
    rows = []
    for place, (number, digest, kind, inspection, outcome, header, body) in enumerate(stored, start=1):
        row = json.loads(header)
        assert number == row["seq"] == place, f"row {number} at place {place} of the centre's"
        assert row["previous"] == previous, f"row {number} follows another row"
        assert row["hash"] == digest == _digest(row, body, previous), f"row {number} was changed"
        assert (row["kind"], row["inspection"]) == (kind, inspection), f"row {number} is found under other words"
        for key, (salt, value) in personal.get(number, {}).items():
            committed = hashlib.sha256(bytes.fromhex(salt) + key.encode() + b"\0" + value.encode()).hexdigest()
            assert row["commitments"][key] == committed, f"the {key} of row {number} was changed"
        row |= {"outcome": outcome, "body": json.loads(body), "personal": personal.get(number, {})}
        rows.append(row)
        previous = digest
    assert (seq, head) == (len(rows), previous), f"the centre says row {seq}, and has {len(rows)}"
    return rows


def _digest(row: Mapping[str, Any], body: str, previous: str) -> str:
    header = {
        "v": 1, "body": hashlib.sha256(body.encode()).hexdigest(), "personal": row["commitments"],
        "previous": previous,
        **{name: row[name] for name in (
            "seq", "kind", "inspection", "device", "station", "officer", "boot", "at", "clock", "key", "sightings",
        )},
    }  # fmt: skip
    return hashlib.sha256(_canonical(header).encode()).hexdigest()


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _as_told(told: Sequence[Told], rows: Sequence[Mapping[str, Any]], own: Sequence[str]) -> None:
    """Each row says what the officer was told, at its place, and stands nowhere else."""
    often = Counter((row["kind"], row["inspection"]) for row in rows)
    for one in told:
        assert own[one.seq - 1] == one.hash, f"row {one.seq} of the box is not the one that was told"
        if one.seq > len(rows):
            continue
        row = rows[one.seq - 1]
        came = (row["hash"], row["kind"], row["inspection"], row["outcome"], row["at"])
        expected = (one.hash, one.kind, one.inspection, one.outcome, one.at)
        assert came == expected, f"told {expected}, at the centre {came}"
        assert row["personal"].get("parcel", ("", ""))[1] == one.parcel, f"row {one.seq}: another parcel"
        assert often[one.kind, one.inspection] == 1, (
            f"{one.inspection} is {often[one.kind, one.inspection]} times there"
        )


def where(box: Path, centre: Centre, names: Iterable[str]) -> tuple[set[str], set[str], set[str]]:
    """Which pictures are on the box alone, at the centre alone, on both.

    Raises:
        AssertionError: one is nowhere.
    """
    here, there, both = set[str](), set[str](), set[str]()
    for name in set(names):
        kept = box / "evidence" / name[:2] / name
        place = (2 if centre.holds(name) else 0) + (1 if kept.exists() and kept.stat().st_size else 0)
        assert place, f"picture {name} is neither on the box nor at the centre"
        (here, there, both)[place - 1].add(name)
    return here, there, both


def deleted(ledger: Path) -> set[str]:
    """The pictures that a box's rows say it has deleted."""
    with closing(sqlite3.connect(ledger, timeout=30)) as base:
        bodies = [json.loads(body) for (body,) in base.execute("SELECT body FROM entries WHERE kind='deleted'")]
    return {name for body in bodies for name, _ in body["pictures"]}


def fed(centre: Centre) -> None:
    """The feed shows every row once, in the order of its chain, without a gap."""
    ranges, stands = centre.ask(
        "SELECT first, count, device, ledger, seq_from FROM feed ORDER BY first",
        "SELECT device, ledger, seq FROM ledgers",
    )
    cursor, seen = 1, Counter[tuple[str, str]]()
    for first, count, device, ledger, seq_from in ranges:
        assert first == cursor, f"cursor {first} after {cursor - 1}"
        assert seq_from == seen[device, ledger] + 1, f"row {seq_from} of {ledger} after row {seen[device, ledger]}"
        cursor += count
        seen[device, ledger] += count
    assert dict(seen) == {(device, ledger): seq for device, ledger, seq in stands if seq}, "the feed lacks rows"
