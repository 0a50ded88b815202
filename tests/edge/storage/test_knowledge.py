"""What a central told is shown or passed over, and nothing that it could say stops a bench."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.storage.knowledge import FOLDER, NAME, SCHEMA, Knowledge, Told, judged, keep
from edge.storage.sighting_file import SeenAt

DAY = date(2026, 11, 21)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
names = ("keys", "files", "precision", "outcomes", "answers", "port", "inspection", "gtins", "valid_to", "findings")
odd = st.dictionaries(st.sampled_from(names), anything | st.dictionaries(st.sampled_from(names), anything), max_size=6)


@given(odd)
def test_whatever_was_told_is_shown_or_passed_over(said: dict[str, Any]) -> None:
    told = Told(said)
    told.answers("i1", ("09521234543213",), DAY)
    told.of_inspection("outcomes", "i1")
    told.precision("face.print")
    assert isinstance(told.place, str)


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"{", b'{"schema": 9}', b'{"schema": 1, "keys": 3}', b"\xff"])
def test_a_document_that_cannot_be_read_says_nothing(tmp_path: Path, data: bytes) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / NAME).write_bytes(data)
    assert Knowledge(tmp_path).current() == Told()
    assert Knowledge(tmp_path).seen_elsewhere(["S10:RR473124829JP"], DAY) == {}


def test_a_new_state_is_followed_while_the_bench_runs(tmp_path: Path) -> None:
    knowledge = Knowledge(tmp_path)
    assert knowledge.current().place == ""
    keep(tmp_path / FOLDER, {"port": "Naha"})
    assert knowledge.current().place == "Naha"
    keep(tmp_path / FOLDER, {"port": "Narita"})
    assert knowledge.current().place == "Narita"
    assert json.loads((tmp_path / FOLDER / NAME).read_bytes())["schema"] == SCHEMA


def test_the_same_port_on_another_day_is_no_proof_of_the_same_parcel() -> None:
    row = SeenAt("Narita", DAY, with_parcel=True)
    other_day = {"S10:A": (SeenAt("Narita", date(2026, 11, 20), with_parcel=True),)}
    same_day = {"S10:A": (row,)}
    assert [one.same_parcel for one in judged((row,), other_day, place="Naha", mine=frozenset())] == [False]
    assert [one.same_parcel for one in judged((row,), same_day, place="Naha", mine=frozenset())] == [True]
    assert [one.same_parcel for one in judged((row,), {}, place="Naha", mine=frozenset())] == [None]
    assert judged((row,), same_day, place="Narita", mine=frozenset({DAY})) == ()
    assert [one.here for one in judged((row,), same_day, place="Narita", mine=frozenset())] == [True]
