"""The document of a shelf: whatever is done in whatever order, it names every file once and keeps two older ones."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import Conflict, NotFound
from edge.storage.current import MAIN, OLDER, STAGED, Current, Slot

FILES = [f"edition-{number:016x}.sqlite" for number in range(6)]
ACTS = st.lists(st.tuples(st.sampled_from(["stage", "activate", "rollback"]), st.sampled_from(FILES)), max_size=30)


@given(acts=ACTS, built_in=st.booleans())
def test_after_any_acts_every_file_has_one_place_and_the_document_reads_back(
    *, acts: list[tuple[str, str]], built_in: bool
) -> None:
    whole = Current()
    for act, file in acts:
        slot = whole.slot()
        if act == "stage":
            whole = whole.with_slot(MAIN, slot.with_staged(file))
        elif act == "activate" and file in slot.files:
            whole = whole.activated(file)
            assert whole.slot().in_use == file
        elif act == "rollback":
            try:
                back = slot.rolled_back(to_built_in=built_in)
            except Conflict:
                assert not slot.in_use or not (slot.older or built_in)
                continue
            assert back.in_use == (slot.older[0] if slot.older else "")
            assert slot.in_use in back.staged
            assert slot.in_use in back.set_back
            whole = whole.with_slot(MAIN, back)
        slot = whole.slot()
        assert len(set(slot.files)) == len(slot.files)
        assert len(slot.older) <= OLDER
        assert len(slot.staged) <= STAGED
        assert slot.in_use not in slot.set_back
        assert Current.parse(whole.to_bytes()) == whole


@given(st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["schema", "slots", "", "kumo", "in_use", "older", "staged", "set_back"]), inner, max_size=5
    ),
    max_leaves=12,
).map(lambda document: json.dumps(document).encode()))  # fmt: skip
def test_no_bytes_do_more_than_be_refused(data: bytes) -> None:
    try:
        whole = Current.parse(data)
    except ValueError:
        return
    assert all("/" not in file for file in whole.files)


@pytest.mark.parametrize(
    ("document", "came"),
    [
        ("[]", "no object"),
        ('{"schema": 2, "slots": {}}', "schema 2"),
        ('{"schema": 1}', "slots None"),
        ('{"schema": 1, "slots": {"../x": {}}}', "the slot '../x'"),
        ('{"schema": 1, "slots": {"": {"in_use": "../edition-0", "older": [], "staged": [], "set_back": []}}}',
         "the file '../edition-0'"),
        ('{"schema": 1, "slots": {"": {"in_use": "", "older": 1, "staged": [], "set_back": []}}}', "a list of 1"),
    ],
)  # fmt: skip
def test_what_is_no_document_of_a_shelf_is_told(document: str, came: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(came)}$"):
        Current.parse(document.encode())


def test_a_file_is_named_by_its_beginning() -> None:
    whole = Current({MAIN: Slot(in_use=FILES[1], staged=(FILES[2],))})
    assert whole.named(FILES[1]) == whole.named("0000000000000001") == FILES[1]
    with pytest.raises(NotFound) as refused:
        whole.named("edition-")
    assert refused.value.message == (
        f"'edition-': expected the beginning of one name on the shelf, got {FILES[1]} and {FILES[2]}."
    )
    with pytest.raises(NotFound) as refused:
        whole.named("x")
    assert refused.value.message == "'x': expected the beginning of one name on the shelf, got none."
