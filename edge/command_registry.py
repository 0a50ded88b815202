"""Registry editions on the command line: build, show."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from edge.gs1 import Gtin
from edge.storage.registry_build import build
from edge.storage.shelves import editions
from edge.terminal import clear_errors, existing_edition, require_writable, settings_from_environment

registry_app = typer.Typer(no_args_is_help=True, help="Build and look into registry editions.")


@registry_app.command("build")
@clear_errors
def registry_build(
    source: Annotated[
        Path, typer.Argument(help="Directory of CSV or JSON-lines tables; see docs/registry-sources.md.")
    ],
    out: Annotated[Path, typer.Option(help="The edition file to write.")],
) -> None:
    """Build a registry edition. Bad rows are refused by number, the good ones are used."""
    console = Console(stderr=True, highlight=False, emoji=False)
    require_writable(out)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("building", total=1.0)

        def told(table: str, rows: int, share: float) -> None:
            progress.update(task, description=f"{table} {rows:,}", completed=share)

        report = build(source, out, told)
    for refusal in report.refusals:
        console.print(str(refusal), markup=False)
    if report.refused > len(report.refusals):
        console.print(f"... and {report.refused - len(report.refusals)} more in {report.rejects}", markup=False)
    counts = ", ".join(f"{rows} {table}" for table, rows in report.counts.items() if rows)
    sys.stdout.write(
        f"{report.out}: edition {report.edition.name} ({counts}), {report.refused} rows refused, "
        f"{report.size} bytes in {report.seconds:.1f} s\n"
    )


@registry_app.command("show")
@clear_errors
def registry_show(
    gtin: Annotated[str, typer.Argument(help="GTIN-8, -12, -13 or -14.")],
    registry: Annotated[Path | None, typer.Option(help="A registry edition instead of the box's own.")] = None,
    state_dir: Annotated[Path | None, typer.Option(help="Where the box's editions live.")] = None,
) -> None:
    """Show all that the edition says of a product, as JSON."""
    settings = settings_from_environment(registry=existing_edition(registry), state_dir=state_dir)
    product = Gtin.parse(gtin)
    with contextlib.closing(editions(settings.state_dir, settings.registry)) as shelf:
        sys.stdout.write(json.dumps(shelf.current().show(product), ensure_ascii=False, indent=2) + "\n")
