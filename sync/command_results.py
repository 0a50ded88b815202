"""Results on the command line: enrol a box, push its results, carry them by stick, verify what an auditor holds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from edge.devices.clock import system_clock
from edge.errors import AccessRefused, RequestRefused, SettingsError
from edge.settings import Settings
from edge.terminal import clear_errors, require_writable, settings_from_environment
from sync import usb
from sync.altered import words_of
from sync.audit import export_audit, verify_audit
from sync.identity import KEY_FILE, TOKEN_MARK, Enrolment, EnrolmentToken, kept_enrolment, kept_private_key
from sync.learn import learn
from sync.link import Link, enrol
from sync.orders import fetch_orders
from sync.protocol import key_id
from sync.push import Signer
from sync.push_evidence import push_evidence
from sync.renewal import ask_by_stick, ask_renewal_by_stick, enrolled_by_stick, push_certified, take_certificate

results_app = typer.Typer(no_args_is_help=True, help="Bring results and evidence to a central.")

audit_app = typer.Typer(no_args_is_help=True, help="Prove that nothing was altered or left out.")

StateDir = Annotated[Path | None, typer.Option(help="Where the state of the box lives.")]
_BUDGET_MB = 200
_NOW = system_clock(lambda: None)  # only says when a batch was made; rows keep their own times


@results_app.command("enrol")
@clear_errors
def results_enrol(
    token: Annotated[
        str, typer.Argument(metavar="FILE", help="With what `sekisho central enrol-token` prints; - is standard input.")
    ] = "",
    stick: Annotated[
        Path | None,
        typer.Option(help="Without a line: with a token ask by this directory, without one take the answer."),
    ] = None,
    state_dir: StateDir = None,
) -> None:
    """Enrol this box with the central that the token names. The key is made here and never leaves."""
    settings = settings_from_environment(state_dir=state_dir)
    if stick is not None and not token:
        enrolment = enrolled_by_stick(settings.state_dir, stick, kept_private_key(settings.state_dir / KEY_FILE))
        sys.stdout.write(f"{enrolment.device}: enrolled with {enrolment.url}, fingerprint {enrolment.recipient}\n")
        return
    told = EnrolmentToken.parse(_token_in(token))
    if told.device != settings.device:
        message = f"Expected a token for {settings.device}, the name of this box, got one for {told.device}."
        raise SettingsError("settings_device", message, hint="Set SEKISHO_DEVICE, or ask for another token.")
    private = kept_private_key(settings.state_dir / KEY_FILE)
    if stick is not None:
        place = ask_by_stick(settings.state_dir, stick, told, private)
        sys.stdout.write(f"{place}: bring it to the central; then: sekisho results enrol --stick {stick}\n")
        return
    enrolment = enrol(told, private)
    enrolment.keep(settings.state_dir)
    sys.stdout.write(f"{enrolment.device}: enrolled with {enrolment.url}, fingerprint {enrolment.recipient}\n")


@results_app.command("push")
@clear_errors
def results_push(
    budget_mb: Annotated[float, typer.Option(help="Most megabytes of pictures in this run.")] = _BUDGET_MB,
    state_dir: StateDir = None,
) -> None:
    """Send what the central lacks, rows first, then pictures; learn what it tells. A bench may run meanwhile."""
    settings = settings_from_environment(state_dir=state_dir)
    with enrolled(settings) as (link, _signer):
        private = kept_private_key(settings.state_dir / KEY_FILE)
        sent = push_certified(settings.state_dir, link, private, _NOW)
        brought = push_evidence(settings.state_dir, link, int(budget_mb * 1e6))
        learn(settings.state_dir, link)
        fetch_orders(settings.state_dir, link)
    left = ", more is left for the next run" if brought.left else ""
    sys.stdout.write(
        f"{sent.rows} rows in {sent.batches} batches; {brought.pictures} pictures, {brought.bytes} bytes{left}\n"
    )
    _tell_altered(brought.altered)
    for name in sent.unreadable:
        sys.stderr.write(f"{name}: the rest of it cannot be read; what could be was sent\n")
    if sent.again:
        sys.stderr.write(f"The central had lost {sent.again} rows that it had receipted. Tell its operator.\n")


@results_app.command("export")
@clear_errors
def results_export(
    directory: Annotated[Path, typer.Argument(help="A directory, e.g. on a stick.")], state_dir: StateDir = None
) -> None:
    """Write what the central lacks into a directory, for `sekisho central import`."""
    settings = settings_from_environment(state_dir=state_dir)
    with enrolled(settings) as (link, signer):
        private = kept_private_key(settings.state_dir / KEY_FILE)
        written = usb.export(settings.state_dir, directory, link.enrolment, signer, _NOW())
        asked = ask_renewal_by_stick(directory, link.enrolment, private, _NOW().utc)
    sys.stdout.write(f"{directory}: {written.rows} rows in {written.batches} batches, {written.pictures} pictures\n")
    if asked:
        sys.stdout.write("a request to renew this box's certificate is on it\n")
    _tell_altered(written.altered)


@results_app.command("receipts")
@clear_errors
def results_receipts(
    directory: Annotated[Path, typer.Argument(help="The directory that came back from the central.")],
    state_dir: StateDir = None,
) -> None:
    """Take the central's receipts from a directory. Exit code 2 when some is refused; the others are taken."""
    settings = settings_from_environment(state_dir=state_dir)
    if not directory.is_dir():
        raise RequestRefused("request_no_file", f"{directory}: expected an exported directory, got none.")
    with enrolled(settings) as (link, _signer):
        taken = usb.take_receipts(settings.state_dir, directory, link.enrolment)
        private = kept_private_key(settings.state_dir / KEY_FILE)
        renewed = take_certificate(settings.state_dir, directory, link.enrolment, private)
    sys.stdout.write(f"acknowledged: {taken.rows} rows, {taken.pictures} pictures, {len(taken.refused)} refused\n")
    if renewed:
        sys.stdout.write("the box's certificate was renewed\n")
    if taken.gone:
        sys.stdout.write(f"{taken.gone} receipts are of pictures that are not kept here any more\n")
    for refusal in taken.refused:
        sys.stderr.write(f"{refusal}\n")
    if taken.refused:
        raise typer.Exit(2)


@audit_app.command("export")
@clear_errors
def audit_export(
    out: Annotated[Path, typer.Argument(help="The file to write.")],
    personal: Annotated[bool, typer.Option("--personal", help="With what is personal and not erased.")] = False,  # noqa: FBT002 - typer
    state_dir: StateDir = None,
) -> None:
    """Write every ledger of the box with its signature and the centrals' last receipts into one file."""
    settings = settings_from_environment(state_dir=state_dir)
    require_writable(out)
    with enrolled(settings) as (link, signer):
        count = export_audit(settings.state_dir, out, link.enrolment, signer, made=_NOW(), personal=personal)
    sys.stdout.write(f"{out}: {count} rows; verify with --central {link.enrolment.central.public_bytes_raw().hex()}\n")


@audit_app.command("verify")
@clear_errors
def audit_verify(
    export: Annotated[Path, typer.Argument(help="A file of `sekisho audit export`.")],
    central: Annotated[
        list[str],
        typer.Option(help="A central's public key, 64 hex digits, as its operator tells it; may be repeated."),
    ],
) -> None:
    """Prove offline what an export proves, and say what it does not. Exit code 3 when it is not what the box wrote."""
    told = verify_audit(export, *central)
    lines = [sentence for proved in told.ledgers for sentence in proved.sentences()]
    sys.stdout.write("\n".join([told.device, *lines]) + "\n")


def _token_in(file: str) -> str:
    """The text of a token's file. A token itself is refused: the arguments of a program are read by everybody here.

    Raises:
        AccessRefused: access_enrolment_token. SettingsError: settings_file.
    """
    if file == "-":
        return sys.stdin.read()
    if file.startswith(TOKEN_MARK):
        message = "Expected a file with the token, or - for standard input, got the token itself."
        hint = "Whoever is on this machine could read it: have another one made, and give that one in a file."
        raise AccessRefused("access_enrolment_token", message, hint=hint)
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file or 'no file'}: expected a file with the token, got: {error}."
        raise SettingsError("settings_file", message, hint="sekisho central enrol-token BOX > FILE") from error


def _tell_altered(names: tuple[str, ...]) -> None:
    if names:
        sys.stderr.write(f"{words_of(names)}\n")


@contextmanager
def enrolled(settings: Settings) -> Iterator[tuple[Link, Signer]]:
    """The line to the central and the signer of this box.

    Raises:
        SettingsError: settings_enrolment: the box is not enrolled; settings_key.
    """
    enrolment: Enrolment | None = kept_enrolment(settings.state_dir)
    if enrolment is None:
        message = f"{settings.state_dir}: expected a box that is enrolled with a central, got one that is not."
        raise SettingsError("settings_enrolment", message, hint="sekisho results enrol FILE")
    private = kept_private_key(settings.state_dir / KEY_FILE)
    with closing(Link(enrolment, private)) as link:
        yield link, Signer(enrolment.device, private.sign, key_id(private.public_key()))
