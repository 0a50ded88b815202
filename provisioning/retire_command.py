"""`sekisho provision retire`: export, prove, erase, with a receipt."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from edge.devices.clock import system_clock
from edge.errors import RequestRefused
from edge.storage.credentials import RETIRING, secret_at
from edge.terminal import clear_errors, settings_from_environment
from provisioning.retire import Line, Stick, Way, finish, require_enrolled, retire
from sync.identity import KEY_FILE, kept_enrolment, private_key
from sync.link import Link
from sync.protocol import key_id
from sync.push import Signer

_NOW = system_clock(lambda: None)


@clear_errors
def retire_command(
    stick: Annotated[Path | None, typer.Option(help="Export onto this directory, e.g. of a stick.")] = None,
    line: Annotated[bool, typer.Option("--line", help="Export over the line to the central.")] = False,  # noqa: FBT002 - typer
    accept_losses: Annotated[bool, typer.Option("--accept-losses", help="Erase what cannot be exported too.")] = False,  # noqa: FBT002 - typer
    state_dir: Annotated[Path | None, typer.Option(help="Where the state of the box lives.")] = None,
) -> None:
    """Bring out what is unsent, prove that it is out, erase keys and files, and leave a signed receipt."""
    settings = settings_from_environment(state_dir=state_dir)
    folder = settings.state_dir
    if (stick is None) == (not line):
        raise RequestRefused("request_field", "Expected --stick DIR or --line, got both or neither.")
    begun = (folder / RETIRING).exists()
    secret = secret_at(folder / KEY_FILE, erasing=True)
    if begun and secret is None:  # the last receipt is out already
        finish(folder)
        sys.stdout.write(f"{folder}: erased\n")
        return
    enrolment = require_enrolled(kept_enrolment(folder), folder)
    private = private_key(secret or b"", folder / KEY_FILE)
    with closing(Link(enrolment, private)) as link:
        signer = Signer(enrolment.device, private.sign, key_id(private.public_key()))
        way: Way = Line(link, private, _NOW) if stick is None else Stick(stick, enrolment, signer, _NOW)
        receipt = retire(folder, enrolment.device, way, _NOW, accept_losses=accept_losses)
    sys.stdout.write(f"{folder}: erased; its receipt of {len(receipt)} bytes is with what was exported\n")
