"""`sekisho provision seal|unseal|identity|site-ca|renew`: the box's keys and certificates."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from edge.storage.credentials import Place, seal_of
from edge.storage.keys import storage_key
from edge.terminal import clear_errors, settings_from_environment
from provisioning import authority, sealing
from provisioning.demo.symbols import qr
from provisioning.identity import AUTHORITY_FILE, KEYS, SITE, kept_state
from sync.identity import KEY_FILE, kept_private_key

StateDir = Annotated[Path | None, typer.Option(help="Where the state of the box lives.")]
_SERVICES = ("sekisho-web.service", "sekisho-sync.service")
_QUIET = 4  # modules around a QR code (ISO/IEC 18004, 9.1)
_PORT = 8443


@clear_errors
def seal(
    restart: Annotated[bool, typer.Option(help="Have the services take the sealed keys up at once.")] = True,  # noqa: FBT002 - typer
    state_dir: StateDir = None,
) -> None:
    """Seal the box's keys by its TPM, else to its host key; without systemd-creds they stay in files. As root."""
    sealing.require_root()
    folder = settings_from_environment(state_dir=state_dir).state_dir
    storage_key(folder)
    kept_private_key(folder / KEY_FILE)
    place = sealing.best_place()
    before = {file: seal_of(folder / file) for file in KEYS.values()}
    for name, file in KEYS.items():
        sys.stdout.write(f"{name}: {sealing.seal(folder / file, place).words}\n")
    if place is Place.FILE:
        sys.stdout.write("This systemd seals nothing: the keys are as safe as the disk.\n")
    elif restart and any(seal_of(folder / file) != sealed for file, sealed in before.items()):
        _restart()


@clear_errors
def unseal(state_dir: StateDir = None) -> None:
    """Put the keys back into files, e.g. before the disk goes into another board. As root."""
    sealing.require_root()
    folder = settings_from_environment(state_dir=state_dir).state_dir
    for name, file in KEYS.items():
        sys.stdout.write(f"{name}: {sealing.unseal(folder / file).words}\n")
    _restart()


@clear_errors
def identity(state_dir: StateDir = None) -> None:
    """Say how the box's certificates stand and where its keys lie. Exit code 3 when somebody should act."""
    told = kept_state(settings_from_environment(state_dir=state_dir).state_dir, datetime.now(UTC))
    for one in told:
        sys.stdout.write(f"{one.words}\n" + (f"  hint: {one.hint}\n" if one.wrong and one.hint else ""))
    if any(one.wrong for one in told):
        raise typer.Exit(3)


@clear_errors
def site_ca(
    names: Annotated[list[str], typer.Argument(help="Host names and addresses of this box, e.g. bench-1.example.org.")],
    within: Annotated[
        list[str] | None, typer.Option(help="What it may speak for: domains, networks; default: the names alone.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Begin anew: handhelds have to be paired again.")] = False,  # noqa: FBT002 - typer
    state_dir: StateDir = None,
) -> None:
    """Make the authority that handhelds trust, for this box's names only, and the certificate that it shows them."""
    folder = settings_from_environment(state_dir=state_dir).state_dir
    digest = authority.make(folder, names, within or (), datetime.now(UTC), replace=replace)
    address = f"https://{names[0]}:{_PORT}/#sha256={digest}"
    sys.stdout.write("".join(f"{line}\n" for line in drawn(address)))
    sys.stdout.write(f"{address}\nSHA-256 of the authority: {':'.join(_pairs(digest.upper()))}\n")
    sys.stdout.write(f"{folder / SITE / AUTHORITY_FILE}: for handhelds that take a file\n")


@clear_errors
def renew(state_dir: StateDir = None) -> None:
    """Renew the certificate that handhelds see, when it is due; the timer does this daily."""
    folder = settings_from_environment(state_dir=state_dir).state_dir
    done = authority.renew(folder, datetime.now(UTC))
    sys.stdout.write("renewed for 30 days\n" if done else "not due\n")


def drawn(text: str) -> Iterator[str]:
    """A QR code in half blocks, dark on light."""
    modules = qr(text)
    size = len(modules) + 2 * _QUIET

    def dark(row: int, column: int) -> bool:
        inside = 0 <= row - _QUIET < len(modules) and 0 <= column - _QUIET < len(modules)
        return bool(inside and modules[row - _QUIET][column - _QUIET])

    for row in range(0, size, 2):
        halves = ((dark(row, column), dark(row + 1, column)) for column in range(size))
        yield "".join({(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}[half] for half in halves)


def _pairs(digits: str) -> list[str]:
    return [digits[place : place + 2] for place in range(0, len(digits), 2)]


def _restart() -> None:
    """Have systemd hand the keys in anew, where it is in charge."""
    if Path("/run/systemd/system").is_dir():
        subprocess.run(["/bin/systemctl", "daemon-reload"], check=False, capture_output=True)
        subprocess.run(["/bin/systemctl", "try-restart", *_SERVICES], check=False, capture_output=True)  # noqa: S603 - fixed
