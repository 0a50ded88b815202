r"""The pattern that a right holder gives for its serials, matched in time linear in the serial.

Patterns are other people's input: Python's own engine needs minutes for some that compile (R. Cox, "Regular Expression
Matching Can Be Simple And Fast", 2007), RE2 never does. It knows no look-around and no back-references.
"""

from __future__ import annotations

import functools
from typing import Any

import re2


@functools.lru_cache(maxsize=256)
def _compiled(rule: str) -> Any:  # noqa: ANN401 - the library is untyped
    options = re2.Options()
    options.log_errors = False  # told by the exception
    return re2.compile(rule, options)


def require_rule(rule: str) -> None:
    """Refuse what is no pattern.

    Raises:
        ValueError: it is none; the message says what came.
    """
    try:
        _compiled(rule)
    except re2.error as error:
        came = error.args[0] if error.args else "another text"
        raise ValueError(came.decode(errors="replace") if isinstance(came, bytes) else str(came)) from None


def fits(rule: str, serial: str) -> bool:
    """Whether the whole serial fits a rule that `require_rule` has accepted."""
    return _compiled(rule).fullmatch(serial) is not None
