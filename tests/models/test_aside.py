"""What is begun before it is asked for is made once, and goes with its picture."""

from __future__ import annotations

import threading

import pytest

from models.aside import Aside
from models.errors import PictureRefused


def test_what_was_begun_is_made_by_the_helper_and_once() -> None:
    aside, makers = Aside(), []

    def make() -> str:
        makers.append(threading.current_thread().name)
        return "made"

    aside.begin("it", make)
    aside.begin("it", make)
    assert [aside.get("it", make), aside.get("it", make)] == ["made", "made"]
    assert makers == ["aside_0"]


def test_what_was_not_begun_is_made_by_whoever_asks_and_kept() -> None:
    aside = Aside()
    assert aside.get("it", lambda: threading.current_thread().name) == threading.current_thread().name
    assert aside.get("it", lambda: "made again") == threading.current_thread().name


def test_whoever_asks_for_one_thing_does_not_wait_for_another_that_is_being_made() -> None:
    aside, go_on = Aside(), threading.Event()
    aside.begin("slow", lambda: go_on.wait(60))
    assert aside.get("quick", lambda: "made") == "made"
    go_on.set()
    assert aside.get("slow", lambda: False)


def test_a_refusal_reaches_whoever_asks() -> None:
    aside = Aside()

    def refuse() -> str:
        raise PictureRefused("image_empty", "A picture has at least one byte, got 0.")

    aside.begin("it", refuse)
    with pytest.raises(PictureRefused) as refused:
        aside.get("it", refuse)
    assert refused.value.message == "A picture has at least one byte, got 0."


def test_nothing_of_a_picture_outlives_it() -> None:
    aside, started, go_on, made = Aside(), threading.Event(), threading.Event(), []

    def at_work() -> None:
        started.set()
        go_on.wait(60)
        made.append("first")

    aside.begin("first", at_work)
    aside.begin("second", lambda: made.append("second"))
    assert started.wait(60)
    threading.Timer(0.05, go_on.set).start()
    aside.clear()
    assert made == ["first"]
    assert aside.get("first", lambda: "of the next picture") == "of the next picture"
