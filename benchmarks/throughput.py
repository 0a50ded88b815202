"""The real server under load: clients that each send a code and a picture, over and over, for minutes.

    ./run bench throughput [--minutes 10] [--clients 8] [--pause 0] [--data DIR] [--json FILE]

Every client is a station. It sends one parcel (code and picture in one request), waits for the answer, goes on to the
next parcel, and rests for --pause seconds. Without a pause the bench is always behind: that is the hardest case, and
far from a hall of officers (8 benches at 60 parcels an hour rest 7.5 s a parcel). Then the same clients send codes
alone for as fast as they are answered. Memory is the proportional set size of all the server's processes.

Limits: p95 of a parcel at most 2 s, none refused, memory flat (the last third of the run no more than 5% over the
second); the run ends with exit code 1 when one is missed. Pictures are the demo's own, or with --data those of
DIR/cases.jsonl (`reference` and `capture` only), whose references are enrolled as a registry; then the verdicts are
counted too.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import statistics
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import httpx

from benchmarks.limits import Limits
from benchmarks.processes import pss_mb, served
from edge.storage.registry_build import build
from provisioning.demo import sources
from provisioning.demo.parcels import parcels
from provisioning.demo.photographs import photographs

if TYPE_CHECKING:
    from collections.abc import Sequence

P95_LIMIT_S = 2.0
GROWTH_LIMIT = 1.05
SCAN_SECONDS = 10.0
PSS_EVERY_S = 5.0
WIDTH_MM = 130.0  # of a DVD box; only the ratio of the sides matters


@dataclass(frozen=True, slots=True)
class Load:
    """A registry edition, and the parcels that are sent: code and picture."""

    edition: Path
    parcels: tuple[tuple[bytes, bytes], ...]


@dataclass(slots=True)
class Tally:
    """What the clients saw."""

    seconds: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    stages: dict[str, list[float]] = field(default_factory=dict)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--pause", type=float, default=0.0, help="seconds of rest between parcels")
    parser.add_argument("--workers", type=int, default=2, help="pixel workers of the bench")
    parser.add_argument("--data", type=Path, help="a folder with cases.jsonl instead of the demo's pictures")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="throughput-") as name:
        folder = Path(name)
        load = enrolled(options.data, folder) if options.data else demonstrated(folder)
        sizes = [len(picture) for _, picture in load.parcels]
        print(f"{len(load.parcels)} parcels, pictures of {statistics.median(sizes) / 1e3:.0f} kB (median)")
        with served(folder, load.edition, stations=options.clients, workers=options.workers) as (url, pid):
            figures = measured(url, pid, load, options)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    report(figures)


def measured(url: str, pid: int, load: Load, options: argparse.Namespace) -> dict[str, object]:
    stations = [str(number + 1) for number in range(options.clients)]
    run(url, stations, load, seconds=2.0, pause_s=0.0)  # first pictures prepare the registered faces
    stop = threading.Event()
    memory: list[tuple[float, float]] = []
    watcher = threading.Thread(target=watch_memory, args=(pid, memory, stop))
    watcher.start()
    started = time.perf_counter()
    captures = run(url, stations, load, options.minutes * 60, options.pause)
    took_s = time.perf_counter() - started
    stop.set()
    watcher.join()
    codes = Load(load.edition, tuple((code, b"") for code, _ in load.parcels if code))
    scans = run(url, stations, codes, SCAN_SECONDS, 0.0)
    third = took_s / 3
    middle = [size for at, size in memory if third <= at < 2 * third] or [memory[0][1]]
    last = [size for at, size in memory if at >= 2 * third] or [memory[-1][1]]
    return {
        "clients": options.clients,
        "pause_s": options.pause,
        "parcels": len(captures.seconds),
        "parcels_per_second": len(captures.seconds) / took_s,
        "p50_s": percentile(captures.seconds, 0.50),
        "p95_s": percentile(captures.seconds, 0.95),
        "p99_s": percentile(captures.seconds, 0.99),
        "refused": dict(captures.refused),
        "outcomes": dict(captures.outcomes),
        "stage_median_ms": {stage: statistics.median(spent) for stage, spent in captures.stages.items()},
        "pss_start_mb": memory[0][1],
        "pss_end_mb": memory[-1][1],
        "pss_most_mb": max(size for _, size in memory),
        "pss_growth": statistics.median(last) / statistics.median(middle),
        "scans_per_second": len(scans.seconds) / SCAN_SECONDS,
        "scan_p50_s": percentile(scans.seconds, 0.50),
        "scan_p99_s": percentile(scans.seconds, 0.99),
        "scans_refused": dict(scans.refused),
    }


def report(figures: dict[str, object]) -> None:
    number = {name: value for name, value in figures.items() if isinstance(value, int | float)}
    refused = figures["refused"]
    print(f"{figures['clients']} clients, pause {figures['pause_s']} s: {figures['parcels']} parcels answered")
    print(f"  parcels a second        {number['parcels_per_second']:.2f}")
    print(f"  p50 / p95 / p99         {number['p50_s']:.2f} / {number['p95_s']:.2f} / {number['p99_s']:.2f} s")
    limits = Limits()
    print(f"  p95                     {limits.judged('p95 of a parcel', number['p95_s'], P95_LIMIT_S, 's')}")
    stages = figures["stage_median_ms"]
    if isinstance(stages, dict):
        print("  stages, median ms       " + ", ".join(f"{stage} {spent:.0f}" for stage, spent in stages.items()))
    print(f"  refused                 {refused or 'none'}")
    print(f"  verdicts                {figures['outcomes']}")
    print(
        f"  memory (PSS)            {number['pss_start_mb']:.0f} MB at the start, {number['pss_end_mb']:.0f} at the "
        f"end, {number['pss_most_mb']:.0f} at most"
    )
    growth = limits.judged("memory's growth", number["pss_growth"], GROWTH_LIMIT, "times")
    print(f"  last third / second     {number['pss_growth']:.3f} ({growth})")
    print(
        f"scans alone: {number['scans_per_second']:.0f} a second, p50 {number['scan_p50_s'] * 1e3:.1f} ms, "
        f"p99 {number['scan_p99_s'] * 1e3:.1f} ms, refused {figures['scans_refused'] or 'none'}"
    )
    limits.require("parcels refused", kept=not refused)
    limits.end()


# --- The clients ------------------------------------------------------------------------------------------------------


def run(url: str, stations: Sequence[str], load: Load, seconds: float, pause_s: float) -> Tally:
    """Let every station send parcels for `seconds`; each starts elsewhere in the list."""
    tally, lock = Tally(), threading.Lock()
    until = time.perf_counter() + seconds

    def send(order: int, station: str) -> None:
        mine = Tally()
        with httpx.Client(base_url=url, timeout=60) as client:
            turn = order * len(load.parcels) // len(stations)
            while time.perf_counter() < until:
                code, picture = load.parcels[turn % len(load.parcels)]
                turn += 1
                one(client, station, code, picture, mine)
                time.sleep(pause_s)
        with lock:
            tally.seconds += mine.seconds
            tally.outcomes += mine.outcomes
            tally.refused += mine.refused
            for stage, spent in mine.stages.items():
                tally.stages.setdefault(stage, []).extend(spent)

    threads = [threading.Thread(target=send, args=pair) for pair in enumerate(stations)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tally


def one(client: httpx.Client, station: str, code: bytes, picture: bytes, tally: Tally) -> None:
    """One parcel: from the first byte sent to the last byte of the answer."""
    document = {"codes": [{"text": code.decode()}]} if code else {}
    address = f"/api/v1/stations/{station}"
    start = time.perf_counter()
    try:
        if picture:
            files: dict[str, tuple[str | None, bytes | str, str]] = {
                "inspection": (None, json.dumps(document), "application/json"),
                "capture": ("a.jpg", picture, "image/jpeg"),
            }
            answer = client.post(f"{address}/scans", files=files)
        else:
            answer = client.post(f"{address}/scans", json=document)
        spent = time.perf_counter() - start
        client.post(f"{address}/next").raise_for_status()
    except httpx.HTTPError as error:
        tally.refused[type(error).__name__] += 1
        return
    if answer.is_success:
        tally.seconds.append(spent)
        said = answer.json()
        tally.outcomes[said["verdict"]["outcome"]] += 1
        for stage, spent_ms in said["stage_ms"].items():
            tally.stages.setdefault(stage, []).append(spent_ms)
    else:
        tally.refused[answer.json()["code"]] += 1


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def watch_memory(pid: int, memory: list[tuple[float, float]], stop: threading.Event) -> None:
    """Append (seconds since the start, MB) every few seconds."""
    start = time.perf_counter()
    while True:
        memory.append((time.perf_counter() - start, pss_mb(pid)))
        if stop.wait(PSS_EVERY_S):
            return


# --- What is sent -----------------------------------------------------------------------------------------------------


def demonstrated(folder: Path) -> Load:
    """The demo's registry and photographs."""
    day = datetime.now(UTC).date()
    edition = build(sources.write(folder / "sources", sources.samples(1, day), day), folder / "edition.sqlite").out
    sent = []
    for parcel in parcels(day):
        code = next((scan for scan in parcel.scans if scan.isascii()), b"")
        sent += [(code, frame.data) for frame in photographs(parcel, 1)]
    return Load(edition, tuple(sent))


def enrolled(data: Path, folder: Path) -> Load:
    """The references of DIR/cases.jsonl as registered faces, its captures as parcels of those products."""
    cases = [json.loads(line) for line in (data / "cases.jsonl").read_text("utf-8").splitlines() if line]
    source = folder / "sources"
    (source / "faces").mkdir(parents=True)
    (source / "edition.toml").write_text('schema = 1\nname = "enrolled"\nnumber = 1\nissued = 2026-11-01T00:00:00Z\n')
    gtins: dict[str, str] = {}
    faces = []
    for case in cases:
        reference = case["reference"]
        if reference in gtins:
            continue
        gtins[reference] = gtin(len(gtins))
        picture = f"faces/{len(gtins)}{Path(reference).suffix}"
        shutil.copyfile(data / reference, source / picture)
        image = cv2.imread(str(source / picture))
        if image is None:
            raise SystemExit(f"The reference {reference} must be a picture, got none.")
        height_mm = round(WIDTH_MM * image.shape[0] / image.shape[1], 1)
        faces.append([gtins[reference], "1", "front", picture, WIDTH_MM, height_mm])
    _table(source / "products.csv", "gtin,name,brand,right_holder", [
        [number, f"Product {number}", "Brand", "Right holder"] for number in gtins.values()
    ])  # fmt: skip
    _table(source / "faces.csv", "gtin,version,side,picture,width_mm,height_mm", faces)
    edition = build(source, folder / "edition.sqlite").out
    sent = [(f"01{gtins[case['reference']]}".encode(), (data / case["capture"]).read_bytes()) for case in cases]
    return Load(edition, tuple(sent))


def gtin(number: int) -> str:
    """A GTIN-14 of the range that GS1 keeps for examples, with its check digit."""
    body = f"0952{number:09d}"
    weighed = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(body))
    return f"{body}{-weighed % 10}"


def _table(path: Path, head: str, rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head.split(","))
        writer.writerows(rows)


if __name__ == "__main__":
    main()
