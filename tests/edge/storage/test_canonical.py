"""What is signed of an edition is all that it says, and what it derives from that is derived again."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from pathlib import Path

import pytest

from edge.errors import RegistryError
from edge.storage.canonical import content_sha256, verify

from .editions import GTIN, PNG, edition

WATCHED = "entry,kind,name,reason\nW1,seller,Bright Gadget Trading,R\nW2,seller,Bright Trading,R\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    source = tmp_path / "source-1"
    source.mkdir()
    (source / "a.png").write_bytes(PNG)
    face = f"gtin,picture,width_mm,height_mm\n{GTIN},a.png,10,12.5\n"
    return edition(tmp_path, 1, made=True, watch_list=WATCHED, faces=face)


def changed(path: Path, *statements: str) -> Path:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return path


def refusal(path: Path) -> str:
    with pytest.raises(RegistryError) as caught:
        verify(path)
    assert caught.value.code == "registry_damaged"
    return caught.value.message.removeprefix(f"{path}: expected a whole registry edition, got: ")


@pytest.mark.parametrize(
    ("change", "came"),
    [
        (
            "DELETE FROM watch_grams WHERE gram='gad'",
            "watch list, 'Bright Gadget Trading': expected 20 keys to find it by, got 19 of 20.",
        ),
        (
            "UPDATE watch_list SET grams=3 WHERE entry='W1'",
            "watch list, 'Bright Gadget Trading': expected 20 keys to find it by, got 20 of 3.",
        ),
        ("INSERT INTO watch_grams VALUES ('zzz', 1)", "watch list: expected 34 keys of its names, got 35."),
        (
            "UPDATE watch_gram_counts SET entries=9 WHERE gram='gad'",
            "watch list: expected each key with how many names have it, got 'gad' otherwise.",
        ),
        (
            "INSERT INTO watch_gram_counts VALUES ('zzz', 1)",
            "watch list: expected each key with how many names have it, got 'zzz' otherwise.",
        ),
        (
            "CREATE TRIGGER t AFTER INSERT ON products BEGIN DELETE FROM products; END",
            "trigger t: expected the tables of an edition and nothing else, got a difference.",
        ),
        (
            "CREATE VIEW v AS SELECT 1",
            "view v: expected the tables of an edition and nothing else, got a difference.",
        ),
        (
            "CREATE INDEX i ON products (name)",
            "index i: expected the tables of an edition and nothing else, got a difference.",
        ),
        (
            "DROP TABLE regions",
            "table regions: expected the tables of an edition and nothing else, got a difference.",
        ),
    ],
)
def test_what_is_derived_or_added_is_told_though_it_is_no_content(path: Path, change: str, came: str) -> None:
    verify(path)
    assert refusal(changed(path, change)) == came


def test_an_index_that_does_not_fit_its_table_is_told(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        place = "SELECT rootpage FROM sqlite_schema WHERE name='sqlite_autoindex_faces_1'"
        page, size = [connection.execute(sql).fetchone()[0] for sql in (place, "PRAGMA page_size")]
    whole = bytearray(path.read_bytes())
    whole[page * size - 2_000 : page * size] = bytes(2_000)
    path.write_bytes(whole)
    assert content_sha256(path)
    assert f"on page {page}" in refusal(path)


def test_a_picture_stands_under_the_hash_of_its_bytes(path: Path) -> None:
    sha256 = hashlib.sha256(PNG).hexdigest()
    came = f"picture {sha256}: expected the bytes of this SHA-256, got others."
    assert refusal(changed(path, "UPDATE pictures SET data=CAST(data || 'a' AS BLOB)")) == came


def test_two_pictures_are_not_one_that_holds_the_line_of_the_other(path: Path) -> None:
    """The rows of pictures were once followed by their bytes without a length."""
    more = PNG + b"more"
    first, second = sorted((hashlib.sha256(data).hexdigest(), data) for data in (PNG, more))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM pictures")
        connection.executemany("INSERT INTO pictures VALUES (?, 'image/png', ?)", [first, second])
        connection.commit()
    assert content_sha256(path)
    joined = first[1] + f'["{second[0]}","image/png"]\n'.encode() + second[1]
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM pictures WHERE sha256=?", (second[0],))
        connection.execute("UPDATE pictures SET data=?", (joined,))
        connection.commit()
    with pytest.raises(RegistryError, match="expected the bytes of this SHA-256, got others"):
        content_sha256(path)


def test_a_length_counts_to_its_last_bit(path: Path) -> None:
    before = content_sha256(path)
    assert content_sha256(changed(path, "UPDATE faces SET width_mm=10.00000000000001")) != before
