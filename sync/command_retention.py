"""Retention of the central on the command line: retain, hold, lift, erase, orders, verify."""

from __future__ import annotations

import getpass
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from edge.errors import NotFound, RequestRefused
from sync.command_central import Database, Folder, Objects, needs_central, opened_central

HOME = Path("var/central")
Who = Annotated[str, typer.Option(help="On whose behalf; default: the name of the user.")]
Device = Annotated[str, typer.Argument(help="The device.")]
Inspection = Annotated[str, typer.Argument(help="The inspection.")]


def _who(given: str) -> str:
    return given or getpass.getuser()


@needs_central
def retain(  # noqa: PLR0917 - typer reads the options from the signature
    policy: Annotated[Path | None, typer.Option(help="A retention policy instead of the built-in one.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,  # noqa: FBT002 - typer
    really: Annotated[bool, typer.Option("--really", help="Also what a wrong clock would take.")] = False,  # noqa: FBT002 - typer
    who: Who = "",
    folder: Folder = HOME,
    database: Database = "",
    objects: Objects = "",
) -> None:
    """Let go what the retention policy gives up by now, each deletion with its signed row."""
    from sync.central.privacy import retention  # noqa: PLC0415 - absent on a bench

    wanted = retention.policy_of(policy)
    central = opened_central(folder, database, objects)
    gone = retention.retain(central, wanted, _who(who), dry_run=dry_run, really=really)
    sys.stdout.write(f"policy {wanted.title}{', nothing has gone' if dry_run else ''}\n")
    for device, told in gone.items():
        kinds = list(told.pictures.values())
        sys.stdout.write(
            f"{device}: {kinds.count('nominal')} nominal pictures, {kinds.count('goods')} pictures of goods, "
            f"{len(told.values)} personal values of {len(told.inspections)} inspections\n"
        )


@needs_central
def hold(  # noqa: PLR0917 - typer reads the options from the signature
    device: Device,
    inspection: Inspection,
    reason: Annotated[str, typer.Option(help="Why, e.g. the number of the case.")],
    who: Who = "",
    folder: Folder = HOME,
    database: Database = "",
) -> None:
    """Place a legal hold: nothing of the inspection goes until it is lifted."""
    from sync.central.database import writing  # noqa: PLC0415 - likewise
    from sync.central.privacy import retention  # noqa: PLC0415 - absent on a bench

    with writing(opened_central(folder, database).engine) as connection:
        retention.hold(connection, device, inspection, _who(who), reason, datetime.now(UTC).isoformat())


@needs_central
def lift(device: Device, inspection: Inspection, folder: Folder = HOME, database: Database = "") -> None:
    """Lift a legal hold."""
    from sync.central.database import writing  # noqa: PLC0415 - likewise
    from sync.central.privacy import retention  # noqa: PLC0415 - absent on a bench

    with writing(opened_central(folder, database).engine) as connection:
        if not retention.lift(connection, device, inspection, datetime.now(UTC).isoformat()):
            raise NotFound("hold_not_found", f"{inspection}: expected an inspection under a hold, got one without.")


@needs_central
def erase(  # noqa: PLR0917 - typer reads the options from the signature
    reason: Annotated[str, typer.Option(help="Why, e.g. the request's number.")],
    parcel: Annotated[str, typer.Option(help="The parcel's number: every inspection of it.")] = "",
    device: Annotated[str, typer.Option(help="With --inspection: its device.")] = "",
    inspection: Annotated[str, typer.Option(help="One inspection.")] = "",
    who: Who = "",
    folder: Folder = HOME,
    database: Database = "",
    objects: Objects = "",
) -> None:
    """Erase what is personal here and order its box to do the same. The nameless rows stay verifiable."""
    from sync.central.privacy import erasure  # noqa: PLC0415 - absent on a bench

    if bool(parcel) == bool(device and inspection):
        raise RequestRefused("request_field", "Expected --parcel, or --device and --inspection, got neither or both.")
    central = opened_central(folder, database, objects)
    wanted = erasure.inspections_of(central, parcel) if parcel else ((device, inspection),)
    if not wanted:
        raise NotFound("inspection_not_found", "Expected the number of a parcel that was inspected, got another.")
    for one, name in wanted:
        told = erasure.erase(central, one, name, _who(who), reason)
        sys.stdout.write(
            f"{told.device}, {told.inspection}: {told.values} values and {told.pictures} pictures erased here, "
            f"order {told.order} for the box\n"
        )


@needs_central
def orders(folder: Folder = HOME, database: Database = "") -> None:
    """Print every order for boxes and when its receipt came, as JSON."""
    from sync.central.privacy import erasure  # noqa: PLC0415 - absent on a bench

    sys.stdout.write(json.dumps(erasure.standing(opened_central(folder, database)), indent=1) + "\n")


@needs_central
def verify(
    anew: Annotated[bool, typer.Option("--anew", help="From the foundings on, not from where it stood.")] = False,  # noqa: FBT002 - typer
    pictures: Annotated[bool, typer.Option("--pictures", help="Every picture too.")] = False,  # noqa: FBT002 - typer
    folder: Folder = HOME,
    database: Database = "",
    objects: Objects = "",
) -> None:
    """Prove what lies here again: chains, signatures, personal values, deletions. Exit code 3 when some is altered."""
    from sync.central.intake.signatures import prove  # noqa: PLC0415 - absent on a bench

    told = prove(opened_central(folder, database, objects), anew=anew, pictures=pictures)
    sys.stdout.write(
        f"{told.rows} rows, {told.heads} signed heads, {told.values} personal values, {told.deletions} deletions, "
        f"{told.pictures} pictures as they came\n"
    )
    for sentence in told.wrong:
        sys.stderr.write(f"{sentence}\n")
    if told.wrong:
        raise typer.Exit(3)


def add_retention_commands(central_app: typer.Typer) -> None:
    """Add them to `sekisho central`."""
    for command in (retain, hold, lift, erase, orders, verify):
        central_app.command()(command)
