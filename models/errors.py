"""The exception tree of this package, whole. The edge translates it to its own at the step.

ModelsError
├── PictureRefused    the bytes are no picture that will be looked at; `code` image_*
├── PackError         a model pack is missing, altered or of an unknown schema; `code` model_*
└── WorkerFailed      the pixel worker timed out or crashed; `code` worker_timeout or worker_crashed
"""

from __future__ import annotations


class ModelsError(Exception):
    """The root: a stable `code`, a whole sentence, a `hint`."""

    def __init__(self, code: str, message: str, *, hint: str = "") -> None:
        """Make an error with a stable `code`, a whole-sentence `message` and a `hint`."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by value, so that an error crosses the worker's pipe whole."""
        return _rebuilt, (type(self), self.code, self.message, self.hint)


def _rebuilt(kind: type[ModelsError], code: str, message: str, hint: str) -> ModelsError:
    return kind(code, message, hint=hint)


class PictureRefused(ModelsError):  # noqa: N818 - a refusal, not a fault
    """The bytes are no picture that will be looked at."""


class PackError(ModelsError):
    """A model pack is missing, altered or of an unknown schema."""


class WorkerFailed(ModelsError):  # noqa: N818 - reads as what happened
    """The pixel worker timed out or crashed."""
