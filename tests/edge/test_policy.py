"""The policy file: a bad one is refused by name, and the built-in one weighs every finding that there is."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from edge import policy as policies
from edge.errors import PolicyError
from edge.inspection import Cause, Weight
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


def test_a_policy_of_before_is_good_on_a_box_with_what_the_port_set() -> None:
    told: list[str] = []
    older = TEXT.replace('"capture.burnt_out" = "note"\n', "").replace('"face.region_missing" = "check"\n', "")
    older = older.replace("region_missing_share = 0.65", "several_share = 0.5        #")
    older = older.replace("detain_by_two = false", "detain_by_two = true").replace("vault_h = 72", "vault_h = 5")
    older = older.replace('"watch.listed" = "check"', '"watch.listed" = "strong"')
    policy = policies.parse(older, origin="p.toml", tell=told.append)
    assert (policy.people.detain_by_two, policy.retention.vault_h) == (True, 5)
    assert policy.weights["watch.listed"] is Weight.STRONG
    assert policy.weights.items() - {("watch.listed", Weight.STRONG)} <= policies.builtin().weights.items()
    assert (policy.weights["capture.burnt_out"], policy.weights["face.region_missing"]) == (Weight.NOTE, Weight.CHECK)
    assert policy.face == policies.builtin().face
    assert told == [
        "face.several_share is not used any more (decision 202).",
        "weights: findings that it does not name have the built-in weight: capture.burnt_out, face.region_missing.",
    ]


def test_the_policy_of_this_release_has_nothing_to_tell() -> None:
    told: list[str] = []
    policy = policies.parse(TEXT, origin="p.toml", tell=told.append)
    assert policy == policies.parse(TEXT, origin="p.toml", whole=True)
    assert not told


def test_a_policy_without_a_weight_or_with_what_is_gone_is_refused_where_it_has_to_be_whole(tmp_path: Path) -> None:
    def refused_whole(text: str) -> str:
        file = tmp_path / "p.toml"
        file.write_text(text, "utf-8")
        with pytest.raises(PolicyError) as caught:
            policies.load(file, whole=True)
        return caught.value.message.removeprefix(f"{tmp_path}/")

    assert refused_whole(TEXT.replace('"watch.listed" = "check"\n', "")) == (
        "p.toml: weights: expected every finding code, 'watch.listed' is missing."
    )
    assert refused_whole(TEXT.replace("label_share", "several_share = 0.5\nlabel_share")) == (
        "p.toml: face.several_share: Extra inputs are not permitted, got 0.5."
    )


def test_weights_that_are_none_are_refused() -> None:
    assert refused(TEXT[: TEXT.index("[weights]")]).message.startswith("p.toml: weights: Field required")


def test_a_code_that_nobody_finds_is_refused_among_what_speaks_together() -> None:
    error = refused(TEXT.replace('value = ["consignment.value"', 'value = ["consignment.smell"'))
    assert error.message == "p.toml: expected finding codes, got 'consignment.smell'."


def test_a_policy_of_before_small_things_spoke_together_is_good_without_that_part_and_its_weight() -> None:
    start, end = TEXT.index("[together]"), TEXT.index("[people]")
    older = (TEXT[:start] + TEXT[end:]).replace('"together.several" = "check"\n', "")
    assert policies.parse(older, origin="p.toml").together is None


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
