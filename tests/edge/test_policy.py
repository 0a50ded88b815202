"""The policy file: a bad one is refused by name, and the built-in one weighs every finding that there is."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from edge import policy as policies
from edge.errors import PolicyError
from edge.inspection import Cause
from edge.messages import catalogue

TEXT = resources.files("edge").joinpath("policy.toml").read_text("utf-8")


def refused(text: str) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        policies.parse(text, origin="p.toml")
    return caught.value


def test_the_built_in_policy_is_named_on_every_verdict() -> None:
    assert policies.builtin().title == "default 2026.11"


def test_an_unknown_key_is_refused_by_its_name() -> None:
    error = refused(TEXT.replace("[freshness]", "[freshness]\nregistry_dayz = 3"))
    assert (error.code, error.message) == (
        "policy_unknown_key",
        "p.toml: freshness.registry_dayz: Extra inputs are not permitted, got 3.",
    )
    assert error.hint == "Compare with the built-in policy: sekisho policy show."


def test_an_unknown_finding_code_is_refused() -> None:
    error = refused(TEXT + '\n"face.smell" = "check"\n')
    assert error.message == "p.toml: expected finding codes, got 'face.smell'."


def test_a_missing_weight_is_refused() -> None:
    error = refused(TEXT.replace('"watch.listed" = "check"\n', ""))
    assert error.message == "p.toml: weights: expected every finding code, 'watch.listed' is missing."


def test_a_code_that_nobody_finds_is_refused_among_what_speaks_together() -> None:
    error = refused(TEXT.replace('value = ["consignment.value"', 'value = ["consignment.smell"'))
    assert error.message == "p.toml: expected finding codes, got 'consignment.smell'."


def test_a_policy_of_before_small_things_spoke_together_is_good_without_that_part_and_its_weight() -> None:
    start, end = TEXT.index("[together]"), TEXT.index("[people]")
    older = (TEXT[:start] + TEXT[end:]).replace('"together.several" = "check"\n', "")
    assert policies.parse(older, origin="p.toml").together is None
    error = refused(TEXT.replace('"together.several" = "check"\n', ""))
    assert error.message == "p.toml: weights: expected every finding code, 'together.several' is missing."


def test_a_value_out_of_range_is_refused_with_what_came() -> None:
    error = refused(TEXT.replace("registry_limit_days = 92", "registry_limit_days = 0"))
    assert error.code == "policy_value"
    assert error.message.startswith("p.toml: freshness.registry_limit_days: ")
    assert error.message.endswith("got 0.")


def test_a_policy_of_a_later_schema_is_refused() -> None:
    assert refused(TEXT.replace("schema = 1", "schema = 2")).message == "p.toml: expected schema = 1, got 2."


def test_a_file_that_is_no_toml_is_refused() -> None:
    assert refused("weights = [").code == "policy_syntax"


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as caught:
        policies.load(tmp_path / "none.toml")
    assert caught.value.code == "policy_unreadable"


def test_every_weighed_code_has_a_cause_and_words_and_what_to_do() -> None:
    words = catalogue()
    for code in policies.builtin().weights:
        assert Cause(words[code].cause)
        assert words[code].sentence, code
        assert words[code].action, code
