from __future__ import annotations

from edge.people.rows import Ending
from edge.people.sessions import SCREEN_S, Session, Sessions

STAMPS = {"a": "s1", "b": "s2"}


def _sessions() -> Sessions:
    return Sessions(idle_s=100.0, longest_s=1_000.0)


def _own(person: str) -> Session:
    return Session(person, STAMPS[person], "", 0.0, 0.0)


def test_a_screen_acts_for_whoever_is_signed_in_at_its_station() -> None:
    sessions = _sessions()
    sessions.open("a", "s1", "1", 0.0)
    token = sessions.bind("1", None, 0.0)
    assert getattr(sessions.of(token, 1.0), "person", "") == "a"
    sessions.open("b", "s2", "1", 2.0)
    assert getattr(sessions.of(token, 3.0), "person", "") == "b"
    sessions.close("1")
    assert sessions.of(token, 3.0) is None
    assert sessions.knows(token)


def test_a_station_has_one_screen_and_a_browser_of_ones_own_is_nobody_elses() -> None:
    sessions = _sessions()
    sessions.open("a", "s1", "1", 0.0)
    first, own = sessions.bind("1", None, 0.0), sessions.bind("", _own("b"), 0.0)
    second = sessions.bind("1", None, 0.0)
    assert sessions.of(first, 1.0) is None
    assert sessions.of(second, 1.0) is not None
    assert getattr(sessions.of(own, 1.0), "person", "") == "b"


def test_a_token_that_was_released_or_made_up_is_nobodys() -> None:
    sessions = _sessions()
    own = sessions.bind("", _own("a"), 0.0)
    sessions.release(own)
    assert sessions.of(own, 1.0) is None
    assert sessions.of("", 1.0) is None
    assert sessions.of("made up\udcff", 1.0) is None
    assert not sessions.knows("")


def test_a_session_ends_without_an_act_and_after_its_longest_time_in_any_case() -> None:
    sessions = _sessions()
    session = Session("a", "s1", "1", 0.0, 0.0)
    sessions.open("a", "s1", "1", 0.0)
    assert sessions.ended(STAMPS, 99.0) == []
    assert [why for _, why in sessions.ended(STAMPS, 100.0)] == [Ending.TIMED_OUT]
    session.touched_s = 950.0
    assert sessions.left_s(session, 950.0) == 50.0
    assert sessions.left_s(session, 2_000.0) == 0.0


def test_a_session_ends_when_its_account_is_changed_or_removed() -> None:
    sessions = _sessions()
    sessions.open("a", "s1", "1", 0.0)
    own = sessions.bind("", _own("b"), 0.0)
    assert [why for _, why in sessions.ended({"a": "other"}, 1.0)] == [Ending.ACCOUNT, Ending.ACCOUNT]
    assert sessions.at("1") is None
    assert sessions.of(own, 1.0) is None


def test_a_screen_that_nobody_used_for_long_is_none_any_more() -> None:
    sessions = _sessions()
    token = sessions.bind("1", None, 0.0)
    sessions.ended(STAMPS, SCREEN_S)
    assert sessions.knows(token)
    sessions.ended(STAMPS, SCREEN_S + 1.0)
    assert not sessions.knows(token)


def test_tokens_of_browsers_do_not_pile_up_without_end() -> None:
    sessions = _sessions()
    first = sessions.bind("", _own("a"), 0.0)
    tokens = [sessions.bind("", _own("a"), float(place)) for place in range(1, 1_001)]
    assert not sessions.knows(first)
    assert sessions.knows(tokens[-1])
