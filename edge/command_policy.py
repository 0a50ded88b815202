"""The look at the policy on the command line. It tells and tries; a person stages and activates."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from edge.command_shelf import command_clock, told
from edge.errors import PolicyError
from edge.policy_review import Review, Worked, altered
from edge.terminal import clear_errors, settings_from_environment
from edge.trial import Trials, be_nice


def add_policy_commands(app: typer.Typer) -> None:
    """Give the group of the policy's commands its own."""
    app.command("review")(clear_errors(review))


def review(  # noqa: PLR0917 - typer reads the options from the signature
    change: Annotated[
        list[str] | None,
        typer.Argument(help="What to try, such as weights.serial.rule=limit or consignment.words_similarity=75."),
    ] = None,
    last: Annotated[int | None, typer.Option(min=1, help="Over so many of the last inspections.")] = None,
    write: Annotated[Path | None, typer.Option(help="Write the changed policy to this file, to be staged.")] = None,
    version: Annotated[str, typer.Option(help="The version of the changed policy.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,  # noqa: FBT002 - typer
    state_dir: Annotated[Path | None, typer.Option(help="Where the state of the box lives.")] = None,
) -> None:
    """Say what each finding did in the last inspections beside its precision, and what changed values would have done.

    Nothing is used, noted or learnt by itself.
    """
    settings = settings_from_environment(state_dir=state_dir)
    be_nice()
    with contextlib.closing(Trials(settings, command_clock(settings))) as trials:
        found, tried = trials.review(last), None
        if change:
            in_use = trials.shelves.policies.current()
            text, candidate = altered(trials.policy_text(), change, version or f"{in_use.version}-tried")
            tried = trials.weigh(candidate, last)
            if write is not None:
                _write(write, text)
    if as_json:
        document = found.to_json() | {"tried": tried.to_json() if tried else None}
        sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
        return
    lines = [*_table(found), *(["", *told(tried)] if tried else [])]
    if tried and write is not None:
        lines.append(f"{write}: written; have it staged and used by whoever may: sekisho policy stage {write}")
    sys.stdout.write("\n".join(lines) + "\n")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise PolicyError(
            "policy_unwritable", f"{path}: expected a file that can be written, got {error.strerror}."
        ) from error


def _table(found: Review) -> list[str]:
    """A line a finding: how often it came, how often it alone made the outcome, decisions, precision."""
    unread = f"; {found.unread:,} more cannot be read any more" if found.unread else ""
    head = (
        f"{'finding':28}{'weight':8}{'found':>8}{'alone':>8}{'released':>10}{'referred':>10}{'detained':>10}  confirmed"
    )
    return [f"the last {found.inspections:,} inspections{unread}", head, *map(_line, found.findings)]


def _line(one: Worked) -> str:
    counts = "".join(f"{one.decisions[name]:>10,}" for name in ("release", "refer", "detain"))
    told_of = f"{one.confirmed} of {one.closed} closed" if one.closed else "nothing told"
    return f"{one.code:28}{one.weight:8}{one.inspections:>8,}{one.alone:>8,}{counts}  {told_of}"
