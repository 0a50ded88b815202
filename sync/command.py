"""The box's side on the command line: `sekisho sync trust|pull|status`. It activates nothing."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from edge import supervision
from edge.journal import discreet
from edge.settings import Settings
from edge.terminal import clear_errors, settings_from_environment
from sync import shelved
from sync.errands import errands
from sync.fetch import open_source
from sync.identity import kept_enrolment
from sync.pull import pull as pulled
from sync.service import Service, is_running, known, stand_back
from sync.settings import SyncSettings, sync_settings
from sync.state import Box, State
from sync.wake import Wake

sync_app = typer.Typer(no_args_is_help=True, help="Bring signed registries, packs, policies and bulletins in.")

_LOOK_S = 30.0

StateDir = Annotated[Path | None, typer.Option(help="Where the state of the box lives.")]


@sync_app.command()
@clear_errors
def trust(
    root: Annotated[Path, typer.Argument(help="The publisher's root metadata, e.g. 1.root.json.")],
    replace: Annotated[bool, typer.Option("--replace", help="Forget the root before and all that was seen.")] = False,  # noqa: FBT002 - typer
    state_dir: StateDir = None,
) -> None:
    """Trust a publisher's root from now on. Compare the SHA-256 with what the publisher says on another way."""
    sha256 = Box(settings_from_environment(state_dir=state_dir).state_dir).trust(root, replace=replace)
    sys.stdout.write(f"{root}: trusted from now on. Compare with the publisher, SHA-256:\n{sha256}\n")


@sync_app.command()
@clear_errors
def pull(
    address: Annotated[str, typer.Argument(help="The tree: an http or https address, or a directory such as a stick.")],
    state_dir: StateDir = None,
) -> None:
    """Pull once: verify everything, stage what is new. Exit code 3 when the tree cannot be accepted."""
    settings = settings_from_environment(state_dir=state_dir)
    console = Console(stderr=True, highlight=False, emoji=False)
    with open_source(address) as source, console.status("pulling") as shown:
        state = pulled(settings.state_dir, source, progress=lambda words: shown.update(f"pulling: {words}"))
    sys.stdout.write(told(state, settings.state_dir))
    if state.state != "fresh":
        raise typer.Exit(3)


@sync_app.command()
@clear_errors
def run(
    once: Annotated[bool, typer.Option("--once", help="Every errand once, then end: 0 done, 3 not.")] = False,  # noqa: FBT002 - typer
    source: Annotated[str | None, typer.Option(help="The tree, instead of SEKISHO_SYNC_SOURCE.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="With nothing to do yet, wait for an enrolment.")] = False,  # noqa: FBT002 - typer
    state_dir: StateDir = None,
) -> None:
    """Run the sync service: on its schedule, when the network comes up, and on SIGUSR1. SIGTERM ends it."""
    discreet()
    box = settings_from_environment(state_dir=state_dir)
    wanted = sync_settings(source=source)
    stand_back()
    with Wake() as wake:
        if wait:
            _wait_for_something(box, wanted, wake)
        service = Service(box.state_dir, errands(box, wanted, wake.sleep))
        if not once:
            with supervision.beating(service.moving):
                supervision.tell("READY=1")
                service.serve(wake)
        elif not service.once():
            sys.stderr.write(told_service(box.state_dir))
            raise typer.Exit(3)


def _wait_for_something(box: Settings, wanted: SyncSettings, wake: Wake) -> None:
    """A box that was not provisioned yet has nothing to do; that is no fault, and an enrolment may come at any time."""
    with supervision.beating(lambda: "nothing to do: no SEKISHO_SYNC_SOURCE and no enrolment"):
        supervision.tell("READY=1")
        while not wake.stopped and not wanted.source and kept_enrolment(box.state_dir) is None:
            wake.wait(_LOOK_S)
    if wake.stopped:
        raise typer.Exit


@sync_app.command()
@clear_errors
def status(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,  # noqa: FBT002 - typer
    state_dir: StateDir = None,
) -> None:
    """Say what the last pull came to, and why."""
    state_dir = settings_from_environment(state_dir=state_dir).state_dir
    state = Box(state_dir).state()
    service = known(state_dir)
    if as_json:
        whole = {
            "running": is_running(state_dir),
            "errands": {name: asdict(errand) for name, errand in service.items()},
            "pull": state.model_dump(mode="json"),
        }
        sys.stdout.write(json.dumps(whole, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.write(told_service(state_dir) + told(state, state_dir))


def told_service(state_dir: Path) -> str:
    """What the service is at, a line for each errand."""
    errands_known = known(state_dir)
    if not errands_known:
        return "service: never ran here\n"
    lines = ["service: running" if is_running(state_dir) else "service: not running"]
    for name, errand in errands_known.items():
        lines.append(
            f"{name}: {errand.state}: {errand.doing or errand.reason}" + (f" [{errand.code}]" if errand.code else "")
        )
        if errand.tried:
            failures = f", {errand.failures} failures in a row" if errand.failures else ""
            lines.append(f"  tried {errand.tried} ({errand.woken}){failures}; next {errand.next or 'unknown'}")
    return "\n".join(lines) + "\n"


def told(state: State, state_dir: Path) -> str:
    """A state in plain words, a line for each thing, and where each lies on its shelf now."""
    places = shelved.now(state, state_dir)
    lines = [f"{state.state}: {state.reason}" + (f" [{state.code}]" if state.code else "")]
    if state.hint and (state.state != "fresh" or "staged" in places.values()):
        lines.append(f"  hint: {state.hint}")
    if state.tried:
        lines.append(
            f"tried {state.tried:%Y-%m-%d %H:%M} UTC from {state.source}; judged at {state.clock or 'no time'}"
        )
    if state.succeeded and state.issued:
        lines.append(f"last accepted: signed {state.issued:%Y-%m-%d %H:%M} UTC, good until {state.good_until}")
    for item in state.items:
        place = places.get(item.file, item.state)
        lines.append(f"{item.target}: {place}" + _because(item.file, item.reason))
    for publisher, part in state.publishers.items():
        rows = f"{part.rows} rows" if part.rows else ""
        place = places.get(part.file, part.state)
        lines.append(f"publisher {publisher}: {place}" + _because(part.file, rows, part.reason))
        lines += [f"  refused: {row}" for row in part.refused]
    return "\n".join(lines) + "\n"


def _because(*words: str) -> str:
    given = [word for word in words if word]
    return f" ({'; '.join(given)})" if given else ""
