"""People on the command line: accounts, badges and PINs of this box. A serving bench takes each change up by itself.

A PIN is asked for or read from standard input, never given as an argument: arguments stand in the list of processes.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from edge.devices import badge_card
from edge.errors import RequestRefused
from edge.people.accounts import Account, PeopleFile, added, changed, existing, given_badge, given_pin, removed
from edge.people.roles import RIGHTS, Role
from edge.settings import Settings
from edge.terminal import clear_errors, require_writable, settings_from_environment

people_app = typer.Typer(no_args_is_help=True, help="Who may sign in at this bench: accounts, badges, PINs.")

StateDir = Annotated[Path | None, typer.Option(help="Where the state of the box lives.")]
Id = Annotated[str, typer.Argument(help="Id of the account, such as a staff number.")]
Out = Annotated[Path, typer.Option(help="Where to write the badge: a PDF, or a PNG by its ending.")]


@people_app.command()
@clear_errors
def add(
    person: Id,
    name: Annotated[str, typer.Option(help="The name that is shown on the page.")],
    role: Annotated[Role, typer.Option(help="officer, supervisor or technician.")] = Role.OFFICER,
    state_dir: StateDir = None,
) -> None:
    """Make an account. It can sign in once it has a badge or a PIN."""
    file, _ = _opened(state_dir)
    file.change(lambda accounts: added(accounts, Account(person, name, role)))
    sys.stdout.write(f"{person}: {role}. Give a badge or a PIN: sekisho people badge {person} --out FILE.pdf\n")


@people_app.command("list")
@clear_errors
def list_people(state_dir: StateDir = None) -> None:
    """Show every account and what it signs in with."""
    file, _ = _opened(state_dir)
    table = Table("id", "name", "role", "badge", "PIN")
    for one in file.read().values():
        table.add_row(Text(one.id), Text(one.name), one.role, "yes" if one.badge else "no", "yes" if one.pin else "no")
    Console().print(table)


@people_app.command()
@clear_errors
def badge(person: Id, out: Out, state_dir: StateDir = None) -> None:
    """Print a new badge. One that was printed before is nobody's from then on."""
    file, settings = _opened(state_dir)
    account = existing(file.read(), person)
    require_writable(out)
    made, kept = given_badge(file.secret())
    lines = (account.id, account.role, " ".join(part for part in (settings.device, settings.place) if part))
    try:
        badge_card.write(made, lines, out)
    except OSError as error:
        message = f"{out}: expected a file that can be written, got {error.strerror}."
        raise RequestRefused("request_out", message, hint="Name a file elsewhere.") from error
    file.change(lambda accounts: changed(accounts, person, badge=kept))
    sys.stdout.write(f"{out}: the badge of {person}. Print it at 100 %, then delete the file: it signs in.\n")


@people_app.command()
@clear_errors
def pin(
    person: Id,
    stdin: Annotated[bool, typer.Option("--stdin", help="Read it from standard input.")] = False,  # noqa: FBT002 - typer
    state_dir: StateDir = None,
) -> None:
    """Give a PIN of 6 to 12 digits. It also ends a pause after wrong ones."""
    file, _ = _opened(state_dir)
    existing(file.read(), person)
    chosen = sys.stdin.readline().strip() if stdin else typer.prompt("PIN", hide_input=True, confirmation_prompt=True)
    kept = given_pin(chosen, file.secret())
    file.change(lambda accounts: changed(accounts, person, pin=kept))
    sys.stdout.write(f"{person}: has a new PIN.\n")


@people_app.command()
@clear_errors
def remove(person: Id, state_dir: StateDir = None) -> None:
    """Take an account away. Its session ends at once; its id stays in the rows that it wrote."""
    file, _ = _opened(state_dir)
    file.change(lambda accounts: removed(accounts, person))
    sys.stdout.write(f"{person}: is no account any more.\n")


@people_app.command()
@clear_errors
def revoke(person: Id, state_dir: StateDir = None) -> None:
    """Make the badge of an account nobody's, as when it was lost. A PIN goes on."""
    file, _ = _opened(state_dir)
    file.change(lambda accounts: changed(accounts, person, badge=""))
    sys.stdout.write(f"{person}: has no badge any more.\n")


@people_app.command()
@clear_errors
def roles() -> None:
    """Show what each role may do."""
    for role, rights in RIGHTS.items():
        sys.stdout.write(f"{role}: {', '.join(sorted(rights))}\n")


def _opened(state_dir: Path | None) -> tuple[PeopleFile, Settings]:
    settings = settings_from_environment(state_dir=state_dir)
    with contextlib.suppress(OSError):  # what cannot be made is told by the first change
        settings.state_dir.mkdir(parents=True, exist_ok=True)
    return PeopleFile(settings.state_dir), settings
