"""`sekisho training`: a practice bench beside the real one, with a state directory, a ledger and a port of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from edge.app import require_state_dir
from edge.app import serve as serve_bench
from edge.journal import discreet
from edge.settings import Settings
from edge.terminal import clear_errors, settings_from_environment
from provisioning.training.material import drawn

training_app = typer.Typer(no_args_is_help=True, help="Practice with drawn parcels and known answers.")

_LOOPBACK = "127.0.0.1"


@training_app.command()
@clear_errors
def serve(
    state_dir: Annotated[
        Path | None, typer.Option(help="State of practice; by default beside the real bench's own, never in it.")
    ] = None,
    port: Annotated[int, typer.Option(help="TCP port on loopback.")] = 8081,
) -> None:
    """Serve the practice bench. What it draws it draws at the first start, which takes a minute."""
    discreet()
    serve_bench(practising(settings_from_environment(), state_dir, port), devices=False)


def practising(real: Settings, state_dir: Path | None = None, port: int = 8081) -> Settings:
    """The settings of the practice bench beside a real one: its own state, no devices, no token, no accounts.

    Raises:
        SettingsError: the state directory cannot be made.
    """
    own = state_dir or real.state_dir.parent / f"{real.state_dir.name}-training"
    settings = real.model_copy(
        update={
            "training": True,
            "training_port": real.port,
            "state_dir": own,
            "host": _LOOPBACK,
            "port": port,
            "token": "",
            "device": f"{real.device[:50]}-practice",
            "sign_in": "offered",
            "workers": 1,
            "camera": "",
            "scanner": "",
            "watch_folder": None,
            "policy": None,
            "registry": None,
        }
    )
    require_state_dir(settings)
    return settings.model_copy(update={"registry": drawn(own, datetime.now(UTC).date())})
