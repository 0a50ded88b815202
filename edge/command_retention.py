"""Retention on the command line: what would go now, and let it go. A serving bench does it by itself."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
import uuid_utils

from edge.app import open_ledger
from edge.command_shelf import command_clock
from edge.inspection import NOT_SIGNED_IN, Origin
from edge.retention import PERSONAL, Due, Going, Retention
from edge.storage.evidence import EvidenceStore
from edge.storage.evidence_index import INDEX
from edge.storage.ledger_file import LEDGER
from edge.storage.ledger_reader import LedgerReader, verified
from edge.storage.shelves import Shelves
from edge.terminal import clear_errors, settings_from_environment

retention_app = typer.Typer(no_args_is_help=True, help="What may go from this box, once the central has receipted it.")

StateDir = Annotated[Path | None, typer.Option(help="Where the state of the box lives.")]


@retention_app.command()
@clear_errors
def preview(state_dir: StateDir = None) -> None:
    """Say what would go now, by rule; nothing is changed. A bench may run meanwhile."""
    settings = settings_from_environment(state_dir=state_dir)
    verified(settings.state_dir / LEDGER)
    evidence = EvidenceStore(settings.state_dir, read_only=True)
    policy = Shelves.of(settings).policies.current()
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(LedgerReader(settings.state_dir / LEDGER)) as ledger,
        closing(Due(settings.state_dir, ledger, evidence, Path(folder) / INDEX)) as due,
    ):
        going = due.all(policy.retention, command_clock(settings)())
    sys.stdout.write(f"policy {policy.title}\n{_told(going)}")


@retention_app.command()
@clear_errors
def run(state_dir: StateDir = None) -> None:
    """Let go what may go now. The bench must not run: it does this by itself."""
    settings = settings_from_environment(state_dir=state_dir)
    shelves, origin = Shelves.of(settings), Origin(settings.device, "", NOT_SIGNED_IN, str(uuid_utils.uuid4()))
    verified(settings.state_dir / LEDGER)
    with closing(open_ledger(settings)) as ledger:
        retention = Retention(
            state_dir=settings.state_dir,
            ledger=ledger,
            evidence=EvidenceStore(settings.state_dir),
            policy=shelves.policies.current,
            now=command_clock(settings),
            origin=lambda _station: origin,
        )
        with closing(retention):
            gone = retention.rest()
    sys.stdout.write(f"policy {shelves.policies.current().title}\n{_told(gone)}")


def _told(going: Going) -> str:
    counts = Counter({rule: len(pictures) for rule, pictures in going.pictures.items()})
    sizes = {rule: sum(one.size for one in pictures.values()) for rule, pictures in going.pictures.items()}
    lines = [f"{rule}: {count} pictures, {sizes[rule]} bytes" for rule, count in sorted(counts.items())]
    values = sum(len(row.entry.personal) for row in going.personal)
    lines += [f"{PERSONAL}: {values} personal values of {len(going.personal)} rows"] if values else []
    return "\n".join(lines or ["nothing is to go"]) + "\n"
