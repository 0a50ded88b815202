"""Disclosure on the command line: check, preview, send, log, report."""

from __future__ import annotations

import getpass
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.errors import RequestRefused
from edge.storage.database import write_durably
from edge.terminal import require_writable
from sync.command_central import Database, Folder, needs_central, opened_central

if TYPE_CHECKING:
    from sync.central.privacy.disclosure import Period

disclose_app = typer.Typer(
    no_args_is_help=True, help="What leaves the central: to whom, by which profile, word for word."
)

HOME = Path("var/central")
ProfileFile = Annotated[Path, typer.Argument(help="A disclosure profile, TOML.")]
First = Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")]
Last = Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")]
Corrects = Annotated[str, typer.Option(help="The id of the document that this one takes the place of.")]
Reason = Annotated[str, typer.Option(help="Why it is corrected.")]


def _period(first: datetime, last: datetime) -> Period:
    from sync.central.privacy.disclosure import Period  # noqa: PLC0415 - absent on a bench

    return Period(first.replace(tzinfo=UTC).date(), last.replace(tzinfo=UTC).date())


@disclose_app.command()
@needs_central
def check(profile: ProfileFile) -> None:
    """Say whether a profile compiles: whether it asks for nothing that its recipient may not have."""
    from sync.central.privacy.profile import compiled  # noqa: PLC0415 - absent on a bench

    told = compiled(profile)
    sys.stdout.write(f"{profile}: {told.name} {told.version} for {told.recipient} compiles, SHA-256 {told.sha256}\n")


@disclose_app.command()
@needs_central
def preview(  # noqa: PLR0917 - typer reads the options from the signature
    profile: ProfileFile,
    first: First,
    last: Last,
    corrects: Corrects = "",
    reason: Reason = "",
    folder: Folder = HOME,
    database: Database = "",
) -> None:
    """Print the document exactly as it would leave. Nothing is logged."""
    from sync.central.privacy import disclosure  # noqa: PLC0415 - absent on a bench
    from sync.central.privacy.profile import compiled  # noqa: PLC0415 - likewise

    central = opened_central(folder, database)
    told = disclosure.prepare(central, compiled(profile), _period(first, last), corrects=corrects, reason=reason)
    sys.stdout.buffer.write(told.data)


@disclose_app.command()
@needs_central
def send(  # noqa: PLR0917 - typer reads the options from the signature
    profile: ProfileFile,
    first: First,
    last: Last,
    out: Annotated[Path, typer.Option(help="The file that is handed over.")],
    corrects: Corrects = "",
    reason: Reason = "",
    who: Annotated[str, typer.Option(help="On whose behalf; default: the name of the user.")] = "",
    folder: Folder = HOME,
    database: Database = "",
) -> None:
    """Log the document word for word, then write it into a file to be handed over."""
    from sync.central.privacy import disclosure  # noqa: PLC0415 - absent on a bench
    from sync.central.privacy.profile import compiled  # noqa: PLC0415 - likewise

    if bool(corrects) != bool(reason):
        raise RequestRefused("request_field", "Expected --corrects together with --reason, got one of them.")
    require_writable(out)
    central, wanted = opened_central(folder, database), compiled(profile)
    told = disclosure.prepare(central, wanted, _period(first, last), corrects=corrects, reason=reason)
    write_durably(out, disclosure.send(central, wanted, told, who or getpass.getuser(), corrects=corrects), mode=0o600)
    sys.stdout.write(f"{out}: document {told.id} for {wanted.recipient}, {len(told.rows)} inspections, logged\n")


@disclose_app.command("log")
@needs_central
def show_log(folder: Folder = HOME, database: Database = "") -> None:
    """Print everything that has left, as JSON: recipient, profile, document, rows, who, when, what it corrects."""
    from sync.central.privacy import disclosure  # noqa: PLC0415 - absent on a bench

    found = disclosure.log(opened_central(folder, database))
    sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=1) + "\n")


@disclose_app.command()
@needs_central
def report(  # noqa: PLR0917 - typer reads the options from the signature
    first: First,
    last: Last,
    by: Annotated[list[str], typer.Option(help="period, port, group or finding; may be repeated.")],
    groups: Annotated[Path | None, typer.Option(help='Product groups, TOML: group = ["GTIN-14 prefix"].')] = None,
    threshold: Annotated[int, typer.Option(min=2, help="Smaller counts are suppressed.")] = 5,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV instead of JSON.")] = False,  # noqa: FBT002 - typer
    folder: Folder = HOME,
    database: Database = "",
) -> None:
    """Print counts that may be published: small cells suppressed, and what would give them back."""
    from sync.central.privacy import reports  # noqa: PLC0415 - absent on a bench

    central = opened_central(folder, database)
    known = reports.groups_of(groups) if groups else {}
    told = reports.report(central, tuple(by), _period(first, last), known, threshold)
    sys.stdout.buffer.write(told.as_csv() if as_csv else told.as_json())
