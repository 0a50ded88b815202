"""`./run words`: bring the catalogues up to the English and say what wants a translator; `./run words fonts DIR`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from edge.terminal import clear_errors
from provisioning.words.catalogues import update_all
from provisioning.words.fonts import cut_all

app = typer.Typer(help=__doc__, add_completion=False)


@app.callback(invoke_without_command=True)
def words(context: typer.Context) -> None:
    """Bring every catalogue up to the English texts; a status of 1 says that something wants a translator."""
    if context.invoked_subcommand:
        return
    wanting = update_all()
    for language, contexts in wanting.items():
        sys.stdout.write(f"{language}: {len(contexts)} to translate\n" + "".join(f"  {one}\n" for one in contexts))
    raise typer.Exit(1 if any(wanting.values()) else 0)


@app.command()
@clear_errors
def fonts(
    sources: Annotated[Path, typer.Argument(help="Folder with the font files of Debian's Noto packages.")],
) -> None:
    """Cut the fonts of the pages anew."""
    for name, size in cut_all(sources).items():
        sys.stdout.write(f"{name}: {size / 1000:.1f} kB\n")


if __name__ == "__main__":
    app()
