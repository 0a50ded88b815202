"""Scores and thresholds from drawn whole faces, and the manifest of the pack that holds them.

1. A kind's measured value becomes evidence: the logarithm of how much likelier it is among drawn faces edited in that
   kind than among genuine ones (a line, fitted as a logistic regression), and of how often an imitation is told by that
   kind alone. So every kind has its own threshold, and all speak one scale.
2. The highest evidence of a face becomes a score by how rare it is among drawn genuine captures as at a lit bench: 0.5
   where all kinds together stay at 1 in 150. Beyond the sample the tail is exponential, fitted above the 95% quantile
   (peaks over threshold).

Nothing real is used to choose a number; what real captures make of it is only measured.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models import difference, inks, light, selftest, tone, unusable
from models.drawn.prints import FAULTS, misregistered
from models.pack import MANIFEST, SCHEMA
from models.second_look import SecondLook, looked_again
from models.training import edits, export

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from models.pack import Pack

KINDS = ("structure", "colour", "print", "inks")
# The absence of a marked hologram is measured without a network (models/regions.py).
HOLOGRAM = """\
[judgement.hologram]
window_cells = 1
top_cells = 1
knots = [[0.3, 0.0], [0.65, 0.5], [0.85, 0.9], [1.0, 1.0]]
"""
# What a capture must show. Measured on drawn captures that a person could still judge; a retake is never a difference.
GATE = """\
[gate]
least_face_px = 240
least_detail = 0.09
most_glare = 0.5
least_usable = 0.3
least_brightness = 12
least_agreeing = 0.1
"""
TITLE = "Siamese difference net learnt on drawn pairs of photographs"
LEAST_OF_A_SIDE = 20
LEAST_RECOLOURED = 0.01  # share of the face
WHOLE = 1 / 3  # of the faces whose inks lie apart, all over
GENUINE_PER_ARTWORK, EDITED_PER_ARTWORK = 8, 2
FOLDS = 10  # parts of artworks, of which each is told by thresholds fitted on the others
# One genuine capture in how many, and the score that belongs to it. 0.5 is check, 0.9 strong.
# Below what any single genuine capture measures structure goes on being told apart: several captures together measure
# less, and so does the best place of a quiet face.
BELOW, FAINT = 8.0, 0.02  # logits further down score 0, and the lowest genuine capture this
CHECK = 0.5  # score
RARE = 150  # for all kinds together to stay below 1% on other artworks as well
LADDER = ((2, 0.05), (5, 0.15), (20, 0.3), (RARE, CHECK), (1e4, 0.7), (1e6, 0.9), (1e12, 1.0))
# How often an imitation that is told at all is told by this kind alone, against structure. A soft camera looks like a
# soft print, and the light like an ink: with equal chances the print map cost the structure map 0.12 AUROC on packbench
# dev (docs/decisions/042, 046).
CHANCE = {"structure": 1.0, "colour": 0.6, "print": 0.05, "inks": 0.05}
# Below its own check a kind speaks late: of the way from a rung up to check this share is left. In one picture a little
# colour or softness is the camera's. Inks that lie apart are not: drawn and real genuine captures measure the same.
LATE = {"structure": 1.0, "colour": 0.5, "print": 0.5, "inks": 1.0}
WINDOW_CELLS = {"structure": 3, "colour": 7, "print": 5, "inks": 24}
TOP_CELLS = {"structure": 16, "colour": 1, "print": 24, "inks": 1280}


def usable_of(face: np.ndarray) -> np.ndarray:
    """What may be judged of a drawn face whose capture lies wholly in the frame (uint8, 255 = usable)."""
    whole = np.full(face.shape[:2], 255, np.uint8)
    none = np.zeros_like(whole)
    return light.usable_mask(whole, none, light.glare(face), light.without_edges(whole))


def structure_of(run, face: np.ndarray, capture: np.ndarray, usable: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The map of structure of a pair before any second look (nan where nothing may be judged), and which cells are."""
    answer = answer_of(run, face, capture)
    cells = difference.usable_cells(usable, answer.shape[1:]) & ~unusable.completed(answer[3], face, capture)
    return difference.windowed(answer[0], cells, WINDOW_CELLS["structure"]), cells


def answer_of(run, face: np.ndarray, capture: np.ndarray) -> np.ndarray:
    """The networks' logits of a pair: 4 x rows x columns."""
    answer = run.answer((run.tensor(face), run.tensor(capture)))
    return np.ascontiguousarray(answer[:, : face.shape[0] // 4, : face.shape[1] // 4])


def maps_of(
    run, face: np.ndarray, capture: np.ndarray, usable: np.ndarray, look: SecondLook | None = None
) -> dict[str, np.ndarray]:
    """The judged maps of a pair as the bench makes them: nan where nothing may be judged."""
    answer = answer_of(run, face, capture)
    plain = difference.usable_cells(usable, answer.shape[1:])
    cells = plain & ~unusable.completed(answer[3], face, capture)
    seen, surely = plain & (answer[3] < unusable.UNUSABLE), plain & (answer[3] < difference.UNSURE)
    structure = difference.windowed(answer[0], cells, WINDOW_CELLS["structure"])
    if look is not None:
        structure = looked_again(look, structure, cells, face, capture)
    return {
        "structure": structure,
        # The hue turned, measured directly: the net's own colour map saw 0.65 of the colour edits, this one 0.81.
        "colour": difference.colour_distance(capture, face, surely, WINDOW_CELLS["colour"]),
        "print": difference.windowed(answer[2], cells, WINDOW_CELLS["print"]),
        "inks": inks.apart(capture, face, seen, WINDOW_CELLS["inks"]),
    }


def value_of(kind: str, values: np.ndarray) -> float:
    """The measured value of a map: the mean of its highest cells; the least float where nothing is judged."""
    free = values[np.isfinite(values)]
    if not free.size:
        return -30.0
    most = min(TOP_CELLS[kind], free.size)
    return float(np.partition(free, -most)[-most:].mean())


def evidence_of(genuine: np.ndarray, edited: np.ndarray) -> tuple[float, float]:
    """Slope and offset of the logarithm of the likelihood ratio edited : genuine as a line of the measured value.

    A logistic regression with both sides of equal weight, by Newton's method.

    Raises:
        ValueError: fewer than 20 values on a side, or edited faces do not measure higher than genuine ones.
    """
    if min(len(genuine), len(edited)) < LEAST_OF_A_SIDE:
        raise ValueError(f"Evidence needs {LEAST_OF_A_SIDE} values a side, got {len(genuine)} and {len(edited)}.")
    values = np.concatenate([genuine, edited])
    middle, spread = float(values.mean()), float(values.std()) + 1e-6
    terms = np.column_stack([(values - middle) / spread, np.ones(len(values))])
    truth = np.repeat([0.0, 1.0], [len(genuine), len(edited)])
    weight = np.repeat([1 / len(genuine), 1 / len(edited)], [len(genuine), len(edited)])
    line = np.zeros(2)
    for _ in range(50):
        chance = 1 / (1 + np.exp(-terms @ line))
        slope = terms.T @ (weight * (chance - truth)) + 1e-3 * line
        bend = (terms * (weight * chance * (1 - chance))[:, None]).T @ terms + 1e-3 * np.eye(2)
        line = line - np.linalg.solve(bend, slope)
    if line[0] <= 0:
        raise ValueError(f"Edited faces must measure higher than genuine ones, got a slope of {line[0]:.3f}.")
    return float(line[0] / spread), float(line[1] - line[0] * middle / spread)


@dataclass(frozen=True)
class Evidence:
    """The logarithm of a likelihood ratio as two lines of the measured value, the steeper one beyond `edge`."""

    slope: float
    offset: float
    edge: float
    steeper: float

    def of(self, value: float) -> float:
        """Evidence of a measured value."""
        return self.slope * value + self.offset + max(0.0, value - self.edge) * (self.steeper - self.slope)

    def value(self, evidence: float) -> float:
        """The measured value that has this evidence."""
        value = (evidence - self.offset) / self.slope
        return value if value <= self.edge else self.edge + (evidence - self.of(self.edge)) / self.steeper

    @classmethod
    def fitted(cls, genuine: np.ndarray, edited: np.ndarray, chance: float) -> Evidence:
        """A logistic line, and beyond the genuine 95% quantile the ratio of two exponential tails where it is steeper.

        Raises:
            ValueError: as `evidence_of`.
        """
        slope, offset = evidence_of(genuine, edited)
        edge = float(np.quantile(genuine, 0.95))
        tails = [some[some > edge] - edge for some in (genuine, edited)]
        rate, edited_rate = (1 / max(0.05, float(tail.mean())) if len(tail) else 1.0 for tail in tails)
        return cls(slope, offset + float(np.log(chance)), edge, max(slope, rate - edited_rate))


def ladder_of(genuine: np.ndarray) -> list[tuple[float, float]]:
    """Rising (evidence, score) knots from the highest evidence of each genuine capture.

    Raises:
        ValueError: fewer than 40 values.
    """
    if len(genuine) < 40:
        raise ValueError(f"Calibration needs at least 40 genuine pairs, got {len(genuine)}.")
    edge = float(np.quantile(genuine, 0.95))
    slope = max(0.05, float((genuine[genuine > edge] - edge).mean()))
    knots = [(float(genuine.min()) - 1.0, 0.0)]
    for rare, score in LADDER:
        value = float(np.quantile(genuine, 1 - 1 / rare)) if rare <= 20 else edge + slope * np.log(rare / 20)
        knots.append((max(value, knots[-1][0] + 1e-3), score))
    return knots


@dataclass(frozen=True)
class Scale:
    """The evidence of each kind, and the ladder of scores that all kinds share, fitted on rows of `measure`."""

    lines: dict[str, Evidence]
    ladder: list[tuple[float, float]]

    @property
    def check(self) -> float:
        """The evidence from which on a face is at check."""
        return at_check(self.ladder)

    def knots(self, kept: Pack | None = None) -> dict[str, list[list[float]]]:
        """Rising knots (measured value, score) of each kind.

        The kinds that are `kept` from another pack, all but structure, keep its knots below check, and from check on
        the later ones of both.
        """
        found = {kind: [[self._value(kind, evidence), score] for evidence, score in self.ladder] for kind in KINDS}
        lowest = found["structure"][0][0]
        found["structure"][:1] = [[lowest - BELOW, 0.0], [lowest, FAINT]]
        for kind in KINDS[1:] if kept is not None else ():
            pairs = zip(found[kind], kept.judgements[kind].knots, strict=True)
            found[kind] = [[max(mine[0], value) if score >= CHECK else value, score] for mine, (value, score) in pairs]
        return found

    def _value(self, kind: str, evidence: float) -> float:
        value, limit = self.lines[kind].value(evidence), self.lines[kind].value(self.check)
        return value if value >= limit else limit - LATE[kind] * (limit - value)

    @classmethod
    def fitted(cls, rows: list[dict]) -> Scale:
        """Lines and ladder of these rows.

        Raises:
            ValueError: too few rows, or edited faces do not measure higher than genuine ones.
        """
        genuine, lines = genuine_of(rows), {}
        for kind in KINDS:
            sides = genuine, [row for row in rows if told_by(row, kind)]
            lines[kind] = Evidence.fitted(
                *(np.array([row["values"][kind] for row in some]) for some in sides), CHANCE[kind]
            )
        highest = [max(lines[kind].of(row["values"][kind]) for kind in KINDS) for row in genuine]
        return cls(lines, ladder_of(np.array(highest)))


def at_check(knots: Sequence[Sequence[float]]) -> float:
    """The value of the knot whose score is that of check."""
    return next(value for value, score in knots if score == CHECK)


def told(row: dict, knots: dict[str, list[list[float]]], kinds: Sequence[str] = KINDS) -> bool:
    """Whether a measured face is at check by any of these kinds."""
    return any(row["values"][kind] >= at_check(knots[kind]) for kind in kinds)


def genuine_of(rows: list[dict]) -> list[dict]:
    """The rows of unedited captures."""
    return [row for row in rows if not row["kinds"]]


def left_out(rows: list[dict], kept: Pack | None = None) -> list[bool]:
    """Of every genuine capture, whether it is at check by a scale fitted on other artworks than its own.

    The share of a pack's own calibration captures that are at check is no measurement: their highest chose where check
    lies. So the artworks are dealt into parts (FOLDS, or one each), and each part is told by a scale fitted on the
    others.

    Raises:
        ValueError: as `Scale.fitted`.
    """
    artworks = sorted({row["artwork"] for row in rows})
    parts, answers = min(FOLDS, len(artworks)), []
    for part in range(parts):
        mine = set(artworks[part::parts])
        knots = Scale.fitted([row for row in rows if row["artwork"] not in mine]).knots(kept)
        answers += [told(row, knots) for row in genuine_of(rows) if row["artwork"] in mine]
    return answers


def share(told: list[bool]) -> float:
    """The share of those that hold."""
    return float(np.mean(told))


def measure(run, folder: Path, look: SecondLook | None = None) -> list[dict]:
    """Values of every drawn whole face (npz: face, capture, kinds) of a folder.

    Of three genuine faces one is measured once more with another ink on its registered side, and one with inks that do
    not meet on its captured side: such edits are too rare among the drawn ones to fit a line.
    """
    rows = []
    for index, file in enumerate(sorted(folder.glob("[0-9]*.npz"))):
        drawn, artwork = np.load(file), file.stem.split("_")[0]
        face, capture, kinds = drawn["face"], drawn["capture"], [str(kind) for kind in drawn["kinds"]]

        def row(kinds: list[str], severity: float, values: dict[str, float], artwork: str = artwork) -> dict:
            return {"artwork": artwork, "kinds": kinds, "severity": severity, "values": values}

        rows.append(row(kinds, float(drawn["severity"]), values_of(run, face, capture, look)))
        if kinds or index % 3 == 2:
            continue
        rng = np.random.default_rng((901_000, index))
        severity = float(rng.uniform(0.2, 1))
        if index % 3:
            faulty = _inks_apart(rng, capture, severity)
            lit = tone.matched(faulty, face, usable_of(face))
            rows.append(row(["inks"], severity, values_of(run, face, lit, look)))
            continue
        edit = edits.recoloured(rng, face, severity, None)
        if (edit.mask > 0).mean() > LEAST_RECOLOURED:
            lit = tone.matched(capture, edit.picture, usable_of(edit.picture))
            values = values_of(run, edit.picture, lit, look)
            rows.append(row(["colour"], severity, values))
    return rows


def _inks_apart(rng: np.random.Generator, capture: np.ndarray, severity: float) -> np.ndarray:
    """A capture whose inks lie apart, in one of three all over, else in a box."""
    faulty = misregistered(rng, capture, severity)
    if rng.random() < WHOLE:
        return faulty
    height, width = capture.shape[:2]
    down, across = int(rng.uniform(0.22, 0.45) * height), int(rng.uniform(0.3, 0.6) * width)
    top, left = int(rng.integers(height - down)), int(rng.integers(width - across))
    out, box = capture.copy(), (slice(top, top + down), slice(left, left + across))
    out[box] = faulty[box]
    return out


def values_of(run, face: np.ndarray, capture: np.ndarray, look: SecondLook | None = None) -> dict[str, float]:
    """The measured value of each kind for a pair."""
    maps = maps_of(run, face, capture, usable_of(face), look)
    return {kind: value_of(kind, maps[kind]) for kind in KINDS}


def write_draws(
    folder: Path,
    pool,
    first: int,
    last: int,
    *,
    bench: bool = True,
    genuine: int = GENUINE_PER_ARTWORK,
    edited: int = EDITED_PER_ARTWORK,
) -> None:
    """Draw whole faces: eight genuine captures of every artwork and two edited ones.

    As at a lit bench to calibrate on; hurried ones (not `bench`) to train on as windows.
    """
    from models.training.pairs import draw_pair, draw_scene

    folder.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    for seed in range(first, last):
        rng = np.random.default_rng((900_000, seed))
        scene = draw_scene(rng, pool, bench=bench)
        for index in range(genuine + edited):
            pair = draw_pair(rng, pool, scene, share_edited=float(index >= genuine), bench=bench)
            np.savez(
                folder / f"{seed:05d}_{index:02d}.npz",
                face=pair.face,
                capture=pair.capture,
                targets=pair.targets,
                kinds=np.array(pair.kinds),
                severity=pair.severity,
            )


def manifest(
    name: str,
    folder: Path,
    knots: dict[str, list[list[float]]],
    measured: str,
    look: SecondLook | None,
    together: tuple[float, ...] = (),
) -> str:
    """The pack's manifest (TOML), with the hashes of its networks."""
    files = sorted(folder.glob("*.onnx"))  # encoder and comparer in int8, and their fp32 twins
    lines = [
        f"schema = {SCHEMA}",
        f'pack = "{name}"',
        f'title = "{TITLE}"',
        "face_px = 768",
        'licence = "Apache-2.0"',
        f'card = "models/cards/{name}.md"',
        "",
        "[files]",
        *(f'"{file.name}" = "{hashlib.sha256(file.read_bytes()).hexdigest()}"' for file in files),
        "",
        "[network]",
        'kind = "siamese"',
        'files = { encoder = "encoder.onnx", comparer = "comparer.onnx" }',
        'twins = { encoder = "encoder.fp32.onnx", comparer = "comparer.fp32.onnx" }',
        'light = "tone"',
        'kinds = ["structure", "print", "unusable"]',
        f"multiple_px = {export.Networks(folder).multiple_px}",
        "stride_px = 4",
        "",
        "[network.normalisation]",
        'order = "BGR"',
        "mean = [0.0, 0.0, 0.0]",
        "std = [1.0, 1.0, 1.0]",
        "",
    ]
    if look is not None:
        weights = ", ".join(f"{one:.4f}" for one in look.weights)
        lines += ["[second_look]", f"places = {look.places}", f"weights = [{weights}]", f"usual = {look.usual:.4f}", ""]
    for kind in KINDS:
        steps = ", ".join(f"[{value:.4f}, {score}]" for value, score in knots[kind])
        lines += [
            f"[judgement.{kind}]",
            f"window_cells = {WINDOW_CELLS[kind]}",
            f"top_cells = {TOP_CELLS[kind]}",
            f"knots = [{steps}]",
            *([f"together = {list(together)}"] if together and kind == "structure" else []),
            "",
        ]
    lines += [HOLOGRAM, "[thresholds]", "check = 0.5", "strong = 0.9", f'measured = "{measured}"', "", GATE]
    return "\n".join(lines)


def write_pack(
    folder: Path,
    rows: list[dict],
    name: str,
    look: SecondLook | None = None,
    surer: Callable[[float], tuple[float, ...]] | None = None,
    kept: Pack | None = None,
) -> dict[str, float]:
    """Calibrate the folder's network by what it measured (`measure`) and write folder/manifest.toml.

    `surer` tells what several captures add to a cell of structure, given the value at check (`together.surer_of`).
    `kept`: see `Scale.knots`.

    Returns:
        Shares of drawn genuine captures at or above 0.5 by kind and together, of edited ones together, and of genuine
        ones by thresholds that were fitted on other artworks ("left out").
    """
    knots = Scale.fitted(rows).knots(kept)
    genuine = genuine_of(rows)
    shares = {kind: share([told(row, knots, (kind,)) for row in genuine]) for kind in KINDS}
    shares["genuine"] = share([told(row, knots) for row in genuine])
    shares["edited"] = share([told(row, knots) for row in rows if row["kinds"]])
    shares["left out"] = share(left_out(rows, kept))
    by_kind = ", ".join(f"{kind} {shares[kind]:.4f}" for kind in KINDS)
    measured = (
        f"{len(genuine)} drawn genuine captures: {shares['genuine']:.4f} at or above check ({by_kind}); "
        f"{shares['left out']:.4f} with thresholds fitted on other artworks"
    )
    added = surer(at_check(knots["structure"])) if surer else ()
    text = manifest(name, folder, knots, measured, look, added)
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    (folder / MANIFEST).write_text(text + selftest.table(folder), encoding="utf-8")  # what it answers, for the doctor
    return shares


def told_by(row: dict, kind: str) -> bool:
    """Whether a drawn face was edited in this kind."""
    made, faults = set(row["kinds"]), set(FAULTS)
    by_kind = {"colour": made & {"colour"}, "print": made & faults, "inks": made & {"inks", "misregistered"}}
    return bool(by_kind.get(kind, made - {"colour", "inks"} - faults))
