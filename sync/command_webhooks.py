"""Webhooks of the central on the command line: add, list, remove, dead, again, run."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Annotated

import typer

from sync.command_central import HOME, Database, Folder, needs_central, opened_central

webhooks_app = typer.Typer(no_args_is_help=True, help="Port systems that are told of new rows.")

Name = Annotated[str, typer.Argument(help="The subscription.")]
IDLE_S = 1.0
LOG = logging.getLogger(__name__)


@webhooks_app.command()
@needs_central
def add(  # noqa: PLR0917 - typer reads the options from the signature
    name: Name,
    url: Annotated[str, typer.Argument(help="https://...")],
    client: Annotated[str, typer.Option(help="Whose limits hold: the NAME of `sekisho central token`.")],
    kind: Annotated[str, typer.Option(help='Only rows of this kind, as "assessed".')] = "",
    outcome: Annotated[str, typer.Option(help='Only this outcome, as "CHECK" or "DETAIN".')] = "",
    private: Annotated[bool, typer.Option("--private", help="It may lie in a private network.")] = False,  # noqa: FBT002 - typer
    from_start: Annotated[bool, typer.Option("--from-start", help="With all that is here already.")] = False,  # noqa: FBT002 - typer
    folder: Folder = HOME,
    database: Database = "",
) -> None:
    """Add a subscription and print the secret with which its receiver checks signatures."""
    from sync.central.onward.webhooks import subscribe  # noqa: PLC0415 - absent on a bench

    central = opened_central(folder, database)
    told = subscribe(central, name, url, client, private=private, kind=kind, outcome=outcome, from_start=from_start)
    sys.stdout.write(f"{told}\n")


@webhooks_app.command("list")
@needs_central
def list_(folder: Folder = HOME, database: Database = "") -> None:
    """Print every subscription as JSON: how far it is, failures in a row, dead letters."""
    from sync.central.onward.webhooks import listed  # noqa: PLC0415 - absent on a bench

    told = listed(opened_central(folder, database))
    sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")


@webhooks_app.command()
@needs_central
def secret(name: Name, folder: Folder = HOME, database: Database = "") -> None:
    """Print the secret of a subscription again."""
    from sync.central.onward.webhooks import secret_of  # noqa: PLC0415 - absent on a bench

    sys.stdout.write(f"{secret_of(opened_central(folder, database), name)}\n")


@webhooks_app.command()
@needs_central
def remove(name: Name, folder: Folder = HOME, database: Database = "") -> None:
    """Remove a subscription with its dead letters."""
    from sync.central.onward import webhooks  # noqa: PLC0415 - absent on a bench

    webhooks.remove(opened_central(folder, database), name)
    sys.stdout.write(f"{name}: removed\n")


@webhooks_app.command()
@needs_central
def dead(name: Name, folder: Folder = HOME, database: Database = "") -> None:
    """Print the dead letters of a subscription as JSON: which rows, and what the receiver answered."""
    from sync.central.onward.webhooks import letters_of  # noqa: PLC0415 - absent on a bench

    told = letters_of(opened_central(folder, database), name)
    sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")


@webhooks_app.command()
@needs_central
def again(name: Name, folder: Folder = HOME, database: Database = "") -> None:
    """Send the dead letters of a subscription once more. Exit code 2 when some are left."""
    from sync.central.onward import webhook_post, webhooks  # noqa: PLC0415 - absent on a bench

    taken, left = webhooks.again(opened_central(folder, database), name, webhook_post.post)
    sys.stdout.write(f"{name}: {taken} taken, {left} left\n")
    if left:
        raise typer.Exit(2)


@webhooks_app.command()
@needs_central
def run(
    once: Annotated[bool, typer.Option("--once", help="Send what is due and end.")] = False,  # noqa: FBT002 - typer
    folder: Folder = HOME,
    database: Database = "",
) -> None:
    """Send new rows to subscribers until told to end. Any number of these may run."""
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415 - absent on a bench

    from sync.central.onward import webhook_post, webhooks  # noqa: PLC0415 - absent on a bench

    central = opened_central(folder, database)
    if once:
        sys.stdout.write(f"{webhooks.run_once(central, webhook_post.post)} rows taken\n")
        return
    with webhooks.Deliveries(central, webhook_post.post) as deliveries:
        while True:  # a signal may end it at any point: what was not noted as taken is sent again
            try:
                taken = deliveries.step()
            except OperationalError:
                LOG.exception("The database did not answer.")
                taken = 0
            if not taken:
                time.sleep(IDLE_S)
