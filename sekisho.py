"""The command `sekisho`: joins the sub-commands of the packages, nothing else."""

from __future__ import annotations

from provisioning.demo.command import demo

from edge.command import app

app.command()(demo)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
