"""`sekisho doctor`: looks at every part of the box, says of each how it is and what to do, and keeps what it found.

Exit status 0 when nothing is broken, 1 when something is. The status page of the bench shows what was kept.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from edge import calibrations, examination
from edge.app import require_state_dir
from edge.examination import Kept, Sign, State
from edge.settings import Settings
from edge.terminal import clear_errors, require_writable, settings_from_environment
from provisioning.doctor import camera, control, listen, speed
from provisioning.doctor.examine import APART_S, LIMIT_S, Box, examined, looks
from sync.settings import sync_settings

_STYLES = {
    State.GOOD: ("○", "green"),
    State.LOOK: ("△", "bold yellow"),
    State.BROKEN: ("✕", "bold magenta"),
    State.UNKNOWN: ("?", "cyan"),
}
_SPEED_S = 600.0


@clear_errors
def doctor(  # noqa: PLR0917 - typer reads the options from the signature
    bench: Annotated[bool, typer.Option("--bench", help="Time real inspections on this box too.")] = False,  # noqa: FBT002 - typer
    nightly: Annotated[  # noqa: FBT002 - typer
        bool, typer.Option("--nightly", help="As the timer does: without the camera, which the bench holds.")
    ] = False,
    scanner: Annotated[bool, typer.Option("--scanner", help="Wait for the control barcode.")] = False,  # noqa: FBT002 - typer
    barcode: Annotated[Path | None, typer.Option(help="Write the control barcode to this PDF, and end.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,  # noqa: FBT002 - typer
    state_dir: Annotated[Path | None, typer.Option(help="Where the ledger and the evidence live.")] = None,
) -> None:
    """Look at every part of the box, and say of each how it is and what to do."""
    if barcode is not None:
        require_writable(barcode)
        barcode.write_bytes(control.sheet().pdf())
        sys.stdout.write(f"{barcode}: print it without scaling\n")
        return
    settings = settings_from_environment(state_dir=state_dir)
    require_state_dir(settings)
    if scanner:
        signs: tuple[Sign, ...] = (_scanner(settings),)
    else:
        box = Box(settings, needs_network=_needs_network(settings))
        limits = {"camera": APART_S + 5, "model": APART_S + 5}
        every = looks(box)
        if nightly:
            every["camera"] = lambda: _calibration(settings)
        if bench:
            every[examination.SPEED] = lambda: (speed.judged(speed.measured(settings)),)
            limits[examination.SPEED] = _SPEED_S
        signs = examined(every, LIMIT_S, limits)
    at = datetime.now(UTC)
    found = examination.read(settings.state_dir).with_more(signs, at)
    examination.keep(settings.state_dir, found)
    if as_json:
        sys.stdout.write(json.dumps(examination.document(found), ensure_ascii=False, indent=2) + "\n")
    else:
        show(found.kept, at)
    raise typer.Exit(1 if found.of(State.BROKEN) else 0)


def show(kept: Iterable[Kept], at: datetime) -> None:
    """Print the signs; one from before with its day."""
    console = Console(highlight=False, emoji=False, soft_wrap=True)
    for one in kept:
        sign, (mark, style) = one.sign, _STYLES[one.sign.state]
        before = "" if one.at == at else f" (of {one.at:%Y-%m-%d %H:%M} UTC)"
        console.print(Text.assemble((f"{mark} {sign.state}: ", style), (sign.part, "bold"), f"{before}: {sign.value}"))
        if sign.state is not State.GOOD:
            console.print(Text(f"    expected: {sign.expected}", "dim"))
            if sign.todo:
                console.print(Text(f"    {sign.todo}"))


def _calibration(settings: Settings) -> tuple[Sign, ...]:
    """Whether the camera's calibration still holds, without asking the camera."""
    used = calibrations.in_use(settings.state_dir).items()
    records = {name: calibrations.kept(settings.state_dir, record) for name, record in used}
    return camera.calibrated(records, settings.camera, None, datetime.now(UTC))


def _scanner(settings: Settings) -> Sign:
    sys.stderr.write("Scan the control barcode now (sekisho doctor --barcode control.pdf prints it).\n")
    arrived, framed = listen.arrived(settings)
    return control.judged(arrived, framed=framed)


def _needs_network(settings: Settings) -> bool:
    return settings.host not in {"127.0.0.1", "localhost", "::1"} or sync_settings().source.startswith("http")
