"""The frozen rates of the simulated port."""

from __future__ import annotations

import pytest

from provisioning.simulate import scenario


def test_every_rate_names_its_source_and_what_is_assumed_is_varied() -> None:
    for name, rate in scenario.frozen().rates.items():
        assert rate.source, name
        assert rate.basis == "published" or rate.vary, name


def test_shares_that_do_not_add_to_one_are_refused() -> None:
    text = scenario.frozen_text().replace("perfect = 0.10", "perfect = 0.20")
    with pytest.raises(ValueError, match=r"counterfeit.face: expected shares that add to 1, got 1\.1"):
        scenario.read(text)


def test_another_schema_is_refused() -> None:
    with pytest.raises(ValueError, match=r"port.toml: expected schema = 1, got 2\."):
        scenario.read(scenario.frozen_text().replace("schema = 1", "schema = 2", 1))


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValueError, match="Extra inputs are not permitted"):
        scenario.read(scenario.frozen_text().replace("[products]", "colour = 1\n\n[products]", 1))
