"""Where a key lies: in a file, or handed in by systemd; never made anew while it is sealed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge.errors import BoxError
from edge.storage.credentials import RETIRING, Place, Seal, fingerprint, mark_of, place_of, secret_at
from edge.storage.keys import STORAGE_KEY, kept_key, storage_key

SECRET = bytes(range(32))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / STORAGE_KEY


@pytest.fixture
def sealed(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A key that was sealed, of which this process has been handed nothing."""
    Seal(Place.HOST, fingerprint(SECRET)).keep(path)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    return path


def handed_in(folder: Path, secret: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "credentials").mkdir()
    (folder / "credentials" / f"sekisho.{STORAGE_KEY}").write_bytes(secret)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder / "credentials"))


def test_a_box_without_systemd_keeps_its_key_in_a_file(path: Path) -> None:
    assert (place_of(path), secret_at(path)) == (Place.NONE, None)
    key = storage_key(path.parent)
    assert (place_of(path), secret_at(path), path.stat().st_mode & 0o777) == (Place.FILE, key, 0o600)


def test_a_sealed_key_that_is_not_handed_in_is_never_made_anew(sealed: Path) -> None:
    assert place_of(sealed) is Place.HOST
    for asked in (storage_key, kept_key):
        with pytest.raises(BoxError) as caught:
            asked(sealed.parent)
        assert caught.value.code == "box_key"
        assert caught.value.message == (
            f"{sealed}: expected a key that systemd hands in, got one that is sealed to this box's host key and none."
        )
    assert not sealed.exists()


def test_a_service_uses_the_key_that_it_is_handed(sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handed_in(sealed.parent, SECRET, monkeypatch)
    assert storage_key(sealed.parent) == SECRET
    assert not sealed.exists()


def test_another_key_than_the_one_that_was_sealed_is_refused(sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handed_in(sealed.parent, bytes(32), monkeypatch)
    with pytest.raises(BoxError) as caught:
        storage_key(sealed.parent)
    assert caught.value.message == f"{sealed}: expected the key that was sealed here, got another."


def test_a_key_put_back_from_its_backup_is_used(sealed: Path) -> None:
    sealed.write_bytes(SECRET)
    assert (storage_key(sealed.parent), place_of(sealed)) == (SECRET, Place.FILE)


def test_a_note_that_cannot_be_read_makes_no_new_key(path: Path) -> None:
    mark_of(path).write_bytes(b"{}")
    with pytest.raises(BoxError) as caught:
        storage_key(path.parent)
    assert caught.value.message == (
        f"{mark_of(path)}: expected a note that says where the key is, got KeyError: 'place'."
    )


def test_a_box_that_is_being_erased_makes_no_new_key(path: Path) -> None:
    path.with_name(RETIRING).write_bytes(b"{}")
    with pytest.raises(BoxError) as caught:
        storage_key(path.parent)
    assert caught.value.message == f"{path.parent}: expected a box that is in use, got one that is being erased."
