"""What all tests share: nothing judges by the clock, because a loaded machine is no fault of the code."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings
from playwright.sync_api import expect

settings.register_profile(
    "bench", parent=settings.get_profile("ci" if os.environ.get("CI") else "default"), deadline=None
)
settings.load_profile("bench")
expect.set_options(timeout=120_000)  # of a page, whichever test comes first; Playwright's own are 5 s


@pytest.fixture(autouse=True)
def _no_standing_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that give way to the bench run in the tests' own process here, which could never come back from it."""
    monkeypatch.setattr(os, "nice", lambda _step: 0)
    monkeypatch.setattr(os, "sched_setscheduler", lambda _process, _policy, _param: None)
