"""Watch lists and declarations at their size: false alarms, what is found again, and the time of all checks together.

    ./run bench watch [--entries 100000] [--consignors 20000] [--consignments 0] [--inspections 500] [--dir DIR]

1. Drawn consignors that are on no list, against drawn entries: hits per 1,000 at several thresholds. Those who have
   an entry's name, in any order of words or script, are namesakes, whom no comparison can tell: counted apart.
2. Listed names written otherwise: the share that is found again, by what was done to them.
3. Time of one name's candidates and comparisons.
4. With --consignments: a manifest of so many is imported (time, peak memory), parcels are inspected with what they
   declare, and the processor time of all checks (on an idle box the time they take) is held against its limit.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

from benchmarks.drawn_names import SLIPS, Names
from benchmarks.limits import Limits
from benchmarks.storage import at
from edge.app import open_box
from edge.arrival import Arrival
from edge.gs1 import check_digit
from edge.manifests.importing import taken_in
from edge.names import SPELLING, Likeness, addresses, latin, likeness
from edge.policy import builtin
from edge.postal import s10_check_digit
from edge.settings import Settings
from edge.steps.capture import RawCode
from edge.storage.consignments import Consignments
from edge.storage.registry import Registry
from edge.storage.registry_build import build
from edge.storage.shelves import Shelves

_THRESHOLDS = (80, 85, 90, 95)
_CHECKS_MS = 15.0
_FALSE_ALARMS = 1.0  # of 1,000 consignors: all causes together may have 20 looked at
_NEAR = 10.0  # likewise; a note, no alarm
_GTIN = "0952123454321"
_LINES = ("wireless earphones", "face cream", "phone case", "イヤホン", "化粧品", "toy car", "leather bag", "gift")


def drawn_entries(entries: int, seed: int) -> list[tuple[str, str]]:
    """So many entries by kind and name: half companies, a fifth each of sellers and addresses, the rest people."""
    names = Names(seed)
    kinds = random.Random(seed).choices(("company", "seller", "address", "person"), (50, 20, 20, 10), k=entries)
    drawn = []
    for kind in kinds:
        name = {"address": names.address, "person": names.person}.get(kind, names.company)()
        drawn.append(({"company": "consignor", "person": "consignor"}.get(kind, kind), name))
    return drawn


def edition(folder: Path, entries: list[tuple[str, str]]) -> Path:
    source = folder / "source"
    source.mkdir()
    gtin = _GTIN + check_digit(_GTIN)
    (source / "edition.toml").write_text(
        'schema = 1\nname = "drawn"\nnumber = 1\nissued = 2026-11-20T00:00:00Z\npublisher = "Drawn Customs"\n'
    )
    product = {
        "gtin": gtin, "name": "Kumo Earbuds 2", "brand": "Kumo", "right_holder": "Kumo KK", "serialised": True,
        "hs": "851830", "origins": ["VN"], "makers": ["Kumo Hanoi"], "routes": ["VN-JP"], "net_g": 48,
        "words": {"en": "earphones earbuds wireless", "ja": "イヤホン"},
    }  # fmt: skip
    (source / "products.jsonl").write_text(json.dumps(product) + "\n")
    serials = [json.dumps({"gtin": gtin, "serial": f"A{number}"}) for number in range(1_000)]
    (source / "serials.jsonl").write_text("\n".join(serials))
    with (source / "watch_list.jsonl").open("w", encoding="utf-8") as file:
        for number, (kind, name) in enumerate(entries):
            row = {"entry": f"W{number}", "kind": kind, "name": name, "reason": "drawn"}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    started = time.perf_counter()
    report = build(source, folder / "drawn.sqlite")
    taken = time.perf_counter() - started
    print(f"edition of {len(entries):,} entries: built in {taken:.1f} s, {report.size / 1e6:.1f} MB")
    return Path(report.out)


def best(registry: Registry, kind: str, name: str) -> Likeness:
    compare = addresses if kind == "address" else likeness
    found = registry.watch_candidates(name, (kind,))
    nothing = Likeness(0.0, SPELLING, ())
    return max((compare(name, entry.listed) for entry in found), key=lambda one: one.score, default=nothing)


def _same(name: str) -> str:
    """What namesakes share: the letters of the words, in any order."""
    return "".join(sorted(latin(name).split()))


def false_alarms(registry: Registry, entries: list[tuple[str, str]], consignors: int, limits: Limits) -> None:
    names = Names(7_001)
    listed = {(kind, _same(name)) for kind, name in entries}
    taken: list[float] = []
    least = int(builtin().consignment.watch_similarity)
    for kind, draw in (("consignor", names.company), ("consignor", names.person), ("address", names.address)):
        scores: list[Likeness] = []
        namesakes = 0
        for _ in range(consignors):
            name = draw()
            started = time.thread_time()
            found = best(registry, kind, name)
            taken.append(time.thread_time() - started)
            if (kind, _same(name)) in listed:
                namesakes += 1
            else:
                scores.append(found)
        count, named = max(1, len(scores)), draw.__name__
        listed_ones = 1_000 * sum(found.score >= least and found.how != SPELLING for found in scores) / count
        near = {
            share: 1_000 * sum(found.score >= share and found.how == SPELLING for found in scores) / count
            for share in _THRESHOLDS
        }
        told = "   ".join(f"{share}: {rate:.2f}" for share, rate in near.items())
        print(f"{named}: {len(scores):,} on no list, {namesakes} namesakes; of 1,000 nearly spelled so at {told}")
        print(
            f"  watch.listed {listed_ones:.2f} of 1,000; {limits.judged(named, listed_ones, _FALSE_ALARMS, 'of 1,000')}"
        )
        judged = limits.judged(f"{named}, near", near[least], _NEAR, "of 1,000")
        print(f"  watch.similar {near[least]:.2f} of 1,000 at the policy's {least}; {judged}")
    told = "   ".join(f"p{share}: {at(taken, share / 100) * 1e3:.2f}" for share in (50, 95, 99))
    print(f"one name, candidates and comparisons: {told} ms of the processor")


def found_again(registry: Registry, entries: list[tuple[str, str]], times: int) -> None:
    draw = random.Random(7_002)
    names = [(kind, name) for kind, name in entries if kind != "address"]
    least = builtin().consignment.watch_similarity
    for what, slip in SLIPS.items():
        asked = draw.sample(names, min(times, len(names)))
        found = Counter("latin" if name.isascii() else "other" for kind, name in asked
                        if best(registry, kind, slip(name, draw)).score >= least)  # fmt: skip
        whole = Counter("latin" if name.isascii() else "other" for _, name in asked)
        told = ", ".join(f"{script} {found[script] / count:.1%} of {count}" for script, count in sorted(whole.items()))
        print(f"found again after {what}: {told}")


def number_of(index: int) -> str:
    return f"RR{index:08d}{s10_check_digit(f'{index:08d}')}CN"


def manifest(path: Path, consignments: int) -> None:
    names, draw = Names(7_003), random.Random(7_003)
    pools = (names.company, names.person, names.address)
    companies, people, places = ([one() for _ in range(20_000)] for one in pools)
    with path.open("w", encoding="utf-8") as file:
        for index in range(consignments):
            line = {
                "description": draw.choice(_LINES), "quantity": draw.randint(1, 3), "net_g": draw.randint(20, 900),
                "value_minor": draw.randint(500, 20_000), "currency": "JPY", "hs": "851830", "origin": "VN",
            }  # fmt: skip
            row = {
                "document": number_of(index), "document_type": "CN23",
                "consignor": {"name": draw.choice(companies), "address": draw.choice(places), "country": "CN"},
                "consignee": {"name": draw.choice(people), "country": "JP"}, "platform": "market",
                "order": f"A-{index}", "lines": [line],
            }  # fmt: skip
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def inspected(folder: Path, made: Path, arguments: argparse.Namespace, limits: Limits) -> None:
    settings = Settings(state_dir=folder / "state", workers=1, reserve_bytes=0, device="bench-1")
    shelf = Shelves.of(settings).editions
    shelf.activate(shelf.stage(made))
    manifest(folder / "manifest.jsonl", arguments.consignments)
    size = (folder / "manifest.jsonl").stat().st_size
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with open_box(settings, pictures=False) as box:
        started = time.perf_counter()
        with closing(Consignments(settings.state_dir)) as cache:
            report = taken_in(folder / "manifest.jsonl", cache, box.bench.now())
            taken = time.perf_counter() - started
            (segment,) = cache.segments()
        (folder / "manifest.jsonl").unlink()
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(
            f"{report.taken:,} consignments of {size / 1e6:.0f} MB taken in {taken:.1f} s, {report.refused} refused; "
            f"segment {segment.path.stat().st_size / 1e6:.0f} MB; peak memory "
            f"{before / 1e3:.0f} -> {after / 1e3:.0f} MB"
        )
        draw, gtin = random.Random(7_004), _GTIN + check_digit(_GTIN)
        stages: list[float] = []
        computed: list[float] = []
        for _ in range(arguments.inspections):
            number = number_of(draw.randrange(arguments.consignments))
            codes = (f"]d201{gtin}21A{draw.randrange(1_000)}".encode(), number.encode())
            raw = tuple(RawCode(code, "scanner") for code in codes)
            started = time.thread_time()
            done = box.bench.inspect(Arrival(station="1", codes=raw, joins=False))
            computed.append((time.thread_time() - started) * 1e3)
            if done.seen.consignment is None:
                raise SystemExit(f"{number}: expected what was declared, got nothing.")
            stages.append(sum(ms for stage, ms in done.stage_ms.items() if stage != "decode"))
    told = "   ".join(f"p{share}: {at(stages, share / 100):.2f}" for share in (50, 95, 99))
    print(f"identify, look up and decide of {len(stages)} parcels by the clock on the wall: {told} ms")
    told = "   ".join(f"p{share}: {at(computed, share / 100):.2f}" for share in (50, 95, 99))
    judged = limits.judged("all checks", at(computed, 0.99), _CHECKS_MS, "ms p99")
    print(f"processor time of the same, with recording them: {told} ms; {judged}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Watch lists and declarations at their size.")
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--consignors", type=int, default=20_000)
    parser.add_argument("--consignments", type=int, default=0)
    parser.add_argument("--inspections", type=int, default=500)
    parser.add_argument("--dir", type=Path, default=None)
    arguments = parser.parse_args()
    limits = Limits()
    with tempfile.TemporaryDirectory(dir=arguments.dir) as name:
        folder = Path(name)
        entries = drawn_entries(arguments.entries, 7_000)
        made = edition(folder, entries)
        if arguments.consignors:
            registry = Registry.open(made)
            with closing(registry):
                false_alarms(registry, entries, arguments.consignors, limits)
                found_again(registry, entries, max(1, arguments.consignors // 20))
        if arguments.consignments:
            inspected(folder, made, arguments, limits)
    limits.end()


if __name__ == "__main__":
    main()
