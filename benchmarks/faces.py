"""The product's own compare step over a folder of cases: scores for a scorer, milliseconds, share aligned.

    ./run bench faces --data DIR --out S.jsonl [--sham] [--together M.jsonl] [--pack DIR] [--precision fp32]
    ./run bench faces --data DIR --out S.jsonl --multi | --recognise [--pack DIR]

DIR/cases.jsonl is read for `case`, `reference` and `capture` only (sham.jsonl alike with --sham), DIR/multi.jsonl for
`case`, `reference` and `captures`, DIR/recognise.jsonl for `case` and `capture` with gallery.json. --together judges
the groups of multi.jsonl from the layers that the cases left: the scores of --multi without its comparisons; a group
whose cases were not all run (--limit) is left out and counted. Each case is judged from its own pictures alone; labels
may be there or not and are not looked at. A capture that cannot be compared gets 0.05, above most genuine ones and far
below any alarm: it proves nothing either way. Each row names the pack's threshold, too. Ends with exit code 1 where the
compare step's processor time (p95) is above its limit.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from benchmarks.limits import Limits
from models import difference, faces, fusion
from models import pack as packs
from models.fusion import unpacked
from models.locate import View
from models.measurements import FaceMeasurement, FaceReference, Image
from models.picture import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

COMPARE_LIMIT_MS = 300.0  # of one capture
# 86% of packbench dev's genuine captures stay below it; it is the ladder's rung of evidence that half of the drawn ones
# reach (models.training.calibrate), before colour and print speak late.
NEUTRAL = 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pack", type=Path, help="a pack directory instead of the built-in one")
    parser.add_argument("--precision", choices=("int8", "fp32"), default="int8", help="the pack's network or its twin")
    parser.add_argument("--sham", action="store_true", help="also the cases of sham.jsonl")
    parser.add_argument("--multi", action="store_true", help="several captures of one face: multi.jsonl")
    parser.add_argument("--together", type=Path, help="also the groups of multi.jsonl, from the layers of the cases")
    parser.add_argument("--recognise", action="store_true", help="which face of gallery.json: recognise.jsonl")
    parser.add_argument("--megapixels", type=float, help="enlarge each capture to this size first, for timing")
    parser.add_argument("--limit", type=int, help="only so many cases, spread evenly")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    folder = options.pack or packs.packs_dir() / packs.BUILTIN
    bench = Bench(options.data, packs.load(folder, options.precision), options.megapixels)
    if options.recognise:
        rows = recognised(bench, spread(lines(options.data / "recognise.jsonl"), options.limit))
    elif options.multi:
        rows = together(bench, spread(lines(options.data / "multi.jsonl"), options.limit))
    else:
        cases = lines(options.data / "cases.jsonl")
        if options.sham:
            cases += lines(options.data / "sham.jsonl")
        rows = compared(bench, spread(cases, options.limit))
    with options.out.open("w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(row) + "\n")
            out.flush()
    if options.together:
        groups = lines(options.data / "multi.jsonl")
        run = [group for group in groups if bench.has_run(group)]
        with options.together.open("w", encoding="utf-8") as out:
            out.writelines(json.dumps(row) + "\n" for row in fused(bench, run))
        print(f"groups judged together: {len(run)} of {len(groups)}; {len(groups) - len(run)} left out, not run")
    limits = Limits()
    bench.report(limits)
    limits.end()


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def spread(rows: list[dict[str, Any]], limit: int | None) -> list[dict[str, Any]]:
    if limit is None or limit >= len(rows):
        return rows
    return [rows[index] for index in np.linspace(0, len(rows) - 1, limit).astype(int)]


class Bench:
    """Pictures in, measurements out, and what they took."""

    def __init__(self, data: Path, pack: packs.Pack, megapixels: float | None) -> None:
        self.data, self.pack, self.megapixels = data, pack, megapixels
        self.prepare_ms: list[float] = []
        self.total_ms: list[float] = []
        self.cpu_ms: list[float] = []  # what the core itself worked: the wall clock of a busy machine says more
        self.stages: dict[str, list[float]] = {}
        self.answers: Counter[str] = Counter()
        self.layers: dict[tuple[str, str], bytes] = {}  # what each comparison left, by reference and capture
        self.prepared = lru_cache(maxsize=256)(self._prepared)
        self.size = lru_cache(maxsize=1024)(self._size)

    def _prepared(self, name: str) -> faces.PreparedFace:
        start = time.perf_counter()
        prepared = faces.prepare(FaceReference(name, (self.data / name).read_bytes()), self.pack)
        _ = prepared.orb, prepared.sift  # found once for a registered face, and kept by a worker
        self.prepare_ms.append((time.perf_counter() - start) * 1e3)
        return prepared

    def _size(self, name: str) -> tuple[int, int]:
        """Width and height of a registered picture."""
        height, width = parse((self.data / name).read_bytes()).shape[:2]
        return width, height

    def frame(self, name: str) -> Image:
        frame = parse((self.data / name).read_bytes())
        if self.megapixels:
            factor = (self.megapixels * 1e6 / (frame.shape[0] * frame.shape[1])) ** 0.5
            frame = np.asarray(cv2.resize(frame, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC), np.uint8)
        return frame

    def compare(self, capture: str, reference: str) -> tuple[FaceMeasurement, float]:
        frame, prepared = self.frame(capture), self.prepared(reference)
        start, cpu = time.perf_counter(), time.thread_time()
        (measured,) = faces.compare(frame, [prepared], self.pack)
        self.cpu_ms.append((time.thread_time() - cpu) * 1e3)
        self.layers[reference, capture] = measured.layer
        took = (time.perf_counter() - start) * 1e3
        self.total_ms.append(took)
        for stage, ms in measured.ms.items():
            self.stages.setdefault(stage, []).append(ms)
        self.answers[measured.retake or "compared"] += 1
        self.answers["aligned"] += measured.aligned
        return measured, took

    def compare_together(self, captures: list[str], reference: str) -> FaceMeasurement:
        """A group; its times are those of one of its captures, on the mean."""
        frames, prepared = [self.frame(capture) for capture in captures], self.prepared(reference)
        start, cpu = time.perf_counter(), time.thread_time()
        measured = faces.compare_together(frames, prepared, self.pack)
        self.cpu_ms.append((time.thread_time() - cpu) * 1e3 / len(frames))
        self.total_ms.append((time.perf_counter() - start) * 1e3 / len(frames))
        self.answers[measured.retake or "compared"] += 1
        self.answers["aligned"] += measured.aligned
        return measured

    def has_run(self, group: dict[str, Any]) -> bool:
        """Whether every capture of a group was compared in this run, whatever came out."""
        return all((group["reference"], capture) in self.layers for capture in group["captures"])

    def report(self, limits: Limits) -> None:
        total = sum(count for answer, count in self.answers.items() if answer != "aligned")
        print(f"pack {self.pack.name}: {total} cases; {dict(self.answers)}")
        if self.cpu_ms:
            print(f"aligned {self.answers['aligned'] / total:.3f}")
        for stage, values in {
            **self.stages,
            "compare": self.total_ms,
            "compare (cpu)": self.cpu_ms,
            "prepare (once)": self.prepare_ms,
        }.items():
            if values:
                median, p95 = np.percentile(values, [50, 95])
                print(f"  {stage:15} median {median:7.1f} ms   p95 {p95:7.1f} ms   n {len(values)}")
        if self.cpu_ms:
            p95 = float(np.percentile(self.cpu_ms, 95))
            print(f"compare (cpu) p95: {limits.judged('compare p95', p95, COMPARE_LIMIT_MS, 'ms')}")


def score_of(measured: FaceMeasurement) -> float:
    return NEUTRAL if measured.score is None else measured.score


def judged(measured: FaceMeasurement) -> float:
    """The share of the face that the capture let be judged, by the first of its maps."""
    if not measured.layer:
        return 0.0
    values = next(iter(unpacked(measured.layer).maps.values()))
    return float(np.isfinite(values).mean())


def compared(bench: Bench, cases: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for case in cases:
        measured, took = bench.compare(case["capture"], case["reference"])
        row: dict[str, Any] = {
            "case": case["case"],
            "aligned": measured.aligned,
            "score": round(score_of(measured), 5),
            "boxes": [[*one.box, round(one.score, 5)] for one in measured.differences],
            "kinds": {one.kind: round(one.score, 5) for one in reversed(measured.differences)},
            "check": bench.pack.threshold_check,
            "retake": measured.retake,
            "judged": round(judged(measured), 4),
            "size": bench.size(case["reference"]),
            "ms": round(took, 1),
        }
        if measured.homography:
            row["H"] = [list(measured.homography[i : i + 3]) for i in (0, 3, 6)]
        yield row


def together(bench: Bench, groups: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for group in groups:
        measured = bench.compare_together(group["captures"], group["reference"])
        yield {
            "case": group["case"],
            "score": round(score_of(measured), 5),
            "check": bench.pack.threshold_check,
            "boxes": [[*one.box, round(one.score, 5)] for one in measured.differences],
        }


def fused(bench: Bench, groups: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """As `together`, from layers that are there already."""
    for group in groups:
        left = [bench.layers.get((group["reference"], capture), b"") for capture in group["captures"]]
        maps = fusion.fused([unpacked(one).maps for one in left if one], bench.pack.judgements) if any(left) else {}
        scores = [
            place.score
            for kind, values in maps.items()
            for place in difference.places(kind, values, bench.pack.judgements[kind], bench.pack.network.stride_px)
        ]
        score = round(max(scores, default=NEUTRAL), 5)
        yield {"case": group["case"], "score": score, "check": bench.pack.threshold_check}


def recognised(bench: Bench, cases: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    gallery = json.loads((bench.data / "gallery.json").read_text(encoding="utf-8"))
    prepared = [
        faces.prepare(FaceReference(key, (bench.data / name).read_bytes()), bench.pack) for key, name in gallery.items()
    ]
    for case in cases:
        frame = bench.frame(case["capture"])
        start = time.perf_counter()
        matches = faces.recognise(frame, prepared, bench.pack)
        took = (time.perf_counter() - start) * 1e3
        bench.stages.setdefault("recognise", []).append(took)
        bench.answers["recognised" if matches else "not recognised"] += 1
        named = [match.key for match in matches]
        order = named or [
            one.key for one in faces.likeliest(View(frame), prepared, 5)
        ]  # an order where nothing is said
        yield {"case": case["case"], "top": order, "said": bool(named), "ms": round(took, 1)}


if __name__ == "__main__":
    main()
