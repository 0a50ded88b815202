from __future__ import annotations

from pathlib import Path

import pytest

from edge.errors import Conflict, NotFound, PeopleError, RequestRefused
from edge.people.accounts import (
    NOBODY,
    Account,
    PeopleFile,
    added,
    changed,
    given_badge,
    given_pin,
    of_badge,
    read_badge,
    removed,
    stamp_of,
)
from edge.people.roles import Role

SATO = Account("4711", "佐藤", Role.OFFICER)


def test_what_is_written_is_read_again_and_neither_name_nor_secret_stands_in_the_file(tmp_path: Path) -> None:
    file = PeopleFile(tmp_path)
    assert file.mark() is None
    assert file.read() == NOBODY
    badge, kept = given_badge(file.secret())
    pin = given_pin("482913", file.secret())
    file.change(lambda accounts: changed(added(accounts, SATO), "4711", pin=pin, badge=kept))
    assert file.read() == {"4711": Account("4711", "佐藤", Role.OFFICER, pin, kept)}
    raw = file.path.read_bytes()
    assert not any(text.encode() in raw for text in ("佐藤", "4711", "482913", badge, kept))
    assert file.path.stat().st_mode & 0o777 == 0o600
    found = of_badge(file.read(), badge, file.secret())
    assert found is not None
    assert found.id == "4711"
    assert of_badge(file.read(), "SEKI0", file.secret()) is None


def test_a_file_that_was_altered_or_is_of_another_box_is_refused(tmp_path: Path) -> None:
    here, there = PeopleFile(tmp_path / "a"), PeopleFile(tmp_path / "b")
    for one in (here, there):
        one.path.parent.mkdir()
        one.change(lambda accounts: added(accounts, SATO))
    here.path.write_bytes(there.path.read_bytes())
    with pytest.raises(PeopleError) as caught:
        here.read()
    assert caught.value.message == (
        f"{here.path}: expected the accounts of this box, got one that was not sealed with the key of this box, "
        "or was altered."
    )
    raw = bytearray(there.path.read_bytes())
    raw[-1] ^= 1
    there.path.write_bytes(raw)
    with pytest.raises(PeopleError):
        there.read()


@pytest.mark.parametrize("name", ["", "Sato", "-x", "a" * 33, "佐藤", "a b"])
def test_an_id_of_another_shape_is_refused(name: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        added(NOBODY, Account(name, "Sato", Role.OFFICER))
    assert caught.value.message == f"Expected an id of 1 to 32 of a-z, 0-9, '.', '_' and '-', got {name!r}."


def test_an_id_is_given_once_and_a_name_is_printable() -> None:
    accounts = added(NOBODY, SATO)
    with pytest.raises(Conflict, match=r"^Expected an id that nobody has, got '4711'\.$"):
        added(accounts, SATO)
    with pytest.raises(RequestRefused, match=r"^Expected a name of 1 to 64 printable characters, got 'a\\nb'\.$"):
        added(accounts, Account("1", "a\nb", Role.OFFICER))


def test_an_account_that_is_removed_is_gone_and_one_that_never_was_is_told() -> None:
    assert removed(added(NOBODY, SATO), "4711") == {}
    for act in (removed, changed):
        with pytest.raises(NotFound, match=r"^Expected the id of an account, got '12'\.$"):
            act(added(NOBODY, SATO), "12")


def test_the_stamp_is_another_one_with_another_role_pin_or_badge_but_not_with_another_name() -> None:
    secret = bytes(32)
    stamps = {
        stamp_of(one, secret).stamp
        for one in (
            SATO,
            Account("4711", "Sato", Role.OFFICER),
            Account("4711", "佐藤", Role.SUPERVISOR),
            Account("4711", "佐藤", Role.OFFICER, pin="x"),
            Account("4711", "佐藤", Role.OFFICER, badge="x"),
        )
    }
    assert len(stamps) == 4


def test_what_is_no_badge_is_refused_without_repeating_it() -> None:
    with pytest.raises(RequestRefused) as caught:
        read_badge("0109521234543213")
    assert caught.value.message == "Expected the code of a badge, got 16 other characters."
