"""Deltas: what they make is the edition that was published, or nothing at all."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import random
import sqlite3
import struct
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import RegistryError
from edge.storage.canonical import content_sha256, verify
from edge.storage.content import CONTENT, SERIALS
from edge.storage.delta import apply, diff, read_header
from edge.storage.delta_file import numbers, planes
from edge.storage.registry import Registry
from edge.storage.registry_build import build
from edge.storage.serial_blocks import stored

GTINS = ("09521234543213", "04912345678904", "00000096385074", "04006381333931", "09506000134352")
EDITION = 'schema = 1\nname = "e"\nnumber = {}\nissued = 2026-11-20T00:00:00Z\n'
LETTERS = st.text("AB1", min_size=1, max_size=3)
FEW = st.lists(LETTERS, unique=True, max_size=4)
PLACES: st.SearchStrategy[dict[str, object]] = st.sampled_from(
    [{}, {"sense": "weigh"}, {"side": "back", "x_mm": 0.1, "y_mm": 12}]
)
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
            {"recordation": n, "number": place, "text_en": draw(LETTERS), **draw(PLACES)}
            for place, n in enumerate(numbers)
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


def edition(
    folder: Path, number: int, tables: Mapping[str, Sequence[Mapping[str, object]]], *, made: bool = False
) -> Path:
    source = folder / f"source-{number}"
    source.mkdir(exist_ok=made)
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


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Two small editions and the delta from one to the other."""
    product = {"gtin": GTINS[0], "name": "A", "brand": "B", "right_holder": "K", "serialised": True}
    serials = [{"gtin": GTINS[0], "serial": f"S{number}"} for number in range(50)]
    old = edition(tmp_path, 1, {"products": [product], "serials": serials[:40]})
    new = edition(tmp_path, 2, {"products": [product | {"name": "C"}], "serials": serials[10:]})
    return old, new, diff(old, new, tmp_path / "delta").out


def refusal(old: Path, delta: Path, expected: str | None = None) -> tuple[str, str]:
    out = delta.with_name("out.sqlite")
    before = sorted(delta.parent.iterdir())
    with pytest.raises(RegistryError) as caught:
        apply(old, delta, out, expected)
    assert sorted(delta.parent.iterdir()) == before, "a refused delta leaves nothing behind"
    assert caught.value.hint
    return caught.value.code, caught.value.message


def test_the_header_says_what_changes(pair: tuple[Path, Path, Path]) -> None:
    old, new, delta = pair
    header = read_header(delta)
    assert (header.from_sha256, header.to_sha256) == (content_sha256(old), content_sha256(new))
    assert (header.schema, header.number) == (1, 2)
    assert header.changes == {"edition": 1, "products": 1, "known_serials": 20}
    assert header.total == 22


def test_a_flipped_byte_anywhere_is_refused(pair: tuple[Path, Path, Path]) -> None:
    old, _new, delta = pair
    whole = delta.read_bytes()
    for place in range(len(whole)):
        delta.write_bytes(whole[:place] + bytes((whole[place] ^ 0x40,)) + whole[place + 1 :])
        with pytest.raises(RegistryError, match="expected a whole delta, got another content than its hash says"):
            apply(old, delta, delta.with_name("out.sqlite"))
    assert not delta.with_name("out.sqlite").exists()


def test_a_cut_delta_is_refused(pair: tuple[Path, Path, Path]) -> None:
    old, _new, delta = pair
    whole = delta.read_bytes()
    for length in (0, 10, 45, len(whole) // 2, len(whole) - 1):
        delta.write_bytes(whole[:length])
        code, message = refusal(old, delta)
        assert code == "delta_damaged"
        assert message.startswith(f"{delta}: expected a whole delta, got ")


def signed(delta: Path, changed: bytes) -> None:
    delta.write_bytes(changed + hashlib.sha256(changed).digest())


def test_a_delta_of_a_newer_schema_is_refused_not_guessed(pair: tuple[Path, Path, Path]) -> None:
    old, _new, delta = pair
    whole = delta.read_bytes()[:-32]
    signed(delta, whole[:9] + b"\x02" + whole[10:])
    assert refusal(old, delta) == ("delta_newer_schema", f"{delta}: expected a delta of schema 1, got 2.")
    signed(delta, b"ANOTHER!" + whole[8:])
    assert refusal(old, delta) == ("delta_damaged", f"{delta}: expected a whole delta, got another kind of file.")


def test_damage_behind_a_right_hash_makes_the_signed_edition_or_none(pair: tuple[Path, Path, Path]) -> None:
    old, new, delta = pair
    whole = delta.read_bytes()[:-32]
    out = delta.with_name("out.sqlite")
    made = 0
    for place in range(14, len(whole), 7):
        signed(delta, whole[:place] + bytes((whole[place] ^ 0x11,)) + whole[place + 1 :])
        try:
            apply(old, delta, out, content_sha256(new))
        except RegistryError as error:
            assert error.code in {"delta_damaged", "delta_wrong_base", "registry_content"}  # noqa: PT017 - or it is made
            assert not out.exists()
        else:
            made += 1
            assert verify(out) == verify(new)
            out.unlink()
    assert made < len(whole) / 10  # what only the header's counts say


def test_a_delta_fits_only_its_own_edition(pair: tuple[Path, Path, Path]) -> None:
    old, new, delta = pair
    assert refusal(new, delta) == (
        "delta_wrong_base",
        f"{delta}: expected the edition of content {content_sha256(old)} to start from, got {content_sha256(new)}.",
    )


def test_what_was_signed_decides(pair: tuple[Path, Path, Path]) -> None:
    old, new, delta = pair
    assert refusal(old, delta, "00") == (
        "registry_content",
        f"{delta}: expected an edition of content 00, got {content_sha256(new)}.",
    )


def test_a_base_that_lies_about_its_content_makes_no_edition(pair: tuple[Path, Path, Path]) -> None:
    old, _new, delta = pair
    with contextlib.closing(sqlite3.connect(old)) as connection:
        connection.execute("UPDATE products SET value_min_minor=5")
        connection.execute("UPDATE serial_exceptions SET status='known'")
        connection.execute("DELETE FROM known_serials")
        connection.commit()
    assert refusal(old, delta)[0] in {"registry_content", "delta_damaged"}
    with pytest.raises(RegistryError, match="expected a whole registry edition, got: content "):
        verify(old)


def test_watched_names_are_found_whatever_index_the_base_has(tmp_path: Path) -> None:
    product = {"gtin": GTINS[0], "name": "A", "brand": "B", "right_holder": "K"}
    watched = [{"entry": "W1", "kind": "seller", "name": "Bright Gadget Trading", "reason": "R"}]
    old = edition(tmp_path, 1, {"products": [product], "watch_list": watched})
    new = edition(tmp_path, 2, {"products": [product | {"name": "C"}], "watch_list": watched})
    delta = diff(old, new, tmp_path / "delta").out
    with contextlib.closing(sqlite3.connect(old)) as connection:
        connection.execute("DELETE FROM watch_grams")
        connection.commit()
    out = apply(old, delta, tmp_path / "out.sqlite", content_sha256(new))
    assert verify(out) == content_sha256(new)
    with contextlib.closing(Registry.open(out)) as registry:
        assert [match.listed for match in registry.watch_candidates("bright gadget trading")] == [
            "Bright Gadget Trading"
        ]


def test_a_missing_delta_is_told(pair: tuple[Path, Path, Path]) -> None:
    old, _new, delta = pair
    delta.unlink()
    assert refusal(old, delta) == (
        "delta_missing",
        f"{delta}: expected a readable delta, got No such file or directory.",
    )


def test_a_full_disk_leaves_the_old_edition(pair: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    old, _new, delta = pair

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    message = f"{delta.with_name('out.sqlite')}: expected room for a new edition, got a full disk."
    assert refusal(old, delta) == ("registry_full", message)


def test_many_serials_come_and_go_in_windows(tmp_path: Path) -> None:
    product = {"gtin": GTINS[0], "name": "A", "brand": "B", "right_holder": "K", "serialised": True}
    serials = [{"gtin": GTINS[0], "serial": f"S{number}"} for number in range(6000)]
    old = edition(tmp_path, 1, {"products": [product], "serials": serials[:5000]})
    new = edition(tmp_path, 2, {"products": [product], "serials": serials[1000:]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edge.storage.serial_blocks._WINDOW", 100)
        patch.setattr("edge.storage.delta._SECTION_SERIALS", 300)
        report = diff(old, new, tmp_path / "delta")
    assert report.header.windows["known_serials"] > 32
    assert verify(apply(old, report.out, tmp_path / "out.sqlite")) == verify(new)


def crafted(pair: tuple[Path, Path, Path], header: Mapping[str, object], *sections: Sequence[bytes]) -> tuple[str, str]:
    """The refusal of a delta with this header and these parts of sections, rightly hashed."""
    old, _new, delta = pair
    none: dict[str, object] = {"changes": {}, "windows": {}, "counts": {}}
    said = {"schema": 1, "from_sha256": content_sha256(old), "to_sha256": "0" * 64, "number": 2, **none, **header}
    text = json.dumps(said).encode()
    packer = zstandard.ZstdCompressor()
    parts = b"".join(
        bytes((len(section),))
        + b"".join(struct.pack(">I", len(packed)) + packed for packed in map(packer.compress, section))
        for section in sections
    )
    signed(delta, struct.pack(">8sHI", b"SEKDELTA", 1, len(text)) + text + parts)
    return refusal(old, delta)


@pytest.mark.parametrize("cut", [1 << 46, 1 << 17, 3, 0, -1])
def test_windows_that_would_never_end_are_refused_at_once(pair: tuple[Path, Path, Path], cut: int) -> None:
    header = {"changes": {"known_serials": 1}, "windows": {"known_serials": cut}, "counts": {"known_serials": 1}}
    code, message = crafted(pair, header)
    assert code == "delta_damaged"
    assert f"expected a power of two from 1 to 65536 windows, got {cut}" in message


def test_windows_too_wide_for_memory_are_refused(pair: tuple[Path, Path, Path]) -> None:
    header = {"changes": {"known_serials": 1}, "windows": {"known_serials": 1}, "counts": {"known_serials": 1}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edge.storage.serial_blocks._WINDOW", 10)
        assert "expected a power of two from 32 to 65536 windows, got 1" in crafted(pair, header)[1]


def test_the_parts_of_a_section_are_bounded_together(pair: tuple[Path, Path, Path]) -> None:
    text = json.dumps({"table": "pictures", "gone": [], "come": []}).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edge.storage.delta_file._LONGEST_SECTION", 10_000)
        code, message = crafted(pair, {}, [text, bytes(6_000), bytes(6_000)])
    assert code == "delta_damaged"
    assert f"expected a part of at most {10_000 - len(text) - 6_000} bytes, got 6000" in message


def test_a_text_that_would_fill_memory_as_json_is_not_unpacked(pair: tuple[Path, Path, Path]) -> None:
    code, message = crafted(pair, {}, [b"[" + b"[]," * 2_000_000 + b"[]]"])
    assert code == "delta_damaged"
    assert "expected a part of at most 4194304 bytes, got 6000004" in message


def test_more_numbers_than_a_section_holds_are_refused() -> None:
    with pytest.raises(ValueError, match="expected at most 1048576 numbers, got 1048577"):
        numbers([bytes(1_048_577)], 1_048_577)


def test_a_row_that_fits_no_table_is_the_deltas_fault(pair: tuple[Path, Path, Path]) -> None:
    row = {"table": "products", "gone": [], "come": [[1], *[[None]] * 19]}
    code, message = crafted(pair, {"changes": {"products": 1}}, [json.dumps(row).encode()])
    assert (code, "NOT NULL constraint failed" in message) == ("delta_damaged", True)


def test_a_damaged_block_of_the_base_is_the_bases_fault(pair: tuple[Path, Path, Path]) -> None:
    old, _new, delta = pair
    with contextlib.closing(sqlite3.connect(old)) as connection:
        connection.execute("UPDATE known_serials SET block=x'000001'")
        connection.commit()
    code, message = refusal(old, delta)
    assert code == "registry_damaged"
    assert message.startswith(f"{old}: expected a whole registry edition, got: block ")


def test_many_small_pictures_and_long_texts_go_in_several_sections(tmp_path: Path) -> None:
    product = {"gtin": GTINS[0], "name": "A", "brand": "B", "right_holder": "K", "serialised": True}
    old = edition(tmp_path, 1, {"products": [product]})
    source = tmp_path / "source-2"
    source.mkdir()
    for number in range(300):
        (source / f"{number}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + str(number).encode())
    face = {"gtin": GTINS[0], "side": "front", "width_mm": 10, "height_mm": 12.5}
    faces = [{**face, "version": str(number), "picture": f"{number}.png"} for number in range(300)]
    texts = [
        {"number": f"N{n}", "title_en": "T", "text_en": "x" * 900_000, "prefixes": ["4912"], **TERM} for n in range(6)
    ]
    new = edition(tmp_path, 2, {"products": [product], "faces": faces, "bulletins": texts}, made=True)
    delta = diff(old, new, tmp_path / "delta").out
    assert verify(apply(old, delta, tmp_path / "out.sqlite")) == verify(new)


@given(st.lists(st.integers(0, 2**60 - 1), unique=True, max_size=50))
def test_ascending_numbers_come_back_from_their_planes(values: list[int]) -> None:
    ascending = np.array(sorted(values), np.uint64)
    assert numbers(planes(ascending), len(values)).tolist() == ascending.tolist()


def by_hand(path: Path) -> str:
    """The canonical content hash as its definition says it, with nothing of the product but the list of tables."""
    whole = hashlib.sha256()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for content in CONTENT:
            rows = []
            for row in connection.execute(content.select()):
                cells = [
                    struct.pack(">d", cell).hex() if name.endswith("_mm") and cell is not None else cell
                    for name, cell in zip(content.columns, row, strict=True)
                    if name != "data"
                ]
                if content.name == "products":
                    line = json.dumps(cells[5:], ensure_ascii=False, separators=(",", ":"))
                    cells = [*cells[:5], hashlib.blake2b(line.encode(), digest_size=16).hexdigest().upper()]
                rows.append(json.dumps(cells, ensure_ascii=False, separators=(",", ":")) + "\n")
            whole.update(content.name.encode() + hashlib.sha256("".join(rows).encode()).digest())
        for table in SERIALS:
            hashes = [value for block in stored(connection, table) for value in block.tolist()]
            whole.update(table.encode() + hashlib.sha256(b"".join(one.to_bytes(8, "big") for one in hashes)).digest())
    return whole.hexdigest()


@settings(max_examples=15, deadline=None)
@given(sources())
def test_the_content_hash_is_what_its_definition_says(tables: dict[str, list[dict[str, object]]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = edition(Path(name), 1, tables)
        assert content_sha256(path) == by_hand(path)


@settings(max_examples=10, deadline=None)
@given(sources(), st.randoms(use_true_random=False))
def test_the_order_of_a_source_is_no_content(tables: dict[str, list[dict[str, object]]], draws: random.Random) -> None:
    shuffled = {name: draws.sample(rows, len(rows)) for name, rows in tables.items()}
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "again").mkdir()
        first, second = edition(Path(name), 1, tables), edition(Path(name) / "again", 1, shuffled)
        assert content_sha256(first) == content_sha256(second)
