from __future__ import annotations

from pathlib import Path

import cv2
import pytest
import zxingcpp

from edge.badge import new_badge
from edge.devices.badge_card import write
from edge.lettering import runs


def test_a_badge_on_paper_is_read_back_by_gun_and_camera_and_says_nothing_in_letters(tmp_path: Path) -> None:
    badge, out = new_badge(), tmp_path / "badge.png"
    write(badge, ("4711", "officer", "bench-1 Naha"), out)
    read = zxingcpp.read_barcodes(cv2.imread(str(out)))
    assert sorted(str(one.format) for one in read) == ["Code 128", "Data Matrix"]
    assert {one.text for one in read} == {badge}
    assert out.stat().st_mode & 0o777 == 0o600
    assert badge[4:].encode() not in out.read_bytes()


def test_a_badge_is_a_card_as_pdf(tmp_path: Path) -> None:
    out = tmp_path / "badge.PDF"
    write(new_badge(), ("4711",), out)
    assert out.read_bytes().startswith(b"%PDF")
    with pytest.raises(OSError, match="No such file"):
        write(new_badge(), ("4711",), tmp_path / "nowhere" / "badge.pdf")


def test_a_name_in_any_script_of_the_bench_has_its_letters() -> None:
    assert runs("Sato 佐藤 ひろし 7") == [
        ("latin-bold", "Sato "),
        ("ja-more-regular", "佐藤"),
        ("latin-bold", " "),
        ("ja-bold", "ひろし"),
        ("latin-bold", " 7"),
    ]
    assert runs("ก") == [("thai-bold", "ก")]
    assert runs("\ue000") == [("latin-bold", "?")]
