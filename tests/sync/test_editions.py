"""Editions reach a box by deltas or as a whole, with the same content, and never go back."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.errors import RegistryError
from edge.gs1 import Gtin
from edge.storage.canonical import verify
from edge.storage.delta import diff
from edge.storage.shelves import editions
from sync import publish
from sync.errors import PublishError
from tests.sync.publishing import Publishing, Receiving

EARBUDS, TABLETS, CARTON = "4912345678904", "4006381333931", "5901234123457"


@pytest.fixture(scope="session")
def three(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Editions 1, 2 and 3 of one lineage."""
    del founded
    made = Publishing(tmp_path_factory.mktemp("editions"))
    return made.edition(1, EARBUDS), made.edition(2, EARBUDS, TABLETS), made.edition(3, EARBUDS, TABLETS, CARTON)


def test_a_new_box_takes_the_whole_edition(
    publishing: Publishing, receiving: Receiving, three: tuple[Path, Path, Path]
) -> None:
    assert publishing.add_edition(three[0]) == ["editions/jp-1.sqlite.zst"]
    (_, item) = receiving.pull(publishing.directory).items
    assert (item.target, item.state, item.reason) == ("editions/jp-1.sqlite.zst", "staged", "as a whole")
    shelf = editions(receiving.state_dir)
    assert verify(shelf.directory / item.file) == verify(three[0])
    shelf.activate(item.file)
    (_, item) = receiving.pull(publishing.directory).items
    assert item.state == "in use"


def test_a_box_that_holds_an_older_edition_takes_the_deltas(
    publishing: Publishing, receiving: Receiving, three: tuple[Path, Path, Path]
) -> None:
    first, second, third = three
    publishing.add_edition(first)
    file = receiving.pull(publishing.directory).items[1].file
    editions(receiving.state_dir).activate(file)
    publishing.add_edition(second, since=first)
    paths = publishing.add_edition(third, since=second)
    assert paths == ["editions/jp-3.sqlite.zst", "editions/jp-2-3.delta"]
    whole = publishing.tree().find(paths[0])
    assert whole is not None
    publishing.tree().stored(whole).unlink()  # the deltas are all that it needs
    (_, item) = receiving.pull(publishing.directory).items
    assert (item.state, item.reason) == ("staged", "by 2 of its deltas")
    made = editions(receiving.state_dir).directory / item.file
    assert verify(made) == verify(third)
    shelf = editions(receiving.state_dir)
    shelf.activate(item.file)
    assert shelf.current().product(Gtin.parse(CARTON)) is not None


def test_where_a_delta_is_of_no_use_the_whole_edition_comes(
    publishing: Publishing, receiving: Receiving, three: tuple[Path, Path, Path]
) -> None:
    first, second, _ = three
    publishing.add_edition(first)
    editions(receiving.state_dir).activate(receiving.pull(publishing.directory).items[1].file)
    path = publishing.add_edition(second, since=first)[1]
    tree = publishing.tree()
    target = tree.change("targets").targets[path]
    bad = publishing.place / "bad.delta"
    bad.write_bytes(tree.stored(target).read_bytes()[:-20])
    tree.change("targets").targets[path] = tree.store(path, bad, target.custom)
    tree.commit()
    (_, item) = receiving.pull(publishing.directory).items
    assert item.state == "staged"
    assert item.reason.startswith("as a whole; its deltas could not be used: ")


def test_an_edition_that_is_not_what_was_signed_of_it_is_refused(
    publishing: Publishing, receiving: Receiving, three: tuple[Path, Path, Path]
) -> None:
    publishing.add_edition(three[0])
    tree = publishing.tree()
    custom = tree.change("targets").targets["editions/jp-1.sqlite.zst"].unrecognized_fields["custom"]
    custom["content_sha256"] = "0" * 64
    tree.commit()
    (_, item) = receiving.pull(publishing.directory).items
    assert item.state == "refused"
    assert f"expected an edition of content {'0' * 64}, got {verify(three[0])}." in item.reason


def test_an_edition_that_says_no_content_is_refused(
    publishing: Publishing, receiving: Receiving, three: tuple[Path, Path, Path]
) -> None:
    publishing.add_edition(three[0])
    tree = publishing.tree()
    del tree.change("targets").targets["editions/jp-1.sqlite.zst"].unrecognized_fields["custom"]["content_sha256"]
    tree.commit()
    (_, item) = receiving.pull(publishing.directory).items
    assert item.reason == (
        "editions/jp-1.sqlite.zst: expected what is signed of an edition; content_sha256: Field required."
    )


def test_a_box_never_goes_back_whoever_signs_it(
    publishing: Publishing, receiving: Receiving, three: tuple[Path, Path, Path]
) -> None:
    shelf = editions(receiving.state_dir)
    shelf.activate(shelf.stage(three[2]))
    publishing.add_edition(three[1])
    (_, item) = receiving.pull(publishing.directory).items
    assert (item.state, item.reason) == (
        "refused",
        "editions/jp-2.sqlite.zst: expected a number above 3, which is in use, got 2.",
    )
    assert shelf.current().edition.number == 3


def test_a_publisher_cannot_publish_an_older_number(publishing: Publishing, three: tuple[Path, Path, Path]) -> None:
    publishing.add_edition(three[1])
    with pytest.raises(PublishError) as refused:
        publishing.add_edition(three[0])
    assert refused.value.message == "edition jp: expected a number above 2, which is published, got 1."


def test_a_damaged_edition_is_not_published(publishing: Publishing, three: tuple[Path, Path, Path]) -> None:
    damaged = publishing.place / "damaged.sqlite"
    damaged.write_bytes(three[0].read_bytes().replace(b"Earbuds", b"Earcuds"))
    with pytest.raises(RegistryError):
        publishing.add_edition(damaged)


def test_a_delta_of_unknown_editions_is_not_published(publishing: Publishing, three: tuple[Path, Path, Path]) -> None:
    delta = publishing.place / "some.delta"
    diff(three[0], three[1], delta)
    with pytest.raises(PublishError) as refused:
        publish.add(publishing.tree(), "delta", delta)
    assert refused.value.message == (
        f"{delta}: expected a delta between editions of this tree, got one from an unknown edition."
    )
