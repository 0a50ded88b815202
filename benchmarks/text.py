"""How print is read: characters by height, ink and script, and labels against their codes; drawn, and real EAN digits.

    ./run bench text [--lines 24] [--labels 800] [--tampered 300] [--seed 5] [--twin FILE] [--data DIR]

1. Single drawn lines, by height of type and ink: share of wrong characters (spaces apart) and lines read exactly; with
   `--twin` (reader.fp32.onnx, written by `python -m models.training.text --twin`) the same for the fp32 network. And
   the same lines as the registered words of a label.
2. Drawn labels with a symbol, as the product reads and judges them: how often an element agrees, differs or is not
   read; on genuine labels every difference is a false one (limit 0.5%); on tampered ones one character of the printed
   serial is another. Heights and inks in equal parts.
3. With `--data DIR` (symbols.jsonl and pictures): the digits printed under real EAN/UPC symbols against their bars.

Milliseconds are processor time of one thread.
"""

from __future__ import annotations

import argparse
import collections
import json
import time
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from rapidfuzz.distance import Levenshtein

from benchmarks.drawn_faces import wilson
from benchmarks.limits import Limits
from edge import policy as policies
from edge.captures import Box
from edge.checks.label_words import words_held
from edge.checks.printed_values import Held, Standing
from edge.checks.text import judged, settled
from edge.comparison import PrintedLine, PrintReading
from edge.gs1 import Gtin
from models import pack as packs
from models import symbols, text
from models.drawn import labels, lines
from models.drawn.pool import Pool
from models.measurements import Image, TextLine, TextPlace
from models.text_reading import Printed

HEIGHTS = (8, 10, 12, 16, 24, 36)
AT_ONCE, EVERY_THIRD = 4, 3
FALSE_SHARE = 0.005
GTIN = Gtin("09521234543213")


def main() -> None:
    parser = argparse.ArgumentParser(prog="./run bench text", description=__doc__.split("\n")[0])
    parser.add_argument("--lines", type=int, default=24, help="lines for each height, ink and script")
    parser.add_argument("--labels", type=int, default=800, help="genuine labels")
    parser.add_argument("--tampered", type=int, default=300, help="labels with another printed serial")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--twin", type=Path, help="the fp32 network")
    parser.add_argument("--data", type=Path, help="a folder with symbols.jsonl and pictures of symbols")
    parser.add_argument("--rows", type=Path, help="write one JSON line for each label")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    limits = Limits()
    reader, pool = text.builtin(), Pool()
    readers = {"int8": reader}
    if options.twin:
        readers["fp32"] = replace(reader, network=packs.session(options.twin))
    if options.lines:
        report_lines(readers, pool, options.lines, options.seed)
    genuine = list(rows_of(reader, pool, options.labels, options.seed, tampered=False))
    tampered = list(rows_of(reader, pool, options.tampered, options.seed + 1, tampered=True))
    if options.rows:
        options.rows.write_text("".join(json.dumps(row.as_json()) + "\n" for row in [*genuine, *tampered]))
    if genuine and tampered:
        report_labels(genuine, tampered, limits)
    if options.data:
        report_real(reader, options.data)
    limits.end()


# --- Lines ------------------------------------------------------------------------------------------------------------


def report_lines(readers: dict[str, text.Reader], pool: Pool, count: int, seed: int) -> None:
    wrong: dict[tuple[str, int, str], list[tuple[int, int]]] = collections.defaultdict(list)
    took: dict[str, list[float]] = collections.defaultdict(list)
    words: dict[tuple[int, bool], list[str]] = collections.defaultdict(list)
    for height in HEIGHTS:
        for index in range(count):
            for ink, japanese in (*((ink, False) for ink in lines.INKS), ("offset", True)):
                rng = np.random.default_rng((seed, height, index, lines.INKS.index(ink), japanese))
                said = lines.text(rng, japanese=japanese)
                page = lines.printed(rng, said, ink, pool)
                shown = lines.seen(rng, page, height, blur=float(rng.uniform(0, 0.04 * height + 0.2)))
                for name, reader in readers.items():
                    start = time.thread_time()
                    read, _ = reader.read(shown)
                    took[name].append((time.thread_time() - start) * 1e3)
                    column = "Japanese" if japanese else ink
                    wrong[name, height, column].append(errors(read, said))
                words[height, japanese].append(words_standing(readers["int8"], shown, said))
    for name in readers:
        median, p95 = np.percentile(took[name], [50, 95])
        print(f"{name}: {median:.1f} ms a line, p95 {p95:.1f}; wrong characters (lines exact) by height of type")
        columns = (*lines.INKS, "Japanese")
        print("| px | " + " | ".join(columns) + " |\n" + "|---" * (len(columns) + 1) + "|")
        for height in HEIGHTS:
            cells = (wrong[name, height, column] for column in columns)
            print(f"| {height} | " + " | ".join(_cell(cell) for cell in cells) + " |")

    large = [one for (height, _), some in words.items() if height >= policies.builtin().text.type_px for one in some]
    counts = collections.Counter(large)
    low, high = wilson(counts["differs"], len(large))
    print(
        f"lines of 10 px and more as registered words, {len(large)}: agree {counts['agrees']}, differ (false) "
        f"{counts['differs']} [{low:.4f}, {high:.4f}], doubtful {counts['doubtful']}, not read {counts['unread']}"
    )


def words_standing(reader: text.Reader, shown: Image, said: str) -> str:
    """How a drawn line stands to its own words, as the check of a label's registered words sees it."""
    (read, sure), (again, again_sure) = reader.read(shown), reader.read(text.softened(shown))
    line = PrintedLine(read, sure, Box(0, 0, 1, 1), 1.0, again, again_sure)
    found = words_held((line,), said, reader.threshold)
    return found.standing.value if found else "unread"


def errors(read: str, said: str) -> tuple[int, int]:
    """Edits between what was read and said, spaces and width apart, and how many characters there were."""
    plain = [unicodedata.normalize("NFKC", side).replace(" ", "") for side in (read, said)]
    return Levenshtein.distance(*plain), len(plain[1])


def _cell(rows: list[tuple[int, int]]) -> str:
    edits, letters = sum(edits for edits, _ in rows), sum(letters for _, letters in rows)
    exact = sum(not edits for edits, _ in rows)
    return f"{edits / max(1, letters):.3f} ({exact}/{len(rows)})"


# --- Labels -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """One label as the product judged it."""

    height: int
    ink: str
    japanese: bool
    tampered: bool
    expected: dict[str, str]
    printed: str
    found: tuple[Held, ...]
    find_ms: float
    read_ms: float
    lines: tuple[str, ...]

    def standing(self, element: str) -> str:
        return next((one.standing.value for one in self.found if one.element == element), "unread")

    def as_json(self) -> dict[str, object]:
        told = {one.element: (one.standing.value, one.read, one.sure) for one in self.found}
        return {"px": self.height, "ink": self.ink, "ja": self.japanese, "tampered": self.tampered} | {
            "expected": self.expected,
            "printed": self.printed,
            "found": told,
            "lines": self.lines,
        }


def rows_of(reader: text.Reader, pool: Pool, count: int, seed: int, *, tampered: bool) -> Iterator[Row]:
    for index in range(count):
        rng = np.random.default_rng((seed, index))
        height, ink = HEIGHTS[index % len(HEIGHTS)], lines.INKS[index // len(HEIGHTS) % len(lines.INKS)]
        japanese = index // (len(HEIGHTS) * len(lines.INKS)) % EVERY_THIRD == 0
        drawn = labels.draw_label(rng, pool, height, ink, japanese=japanese, tampered=tampered)
        found, find_ms, read_ms, said = read_label(reader, drawn.image, drawn.place, drawn.expected)
        yield Row(height, ink, japanese, tampered, drawn.expected, drawn.printed_serial, found, find_ms, read_ms, said)


def read_label(
    reader: text.Reader, image: Image, place: TextPlace, expected: dict[str, str]
) -> tuple[tuple[Held, ...], float, float, tuple[str, ...]]:
    """As edge/steps/read_print.py reads and edge/checks/text.py judges it; milliseconds to find and to read."""
    start = time.thread_time()
    printed = Printed(image, place, reader)
    found_ms = (time.thread_time() - start) * 1e3
    start, most = time.thread_time(), policies.builtin().text.most_lines
    reading = PrintReading("", GTIN, expected, (), 0, None, reader.threshold, reader.name)
    while True:
        answer = printed.lines(len(reading.lines), AT_ONCE)
        reading = replace(reading, lines=reading.lines + tuple(map(_line, answer.lines)))
        if settled(reading) or not answer.more or len(reading.lines) >= most:
            break
    kept = list(reading.lines)
    for one in judged(reading):
        if one.standing is not Standing.AGREES:
            kept[one.line] = _line(printed.lines(one.line, 1, again=True).lines[0])
    found = judged(replace(reading, lines=tuple(kept)))
    return found, found_ms, (time.thread_time() - start) * 1e3, tuple(line.text for line in kept)


def _line(line: TextLine) -> PrintedLine:
    return PrintedLine(line.text, line.sure, Box(*line.box), line.height_px, line.again, line.again_sure)


def report_labels(genuine: list[Row], tampered: list[Row], limits: Limits) -> None:
    print(f"\n{len(genuine)} genuine drawn labels: share of elements that agree / differ (false) / doubtful / not read")
    for name, some in _parts(genuine):
        print(f"  {name:16}" + "; ".join(f"{e} {_shares(some, e)}" for e in ("serial", "batch", "expiry", "gtin")))
    false = sum(any(one.standing is Standing.DIFFERS for one in row.found) for row in genuine)
    low, high = wilson(false, len(genuine))
    told = limits.judged("false differences", false / max(1, len(genuine)), FALSE_SHARE, "of labels")
    print(f"labels with a false difference: {false} of {len(genuine)} [{low:.4f}, {high:.4f}]; {told}")
    print(f"\n{len(tampered)} tampered drawn labels, one character of the printed serial another one")
    for name, some in _parts(tampered):
        caught = sum(row.standing("serial") == "differs" for row in some)
        low, high = wilson(caught, len(some))
        read = sum(row.standing("serial") in ("differs", "doubtful") for row in some)
        print(
            f"  {name:16}told {caught}/{len(some)} [{low:.2f}, {high:.2f}]; told or in doubt {read}/{len(some)}; "
            f"taken as agreeing {sum(row.standing('serial') == 'agrees' for row in some)}"
        )
    both = [*genuine, *tampered]
    for name, values in (("find lines", [r.find_ms for r in both]), ("read and judge", [r.read_ms for r in both])):
        print(f"{name}: median {np.median(values):.0f} ms, p95 {np.percentile(values, 95):.0f} ms a label")
    whole = [row.find_ms + row.read_ms for row in both]
    budget = policies.builtin().text.budget_ms
    told = limits.judged("added to a scan, p95", float(np.percentile(whole, 95)), budget, "ms")
    print(f"added to a scan: median {np.median(whole):.0f}, p95 {np.percentile(whole, 95):.0f} ms; {told}")


def _parts(rows: list[Row]) -> Iterator[tuple[str, list[Row]]]:
    return ((name, some) for name, some in _all_parts(rows) if some)


def _all_parts(rows: list[Row]) -> Iterator[tuple[str, list[Row]]]:
    for height in HEIGHTS:
        yield f"{height} px", [row for row in rows if row.height == height]
    large = [row for row in rows if row.height >= policies.builtin().text.type_px]
    for ink in lines.INKS:
        yield f"{ink}, 10 up", [row for row in large if row.ink == ink]
    yield "Japanese, 10 up", [row for row in large if row.japanese]


def _shares(rows: list[Row], element: str) -> str:
    counts = collections.Counter(row.standing(element) for row in rows)
    return " / ".join(str(counts[standing]) for standing in ("agrees", "differs", "doubtful", "unread"))


# --- Real digits ------------------------------------------------------------------------------------------------------


def report_real(reader: text.Reader, folder: Path) -> None:
    counts, took, apart = collections.Counter[str](), [], []
    for line in (folder / "symbols.jsonl").read_text("utf-8").splitlines():
        image = cv2.imread(str(folder / json.loads(line)["image"]))
        if image is None:
            continue
        picture = np.asarray(image, np.uint8)
        for symbol in symbols.read(picture):
            if symbol.format not in ("EAN13", "EAN8"):
                continue
            expected = {"gtin": symbol.text.zfill(14)}
            place = TextPlace(symbol.corners, beside=True, linear=True)
            found, find_ms, read_ms, said = read_label(reader, picture, place, expected)
            standing = found[0].standing.value if found else "unread"
            counts[standing] += 1
            took.append(find_ms + read_ms)
            if standing == "differs":
                apart.append((expected["gtin"], found[0].read, said))
    total = counts.total()
    low, high = wilson(counts["differs"], total)
    print(
        f"\nreal EAN symbols in {folder.name}: {total}; digits agree {counts['agrees']}, differ {counts['differs']} "
        f"[{low:.4f}, {high:.4f}], doubtful {counts['doubtful']}, not read {counts['unread']}; "
        f"median {np.median(took):.0f} ms"
    )
    for one in apart:
        print("  ", one)


if __name__ == "__main__":
    main()
