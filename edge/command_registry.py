"""Registry editions on the command line: build, show, verify, diff, apply, pack, unpack."""

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
from edge.storage import canonical, snapshot
from edge.storage import delta as deltas
from edge.storage.registry import Registry
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
    for warning in report.warnings:
        console.print(f"Warning: {warning}", markup=False)
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


@registry_app.command("verify")
@clear_errors
def registry_verify(edition: Annotated[Path, typer.Argument(help="An edition file.")]) -> None:
    """Read a whole edition and say its content hash: the one that is signed. Minutes for a national one."""
    content = canonical.verify(edition)
    with contextlib.closing(Registry.open(edition)) as registry:
        sys.stdout.write(f"{edition}: edition {registry.edition.name} {registry.edition.number}, content {content}\n")


@registry_app.command("diff")
@clear_errors
def registry_diff(
    old: Annotated[Path, typer.Argument(help="The edition that boxes have.")],
    new: Annotated[Path, typer.Argument(help="The edition that they are to have.")],
    out: Annotated[Path, typer.Option(help="The delta file to write.")],
) -> None:
    """Write the delta that turns one edition into another."""
    require_writable(out)
    report = deltas.diff(old, new, out)
    changes = ", ".join(f"{rows} {table}" for table, rows in report.header.changes.items())
    sys.stdout.write(
        f"{out}: to edition number {report.header.number} ({changes or 'no change'}), {report.size} bytes\n"
    )


@registry_app.command("apply")
@clear_errors
def registry_apply(
    old: Annotated[Path, typer.Argument(help="The edition to start from.")],
    delta: Annotated[Path, typer.Argument(help="A delta made by registry diff.")],
    out: Annotated[Path, typer.Option(help="The edition file to write.")],
    content: Annotated[str | None, typer.Option(help="The content hash that was signed.")] = None,
) -> None:
    """Make the next edition from one and a delta: a whole new file, or none."""
    require_writable(out)
    deltas.apply(old, delta, out, content)
    with contextlib.closing(Registry.open(out)) as registry:
        said = registry.content_sha256
        sys.stdout.write(f"{out}: edition {registry.edition.name} {registry.edition.number}, content {said}\n")


@registry_app.command("pack")
@clear_errors
def registry_pack(
    edition: Annotated[Path, typer.Argument(help="An edition file.")],
    out: Annotated[Path, typer.Option(help="The snapshot file to write.")],
) -> None:
    """Pack an edition into a snapshot, as it is published."""
    require_writable(out)
    snapshot.pack(edition, out)
    sys.stdout.write(f"{out}: {out.stat().st_size} bytes for {edition.stat().st_size}\n")


@registry_app.command("unpack")
@clear_errors
def registry_unpack(
    packed: Annotated[Path, typer.Argument(help="A snapshot made by registry pack.")],
    out: Annotated[Path, typer.Option(help="The edition file to write.")],
    content: Annotated[str | None, typer.Option(help="The content hash that was signed.")] = None,
) -> None:
    """Unpack a snapshot into an edition: a whole new file, or none."""
    require_writable(out)
    snapshot.unpack(packed, out, content)
    with contextlib.closing(Registry.open(out)) as registry:
        said = registry.content_sha256
        sys.stdout.write(f"{out}: edition {registry.edition.name} {registry.edition.number}, content {said}\n")
