"""`sekisho desk-card`: prints the card whose barcodes decide."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from edge.desk_card import secret_of
from edge.devices import desk_sheet
from edge.errors import RequestRefused
from edge.messages import LANGUAGES
from edge.storage.keys import derived, storage_key
from edge.terminal import clear_errors, require_writable, settings_from_environment


@clear_errors
def desk_card(
    out: Annotated[Path, typer.Option(help="Where to write the sheet: a PDF, or a PNG by its ending.")],
    language: Annotated[str, typer.Option(help=f"Of its words: {', '.join(LANGUAGES)}; empty: the box's own.")] = "",
    state_dir: Annotated[Path | None, typer.Option(help="Where the state of the box lives.")] = None,
) -> None:
    """Print the card whose barcodes decide: release, refer, detain, undo, next, help, languages."""
    settings = settings_from_environment(state_dir=state_dir)
    spoken = language or settings.language
    if spoken not in LANGUAGES:
        message = f"--language: expected one of {', '.join(LANGUAGES)}, got {spoken!r}."
        raise RequestRefused("request_language", message)
    require_writable(out)
    secret = secret_of(derived(storage_key(settings.state_dir), "desk card"))
    title = " ".join(part for part in (settings.device, settings.place) if part)
    try:
        desk_sheet.write(secret, spoken, title, out)
    except OSError as error:
        message = f"{out}: expected a file that can be written, got {error.strerror}."
        raise RequestRefused("request_out", message, hint="Name a file elsewhere.") from error
    sys.stdout.write(f"{out}: the desk card of {settings.device}. Print it at 100 % and keep it at the desk.\n")
