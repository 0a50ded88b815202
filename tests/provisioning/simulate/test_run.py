"""A small simulated port: seeded, through the real judgement, recomputed exactly."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from edge import policy
from edge.inspection import Outcome, Weight
from provisioning.simulate import faces, figures, run, scenario, tally
from provisioning.simulate.scenario import Scenario
from provisioning.simulate.tally import Row

PARCELS = 240


@cache
def small() -> Scenario:
    port = scenario.frozen()
    world = port.world.model_copy(
        update={"days": 30, "edition_days": 30, "products": 40, "brands": 10, "known_serials": 40, "watched": 30}
    )
    rates = dict(port.rates)
    rates["counterfeit"] = rates["counterfeit"].model_copy(update={"value": 0.3})
    return port.model_copy(update={"world": world, "rates": rates})


@cache
def rows(seed: int = 5) -> Sequence[Row]:
    return run.run(small(), faces.frozen(), seed=seed, count=PARCELS).rows


def test_the_same_seed_gives_the_same_year() -> None:
    assert run.run(small(), faces.frozen(), seed=5, count=PARCELS).rows == rows()


def test_another_seed_gives_another_year() -> None:
    assert [row.outcome for row in rows(6)] != [row.outcome for row in rows()]


def test_every_parcel_is_judged_once_and_recomputed_as_it_was_judged() -> None:
    said = policy.builtin()
    assert len(rows()) == PARCELS
    assert [tally.outcome_with(row, said, {}, without=frozenset()) for row in rows()] == [r.outcome for r in rows()]


def test_counterfeits_are_found_by_what_is_wrong_with_them() -> None:
    found = {(row.kind, code) for row in rows() for code in figures.grave_codes(row)}
    assert {("invented", "serial.unknown"), ("rule_broken", "serial.rule")} <= found


def test_a_copied_serial_is_found_from_its_second_parcel_on() -> None:
    clones = [row for row in rows() if row.kind == "clone"]
    codes = {code for row in clones for code in figures.grave_codes(row)}
    assert len(clones) > 5
    assert codes & {"serial.seen_elsewhere", "serial.seen_other_port"}


def test_clean_parcels_of_unregistered_goods_are_never_called_suspect_for_it() -> None:
    some = [row for row in rows() if row.clean and not row.registered]
    assert some
    assert not {code for row in some for code in figures.grave_codes(row)} & {"product.unregistered", "serial.unknown"}


def test_a_check_thought_away_loses_what_it_alone_found() -> None:
    (one,) = [one for one in tally.ablations(rows(), policy.builtin()) if one.name == "serial look-up"]
    assert 0 < one.lost <= one.found


def test_other_weights_are_tried_on_the_same_parcels() -> None:
    said = policy.builtin()
    other = tally.reweighed(rows(), said, {"serial.unknown": Weight.NOTE, "serial.rule": Weight.STRONG})
    for row, was in zip(other, rows(), strict=True):
        codes = set(figures.grave_codes(was))
        assert ("serial.unknown" in figures.grave_codes(row)) is False
        assert (row.outcome is Outcome.STRONG_INDICATION) is bool(
            codes & {"serial.rule", "serial.revoked", "serial.stolen"}
        )


def test_a_note_that_weighed_check_would_gain_and_add_what_it_stands_on_alone() -> None:
    (one,) = [one for one in tally.raised(rows(), policy.builtin()) if one.code == "product.unregistered"]
    some = [row for row in rows() if row.outcome is Outcome.CANNOT_ASSESS or not row.registered]
    assert 0 < one.gained + one.added <= len(some)


def test_the_figures_are_one_document_of_all_tables() -> None:
    said = figures.document(rows(), small(), policy.builtin(), {"seed": 5})
    assert said["about"] == {"seed": 5}
    assert len(said["limits"]) == 11
    assert sum(one["hits"] for one in said["outcomes"]["clean parcels"].values()) == sum(row.clean for row in rows())
    assert {row["rate"] for row in said["sensitivity"]} >= {"counterfeit", "sloppy", "listed"}


def test_a_bound_is_never_below_what_is_found() -> None:
    told, found = figures.bounds(rows()), figures.against_limits(rows(), small())
    (now,) = [one.share for one in found if one.name.startswith("counterfeits with a")]
    bound, rest, *_ = told.values()
    assert now.value <= bound.value <= 1
    assert bound.hits + rest.hits == now.total


def test_what_notes_say_together_is_said_again_of_those_that_are_left() -> None:
    said = policy.builtin()
    assert said.together is not None
    some = [row for row in rows() if "together.several" in figures.grave_codes(row)]
    assert some
    notes = frozenset(code for codes in said.together.notes.values() for code in codes)
    for row in some:
        assert "together.several" not in {
            one.code
            for found in tally.reweighed([row], said, dict.fromkeys(notes, Weight.LIMIT))[0].findings
            for one in found
        }


def test_input_faults_are_tried_on_genuine_codes_alone() -> None:
    trials = run.input_trials(small(), faces.frozen(), seed=5, count=70)
    assert {one.fault for one in trials} == {*small().faults, "double_scan"}
    assert {one.count for one in trials} == {10, 20}
    for fault in {one.fault for one in trials} - {"truncated"}:
        assert [one.checks for one in trials if one.fault == fault] == [0]


def test_an_outcome_follows_the_gravest_weight_that_is_left() -> None:
    row = next(row for row in rows() if row.outcome is Outcome.CHECK)
    codes = {one.code for found in row.findings for one in found if one.weight is Weight.CHECK}
    said = policy.builtin()
    assert tally.outcome_with(row, said, dict.fromkeys(codes, Weight.STRONG), without=frozenset()) is (
        Outcome.STRONG_INDICATION
    )
    assert tally.outcome_with(row, said, {}, without=frozenset(codes)) not in tally.ALARM
