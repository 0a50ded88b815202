"""Inspects the demo parcels that lie in a directory and prints every assessment as JSON; run on each processor.

    python3 verdicts.py PARCELS EDITION DAY STATE

It is copied onto a box and imports what the package brings, nothing else of the benchmarks. Time budgets are longer
than the settings allow: an emulated processor is slow, and slow is no other verdict.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import date
from pathlib import Path

from edge.app import open_bench
from edge.ports import Frame
from edge.settings import Settings
from edge.storage import documents
from provisioning.demo import tour
from provisioning.demo.parcels import parcels

_PATIENCE_S = 600.0  # of one question to a pixel worker; a search through the gallery took 63 s emulated on a busy host


def main(parcels_dir: Path, edition: Path, day: date, state: Path) -> None:
    """Inspect, print."""
    todo = [parcel for parcel in parcels(day) if not parcel.stale]
    settings = Settings(
        state_dir=state,
        registry=edition,
        stations=("1", "2"),
        workers=1,
    ).model_copy(update={"decode_budget_s": _PATIENCE_S, "compare_budget_s": _PATIENCE_S})
    told: dict[str, object] = {}
    with open_bench(settings) as bench:
        for parcel in todo:
            began = time.monotonic()
            pictures = sorted((parcels_dir / parcel.name).glob("*.jpg"))
            frames = tuple(Frame(path.read_bytes(), "image/jpeg", "demo") for path in pictures)
            visit = tour.visit(bench, parcel, frames)
            told[parcel.name] = documents.to_json(visit.assessment)
            sys.stderr.write(f"{parcel.name}: {time.monotonic() - began:.1f} s\n")
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), date.fromisoformat(sys.argv[3]), Path(sys.argv[4]))
