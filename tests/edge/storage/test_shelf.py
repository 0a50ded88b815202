"""The shelf: what is in use, what was before, what waits; whole after every step, and never in a reader's way."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from edge.errors import Conflict, ModelError, NotFound, PolicyError, RegistryError, ShelfError
from edge.gs1 import Gtin
from edge.storage.database import write_durably
from edge.storage.registry import Registry
from edge.storage.shelf import Shelf
from edge.storage.shelves import PackKind, editions, pack_shelf, policy_shelf
from tests.edge.storage.editions import GTIN, edition, pack, policy, usable_pack


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    directory = tmp_path_factory.mktemp("built")
    return {number: edition(directory, number, bulletins=(f"B-{number}",)) for number in (1, 2, 3, 4)}


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf[Registry]:
    return editions(tmp_path)


def install(shelf: Shelf[Registry], path: Path) -> str:
    file = shelf.stage(path)
    shelf.activate(file)
    return file


def in_use(shelf: Shelf[Registry]) -> int:
    return shelf.current().edition.number


def test_an_empty_shelf_says_what_to_do(shelf: Shelf[Registry]) -> None:
    with pytest.raises(RegistryError, match=r"registry: expected a registry edition in use, got none\.$"):
        shelf.current()


def test_what_is_staged_is_not_in_use_before_it_is_activated(shelf: Shelf[Registry], built: dict[int, Path]) -> None:
    install(shelf, built[1])
    second = shelf.stage(built[2])
    assert in_use(shelf) == 1
    assert shelf.contents().slot().staged == (second,)
    assert shelf.title_of(second) == "jp number 2 of 2026-11-02"
    shelf.activate(second)
    assert in_use(shelf) == 2
    assert shelf.current() is shelf.current()
    assert shelf.contents().slot().staged == ()


def test_two_older_editions_are_kept_and_rolled_back_to(shelf: Shelf[Registry], built: dict[int, Path]) -> None:
    files = [install(shelf, built[number]) for number in (1, 2, 3, 4)]
    assert shelf.prune() == (files[0],)
    assert shelf.rollback() == files[2]
    assert in_use(shelf) == 3
    assert shelf.rollback() == files[1]
    assert in_use(shelf) == 2
    assert shelf.contents().slot().set_back == (files[2], files[3])
    with pytest.raises(Conflict) as refused:
        shelf.rollback()
    assert refused.value.message == (f"Expected something older to roll back to, got nothing older than {files[1]}.")
    assert in_use(shelf) == 2
    shelf.activate(files[3])  # a person may use it again
    assert in_use(shelf) == 4
    assert shelf.contents().slot().set_back == (files[2],)


def test_the_oldest_that_is_kept_is_given_up_first_and_never_what_is_in_use_or_waits(
    shelf: Shelf[Registry], built: dict[int, Path]
) -> None:
    assert shelf.shed() == ""
    files = [install(shelf, built[number]) for number in (1, 2, 3)]
    waits = shelf.stage(built[4])
    assert [shelf.shed(), shelf.shed(), shelf.shed()] == [files[0], files[1], ""]
    assert {path.name for path in shelf.directory.glob("edition-*.sqlite")} == {files[2], waits}
    assert in_use(shelf) == 3


def test_what_stands_in_for_a_damaged_edition_is_not_given_up(shelf: Shelf[Registry], built: dict[int, Path]) -> None:
    first, second = install(shelf, built[1]), install(shelf, built[2])
    (shelf.directory / second).write_bytes(b"damaged")
    with pytest.raises(RegistryError):
        shelf.shed()
    assert (shelf.directory / first).exists()
    assert in_use(shelf) == 1


def test_staging_what_is_there_already_changes_nothing(shelf: Shelf[Registry], built: dict[int, Path]) -> None:
    first = install(shelf, built[1])
    before = (shelf.directory / "CURRENT").read_bytes()
    assert shelf.stage(built[1]) == first
    assert (shelf.directory / "CURRENT").read_bytes() == before


def test_a_file_is_moved_onto_the_shelf_where_that_is_asked(
    shelf: Shelf[Registry], built: dict[int, Path], tmp_path: Path
) -> None:
    fetched = tmp_path / "fetched"
    fetched.write_bytes(built[1].read_bytes())
    assert shelf.stage(fetched, move=True) == editions(tmp_path / "other").stage(built[1])
    assert not fetched.exists()


def test_what_cannot_be_used_does_not_come_onto_the_shelf(shelf: Shelf[Registry], tmp_path: Path) -> None:
    (tmp_path / "no.sqlite").write_bytes(b"words")
    with pytest.raises(RegistryError, match=r"expected a registry edition, got another kind of file\.$"):
        shelf.stage(tmp_path / "no.sqlite")
    assert not shelf.directory.exists()


def test_a_damaged_edition_falls_back_to_the_one_before(shelf: Shelf[Registry], built: dict[int, Path]) -> None:
    install(shelf, built[1])
    second = install(shelf, built[2])
    (shelf.directory / second).write_bytes(b"SQLite format 3\x00 no more")
    fresh = editions(shelf.directory.parent)
    assert in_use(fresh) == 1
    assert fresh.problem is not None
    assert fresh.problem.code == "registry_damaged"
    assert in_use(shelf) == 1
    install(shelf, built[3])
    assert in_use(fresh) == 3
    assert fresh.problem is None


def test_a_damaged_document_leaves_in_use_what_was(shelf: Shelf[Registry], built: dict[int, Path]) -> None:
    install(shelf, built[1])
    assert in_use(shelf) == 1
    (shelf.directory / "CURRENT").write_text("edition-0.sqlite\n")
    assert in_use(shelf) == 1
    assert shelf.problem is not None
    assert shelf.problem.message == (
        f"{shelf.directory / 'CURRENT'}: expected the document of what is in use, got no JSON."
    )
    with pytest.raises(ShelfError):
        shelf.activate("edition-0000000000000000.sqlite")


def test_only_what_is_on_the_shelf_is_activated(shelf: Shelf[Registry], built: dict[int, Path]) -> None:
    install(shelf, built[1])
    with pytest.raises(NotFound) as refused:
        shelf.activate("edition-0000000000000000.sqlite")
    assert refused.value.message == (
        "Expected the name of something on the shelf, got 'edition-0000000000000000.sqlite'."
    )


def test_a_fixed_edition_is_served_without_a_shelf(built: dict[int, Path], tmp_path: Path) -> None:
    assert in_use(editions(tmp_path, built[3])) == 3
    with pytest.raises(RegistryError, match="expected a registry edition, got no file"):
        editions(tmp_path, tmp_path / "none").current()


def test_readers_never_fail_nor_see_half_while_another_swaps(shelf: Shelf[Registry], built: dict[int, Path]) -> None:
    files = {number: shelf.stage(built[number]) for number in (1, 2)}
    extra = shelf.stage(built[3], slot="kumo")
    shelf.activate(files[1], extra)
    seen: set[int] = set()
    faults: list[object] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                registry = shelf.current()
                product = registry.product(Gtin(GTIN))
                told = {one.number for one in registry.bulletins(Gtin(GTIN), registry.edition.issued.date(), "Kumo")}
            except Exception as error:  # noqa: BLE001 - whatever it is, it is what this test looks for
                faults.append(error)
                return
            if product is None or told != {f"B-{registry.edition.number}", "B-3"}:
                faults.append((registry.edition.number, told))
            seen.add(registry.edition.number)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for turn in range(200):
        shelf.activate(files[1 + (turn + 1) % 2])
        shelf.prune()
    done.set()
    for reader in readers:
        reader.join()
    assert faults == []
    assert seen == {1, 2}


def test_what_a_reader_holds_is_not_pruned(shelf: Shelf[Registry], built: dict[int, Path]) -> None:
    first = install(shelf, built[1])
    held = editions(shelf.directory.parent)
    registry = held.current()
    for number in (2, 3, 4):
        install(shelf, built[number])
    assert shelf.prune() == ()
    assert registry.product(Gtin(GTIN)) is not None
    del registry
    held.close()
    del held
    assert shelf.prune() == (first,)


def test_what_a_killed_process_left_is_pruned_and_what_a_living_one_brings_is_not(
    shelf: Shelf[Registry], built: dict[int, Path]
) -> None:
    install(shelf, built[1])
    left = shelf.directory / ".incoming.1-1"
    left.mkdir()
    (left / "item.sqlite").write_bytes(b"half")
    words = "import fcntl, os, sys; fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX); print(flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", f"{words}; sys.stdin.read()", str(left)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as living:
        assert living.stdout is not None
        living.stdout.readline()
        assert shelf.prune() == ()
        living.kill()
    assert shelf.prune() == (".incoming.1-1",)


def test_a_cut_between_any_two_steps_leaves_the_old_or_the_new_state(
    shelf: Shelf[Registry], built: dict[int, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = install(shelf, built[1])

    class CutError(BaseException):
        pass

    for steps in range(60):
        left = [steps]

        def counted(real: object, left: list[int] = left) -> object:
            def call(*arguments: object, **more: object) -> object:
                if not left[0]:
                    raise CutError
                left[0] -= 1
                return real(*arguments, **more)  # type: ignore[operator]

            return call

        with monkeypatch.context() as patched:
            for name in ("fsync", "open"):
                patched.setattr(os, name, counted(getattr(os, name)))
            patched.setattr(Path, "rename", counted(Path.rename))
            try:
                second = install(shelf, built[2])
            except CutError:
                second = ""
        fresh = editions(shelf.directory.parent)
        assert in_use(fresh) in (1, 2)
        assert fresh.problem is None
        shelf.prune()
        if second:
            break
        if in_use(shelf) == 2:
            shelf.rollback()
        assert shelf.contents().slot().in_use == first
    else:
        pytest.fail("sixty steps were not enough")


def test_what_a_cut_left_half_written_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / f".late.json.{os.getpid()}-{threading.get_ident()}.tmp").write_bytes(b"ha")
    write_durably(tmp_path / "late.json", b"whole")
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("late.json", b"whole")]


# --- supplements --------------------------------------------------


def test_a_supplement_is_used_beside_the_edition_and_withdrawn(
    shelf: Shelf[Registry], built: dict[int, Path], tmp_path: Path
) -> None:
    install(shelf, built[1])
    shelf.activate(shelf.stage(built[2], slot="kumo"))
    day = shelf.current().edition.issued.date()

    def told() -> list[str]:
        return [one.number for one in shelf.current().bulletins(Gtin(GTIN), day, "Kumo")]

    assert (in_use(shelf), told()) == (1, ["B-1", "B-2"])
    newer = edition(tmp_path / "newer", 5, bulletins=("B-5",))
    shelf.activate(shelf.stage(newer, slot="kumo"))
    assert told() == ["B-1", "B-5"]
    shelf.rollback("kumo")
    assert told() == ["B-1", "B-2"]
    shelf.withdraw("kumo")
    assert told() == ["B-1"]


def test_a_damaged_supplement_is_left_out_and_told(shelf: Shelf[Registry], built: dict[int, Path]) -> None:
    install(shelf, built[1])
    supplement = shelf.stage(built[2], slot="kumo")
    shelf.activate(supplement)
    (shelf.directory / supplement).write_bytes(b"no more")
    fresh = editions(shelf.directory.parent)
    assert in_use(fresh) == 1
    assert fresh.problem is not None
    assert fresh.problem.code == "registry_wrong_file"


def test_a_publisher_is_named_plainly(shelf: Shelf[Registry], built: dict[int, Path]) -> None:
    with pytest.raises(ShelfError) as refused:
        shelf.stage(built[1], slot="../kumo")
    assert refused.value.message == (
        "Expected a publisher's short name of a-z, 0-9, dot, dash and underscore, got the slot '../kumo'."
    )


# --- packs and policies --------------------------------------------------


def test_the_built_in_policy_is_used_until_another_is_activated(tmp_path: Path) -> None:
    shelf = policy_shelf(tmp_path / "state")
    assert shelf.current().title == "default 2026.11"
    shelf.activate(shelf.stage(policy(tmp_path / "new.toml", "2027.01")))
    assert shelf.current().title == "default 2027.01"
    assert shelf.rollback() == ""
    assert shelf.current().title == "default 2026.11"
    with pytest.raises(Conflict) as refused:
        shelf.rollback()
    assert refused.value.message == ("Expected something older to roll back to, got nothing in use from the shelf.")


def test_a_policy_of_before_stays_in_use_and_the_log_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    shelf = policy_shelf(tmp_path / "state")
    gone = {
        '"capture.burnt_out"': "",
        "region_missing_share": "several_share = 0.5",
        "detain_by": "detain_by_two = true",
    }
    older = shelf.stage(policy(tmp_path / "older.toml", "2026.10", **gone))
    shelf.activate(older)
    caplog.clear()
    used = shelf.current()
    assert (used.title, used.people.detain_by_two, shelf.problem) == ("default 2026.10", True, None)
    (said,) = {record.getMessage() for record in caplog.records}
    assert said.startswith(f"{shelf.directory / older} is of before this release: ")


def test_a_policy_of_a_future_version_is_refused_and_the_old_one_works_on(tmp_path: Path) -> None:
    shelf = policy_shelf(tmp_path / "state")
    shelf.activate(shelf.stage(policy(tmp_path / "new.toml", "2027.01")))
    future = policy(tmp_path / "future.toml", "2031.01", **{"schema =": "schema = 9"})
    with pytest.raises(PolicyError) as refused:
        shelf.stage(future)
    assert refused.value.message == f"{future}: expected schema = 1, got 9."
    assert shelf.current().title == "default 2027.01"


def test_a_damaged_policy_gives_way_to_the_built_in_one(tmp_path: Path) -> None:
    shelf = policy_shelf(tmp_path / "state")
    file = shelf.stage(policy(tmp_path / "new.toml", "2027.01"))
    shelf.activate(file)
    (shelf.directory / file).write_text("schema = ")
    assert policy_shelf(tmp_path / "state").current().title == "default 2026.11"


def test_a_pack_comes_as_a_directory_or_as_a_zip_file_and_is_the_same(tmp_path: Path) -> None:
    shelf = pack_shelf(tmp_path / "state")
    assert shelf.current().path is None
    plain = usable_pack(tmp_path / "kumo-1", "kumo-1")
    with zipfile.ZipFile(tmp_path / "kumo-1.zip", "w") as archive:
        for file in plain.iterdir():
            archive.write(file, file.name)
    staged = shelf.stage(tmp_path / "kumo-1.zip")
    assert shelf.stage(plain) == staged
    shelf.activate(staged)
    assert (shelf.current().name, shelf.current().path) == ("kumo-1", shelf.directory / staged)
    assert shelf.rollback() == ""
    assert shelf.current().path is None


def altered(directory: Path, old: str, new: str) -> Path:
    manifest = directory / "manifest.toml"
    text = manifest.read_text("utf-8")
    assert old in text
    manifest.write_text(text.replace(old, new), "utf-8")
    return directory


def refused_at_activation(tmp_path: Path, name: str, old: str, new: str) -> ModelError:
    """What is said of a pack that is whole on the shelf and cannot be used; the one before works on."""
    shelf = pack_shelf(tmp_path / "state")
    shelf.activate(shelf.stage(usable_pack(tmp_path / "kumo-1", "kumo-1")))
    bad = shelf.stage(altered(usable_pack(tmp_path / name, name), old, new))
    with pytest.raises(ModelError) as refused:
        shelf.activate(bad)
    assert (shelf.current().name, shelf.contents().slot().staged) == ("kumo-1", (bad,))
    return refused.value


def test_a_pack_that_cannot_compare_stays_staged_and_the_one_before_works_on(tmp_path: Path) -> None:
    error = refused_at_activation(tmp_path, "kumo-2", "least_usable = 0.3", "least_usable = nan")
    assert error.code == "model_manifest"
    assert error.message.endswith("got a fault at [gate] least_usable, a number from 0 to 1; got nan.")


def test_a_pack_that_answers_otherwise_than_where_it_was_made_stays_staged(tmp_path: Path) -> None:
    error = refused_at_activation(tmp_path, "kumo-3", "]\nprint = [-", "]\nprint = [-9")  # of both precisions
    assert error.code == "model_answers"
    assert re.search(r"must answer as where it was made, within 0\.25 logits, got int8 off by 9\d\.", error.message)


def test_a_pack_of_a_future_version_is_refused_and_the_old_one_works_on(tmp_path: Path) -> None:
    shelf = pack_shelf(tmp_path / "state")
    with pytest.raises(ModelError) as refused:
        shelf.stage(pack(tmp_path / "next-9", "next-9", schema=9))
    assert refused.value.message == "The model pack next-9 must have schema 1, got 9."
    assert shelf.current().name == "drawn-7"


def zipped(directory: Path, out: Path) -> Path:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(directory.iterdir()):
            archive.write(file, file.name)
    return out


def test_a_packed_file_with_a_damaged_byte_is_refused_or_whole(tmp_path: Path) -> None:
    data = zipped(pack(tmp_path / "kumo-1", "kumo-1"), tmp_path / "kumo-1.zip").read_bytes()
    damaged = tmp_path / "damaged.zip"
    begins = data.rindex(b"PK\x01\x02") + 45  # the highest byte of where the last file lies
    refused = 0
    places = {*range(0, len(data), 5), begins}
    for place in places:
        damaged.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        out = tmp_path / f"out-{place}"
        try:
            PackKind().bring(damaged, out)
            assert PackKind().open(out).name == "kumo-1"
        except ModelError:
            refused += 1
    assert refused > len(places) // 2


def test_a_damaged_deflate_stream_is_told_as_no_pack(tmp_path: Path) -> None:
    packed = zipped(pack(tmp_path / "kumo-1", "kumo-1"), tmp_path / "kumo-1.zip")
    data = bytearray(packed.read_bytes())
    data[data.index(b"manifest.toml") + len("manifest.toml")] = 0xFF  # of no block type
    packed.write_bytes(data)
    with pytest.raises(ModelError) as refused:
        pack_shelf(tmp_path / "state").stage(packed)
    came = "Error -3 while decompressing data: invalid block type"
    assert refused.value.message == f"kumo-1.zip: expected a model pack as a flat zip file, got {came}."


def test_an_archive_that_names_a_file_twice_is_told_as_no_pack(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr("manifest.toml", "schema = 1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("manifest.toml", "schema = 1")
    with pytest.raises(ModelError) as refused:
        pack_shelf(tmp_path / "state").stage(tmp_path / "bad.zip")
    came = "the entry 'manifest.toml' twice"
    assert refused.value.message == f"bad.zip: expected a model pack as a flat zip file, got {came}."


def test_an_archive_of_too_many_files_is_refused_before_the_first_is_written(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        archive.writestr("manifest.toml", "schema = 1")
        for number in range(64):
            archive.writestr(f"{number}.onnx", b"")
    out = tmp_path / "out"
    with pytest.raises(ModelError) as refused:
        PackKind().bring(tmp_path / "many.zip", out)
    came = "65 files, where a pack has at most 64"
    assert refused.value.message == f"many.zip: expected a model pack as a flat zip file, got {came}."
    assert list(out.iterdir()) == []


def test_an_archive_packed_in_another_way_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("manifest.toml", "schema = 1")
    with pytest.raises(ModelError) as refused:
        pack_shelf(tmp_path / "state").stage(tmp_path / "bad.zip")
    came = "manifest.toml packed by method 12, neither stored nor deflate"
    assert refused.value.message == f"bad.zip: expected a model pack as a flat zip file, got {came}."


@pytest.mark.parametrize("name", ["../net.onnx", "/net.onnx", "deep/net.onnx"])
def test_an_archive_of_a_pack_holds_plain_names(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr("manifest.toml", "schema = 1")
        archive.writestr(name, b"x")
    with pytest.raises(ModelError) as refused:
        pack_shelf(tmp_path / "state").stage(tmp_path / "bad.zip")
    assert refused.value.message == (f"bad.zip: expected a model pack as a flat zip file, got the entry {name!r}.")


def test_a_damaged_edition_in_use_is_made_whole_by_installing_it_again(tmp_path: Path, built: dict[int, Path]) -> None:
    shelf = editions(tmp_path / "state")
    file = shelf.stage(built[1])
    shelf.activate(file)
    place = shelf.directory / file
    whole = place.read_bytes()
    for damaged in (whole[:-4_096], whole[:20_000] + b"\xff" + whole[20_001:]):
        place.write_bytes(damaged)
        shelf.activate(shelf.stage(built[1]))
        assert place.read_bytes() == whole


def test_an_edition_that_opens_but_is_not_what_it_says_is_not_staged(tmp_path: Path, built: dict[int, Path]) -> None:
    altered = tmp_path / "altered.sqlite"
    shutil.copy(built[1], altered)
    with contextlib.closing(sqlite3.connect(altered)) as connection:
        connection.execute("UPDATE products SET name=name || ' ' WHERE gtin=(SELECT MAX(gtin) FROM products)")
        connection.commit()
    shelf = editions(tmp_path / "state")
    with pytest.raises(RegistryError) as refused:
        shelf.stage(altered)
    assert refused.value.code == "registry_damaged"
    assert shelf.contents().files == frozenset()
