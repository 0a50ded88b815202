"""The errors of releases, beside the tree of edge/errors.py.

InputError
└── BundleRefused   codes release_*: a bundle that is not what it must be, or not for this box
BoxError
└── UpdateFailed    codes update_*: the box could not do its part; the release in use stays
"""

from __future__ import annotations

from edge.errors import BoxError, InputError


class BundleRefused(InputError):  # noqa: N818
    """A bundle that is not what it must be, or not for this box. Nothing of it is used."""


class UpdateFailed(BoxError):  # noqa: N818
    """The box could not do its part of an update; the release in use stays in use."""
