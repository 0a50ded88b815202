"""Tables from the scores of `./run bench faces` and the labels of the same folder, with intervals; prints Markdown.

    ./run bench faces_report --data DIR --scores S.jsonl [--together M.jsonl]

DIR/cases.jsonl (and sham.jsonl) give the labels: `protocol`, `kind`, `severity`, `camera`, `item`, `box`. Detection is
the share of edited cases above the score that 5% of the genuine ones pass. Intervals are 95% and resample items: the
cases of one item are not independent. Localisation (edits of at most half a face) stands beside its placebo: how
often the best place of the genuine capture of the same item and camera lies in the same box. Risk against coverage:
captures are given up by the share of the face that could be judged, worst first, genuine and edited alike, and the
threshold is taken anew on what is left. At check: what the product says at the pack's own threshold, which is the same
for one capture and for several (the pack knows how many they are). Missed: what lies below the score that 5% of the
genuine ones pass, by kind and severity. Groups of several captures that --together does not hold are counted.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.faces import lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FALSE_ALARMS = 0.05
WANTED_DETECTION = 0.9
RESAMPLINGS = 400
LEAST_OVERLAP = 0.1

Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--scores", type=Path, required=True)
    parser.add_argument("--together", type=Path, help="the scores of --multi")
    options = parser.parse_args()
    scores = {row["case"]: row for row in lines(options.scores)}
    cases = [case | scores[case["case"]] for case in lines(options.data / "cases.jsonl") if case["case"] in scores]
    genuine = [row for row in cases if row["protocol"] == "genuine"]
    print(f"{len(genuine)} genuine captures, {len({row['item'] for row in cases})} items\n")
    print("| cases | n | AUROC | detection at 5% false alarms |\n|---|---|---|---|")
    for title, some in groups(cases):
        print(line(title, genuine, some))
    shams = [case | scores[case["case"]] for case in lines(options.data / "sham.jsonl") if case["case"] in scores]
    if shams:
        rate = detection(genuine, shams)
        print(f"\nSham edits above the 5% threshold: {told(rate, interval(genuine, shams, detection))} of {len(shams)}")
    found, placebo, count = localisation(cases)
    print(f"Localisation on A: {found:.3f} of {count}; placebo (the same box on the genuine capture): {placebo:.3f}")
    print("\n| captures kept (by judged share of the face) | detection of A medium and gross |\n|---|---|")
    curve = risk_coverage(genuine, [row for row in cases if harder(row)])
    for coverage, rate in curve:
        print(f"| {coverage:.2f} | {rate:.3f} |")
    reached = max((coverage for coverage, rate in curve if rate >= WANTED_DETECTION), default=0.0)
    print(f"\nCoverage at which that detection is {WANTED_DETECTION:.2f} or more: {reached:.2f}")
    aligned = float(np.mean([row["aligned"] for row in genuine]))
    print(f"Aligned of the genuine captures: {aligned:.3f}\n")
    missed(genuine, [row for row in cases if row["protocol"] in {"A", "B"}])
    if options.together:
        groups_of = {row["case"]: row for row in lines(options.together)}
        every = lines(options.data / "multi.jsonl")
        multi = [row | groups_of[row["case"]] for row in every if row["case"] in groups_of]
        print(f"\nGroups judged together: {len(multi)} of {len(every)}")
        plain = [row for row in multi if row["genuine"]]
        print("\n| three captures together | n | AUROC | detection at 5% false alarms |\n|---|---|---|---|")
        print(line("A", plain, [row for row in multi if not row["genuine"]]))
        print(line("A medium and gross", plain, [row for row in multi if row["severity"] in {"medium", "gross"}]))
        print()
        missed(plain, [row for row in multi if not row["genuine"]])


def missed(genuine: Sequence[Row], edited: Sequence[Row]) -> None:
    """Print what is told at the threshold of each row, and what lies below that which 5% of them pass."""
    said = [
        f"{name} {sum(row['score'] >= row['check'] for row in some)} of {len(some)}"
        for name, some in (
            ("genuine", genuine),
            ("A", [row for row in edited if row.get("protocol", "A") == "A"]),
            ("B", [row for row in edited if row.get("protocol") == "B"]),
        )
        if some
    ]
    print(f"At check: {', '.join(said)}")
    limit = limit_of(genuine)
    kinds, severities = sorted({row["kind"] for row in edited}), ("subtle", "medium", "gross")
    print(f"\n| missed at 5% false alarms | {' | '.join(severities)} |\n|---|---|---|---|")
    for kind in kinds:
        mine = [[row for row in edited if (row["kind"], row["severity"]) == (kind, one)] for one in severities]
        cells = [f"{sum(row['score'] <= limit for row in some)} of {len(some)}" for some in mine]
        print(f"| {kind} | {' | '.join(cells)} |")


def harder(row: Row) -> bool:
    """An edited reference that a person would see: medium or gross."""
    return bool(row["protocol"] == "A" and row["severity"] in {"medium", "gross"})


def groups(cases: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """The rows of the table: together, by protocol, severity, camera and kind."""
    edited = [row for row in cases if row["protocol"] in {"A", "B"}]
    table = [("A and B", edited)]
    for protocol in ("A", "B"):
        mine = [row for row in edited if row["protocol"] == protocol]
        table.append((protocol, mine))
        table += [
            (f"{protocol} {severity}", [row for row in mine if row["severity"] == severity])
            for severity in ("subtle", "medium", "gross")
        ]
        table.append((f"{protocol} medium and gross", [row for row in mine if row["severity"] != "subtle"]))
    for key in ("camera", "kind"):
        table += [
            (f"{key} {value}", [r for r in edited if r[key] == value]) for value in sorted({r[key] for r in edited})
        ]
    return [(title, some) for title, some in table if some]


def line(title: str, genuine: Sequence[Row], some: Sequence[Row]) -> str:
    """One row of Markdown."""
    cells = [told(measure(genuine, some), interval(genuine, some, measure)) for measure in (auroc, detection)]
    return f"| {title} | {len(some)} | {' | '.join(cells)} |"


def told(value: float, bounds: tuple[float, float]) -> str:
    return f"{value:.3f} [{bounds[0]:.3f}, {bounds[1]:.3f}]"


def auroc(genuine: Sequence[Row], some: Sequence[Row]) -> float:
    """The chance that an edited case scores above a genuine one, ties half."""
    if not genuine or not some:
        return float("nan")
    ordered = np.sort([row["score"] for row in genuine])
    values = [row["score"] for row in some]
    below = np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")
    return float(below.mean() / 2 / len(ordered))


def detection(genuine: Sequence[Row], some: Sequence[Row]) -> float:
    """The share of cases above the score that 5% of the genuine ones pass."""
    if not genuine or not some:
        return float("nan")
    limit = limit_of(genuine)
    return float(np.mean([row["score"] > limit for row in some]))


def limit_of(genuine: Sequence[Row]) -> float:
    """The score that 5% of the genuine cases pass."""
    falling = sorted((float(row["score"]) for row in genuine), reverse=True)
    return falling[int(FALSE_ALARMS * len(falling) + 1e-9)]


def interval(
    genuine: Sequence[Row], some: Sequence[Row], measure: Callable[[Sequence[Row], Sequence[Row]], float]
) -> tuple[float, float]:
    """The middle 95% of a measure when items are drawn again."""
    items = sorted({row["item"] for row in (*genuine, *some)})
    by_item = {item: ([], []) for item in items}  # type: dict[str, tuple[list[Row], list[Row]]]
    for index, rows in enumerate((genuine, some)):
        for row in rows:
            by_item[row["item"]][index].append(row)
    rng = np.random.default_rng(1)
    values = []
    for _ in range(RESAMPLINGS):
        drawn = [by_item[items[index]] for index in rng.integers(0, len(items), len(items))]
        plain, changed = ([row for one in drawn for row in one[index]] for index in (0, 1))
        if plain and changed:
            values.append(measure(plain, changed))
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def localisation(cases: Sequence[Row]) -> tuple[float, float, int]:
    """How often the best place lies on the edit, how often that of the genuine capture does, and of how many."""
    genuine = {(row["item"], row["camera"]): row for row in cases if row["protocol"] == "genuine"}
    local = [
        row
        for row in cases
        if row["protocol"] == "A" and row.get("box") and (row["item"], row["camera"]) in genuine and not mostly(row)
    ]
    found = [on_box(row, row["box"]) for row in local]
    placebo = [on_box(genuine[row["item"], row["camera"]], row["box"]) for row in local]
    return float(np.mean(found)), float(np.mean(placebo)), len(local)


def mostly(row: Row) -> bool:
    """Whether the edit covers more than half of the face: then every place lies on it."""
    return bool(row["box"][2] * row["box"][3] > row["size"][0] * row["size"][1] / 2)


def on_box(row: Row, truth: Sequence[float]) -> bool:
    """Whether the row's best place overlaps the true box by a tenth, or has its middle in it."""
    if not row["boxes"]:
        return False
    x, y, w, h, _ = max(row["boxes"], key=lambda box: box[4])
    left, top = max(x, truth[0]), max(y, truth[1])
    right, bottom = min(x + w, truth[0] + truth[2]), min(y + h, truth[1] + truth[3])
    shared = max(0.0, right - left) * max(0.0, bottom - top)
    middle = truth[0] <= x + w / 2 <= truth[0] + truth[2] and truth[1] <= y + h / 2 <= truth[1] + truth[3]
    return bool(middle or shared >= LEAST_OVERLAP * (w * h + truth[2] * truth[3] - shared))


def risk_coverage(genuine: Sequence[Row], edited: Sequence[Row]) -> list[tuple[float, float]]:
    """(share of captures kept, detection on them), from all that need no retake downwards."""
    rows = [row for row in (*genuine, *edited) if not row["retake"]]
    qualities = sorted(row["judged"] for row in rows)
    curve = []
    for share in np.arange(0.0, 0.75, 0.1):
        least = qualities[int(share * len(qualities))]
        left = [row for row in rows if row["judged"] >= least]
        plain, changed = ([r for r in left if (r["protocol"] == "genuine") == same] for same in (True, False))
        curve.append((len(left) / (len(genuine) + len(edited)), detection(plain, changed)))
    return curve


if __name__ == "__main__":
    main()
