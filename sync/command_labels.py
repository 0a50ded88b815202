"""Sealed labels on the central's command line."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from edge.errors import SettingsError
from edge.storage.database import write_durably
from sync.command_central import HOME, Database, Folder, Objects, needs_central, opened_central

labels_app = typer.Typer()


@labels_app.command("open-labels")
@needs_central
def open_labels(  # noqa: PLR0917 - typer reads the options from the signature
    inspection: Annotated[str, typer.Argument(help="The inspection whose labels are wanted.")],
    reason: Annotated[str, typer.Option(help="Why; it stands in the log.")],
    out: Annotated[Path, typer.Option(help="Folder that the labels are written into.")],
    key: Annotated[
        Path | None, typer.Option(help="File of the private key (32 raw bytes) of SEKISHO_VAULT_KEY.")
    ] = None,
    folder: Folder = HOME,
    database: Database = "",
    objects: Objects = "",
) -> None:
    """Open the sealed labels of an inspection; who, when and why goes into labels-opened.jsonl first."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey  # noqa: PLC0415 - as the next

    from sync.central.privacy import labels  # noqa: PLC0415 - absent on a bench

    if not reason.strip():
        message = "Expected a reason, got an empty one."
        raise SettingsError("settings_reason", message, hint="Say why the label has to be seen.")
    central = opened_central(folder, database, objects)
    private = X25519PrivateKey.from_private_bytes(key.read_bytes()) if key is not None else None
    found = labels.open_labels(
        central, inspection, who=getpass.getuser(), reason=reason.strip(), log=folder / labels.LOG, key=private
    )
    out.mkdir(parents=True, exist_ok=True)
    for one in found:
        path = out / f"{one.sealed[:16]}.jpg"
        write_durably(path, one.picture, mode=0o600)
        sys.stdout.write(f"{path}: label of capture {one.capture}\n")
