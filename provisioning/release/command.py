"""`sekisho update ...`: releases of the program on this box. The service runs it as root; it trusts nobody's files."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from edge.releases import told, version
from edge.storage.database import Kind, recognise
from edge.storage.ledger_file import LEDGER
from edge.terminal import clear_errors, settings_from_environment
from provisioning.release.check import Check
from provisioning.release.errors import UpdateFailed
from provisioning.release.home import Home
from provisioning.release.rehearse import copy_state
from provisioning.release.rehearse import rehearse as rehearsed
from provisioning.release.services import Systemd
from provisioning.release.settings import update_settings
from provisioning.release.updater import Updater
from sync.errors import TransportError
from sync.fetch import DirectorySource, Source, open_source
from sync.releases import TRAY

update_app = typer.Typer(no_args_is_help=True, help="Releases of the program: signed, tried, taken back by themselves.")

StateDir = Annotated[Path | None, typer.Option(help="Where the state of the box lives.")]


@update_app.command()
@clear_errors
def trust(
    root: Annotated[Path, typer.Argument(help="The publisher's root metadata, e.g. 1.root.json.")],
    replace: Annotated[bool, typer.Option("--replace", help="Forget the root before and all that was seen.")] = False,  # noqa: FBT002 - typer
) -> None:
    """Take releases under this publisher's root from now on. Compare the SHA-256 as for `sekisho sync trust`."""
    _require_root()
    sha256 = Home().trust(root, replace=replace)
    _say(f"{root}: releases are trusted under it from now on. Compare with the publisher, SHA-256:\n{sha256}")


@update_app.command()
@clear_errors
def run(
    source: Annotated[str, typer.Argument(help="A tree, e.g. a stick; without, what sync has brought.")] = "",
    state_dir: StateDir = None,
) -> None:
    """Go on with an update, or begin one: verify, unpack, check, wait for an idle moment, switch, watch."""
    _run(source, state_dir, asked=bool(source))


@update_app.command()
@clear_errors
def use(
    again: Annotated[bool, typer.Option("--again", help="Also what was refused or taken back before.")] = False,  # noqa: FBT002 - typer
    state_dir: StateDir = None,
) -> None:
    """Use what is ready or was brought, at the next idle moment, also when SEKISHO_UPDATE_AUTO is false."""
    _run("", state_dir, asked=True, again=again)


@update_app.command()
@clear_errors
def rollback(state_dir: StateDir = None) -> None:
    """Use the release before again. What is taken back is not tried again by itself."""
    _require_root()
    home = Home()
    with home.locked():
        journal = _updater(home, state_dir, asked=True).roll_back("a technician asked for it")
    _say(told(journal, home.about(home.link("current")).version))


@update_app.command()
@clear_errors
def status(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:  # noqa: FBT002 - typer
    """Say which release runs, which one is kept, and what became of updates."""
    home = Home()
    journal, current, previous = home.journal(), home.link("current"), home.link("previous")
    if as_json:
        whole = {"running": version(), "current": current, "previous": previous, "journal": journal.model_dump()}
        _say(json.dumps(whole, indent=2))
        return
    _say(told(journal, version()))
    _say(f"in use: {current or 'the package'}; kept: {previous or 'the package'}; step: {journal.step}")
    for event in journal.events:
        _say(f"{event.at} {event.version or '-'} {event.kind}: {event.words}")


@update_app.command(hidden=True)
@clear_errors
def copy(to: Annotated[Path, typer.Option(help="An empty directory.")], state_dir: StateDir = None) -> None:
    """Copy the state for a check: what the sandbox of an update runs."""
    copy_state(settings_from_environment(state_dir=state_dir).state_dir, to)


@update_app.command(hidden=True)
@clear_errors
def rehearse(state_dir: StateDir = None) -> None:
    """Inspect the rehearsal's parcel and record it: what the sandbox of an update runs, on a copy of the state."""
    _say(json.dumps(rehearsed(settings_from_environment(state_dir=state_dir))))


def _run(address: str, state_dir: Path | None, *, asked: bool, again: bool = False) -> None:
    _require_root()
    home = Home()
    with home.locked(), _source(address, state_dir) as source:
        journal = home.journal()
        if again:
            home.keep(journal.model_copy(update={"refused": {}}))
        trusted = (home.path / "sync" / "floor.json").exists()
        if not trusted:
            _say("no publisher of releases is trusted: sekisho update trust ROOT.json")
        journal = _updater(home, state_dir, asked=asked).run(source if trusted else None)
    _say(told(journal, home.about(home.link("current")).version))


def _updater(home: Home, state_dir: Path | None, *, asked: bool) -> Updater:
    state = settings_from_environment(state_dir=state_dir).state_dir
    return Updater(
        home=home,
        services=Systemd(),
        check=Check(state, home.path / ".check"),
        ledger=lambda: recognise(state / LEDGER, Kind.LEDGER).schema,
        settings=update_settings(),
        say=_say,
        asked=asked,
    )


@contextlib.contextmanager
def _source(address: str, state_dir: Path | None) -> Iterator[Source | None]:
    """The tree that was named, or the tray; None where sync has brought nothing."""
    if address:
        with open_source(address) as source:
            yield source
        return
    try:
        tray = DirectorySource(settings_from_environment(state_dir=state_dir).state_dir / "sync" / TRAY)
    except TransportError:
        yield None
        return
    with tray:
        yield tray


def _require_root() -> None:
    if os.geteuid() != 0:
        message = f"Expected to be root, who alone writes the program, got user {os.geteuid()}."
        raise UpdateFailed("update_root", message, hint="sudo sekisho update ...")


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()
