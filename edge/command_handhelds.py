"""Handhelds on the command line: which are paired with this box, and that one is no more. The page pairs them.

A serving bench takes a revocation up with the next request, and writes its row.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from edge.handhelds.kept import HandheldsFile, removed
from edge.terminal import clear_errors, settings_from_environment

handhelds_app = typer.Typer(no_args_is_help=True, help="Handhelds that are paired with this box.")

StateDir = Annotated[Path | None, typer.Option(help="Where the state of the box lives.")]


@handhelds_app.command("list")
@clear_errors
def list_handhelds(state_dir: StateDir = None) -> None:
    """Show every paired handheld: its id, name, station, and since when."""
    table = Table("id", "name", "station", "since")
    for one in HandheldsFile(settings_from_environment(state_dir=state_dir).state_dir).read().values():
        table.add_row(Text(one.id), Text(one.name), Text(one.station), one.since)
    Console().print(table)


@handhelds_app.command()
@clear_errors
def revoke(
    handheld: Annotated[str, typer.Argument(help="Id of the handheld, as the list shows it.")],
    state_dir: StateDir = None,
) -> None:
    """Make a handheld a stranger, as when it was lost. What waits on it can be sent after it is paired again."""
    file = HandheldsFile(settings_from_environment(state_dir=state_dir).state_dir)
    if handheld not in file.read():  # before a lock is made where there is no box
        removed({}, handheld)
    file.change(lambda handhelds: removed(handhelds, handheld))
    sys.stdout.write(f"{handheld}: is paired no more.\n")
