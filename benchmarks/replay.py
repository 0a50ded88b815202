"""What trying an edition and looking for late findings cost: inspections a second, and what an inspection waits for it.

    ./run bench replay --inspections 1000

A box inspects so many parcels and releases them all; then an edition that revokes one serial in a hundred is tried
(shadow), comes into use, and is looked for in what was released. Figures: replays a second, the p99 of looking at what
is in use, and the p99 of inspections while the search runs, against a limit and beside a quiet bench of the same run.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

from benchmarks.limits import Limits
from edge.app import Box, open_box
from edge.arrival import Arrival
from edge.inspection import Decision
from edge.moment import ClockTrust, Moment
from edge.settings import Settings
from edge.steps.capture import RawCode
from edge.storage.registry_build import build
from edge.trial import Trials
from edge.upkeep import REST_S

GTIN = "09521234543213"
NOON = Moment(datetime(2026, 11, 21, 12, 0, tzinfo=UTC), ClockTrust.SYNCED)
LOOKS = 2_000
LIMIT_MS = 300  # the bar that the European medicines system publishes, over the network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inspections", type=int, default=1_000)
    count = parser.parse_args().inspections
    limits = Limits()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        settings = Settings(state_dir=root / "state", workers=1, reserve_bytes=0)
        with open_box(settings, now=lambda: NOON) as box:
            shelf = box.bench.shelves.editions
            shelf.activate(shelf.stage(edition(root, 1, count)))
            for serial in range(count):
                box.bench.dispose(scan(box, serial)[0], Decision.RELEASE, officer="O")
            with closing(Trials(settings, lambda: NOON)) as trials:
                file = trials.shelves.editions.stage(edition(root, 2, count))
                start = time.perf_counter()
                report = trials.shadow("edition", file, count)
                spent = time.perf_counter() - start
            print(f"shadow: {report.sentence}; {report.replayed / spent:,.0f} inspections a second ({spent:.1f} s)")
            looks = timed(lambda: shelf.current(), LOOKS)  # noqa: PLW0108 - the call is what is measured
            print(f"what is in use: {median(looks) * 1e6:.0f} us median, {p99(looks) * 1e6:.0f} us p99")
            quiet = [scan(box, serial)[1] for serial in range(100)]
            shelf.activate(file)
            start = time.perf_counter()
            with box.upkeep.running():
                time.sleep(REST_S)  # after which it begins
                busy = [scan(box, serial)[1] for serial in range(100)]
            while box.upkeep.once():
                pass
            print(f"late: searched in {time.perf_counter() - start:.1f} s beside 100 inspections")
            found = len(box.bench.recent(count, kinds=("late",)))
            print(f"late: {found} of {report.released} that the trial had foretold")
            for name, times in (("quiet", quiet), ("beside the search", busy)):
                print(f"inspection, {name}: {median(times) * 1e3:.1f} ms median, {p99(times) * 1e3:.1f} ms p99")
            print(f"p99 beside the search: {limits.judged('p99', p99(busy) * 1e3, LIMIT_MS, 'ms')}")
            limits.require("what was foretold", kept=found == report.released)
    limits.end()


def edition(root: Path, number: int, count: int) -> Path:
    """`count` serials; from the second edition on one in a hundred is revoked."""
    source = root / f"source-{number}"
    source.mkdir()
    (source / "edition.toml").write_text(
        f'schema = 1\nname = "bench"\nnumber = {number}\nissued = 2026-11-{number:02}T00:00:00Z\npublisher = "P"\n'
    )
    (source / "products.csv").write_text(f"gtin,name,brand,right_holder,serialised\n{GTIN},K,K,K KK,yes\n")
    rows = [f"{GTIN},A{n},{'revoked' if number > 1 and n % 100 == 0 else 'known'}\n" for n in range(count)]
    (source / "serials.csv").write_text("gtin,serial,status\n" + "".join(rows))
    return Path(build(source, root / f"{number}.sqlite").out)


def scan(box: Box, serial: int) -> tuple[str, float]:
    """One parcel of its own: its id, and the seconds that it took."""
    code = RawCode(f"]d201{GTIN}21A{serial}".encode(), "bench")
    start = time.perf_counter()
    assessment = box.bench.inspect(Arrival(station="1", codes=(code,), joins=False))
    return assessment.inspection, time.perf_counter() - start


def timed(call: object, times: int) -> list[float]:
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        call()  # type: ignore[operator]
        spent.append(time.perf_counter() - start)
    return spent


def p99(times: list[float]) -> float:
    return quantiles(times, n=100)[98]


if __name__ == "__main__":
    main()
