"""`sekisho face enrol`: what it writes is what `sekisho registry build` takes, and the guide tells how."""

from __future__ import annotations

import re
import shlex
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
from models.enrol import MOST_MM_PER_PX
from models.outline import MOST_APART
from provisioning.enrol import read_corners
from sekisho import app
from tests.models import drawn_sample

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "technician.md").read_text("utf-8").partition("## Enrolling a face\n")[2].partition("\n## ")[0]
GTIN = "09521234543213"
RUN = CliRunner()


def photograph(path: Path, *, blurred: bool = False) -> Path:
    shot = np.full((1000, 800, 3), 30, np.uint8)
    face = shot[80:920, 120:680]
    face[:] = (150, 170, 190)
    letters = np.random.default_rng(1).integers(65, 91, (20, 12))
    for row, line in enumerate(letters):
        words = "".join(map(chr, line))
        cv2.putText(face, words, (20, 50 + row * 40), row % 4, 1.2, (row * 5, 40, 20), 2, cv2.LINE_AA)
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


def test_the_guides_example_runs_and_says_what_the_guide_says(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (regions,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    command, answer = re.findall(r"```console\n(.*?)```", GUIDE, re.DOTALL)
    (tmp_path / "regions.toml").write_text(regions)
    for shine, name in enumerate(("straight.png", "left.png", "right.png")):
        cv2.imwrite(name, drawn_sample.photograph(drawn_sample.printed(shine)))
    done = RUN.invoke(app, shlex.split(command)[1:])
    assert done.exit_code == 0, done.stderr
    said, shown = (re.sub(r"sharpness \d+", "sharpness", words).splitlines() for words in (done.output, answer))
    assert said == shown
    assert build(source, tmp_path / "edition.sqlite").refused == 0


def test_every_refusal_of_enrolment_is_in_the_guide_and_no_other() -> None:
    rooms = ("models/enrol.py", "models/outline.py", "provisioning/enrol.py", "provisioning/marked.py")
    code = "".join((ROOT / room).read_text("utf-8") for room in rooms)
    raised = set(re.findall(r'"(enrol_[a-z]+)"', code)) - {"enrol_no_picture"}  # the command line asks for one
    assert set(re.findall(r"`(enrol_[a-z]+)`", GUIDE)) == raised


def test_the_limits_that_the_guide_states_are_those_of_enrolment() -> None:
    assert f"at most {MOST_MM_PER_PX} mm a pixel" in GUIDE
    assert f"with the photograph to {MOST_APART:.0%}" in GUIDE


def test_every_option_of_the_help_is_explained() -> None:
    said = re.sub(r"[│\s]+", " ", RUN.invoke(app, ["face", "enrol", "--help"]).output)
    assert "three or more" in said
    assert "docs/technician.md" in said
    for option in set(re.findall(r" `?(--[a-z-]+)", GUIDE)):
        assert option in said, option


def test_the_same_face_is_not_enrolled_twice(source: Path, tmp_path: Path) -> None:
    shot = photograph(tmp_path / "a.png")
    assert enrol(shot, source)[0] == 0
    code, said = enrol(shot, source)
    assert code == 2
    assert f"expected a new face, got {GTIN} version 1 front again. [enrol_known]" in said


def test_a_face_of_another_table_of_the_source_is_not_enrolled_again(source: Path, tmp_path: Path) -> None:
    (source / "faces").mkdir()
    picture = source / "faces" / f"{GTIN}-1-front.png"
    picture.write_bytes(b"registered")
    (source / "faces.csv").write_text(
        f"gtin,version,side,picture,width_mm,height_mm\n{GTIN},1,front,faces/a.png,56,84\n"
    )
    assert "[enrol_known]" in enrol(photograph(tmp_path / "a.png"), source)[1]
    (source / "faces.csv").unlink()
    assert "[enrol_known]" in enrol(tmp_path / "a.png", source)[1]
    assert picture.read_bytes() == b"registered"


@pytest.mark.parametrize("row", ["{", "[1]", '{"gtin": 5}'])
def test_a_row_of_the_source_that_cannot_be_read_is_left_as_it_is(source: Path, tmp_path: Path, row: str) -> None:
    (source / "faces.jsonl").write_text(row)
    code, said = enrol(photograph(tmp_path / "a.png"), source)
    assert code == 0, said
    first, second = (source / "faces.jsonl").read_text("utf-8").splitlines()
    assert (first, '"gtin"' in second) == (row, True)


@pytest.mark.parametrize("version", [" 2", "a\nb"])
def test_a_version_that_no_edition_takes_is_refused(source: Path, tmp_path: Path, version: str) -> None:
    code, said = enrol(photograph(tmp_path / "a.png"), source, "--version", version)
    assert code == 2
    assert re.search("version: .*: expected text without", said)
    assert "[enrol_row]" in said
    assert not (source / "faces.jsonl").exists()


def test_a_version_that_is_no_file_name_is_enrolled(source: Path, tmp_path: Path) -> None:
    assert enrol(photograph(tmp_path / "a.png"), source, "--version", "a/b")[0] == 0
    assert build(source, tmp_path / "edition.sqlite").refused == 0


def test_a_blurred_sample_is_refused_and_nothing_is_written(source: Path, tmp_path: Path) -> None:
    corners = "120,80 680,80 680,920 120,920"
    code, said = enrol(photograph(tmp_path / "a.png", blurred=True), source, "--corners", corners)
    assert code == 2
    assert "Expected a face fit to compare with, got: sharpness" in said
    assert not (source / "faces.jsonl").exists()


def test_a_face_that_is_ignored_altogether_is_refused(source: Path, tmp_path: Path) -> None:
    regions = tmp_path / "regions.toml"
    regions.write_text('[[regions]]\nkind = "ignore"\nx_mm = 0\ny_mm = 0\nw_mm = 56\nh_mm = 84\n')
    code, said = enrol(photograph(tmp_path / "a.png"), source, "--regions", str(regions))
    assert code == 2
    assert "got: 100% of what is to be compared was not judged. [enrol_uncompared]" in said
    assert not (source / "faces.jsonl").exists()


def test_what_is_checked_of_each_region_is_said(source: Path, tmp_path: Path) -> None:
    regions = tmp_path / "regions.toml"
    regions.write_text('[[regions]]\nkind = "logo"\nx_mm = 1\ny_mm = 1\nw_mm = 30\nh_mm = 8\n')
    code, said = enrol(photograph(tmp_path / "a.png"), source, "--regions", str(regions))
    assert code == 0, said
    assert "region 1 (logo): checked are place, size" in said


def test_a_region_that_could_never_be_checked_is_refused_and_nothing_is_written(source: Path, tmp_path: Path) -> None:
    regions = tmp_path / "regions.toml"
    regions.write_text('[[regions]]\nkind = "logo"\nx_mm = 1\ny_mm = 81.5\nw_mm = 50\nh_mm = 2\n')
    code, said = enrol(photograph(tmp_path / "a.png"), source, "--regions", str(regions))
    assert code == 2
    assert (
        "expected regions that can be checked on this face, got region 1 (logo): expected print, whose grey levels "
        "spread by at least 4, got 0.0: it is plain. [enrol_unchecked]"
    ) in said
    assert not (source / "faces.jsonl").exists()


def test_a_photograph_that_cannot_be_decoded_is_named(source: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"no picture")
    code, said = enrol(file, source)
    assert code == 2
    assert f"sekisho: {file}: " in said


def test_a_photograph_of_something_else_is_said_to_be_left_out(source: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.png"
    cv2.imwrite(str(other), np.full((900, 700, 3), 90, np.uint8))
    code, said = enrol(photograph(tmp_path / "a.png"), source, str(other))
    assert code == 0, said
    assert f"warning: {other}: expected the first photograph's face, got none of it; it was left out" in said


@pytest.mark.parametrize("text", ["1,2 3,4", "nan,0 3,4 5,6 7,8", "1,2 3,4 5,inf 7,8"])
def test_corners_that_are_not_four_points_are_refused(text: str) -> None:
    assert read_corners("1,2 3,4 5,6 7,8.5")[3] == (7.0, 8.5)
    with pytest.raises(RequestRefused) as refused:
        read_corners(text)
    assert refused.value.message == (
        f"--corners: expected four points X,Y clockwise from the face's top left, got {text!r}."
    )
