"""Counts for the fleet page: findings by what officers did with them, scores by bin, both by device and day.

They follow the feed under the one row of `fleet_head`, a page a transaction, so every row is counted once. An
inspection counts with the findings of its last assessment and the decision that stands; when either changes, the old
count is taken back. Counts name no parcel and stay; the findings of single inspections are kept for 90 days, after
which a late decision is not counted any more.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine, delete, insert, select, text, tuple_, update
from sqlalchemy.schema import Table

from sync.central.clients import Client
from sync.central.database import writing
from sync.central.fleet.drift import bin_of
from sync.central.intake.ingest import plain
from sync.central.onward import feed
from sync.central.tables import fired, fleet_head, rule_days, score_days

PAGE = 1_000
KEPT = timedelta(days=90)
_NOBODY = Client("fleet", nominal=False)
_LOCK = {"postgresql": text("SELECT last FROM fleet_head WHERE one=1 FOR UPDATE SKIP LOCKED")}
_LOCK_PLAIN = text("SELECT last FROM fleet_head WHERE one=1")

Inspection: TypeAlias = tuple[str, str]  # device and id


@dataclass(frozen=True, slots=True)
class Standing:
    """An inspection as it stands: the day of its last assessment, its findings, the officer's decision."""

    day: str
    codes: frozenset[str]
    decision: str = ""


def follow(engine: Engine, now: datetime, most_pages: int = 10) -> int:
    """Count what the feed has brought since; how many rows were looked at."""
    feed.sequence(engine)
    seen = 0
    for _ in range(most_pages):
        with engine.connect() as connection:
            last = int(connection.execute(select(fleet_head.c.last)).scalar_one())
        page = feed.page(engine, _NOBODY, feed.Wanted(last, PAGE))
        if page.next == last:
            break
        rows = [json.loads(row) for row in page.rows]
        with writing(engine) as connection:
            held = connection.execute(_LOCK.get(connection.dialect.name, _LOCK_PLAIN)).one_or_none()
            if held is None or held.last != last:
                break  # somebody else counts these
            _count(connection, rows)
            connection.execute(update(fleet_head).values(last=page.next))
        seen += len(rows)
    if seen:
        forgotten = (now - KEPT).date().isoformat()
        with writing(engine) as connection:
            connection.execute(delete(fired).where(fired.c.day < forgotten))
    return seen


def _count(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    touched = {_inspection(row) for row in rows if row["row"]["kind"] in {"assessed", "disposed"}}
    before = _kept(connection, touched)
    standing = dict(before)
    scores: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        told, inspection = row["row"], _inspection(row)
        try:
            if told["kind"] == "assessed":
                codes = frozenset(plain(str(one["code"])) for one in _at(told, "assessment", "verdict")["findings"])
                decision = standing[inspection].decision if inspection in standing else ""
                standing[inspection] = Standing(_day(told), codes, decision)
                scores.update((row["device"], _day(told), *one) for one in _scores(told["body"]["assessment"]))
            elif told["kind"] == "disposed" and inspection in standing:
                was = standing[inspection]
                decision = _at(told, "disposition")["decision"]
                standing[inspection] = Standing(was.day, was.codes, plain(str(decision or "")))
        except (KeyError, TypeError, AttributeError, IndexError, ValueError):
            continue  # no row of a bench: whatever holds a key may sign it
    _keep(connection, before, standing)
    _add(connection, rule_days, _counted(standing, before))
    _add(connection, score_days, scores)


def _kept(connection: Connection, touched: set[Inspection]) -> dict[Inspection, Standing]:
    found: dict[Inspection, Standing] = {}
    pairs = sorted(touched)
    for start in range(0, len(pairs), 200):
        where = tuple_(fired.c.device, fired.c.inspection).in_(pairs[start : start + 200])
        for one in connection.execute(select(fired).where(where)):
            was = found.get((one.device, one.inspection))
            codes = frozenset({one.code}) | (was.codes if was else frozenset())
            found[one.device, one.inspection] = Standing(one.day, codes, one.decision)
    return found


def _keep(connection: Connection, before: Mapping[Inspection, Standing], after: Mapping[Inspection, Standing]) -> None:
    changed = [one for one, state in after.items() if before.get(one) != state]
    for start in range(0, len(changed), 200):
        where = tuple_(fired.c.device, fired.c.inspection).in_(changed[start : start + 200])
        connection.execute(delete(fired).where(where))
    told = [
        {"device": one[0], "inspection": one[1], "code": code, "day": state.day, "decision": state.decision}
        for one in changed
        for state in (after[one],)
        for code in sorted(state.codes)
    ]
    if told:
        connection.execute(insert(fired), told)


def _counted(after: Mapping[Inspection, Standing], before: Mapping[Inspection, Standing]) -> Counter[tuple[Any, ...]]:
    counts: Counter[tuple[Any, ...]] = Counter()
    for states, sign in ((after, 1), (before, -1)):
        for (device, _), state in states.items():
            for code in state.codes:
                counts[device, state.day, code, state.decision] += sign
    return counts


def _add(connection: Connection, table: Table, counts: Mapping[tuple[Any, ...], int]) -> None:
    names = [column.name for column in table.columns]
    keys = names[:-1]
    sql = text(
        f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)})"  # noqa: S608 - our own
        f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET count={table.name}.count+excluded.count"
    )
    told = [dict(zip(names, (*key, count), strict=True)) for key, count in sorted(counts.items()) if count]
    if told:
        connection.execute(sql, told)


def _scores(assessment: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Pack and bin of every score of the newest capture, once: when the assessment is the one that it brought."""
    seen = assessment["seen"]
    if not seen["captures"] or "compare" not in assessment["stage_ms"]:
        return
    newest = seen["captures"][-1]["sha256"]
    for one in seen["comparisons"]:
        if one["capture"] == newest and one["score"] is not None:
            yield plain(str(one["pack"])), bin_of(float(one["score"]))


def _inspection(row: Mapping[str, Any]) -> Inspection:
    return str(row["device"]), plain(str(row["row"]["inspection"]))


def _day(told: Mapping[str, Any]) -> str:
    return datetime.fromisoformat(told["at"]).astimezone(UTC).date().isoformat()


def _at(told: Mapping[str, Any], *names: str) -> Any:  # noqa: ANN401 - a cell of JSON
    value: Any = told["body"]
    for name in names:
        value = value[name]
    return value
