"""Consignments on the command line: take a manifest in, and say what is there."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from edge.command_shelf import command_clock
from edge.display import visible
from edge.manifests.importing import taken_in
from edge.storage.consignments import Consignments
from edge.storage.owned import rights_of_owner
from edge.storage.shelves import Shelves
from edge.terminal import clear_errors, settings_from_environment

consignments_app = typer.Typer(no_args_is_help=True, help="What was declared ahead of the parcels' arrival.")

StateDir = Annotated[Path | None, typer.Option(help="Where the state of the box lives.")]


@consignments_app.command("import")
@clear_errors
def import_manifest(
    manifest: Annotated[Path, typer.Argument(help="A *.csv, *.json, *.jsonl or *.xml; see docs/consignments.md.")],
    state_dir: StateDir = None,
) -> None:
    """Take a manifest in. Bad rows are refused by number, the good ones are used; a bench may run meanwhile."""
    settings = settings_from_environment(state_dir=state_dir)
    with closing(Consignments(settings.state_dir)) as cache, rights_of_owner(settings.state_dir):
        report = taken_in(manifest, cache, command_clock(settings)())
    for said in report.refusals:
        sys.stderr.write(f"{report.file}, {visible(said)}\n")
    if report.refused > len(report.refusals):
        sys.stderr.write(f"... and {report.refused - len(report.refusals)} more\n")
    sys.stdout.write(f"{report.file}: {report.taken} consignments taken, {report.refused} rows refused\n")


@consignments_app.command("status")
@clear_errors
def status(
    state_dir: StateDir = None,
    refused: Annotated[int, typer.Option(help="Show the refused rows of this import.")] = 0,
) -> None:
    """Say what was imported and until when it is kept."""
    settings = settings_from_environment(state_dir=state_dir)
    days = Shelves.of(settings).policies.current().retention.consignments_days
    with closing(Consignments(settings.state_dir)) as cache:
        if refused:
            sys.stdout.write("".join(f"{visible(said)}\n" for said in cache.refusals(refused)))
            return
        told = cache.imports()
        for segment, imports in told:
            since = f"since {segment.day}" if segment.day else "from when the clock is trusted"
            held = cache.count(segment)
            sys.stdout.write(f"{segment.path.name}: {held} consignments, kept {days} days {since}\n")
            for one in imports:
                said = f"{one.taken} taken, {one.refused} refused"
                sys.stdout.write(f"  import {one.number}: {one.file} of {one.at}: {said}\n")
        for day in cache.refused.days():
            since = f"since {day.day}" if day.day else "from when the clock is trusted"
            sys.stdout.write(f"inbox/refused: manifests that cannot be used, {day.count()}, kept {days} days {since}\n")
    if not told:
        sys.stdout.write("no consignments\n")
