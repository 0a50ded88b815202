"""The doctor's page and its parts of the status: what was found, the worst first, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from edge import examination, health
from edge.bench import Bench
from edge.examination import Examination, Sign, State
from edge.messages import LANGUAGES, labels
from edge.moment import Moment
from edge.settings import Settings
from provisioning import doctor

NOW = datetime.now(UTC)
GOOD = Sign("memory", State.GOOD, "3000 of 4000 MB free", "15 % free")
LOOK = Sign("clock", State.LOOK, "2026-11-22, floor", "disciplined", "Compare it with a watch.")
BROKEN = Sign("camera", State.BROKEN, "gone <b>", "8 pictures", "Check the cable.")
SLOW = Sign(examination.SPEED, State.LOOK, "slow: p95 1310 ms", "1 s", "Look at the temperature.")


@pytest.fixture(autouse=True)
def unexamined(settings: Settings) -> Iterator[None]:
    yield
    (settings.state_dir / examination.FILE).unlink(missing_ok=True)


def found(settings: Settings, *signs: Sign, at: datetime = NOW) -> None:
    examination.keep(settings.state_dir, Examination().with_more(signs, at))


def parts(bench: Bench) -> dict[str, health.Part]:
    return {part.name: part for part in health.status(bench).parts}


def test_the_page_shows_the_worst_first_with_what_to_do_and_needs_no_script(
    client: httpx.Client, settings: Settings
) -> None:
    found(settings, GOOD, LOOK, BROKEN)
    page = client.get("/doctor").text
    assert page.count("<script") == page.count('<script type="module" src="/static/elsewhere.js">')  # a scan is told
    assert "gone &lt;b&gt;" in page
    places = [page.index(sign.value.replace("<b>", "&lt;b&gt;")) for sign in (BROKEN, LOOK, GOOD)]
    assert places == sorted(places)
    assert "Check the cable." in page
    assert f"Last looked at {NOW:%Y-%m-%d %H:%M} UTC" in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_parts_and_states_are_told_in_the_readers_language_and_the_rest_is_marked_as_english(
    client: httpx.Client, settings: Settings, language: str
) -> None:
    own = replace(GOOD, part="scanner of a later version")
    found(settings, LOOK, BROKEN, own)
    page = client.get("/doctor", headers={"Cookie": f"sekisho_language={language}"}).text
    said = labels(language)
    assert f"<dt>{said['doctor_part_clock']}</dt>" in page
    assert f"✕ {said['doctor_state_broken']} <small>{said['doctor_meant_broken']}</small>" in page
    assert '<bdi lang="en">Check the cable.</bdi>' in page
    assert "<dt>scanner of a later version</dt>" in page


def test_every_part_that_the_doctor_tells_of_has_a_name_in_the_catalogue() -> None:
    looks = (Path(doctor.__file__).parent).glob("*.py")
    told = {
        part
        for file in looks
        for part in re.findall(r'(?:Sign\(|_PART = |part = |part, expected = )"([^"]+)"', file.read_text("utf-8"))
    }
    named = {name.removeprefix("doctor_part_") for name in labels("en") if name.startswith("doctor_part_")}
    assert {part.replace(" ", "_") for part in told} | {examination.SPEED} == named


def test_a_box_that_nobody_has_looked_at_says_so(client: httpx.Client, bench: Bench) -> None:
    assert "Nobody has looked yet." in client.get("/doctor").text
    assert (parts(bench)["doctor"].state, parts(bench)["doctor"].detail) == ("ok", "has not looked yet")


def test_the_status_says_what_is_broken_and_that_the_box_is_slow(bench: Bench, settings: Settings) -> None:
    found(settings, GOOD, LOOK, BROKEN, SLOW)
    told = parts(bench)
    assert (told["doctor"].state, told["doctor"].hint) == ("note", "The page /doctor says what to do.")
    assert told["doctor"].detail == f"looked {NOW:%Y-%m-%d}: clock look at, camera broken, speed look at"
    assert told["speed"] == health.Part("speed", "note", "slow: p95 1310 ms", "Look at the temperature.")
    found(settings, GOOD, replace(SLOW, state=State.GOOD))
    assert parts(bench)["doctor"].detail == f"looked {NOW:%Y-%m-%d}: nothing to do"
    assert "speed" not in parts(bench)


def test_a_look_that_is_long_ago_is_told(bench: Bench, settings: Settings) -> None:
    found(settings, GOOD, at=NOW - timedelta(days=12, hours=1))
    assert parts(bench)["doctor"].detail == "has not looked for 12 days"
    assert isinstance(bench.now(), Moment)
