"""What the packaging model makes of drawn packages: the measured comparisons that the simulated port draws from.

    ./run bench port_faces --out provisioning/simulate/faces.json [--items 1000] [--seed 1] [--pack DIR]

Items of the demo's products are printed (with the harmless difference between two print runs), a part of them as an
imitation would print them, photographed with conditions of three severities, and compared with the registered face by
the product's own step (edge/steps/compare.py). Where anything is doubtful up to two more pictures are taken and judged
together with those before, so that a bench may ask for them. Nothing of the truth is shown to the comparison. Cases,
products and severities take turns of lengths without a common divisor: every product is met in every case, and the
first N items are as even as all of them. A run measures what the file lacks, as long as pack and seed are the same.

What an imitation prints differently, by grade (subtle 0.15, medium 0.5, gross 0.85 of an edit's severity): three in
five an edit of the generator (models/training/edits.py), one in five a fault of printing (models/drawn/prints.py), one
in five a marked region that is moved, resized, missing or mush. `other`: the package of another product.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np

from benchmarks.regions import PX_PER_MM, Case, alter, box_of, draw_label, registered, shimmer
from edge import policy as policies
from edge.captures import Capture, Quality
from edge.checks.region import codes_of, of_words
from edge.comparison import Difference, FaceComparison
from edge.gs1 import Gtin
from edge.lookup import Region, RegisteredFace
from edge.steps.compare import compare
from models import faces
from models import pack as packs
from models.drawn import prints
from models.drawn.conditions import Conditions
from models.drawn.pool import Pool
from models.drawn.recapture import recapture
from models.measurements import FaceMatch, FaceMeasurement, FaceReference, Image
from models.training import edits
from models.worker import OpenFrame
from provisioning.demo.products import PRODUCTS, DemoProduct

SCHEMA = 2
GRADES = {"subtle": 0.15, "medium": 0.5, "gross": 0.85}
EDITS, FAULTS, HALF = 0.6, 0.2, 0.5  # shares; the rest of the first two is marked regions
SEVERITIES = (0.2, 0.35, 0.5)
_PAIR = ("genuine", "genuine")
TURN = (*(*_PAIR, "subtle", *_PAIR, "medium", *_PAIR, "gross") * 2, "other")  # 12 of 19 are genuine
GREY = 0.3  # of the check threshold: from here on another capture is measured too, up to
MOST = 3
KEPT = 20  # items between two writes
Gallery = Mapping[str, faces.PreparedFace]


@dataclass(frozen=True, slots=True)
class Desk:
    """A picture on the desk, as the compare step knows it: the same functions as in a worker, in this process."""

    image: Image
    prepared: faces.PreparedFace
    pack: packs.Pack

    def compare(
        self, _references: Sequence[FaceReference], earlier: Sequence[Sequence[bytes]]
    ) -> tuple[FaceMeasurement, ...]:
        return faces.compare(self.image, [self.prepared], self.pack, earlier=earlier)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--items", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pack", type=Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    pack = packs.load(options.pack) if options.pack else packs.builtin()
    about = {"schema": SCHEMA, "pack": pack.name, "seed": options.seed}
    rows = kept(options.out, about)
    gallery = {product.key: prepared_of(product, pack) for product in PRODUCTS if product.registered}
    print(f"{options.out}: {len(rows)} of {options.items} items are measured")
    done = {row["number"] for row in rows}
    for number in sorted(set(range(options.items)) - done):
        rows.append(measured(number, options.seed, pack, gallery))
        if len(rows) % KEPT == 0 or number == options.items - 1:
            write(options.out, about, rows)
            print(f"{len(rows)} items", flush=True)


def kept(path: Path, about: Mapping[str, object]) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    said = json.loads(path.read_text("utf-8"))
    return list(said["rows"]) if {name: said.get(name) for name in about} == dict(about) else []


def write(path: Path, about: Mapping[str, object], rows: Sequence[Mapping[str, Any]]) -> None:
    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    head = json.dumps(about)[1:-1]
    beside = path.with_suffix(".new")
    beside.write_text(f'{{{head}, "rows": [\n{lines}\n]}}\n', encoding="utf-8")
    beside.replace(path)


def measured(number: int, seed: int, pack: packs.Pack, gallery: Gallery) -> dict[str, Any]:
    """Item `number`: what was printed, how it was photographed, what the compare step said after each capture."""
    rng = np.random.default_rng([seed, number])
    known = [product for product in PRODUCTS if product.registered]
    product, case = known[number % len(known)], TURN[number % len(TURN)]
    shown = known[int(rng.integers(1, len(known)) + number) % len(known)] if case == "other" else product
    severity = SEVERITIES[number // len(TURN) % len(SEVERITIES)]
    face, what = print_of(shown, case, rng)
    prepared = gallery[product.key]
    registered_face = face_of(product)
    layers: dict[str, bytes] = {}
    row: dict[str, Any] = {"number": number, "case": case, "what": what, "product": product.key}
    row |= {"severity": severity, "captures": []}
    for shot in range(MOST):
        image = photograph(face, shown, severity, rng, replaced="hologram" in what)
        frame = cast("OpenFrame", Desk(image, prepared, pack))
        capture = Capture(f"{shot}", image.shape[1], image.shape[0], "drawn", Quality(0.0, 0.0, 0.0))
        done = compare(
            capture,
            [registered_face],
            frame,
            lambda _sha: b"",
            lambda _data, _kind: "",
            layers=layers,
            policy=policies.builtin().face,
        )
        layers |= done.layers
        said = done.seen.comparisons[0]
        row["captures"].append(compact(said))
        if shot == 0 and case == "other":
            row["recognised"] = recognised(image, shown, pack, gallery)
        if not doubtful(said):
            break  # no bench asks for another picture
    return row


def doubtful(said: FaceComparison) -> bool:
    """Whether anything of a comparison could make a bench ask for another picture of the same package."""
    limits = policies.builtin().face
    return (
        said.score is None
        or any(
            one.score >= GREY * said.threshold_check
            for one in said.differences
            if not of_words(one, said.threshold_check, limits)
        )
        or any(codes_of(region, limits) for region in said.regions)
    )


def recognised(image: Image, shown: DemoProduct, pack: packs.Pack, gallery: Gallery) -> list[float] | None:
    """Inliers and similarity where the package is recognised among all registered ones as what it is."""
    found: tuple[FaceMatch, ...] = faces.recognise(image, list(gallery.values()), pack)
    return [found[0].inliers, round(found[0].similarity, 3)] if found and found[0].key == shown.key else None


def compact(one: FaceComparison) -> dict[str, Any]:
    """What judgement needs of a comparison. The thresholds are the pack's, as measured with."""
    told: dict[str, Any] = {
        "score": rounded(one.score),
        "thresholds": [one.threshold_check, one.threshold_strong],
        "aligned": one.aligned,
        "retake": str(one.retake or ""),
        "together": len(one.together),
        "differences": [[d.kind, rounded(d.score), d.region] for d in telling(one.differences)],
        "regions": [
            [r.kind, *map(rounded, (r.seen, r.offset_mm, r.size, r.gain, r.absence, r.change, r.contrast, r.likeness))]
            for r in one.regions
        ],
        "advice": [[a.code, a.region] for a in one.advice],
    }
    return {name: value for name, value in told.items() if value not in ("", [], 0)}


def telling(differences: Sequence[Difference]) -> list[Difference]:
    """The highest difference of each kind on a label and elsewhere, and every hologram's; the highest first."""
    best: dict[tuple[str, str], Difference] = {}
    for one in sorted(differences, key=lambda d: -d.score):
        place = one.region if one.kind == "hologram" else "label" if one.region.startswith("label") else ""
        best.setdefault((one.kind, place), one)
    return list(best.values())


def rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4)


# --- Drawing ----------------------------------------------------------------------------------------------------------


def prepared_of(product: DemoProduct, pack: packs.Pack) -> faces.PreparedFace:
    face, regions = registered(product)
    width, height = (side / PX_PER_MM for side in (face.shape[1], face.shape[0]))
    data = cv2.imencode(".png", face)[1].tobytes()
    return faces.prepare(FaceReference(product.key, data, width, height, regions), pack)


def face_of(product: DemoProduct) -> RegisteredFace:
    face, regions = registered(product)
    width, height = (side / PX_PER_MM for side in (face.shape[1], face.shape[0]))
    marked = tuple(Region(r.kind, r.x_mm, r.y_mm, r.w_mm, r.h_mm, r.text) for r in regions)
    return RegisteredFace(1, Gtin(product.gtin), "1", "front", "", width, height, marked)


def print_of(product: DemoProduct, case: str, rng: np.random.Generator) -> tuple[Image, str]:
    """The item in hand, and what is different about it."""
    face, regions = registered(product)
    face = face.copy()
    for one in regions:
        if one.kind == "label":
            draw_label(face, box_of(one), rng)  # its lines differ from item to item
    face, what = prints.batch(rng, face), ""
    if case not in GRADES:
        return face, what
    severity, dice = GRADES[case], rng.random()
    marked = [one for one in regions if one.kind in ("logo", "hologram", "microprint")]
    if dice < EDITS or (dice >= EDITS + FAULTS and not marked):
        edit = edits.edited(rng, face, severity, Pool())
        return np.asarray(edit.picture, np.uint8), edit.kind
    if dice < EDITS + FAULTS:
        fault = sorted(prints.FAULTS)[int(rng.integers(len(prints.FAULTS)))]
        return prints.FAULTS[fault](rng, face, severity), fault
    region = marked[int(rng.integers(len(marked)))]
    alteration = altered(region.kind, severity, rng)
    alter(face, box_of(region), alteration, rng)
    return face, alteration.name


def altered(kind: str, severity: float, rng: np.random.Generator) -> Case:
    """What happens to a marked region: holograms go missing or are copied, micro-print is mush, logos are off."""
    if kind == "hologram":
        gone = bool(rng.random() < HALF)
        return Case("hologram missing" if gone else "hologram copied", kind, gone=gone, copied=not gone)
    if kind == "microprint":
        gone = severity > HALF and bool(rng.random() < HALF)
        return Case("microprint missing" if gone else "microprint mush", kind, gone=gone, blur=0.0 if gone else 0.2)
    if rng.random() < HALF:
        return Case("logo moved", kind, shift_mm=4.7 * severity)
    return Case("logo resized", kind, size=1 + 0.15 * severity * float(rng.choice([-1, 1])))


def photograph(
    face: Image, product: DemoProduct, severity: float, rng: np.random.Generator, *, replaced: bool
) -> Image:
    """One picture of it; the hologram's colours turn with the angle unless it is `replaced`: missing or copied."""
    face = face.copy()
    view = rng.uniform(0, 1, 2)
    for one in registered(product)[1]:
        if one.kind == "hologram" and not replaced:
            shimmer(face, box_of(one), view, box_of(one))
    conditions = replace(Conditions.draw(rng, severity), long_side_px=1600)
    return recapture(face, rng=rng, conditions=conditions).image


if __name__ == "__main__":
    main()
