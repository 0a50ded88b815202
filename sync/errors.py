"""The exceptions of sync, beside the tree of edge/errors.py.

SekishoError
├── InputError
│   └── PublishError      codes publish_*: what a publisher asked for cannot be published
└── BoxError
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
