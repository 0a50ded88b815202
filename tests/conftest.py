"""What all tests share: Hypothesis never judges by the clock, because a loaded machine is no fault of the code."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile(
    "bench", parent=settings.get_profile("ci" if os.environ.get("CI") else "default"), deadline=None
)
settings.load_profile("bench")
