"""./run faults NAME [--seeds N] [--seed S] [--only SCENARIO]: interrupt it again and again; what broke, if anything.

Each scenario is interrupted by N kills, 2 N power cuts, N / 10 full disks and N / 10
sticks pulled out. Exit code 1 when anything did not hold.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from pathlib import Path

from benchmarks.faults import campaign, disk

_CAMPAIGNS = ("registry", "sync")


def main() -> None:
    """Run one campaign, or, for the campaign itself, one scenario in a process of its own."""
    if sys.argv[1:2] == ["child"]:
        module, name, material, state, notes = sys.argv[2:]
        scenario = next(one for one in importlib.import_module(module).SCENARIOS if one.name == name)
        campaign.child(scenario, Path(material), Path(state), Path(notes))
        return
    parser = argparse.ArgumentParser(prog="./run faults", description=__doc__)
    parser.add_argument("campaign", choices=_CAMPAIGNS)
    parser.add_argument("--seeds", type=int, default=100, help="interruptions by kill of each scenario")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="one scenario")
    options = parser.parse_args()
    scenarios = importlib.import_module(f"benchmarks.faults.{options.campaign}").SCENARIOS
    failures = 0
    for scenario in scenarios:
        if options.only not in {"", scenario.name}:
            continue
        faults = [("killed", campaign.kills, options.seeds)]
        if why := disk.why_unavailable():
            print(f"{scenario.name}: power cuts and full disks are NOT tested: {why}")
        else:
            faults += [
                ("power cut", campaign.power_cuts, 2 * options.seeds),
                ("full disk", campaign.full_disks, max(1, options.seeds // 10)),
                ("stick pulled", campaign.pulled_sticks, max(1, options.seeds // 10)),
            ]
        for word, run, count in faults:
            started = time.monotonic()
            tally = run(scenario, count, options.seed)
            failures += len(tally.failures)
            took = time.monotonic() - started
            print(f"{scenario.name}: {word} {tally.runs} times, {len(tally.failures)} did not hold ({took:.0f} s)")
            for failure in tally.failures[:10]:
                print(f"  {failure}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
