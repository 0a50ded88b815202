"""Small things together: several sources on one item are a reason to look, one source or two items are none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from edge import policy as policies
from edge.captures import Evidence
from edge.checks import Checked, together
from edge.consignment import Consignment, DeclaredLine, Party
from edge.inspection import Cause, Finding, Outcome, Weight
from edge.lookup import SerialStatus
from edge.messages import LANGUAGES, sentence
from edge.policy import TogetherPolicy
from edge.steps.decide import assess
from tests.edge import drawn_cases as drawn

WANTED = TogetherPolicy(
    sources=2, notes={"value": ("consignment.value",), "origin": ("consignment.origin", "supply.route")}
)
POLICY = policies.builtin().model_copy(
    update={"together": WANTED, "weights": policies.builtin().weights | {"consignment.origin": Weight.NOTE}}
)
LINE = DeclaredLine("AOI face cream", 1, 60, 20_000, "JPY", "330499", "XX")  # undervalued, of no registered origin


def note(code: str, item: str = "1", weight: Weight = Weight.NOTE, evidence: Sequence[Evidence] = ()) -> Finding:
    return Finding(code, Cause.MISMATCH, weight, item=item, evidence=tuple(evidence))


def said(*findings: Finding) -> tuple[Finding, ...]:
    return together.check(Checked(findings=findings), POLICY).findings


def test_two_notes_of_different_sources_on_one_item_are_a_reason_to_look() -> None:
    picture = Evidence("e" * 64, "image/jpeg", "face", "c" * 64)
    (found,) = said(note("consignment.value", evidence=[picture]), note("consignment.origin"))
    assert (found.code, found.item, found.weight) == ("together.several", "1", Weight.CHECK)
    assert found.arguments == {"parts": "@together.value @together.origin"}
    assert found.evidence == (picture,)


def test_two_notes_of_one_source_are_one() -> None:
    assert said(note("consignment.origin"), note("supply.route")) == ()


def test_notes_on_two_items_are_never_added_up() -> None:
    assert said(note("consignment.value", "1"), note("consignment.origin", "2")) == ()


def test_what_speaks_of_the_parcel_counts_with_each_item_and_is_said_once() -> None:
    assert [one.item for one in said(note("consignment.value", ""), note("consignment.origin", "2"))] == ["2"]
    whole = (note("consignment.value", ""), note("consignment.origin", ""), note("consignment.origin", "2"))
    assert [one.item for one in said(*whole)] == [""]


def test_what_weighs_more_than_a_note_speaks_for_itself() -> None:
    assert said(note("consignment.value", weight=Weight.CHECK), note("consignment.origin")) == ()


def test_a_policy_without_that_part_leaves_notes_alone() -> None:
    before = POLICY.model_copy(update={"together": None})
    both = Checked(findings=(note("consignment.value"), note("consignment.origin")))
    assert together.check(both, before) == Checked()


def test_a_verdict_tells_the_parts_right_below_what_they_say_together() -> None:
    consignment = Consignment("RR473124829JP", "CN23", Party("A. Sender"), lines=(replace(LINE, hs="8504"),))
    verdict = assess(drawn.case(consignment=consignment), POLICY)
    assert verdict.outcome is Outcome.CHECK
    assert [one.code for one in verdict.findings] == [
        *("together.several", "consignment.origin", "consignment.value", "consignment.hs")
    ]


def test_without_one_of_the_parts_the_verdict_is_what_it_was() -> None:
    consignment = Consignment("RR473124829JP", "CN23", Party("A. Sender"), lines=(replace(LINE, origin="JP"),))
    assert assess(drawn.case(consignment=consignment), POLICY).outcome is Outcome.NO_FINDING


def test_the_parts_are_named_in_every_language() -> None:
    parts = {"parts": "@together.value @together.origin"}
    told = {sentence("together.several", parts, language) for language in LANGUAGES}
    assert len(told) == len(LANGUAGES)
    assert "Several small things, each of them common, come together: the declared value, the declared origin." in told
    assert not [one for one in told if "{" in one or "@" in one]


def test_a_source_that_only_one_policy_knows_is_named_by_its_word() -> None:
    assert "the declared value, route" in sentence(
        "together.several", {"parts": "@together.value @together.route"}, "en"
    )


def test_a_product_with_serials_of_which_none_was_read_is_told_and_accuses_nobody() -> None:
    item = replace(drawn.ITEM, serial=None)
    verdict = assess(drawn.case(replace(drawn.FOUND, item=item, serial=SerialStatus.NOT_GIVEN)), POLICY)
    assert "serial.not_read" in [one.code for one in verdict.findings]
    assert verdict.outcome is Outcome.CANNOT_ASSESS


_CODES = [*WANTED.notes["value"], *WANTED.notes["origin"], "consignment.hs"]


@given(st.lists(st.tuples(st.sampled_from(_CODES), st.sampled_from(["", "1", "2"])), max_size=8))
def test_more_notes_never_silence_what_fewer_said(notes: list[tuple[str, str]]) -> None:
    fewer, more = together.speaking(notes[:-1], WANTED), together.speaking(notes, WANTED)
    assert not fewer or more
    assert all(len(sources) >= WANTED.sources for sources in more.values())


def test_where_nothing_is_registered_one_small_thing_is_enough() -> None:
    bare = replace(drawn.FOUND, serial=SerialStatus.NO_PROGRAMME, faces=())
    consignment = Consignment("RR473124829JP", "CN23", Party("A. Sender"), lines=(replace(LINE, value_minor=350_000),))
    verdict = assess(drawn.case(bare, consignment=consignment), policies.builtin())
    assert (verdict.outcome, verdict.findings[0].code) == (Outcome.CHECK, "together.several")
    assert verdict.findings[0].arguments == {"parts": "@together.origin @together.reference"}
    alone = assess(drawn.case(bare), policies.builtin())
    assert alone.outcome is Outcome.CANNOT_ASSESS
    assert [one.code for one in alone.findings] == ["product.nothing_checked", "product.nothing_registered"]


def test_a_face_that_could_still_be_pictured_is_something_registered() -> None:
    faced = replace(drawn.FOUND, serial=SerialStatus.NO_PROGRAMME)
    assert "product.nothing_registered" not in [one.code for one in assess(drawn.case(faced), POLICY).findings]
