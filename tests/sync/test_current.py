"""current.json, and what a scope covers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.current import Current, Scope, parse
from sync.errors import TrustError

NOW = datetime(2026, 11, 21, tzinfo=UTC)
SCOPE = Scope(gtins=("4006381333931",), prefixes=("491234",), brands=("Kumo",))


def test_current_json_is_read_as_it_was_written() -> None:
    current = Current(issued=NOW, current=("a",), deltas=("b", "c"), publishers={"kumo": SCOPE})
    assert parse(current.to_bytes()) == current


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode) | st.from_regex(rb'\{"schema": ?1.*\}'))
def test_anything_else_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(TrustError, match=r"^current\.json: expected "):
        parse(data)


@pytest.mark.parametrize("name", ["Kumo", "a/b", "..", "", "-a", "a" * 33])
def test_a_publisher_of_a_name_that_could_be_a_path_is_refused(name: str) -> None:
    data = Current(issued=NOW, publishers={name: SCOPE}).to_bytes()
    with pytest.raises(TrustError) as refused:
        parse(data)
    assert refused.value.message == f"current.json: expected what a tree holds now, got the publisher {name!r}."


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"gtin": "04006381333931"}, ""),
        ({"gtin": "04912345678904"}, ""),
        ({"gtin": "14912345678901"}, ""),  # a carton of it
        ({"gtin": "04812345678907"}, "'04812345678907': expected a product of this publisher's scope, got another's."),
        ({"gtins": [], "prefixes": ["4912345"], "brands": []}, ""),
        ({"prefixes": ["49123"]}, "'49123': expected a prefix within this publisher's scope, got another's."),
        ({"brands": ["ＫＵＭＯ"]}, ""),
        ({"brands": ["Kumo", "Nimbus"]}, "'Nimbus': expected a brand of this publisher's scope, got another's."),
        ({"gtins": [], "prefixes": [], "brands": []}, "expected a GTIN, a prefix or a brand, got none of them."),
    ],
)
def test_a_scope_covers_its_own_products_and_no_others(row: dict[str, object], why: str) -> None:
    assert SCOPE.outside(row) == why


def test_an_empty_scope_covers_nothing() -> None:
    assert Scope().outside({"gtin": "04006381333931"})
    assert Scope().outside({"brands": [""]})
