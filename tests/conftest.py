"""What all tests share: nothing judges by the clock, because a loaded machine is no fault of the code."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings
from playwright.sync_api import expect

# Hypothesis' own profile "ci": the same examples everywhere, no deadline, and slow drawing is no fault.
# `./run test --hypothesis-profile=explore` draws others.
settings.register_profile("bench", parent=settings.get_profile("ci"))
settings.register_profile("explore", parent=settings.get_profile("ci"), derandomize=False)
settings.load_profile("bench")
expect.set_options(timeout=120_000)  # of a page, whichever test comes first; Playwright's own are 5 s


@pytest.fixture(autouse=True)
def _no_standing_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that give way to the bench run in the tests' own process here, which could never come back from it."""
    monkeypatch.setattr(os, "nice", lambda _step: 0)
    monkeypatch.setattr(os, "sched_setscheduler", lambda _process, _policy, _param: None)
