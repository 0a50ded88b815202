"""The exceptions of sync, beside the tree of edge/errors.py.

SekishoError
├── InputError
│   ├── BatchRefused      codes batch_*: not what its device signed, or not signed by it
│   └── PublishError      codes publish_*: what a publisher asked for cannot be published
└── BoxError
    ├── AuditError        codes audit_*: an export that does not prove what it should
    ├── CentralRefused    the central answered that it does not take this; the code is the central's
    ├── CentralUnreachable  code central_unreachable: no answer, after several tries
    ├── ExportUnavailable codes export_*: this central cannot write that format
    ├── DocumentRefused   codes document_*, receipt_*: a signed document that is not what it should be
    ├── TrustError        codes trust_*: not signed as it must be, older than what was seen, expired
    └── TransportError    codes transport_*: the tree cannot be reached or read, or comes too slowly
"""

from __future__ import annotations

from edge.errors import BoxError, InputError


class PublishError(InputError):
    """What a publisher asked for cannot be published; nothing was changed."""


class TrustError(BoxError):
    """What came is not to be trusted; what is in use stays in use."""


class TransportError(BoxError):
    """The published tree cannot be reached, or does not come as it must."""


class BatchRefused(InputError):  # noqa: N818
    """A batch that is not what its device signed, or not signed by it. Nothing of it is kept."""


class CentralRefused(BoxError):  # noqa: N818
    """The central answered that it does not take this. `code` is the central's."""


class CentralUnreachable(BoxError):  # noqa: N818
    """No answer, after several tries. What was to be sent stays in the outbox."""


class ExportUnavailable(BoxError):  # noqa: N818
    """This central cannot write what was asked for: a library is absent."""


class DocumentRefused(BoxError):  # noqa: N818
    """A signed document that is not what it should be. Nothing is believed of it."""


class AuditError(BoxError):
    """An export that does not prove what it should."""
