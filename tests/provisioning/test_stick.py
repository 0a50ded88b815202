"""What is on a stick: the hall, the boxes, and that what is written is read again."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import AccessRefused, SettingsError
from edge.messages import LANGUAGES
from provisioning.stick import PATH, Hall, Seat, seat_of, seats
from sync.identity import EnrolmentToken

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True)


def token(device: str) -> str:
    return str(EnrolmentToken("https://central.example", "ab" * 32, device, "cd" * 32))


@given(st.lists(NAMES, unique_by=str.lower, max_size=20))
def test_boxes_are_read_as_they_are_written(names: list[str]) -> None:
    written = [Seat(name, token(name) if number % 2 else "") for number, name in enumerate(names)]
    assert list(seats("".join(f"{seat}\n" for seat in written))) == written


def test_a_token_alone_names_its_box() -> None:
    assert seats(f"# of the hall\n\n{token('hall3-07')}\nhall3-08  # no token\n") == (
        Seat("hall3-07", token("hall3-07")),
        Seat("hall3-08"),
    )


def test_a_token_of_another_box_is_refused() -> None:
    with pytest.raises(SettingsError) as refused:
        seats(f"hall3-01 {token('hall3-02')}\n")
    assert refused.value.message == (
        "line 1: expected a name of letters, digits, dots and dashes, a token, or a name and its own token, "
        "got 2 words: 'hall3-01'."
    )


def test_a_name_that_stands_twice_is_refused() -> None:
    with pytest.raises(SettingsError) as refused:
        seats("hall3-01\nhall3-01\n")
    assert refused.value.message == "line 2: expected each box once, got 'hall3-01' again."
    with pytest.raises(SettingsError) as refused:
        seats("a\nA\n")  # one file of a FAT stick
    assert refused.value.message == "line 2: expected each box once, got 'A' again."


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_bench_speaks_the_language_of_its_hall(language: str) -> None:
    assert Hall(locale=f"{language}_XX.UTF-8").language == language
    assert Hall(locale="fr_FR.UTF-8").language == "en"


def test_half_a_token_is_refused() -> None:
    with pytest.raises(AccessRefused):
        seats(token("hall3-01")[:40])


@given(st.text())
def test_any_text_is_boxes_or_refused(text: str) -> None:
    try:
        found = seats(text)
    except (SettingsError, AccessRefused):
        return
    assert all(seat.name for seat in found)


def test_a_box_that_is_not_on_the_stick_has_no_token(tmp_path: Path) -> None:
    (tmp_path / "boxes").write_text(f"{token('hall3-01')}\n", encoding="utf-8")
    assert seat_of(tmp_path / "boxes", "hall3-02") == Seat("hall3-02")
    assert seat_of(tmp_path / "boxes", "hall3-01").token == token("hall3-01")
    assert seat_of(tmp_path / "none", "hall3-01") == Seat("hall3-01")


def test_a_hall_is_read_as_it_is_written() -> None:
    hall = Hall("ja_JP.UTF-8", "jp", "Asia/Tokyo", ("ntp.example.org", "192.0.2.1"), "JP")
    assert Hall.parse(hall.to_toml()) == hall
    assert hall.language == "ja"
    assert Hall.parse("") == Hall()
    assert Hall().language == "en"


@pytest.mark.parametrize(
    ("hall", "message"),
    [
        (Hall(locale="ja"), "locale: expected a locale such as ja_JP.UTF-8, got 'ja'."),
        (Hall(keyboard='jp"'), "keyboard: expected a keyboard layout such as jp, got 'jp\"'."),
        (Hall(timezone="../../etc"), "timezone: expected a time zone such as Asia/Tokyo, got '../../etc'."),
        (Hall(time_servers=("a b",)), "time server: expected a name or an address, got 'a b'."),
        (Hall(wifi_country="jp"), "wifi country: expected a country of two capitals such as JP, got 'jp'."),
    ],
)
def test_what_has_not_its_form_is_refused(hall: Hall, message: str) -> None:
    with pytest.raises(SettingsError) as refused:
        hall.require_sound()
    assert refused.value.message == message


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../b", "a b", "", "a//b", "$(id)", "-rf"])
def test_a_path_that_a_shell_would_take_for_something_else_is_none(path: str) -> None:
    assert PATH.fullmatch(path) is None
