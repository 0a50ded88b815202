"""The picture report of a demo: one self-contained HTML page. For each parcel: captured | registered | differences.

It shows what the bench answered and kept. Where the bench kept no picture (it keeps aligned faces only), the page shows
the demo's own photograph and says so.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import cv2
import jinja2
import numpy as np

from edge.comparison import FaceComparison
from edge.gs1 import Gtin
from edge.inspection import Finding, Outcome, Verdict
from edge.messages import sentence
from edge.ports import Frame
from provisioning.demo.tour import Visit

_SHOWN_PX = 620
Evidence = Callable[[str], bytes]
FaceOf = Callable[[Gtin], bytes | None]  # the picture of a product's registered face


@dataclass(frozen=True, slots=True)
class Reason:
    """One finding in words."""

    code: str
    weight: str
    en: str
    ja: str
    by: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One row of three pictures, as data URLs; "" where there is none."""

    captured: str
    captured_is: str
    registered: str
    registered_is: str
    heat: str
    heat_is: str
    why: str


@dataclass(frozen=True, slots=True)
class Row:
    """One parcel as the report shows it."""

    name: str
    title: str
    outcome: str
    word: str
    ms: int
    met: bool
    expected: str
    facts: tuple[str, ...]
    reasons: tuple[Reason, ...]
    shots: tuple[Shown, ...]
    missed: tuple[str, ...]


def row(visited: Visit, evidence: Evidence, face_of: FaceOf) -> Row:
    """One visit in words and pictures. `evidence` gives the bytes of a kept file by its SHA-256.

    Raises:
        EvidenceError: a picture that the assessment names is not there.
    """
    parcel, verdict = visited.parcel, visited.assessment.verdict
    stage_ms = visited.assessment.stage_ms
    return Row(
        name=parcel.name,
        title=parcel.title,
        outcome=verdict.outcome.value,
        word=word(verdict.outcome),
        ms=round(visited.answered_ms),
        met=parcel.expected.met_by(verdict),
        expected=parcel.expected.in_words(),
        facts=(
            f"station {parcel.station}",
            f"{visited.answered_ms:.0f} ms",
            *(f"{stage} {ms:.0f} ms" for stage, ms in stage_ms.items()),
            *_read(visited),
        ),
        reasons=tuple(_reason(finding) for finding in verdict.findings),
        shots=tuple(_shots(visited, evidence, face_of)),
        missed=_missed(verdict),
    )


def write(rows: Sequence[Row], stamp: str, path: Path) -> Path:
    """Write the page; returns `path`."""
    counted = Counter(shown.outcome for shown in rows)
    counts = [(outcome.value, word(outcome), counted[outcome.value]) for outcome in Outcome]
    text = resources.files("provisioning.demo").joinpath("report.html").read_text("utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    path.write_text(environment.from_string(text).render(rows=rows, counts=counts, stamp=stamp), "utf-8")
    return path


def word(outcome: Outcome) -> str:
    """The verdict in words."""
    return sentence(f"verdict.{outcome}", {}, "en")


def stamp_of(verdict: Verdict) -> str:
    """What the verdicts rest on."""
    fresh = verdict.freshness
    age = "unknown age" if fresh.age_days is None else f"{fresh.age_days} days old"
    parts = (
        f"registry {fresh.edition or 'none'} ({age})",
        f"bulletins {fresh.bulletin_quarter or 'none'}",
        f"model pack {fresh.pack or 'none'}",
        f"policy {fresh.policy}",
    )
    return " · ".join(parts)


def _read(visited: Visit) -> tuple[str, ...]:
    identity = visited.assessment.identity
    items = [f"GTIN {i.gtin}" + (f", serial {i.serial}" if i.serial else "") for i in identity.items]
    return (*items, *(f"{number.scheme} {number.value}" for number in identity.parcel_numbers))


def _reason(finding: Finding) -> Reason:
    english, japanese = (sentence(finding.code, finding.arguments, language) for language in ("en", "ja"))
    by = " · ".join(part for part in (finding.source, finding.dated.isoformat() if finding.dated else "") if part)
    return Reason(finding.code, finding.weight.value, english, japanese, by)


def _missed(verdict: Verdict) -> tuple[str, ...]:
    """Checks that did not run, each reason once."""
    said = (f"{sentence(f'check.{m.check}', {}, 'en')} ({sentence(m.reason, {}, 'en')})" for m in verdict.not_checked)
    return tuple(dict.fromkeys(said))


def _shots(visited: Visit, evidence: Evidence, face_of: FaceOf) -> Iterable[Shown]:
    seen = visited.assessment.seen
    for capture, frame in zip(seen.captures, visited.frames, strict=True):
        compared = [c for c in seen.comparisons if c.capture == capture.sha256]
        aligned = [c for c in compared if c.aligned and c.pictures]
        yield from (_aligned(comparison, evidence) for comparison in aligned)
        if not aligned:
            alike = next((match.gtin for match in seen.recognitions if match.capture == capture.sha256), None)
            said = next((item.gtin for item in visited.assessment.identity.items), None)
            yield _photograph(frame, compared, face_of(said) if said else None, face_of(alike) if alike else None)


def _aligned(comparison: FaceComparison, evidence: Evidence) -> Shown:
    kept = {picture.role: _picture(evidence(picture.sha256)) for picture in comparison.pictures}
    scored = (
        ""
        if comparison.score is None
        else f" (score {comparison.score:.2f}, check from {comparison.threshold_check:.2f})"
    )
    return Shown(
        captured=kept.get("face", ""),
        captured_is="Captured face",
        registered=kept.get("registered", ""),
        registered_is="Registered face",
        heat=kept.get("heat", ""),
        heat_is=f"Where they differ{scored}",
        why="No differences were measured",
    )


def _photograph(frame: Frame, compared: Sequence[FaceComparison], said: bytes | None, alike: bytes | None) -> Shown:
    """What was photographed, what its code names, and what it looks like where that was recognised."""
    retake = next((c.retake for c in compared if c.retake), None)
    return Shown(
        captured=_picture(frame.data),
        captured_is="Photograph (the demo's own; the bench keeps none)",
        registered=_picture(said) if said else "",
        registered_is="Registered face of the product that the code names",
        heat=_picture(alike) if alike else "",
        heat_is="Registered face that the package looks like",
        why=sentence(f"capture.{retake.value}", {}, "en") if retake else "No comparison",
    )


def _picture(data: bytes) -> str:
    """A picture file as a data URL, scaled down for the page."""
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        return ""
    size = min(1.0, _SHOWN_PX / max(picture.shape[:2]))
    small = cv2.resize(picture, None, fx=size, fy=size, interpolation=cv2.INTER_AREA)
    _, code = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 82])
    return "data:image/jpeg;base64," + base64.b64encode(code.tobytes()).decode()
