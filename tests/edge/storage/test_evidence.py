"""Evidence: sealed, named by its content, proved when read, durable before it is named."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
import threading
import time
from typing import TYPE_CHECKING

import pytest

from edge.errors import EvidenceError
from edge.storage import database, keys
from edge.storage.evidence import EvidenceStore, Kept

if TYPE_CHECKING:
    from pathlib import Path

PICTURE = b"\xff\xd8\xff a picture" * 50


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    return EvidenceStore(tmp_path)


def place(tmp_path: Path, sha256: str) -> Path:
    return tmp_path / "evidence" / sha256[:2] / sha256


def code_of(store: EvidenceStore, sha256: str) -> tuple[str, str]:
    with pytest.raises(EvidenceError) as caught:
        store.get(sha256)
    assert caught.value.hint
    return caught.value.code, caught.value.message


def test_a_picture_comes_back_under_the_hash_of_its_content(store: EvidenceStore) -> None:
    sha256 = store.put(PICTURE, "image/jpeg")
    assert sha256 == hashlib.sha256(PICTURE).hexdigest()
    assert store.read(sha256) == Kept(sha256, "image/jpeg", PICTURE)
    assert store.get(sha256) == PICTURE
    assert list(store.names()) == [sha256]
    assert store.holds(sha256)


def test_the_same_content_is_kept_once(store: EvidenceStore, tmp_path: Path) -> None:
    sha256 = store.put(PICTURE, "image/jpeg")
    before = place(tmp_path, sha256).stat().st_mtime_ns
    assert store.put(PICTURE, "image/jpeg") == sha256
    assert place(tmp_path, sha256).stat().st_mtime_ns == before


def test_nothing_lies_in_clear_on_the_disk(store: EvidenceStore, tmp_path: Path) -> None:
    sha256 = store.put(PICTURE, "image/jpeg")
    assert b"a picture" not in place(tmp_path, sha256).read_bytes()
    assert stat.S_IMODE((tmp_path / "storage.key").stat().st_mode) == 0o600


def test_every_altered_byte_is_noticed(store: EvidenceStore, tmp_path: Path) -> None:
    sha256 = store.put(b"x", "image/png")
    file = place(tmp_path, sha256)
    whole = file.read_bytes()
    for at in range(len(whole)):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert code_of(store, sha256)[0] == "evidence_altered"
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        assert code_of(store, sha256)[0] == "evidence_altered"
    assert code_of(store, sha256)[1] == f"{sha256}: expected the file as it was kept, got an altered one."


def test_a_file_under_another_name_is_altered(store: EvidenceStore, tmp_path: Path) -> None:
    one, two = store.put(b"one", "image/png"), store.put(b"two", "image/png")
    place(tmp_path, one).write_bytes(place(tmp_path, two).read_bytes())
    assert code_of(store, one)[0] == "evidence_altered"


def test_another_box_cannot_read_it(store: EvidenceStore, tmp_path: Path) -> None:
    sha256 = store.put(PICTURE, "image/jpeg")
    (tmp_path / "storage.key").write_bytes(b"k" * 32)
    assert code_of(EvidenceStore(tmp_path), sha256)[0] == "evidence_altered"


def test_a_missing_file_and_a_wrong_name_are_told(store: EvidenceStore) -> None:
    assert code_of(store, "0" * 64) == ("evidence_missing", f"{'0' * 64}: expected a kept file, got none.")
    assert code_of(store, "../../etc/passwd") == (
        "evidence_missing",
        "'../../etc/passwd': expected a SHA-256 as 64 lower-case hex digits, got 16 characters.",
    )


def test_an_erased_file_is_gone(store: EvidenceStore) -> None:
    sha256 = store.put(PICTURE, "image/jpeg")
    assert store.size(sha256) > len(PICTURE)
    assert store.delete(sha256)
    assert not store.delete(sha256)
    assert (store.holds(sha256), store.size(sha256), list(store.names())) == (False, 0, [])


def test_a_full_disk_keeps_nothing_half(store: EvidenceStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(EvidenceError) as caught:
        store.put(PICTURE, "image/jpeg")
    assert caught.value.code == "evidence_full"
    assert (
        caught.value.message == f"{tmp_path / 'evidence'}: expected room for a picture, got: No space left on device."
    )
    assert list(store.names()) == []
    assert list((tmp_path / "evidence").glob(".*")) == []


def test_pictures_never_take_the_room_that_was_freed_for_results(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    store = EvidenceStore(tmp_path, reserve_bytes=2 * free)
    with (tmp_path / "ledger.reserve").open("wb") as reserve:
        reserve.truncate(2 * free)
    assert store.holds(store.put(PICTURE, "image/jpeg"))
    (tmp_path / "ledger.reserve").unlink()
    with pytest.raises(EvidenceError, match="expected room for a picture, got: No space left on device") as caught:
        store.put(b"another", "image/jpeg")
    assert caught.value.code == "evidence_full"


@pytest.mark.usefixtures("store")
def test_what_a_crash_left_is_swept_and_not_what_another_process_is_writing(tmp_path: Path) -> None:
    left, written = (tmp_path / "evidence" / f".{name}.1-2.tmp" for name in ("abc", "def"))
    for one in (left, written):
        one.write_bytes(b"half")
    os.utime(left, (time.time() - 3_700,) * 2)
    EvidenceStore(tmp_path)
    assert (left.exists(), written.exists()) == (False, True)


def test_the_name_appears_only_after_its_content_is_durable(
    store: EvidenceStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    sha256 = hashlib.sha256(PICTURE).hexdigest()
    real = os.fsync

    def noted(descriptor: int) -> None:
        kind = "directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        order.append(f"{kind} {place(tmp_path, sha256).exists()}")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    store.put(PICTURE, "image/jpeg")
    assert order == ["file False", "directory True"]


def test_threads_may_keep_the_same_picture_at_once(store: EvidenceStore) -> None:
    names: list[str] = []
    threads = [threading.Thread(target=lambda: names.append(store.put(PICTURE, "image/png"))) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(names)) == 1
    assert store.get(names[0]) == PICTURE


def test_a_picture_that_another_thread_is_still_keeping_is_made_durable_before_the_answer(
    store: EvidenceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    named, go_on = threading.Event(), threading.Event()
    synced: list[str] = []
    real = os.fsync

    def delayed(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            if threading.current_thread() is first:
                named.set()
                assert go_on.wait(60)
            synced.append(threading.current_thread().name)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", delayed)
    first = threading.Thread(target=lambda: store.put(PICTURE, "image/png"), name="first")
    first.start()
    assert named.wait(60)
    assert store.holds(store.put(PICTURE, "image/png"))
    assert synced == [threading.current_thread().name]
    go_on.set()
    first.join()


def test_a_picture_that_cannot_be_made_durable_is_told_each_time(
    store: EvidenceStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def broken(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, "Input/output error")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", broken)
    for _time in range(2):
        with pytest.raises(EvidenceError) as caught:
            store.put(PICTURE, "image/jpeg")
        assert caught.value.message == (
            f"{tmp_path / 'evidence'}: expected a store that can be read and written, got: Input/output error."
        )


# --- the storage key -----------------------------------------------------------


def test_the_storage_key_is_made_once(tmp_path: Path) -> None:
    key = keys.storage_key(tmp_path / "state")
    assert len(key) == 32
    assert keys.storage_key(tmp_path / "state") == key


def test_a_cut_storage_key_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "storage.key").write_bytes(b"short")
    with pytest.raises(EvidenceError) as caught:
        keys.storage_key(tmp_path)
    assert (caught.value.code, caught.value.message) == (
        "evidence_key",
        f"{tmp_path / 'storage.key'}: expected a key of 32 bytes, got 5 bytes.",
    )
    assert (tmp_path / "storage.key").read_bytes() == b"short"


def test_keys_of_two_purposes_differ() -> None:
    assert keys.derived(b"k" * 32, "evidence") != keys.derived(b"k" * 32, "personal")


def test_a_sealed_value_opens_only_under_its_name() -> None:
    key = b"k" * 32
    sealed = keys.seal(key, b"data", b"name")
    assert keys.unseal(key, sealed, b"name") == b"data"
    assert keys.unseal(key, sealed, b"other") is None
    assert keys.unseal(key, b"", b"name") is None
    assert keys.seal(key, b"data", b"name") != sealed


# --- durable files -------------------------------------------------------------


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "CURRENT"
    database.write_durably(file, b"one")

    def broken(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="Input/output error"):
        database.write_durably(file, b"two")
    assert file.read_bytes() == b"one"
    assert [path.name for path in tmp_path.iterdir()] == ["CURRENT"]
