"""`./run words`: bring the catalogues up to the English and say what wants a translator; `./run words fonts`."""

from __future__ import annotations

import sys

import typer

from provisioning.words.catalogues import update_all

app = typer.Typer(help=__doc__, no_args_is_help=False)


@app.callback(invoke_without_command=True)
def main(context: typer.Context) -> None:
    """Bring every catalogue up to the English texts; a status of 1 says that something wants a translator."""
    if context.invoked_subcommand:
        return
    wanting = update_all()
    for language, contexts in wanting.items():
        sys.stdout.write(f"{language}: {len(contexts)} to translate\n" + "".join(f"  {one}\n" for one in contexts))
    raise typer.Exit(1 if any(wanting.values()) else 0)


if __name__ == "__main__":
    app()
