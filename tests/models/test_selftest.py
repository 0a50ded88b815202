"""The built-in pack tried here: it answers as where it was made, and a pack that does not is found out."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from models import selftest
from models.errors import PackError
from models.pack import BUILTIN, MANIFEST, packs_dir

PACK = packs_dir() / BUILTIN


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PACK, tmp_path / BUILTIN))


def test_the_built_in_pack_brings_golden_answers_and_gives_them() -> None:
    found = selftest.selftest(PACK, rounds=1)
    assert [one.precision for one in found.tried] == ["int8", "fp32"]
    assert all(one.apart is not None and one.apart <= selftest.TOLERANCE for one in found.tried)
    assert found.twins_apart is not None
    assert found.twins_apart <= selftest.TWINS
    assert all(one.ms > 0 for one in found.tried)
    assert len(found.agreeing) == 2


def test_a_pack_that_answers_otherwise_is_not_chosen(pack: Path) -> None:
    manifest = pack / MANIFEST
    before, mark, golden = manifest.read_text("utf-8").partition("[golden.int8]")
    first, rest = golden.lstrip("\n").split("\n", 1)
    name, _, cells = first.partition(" = ")
    manifest.write_text(f"{before}{mark}\n{name} = {cells.replace('[-', '[-9', 1)}\n{rest}", "utf-8")
    found = selftest.selftest(pack, rounds=0)
    assert [one.precision for one in found.agreeing] == ["fp32"]
    assert found.chosen == "fp32"


def test_the_tables_that_are_printed_are_the_manifests_own(pack: Path) -> None:
    printed = [line.split(" = ")[0] for line in selftest.table(pack).splitlines() if line]
    golden = (pack / MANIFEST).read_text("utf-8").partition("[golden.int8]")
    assert printed == [line.split(" = ")[0] for line in (golden[1] + golden[2]).splitlines() if line]


def refusal(pack: Path, old: str, new: str) -> str:
    manifest = pack / MANIFEST
    text = manifest.read_text("utf-8")
    assert old in text
    manifest.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(PackError) as refused:
        selftest.require(pack)
    return refused.value.message


def test_the_built_in_pack_may_come_into_use() -> None:
    selftest.require(PACK)


def test_a_pack_that_finds_no_difference_in_a_changed_face_may_not(pack: Path) -> None:
    knots = (pack / MANIFEST).read_text("utf-8").partition("knots = ")[2].partition("\n")[0]
    assert refusal(pack, knots, "[[-90.0, 0.0], [90.0, 0.03]]") == (
        "The model pack drawn-7 must score a drawn face below 0.5, and a changed one higher by 0.05 or more, "
        "got 0.01 and 0.02."
    )


def test_a_pack_whose_gate_no_capture_passes_may_not(pack: Path) -> None:
    assert refusal(pack, "least_face_px = 240", "least_face_px = 4000") == (
        "The model pack drawn-7 must score a drawn face below 0.5, and a changed one higher by 0.05 or more, "
        "got no score and no score."
    )


def test_golden_answers_that_are_none_are_told(pack: Path) -> None:
    assert refusal(pack, "[golden.int8]\nprint = [", "[golden.int8]\nprint = [nan, ").startswith(
        "The manifest of the model pack drawn-7 must be complete, got a fault at [golden.int8] print, a list of 16 "
    )
