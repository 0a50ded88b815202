"""The reference central on the command line: init, serve, enrol-token, revoke, token, status, import, export.

It needs the extra "central" (SQLAlchemy, alembic, and psycopg for PostgreSQL), which a bench does not have.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import json
import os
import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ParamSpec, TypeVar

import typer

from edge.errors import RequestRefused, SettingsError
from edge.terminal import clear_errors, require_writable
from edge.web.access import is_loopback

if TYPE_CHECKING:
    from sqlalchemy.schema import Table

    from sync.central.central import Central

P = ParamSpec("P")
R = TypeVar("R")

central_app = typer.Typer(no_args_is_help=True, help="The reference central: results of many boxes.")

Folder = Annotated[Path, typer.Option("--dir", envvar="SEKISHO_CENTRAL_DIR", help="Where the central lives.")]
Database = Annotated[
    str, typer.Option(envvar="SEKISHO_CENTRAL_DATABASE", help="postgresql+psycopg://...; default: SQLite in --dir.")
]
Objects = Annotated[
    str, typer.Option(envvar="SEKISHO_CENTRAL_OBJECTS", help="s3://BUCKET/PREFIX; default: files in --dir.")
]
HOME = Path("var/central")


def needs_central(command: Callable[P, R]) -> Callable[P, R]:
    """A command of the central: clear errors, and its libraries are there."""

    @functools.wraps(command)
    def told(*args: P.args, **kwargs: P.kwargs) -> R:
        require_libraries()
        return command(*args, **kwargs)

    return clear_errors(told)


def require_libraries() -> None:
    """Say what to install where the central's libraries are absent.

    Raises:
        SettingsError: settings_central.
    """
    absent = [name for name in ("sqlalchemy", "alembic", "obstore") if importlib.util.find_spec(name) is None]
    if absent:
        message = f"The central needs {', '.join(absent)}, got a bench without."
        raise SettingsError("settings_central", message, hint="pip install 'sekisho[central]'")


def opened_central(folder: Path, database: str, objects: str = "") -> Central:
    """The central, with its tables brought up to date.

    Raises:
        SettingsError: settings_database, settings_objects, settings_key.
    """
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError  # noqa: PLC0415 - absent on a bench

    from sync.central.database import migrate  # noqa: PLC0415 - likewise
    from sync.central.privacy import ends  # noqa: PLC0415 - likewise
    from sync.central.serving import KEY_FILE, open_central  # noqa: PLC0415 - likewise

    new = not (folder / KEY_FILE).exists()
    try:
        central = open_central(folder, database, objects)
        migrate(central.engine)
        if new:
            ends.begin(central)
    except (SQLAlchemyError, ArgumentError, ImportError) as error:
        where = database.rpartition("@")[2] or str(folder)  # no password in a message
        message = f"{where}: expected a database that can be used, got {str(error).splitlines()[0][:200]}."
        raise SettingsError("settings_database", message, hint="postgresql+psycopg://USER@HOST/NAME") from error
    return central


@central_app.command()
@needs_central
def init(folder: Folder = HOME, database: Database = "") -> None:
    """Make the central's key and tables, or bring the tables up to date; print its fingerprint."""
    from sync.central.privacy import ends  # noqa: PLC0415 - absent on a bench

    central = opened_central(folder, database)
    ends.begin(central)
    sys.stdout.write(f"{central.id}\n")


@central_app.command()
@needs_central
def serve(  # noqa: PLR0917 - typer reads the options from the signature
    folder: Folder = HOME,
    database: Database = "",
    objects: Objects = "",
    host: Annotated[str, typer.Option(help="Address; other than loopback needs TLS here or in front.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="TCP port.")] = 8090,
    workers: Annotated[int, typer.Option(help="Processes; all are alike.")] = 1,
    tls_certificate: Annotated[Path | None, typer.Option(help="PEM file.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM file.")] = None,
    behind_proxy: Annotated[bool, typer.Option("--behind-proxy", help="A proxy in front speaks TLS.")] = False,  # noqa: FBT002 - typer
) -> None:
    """Serve the central."""
    import uvicorn  # noqa: PLC0415 - after the checks
    from uvicorn.supervisors import Multiprocess  # noqa: PLC0415 - likewise

    from sync.central.serving import DATABASE, DIR, OBJECTS  # noqa: PLC0415 - absent on a bench

    if not (is_loopback(host) or tls_certificate or behind_proxy):
        message = f"Listening on {host!r}, beyond loopback, needs TLS, got none."
        hint = "Give --tls-certificate and --tls-key, or --behind-proxy where a proxy speaks TLS."
        raise SettingsError("settings_tls", message, hint=hint)
    opened_central(folder, database, objects).engine.dispose()
    os.environ[DIR], os.environ[DATABASE], os.environ[OBJECTS] = str(folder), database, objects
    config = uvicorn.Config(
        "sync.central.serving:app",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        ssl_certfile=tls_certificate,
        ssl_keyfile=tls_key,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
    )
    if workers > 1:
        with config.bind_socket() as held, contextlib.suppress(KeyboardInterrupt):
            # asyncio does it for sockets that it has bound itself: without it each answer waits 40 ms for an ACK.
            held.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            Multiprocess(config, sockets=[held]).run()
        return
    server = uvicorn.Server(config)
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        raise typer.Exit(3)


@central_app.command("enrol-token")
@needs_central
def enrol_token(
    device: Annotated[str, typer.Argument(help="The SEKISHO_DEVICE of the box.")],
    url: Annotated[str, typer.Option(help="Where the box reaches this central.")],
    port: Annotated[str, typer.Option(help="Port or office where the box stands.")] = "",
    folder: Folder = HOME,
    database: Database = "",
) -> None:
    """Print a one-time token for a box. Enrolling revokes an older key of the same name."""
    from sync.central.database import writing  # noqa: PLC0415 - absent on a bench
    from sync.central.intake.devices import new_token  # noqa: PLC0415 - likewise

    central = opened_central(folder, database)
    with writing(central.engine) as connection:
        token = new_token(connection, url, central.id, device, port=port, now=datetime.now(UTC))
    sys.stdout.write(f"{token}\n")


@central_app.command()
@needs_central
def revoke(
    device: Annotated[str, typer.Argument(help="The device.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    folder: Folder = HOME,
    database: Database = "",
) -> None:
    """Revoke every key of a device: nothing signed with them is taken from now on."""
    from sync.central.database import writing  # noqa: PLC0415 - likewise
    from sync.central.intake import devices  # noqa: PLC0415 - absent on a bench

    central = opened_central(folder, database)
    with writing(central.engine) as connection:
        count = devices.revoke(connection, device, reason, datetime.now(UTC).isoformat())
    sys.stdout.write(f"{device}: {count} key(s) revoked\n")


@central_app.command()
@needs_central
def token(  # noqa: PLR0917 - typer reads the options from the signature
    name: Annotated[str, typer.Argument(help="The central system that reads.")],
    nominal: Annotated[bool, typer.Option("--nominal", help="It may see what is personal.")] = False,  # noqa: FBT002 - typer
    port: Annotated[list[str] | None, typer.Option(help="Only rows of this port; may be repeated.")] = None,
    days: Annotated[int | None, typer.Option(help="How long it is good; default: until it is revoked.")] = None,
    folder: Folder = HOME,
    database: Database = "",
) -> None:
    """Print a token to read the feed with. It is shown once; a second of the same name ends no first."""
    from sync.central.clients import new_client  # noqa: PLC0415 - absent on a bench
    from sync.central.database import writing  # noqa: PLC0415 - likewise
    from sync.central.tokens import end_of  # noqa: PLC0415 - likewise

    expires = end_of(days, datetime.now(UTC))
    central = opened_central(folder, database)
    with writing(central.engine) as connection:
        made = new_client(connection, name, nominal=nominal, ports=port or (), expires=expires)
    sys.stdout.write(f"{made}\n")


@central_app.command("lost")
@needs_central
def lost_(  # noqa: PLR0917 - typer reads the options from the signature
    device: Annotated[str, typer.Argument(help="The device.")],
    since: Annotated[str, typer.Option(help="When it was last in good hands, e.g. 2026-11-21T18:00+09:00.")] = "",
    reason: Annotated[str, typer.Option(help="Why.")] = "lost",
    found: Annotated[bool, typer.Option("--found", help="It was in good hands: doubt nothing of it.")] = False,  # noqa: FBT002 - typer
    folder: Folder = HOME,
    database: Database = "",
) -> None:
    """Revoke a lost box, and give nobody what it brought since; --found takes the doubt back, not the revocation."""
    from sync.central.fleet import lost as losses  # noqa: PLC0415 - absent on a bench

    central = opened_central(folder, database)
    if found:
        sys.stdout.write(f"{device}: {losses.found(central, device)} ledger(s) are believed again\n")
        return
    try:
        when = datetime.fromisoformat(since)
    except ValueError as error:
        message = f"--since: expected a time such as 2026-11-21T18:00+09:00, got {since[:40]!r}."
        raise RequestRefused("request_field", message) from error
    told = losses.lost(central, device, when, reason)
    sys.stdout.write(f"{device}: {told.keys} key(s) revoked, {told.rows} rows in quarantine\n")


@central_app.command("revoked")
@needs_central
def revoked_(
    out: Annotated[Path, typer.Argument(help="A directory, e.g. of a web server or a stick.")],
    folder: Folder = HOME,
    database: Database = "",
) -> None:
    """Write the deny-list, the CRL and the authority's certificate as static files, for whoever checks boxes."""
    from edge.storage.database import write_durably  # noqa: PLC0415 - beside the others
    from sync.central.intake.stick_identity import write_lists  # noqa: PLC0415 - absent on a bench
    from sync.certificates import LIST_LIFE, authority  # noqa: PLC0415 - beside the others

    if not out.is_dir():
        raise RequestRefused("request_out", f"{out}: expected a directory, got none.")
    central = opened_central(folder, database)
    write_lists(central, out)
    write_durably(out / "authority.pem", authority(central.private))
    sys.stdout.write(f"{out}: revocations.json, revoked.crl, authority.pem; good for {LIST_LIFE.days} days\n")


@central_app.command("revoke-token")
@needs_central
def revoke_token(
    name: Annotated[str, typer.Argument(help="The central system that shall read no more.")],
    folder: Folder = HOME,
    database: Database = "",
) -> None:
    """Revoke every token of a central system: it reads nothing from now on, and its webhooks stop."""
    from sync.central.tables import clients  # noqa: PLC0415 - absent on a bench

    revoke_tokens_of(opened_central(folder, database), clients, name)


def revoke_tokens_of(central: Central, table: Table, name: str) -> None:
    """Revoke the tokens of `name` in a table of tokens, and say how many.

    Raises:
        NotFound: token_not_found.
    """
    from sync.central import tokens  # noqa: PLC0415 - absent on a bench
    from sync.central.database import writing  # noqa: PLC0415 - likewise

    with writing(central.engine) as connection:
        count = tokens.revoke(connection, table, name, datetime.now(UTC).isoformat())
    sys.stdout.write(f"{name}: {count} token(s) revoked\n")


@central_app.command()
@needs_central
def status(folder: Folder = HOME, database: Database = "") -> None:
    """Print what the central holds, as JSON: boxes, chains, alarms."""
    from sync.central.intake.holdings import holdings  # noqa: PLC0415 - absent on a bench

    central = opened_central(folder, database)
    sys.stdout.write(json.dumps(holdings(central.engine), ensure_ascii=False, indent=2) + "\n")


@central_app.command()
@needs_central
def arrived(
    device: Annotated[str, typer.Argument(help="The device, e.g. one whose card is dead.")],
    names: Annotated[
        Path | None, typer.Option("--list", help="A file of inspections or parcel numbers, one a line.")
    ] = None,
    folder: Folder = HOME,
    database: Database = "",
) -> None:
    """Say exactly what of a box is here and what is not. Exit code 2 when something of the list is missing."""
    from sync.central.intake import arrived as arrivals  # noqa: PLC0415 - absent on a bench

    engine = opened_central(folder, database).engine
    found = arrivals.arrived(engine, device)
    for one in found:
        sys.stdout.write(
            f"{device}, ledger {one.ledger}: rows 1 to {one.rows} of {one.inspections} inspections are here, none "
            f"missing; the last was written at {one.last} and came at {one.received}\n"
        )
        if one.known > one.rows:
            sys.stdout.write(f"rows {one.rows + 1} to {one.known}: the box had them, and they are not here\n")
        for sha256, inspection in one.pictures:
            sys.stdout.write(f"picture {sha256} of inspection {inspection} is not here\n")
    if not found:
        sys.stdout.write(f"{device}: nothing is here\n")
    if names is not None:
        listed = [line.strip() for line in names.read_text(encoding="utf-8").splitlines() if line.strip()]
        absent = arrivals.missing(engine, device, listed)
        sys.stdout.write("".join(f"{name} is not here\n" for name in absent))
        sys.stdout.write(f"of {len(listed)} on the list {len(absent)} are not here\n")
        if absent:
            raise typer.Exit(2)


@central_app.command("import")
@needs_central
def import_(
    directory: Annotated[Path, typer.Argument(help="The directory that `sekisho results export` wrote.")],
    folder: Folder = HOME,
    database: Database = "",
    objects: Objects = "",
) -> None:
    """Take in what a box has exported, and write receipts beside it for the box. Exit code 2 when some is refused."""
    from sync.central.intake.imports import take_in  # noqa: PLC0415 - absent on a bench

    if not directory.is_dir():
        raise RequestRefused("request_no_file", f"{directory}: expected an exported directory, got none.")
    taken = take_in(opened_central(folder, database, objects), directory)
    sys.stdout.write(f"{taken.batches} batches, {taken.pictures} pictures taken in, {len(taken.refused)} refused\n")
    sys.stdout.write("".join(f"{name}: answered on the stick\n" for name in taken.answered))
    for refusal in taken.refused:
        sys.stderr.write(f"{refusal}\n")
    if taken.refused:
        raise typer.Exit(2)


@central_app.command("export")
@needs_central
def export_(  # noqa: PLR0917 - typer reads the options from the signature
    out: Annotated[Path, typer.Argument(help="The file to write.")],
    form: Annotated[str, typer.Option("--format", help="csv, parquet or epcis.")] = "csv",
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day, UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day not wanted any more.")] = None,
    port: Annotated[list[str] | None, typer.Option(help="Only this port; may be repeated.")] = None,
    after: Annotated[int, typer.Option(help="Only what came after this cursor.")] = 0,
    nominal: Annotated[bool, typer.Option("--nominal", help="With what is personal.")] = False,  # noqa: FBT002 - typer
    folder: Folder = HOME,
    database: Database = "",
) -> None:
    """Write assessments as a table, or events as one EPCIS document; print the cursor to go on from."""
    from sync.central.clients import Client  # noqa: PLC0415 - absent on a bench
    from sync.central.onward.exports import FORMATS, Asked, exported  # noqa: PLC0415 - likewise

    if form not in FORMATS:
        raise RequestRefused("request_field", f"--format: expected {', '.join(FORMATS)}, got {form!r}.")
    require_writable(out)
    days = (None if day is None else day.date() for day in (since, until))
    asked = Asked.of_days(*days, after=after)
    reads = Client("export", nominal=nominal, ports=tuple(port or ()))
    upto, pieces = exported(opened_central(folder, database), reads, form, asked)
    with out.open("wb") as file:
        file.writelines(pieces)
    sys.stdout.write(f"{out}: {out.stat().st_size} bytes, up to cursor {upto}\n")
