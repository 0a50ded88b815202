"""Keys sealed by the real systemd-creds; whatever step is the last before a power cut, the key is there."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.errors import BoxError
from edge.storage import credentials
from edge.storage.credentials import Place, mark_of, place_of, secret_at
from edge.storage.database import write_durably
from edge.storage.keys import STORAGE_KEY, storage_key
from provisioning.sealing import Step, erase, seal, unseal
from tests.owning import USER, folder_of_another, of_root, untouched

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-creds") is None or os.geteuid() != 0,
    reason="systemd-creds is absent, or not run by root: keys are not sealed here",
)
STEPS = ("encrypt", "write", "compare", "name", "note", "erase")


class PowerCutError(Exception):
    """The power goes."""


def cut_before(last: str) -> Step:
    def step(name: str) -> None:
        if name == last:
            raise PowerCutError(name)

    return step


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where sealed keys go, with a host key of its own."""
    monkeypatch.setenv("SYSTEMD_CREDENTIAL_SECRET", str(tmp_path / "credential.secret"))
    monkeypatch.setattr(credentials, "STORE", tmp_path / "store")
    return tmp_path / "store"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    return tmp_path / "state" / STORAGE_KEY


def test_a_key_is_sealed_to_the_host_and_its_file_goes(path: Path, store: Path) -> None:
    key = storage_key(path.parent)
    assert seal(path, Place.HOST) is Place.HOST
    assert (path.exists(), place_of(path)) == (False, Place.HOST)
    assert key not in (store / "sekisho.storage.key").read_bytes() + mark_of(path).read_bytes()
    assert storage_key(path.parent) == key  # root's commands open it
    assert seal(path, Place.HOST) is Place.HOST  # once more changes nothing
    assert unseal(path) is Place.FILE
    assert (path.read_bytes(), place_of(path), list(store.iterdir())) == (key, Place.FILE, [])


def test_a_box_whose_systemd_seals_nothing_keeps_its_file(path: Path, store: Path) -> None:
    key = storage_key(path.parent)
    assert seal(path, Place.FILE) is Place.FILE
    assert (secret_at(path), store.exists()) == (key, False)


def test_a_key_that_is_not_made_yet_is_not_sealed(path: Path, store: Path) -> None:
    assert seal(path, Place.HOST) is Place.NONE
    assert not store.exists()


@pytest.mark.parametrize("last", STEPS)
def test_a_power_cut_at_any_step_of_sealing_loses_no_key(path: Path, store: Path, last: str) -> None:
    key = storage_key(path.parent)
    with pytest.raises(PowerCutError):
        seal(path, Place.HOST, cut_before(last))
    assert storage_key(path.parent) == key
    assert seal(path, Place.HOST) is Place.HOST
    assert (storage_key(path.parent), path.exists()) == (key, False)
    assert [one.name for one in store.iterdir()] == ["sekisho.storage.key"]


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("last", ["write", "forget", "erase"])
def test_a_power_cut_at_any_step_of_putting_it_back_loses_no_key(path: Path, last: str) -> None:
    key = storage_key(path.parent)
    seal(path, Place.HOST)
    with pytest.raises(PowerCutError):
        unseal(path, cut_before(last))
    assert storage_key(path.parent) == key
    unseal(path)
    assert path.read_bytes() == key


def test_another_host_opens_nothing(path: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage_key(path.parent)
    seal(path, Place.HOST)
    monkeypatch.setenv("SYSTEMD_CREDENTIAL_SECRET", str(tmp_path / "another.secret"))
    with pytest.raises(BoxError) as caught:
        storage_key(path.parent)
    assert caught.value.message.startswith(
        f"{store / 'sekisho.storage.key'}: expected a key that this box can open, got: "
    )
    assert not path.exists()


@pytest.fixture
def state(store: Path) -> Iterator[Path]:
    """The state directory of a user who has been taken over."""
    del store
    with folder_of_another() as folder:
        yield folder


@pytest.mark.parametrize("planted", ["link", "pipe", "short"])
def test_what_is_no_key_of_the_box_is_neither_sealed_nor_overwritten(state: Path, store: Path, planted: str) -> None:
    key = state / "site.key"
    if planted == "link":
        key.symlink_to(of_root(state))
        came = "Too many levels of symbolic links"
    elif planted == "pipe":
        os.mkfifo(key)
        came = "expected a regular file of 4096 bytes or fewer, got prw-r--r-- with 0 bytes"
    else:
        write_durably(key, b"not so long", mode=0o600)
        came = "11 bytes"
    with pytest.raises(BoxError) as caught:
        seal(key, Place.HOST)
    assert caught.value.message == f"{key}: expected a key of 32 bytes in a file of its own, got {came}."
    assert (untouched(state), store.exists()) == (True, False)


def test_the_note_beside_a_key_names_no_file_that_root_erases(state: Path, store: Path) -> None:
    key = storage_key(state)
    seal(state / STORAGE_KEY, Place.HOST)
    note = json.loads(mark_of(state / STORAGE_KEY).read_bytes())
    mark_of(state / STORAGE_KEY).write_text(json.dumps(note | {"file": str(of_root(state))}))
    assert unseal(state / STORAGE_KEY) is Place.FILE
    assert ((state / STORAGE_KEY).read_bytes(), list(store.iterdir()), untouched(state)) == (key, [], True)
    assert (state / STORAGE_KEY).stat().st_uid == USER


def test_erasing_a_link_erases_the_link(state: Path) -> None:
    (state / STORAGE_KEY).symlink_to(of_root(state))
    erase(state / STORAGE_KEY)
    assert (list(state.iterdir()), untouched(state)) == ([], True)
