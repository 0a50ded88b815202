"""False alarms and detections on drawn faces: the demo's products photographed by the drawn camera.

    ./run bench drawn_faces [--shots 40] [--severity 0.5] [--seed 1] [--pack DIR] [--out ROWS.jsonl]

Prints, for genuine items and for each alteration that the demo's printer knows, how many captures were comparable, how
many passed the check and the strong threshold (with Wilson's 95% interval), and how often the best box lay on the
altered region. The truth is known because everything is drawn; nothing of it is shown to the comparison.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from models import faces
from models import pack as packs
from models.drawn.conditions import Conditions
from models.drawn.recapture import recapture
from models.measurements import FaceMeasurement, FaceReference, Image, MarkedRegion
from provisioning.demo.faces import printed
from provisioning.demo.items import item
from provisioning.demo.products import PRODUCTS, DemoProduct
from provisioning.demo.sheet import Alteration, PrintedFace

DAY = datetime(2026, 11, 1, tzinfo=UTC).date()
ALTERATIONS = {
    "genuine": Alteration(),
    "logo moved 2.3 mm": Alteration(logo_shift_mm=(2.0, 1.2)),
    "hologram missing": Alteration(hologram=False),
    "inks turned 25 deg": Alteration(hue_deg=25.0),
    "micro-print words": Alteration(microprint="QUALITY"),
}
REGION = {"logo moved 2.3 mm": "logo", "hologram missing": "hologram", "micro-print words": "microprint"}


@dataclass(frozen=True, slots=True)
class Answer:
    """One capture of one kind, as measured."""

    kind: str
    product: str
    seed: int
    measured: FaceMeasurement

    @property
    def region_hit(self) -> bool:
        """Whether the best difference lies in the region that was altered."""
        found = self.measured.differences
        return bool(found) and found[0].region.split(":")[0] == REGION.get(self.kind)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", type=int, default=40, help="captures of each kind")
    parser.add_argument("--severity", type=float, default=0.5, help="0 a careful picture, 1 a hurried one in bad light")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pack", type=Path)
    parser.add_argument("--out", type=Path, help="one JSON line for each capture")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    pack = packs.load(options.pack) if options.pack else packs.builtin()
    answers = list(measured(pack, options.shots, options.severity, options.seed))
    if options.out:
        rows = [
            {
                "kind": a.kind,
                "product": a.product,
                "seed": a.seed,
                "score": a.measured.score,
                "retake": a.measured.retake,
            }
            for a in answers
        ]
        options.out.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    print(f"pack {pack.name}, severity {options.severity}, thresholds {pack.threshold_check} {pack.threshold_strong}")
    for kind in ALTERATIONS:
        report(kind, [answer for answer in answers if answer.kind == kind])


def measured(pack: packs.Pack, shots: int, severity: float, seed: int) -> Iterator[Answer]:
    """`shots` captures of each kind, products in turn; the same conditions for every kind."""
    registered = [product for product in PRODUCTS if product.registered]

    @cache
    def prepared(product: DemoProduct) -> faces.PreparedFace:
        return faces.prepare(reference(product), pack)

    for shot in range(shots):
        product = registered[shot % len(registered)]
        for kind, alteration in ALTERATIONS.items():
            if kind in REGION and not any(place.region.kind == REGION[kind] for place in prepared(product).regions):
                continue
            frame = photograph(product, alteration, severity, seed * 10_000 + shot)
            (found,) = faces.compare(frame, [prepared(product)], pack)
            yield Answer(kind, product.key, shot, found)


@cache
def print_of(product: DemoProduct, name: str, alteration: Alteration) -> PrintedFace:
    return printed(product, item(product.key, name, DAY), 1, alteration)


def reference(product: DemoProduct) -> FaceReference:
    face = print_of(product, "sample", Alteration())
    regions = tuple(MarkedRegion(r.kind, r.x_mm, r.y_mm, r.w_mm, r.h_mm, r.text) for r in face.regions)
    data = cv2.imencode(".png", face.pixels)[1].tobytes()
    return FaceReference(product.key, data, face.width_mm, face.height_mm, regions)


def photograph(product: DemoProduct, alteration: Alteration, severity: float, seed: int) -> Image:
    rng = np.random.default_rng(seed)
    conditions = Conditions.draw(rng, severity)
    face = print_of(product, "first", alteration)
    return recapture(np.asarray(face.pixels, np.uint8), rng=rng, conditions=conditions).image


def report(kind: str, answers: list[Answer]) -> None:
    scores = [a.measured.score for a in answers if a.measured.score is not None]
    total = len(scores)
    if not total:
        print(f"  {kind:20} none comparable of {len(answers)}")
        return
    first = answers[0].measured
    check, strong = (sum(s >= t for s in scores) for t in (first.threshold_check, first.threshold_strong))
    low, high = wilson(check, total)
    hits = sum(a.region_hit for a in answers if (a.measured.score or 0) >= first.threshold_check)
    where = f"  best box on it {hits}/{check}" if kind in REGION else ""
    print(
        f"  {kind:20} comparable {total}/{len(answers)}  median score {np.median(scores):.2f}  "
        f"check {check / total:.2f} [{low:.2f}, {high:.2f}]  strong {strong / total:.2f}{where}"
    )


def wilson(hits: int, total: int, z: float = 1.96) -> tuple[float, float]:
    share = hits / total
    middle = (share + z * z / 2 / total) / (1 + z * z / total)
    half = z * (share * (1 - share) / total + z * z / 4 / total**2) ** 0.5 / (1 + z * z / total)
    return max(0.0, middle - half), min(1.0, middle + half)


if __name__ == "__main__":
    main()
