"""The exception tree of the edge, whole. Every error that a person meets has a stable `code` and a `hint`.

Message = value, expectation, what came. Raise or log, never both. HTTP answers a `SekishoError` as problem+json with
its `code` and `status`; the command line prints one line, message and hint, and ends with exit code 2 (input) or
3 (the box).

SekishoError
├── InputError            what came in is not usable; the sender can mend it
│   ├── ImageRefused      codes image_*: empty, truncated, too large, animated, wrong type
│   ├── CodeRefused       codes code_*: too long, empty
│   ├── RequestRefused    codes request_*: too many images, bad field
│   ├── SourceError       codes source_*: a registry source row, with its row number
│   ├── PolicyError       codes policy_*
│   └── SettingsError     codes settings_*
├── StateError            the request does not fit the state of the inspection
│   ├── NotFound          codes *_not_found
│   ├── Conflict          codes *_conflict
│   └── AccessRefused     codes access_*
└── BoxError              the box cannot do its part; itself codes file_*: the system refuses a file
    ├── RegistryError     codes registry_*, delta_*, snapshot_*: missing, wrong file, damaged, newer schema, ...
    ├── ShelfError        codes shelf_*: what is in use cannot be told or changed
    ├── LedgerError       codes ledger_*: damaged, full, newer schema
    ├── EvidenceError     codes evidence_*: full, missing, altered
    ├── PeopleError       codes people_*: the accounts of the box cannot be read
    ├── ModelError        codes model_*: missing pack, wrong hash
    ├── WorkerError       codes worker_*: timed out, crashed
    └── DeviceError       codes device_*: camera or scanner
"""

from __future__ import annotations

from typing import ClassVar


class SekishoError(Exception):
    """The root. `code` is stable, `hint` says what to do next."""

    status: ClassVar[int] = 500

    def __init__(self, code: str, message: str, *, hint: str = "") -> None:
        """Make an error with a stable `code`, a whole-sentence `message` and a `hint` for the person who meets it."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


class InputError(SekishoError):
    """What came in is not usable; the sender can mend it."""

    status = 422


class ImageRefused(InputError):  # noqa: N818
    """An image that the bench will not look at."""


class CodeRefused(InputError):  # noqa: N818
    """A code that the bench will not take."""


class RequestRefused(InputError):  # noqa: N818
    """A request outside the limits."""


class SourceError(InputError):
    """A registry source that cannot be built from."""


class PolicyError(InputError):
    """A policy file that cannot be used."""


class SettingsError(InputError):
    """A setting that cannot be used."""


class StateError(SekishoError):
    """The request does not fit the state of the bench."""

    status = 409


class NotFound(StateError):  # noqa: N818
    """There is no such thing."""

    status = 404


class Conflict(StateError):  # noqa: N818
    """The same key was used for something else, or the state does not allow it."""


class AccessRefused(StateError):  # noqa: N818
    """The caller may not do this."""

    status = 401


class BoxError(SekishoError):
    """The box cannot do its part."""

    status = 503


class RegistryError(BoxError):
    """The registry edition cannot be read."""


class ShelfError(BoxError):
    """What is in use on the box cannot be told or changed."""


class LedgerError(BoxError):
    """The ledger cannot be written or read."""


class EvidenceError(BoxError):
    """The evidence store cannot be written or read."""


class PeopleError(BoxError):
    """The accounts of the box cannot be read or written."""


class ModelError(BoxError):
    """A model pack cannot be used."""


class WorkerError(BoxError):
    """The pixel worker timed out or crashed."""


class DeviceError(BoxError):
    """A camera or scanner cannot be used."""
