"""How quick the supervisor's page is: a drawn day of 480 inspections at the end of a ledger with 50,000.

`./run bench supervisor`: the page over HTTP from the real server, medians, p95 and ratios against the limit; beside it
the same page with the day alone in the ledger, since the depth of the ledger must not be felt.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import uuid_utils

from benchmarks.limits import Limits
from benchmarks.processes import served
from edge.app import open_ledger
from edge.captures import Box, Evidence
from edge.comparison import Difference, FaceComparison
from edge.gs1 import Gtin, TradeItem
from edge.identity import Identity
from edge.inspection import (
    Assessment,
    Cause,
    Decision,
    Disposition,
    Finding,
    Freshness,
    Origin,
    Outcome,
    Question,
    Seen,
    Verdict,
    Weight,
)
from edge.moment import ClockTrust, Moment
from edge.postal import ParcelNumber
from edge.settings import Settings
from edge.steps.record import ASSESSED, DISPOSED, QUESTION
from edge.storage import documents
from edge.storage.chain import Entry
from edge.storage.ledger import Ledger
from edge.storage.personal import part

LIMIT_MS = 300.0
_SHIFT_H = 8
_GTIN = Gtin("09521234543213")
_KINDS = (
    (Outcome.NO_FINDING, (), 62),
    (Outcome.CHECK, ("face.print", "text.differs"), 12),
    (Outcome.CHECK, ("serial.unknown",), 9),
    (Outcome.STRONG_INDICATION, ("serial.revoked", "face.structure"), 3),
    (Outcome.CANNOT_ASSESS, ("product.unregistered",), 9),
    (Outcome.CANNOT_ASSESS, ("capture.glare",), 5),
)
_WEIGHTS = {Outcome.CHECK: Weight.CHECK, Outcome.STRONG_INDICATION: Weight.STRONG, Outcome.CANNOT_ASSESS: Weight.LIMIT}
_REASONS = ("Invoice of the maker seen.", "Print worn by transport.", "Examiner asked by telephone.")


def draw(ledger: Ledger, inspections: int, until: datetime, per_day: int, seed: int = 1) -> None:
    """Write so many inspections of days of `per_day`, the last of them ending at `until`."""
    rng = random.Random(seed)
    batch: list[Entry] = []
    for entry in _entries(rng, inspections, until, per_day):
        batch.append(entry)
        if len(batch) >= 400:  # noqa: PLR2004 - rows of one commit
            ledger.append(tuple(batch))
            batch = []
    ledger.append(tuple(batch))


def _entries(rng: random.Random, inspections: int, until: datetime, per_day: int) -> Iterator[Entry]:
    step = timedelta(hours=_SHIFT_H) / per_day
    for number in range(inspections):
        day, place = divmod(inspections - 1 - number, per_day)
        at = until - timedelta(days=day) - step * place
        outcome, codes, _ = rng.choices(_KINDS, [kind[2] for kind in _KINDS])[0]
        name = str(uuid_utils.uuid7(nanoseconds=int(at.timestamp() * 1e9) + number))
        officer = rng.choice(("4711", "4712", "4713"))
        origin = Origin("bench-1", rng.choice(("1", "2")), officer, "drawn")
        moment = Moment(at, ClockTrust.SYNCED)
        document, personal = part(_assessment(rng, name, moment, outcome, codes))
        yield Entry(ASSESSED, name, origin, moment, {"request": "", "assessment": document}, personal)
        decision, reason = _decision(rng, outcome)
        if decision is not None:
            done = Disposition(name, decision, officer, reason, Moment(at + timedelta(seconds=9), ClockTrust.SYNCED))
            yield Entry(DISPOSED, name, origin, done.at, {"disposition": documents.to_json(done)})
        if rng.random() < 0.01:  # noqa: PLR2004 - one in a hundred is asked about
            asked = Question(name, "Is this sleeve of the spring series?", "", (_GTIN.value,), officer, moment)
            yield Entry(QUESTION, name, origin, moment, {"question": documents.to_json(asked)})


def _decision(rng: random.Random, outcome: Outcome) -> tuple[Decision | None, str]:
    if outcome is Outcome.STRONG_INDICATION:
        return rng.choice(((Decision.DETAIN, ""), (Decision.REFER, ""), (None, "")))
    if outcome is Outcome.CHECK:
        return rng.choices(((Decision.RELEASE, rng.choice(_REASONS)), (Decision.REFER, ""), (None, "")), (88, 6, 6))[0]
    return Decision.RELEASE, "" if outcome is Outcome.NO_FINDING else "By eye."


def _assessment(rng: random.Random, name: str, at: Moment, outcome: Outcome, codes: tuple[str, ...]) -> Assessment:
    findings = tuple(
        Finding(code, Cause.MISMATCH, _WEIGHTS[outcome], {"serial": "A7"}, _GTIN.value, source="drawn")
        for code in codes
    )
    freshness = Freshness("drawn", 3, at.utc, at.utc.day % 9, "2026-Q4", "faces-1", "default 2026.11")
    differences = tuple(Difference("print", rng.random(), Box(9, 9, 40, 40), Box(90, 90, 60, 60)) for _ in range(12))
    pictures = tuple(Evidence(rng.randbytes(32).hex(), "image/png", role) for role in ("face", "reference", "heat"))
    compared = tuple(
        FaceComparison(
            _GTIN, face, "ab" * 32, True, rng.random(), 0.5, 0.9, differences, pack="faces-1", pictures=pictures
        )
        for face in (1, 2)
    )
    number = f"RR{rng.randrange(10**8):08d}5JP"
    return Assessment(
        inspection=name,
        number=1,
        seen=Seen(comparisons=compared),
        identity=Identity(
            items=(TradeItem(_GTIN, serial=f"S{rng.randrange(10**6)}"),), parcel_numbers=(ParcelNumber("s10", number),)
        ),
        verdict=Verdict(outcome, findings, (), ("serial", "face"), freshness),
        at=at,
        compute_ms=rng.lognormvariate(5.6, 0.45),
        stage_ms={"decode": 90.0, "compare": 210.0},
    )


def _measured(folder: Path, inspections: int, day: int, rounds: int) -> list[float]:
    settings = Settings(state_dir=folder / "state", stations=("1", "2"), country="JP", time_zone="Asia/Tokyo")
    settings.state_dir.mkdir(parents=True)
    now = datetime.now(UTC)
    ledger = open_ledger(settings)
    began = time.perf_counter()
    draw(ledger, inspections, now, day)
    ledger.close()
    print(f"drawn: {inspections} inspections in {time.perf_counter() - began:.0f} s")
    size = (settings.state_dir / "ledger.db").stat().st_size
    with served(folder, Path(), stations=2) as (url, _), httpx.Client(base_url=url, timeout=60) as client:
        times = []
        for number in range(rounds + 1):
            begun = time.perf_counter()
            answer = client.get("/supervisor", params={"lang": "en"})
            took = (time.perf_counter() - begun) * 1000
            answer.raise_for_status()
            if number:  # the first one reads languages and templates
                times.append(took)
            else:
                print(f"first: {took:.0f} ms, {len(answer.content) / 1000:.0f} kB, ledger {size / 1e6:.0f} MB")
    return times


def main() -> None:
    """Draw, serve, ask and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inspections", type=int, default=50_000, help="in the deep ledger")
    parser.add_argument("--day", type=int, default=480, help="inspections a day")
    parser.add_argument("--rounds", type=int, default=30)
    asked = parser.parse_args()
    limits, medians = Limits(), {}
    for name, inspections in (("the day alone", asked.day), ("deep ledger", asked.inspections)):
        with tempfile.TemporaryDirectory() as folder:
            times = sorted(_measured(Path(folder), inspections, asked.day, asked.rounds))
        medians[name] = statistics.median(times)
        p95 = times[min(len(times) - 1, round(len(times) * 0.95))]
        said = limits.judged(name, medians[name], LIMIT_MS, "ms")
        print(f"{name}: /supervisor median {medians[name]:.0f} ms, p95 {p95:.0f} ms; {said}")
    print(f"deep over alone: {medians['deep ledger'] / medians['the day alone']:.2f}")
    limits.end()


if __name__ == "__main__":
    main()
