"""A file that several processes change: whole each time, told when it is another, and refused when it is damaged."""

from __future__ import annotations

import threading
from pathlib import Path
from types import MappingProxyType

import pytest

from edge.errors import PeopleError
from edge.handhelds.kept import NONE, Handheld, Handhelds, HandheldsFile
from edge.people.accounts import PeopleFile
from edge.storage.kept import KeptFile


def _with(name: str, handhelds: Handhelds) -> Handhelds:
    return MappingProxyType({**handhelds, name: Handheld(name, "yard", "1", "2026-11-22T00:00:00+00:00", "0" * 64)})


def test_many_who_change_it_at_once_lose_nothing_of_each_other(tmp_path: Path) -> None:
    def change(name: str) -> None:
        HandheldsFile(tmp_path).change(lambda before: _with(name, before))

    threads = [threading.Thread(target=change, args=(f"hh-{number}",)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(HandheldsFile(tmp_path).read()) == {f"hh-{number}" for number in range(12)}


def test_its_mark_is_another_whenever_the_file_is(tmp_path: Path) -> None:
    file = HandheldsFile(tmp_path)
    assert (file.mark(), file.read()) == (None, NONE)
    file.change(lambda before: _with("hh-1", before))
    first = file.mark()
    assert first is not None
    assert HandheldsFile(tmp_path).mark() == first
    file.change(lambda before: before)
    assert file.mark() != first


def test_a_damaged_file_of_handhelds_is_told_and_not_taken_for_none(tmp_path: Path) -> None:
    file = HandheldsFile(tmp_path)
    file.path.write_text("{}")
    for act in (file.read, lambda: file.change(lambda before: before)):
        with pytest.raises(PeopleError) as caught:
            act()
        assert caught.value.code == "handhelds_damaged"
        assert caught.value.message.startswith(f"{file.path}: expected the handhelds of this box, got another file: ")
    assert file.path.read_text() == "{}"


@pytest.mark.parametrize(("kind", "what"), [(HandheldsFile, "handhelds"), (PeopleFile, "accounts")])
def test_a_folder_in_its_place_is_unreadable_and_not_damaged(
    tmp_path: Path, kind: type[KeptFile[object]], what: str
) -> None:
    file = kind(tmp_path)
    file.path.mkdir()
    with pytest.raises(PeopleError) as caught:
        file.read()
    assert caught.value.code == file.codes[1]
    assert caught.value.message == f"{file.path}: expected the {what} of this box, got Is a directory."
