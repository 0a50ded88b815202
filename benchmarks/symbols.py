"""./run bench symbols: how many barcodes of real photographs are read, how many wrongly, and in what time.

--data DIR --out READS.jsonl   read every image that DIR/symbols.jsonl names and write the format of its score.py:
                               {"image": ..., "symbols": [{"text": ..., "hex": ...}], "ms": ...}
--drawn N                      N drawn pictures without a code and N drawn codes damaged at random (seeded): counts
                               what is read where nothing is, and what is read wrongly

It ends with exit code 1 when a time limit is missed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path

import cv2
import zxingcpp

from benchmarks.limits import Limits
from models.errors import PictureRefused
from models.measurements import Image, PictureLimits, Symbol
from models.picture import parse
from models.symbols import read, zbar_available

BUDGET_S = 2.25  # as a pixel worker gives by default
MEAN_LIMIT_MS, P95_LIMIT_MS, WORST_LIMIT_MS = 20.0, 125.0, 3000.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="directory with symbols.jsonl and its images")
    parser.add_argument("--out", type=Path, help="where to write what was read")
    parser.add_argument("--drawn", type=int, default=0, help="drawn pictures of either kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=("blank", "damaged"), help="one kind of drawn picture")
    arguments = parser.parse_args()
    if not arguments.data and not arguments.drawn:
        parser.error("give --data DIR, --drawn N or both")
    cv2.setNumThreads(1)
    print(f"second opinion (zbar): {'on' if zbar_available() else 'off'}")
    limits = Limits()
    if arguments.data:
        read_photographs(arguments.data, arguments.out, limits)
    if arguments.drawn:
        from benchmarks import drawn_symbols  # noqa: PLC0415 - a sibling script, not needed for photographs

        drawn_symbols.report(arguments.drawn, arguments.seed, arguments.only)
    limits.end()


def read_photographs(data: Path, out: Path | None, limits: Limits) -> None:
    images = [json.loads(line)["image"] for line in (data / "symbols.jsonl").read_text(encoding="utf-8").splitlines()]
    lines, times, parses, ours, peers = [], [], [], [], []
    for name in images:
        start = time.perf_counter()
        try:
            image = parse((data / name).read_bytes(), PictureLimits())
        except PictureRefused as refused:
            print(f"  {name}: {refused.message}")
            lines.append(json.dumps({"image": name, "symbols": [], "ms": (time.perf_counter() - start) * 1e3}))
            continue
        middle, computed = time.perf_counter(), time.process_time()
        symbols = read(image, budget_s=BUDGET_S)
        times.append((time.perf_counter() - middle) * 1e3)
        ours.append((time.process_time() - computed) * 1e3)
        peers.append(alone(image))
        parses.append((middle - start) * 1e3)
        lines.append(json.dumps({"image": name, "symbols": [said(one) for one in symbols], "ms": times[-1]}))
    if out:
        out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    read_images = sum('"text"' in line for line in lines)
    print(f"{len(images)} images, {read_images} with at least one symbol; recall and misreads: score.py of the data")
    print(f"parse: {figures(parses)}")
    print(f"read:  {figures(times)}")
    print(f"read, processor time only:  {figures(ours)}")
    print(f"peer, zxing-cpp alone once: {figures(peers)}")
    print(f"  read / peer, processor time, means: {statistics.fmean(ours) / statistics.fmean(peers):.2f}")
    ordered = sorted(times)
    for what, got, limit in (
        ("mean", statistics.fmean(times), MEAN_LIMIT_MS),
        ("p95", ordered[int(0.95 * (len(ordered) - 1))], P95_LIMIT_MS),
        ("worst", ordered[-1], WORST_LIMIT_MS),
    ):
        print(f"  {what}: {got:.1f} ms, {limits.judged(what, got, limit, 'ms')}")


def alone(image: Image) -> float:
    """Processor time of one plain look of zxing-cpp, the yardstick of the machine, milliseconds."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    start = time.process_time()
    zxingcpp.read_barcodes(grey)
    return (time.process_time() - start) * 1e3


def said(symbol: Symbol) -> dict[str, str]:
    return {"text": symbol.text, "hex": symbol.payload.hex(), "format": symbol.format, "identifier": symbol.identifier}


def figures(times: list[float]) -> str:
    ordered = sorted(times)
    p95, p99 = (ordered[int(share * (len(ordered) - 1))] for share in (0.95, 0.99))
    return (
        f"median {statistics.median(times):.1f} ms, mean {statistics.fmean(times):.1f} ms, "
        f"p95 {p95:.1f} ms, p99 {p99:.1f} ms, worst {ordered[-1]:.1f} ms"
    )


if __name__ == "__main__":
    main()
