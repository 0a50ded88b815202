"""What the packaging model measured of drawn packages, to draw comparisons from: errors are resampled, never assumed.

faces.json is written by `./run bench port_faces` and names the pack that measured, which may be older than the one that
ships (docs/simulated-port.md says so then). It holds no picture and compares nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from edge.captures import Box
from edge.comparison import CaptureAdvice, Difference, FaceComparison, Recognition, RegionReading, Retake
from edge.gs1 import Gtin
from edge.lookup import RegisteredFace

SCHEMA = 2
NAME = "faces.json"
_NOWHERE = Box(0, 0, 1, 1)


@dataclass(frozen=True, slots=True)
class Measured:
    """One drawn package: what the compare step said after each of its captures."""

    case: str  # "genuine", "subtle", "medium", "gross", "other"
    severity: str
    captures: tuple[Mapping[str, Any], ...]
    recognised: tuple[int, float] | None = None  # inliers and similarity, of `other` alone

    def comparison(self, number: int, face: RegisteredFace, seen: Sequence[str], pack: str) -> FaceComparison:
        """Capture `number` (from 0) against a registered face; `seen` names this capture last and those before it."""
        told = self.captures[number]
        retake = told.get("retake", "")
        return FaceComparison(
            gtin=face.gtin,
            face_id=face.face_id,
            capture=seen[-1],
            aligned=bool(told.get("aligned", False)),
            score=told.get("score"),
            threshold_check=told["thresholds"][0],
            threshold_strong=told["thresholds"][1],
            differences=tuple(
                Difference(kind, score, _NOWHERE, None, region) for kind, score, region in told.get("differences", ())
            ),
            retake=Retake(retake) if retake else None,
            pack=pack,
            together=tuple(seen[:-1]) if told.get("together") else (),
            regions=tuple(_region(cells) for cells in told.get("regions", ())),
            advice=tuple(CaptureAdvice(code, region) for code, region in told.get("advice", ())),
        )

    def recognition(self, gtin: Gtin, face_id: int, capture: str) -> Recognition | None:
        """As what the package is recognised, where it is."""
        if self.recognised is None:
            return None
        return Recognition(gtin, face_id, capture, *self.recognised)


def _region(cells: Sequence[Any]) -> RegionReading:
    kind, seen, offset_mm, size, gain, absence, change, contrast, likeness = cells
    return RegionReading(
        kind=kind,
        text="",
        capture_box=_NOWHERE,
        seen=seen,
        offset_mm=offset_mm,
        size=size,
        gain=gain,
        absence=absence,
        change=change,
        contrast=contrast,
        likeness=likeness,
    )


@dataclass(frozen=True, slots=True)
class Faces:
    """All that was measured, by case and severity."""

    pack: str
    rows: Mapping[tuple[str, str], tuple[Measured, ...]]
    sha256: str

    def draw(self, case: str, severity: str, draw: float) -> Measured:
        """The measured package at `draw` in [0, 1) of those of a case photographed with a severity."""
        rows = self.rows[case, severity]
        return rows[int(draw * len(rows))]

    def count(self, case: str) -> int:
        """How many packages of a case were measured."""
        return sum(len(rows) for (name, _), rows in self.rows.items() if name == case)


def frozen() -> Faces:
    """The measured packages that come with the program."""
    return read(resources.files("provisioning.simulate").joinpath(NAME).read_bytes())


def read(data: bytes) -> Faces:
    """Measured packages from JSON.

    Raises:
        ValueError: it is another schema.
    """
    said = json.loads(data)
    if said.get("schema") != SCHEMA:
        raise ValueError(f"{NAME}: expected schema {SCHEMA}, got {said.get('schema')!r}.")
    rows: dict[tuple[str, str], list[Measured]] = {}
    for row in said["rows"]:
        found = row.get("recognised")
        one = Measured(
            row["case"], str(row["severity"]), tuple(row["captures"]), (int(found[0]), found[1]) if found else None
        )
        rows.setdefault((one.case, one.severity), []).append(one)
    return Faces(said["pack"], {key: tuple(some) for key, some in rows.items()}, hashlib.sha256(data).hexdigest())
