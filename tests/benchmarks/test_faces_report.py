"""The tables of the packaging model are counted right."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import faces_report

if TYPE_CHECKING:
    from pathlib import Path


def _row(item: int, score: float, protocol: str = "genuine", **more: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "severity": None,
        "camera": "X",
        "kind": "none",
        "retake": "",
        "judged": 0.5 + item / 1000,
        "aligned": True,
        "check": 0.5,
        "boxes": [],
    }
    return usual | {"item": f"i{item}", "score": score, "protocol": protocol, "size": [100, 100]} | more


GENUINE = [_row(index, index / 100) for index in range(100)]


def test_the_area_under_the_curve_counts_ties_half() -> None:
    assert faces_report.auroc([_row(0, 0.0), _row(1, 1.0)], [_row(0, 1.0, "A")]) == 0.75


def test_detection_takes_the_score_that_five_of_a_hundred_genuine_captures_pass() -> None:
    edited = [_row(0, score, "A") for score in (0.93, 0.94, 0.95, 0.99)]
    assert faces_report.detection(GENUINE, edited) == 0.5


def test_a_place_counts_by_its_middle_or_by_a_tenth_of_overlap() -> None:
    best = _row(0, 1.0, boxes=[[0, 0, 10, 10, 0.2], [50, 50, 20, 20, 0.9]])
    assert faces_report.on_box(best, [55, 55, 10, 10])
    assert not faces_report.on_box(best, [0, 0, 10, 10])


def test_the_placebo_looks_for_the_same_box_in_the_genuine_capture() -> None:
    found = _row(1, 0.9, "A", box=[10, 10, 20, 20], boxes=[[12, 12, 10, 10, 0.9]])
    whole = _row(1, 0.9, "A", box=[0, 0, 90, 90], boxes=[[12, 12, 10, 10, 0.9]])
    plain = _row(1, 0.1, boxes=[[70, 70, 5, 5, 0.1]])
    assert faces_report.localisation([plain, found, whole]) == (1.0, 0.0, 1)


def test_giving_up_the_captures_that_show_least_can_raise_detection() -> None:
    murky = [_row(index, 1.0, judged=0.1) for index in range(100, 120)]
    edited = [_row(index, 0.995, "A", severity="gross") for index in range(100)]
    curve = faces_report.risk_coverage([*GENUINE, *murky], edited)
    assert curve[0] == (1.0, 0.0)
    assert curve[1][0] == pytest.approx(0.9, abs=0.02)
    assert curve[1][1] == 1.0


def test_the_report_is_a_table_with_intervals(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row | {"case": f"g{index}"} for index, row in enumerate(GENUINE)]
    rows += [_row(index, 2.0, "A", case=f"a{index}", severity="gross", box=[0, 0, 9, 9]) for index in range(20)]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "cases.jsonl").write_text(text, encoding="utf-8")
    (tmp_path / "sham.jsonl").write_text("", encoding="utf-8")
    arguments = ["faces_report", "--data", str(tmp_path), "--scores", str(tmp_path / "cases.jsonl")]
    monkeypatch.setattr("sys.argv", arguments)
    faces_report.main()
    told = capsys.readouterr().out
    assert "| A medium and gross | 20 | 1.000 [1.000, 1.000] | 1.000 [1.000, 1.000] |" in told
    assert "Coverage at which that detection is 0.90 or more: 1.00\nAligned of the genuine captures: 1.000" in told
    assert "At check: genuine 50 of 100, A 20 of 20\n" in told
    assert "| none | 0 of 0 | 0 of 0 | 0 of 20 |" in told
    assert "Localisation on A: 0.000 of 20; placebo (the same box on the genuine capture): 0.000" in told
