"""The command `sekisho`: joins the sub-commands of the packages, nothing else."""

from __future__ import annotations

from edge.command import app
from provisioning.demo.command import demo

__all__ = ["app", "main"]

app.command()(demo)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
