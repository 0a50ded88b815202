"""The structure map of the pack's network at the whole, half and quarter size of a face: what each sees (decision 191).

    ./run bench half_size --data DIR [--pack DIR]

DIR/cases.jsonl as the faces benchmark reads it, with its labels. A face's score is the highest cell of the map where it
may be judged; AUROC stands against the genuine captures. No threshold is set and nothing is fitted.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from benchmarks.faces import Bench, lines
from benchmarks.faces_report import Row, auroc, detection
from models import difference, embed, tone, unusable
from models import pack as packs
from models.aligned import aligned, gate
from models.locate import View

if TYPE_CHECKING:
    from models.aligned import Aligned

SIZES = {"whole": 0, "half": 1, "quarter": 2}  # times halved


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pack", type=Path, help="a pack directory instead of the built-in one")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    bench = Bench(options.data, packs.load(options.pack or packs.packs_dir() / packs.BUILTIN, "int8"), None)
    cases = [case for case in lines(options.data / "cases.jsonl") if case["genuine"] or case["protocol"] == "A"]
    told = [case | {"scores": scores} for case in cases if (scores := highest(bench, case))]
    print(f"{len(told)} of {len(cases)} captures could be judged")
    for row in told:
        row["scores"]["higher of whole and half"] = max(row["scores"]["whole"], row["scores"]["half"])
    kinds = sorted({(case["kind"], case["severity"]) for case in told if not case["genuine"]})
    for kind, severity in kinds:
        report(
            f"{kind} {severity}", told, [case for case in told if (case["kind"], case["severity"]) == (kind, severity)]
        )
    edited = [case for case in told if not case["genuine"]]
    report("all of A", told, edited)
    report("A medium and gross", told, [case for case in edited if case["severity"] != "subtle"])


def report(title: str, told: list[Row], some: list[Row]) -> None:
    said = []
    for name in (*SIZES, "higher of whole and half"):
        genuine, edited = (
            [one | {"score": one["scores"][name]} for one in rows]
            for rows in (
                [case for case in told if case["genuine"]],
                some,
            )
        )
        said.append(f"{name} {auroc(genuine, edited):.3f} ({detection(genuine, edited):.2f} at 5%)")
    print(f"{title} ({len(some)}): " + "; ".join(said))


def highest(bench: Bench, case: Row) -> dict[str, float]:
    """The highest cell of structure at each size; {} where the capture cannot be laid on the face or judged."""
    laid, _ = aligned(View(bench.frame(case["capture"])), bench.prepared(case["reference"]), {})
    if laid is None or gate(laid, bench.pack):
        return {}
    found = {name: _highest(bench.pack, laid, times) for name, times in SIZES.items()}
    return found if np.isfinite(list(found.values())).all() else {}


def _highest(pack: packs.Pack, laid: Aligned, times: int) -> float:
    face, capture, usable = laid.prepared.face, laid.registration.aligned, laid.usable
    capture = tone.matched(capture, face, usable) if pack.network.light == "tone" else capture
    for _ in range(times):
        size = (usable.shape[1] // 2, usable.shape[0] // 2)
        face, capture = (
            np.asarray(cv2.resize(one, size, interpolation=cv2.INTER_AREA), np.uint8) for one in (face, capture)
        )
        usable = np.asarray(cv2.resize(usable, size, interpolation=cv2.INTER_AREA), np.uint8)
    maps = embed.maps(embed.features(face, pack.network), capture, pack.network)
    judged = difference.usable_cells(usable, maps["structure"].shape[:2]) & (maps["unusable"] < unusable.UNUSABLE)
    values = difference.windowed(maps["structure"], judged, pack.judgements["structure"].window_cells)
    return float(np.nanmax(values)) if np.isfinite(values).any() else float("nan")


if __name__ == "__main__":
    main()
