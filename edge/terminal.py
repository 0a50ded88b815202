"""What every sub-command of the command line shares: errors as one line and a hint, settings, files named by a person.

Exit codes of every command: 2 what was given is not usable, 3 the box cannot do its part. It is no command itself.
"""

from __future__ import annotations

import errno
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


# What the operating system refuses, in the order: code, what was expected, what to do.
_REFUSED = {
    errno.EROFS: (
        "file_read_only",
        "a place that can be written to",
        "A stick that results go onto is mounted by: systemctl start media-out.mount.",
    ),
    errno.ENOSPC: ("file_no_room", "room to write", "Make room there, or name another place."),
    errno.ENOENT: ("file_missing", "that it is there", "Look at the name; is the stick mounted?"),
    errno.EIO: ("file_damaged", "a medium that works", "The disk or stick is failing: take another."),
}
_NOT_PERMITTED = "Run it as root (sudo), or as the bench's user."


def clear_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Answer a `SekishoError`, or what the operating system refuses, with one line, its hint and an exit code."""

    @functools.wraps(command)
    def told(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except BrokenPipeError:  # who read the output has gone: typer ends it quietly
            raise
        except (SekishoError, OSError) as raised:
            error = raised if isinstance(raised, SekishoError) else refused_by_the_system(raised)
            hint = _NOT_PERMITTED if _not_permitted(raised) else error.hint
            console = Console(stderr=True, soft_wrap=True, highlight=False, emoji=False)
            console.print(f"sekisho: {error.message} [{error.code}]", markup=False)
            if hint:
                console.print(f"  hint: {hint}", markup=False)
            raise typer.Exit(3 if isinstance(error, BoxError) else 2) from raised

    return told


def refused_by_the_system(error: OSError) -> BoxError:
    """What the operating system refused, and of which file, as an error of the box: codes file_*."""
    named = error.filename if error.filename is not None else "the system"
    where = os.fsdecode(named) if isinstance(named, str | bytes | os.PathLike) else str(named)
    if isinstance(error, PermissionError):
        code, expected, hint = "file_not_permitted", "that this user may do it", _NOT_PERMITTED
    else:
        code, expected, hint = _REFUSED.get(error.errno or 0, ("file_refused", "that it can be used", ""))
    came = error.strerror or str(error) or type(error).__name__
    return BoxError(code, f"{where}: expected {expected}, got {came}.", hint=hint)


def _not_permitted(error: BaseException | None) -> bool:
    """Whether somebody without the right gave the command: then no other advice is of use, and some would do harm."""
    seen = 0
    while error is not None and seen < 10:  # noqa: PLR2004 - no chain is that long
        if isinstance(error, PermissionError) and error.errno == errno.EACCES:
            return os.geteuid() != 0
        error, seen = error.__cause__ or error.__context__, seen + 1
    return False


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
