"""What is in use on a box, on the command line: the same commands for registry editions, model packs and policies.

    sekisho registry|pack|policy  stage FILE · shadow [NAME] · activate [NAME] · install FILE · rollback · shelf

A running bench takes a change up by itself: an edition or a policy with its next inspection, a pack as its workers are
renewed one after another.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer
from rich.console import Console
from rich.progress import Progress

from edge.app import require_state_dir
from edge.devices.clock import SyncFloor, newest, system_clock
from edge.errors import NotFound, SekishoError, SettingsError
from edge.ports import Now
from edge.settings import Settings
from edge.shadow import ShadowReport
from edge.storage.current import MAIN, Slot
from edge.storage.shelf import Shelf
from edge.storage.shelves import editions, pack_shelf, policy_shelf
from edge.terminal import clear_errors, existing_edition, settings_from_environment
from edge.trial import EDITION, PACK, POLICY, Trials, be_nice

Open: TypeAlias = Callable[[Settings], Shelf[Any]]
StateDir = Annotated[Path | None, typer.Option(help="Where the state of the box lives.")]
Publisher = Annotated[str, typer.Option(help="Of a supplement: the publisher that it comes from.")]

pack_app = typer.Typer(no_args_is_help=True, help="The model packs of the box.")


def add_shelf_commands(registry_app: typer.Typer, policy_app: typer.Typer) -> None:
    """Give the three groups of commands those of their shelf."""
    for app, thing, opened in (
        (registry_app, EDITION, _editions),
        (policy_app, POLICY, _policies),
        (pack_app, PACK, _packs),
    ):
        _add(app, thing, opened)
        _add_shadow(app, thing, opened)
    _add_withdraw(registry_app, _editions)


def _editions(settings: Settings) -> Shelf[Any]:
    return editions(settings.state_dir, settings.registry)


def _policies(settings: Settings) -> Shelf[Any]:
    return policy_shelf(settings.state_dir, settings.policy)


def _packs(settings: Settings) -> Shelf[Any]:
    return pack_shelf(settings.state_dir, settings.pack_dir)


def _add(app: typer.Typer, thing: str, opened: Open) -> None:
    def stage(
        file: Annotated[Path, typer.Argument(help="What to bring onto the box.")],
        publisher: Publisher = MAIN,
        state_dir: StateDir = None,
    ) -> None:
        """Verify something and bring it onto the box, without using it yet."""
        shelf = _shelf(opened, state_dir, make=True)
        name = shelf.stage(_existing(file, thing), slot=publisher)
        shelf.prune()
        _say(f"{name}: {thing} {shelf.title_of(name)} is staged; use it with: activate {name}")

    def install(
        file: Annotated[Path, typer.Argument(help="What to use from now on.")],
        publisher: Publisher = MAIN,
        state_dir: StateDir = None,
    ) -> None:
        """Verify something, bring it onto the box and use it. A running bench takes it up by itself."""
        shelf = _shelf(opened, state_dir, make=True)
        name = shelf.stage(_existing(file, thing), slot=publisher)
        _activate(shelf, thing, name)

    def activate(
        name: Annotated[str, typer.Argument(help="Its name, or how that begins; empty: the newest staged.")] = "",
        publisher: Publisher = MAIN,
        state_dir: StateDir = None,
    ) -> None:
        """Use something that is staged, or kept from before."""
        shelf = _shelf(opened, state_dir)
        whole = shelf.contents()
        _activate(shelf, thing, whole.named(name) if name else _newest(whole.slot(publisher), thing))

    def rollback(publisher: Publisher = MAIN, state_dir: StateDir = None) -> None:
        """Use again what was in use before."""
        shelf = _shelf(opened, state_dir)
        back = shelf.rollback(publisher)
        title = shelf.title_of(back) if back else f"{shelf.kind.title(shelf.current())} (built in)"
        _say(f"{back or '-'}: {thing} {title} is in use again{_unless_fixed(shelf)}")

    def show(
        as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,  # noqa: FBT002 - typer
        state_dir: StateDir = None,
    ) -> None:
        """Say what is in use, what is kept for roll-back and what is staged."""
        shelf = _shelf(opened, state_dir)
        rows = _rows(shelf)
        if as_json:
            _say(json.dumps(rows, ensure_ascii=False, indent=2))
            return
        for row in rows:
            _say("  ".join(filter(None, (f"{row['state']:9}", row["publisher"], row["file"], row["title"]))))

    for name, command in (("stage", stage), ("install", install), ("activate", activate), ("rollback", rollback)):
        app.command(name)(clear_errors(command))
    app.command("shelf")(clear_errors(show))


def _add_shadow(app: typer.Typer, thing: str, opened: Open) -> None:
    def shadow(
        name: Annotated[str, typer.Argument(help="Its name, or how that begins; empty: the newest staged.")] = "",
        last: Annotated[
            int | None, typer.Option(min=1, help="Over so many of the last inspections; else as the policy says.")
        ] = None,
        publisher: Publisher = MAIN,
        as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,  # noqa: FBT002 - typer
        state_dir: StateDir = None,
    ) -> None:
        """Judge the last inspections with something staged, and say what would change. Nothing is used."""
        settings = settings_from_environment(state_dir=state_dir)
        shelf = opened(settings)
        whole = shelf.contents()
        file = whole.named(name) if name else _newest(whole.slot(publisher), thing)
        be_nice()
        console = Console(stderr=True, highlight=False, emoji=False)
        with (
            contextlib.closing(Trials(settings, command_clock(settings))) as trials,
            Progress(console=console, transient=True) as progress,
        ):
            task = progress.add_task("replaying", total=last)
            report = trials.shadow(thing, file, last, lambda done: progress.update(task, completed=done))
        if as_json:
            _say(json.dumps(report.to_json(), ensure_ascii=False, indent=2))
        else:
            _say("\n".join(told(report)))

    app.command("shadow")(clear_errors(shadow))


def told(report: ShadowReport) -> list[str]:
    """A shadow report for a technician's eyes."""
    question = report.question
    share = "" if report.share is None else f"; {report.changed:,} outcomes change ({report.share:.2%})"
    against = ", ".join(question.against) or "what is built in"
    lines = [f"{question.title} ({question.candidate}): {report.sentence}{share}", f"  against {against}"]
    lines += [f"  {change}: {times:,}" for change, times in report.outcomes.most_common()]
    for code, change in sorted(report.findings.items()):
        lines.append(f"  {code}: {change.added:,} more, {change.gone:,} less: {', '.join(change.inspections)}")
    lines += [f"  not replayed, {times:,}: {why}" for why, times in report.left_out.most_common()]
    return lines


def command_clock(settings: Settings) -> Now:
    """The clock of a command: trusted as far as the edition in use and what sync has verified allow."""
    floor = SyncFloor(settings.state_dir)

    def issued() -> datetime | None:
        with contextlib.closing(editions(settings.state_dir, settings.registry)) as shelf:
            try:
                return newest(shelf.current().edition.issued, floor.issued())
            except SekishoError:
                return floor.issued()

    return system_clock(issued)


def _add_withdraw(app: typer.Typer, opened: Open) -> None:
    def withdraw(
        publisher: Annotated[str, typer.Argument(help="Whose supplement.")], state_dir: StateDir = None
    ) -> None:
        """Use nothing of a publisher's supplement any more."""
        shelf = _shelf(opened, state_dir)
        shelf.withdraw(publisher)
        shelf.prune()
        _say(f"{publisher}: nothing of it is in use")

    app.command("withdraw")(clear_errors(withdraw))


def _activate(shelf: Shelf[Any], thing: str, name: str) -> None:
    tried = _tried(shelf, name)
    shelf.activate(name)
    shelf.prune()
    _say(f"{shelf.directory / name}: current {thing} {shelf.title_of(name)}{_unless_fixed(shelf)}; {tried}")


def _tried(shelf: Shelf[Any], name: str) -> str:
    """Whether something was tried on this box before it is used, and what that said."""
    note = shelf.noted(name)
    if note is None:
        return "it was never tried on this box (shadow)"
    slots = shelf.contents().slots.values()
    same = set(note["against"]) == {slot.in_use for slot in slots if slot.in_use}
    against = "" if same else ", against what was in use then"
    return f"tried on {note['at'][:10]}{against}: {note['sentence']}"


def _rows(shelf: Shelf[Any]) -> list[dict[str, str]]:
    """What is on the shelf, one row a file."""
    rows = []
    if shelf.fixed is not None:
        rows.append(_row(shelf, "in use", MAIN, shelf.fixed))
    for publisher, slot in sorted(shelf.contents().slots.items()):
        told = [("in use" if shelf.fixed is None else "named", slot.in_use)] if slot.in_use else []
        told += [("older", file) for file in slot.older]
        told += [("set back" if file in slot.set_back else "staged", file) for file in slot.staged]
        rows += [_row(shelf, state, publisher, shelf.directory / file) for state, file in told]
    if not any(row["state"] == "in use" for row in rows) and (built_in := shelf.kind.built_in()) is not None:
        rows.insert(0, {"state": "in use", "publisher": "", "file": "", "title": f"{shelf.kind.title(built_in)}"})
        rows[0]["title"] += " (built in)"
    return rows


def _row(shelf: Shelf[Any], state: str, publisher: str, path: Path) -> dict[str, str]:
    try:
        title = shelf.kind.title(shelf.kind.open(path))
    except SekishoError as error:
        title = error.message
    file = str(path) if path == shelf.fixed else path.name
    return {"state": state, "publisher": publisher, "file": file, "title": title}


def _newest(slot: Slot, thing: str) -> str:
    candidates = [file for file in slot.staged if file not in slot.set_back]
    if not candidates:
        raise NotFound(
            "shelf_not_found",
            f"Expected a staged {thing} to activate, got none.",
            hint="Name what was set back or kept from before, as the command shelf shows it.",
        )
    return candidates[0]


def _shelf(opened: Open, state_dir: Path | None, *, make: bool = False) -> Shelf[Any]:
    settings = settings_from_environment(state_dir=state_dir)
    if make:
        require_state_dir(settings)
    return opened(settings)


def _existing(path: Path, thing: str) -> Path:
    if thing == "edition":
        existing_edition(path)
    elif not path.exists():
        raise SettingsError("settings_file", f"{path}: expected a {thing}, got no file.", hint="Name an existing file.")
    return path


def _unless_fixed(shelf: Shelf[Any]) -> str:
    """What a setting takes precedence over."""
    return f", but a setting names {shelf.fixed} instead" if shelf.fixed is not None else ""


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
