from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from edge.display import visible


def test_an_override_is_shown_as_a_sign() -> None:
    assert visible("LX\u202e921834374\u202cJP") == "LX�921834374�JP"
    assert visible("\u2066a\u2069\u200f") == "�a��"


def test_a_control_character_is_shown_as_its_picture() -> None:
    assert visible("0109521234543213\x1d21A\x7f\x85") == "0109521234543213␝21A␡�"


def test_letters_of_every_script_and_line_ends_stay() -> None:
    assert visible("أب 郵便 A\n\té") == "أب 郵便 A\n\té"


@given(st.text())
def test_nothing_that_steers_is_left_and_nothing_is_lost(text: str) -> None:
    shown = visible(text)
    assert len(shown) == len(text)
    assert not [c for c in shown if unicodedata.bidirectional(c) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI"}]
    assert not [c for c in shown if unicodedata.category(c) == "Cc" and c not in "\n\t"]
    assert visible(shown) == shown
