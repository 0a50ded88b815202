"""A publisher with a founded tree."""

from __future__ import annotations

from tests.sync.conftest import founded, publishing

__all__ = ["founded", "publishing"]
