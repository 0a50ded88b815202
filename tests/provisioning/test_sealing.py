"""Keys sealed by the real systemd-creds; whatever step is the last before a power cut, the key is there."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from edge.errors import BoxError
from edge.storage.credentials import Place, mark_of, place_of, secret_at
from edge.storage.keys import STORAGE_KEY, storage_key
from provisioning.sealing import Step, seal, unseal

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
    return tmp_path / "store"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    return tmp_path / "state" / STORAGE_KEY


def test_a_key_is_sealed_to_the_host_and_its_file_goes(path: Path, store: Path) -> None:
    key = storage_key(path.parent)
    assert seal(path, Place.HOST, store) is Place.HOST
    assert (path.exists(), place_of(path)) == (False, Place.HOST)
    assert key not in (store / "sekisho.storage.key").read_bytes() + mark_of(path).read_bytes()
    assert storage_key(path.parent) == key  # root's commands open it
    assert seal(path, Place.HOST, store) is Place.HOST  # once more changes nothing
    assert unseal(path) is Place.FILE
    assert (path.read_bytes(), place_of(path), list(store.iterdir())) == (key, Place.FILE, [])


def test_a_box_whose_systemd_seals_nothing_keeps_its_file(path: Path, store: Path) -> None:
    key = storage_key(path.parent)
    assert seal(path, Place.FILE, store) is Place.FILE
    assert (secret_at(path), store.exists()) == (key, False)


def test_a_key_that_is_not_made_yet_is_not_sealed(path: Path, store: Path) -> None:
    assert seal(path, Place.HOST, store) is Place.NONE
    assert not store.exists()


@pytest.mark.parametrize("last", STEPS)
def test_a_power_cut_at_any_step_of_sealing_loses_no_key(path: Path, store: Path, last: str) -> None:
    key = storage_key(path.parent)
    with pytest.raises(PowerCutError):
        seal(path, Place.HOST, store, cut_before(last))
    assert storage_key(path.parent) == key
    assert seal(path, Place.HOST, store) is Place.HOST
    assert (storage_key(path.parent), path.exists()) == (key, False)
    assert [one.name for one in store.iterdir()] == ["sekisho.storage.key"]


@pytest.mark.parametrize("last", ["write", "forget", "erase"])
def test_a_power_cut_at_any_step_of_putting_it_back_loses_no_key(path: Path, store: Path, last: str) -> None:
    key = storage_key(path.parent)
    seal(path, Place.HOST, store)
    with pytest.raises(PowerCutError):
        unseal(path, cut_before(last))
    assert storage_key(path.parent) == key
    unseal(path)
    assert path.read_bytes() == key


def test_another_host_opens_nothing(path: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage_key(path.parent)
    seal(path, Place.HOST, store)
    monkeypatch.setenv("SYSTEMD_CREDENTIAL_SECRET", str(tmp_path / "another.secret"))
    with pytest.raises(BoxError) as caught:
        storage_key(path.parent)
    assert caught.value.message.startswith(
        f"{store / 'sekisho.storage.key'}: expected a key that this box can open, got: "
    )
    assert not path.exists()
