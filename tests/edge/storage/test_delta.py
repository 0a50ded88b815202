"""Deltas: what they make is the edition that was published, or nothing at all."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.storage.canonical import content_sha256, verify
from edge.storage.delta import apply, diff
from edge.storage.registry_build import build

GTINS = ("09521234543213", "04912345678904", "00000096385074", "04006381333931", "09506000134352")
EDITION = 'schema = 1\nname = "e"\nnumber = {}\nissued = 2026-11-20T00:00:00Z\n'
LETTERS = st.text("AB1", min_size=1, max_size=3)
FEW = st.lists(LETTERS, unique=True, max_size=4)
TERM = {"valid_from": "2026-01-01", "valid_to": "2027-01-01"}


@st.composite
def sources(draw: st.DrawFn) -> dict[str, list[dict[str, object]]]:
    """A small source: rows of every kind of table, in any order."""
    gtins = draw(st.lists(st.sampled_from(GTINS), min_size=1, unique=True))
    some = st.lists(st.sampled_from(gtins), unique=True)
    product = st.fixed_dictionaries({"name": LETTERS, "brand": LETTERS, "critical": st.booleans()})
    numbers = draw(FEW)
    return {
        "products": [{"gtin": gtin, "right_holder": "K", "serialised": True, **draw(product)} for gtin in gtins],
        "recordations": [
            {"number": n, "right_type": "design", "right_holder": "K", "brands": [draw(LETTERS)], **TERM}
            for n in numbers
        ],
        "distinguishing_points": [
            {"recordation": n, "number": place, "text_en": draw(LETTERS)} for place, n in enumerate(numbers)
        ],
        "serials": [
            {"gtin": draw(st.sampled_from(gtins)), "serial": s, "status": draw(st.sampled_from(["known", "stolen"]))}
            for s in draw(st.lists(LETTERS, max_size=30, unique=True))
        ],
        "watch_list": [
            {"entry": e, "kind": "seller", "name": draw(LETTERS), "reason": "R"} for e in draw(FEW)
        ],
        "batches": [{"gtin": gtin, "batch": draw(LETTERS)} for gtin in draw(some)],
        "bulletins": [
            {"number": n, "title_en": "T", "text_en": draw(LETTERS), "prefixes": ["4912"], **TERM}
            for n in draw(FEW)
        ],
        "faces": [
            {"gtin": gtin, "picture": "a.png", "width_mm": 10, "height_mm": 12.5,
             "regions": [{"kind": "logo", "x_mm": 1, "y_mm": 0.5, "w_mm": 3, "h_mm": 4}]}
            for gtin in draw(some)
        ],
    }  # fmt: skip


def edition(folder: Path, number: int, tables: dict[str, list[dict[str, object]]]) -> Path:
    source = folder / f"source-{number}"
    source.mkdir()
    (source / "edition.toml").write_text(EDITION.format(number))
    (source / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n " + str(number // 2).encode())
    for name, rows in tables.items():
        (source / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = build(source, folder / f"{number}.sqlite")
    assert report.refusals == ()
    return report.out


@settings(max_examples=25, deadline=None)
@given(sources(), sources())
def test_a_delta_makes_the_edition_that_was_published(
    before: dict[str, list[dict[str, object]]], after: dict[str, list[dict[str, object]]]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        old, new = edition(folder, 1, before), edition(folder, 2, after)
        report = diff(old, new, folder / "delta")
        out = apply(old, report.out, folder / "out.sqlite", content_sha256(new))
        assert verify(out) == verify(new) == report.header.to_sha256
        back = diff(out, old, folder / "back").out
        assert verify(apply(new, back, folder / "again.sqlite")) == verify(old)
