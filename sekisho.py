"""The command `sekisho`: joins the sub-commands of the packages, nothing else."""

from __future__ import annotations

from edge.command import app
from provisioning.demo.command import demo
from sync.command import sync_app
from sync.publish_command import publish_app

__all__ = ["app", "main"]

app.command()(demo)
app.add_typer(sync_app, name="sync")
app.add_typer(publish_app, name="publish")


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
