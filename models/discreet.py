"""An exception without its words: what it is and where it was, for a log that must not hold what was inspected.

Messages of exceptions hold values (a code, a name, a file's content); types, files and lines do not.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from types import TracebackType

_MOST_FRAMES = 30  # of one exception, the innermost
_MOST_LINKS = 5  # of a chain


def wordless(error: BaseException) -> str:
    """Type, stable code where there is one, and frames of `error` and what caused it; a line each, innermost last."""
    lines: list[str] = []
    link: BaseException | None = error
    for _ in range(_MOST_LINKS):
        if link is None:
            break
        code = getattr(link, "code", None)
        named = f" [{code}]" if isinstance(code, str) and code.isidentifier() else ""
        number = f" errno {link.errno}" if isinstance(link, OSError) and link.errno else ""
        lines.append(f"{'caused by ' if lines else ''}{type(link).__module__}.{type(link).__qualname__}{named}{number}")
        frames = traceback.extract_tb(link.__traceback__)[-_MOST_FRAMES:]
        lines += [f"  {Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return "\n".join(lines)


def told_without_words(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A `sys.excepthook` for a process whose standard error goes to a log."""
    if issubclass(kind, KeyboardInterrupt):
        return
    sys.stderr.write(f"ended by {wordless(error.with_traceback(trace))}\n")
