"""Decisions of examiners and courts close inspections; precision is counted from them; benches show both."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import AccessRefused, Conflict, NotFound, SekishoError
from sync.central.central import Central
from sync.central.database import reading, writing
from sync.central.intake.ingest import ingest
from sync.central.knowledge.outcomes import Ending, Outcome, decide, of_device
from sync.central.knowledge.precision import counted, precision, wilson
from sync.central.knowledge.questions import Answer, answer, asked, told_to
from sync.central.knowledge.speakers import ANSWERING, DECIDING, Role, Speaker, new_speaker, speaker_of
from sync.current import Scope
from sync.protocol import OUTCOME, verified
from tests.sync.boxes import DAY, Box, assessed

EXAMINER, COURT = Speaker("Desk 4", Role.EXAMINER), Speaker("Tokyo District Court", Role.COURT)
Boxes = Callable[..., Box]


def body(*codes: str, weight: str = "check", pack: str = "first-1") -> dict[str, Any]:
    findings = [{"code": code, "weight": weight} for code in codes]
    return {"request": "", "assessment": {"verdict": {"findings": findings, "freshness": {"pack": pack}}}}


def arrived(central: Central, one: Box, *bodies: dict[str, Any]) -> None:
    one.ledger.append([assessed(number, one.device, body=told) for number, told in enumerate(bodies, start=1)])
    ingest(central.engine, central.id, one.batch(), DAY.isoformat())


def ended(inspection: str, ending: Ending = Ending.CONFIRMED, **changes: str) -> Outcome:
    return Outcome("bench-1", inspection, ending, "2026-11-21", **changes)


def told(error: SekishoError) -> tuple[str, str]:
    return error.code, error.message


def test_precision_is_counted_by_finding_and_by_pack_from_closed_inspections(central: Central, box: Boxes) -> None:
    arrived(central, box(), *[body("face.print", "serial.unknown") for _ in range(4)], body(), body("x", weight="note"))
    endings = [Ending.CONFIRMED, Ending.CONFIRMED, Ending.NOT_INFRINGING, Ending.UNDECIDED, Ending.CONFIRMED]
    for number, ending in enumerate(endings, start=1):
        decide(central, EXAMINER, ended(f"i{number}", ending))
    decide(central, EXAMINER, ended("i6", Ending.RELEASED))
    with reading(central.engine) as connection:
        found = precision(connection)
    low, high = (round(end, 4) for end in wilson(2, 3))
    share = {"confirmed": 2, "closed": 3, "undecided": 1, "share": 0.6667, "low": low, "high": high, "few": True}
    assert found["findings"] == {"face.print": share, "serial.unknown": share}
    assert found["packs"] == {"first-1": share}
    assert found["inspections"] == {"confirmed": 3, "not_infringing": 1, "undecided": 1, "released": 1}
    assert found["confirmed_without_finding"] == 1


def test_a_decision_is_signed_and_the_same_one_again_is_the_same_row(central: Central, box: Boxes) -> None:
    arrived(central, box(), body())
    row = decide(central, EXAMINER, ended("i1", reference="IPR-7"))
    signed = verified(row["document"].encode(), OUTCOME, central.private.public_key())
    assert (signed["reference"], signed["name"], signed["role"]) == ("IPR-7", "Desk 4", "examiner")
    assert decide(central, EXAMINER, ended("i1", reference="IPR-7")) == row


def test_a_correction_is_a_row_that_names_what_it_corrects_and_nothing_is_overwritten(
    central: Central, box: Boxes
) -> None:
    arrived(central, box(), body("face.print"))
    first = decide(central, EXAMINER, ended("i1"))
    with pytest.raises(Conflict) as refused:
        decide(central, EXAMINER, ended("i1", Ending.RELEASED))
    assert told(refused.value) == (
        "outcome_conflict",
        f"i1: expected a correction of outcome {first['id']!r}, got one of ''.",
    )
    second = decide(central, COURT, ended("i1", Ending.NOT_INFRINGING, corrects=first["id"]))
    with pytest.raises(Conflict):
        decide(central, COURT, ended("i1", Ending.UNDECIDED, corrects=first["id"]))
    with pytest.raises(AccessRefused) as overruled:
        decide(central, EXAMINER, ended("i1", corrects=second["id"]))
    assert told(overruled.value) == (
        "access_role",
        "i1: expected a court, which decided it, got the role examiner.",
    )
    assert decide(central, EXAMINER, ended("i1")) == first  # what was said first can still be read
    with reading(central.engine) as connection:
        (standing,) = of_device(connection, "bench-1")
        assert (standing["ending"], standing["role"]) == ("not_infringing", "court")
        assert precision(connection)["findings"]["face.print"]["confirmed"] == 0


def test_of_many_who_decide_at_once_one_is_recorded_and_the_others_are_told(central: Central, box: Boxes) -> None:
    arrived(central, box(), body("face.print"))

    def one(number: int) -> str:
        try:
            return str(decide(central, EXAMINER, ended("i1", reference=f"IPR-{number}"))["id"])
        except Conflict as error:
            return error.code

    with ThreadPoolExecutor(6) as workers:
        said = list(workers.map(one, range(6)))
    assert said.count("outcome_conflict") == 5
    with reading(central.engine) as connection:
        assert len(of_device(connection, "bench-1")) == 1
        assert precision(connection)["findings"]["face.print"]["closed"] == 1


def test_a_question_is_answered_and_told_on_both_databases(central: Central, box: Boxes) -> None:
    one = box()
    asked_of = {"text": "Is this\0 yours?", "picture": "", "gtins": ["09521234543213"]}
    one.ledger.append([assessed(1, kind="question", body={"question": asked_of}, personal={}, key="")])
    one.ledger.append([assessed(2, kind="question", body={"question": "none"}, personal={}, key="")])
    ingest(central.engine, central.id, one.batch(), DAY.isoformat())
    expert = Speaker("Laboratory", Role.EXPERT)
    (question,) = asked(central, expert, unanswered=True)
    assert (question["seq"], question["text"]) == (1, "Is this\ufffd yours?")
    reply = Answer("bench-1", question["ledger"], 1, "Yes.", "2026-12-31")
    first = answer(central, expert, reply)
    with pytest.raises(Conflict) as refused:
        answer(central, expert, replace(reply, text="No."))
    assert refused.value.message == f"bench-1, row 1: expected a correction of {first['id']!r}, got one of ''."
    second = answer(central, expert, replace(reply, text="No.", corrects=first["id"]))
    assert [one["answer"] for one in asked(central, expert, unanswered=False)] == [second["id"]]
    assert asked(central, expert, unanswered=True) == []
    with reading(central.engine) as connection:
        (own,), (others,) = (told_to(connection, name, "2026-12-31") for name in ("bench-1", "bench-2"))
        assert (own["text"], own["inspection"], others["inspection"]) == ("No.", "i1", "")
        assert told_to(connection, "bench-2", "2027-01-01") == []


def test_what_has_not_arrived_cannot_be_decided(central: Central, box: Boxes) -> None:
    box()
    with pytest.raises(NotFound) as refused:
        decide(central, EXAMINER, ended("i9"))
    message = "Expected an inspection of 'bench-1' that has arrived, got 'i9'."
    assert told(refused.value) == ("inspection_not_found", message)


def test_only_the_last_assessment_counts(central: Central, box: Boxes) -> None:
    one = box()
    one.ledger.append([assessed(1, body=body("face.print")), assessed(1, body=body("face.label"), key="again")])
    ingest(central.engine, central.id, one.batch(), DAY.isoformat())
    decide(central, EXAMINER, ended("i1"))
    with reading(central.engine) as connection:
        assert list(precision(connection)["findings"]) == ["face.label"]


def test_a_body_that_nobody_knows_counts_for_no_finding(central: Central, box: Boxes) -> None:
    arrived(central, box(), {"request": "", "assessment": {"verdict": "none"}})
    assert decide(central, EXAMINER, ended("i1"))["ending"] == "confirmed"
    with reading(central.engine) as connection:
        assert precision(connection)["findings"] == {}


def test_a_token_speaks_for_its_role_only(central: Central) -> None:
    scope = Scope(prefixes=("9521234",))
    with writing(central.engine) as connection:
        token = new_speaker(connection, Speaker("Kumo KK", Role.RIGHT_HOLDER, scope))
    with reading(central.engine) as connection:
        kumo = speaker_of(connection, f"Bearer {token}", ANSWERING, DAY.isoformat())
        assert (kumo.may_speak_of(("09521234543213",)), kumo.may_speak_of(("04512345678906",))) == (True, False)
        assert not kumo.may_speak_of(())
        with pytest.raises(AccessRefused) as refused:
            speaker_of(connection, f"Bearer {token}", DECIDING, DAY.isoformat())
        message = "Kumo KK: expected one of the roles examiner, court, got right_holder."
        assert told(refused.value) == ("access_role", message)
        with pytest.raises(AccessRefused):
            speaker_of(connection, "Bearer other", DECIDING, DAY.isoformat())


@given(st.integers(1, 400).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_the_interval_holds_the_share_and_narrows_with_more_cases(case: tuple[int, int]) -> None:
    hits, total = case
    low, high = wilson(hits, total)
    assert 0 <= low <= hits / total <= high <= 1
    more = wilson(hits * 10, total * 10)
    assert more[1] - more[0] < high - low


def test_the_interval_is_the_published_one_and_nothing_is_claimed_of_nothing() -> None:
    low, high = wilson(41, 52)
    assert (round(100 * low), round(100 * high)) == (66, 88)
    assert counted({"undecided": 2})["share"] is None
    with pytest.raises(ValueError, match=r"^Expected hits among at least one case, got 0 of 0\.$"):
        wilson(0, 0)
    assert json.dumps(counted({"confirmed": 30}))
