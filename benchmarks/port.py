"""The simulated port against the figures that were set: detection, false alarms, input faults, time of all checks.

    ./run bench port [--only year inputs checks] [--parcels 100000] [--trials 100000] [--seed 1] [--processes 1]
                     [--weigh CODE=WEIGHT,... ...] [--faces FILE] [--consignments 1000000] [--watched 100000]
                     [--out DIR]

1. year: parcels of a seeded year through the real judgement (docs/simulated-port.md says what is assumed). Each
   --weigh shows what other weights would have made of the same parcels; --faces draws from other measured packages.
2. inputs: genuine scans, clean and under an input fault: how many bring a CHECK that the clean scan does not.
3. checks: identify, find the declaration, look up and decide, together, with so many consignments cached and so many
   names watched. Milliseconds are processor time of one thread; time on the clock stands beside it.

With --out the whole report is written there, as by `sekisho simulate`.
"""

from __future__ import annotations

import argparse
import json
import time
from contextlib import closing
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.limits import Limits
from edge import policy as policies
from edge.consignment import Consignment
from edge.declaration import ConsignmentIn
from edge.inspection import Case, Seen, Weight
from edge.moment import ClockTrust, Moment
from edge.settings import Settings
from edge.steps import capture, decide
from edge.steps.identify import identify
from edge.steps.look_up import look_up
from edge.storage.consignments import Consignments
from edge.storage.ledger import Ledger
from edge.storage.registry import Registry
from edge.storage.registry_build import build
from provisioning.simulate import faces, figures, goods, parcels, report, run, scenario, tally
from provisioning.simulate.parcels import Visit
from provisioning.simulate.scenario import Scenario

PARTS = ("year", "inputs", "checks")
TIMED = 3_000  # visits
WARM = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--parcels", type=int, default=100_000)
    parser.add_argument("--trials", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--weigh", nargs="+", default=[], help="such as consignment.hs=note,watch.listed=note")
    parser.add_argument("--faces", type=Path, help="measured by ./run bench port_faces; else the frozen ones")
    parser.add_argument("--consignments", type=int, default=1_000_000)
    parser.add_argument("--watched", type=int, default=100_000)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    limits, port = Limits(), scenario.frozen()
    document: dict[str, Any] = {}
    if "year" in options.only:
        document = year(port, options, limits)
    if "inputs" in options.only:
        document["input_faults"] = inputs(port, options, limits)
    if "checks" in options.only:
        checks(port, options, limits)
    if options.out and "limits" in document:
        options.out.mkdir(parents=True, exist_ok=True)
        document.setdefault("input_faults", [])
        (options.out / "report.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        (options.out / "report.html").write_text(report.page(document, port, faces.frozen()), encoding="utf-8")
        print(options.out / "report.html")
    limits.end()


# --- The year ---------------------------------------------------------------------------------------------------------


def year(port: Scenario, options: argparse.Namespace, limits: Limits) -> dict[str, Any]:
    measured = faces.read(options.faces.read_bytes()) if options.faces else faces.frozen()
    start = time.perf_counter()
    done = run.run(port, measured, seed=options.seed, count=options.parcels, processes=options.processes)
    spent = time.perf_counter() - start
    about = {
        "scenario": port.name,
        "frozen": port.frozen.isoformat(),
        "seed": options.seed,
        "parcels": options.parcels,
        "policy": policies.builtin().title,
        "pack": measured.pack,
        "faces_sha256": measured.sha256,
    }
    document = figures.document(done.rows, port, policies.builtin(), about)
    print(f"{options.parcels:,} parcels in {spent:.0f} s ({1e3 * spent / options.parcels:.1f} ms each), {about}")
    for one in document["limits"]:
        print(f"  {report.line(one)}, ratio {one['ratio']:.2f}")
        limits.require(one["name"], kept=one["kept"])
    for name, one in document["bounds"].items():
        print(f"  bound: {name}: {report.percent(one['share'])} of {one['of']}")
    print("false alarms in 1,000 clean parcels (alone):")
    for one in document["alarms_per_1000"]:
        print(f"  {one['code']:26} {one['cause']:12} {one['parcels']:8.2f} ({one['alone']:.2f})")
    print("clean parcels of 1,000 that cannot be assessed:")
    for one in document["cannot_assess_per_1000"]:
        print(f"  {one['code']:26} {one['cause']:12} {one['parcels']:8.2f}")
    print("counterfeits with at least CHECK:")
    for name, one in document["detection"].items():
        interval = f"[{report.percent(one['low'])}, {report.percent(one['high'])}]"
        print(f"  {name:48} {report.percent(one['share']):>6} {interval} of {one['of']}")
    print("each check thought away: found, lost; alarms, saved; not assessed")
    for one in document["ablation"]:
        named = "  <- adds alarms without detection" if one["adds_alarms_alone"] else ""
        told = f"{one['found']:6} {one['lost']:6}   {one['alarms']:6} {one['saved']:6}   {one['unassessed']:6}"
        print(f"  {one['name']:26} {told}{named}")
    print("each note or limit, if it weighed CHECK: gained, added")
    for one in document["raised"]:
        print(f"  {one['code']:26} {one['weight']:6} {one['gained']:6} {one['added']:6}")
    print(f"officers: {document['officer_seconds']}")
    for one in options.weigh:
        other = {code: Weight(weight) for code, weight in (part.split("=") for part in one.split(","))}
        print(f"with {one}:")
        for figure in figures.against_limits(tally.reweighed(done.rows, policies.builtin(), other), port):
            kept = "kept" if figure.kept else "missed"
            print(f"  {figure.name}: {report.percent(figure.share.value)}, {kept}")
    return document


def inputs(port: Scenario, options: argparse.Namespace, limits: Limits) -> list[dict[str, Any]]:
    start = time.perf_counter()
    found = figures.of_trials(run.input_trials(port, faces.frozen(), seed=options.seed, count=options.trials), port)
    print(f"genuine codes under input faults, {options.trials:,} trials in {time.perf_counter() - start:.0f} s")
    for one in found:
        again = f"asked to scan again {one['limited']}"
        told = f"{one['checks']} of {one['count']}, {again}, codes changed {one['changed']}"
        print(f"  {one['fault']:20} false CHECK {told}")
        for example in one["examples"]:
            print(f"      {example}")
    together = found[-1]
    print(f"  {limits.judged('false CHECK by input faults', together['share'], together['limit'], 'share')}")
    return found


# --- All checks together ----------------------------------------------------------------------------------------------


def checks(port: Scenario, options: argparse.Namespace, limits: Limits) -> None:
    world = port.world.model_copy(update={"watched": options.watched, "days": 90, "edition_days": 90})
    large = port.model_copy(update={"world": world})
    catalogue = goods.draw(large, options.seed)
    visits = [visit for visit in parcels.year(large, catalogue, options.seed, TIMED + WARM) if not visit.again]
    with TemporaryDirectory() as folder:
        root = Path(folder)
        source = goods.write(root / "source", catalogue, large, 1)
        registry = Registry.open(build(source, root / "edition.sqlite").out)
        cache = Consignments(root)
        start = time.perf_counter()
        fill(cache, visits, options.consignments)
        print(f"{options.consignments:,} consignments cached in {time.perf_counter() - start:.0f} s")
        with closing(registry), closing(cache), closing(Ledger.open(root / "ledger.db", "box")) as ledger:
            busy, waited = times(visits, registry, cache, ledger)
    print(f"all checks together, {len(busy)} parcels, {options.watched:,} names watched:")
    for name, some in (("processor", busy), ("clock", waited)):
        cut = quantiles(some, n=100)
        print(f"  {name}: median {median(some):.1f} ms, p95 {cut[94]:.1f} ms, p99 {cut[98]:.1f} ms")
    print(f"  p99: {limits.judged('time of all checks', quantiles(busy, n=100)[98], port.limits.checks_p99_ms, 'ms')}")


def fill(cache: Consignments, visits: list[Visit], count: int) -> None:
    """The declarations of the visits' parcels among `count` others of the same kind."""
    mine = [visit.parcel.consignment for visit in visits if visit.parcel.consignment is not None]
    day = datetime(2026, 1, 1, tzinfo=UTC)
    with cache.held():
        builder = cache.building("drawn", "0" * 64, day, day.date())
        for one in mine:
            builder.add(incoming(one))
        for number in range(count - len(mine)):
            like = mine[number % len(mine)]
            builder.add(incoming(replace(like, document=f"ZZ{number:09d}XX")))
        builder.finish()


def incoming(one: Consignment) -> ConsignmentIn:
    told = {name: value for name, value in asdict(one).items() if name in ConsignmentIn.model_fields}
    told["lines"] = [line for line in told["lines"] if line["description"]]  # no manifest brings one without
    return ConsignmentIn.model_validate(told)


def times(
    visits: list[Visit], registry: Registry, cache: Consignments, ledger: Ledger
) -> tuple[list[float], list[float]]:
    """Milliseconds of each visit, the first ones left out: of the processor, and on the clock."""
    policy, settings, spent = policies.builtin(), Settings(), list[tuple[float, float]]()
    for number, visit in enumerate(visits):
        codes = tuple(capture.RawCode(payload, "scanner:1") for payload in visit.codes)
        now = Moment(visit.at, ClockTrust.SYNCED)
        begun = time.thread_time(), time.perf_counter()
        symbols = capture.typed(codes, settings)
        identity = identify(symbols)
        consignment = cache.declared([key.partition(":")[2] for key in identity.parcel_keys])
        lookup = look_up(identity, consignment, (), registry, ledger, inspection=str(number), policy=policy, now=now)
        decide.assess(Case("1", Seen(symbols=symbols, consignment=consignment), identity, lookup, now), policy)
        spent.append((1e3 * (time.thread_time() - begun[0]), 1e3 * (time.perf_counter() - begun[1])))
    warm = spent[WARM:]
    return [busy for busy, _ in warm], [waited for _, waited in warm]


if __name__ == "__main__":
    main()
