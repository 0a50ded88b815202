"""How long an officer waits: one pinned core, the real server, a registry of a nation's size.

    ./run bench latency [--products 1000000] [--serials 10000000] [--image PICTURE.jpg]

Measured against the real server process over HTTP on loopback, server and pixel workers pinned to one core, the client
to another where there is one:

- a scan alone: compute time (the bench's own figure) and durable answer (the client's), beside raw fdatasync
- a parcel (S10 number and the item's own code) with a 12-megapixel JPEG that shows the item: compute time, each stage
- proportional set size of all processes together

It ends with exit code 1 when a limit is missed.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from benchmarks import drawn_registry
from benchmarks.limits import Limits
from benchmarks.processes import pss_mb, served
from edge.storage.registry_schema import SCHEMA
from provisioning.demo import sources, symbols
from provisioning.demo.parcels import Shot, parcels
from provisioning.demo.photographs import photograph
from provisioning.demo.products import BY_KEY

SCAN_LIMIT_MS = 10.0
PICTURE_LIMIT_MS = 450.0
PSS_LIMIT_MB = 450.0
FDATASYNC_SHARE = 2.0
# Single-core ratio of a desktop core to a board's core in this kind of work, from published single-core scores of
# general benchmarks (about 1 : 0.40 for the Cortex-A76 of a Pi 5, 1 : 0.16 for the Cortex-A72 of a Pi 4). An estimate.
BOARDS = {"Raspberry Pi 5": 2.5, "Raspberry Pi 4": 6.2}
SHOT = "watch"  # the demo's parcel that is photographed with 12 megapixels


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw, serve, measure, print."""
    parser = argparse.ArgumentParser(prog="./run bench latency", description=__doc__)
    parser.add_argument("--products", type=int, default=1_000_000)
    parser.add_argument("--serials", type=int, default=10_000_000)
    parser.add_argument("--scans", type=int, default=1_000)
    parser.add_argument("--pictures", type=int, default=40)
    parser.add_argument("--image", type=Path, help="a real 12-megapixel JPEG instead of the drawn one")
    parser.add_argument("--cache", type=Path, default=Path("out/bench"), help="where the drawn edition is kept")
    chosen = parser.parse_args(arguments)
    edition = edition_of(chosen.cache, chosen.products, chosen.serials)
    with tempfile.TemporaryDirectory() as directory:
        _measure(Path(directory), edition, chosen)


def edition_of(cache: Path, products: int, serials: int) -> Path:
    """The drawn edition of that size, with the demo's products in it: drawn once, and kept in `cache`."""
    out = cache / f"edition-{SCHEMA}-{products}-{serials}.sqlite"
    if not out.exists():
        cache.mkdir(parents=True, exist_ok=True)
        report = drawn_registry.draw(out, products, serials, beside=_demo_products)
        print(f"drawn: {products} products, {serials} serials, {report.size / 1e6:.0f} MB in {report.seconds:.0f} s")
    return out


def _demo_products(source: Path) -> None:
    """The demo's products and faces as JSON lines beside the drawn tables."""
    day = datetime.now(UTC).date()
    with tempfile.TemporaryDirectory() as directory:
        written = sources.write(Path(directory), sources.samples(1, day), day)
        for table in written.glob("*.csv"):
            with table.open(encoding="utf-8") as rows:
                lines = [json.dumps(row) + "\n" for row in csv.DictReader(rows)]
            (source / f"{table.stem}.jsonl").write_text("".join(lines), "utf-8")
        shutil.copytree(written / "faces", source / "faces")


def _measure(directory: Path, edition: Path, chosen: argparse.Namespace) -> None:
    drawn = drawn_registry.Drawn(chosen.products, chosen.serials, 1)
    jpeg = chosen.image.read_bytes() if chosen.image else drawn_photograph()
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[1:] or cores)
    with (
        served(directory, edition, cores=tuple(cores[:1])) as (url, pid),
        httpx.Client(base_url=url, timeout=60.0) as client,
    ):
        scans, syncs = _scans(client, drawn, chosen.scans, directory)
        pictures = _pictures(client, jpeg, chosen.pictures)
        memory = pss_mb(pid)
    computed = [answer["compute_ms"] for _, answer in scans]
    durable = [spent for spent, _ in scans]
    fdatasync = _percentile(syncs, 99)
    print(f"\none pinned core, {chosen.products} products, {chosen.serials} serials")
    limits = Limits()
    _row("scan computed", computed, 99, limits, SCAN_LIMIT_MS)
    _row("scan durable and answered (HTTP)", durable, 99, limits, SCAN_LIMIT_MS + FDATASYNC_SHARE * fdatasync)
    print(f"  raw fdatasync of the same run: p50 {_percentile(syncs, 50):.2f} ms, p99 {fdatasync:.2f} ms")
    whole = [answer["compute_ms"] for _, answer in pictures]
    _row("scan and 12 MP picture computed", whole, 95, limits, PICTURE_LIMIT_MS)
    _row("the same, answered over HTTP", [spent for spent, _ in pictures], 95)
    for stage in dict.fromkeys(stage for _, answer in pictures for stage in answer["stage_ms"]):
        _row(f"  stage {stage}", [answer["stage_ms"].get(stage, 0.0) for _, answer in pictures], 95)
    outcomes = {answer["verdict"]["outcome"] for _, answer in pictures}
    print(f"  verdicts of the pictures: {', '.join(sorted(outcomes))}")
    print(f"all processes' PSS: {memory:.0f} MB, {limits.judged('memory', memory, PSS_LIMIT_MB, 'MB')}")
    for board, factor in BOARDS.items():
        estimate = _percentile(whole, 95) * factor
        print(f"ESTIMATE for {board}: {estimate:.0f} ms p95 for scan and picture (this core's time x {factor})")
    limits.end()


def _scans(
    client: httpx.Client, drawn: drawn_registry.Drawn, count: int, directory: Path
) -> tuple[list[tuple[float, dict[str, Any]]], list[float]]:
    """Scans of registered serials, each a parcel of its own, with a raw fdatasync between them."""
    answers, syncs = [], []
    step = max(1, drawn.serials // count)
    for turn in range(count):
        product, serial = drawn.serial(turn * step)
        text = f"01{drawn.gtin(product)}21{serial}"
        answers.append(_asked(client, {"codes": [{"text": text, "symbology": "]d2"}]}))
        client.post("/api/v1/stations/1/next").raise_for_status()
        syncs.append(_fdatasync_ms(directory / "sync"))
    return answers, syncs


def _pictures(client: httpx.Client, jpeg: bytes, count: int) -> list[tuple[float, dict[str, Any]]]:
    """A parcel's number, its item's code and a picture of it in one request; the first two warm the worker."""
    item = pictured_item()
    answers = []
    for turn in range(count + 2):
        label = {"text": symbols.s10("RR", f"{47312482 + turn:08d}", "JP"), "source": "bench"}
        document = {"codes": [label, {"text": item, "symbology": "]d2", "source": "bench"}]}
        start = time.perf_counter()
        answer = client.post(
            "/api/v1/stations/1/scans",
            files={
                "inspection": (None, json.dumps(document), "application/json"),
                "capture": ("capture.jpg", jpeg, "image/jpeg"),
            },
        )
        spent = (time.perf_counter() - start) * 1e3
        answer.raise_for_status()
        if turn > 1:
            answers.append((spent, answer.json()))
        client.post("/api/v1/stations/1/next").raise_for_status()
    return answers


def _asked(client: httpx.Client, document: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    start = time.perf_counter()
    answer = client.post("/api/v1/stations/1/scans", json=document)
    spent = (time.perf_counter() - start) * 1e3
    answer.raise_for_status()
    return spent, answer.json()


def _shot() -> Shot:
    return next(parcel for parcel in parcels(datetime.now(UTC).date()) if parcel.name == SHOT).shots[0]


def pictured_item() -> str:
    """What the code of the photographed item says, as a scanner sends it."""
    shot = _shot()
    return f"01{BY_KEY[shot.product].gtin}21{shot.marking.serial}"


def drawn_photograph() -> bytes:
    """A drawn photograph of that item, JPEG of 12 megapixels."""
    jpeg = photograph(_shot(), np.random.default_rng(1), 1)
    print(f"drawn picture of 12 megapixels: {len(jpeg) / 1e6:.1f} MB")
    return jpeg


def _fdatasync_ms(path: Path) -> float:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        os.write(descriptor, b"\0" * 4096)
        start = time.perf_counter()
        os.fdatasync(descriptor)
        return (time.perf_counter() - start) * 1e3
    finally:
        os.close(descriptor)


def _percentile(values: Sequence[float], percent: float) -> float:
    return float(np.percentile(values, percent))


def _row(
    name: str, values: Sequence[float], percent: int, limits: Limits | None = None, limit: float | None = None
) -> None:
    shown = ", ".join(f"p{p} {_percentile(values, p):.1f}" for p in (50, 95, 99))
    judged = ""
    if limits and limit is not None:
        judged = f"; p{percent}: {limits.judged(name, _percentile(values, percent), limit, 'ms')}"
    print(f"{name}: n {len(values)}, {shown} ms{judged}")


if __name__ == "__main__":
    main()
