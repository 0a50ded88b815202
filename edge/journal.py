"""What a service of the box writes to its log: that and where something happened, never what was inspected.

A log line is a literal of the program and what the program lets stand in it. Text stands in it only as `Plain`, which
says that the program made it; numbers, flags, members of an enumeration and paths stand as they are; of a noun only the
fields that edge/fields.toml calls public and not nominal; of an exception its type, its stable code and its frames,
never its words. All other text is replaced by its length. A line of a library is known by its place in the code alone:
its words may hold anything. It is no audit trail: that is the ledger.
"""

from __future__ import annotations

import dataclasses
import logging
import sys
import threading
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Any

from edge.fields import Disclosure, table
from models.discreet import told_without_words, wordless

_OURS = ("edge", "models", "sync", "provisioning", "sekisho")


class Plain(str):
    """Text that the program made, with nothing of a parcel, a person or a secret in it: it may be logged."""

    __slots__ = ()


class Discreet(logging.Formatter):
    """Formats a record so that nothing of an inspection stands in it."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and those of an exception."""
        whose = record.name.partition(".")[0]
        if whose in _OURS:
            words = _filled(str(record.msg), record.args)
        else:
            words = f"a line of {Path(record.pathname).name}:{record.lineno} {record.funcName}"
        lines = [f"{record.levelname} {record.name}: {words}"]
        if record.exc_info and record.exc_info[1] is not None:
            lines.append(wordless(record.exc_info[1]))
        return "\n".join(lines)


def shown(value: object) -> object:
    """`value` as far as it may stand in a log."""
    if isinstance(value, Plain | bool | int | float | Path) or value is None:
        return value
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, BaseException):
        return wordless(value).splitlines()[0]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _of_noun(value)
    if isinstance(value, str | bytes):
        return f"<{len(value)} {'characters' if isinstance(value, str) else 'bytes'}>"
    return f"<{type(value).__name__}>"


def discreet(level: int = logging.WARNING) -> None:
    """Let this process log so from now on, on standard error, whatever a library has set up, and end so when it must.

    For a service's own command, before it does anything.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Discreet())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    sys.excepthook = told_without_words
    sys.unraisablehook = _unraisable
    threading.excepthook = _ended


def _filled(words: str, arguments: Any) -> str:  # noqa: ANN401 - as logging has it
    if not arguments:
        return words
    try:
        if isinstance(arguments, Mapping):
            return words % {name: shown(value) for name, value in arguments.items()}
        return words % tuple(map(shown, arguments))
    except (TypeError, ValueError):
        return words


def _of_noun(noun: object) -> str:
    """The public fields of a noun that edge/fields.toml knows; of any other its name alone."""
    name = type(noun).__name__
    open_fields = [
        f"{field}={shown(getattr(noun, field))}"
        for field, found in table().get(name, {}).items()
        if found.disclosure is Disclosure.PUBLIC and not found.nominal and hasattr(noun, field)
    ]
    return f"{name}({', '.join(open_fields)})"


def _unraisable(given: sys.UnraisableHookArgs) -> None:
    if given.exc_value is not None:
        told_without_words(given.exc_type, given.exc_value, given.exc_traceback)


def _ended(given: threading.ExceptHookArgs) -> None:
    trace: TracebackType | None = given.exc_traceback
    if given.exc_value is not None:
        told_without_words(given.exc_type, given.exc_value, trace)
