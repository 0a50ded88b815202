"""`sekisho simulate`: a seeded year of parcels through the real judgement, as a page and as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from rich.console import Console

from edge import policy as policies
from edge.errors import RequestRefused
from edge.terminal import clear_errors
from provisioning.simulate import faces, figures, report
from provisioning.simulate import run as runs
from provisioning.simulate import scenario as scenarios
from provisioning.simulate.scenario import Scenario

_PERCENTILE = 0.99


@clear_errors
def simulate(
    *,
    out: Annotated[Path, typer.Option(help="Directory for report.html and report.json.")] = Path("simulated-port"),
    parcels: Annotated[int, typer.Option(min=1, help="Parcels of the year; 100,000 take minutes.")] = 2_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same year.")] = 1,
    trials: Annotated[int, typer.Option(min=0, help="Genuine scans under input faults; 0: none.")] = 0,
    processes: Annotated[int, typer.Option(min=1, max=16, help="Worlds of 50,000 parcels side by side.")] = 1,
    port: Annotated[
        Path | None, typer.Option(help="A port of your own, like provisioning/simulate/port.toml; else the frozen one.")
    ] = None,
    assumptions: Annotated[bool, typer.Option("--assumptions", help="Print what is assumed, and stop.")] = False,
) -> None:
    """Measure the bench on a simulated port: detection, false alarms, officers' time, and what each check is worth."""
    scenario, measured = (_port(port) if port else scenarios.frozen()), faces.frozen()
    console = Console(stderr=True, highlight=False, emoji=False)
    if assumptions:
        typer.echo(report.assumptions(scenario, measured), nl=False)
        return
    with console.status("the year begins") as status:

        def told(visits: int) -> None:
            status.update(f"{visits:,} visits")

        run = runs.run(scenario, measured, seed=seed, count=parcels, processes=processes, told=told)
        status.update("codes under faults")
        inputs = runs.input_trials(scenario, measured, seed=seed, count=trials) if trials else []
    about = {
        "scenario": scenario.name,
        "frozen": scenario.frozen.isoformat(),
        "seed": seed,
        "parcels": parcels,
        "policy": policies.builtin().title,
        "pack": measured.pack,
        "faces_sha256": measured.sha256,
    }
    document = figures.document(run.rows, scenario, policies.builtin(), about)
    document["input_faults"] = figures.of_trials(inputs, scenario)
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "report.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        (out / "report.html").write_text(report.page(document, scenario, measured), encoding="utf-8")
    except OSError as error:
        raise RequestRefused(
            "request_report",
            f"{out}: expected a directory to write into, got {error.strerror}.",
            hint="Name another directory with --out.",
        ) from error
    for one in document["limits"]:
        typer.echo(report.line(one))
    for one in document["input_faults"]:
        typer.echo(f"{one['fault']}: {one['checks']} false CHECK of {one['count']}")
    slowest = sorted(run.ms)[int(len(run.ms) * _PERCENTILE)]
    typer.echo(f"all checks together: median {median(run.ms):.1f} ms, p99 {slowest:.1f} ms")
    typer.echo(f"{out / 'report.html'}")


def _port(path: Path) -> Scenario:
    """A port of somebody's own.

    Raises:
        RequestRefused: request_port: it is none.
    """
    try:
        return scenarios.read(path.read_text("utf-8"))
    except ValueError as error:
        raise RequestRefused(
            "request_port",
            f"{path}: expected a port like provisioning/simulate/port.toml, got: {error}",
            hint="Compare with the frozen one; every rate needs value, basis and source.",
        ) from error
