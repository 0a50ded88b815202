"""What ingest writes beside a row's texts: read in a short way, it is what the long way reads."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.storage.chain import Outgoing
from sync.central.intake import ingest
from sync.central.intake.ingest import header, outcome_of
from sync.errors import BatchRefused
from tests.sync.boxes import Box

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
some: st.SearchStrategy[Any] = st.sampled_from(["CHECK", "香水", "NaN", "", 3, None, True, [], {}, {"outcome": 1}])
verdicts = st.fixed_dictionaries({}, optional={"outcome": some, "other": some})
told = st.fixed_dictionaries({}, optional={"verdict": verdicts | some, "decision": some, "other": some}) | some
bodies = st.fixed_dictionaries({}, optional={"assessment": told, "disposition": told, "late": told}) | some


@pytest.fixture(scope="module")
def row(tmp_path_factory: pytest.TempPathFactory) -> Outgoing:
    box = Box(tmp_path_factory.mktemp("box"))
    box.write(1)
    (one,) = box.rows()
    box.close()
    return one


def long_way(row: Outgoing, monkeypatch: pytest.MonkeyPatch) -> str:
    with monkeypatch.context() as patched:
        patched.setattr(ingest, "_told_plainly", lambda _: None)
        return read(row)


def read(row: Outgoing) -> str:
    try:
        return outcome_of(row)
    except BatchRefused as error:
        return error.message


@given(body=bodies.map(json.dumps) | texts | bodies.map(lambda body: json.dumps(body) + " x"))
@settings(max_examples=400, deadline=None)
def test_the_outcome_is_what_the_whole_body_says(row: Outgoing, body: str) -> None:
    told = replace(row, body=body)
    with pytest.MonkeyPatch.context() as monkeypatch:
        assert read(told) == long_way(told, monkeypatch)


@pytest.mark.parametrize(
    "body",
    ['{"a":NaN}', '{"assessment":{"verdict":{"outcome":"CHECK","n":-Infinity}}}', "[]", "", '{"a":1', "[" * 5000],
)
def test_a_body_that_is_no_json_object_is_refused(row: Outgoing, body: str) -> None:
    with pytest.raises(BatchRefused) as caught:
        outcome_of(replace(row, body=body))
    assert caught.value.message.startswith("Row 1: expected a body that is a JSON object, got ")


def test_the_bodies_of_a_bench_are_read_in_the_short_way(row: Outgoing) -> None:
    assert ingest._told_plainly(row.body) == outcome_of(row) == "CHECK"
    assert ingest._told_plainly('{"disposition":{"decision":"DETAIN"}}') == "DETAIN"
    assert ingest._told_plainly('{"opened":{}}') == ""


@given(kind=st.text(max_size=5), key=st.text(max_size=5), names=st.dictionaries(st.text(max_size=4), texts, max_size=3))
@settings(max_examples=100, deadline=None)
def test_the_header_is_json_in_ascii(row: Outgoing, kind: str, key: str, names: dict[str, str]) -> None:
    changed = replace(row, kind=kind, key=key, commitments=names)
    text = header(changed)
    expected: dict[str, Any] = {
        "seq": 1, "kind": kind, "inspection": row.inspection, "device": row.origin.device,
        "station": row.origin.station, "officer": row.origin.officer, "boot": row.origin.boot, "at": row.at,
        "clock": row.clock, "key": key, "commitments": names, "sightings": list(row.sightings),
        "previous": row.previous, "hash": row.hash,
    }  # fmt: skip
    assert text == json.dumps(expected, separators=(",", ":"))
