"""Run a campaign: ./run faults NAME [--seeds N] [--seed S] [--only TRIAL] [--count C]; what broke, if anything.

Each trial makes so many runs for each seed that is asked for, e.g. two power cuts and a tenth of a full disk; --list
tells them. Exit code 1 when anything did not hold.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import sys
from collections.abc import Sequence

from benchmarks.faults.trial import Trial, tried

_CAMPAIGNS = ("registry", "sync")


def main() -> None:
    """Make the trials of one campaign."""
    parser = argparse.ArgumentParser(prog="./run faults", description=__doc__)
    parser.add_argument("campaign", choices=_CAMPAIGNS)
    parser.add_argument("--seeds", type=int, default=100, help="how many; each trial has its share")
    parser.add_argument("--seed", type=int, default=1, help="the first")
    parser.add_argument("--count", type=int, default=0, help="make so many runs of each trial instead of its share")
    parser.add_argument("--only", default="", help="trials whose name begins so")
    parser.add_argument("--list", action="store_true", help="name the trials and make none")
    options = parser.parse_args()
    trials: Sequence[Trial] = importlib.import_module(f"benchmarks.faults.{options.campaign}").TRIALS
    logging.disable(logging.CRITICAL)  # what the product logs of every fault would bury the report
    runs = hits = failures = 0
    for trial in trials:
        if not trial.name.startswith(options.only):
            continue
        count = options.count or max(1, round(trial.share * options.seeds))
        if options.list:
            print(f"{trial.name}: {count} runs. Holds: {trial.holds}")
        elif why := trial.why_not():
            print(f"{trial.name}: NOT TESTED: {why}")
        else:
            tally = tried(trial, count, options.seed)
            runs, hits = runs + tally.runs, hits + sum(tally.points.values())
            failures += len(tally.failures)
            print("\n".join(tally.lines(options.campaign, trial.holds)), flush=True)
    if not options.list:
        print(f"in all: {runs} runs, {hits} hits, {failures} did not hold")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
