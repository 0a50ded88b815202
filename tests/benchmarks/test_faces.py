"""The bench of the packaging model says what it ran, and leaves out what it did not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import cv2
import pytest

from benchmarks import faces
from benchmarks.limits import Limits
from models import pack
from tests.models.test_faces import drawn_face, encoded, photograph

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    face = drawn_face()
    (tmp_path / "face.png").write_bytes(encoded(face))
    names = [f"capture-{seed}.png" for seed in (3, 4)]
    for seed, name in enumerate(names, 3):
        cv2.imwrite(str(tmp_path / name), photograph(face, seed=seed).image)
    cases = [{"case": name, "reference": "face.png", "capture": name} for name in names]
    groups = [
        {"case": "both", "reference": "face.png", "captures": names},
        {"case": "first", "reference": "face.png", "captures": names[:1]},
    ]
    for name, rows in (("cases", cases), ("multi", groups)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return tmp_path


def run(data: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> list[dict[str, object]]:
    monkeypatch.setattr(faces, "COMPARE_LIMIT_MS", 1e6)  # what a machine takes is no matter of a test
    monkeypatch.setattr("sys.argv", ["faces", "--data", str(data), "--out", str(data / "out"), *more])
    faces.main()
    return faces.lines(data / "out")


def test_a_group_whose_captures_were_not_all_run_is_left_out_and_counted(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = run(data, monkeypatch, "--limit", "1", "--together", str(data / "together"))
    assert "groups judged together: 1 of 2; 1 left out, not run\n" in capsys.readouterr().out
    (only,) = faces.lines(data / "together")
    assert (only["case"], only["check"]) == ("first", 0.5)
    assert only["score"] == pytest.approx(rows[0]["score"], abs=0.002)  # kept as half floats


def test_several_captures_have_a_time_of_their_own(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(data, monkeypatch, "--multi")
    told = capsys.readouterr().out
    assert "2 cases; {'compared': 2, 'aligned': 2}\naligned 1.000\n" in told
    assert "compare (cpu) p95: limit 1e+06 ms, ratio 0.00\nall limits kept\n" in told


def test_a_compare_step_above_its_limit_ends_with_exit_code_1(tmp_path: Path) -> None:
    bench, limits = faces.Bench(tmp_path, pack.builtin(), None), Limits()
    bench.answers["compared"] = 2
    bench.total_ms, bench.cpu_ms = [10.0, 10.0], [299.0, 302.0]
    bench.report(limits)
    with pytest.raises(SystemExit) as ended:
        limits.end()
    assert (ended.value.code, limits.missed) == (1, ["compare p95"])
