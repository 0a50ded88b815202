"""Real photographs through the whole bench: references enrolled as a registry, captures inspected over HTTP.

    ./run bench photos --data DIR [--every 1]

DIR/cases.jsonl names a `reference` and a `capture` each; where it also says `protocol` and `severity` the verdicts are
counted by them. Every case is a parcel of its own: the product's code is scanned and the picture sent with it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from benchmarks.processes import pss_mb, served
from benchmarks.throughput import enrolled


def main(arguments: Sequence[str] | None = None) -> None:
    """Enrol, inspect, count."""
    parser = argparse.ArgumentParser(prog="./run bench photos", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1, help="inspect every n-th case only")
    chosen = parser.parse_args(arguments)
    cases = [json.loads(line) for line in (chosen.data / "cases.jsonl").read_text("utf-8").splitlines() if line]
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    reasons: Counter[str] = Counter()
    spent, computed = [], []
    with tempfile.TemporaryDirectory() as directory:
        load = enrolled(chosen.data, Path(directory))
        with (
            served(Path(directory), load.edition, workers=2) as (url, pid),
            httpx.Client(base_url=url, timeout=60) as client,
        ):
            for case, (code, picture) in list(zip(cases, load.parcels, strict=True))[:: chosen.every]:
                seconds, answer = _inspected(client, code, picture)
                spent.append(seconds)
                computed.append(answer["compute_ms"])
                group = " ".join(str(case[key]) for key in ("protocol", "severity") if case.get(key)) or "all"
                counts[group][answer["verdict"]["outcome"]] += 1
                reasons.update(finding["code"] for finding in answer["verdict"]["findings"])
            memory = pss_mb(pid)
    for group, outcomes in sorted(counts.items()):
        shown = ", ".join(f"{outcome} {count}" for outcome, count in outcomes.most_common())
        print(f"{group} ({outcomes.total()}): {shown}")
    print("findings: " + ", ".join(f"{code} {count}" for code, count in reasons.most_common()))
    print(f"computed: p50 {np.percentile(computed, 50):.0f}, p95 {np.percentile(computed, 95):.0f} ms")
    print(f"answered over HTTP: p50 {np.percentile(spent, 50) * 1e3:.0f}, p95 {np.percentile(spent, 95) * 1e3:.0f} ms")
    print(f"all processes' PSS with two workers: {memory:.0f} MB")


def _inspected(client: httpx.Client, code: bytes, picture: bytes) -> tuple[float, dict[str, Any]]:
    document = json.dumps({"codes": [{"text": code.decode()}]})
    files: dict[str, tuple[str | None, bytes | str, str]] = {
        "inspection": (None, document, "application/json"),
        "capture": ("a.jpg", picture, "image/jpeg"),
    }
    start = time.perf_counter()
    answer = client.post("/api/v1/stations/1/scans", files=files)
    seconds = time.perf_counter() - start
    answer.raise_for_status()
    client.post("/api/v1/stations/1/next").raise_for_status()
    return seconds, answer.json()


if __name__ == "__main__":
    main()
