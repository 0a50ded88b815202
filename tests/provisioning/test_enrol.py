"""`sekisho face enrol`: what it writes is what `sekisho registry build` takes."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from edge.errors import RequestRefused
from edge.gs1 import Gtin
from edge.storage.registry import Registry
from edge.storage.registry_build import build
from provisioning.enrol import read_corners, read_regions
from sekisho import app

GTIN = "09521234543213"
RUN = CliRunner()


def photograph(path: Path, *, blurred: bool = False) -> Path:
    shot = np.full((1000, 800, 3), 30, np.uint8)
    face = shot[80:920, 120:680]
    face[:] = (150, 170, 190)
    for row in range(20):
        cv2.putText(face, "GENUINE KUMO", (20, 50 + row * 40), row % 4, 1.2, (row * 5, 40, 20), 2, cv2.LINE_AA)
    cv2.imwrite(str(path), cv2.GaussianBlur(shot, (0, 0), 8) if blurred else shot)
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    directory = tmp_path / "source"
    directory.mkdir()
    (directory / "edition.toml").write_text(
        'schema = 1\nname = "jp"\nnumber = 1\nissued = 2026-11-01T00:00:00Z\npublisher = "Customs"\n'
    )
    (directory / "products.csv").write_text(f"gtin,name,brand,right_holder\n{GTIN},Kumo 2,Kumo,Kumo KK\n")
    return directory


def enrol(shot: Path, source: Path, *more: str) -> tuple[int, str]:
    given = ["face", "enrol", str(shot), "--gtin", GTIN, "--width-mm", "56", "--height-mm", "84", "--into", str(source)]
    answer = RUN.invoke(app, [*given, *more])
    return answer.exit_code, " ".join((answer.output + answer.stderr).split())


def test_an_enrolled_face_is_in_the_edition_that_is_built_from_its_source(source: Path, tmp_path: Path) -> None:
    regions = tmp_path / "regions.toml"
    regions.write_text('[[regions]]\nkind = "label"\nx_mm = 5\ny_mm = 60\nw_mm = 40\nh_mm = 20\ntext = "Kumo"\n')
    code, said = enrol(photograph(tmp_path / "a.png"), source, "--regions", str(regions), "--registered", "2026-11-02")
    assert code == 0, said
    report = build(source, tmp_path / "edition.sqlite")
    assert report.refused == 0, report.refusals
    with closing(Registry.open(Path(report.out))) as registry:
        (face,) = registry.faces(Gtin(GTIN))
        assert (face.width_mm, face.height_mm, str(face.registered)) == (56, 84, "2026-11-02")
        assert [(region.kind, region.text) for region in face.regions] == [("label", "Kumo")]
        assert registry.face_picture(face.sha256) == (source / "faces" / f"{GTIN}-1-front.png").read_bytes()


def test_the_same_face_is_not_enrolled_twice(source: Path, tmp_path: Path) -> None:
    shot = photograph(tmp_path / "a.png")
    assert enrol(shot, source)[0] == 0
    code, said = enrol(shot, source)
    assert code == 2
    assert f"expected a new face, got {GTIN} version 1 front again. [enrol_known]" in said


def test_a_blurred_sample_is_refused_and_nothing_is_written(source: Path, tmp_path: Path) -> None:
    corners = "120,80 680,80 680,920 120,920"
    code, said = enrol(photograph(tmp_path / "a.png", blurred=True), source, "--corners", corners)
    assert code == 2
    assert "Expected a face fit to compare with, got: sharpness" in said
    assert not (source / "faces.jsonl").exists()


def test_a_region_outside_of_the_face_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "regions.toml"
    file.write_text('[[regions]]\nkind = "logo"\nx_mm = 50\ny_mm = 0\nw_mm = 20\nh_mm = 10\n')
    with pytest.raises(RequestRefused) as refused:
        read_regions(file, 56, 84)
    assert refused.value.message == (
        f"{file}: expected regions within 56 x 84 mm, got "
        "{'kind': 'logo', 'x_mm': 50, 'y_mm': 0, 'w_mm': 20, 'h_mm': 10}."
    )


def test_corners_that_are_not_four_points_are_refused() -> None:
    assert read_corners("1,2 3,4 5,6 7,8.5")[3] == (7.0, 8.5)
    with pytest.raises(RequestRefused) as refused:
        read_corners("1,2 3,4")
    assert refused.value.message == (
        "--corners: expected four points X,Y clockwise from the face's top left, got '1,2 3,4'."
    )
