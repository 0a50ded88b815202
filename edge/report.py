"""The picture report of inspections: one self-contained HTML page. For each: captured | registered | where they differ.

It shows what was answered and kept, and judges nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import jinja2

from edge.comparison import FaceComparison
from edge.display import visible
from edge.errors import BoxError, RequestRefused
from edge.inspection import Assessment
from edge.messages import action, sentence, tag

EvidenceOf = Callable[[str], bytes]
_ROLES = ("face", "registered", "heat")


@dataclass(frozen=True, slots=True)
class _Faces:
    face_id: int
    score: str
    pictures: tuple[tuple[str, str], ...]  # role, data address; "" where a picture is gone


def write_report(directory: Path, assessments: Sequence[Assessment], evidence: EvidenceOf, language: str) -> Path:
    """Write `directory`/report.html and return its path.

    Raises:
        RequestRefused: request_report: the directory cannot be written.
    """
    pages = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    template = pages.from_string(resources.files("edge").joinpath("report.html").read_text("utf-8"))
    shown = [
        (
            assessment,
            [_faces(comparison, evidence) for comparison in assessment.seen.comparisons if comparison.pictures],
        )
        for assessment in assessments
    ]
    text = template.render(shown=shown, language=language, tag=tag(language), sentence=sentence, action=action)
    page = directory / "report.html"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        page.write_text(text, "utf-8")
    except OSError as error:
        raise RequestRefused(
            "request_report",
            f"{directory}: expected a directory to write into, got {error.strerror}.",
            hint="Name another directory with --report.",
        ) from error
    return page


def _shown(value: object) -> object:
    return visible(value) if type(value) is str else value


def _faces(comparison: FaceComparison, evidence: EvidenceOf) -> _Faces:
    by_role = {picture.role: picture for picture in comparison.pictures}
    pictures = tuple((role, _data(by_role[role].sha256, evidence) if role in by_role else "") for role in _ROLES)
    score = "-" if comparison.score is None else f"{comparison.score:.2f} of {comparison.threshold_check:.2f}"
    return _Faces(comparison.face_id, score, pictures)


def _data(sha256: str, evidence: EvidenceOf) -> str:
    try:
        data = evidence(sha256)
    except BoxError:
        return ""
    kind = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
