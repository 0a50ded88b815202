"""Whoever has taken over the bench's user plants links in its state directory: root goes where that user could."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge import calibrations
from edge.errors import EvidenceError, PeopleError
from edge.handhelds.kept import HandheldsFile
from edge.people.accounts import Account, PeopleFile, added
from edge.people.roles import Role
from edge.storage.database import locked, made_folder, made_once, write_durably
from edge.storage.keys import storage_key
from edge.storage.owned import owner_of, rights_of_owner
from tests.edge.test_calibrations import RECORD
from tests.owning import GROUP, USER, folder_of_another, of_root, root_only, untouched

pytestmark = root_only


@pytest.fixture
def state() -> Iterator[Path]:
    with folder_of_another() as folder:
        yield folder


def owners(state: Path) -> set[tuple[int, int]]:
    return {(told.st_uid, told.st_gid) for told in map(Path.lstat, state.rglob("*"))}


def add_person(state: Path) -> None:
    PeopleFile(state).change(lambda accounts: added(accounts, Account("a1", "Ana", Role.OFFICER)))


@pytest.mark.parametrize("name", ["people.lock", "people.sealed", "storage.key"])
def test_an_account_is_never_written_where_a_link_leads(state: Path, name: str) -> None:
    (state / name).symlink_to(of_root(state))
    with pytest.raises((PeopleError, EvidenceError)) as caught:
        add_person(state)
    assert caught.value.message.endswith("Too many levels of symbolic links.")
    assert untouched(state)


def test_the_lock_of_the_handhelds_is_no_link(state: Path) -> None:
    (state / "handhelds.lock").symlink_to(of_root(state))
    with pytest.raises(PeopleError):
        HandheldsFile(state).change(lambda handhelds: handhelds)
    assert untouched(state)


def test_what_root_makes_belongs_to_the_bench(state: Path) -> None:
    add_person(state)
    HandheldsFile(state).change(lambda handhelds: handhelds)
    calibrations.keep(state, RECORD)
    write_durably(made_folder(state / "receipts" / "ab") / "one.json", b"")
    made_once(state / "new" / "key", b"k", mode=0o600)
    assert owners(state) == {(USER, GROUP)}
    assert calibrations.kept(state, RECORD.name) == RECORD


@pytest.mark.parametrize(
    "write",
    [
        lambda folder: write_durably(folder / "one", b""),
        lambda folder: made_folder(folder / "a" / "b"),
        lambda folder: made_once(folder / "key", b"", mode=0o600),
        lambda folder: locked(folder / "lock").__enter__(),
    ],
)
def test_a_folder_that_is_a_link_leads_to_nothing_of_roots(state: Path, write: Callable[[Path], object]) -> None:
    victim = state.with_name("victim")
    victim.mkdir(mode=0o755)
    (state / "folder").symlink_to(victim)
    with pytest.raises(PermissionError):
        write(state / "folder")
    assert list(victim.iterdir()) == []


def test_a_pipe_in_the_place_of_the_accounts_keeps_root_from_nothing(state: Path) -> None:
    os.mkfifo(state / "people.sealed")
    with pytest.raises(PeopleError) as caught:
        PeopleFile(state).read()
    expected = "a regular file of 16000000 bytes or fewer, got prw-r--r-- with 0 bytes"
    assert caught.value.message == (
        f"{state / 'people.sealed'}: expected the accounts of this box, got expected {expected}."
    )


def test_the_rights_come_back_also_after_an_error_and_are_one_threads(state: Path) -> None:
    libc, ask = ctypes.CDLL(None), ctypes.c_uint(0xFFFF_FFFF)
    seen: list[int] = []
    go, gone = threading.Event(), threading.Event()

    def of_another_thread() -> None:
        go.wait()
        seen.append(libc.setfsuid(ask))
        gone.set()

    threading.Thread(target=of_another_thread).start()
    with pytest.raises(ValueError, match="inside"), rights_of_owner(state):  # noqa: PT012 - the last line raises
        with rights_of_owner(state / "within"):
            seen.append(libc.setfsuid(ask))
        go.set()
        gone.wait()
        seen.append(libc.setfsuid(ask))
        raise ValueError("inside")
    assert (seen, libc.setfsuid(ask), libc.setfsgid(ask)) == ([USER, 0, USER], 0, 0)
    assert of_root(state).read_bytes() == b"of root"


def test_a_link_of_roots_own_is_followed_to_the_owner(state: Path) -> None:
    short = state.with_name("short")
    short.symlink_to(state)
    assert owner_of(short / "registry") == owner_of(state) == (USER, GROUP)
    assert owner_of(of_root(state)) is None
    assert storage_key(short)
    assert owners(state) == {(USER, GROUP)}
