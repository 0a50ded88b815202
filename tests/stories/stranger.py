"""Gives commands as a user who may read nothing of the box, and tells as JSON what each came to. Run by a test."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys

from typer.testing import CliRunner

from sekisho import app

_NOBODY = 65534
_PATIENCE_S = 300


class _Hangs(BaseException):
    """A command that neither ends nor says why."""


def _hangs(*_: object) -> None:
    raise _Hangs


def main() -> None:
    """Read [[word, ...], ...] from standard input; a line of JSON for each: words, exit code, what was said, crash."""
    lines = json.loads(sys.stdin.read())
    for late in ("_strptime", "encodings.idna", "importlib.readers"):  # nobody may not read a developer's interpreter
        importlib.import_module(late)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)
    signal.signal(signal.SIGALRM, _hangs)
    for words in lines:
        signal.alarm(_PATIENCE_S)
        try:
            done = CliRunner().invoke(app, words)
        except _Hangs:
            sys.stdout.write(json.dumps([words, 0, "", "it hangs"]) + "\n")
            continue
        finally:
            signal.alarm(0)
        crash = "" if done.exception is None or isinstance(done.exception, SystemExit) else repr(done.exception)
        sys.stdout.write(json.dumps([words, done.exit_code, done.stderr, crash]) + "\n")


if __name__ == "__main__":
    main()
