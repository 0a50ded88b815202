"""One contract for every store of evidence: files on disk, and a real S3 server."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edge.errors import Conflict, EvidenceError, InputError, NotFound, SekishoError, SettingsError
from sync.central.intake.objects import Objects, ObjectsOnDisk, Upload
from sync.central.intake.objects_s3 import ObjectsInS3
from sync.central.serving import open_central
from tests.central import s3_server

PICTURE = bytes(range(256)) * 40
SHA = hashlib.sha256(PICTURE).hexdigest()
SIZE = len(PICTURE)


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[s3_server.S3Server]:
    if why := s3_server.why_unavailable():
        pytest.skip(f"NOT TESTED: evidence in S3: {why}")
    with s3_server.running(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(params=["disk", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Objects]:
    """Opens the same store again and again, as workers do."""
    if request.param == "disk":
        return lambda: ObjectsOnDisk(tmp_path)
    place = request.getfixturevalue("s3").store()
    return lambda: ObjectsInS3(place)


def bring(objects: Objects, *pieces: bytes, device: str = "bench-1", size: int = SIZE) -> None:
    objects.begin(device, SHA, size, "image/png")
    offset = 0
    for piece in pieces:
        offset = objects.append(device, SHA, offset, piece).offset


def test_a_picture_in_pieces_is_whole_when_the_last_has_come_whichever_worker_takes_them(
    store: Callable[[], Objects],
) -> None:
    assert store().begin("bench-1", SHA, SIZE, "image/png") == Upload(SIZE, "image/png", 0)
    assert store().append("bench-1", SHA, 0, PICTURE[:4_000]).offset == 4_000
    assert store().upload("bench-1", SHA) == Upload(SIZE, "image/png", 4_000)
    assert store().begin("bench-1", SHA, SIZE, "image/png").offset == 4_000
    assert store().append("bench-1", SHA, 4_000, PICTURE[4_000:9_000]).offset == 9_000
    with pytest.raises(NotFound, match=f"^{SHA}: expected a kept object, got none.$"):
        store().get(SHA)
    assert store().append("bench-1", SHA, 9_000, PICTURE[9_000:]).offset == SIZE
    assert store().get(SHA) == PICTURE
    with pytest.raises(NotFound, match=f"^{SHA}: expected an upload that was begun, got none.$"):
        store().upload("bench-1", SHA)


def test_a_picture_in_one_piece_is_whole_at_once(store: Callable[[], Objects]) -> None:
    bring(store(), PICTURE)
    assert store().get(SHA) == PICTURE


def test_a_deleted_picture_is_gone_and_may_be_brought_again(store: Callable[[], Objects]) -> None:
    bring(store(), PICTURE)
    assert store().delete(SHA)
    assert not store().delete(SHA)
    with pytest.raises(NotFound):
        store().get(SHA)
    bring(store(), PICTURE)
    assert store().get(SHA) == PICTURE


@pytest.mark.parametrize("pieces", [1, 3])
def test_content_with_another_hash_is_not_taken_and_the_upload_begins_anew(
    store: Callable[[], Objects], pieces: int
) -> None:
    wrong = b"\1" + PICTURE[1:]
    parts = [wrong] if pieces == 1 else [wrong[:100], wrong[100:200], wrong[200:]]
    message = f"^{SHA}: expected content with this SHA-256, got {hashlib.sha256(wrong).hexdigest()}.$"
    with pytest.raises(InputError, match=message):
        bring(store(), *parts)
    with pytest.raises(NotFound):
        store().get(SHA)
    assert store().upload("bench-1", SHA).offset == 0
    bring(store(), PICTURE[:300], PICTURE[300:])
    assert store().get(SHA) == PICTURE


def test_a_piece_elsewhere_or_beyond_the_end_is_refused(store: Callable[[], Objects]) -> None:
    bring(store(), PICTURE[:100])
    for offset in (0, 50, 101):
        with pytest.raises(Conflict, match=f"^{SHA}: expected offset 100, got {offset}.$"):
            store().append("bench-1", SHA, offset, b"x")
    with pytest.raises(InputError, match=f"^{SHA}: expected {SIZE} bytes in all, got {SIZE + 100}.$"):
        store().append("bench-1", SHA, 100, PICTURE)
    assert store().append("bench-1", SHA, 100, b"").offset == 100
    assert store().append("bench-1", SHA, 100, PICTURE[100:]).offset == SIZE


def test_nothing_is_taken_for_an_upload_that_was_not_begun(store: Callable[[], Objects]) -> None:
    with pytest.raises(NotFound, match=f"^{SHA}: expected an upload that was begun, got none.$"):
        store().append("bench-1", SHA, 0, PICTURE)


def test_two_devices_may_bring_the_same_picture(store: Callable[[], Objects]) -> None:
    bring(store(), PICTURE)
    bring(store(), PICTURE[:10], PICTURE[10:], device="bench-2")
    bring(store(), PICTURE, device="bench-3")
    assert store().get(SHA) == PICTURE


def test_of_many_who_bring_the_same_piece_at_once_one_is_taken(store: Callable[[], Objects]) -> None:
    store().begin("bench-1", SHA, SIZE, "image/png")

    def brings(_: int) -> str:
        try:
            store().append("bench-1", SHA, 0, PICTURE[:100])
        except SekishoError as error:
            return error.code
        return "taken"

    with ThreadPoolExecutor(4) as pool:
        came = sorted(pool.map(brings, range(4)))
    assert came == ["evidence_offset"] * 3 + ["taken"]
    bring(store(), device="bench-1")
    assert store().append("bench-1", SHA, 100, PICTURE[100:]).offset == SIZE
    assert store().get(SHA) == PICTURE


# --- S3 alone --------------------------------------------------


def test_in_s3_a_crash_before_the_end_is_made_good_by_the_next_beginning(s3: s3_server.S3Server) -> None:
    place = s3.store()
    objects = ObjectsInS3(place)
    bring(objects, PICTURE[:100])
    place.put(f"incoming/bench-1/{SHA}/{100:012}", PICTURE[100:])  # the last piece came, and then the worker died
    assert objects.begin("bench-1", SHA, SIZE, "image/png").offset == SIZE
    assert objects.get(SHA) == PICTURE


def test_in_s3_what_a_crash_left_of_other_pieces_does_not_stand_in_the_way(s3: s3_server.S3Server) -> None:
    place = s3.store()
    objects = ObjectsInS3(place)
    place.put(f"incoming/bench-1/{SHA}/{150:012}", b"left by a sweep that was cut short")
    bring(objects, PICTURE[:100], PICTURE[100:200], PICTURE[200:])
    assert objects.get(SHA) == PICTURE


def test_in_s3_a_large_picture_is_put_in_parts_and_never_twice(s3: s3_server.S3Server) -> None:
    place = s3.store()
    objects = ObjectsInS3(place)
    large = b"".join(bytes([number]) * 1_000_000 for number in range(12))
    name = hashlib.sha256(large).hexdigest()
    put = []
    for device in ("bench-1", "bench-2"):
        objects.begin(device, name, len(large), "image/png")
        for offset in range(0, len(large), 4_000_000):
            objects.append(device, name, offset, large[offset : offset + 4_000_000])
        put.append(place.head(f"objects/{name[:2]}/{name}"))
    assert put[0] == put[1]
    assert hashlib.sha256(objects.get(name)).hexdigest() == name
    assert "-" in str(put[0]["e_tag"])  # as S3 marks what came in parts


def test_a_store_that_refuses_or_does_not_answer_is_told_and_takes_nothing(s3: s3_server.S3Server) -> None:
    for store in (s3.store("another secret"), s3_server.S3Server(1).store()):
        with pytest.raises(EvidenceError, match=f"^{SHA}: expected an object store that answers, got ") as caught:
            ObjectsInS3(store).begin("bench-1", SHA, SIZE, "image/png")
        assert caught.value.code == "evidence_store"
        with pytest.raises(EvidenceError):
            ObjectsInS3(store).get(SHA)


def test_a_central_is_opened_on_a_store_as_its_environment_says(
    s3: s3_server.S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    central = open_central(tmp_path, objects="s3://evidence/here")
    bring(central.objects, PICTURE[:5], PICTURE[5:])
    assert open_central(tmp_path, objects="s3://evidence/here").objects.get(SHA) == PICTURE
    with pytest.raises(NotFound):
        open_central(tmp_path, objects="s3://evidence/there").objects.get(SHA)
    with pytest.raises(
        SettingsError, match=r"^elsewhere: expected an object store as s3://BUCKET/PREFIX, got "
    ) as caught:
        open_central(tmp_path, objects="elsewhere")
    assert caught.value.code == "settings_objects"
