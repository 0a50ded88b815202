"""What every sub-command of the command line shares: errors as one line and a hint, settings, files named by a person.

Exit codes of every command: 2 what was given is not usable, 3 the box cannot do its part. It is no command itself.
"""

from __future__ import annotations

import functools
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError as UnreadableSetting
from rich.console import Console

from edge.errors import BoxError, RequestRefused, SekishoError, SettingsError
from edge.settings import Settings

_SECRET = re.compile("TOKEN|KEY|SECRET|PASSWORD")  # in the name of a setting: its value is shown to nobody
P = ParamSpec("P")
R = TypeVar("R")


def clear_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Answer a `SekishoError` with one line, its hint and the exit code of its kind."""

    @functools.wraps(command)
    def told(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except SekishoError as error:
            console = Console(stderr=True, soft_wrap=True, highlight=False, emoji=False)
            console.print(f"sekisho: {error.message} [{error.code}]", markup=False)
            if error.hint:
                console.print(f"  hint: {error.hint}", markup=False)
            raise typer.Exit(3 if isinstance(error, BoxError) else 2) from error

    return told


def settings_from_environment(**changes: object) -> Settings:
    """The settings of SEKISHO_* with `changes` of the command line; None changes nothing.

    Raises:
        SettingsError: settings_value: a setting is not usable.
    """
    hint = "docs/technician.md lists every setting."
    try:
        # A secret comes as a file of systemd's (LoadCredential=), in memory, and never by the environment of a service.
        values: dict[str, Any] = {name: value for name, value in changes.items() if value is not None}
        values["_secrets_dir"] = os.environ.get("CREDENTIALS_DIRECTORY")
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = "SEKISHO_" + "_".join(str(part) for part in first["loc"]).upper()
        given = "something else" if _SECRET.search(name) else repr(first["input"])
        message = f"{name}: {first['msg']}, got {given}."
        raise SettingsError("settings_value", message, hint=hint) from error
    except UnreadableSetting as error:  # only what holds several values is read as JSON
        name = "SEKISHO_STATIONS"
        message = f"""{name}: expected a JSON list such as ["1", "2"], got {os.environ.get(name, "")!r}."""
        raise SettingsError("settings_value", message, hint=hint) from error


def existing_edition(path: Path | None) -> Path | None:
    """`path`, when a file is there: an edition that was named and is missing is a slip of the one who named it.

    Raises:
        SettingsError: settings_registry: there is no such file.
    """
    if path is not None and not path.is_file():
        found = "something that is no file" if path.exists() else "no file"
        raise SettingsError(
            "settings_registry",
            f"{path}: expected a registry edition, got {found}.",
            hint="Build one with: sekisho registry build SOURCE --out FILE.",
        )
    return path


def require_writable(out: Path) -> None:
    """Say before the work begins that `out` cannot be written.

    Raises:
        RequestRefused: request_out: it is a directory or lies where nothing can be written.
    """
    hint = "Name a file in a directory that exists and can be written to."
    if out.is_dir():
        raise RequestRefused("request_out", f"{out}: expected a file to write, got a directory.", hint=hint)
    try:
        with tempfile.TemporaryFile(dir=out.parent):
            pass
    except OSError as error:
        message = f"{out}: expected a file that can be written, got {error.strerror}."
        raise RequestRefused("request_out", message, hint=hint) from error
