"""Compare a capture with registered faces: locate -> register -> light -> embed -> difference.

Read `_measured` first: it is the story. "Cannot align" and "cannot see" are answers of their own (`score` None,
`retake` says why) and never a difference. What it is not: a verdict; it knows no parcel, and its score means nothing
without the pack's thresholds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models import difference, embed, fusion, light, locate, regions, tone
from models.difference import Place
from models.locate import Grey, View
from models.measurements import FaceDifference, FaceMatch, FaceMeasurement, FaceReference, Image, Rectangle
from models.prepared import PreparedFace, Shelf, Sketch, prepare, sketch
from models.register import Registration, register, to_capture

if TYPE_CHECKING:
    from models.pack import Pack, Tensor

__all__ = ["PreparedFace", "Shelf", "Sketch", "compare", "compare_together", "prepare", "recognise", "sketch"]

RATIOS = {"orb": 0.85, "sift": 0.8}  # Lowe's ratio test
ENOUGH = {"orb": locate.ORB_ENOUGH, "sift": locate.SIFT_ENOUGH}
CONFIRMED = 0.3  # share of the face's textured blocks that must be found on the warp (genuine captures: 0.39 and more)
AGREES = 0.5  # share of blocks on the warp from which no second kind of keypoint is asked
DARK = 18.0  # mean grey level of a capture in which nothing can be found
UNSHARP = 12.0  # variance of the Laplacian of a capture in which nothing can be found
JPEG_QUALITY = 88
HINTS = {
    "not_found": "retake.not_found",
    "blurred": "retake.blurred",
    "glare": "retake.glare",
    "too_small": "retake.too_small",
    "too_dark": "retake.too_dark",
    "not_flat": "retake.not_flat",
}

Cache = MutableMapping[FaceReference, PreparedFace]


def compare(
    frame: Image, references: Sequence[FaceReference | PreparedFace], pack: Pack, cache: Cache | None = None
) -> tuple[FaceMeasurement, ...]:
    """Compare one capture with each registered face, in the order given.

    Args:
        frame: uint8 H x W x 3 BGR, upright; not altered.
        references: registered faces, prepared or not.
        pack: the loaded model pack.
        cache: where prepared faces are looked for and kept, if given; it must belong to this pack.

    Raises:
        PictureRefused: a registered picture cannot be decoded.
    """
    view = View(frame)
    return tuple(_measured(view, _prepared(reference, pack, cache), pack) for reference in references)


def compare_together(
    frames: Sequence[Image], reference: FaceReference | PreparedFace, pack: Pack, cache: Cache | None = None
) -> FaceMeasurement:
    """Several captures of one face judged as one: their maps are averaged in the registered face's coordinates.

    Captures that cannot be compared are left out; when none can, the first one's retake is the answer. Pictures and
    places are told in the capture that lies best on the face.

    Raises:
        PictureRefused: the registered picture cannot be decoded.
        ValueError: there is no frame.
    """
    if not frames:
        raise ValueError("Captures to compare together must be at least one, got none.")
    prepared = _prepared(reference, pack, cache)
    seen = [_seen(View(frame), prepared, pack) for frame in frames]
    judged = [(placed, aligned) for placed, aligned in seen if aligned is not None]
    if not judged:
        return seen[0][0]
    best, on_face = max(judged, key=lambda one: one[1].registration.agreeing)
    with _timed(best.ms, "embed"):
        maps = fusion.mean([_maps(aligned, pack) for _, aligned in judged])
    return _judged(best, on_face, maps, pack)


def recognise(frame: Image, gallery: Sequence[Sketch], pack: Pack, most: int = 5) -> tuple[FaceMatch, ...]:
    """The registered faces that a capture looks like, best first; none when it looks like none.

    ORB against every face; where that convinces nowhere, SIFT against the `most` faces that shared most ORB matches:
    SIFT against every face would cost seconds on a capture of something that nobody registered. The likeliest are
    verified by registration: a shared logo is no likeness. `similarity` is the share of the face's textured blocks that
    were found again.
    """
    del pack  # an embedding shortlist will need it; geometry alone serves galleries of hundreds
    view = View(frame)
    candidates = tuple(gallery)
    for kind in ("orb", "sift"):
        found = [(one, location) for one in candidates if (location := _located(view, one, kind)) is not None]
        likeliest = sorted(found, key=lambda pair: -pair[1].inliers)[:most]
        matches = [_verified(view, one, location) for one, location in likeliest]
        kept = [match for match in matches if match.similarity >= CONFIRMED]
        if kept:
            return tuple(kept)
        candidates = _sharing_most(view, gallery, most)
    return ()


def _sharing_most(view: View, gallery: Sequence[Sketch], most: int) -> tuple[Sketch, ...]:
    """The faces that share most ORB matches with the capture, whether or not these agree on a place."""

    def shared(one: Sketch) -> int:
        return len(locate.matched(view.orb, one.orb, ratio=RATIOS["orb"]))

    return tuple(sorted(gallery, key=shared, reverse=True)[:most])


def _verified(view: View, prepared: Sketch, location: locate.Location) -> FaceMatch:
    registration = register(view.base[0], location.homography @ view.small[1], prepared.grey)
    return FaceMatch(prepared.key, location.inliers, 0.0 if registration is None else registration.confirmed)


def _prepared(reference: FaceReference | PreparedFace, pack: Pack, cache: Cache | None) -> PreparedFace:
    if isinstance(reference, PreparedFace):
        return reference
    if cache is None:
        return prepare(reference, pack)
    if reference not in cache:
        cache[reference] = prepare(reference, pack)
    return cache[reference]


# --- The story of one comparison --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Aligned:
    """A capture that lies on its face, before it is judged."""

    prepared: PreparedFace
    registration: Registration
    inliers: int
    capture_glare: Grey
    usable: Grey
    shown: Image  # the aligned capture in the registered face's light


def _measured(view: View, prepared: PreparedFace, pack: Pack) -> FaceMeasurement:
    placed, aligned = _seen(view, prepared, pack)
    if aligned is None:
        return placed
    with _timed(placed.ms, "embed"):
        maps = _maps(aligned, pack)
    return _judged(placed, aligned, maps, pack)


def _seen(view: View, prepared: PreparedFace, pack: Pack) -> tuple[FaceMeasurement, _Aligned | None]:
    """The measurement with the alignment told, and the aligned capture; None with a retake where none can be judged."""
    ms: dict[str, float] = {}
    blank = FaceMeasurement(
        key=prepared.key,
        aligned=False,
        score=None,
        threshold_check=pack.threshold_check,
        threshold_strong=pack.threshold_strong,
        pack=pack.name,
        ms=ms,
    )
    aligned, inliers = _aligned(view, prepared, ms)
    if aligned is None:
        return _retake(replace(blank, inliers=inliers), _why_not_found(view)), None
    placed = _placed(blank, aligned)
    retake = _gate(aligned, pack)
    if retake:
        return _retake(replace(placed, face_picture=_jpeg(aligned.registration.aligned)), retake), None
    return placed, aligned


def _judged(placed: FaceMeasurement, aligned: _Aligned, maps: dict[str, Tensor], pack: Pack) -> FaceMeasurement:
    """The measurement with its differences, score and pictures."""
    ms = placed.ms
    with _timed(ms, "difference"):
        found = _differences(aligned, maps, pack)
        score = max((one.score for one in found), default=0.0)
    with _timed(ms, "pictures"):
        face_picture = _jpeg(aligned.registration.aligned)
        heat_picture = _jpeg(_heat(aligned, maps, found, pack))
    return replace(placed, score=score, differences=found, face_picture=face_picture, heat_picture=heat_picture)


def _aligned(view: View, prepared: PreparedFace, ms: dict[str, float]) -> tuple[_Aligned | None, int]:
    """ORB first; SIFT only where ORB found nothing that the blocks confirm."""
    best: Registration | None = None
    inliers = 0
    for kind in ("orb", "sift"):
        with _timed(ms, "locate"):
            found = _located(view, prepared, kind)
        if found is None:
            continue
        with _timed(ms, "register"):
            registration = register(view.base[0], found.homography @ view.small[1], prepared.grey)
        if registration is None or registration.confirmed < CONFIRMED:
            continue  # a shared logo or a common grid, not this face
        if best is None or registration.agreeing > best.agreeing:
            whole = registration.homography @ view.base[1]
            best, inliers = replace(registration, homography=whole), found.inliers
        if best is not None and best.agreeing >= AGREES:
            break
    if best is None:
        return None, inliers
    with _timed(ms, "light"):
        burnt = light.glare(best.aligned)
        usable = light.usable_mask(best.inside, burnt, prepared.glare, prepared.wanted)
        shown = light.compensated(best.aligned, prepared.face, usable)
        usable[light.spoilt_mask(shown, prepared.face, burnt, prepared.glare) > 0] = 0
    return _Aligned(prepared, best, inliers, burnt, usable, shown), inliers


def _located(view: View, prepared: Sketch, kind: str) -> locate.Location | None:
    capture, face = (view.orb, prepared.orb) if kind == "orb" else (view.sift, prepared.sift)
    found = locate.homography_of(capture, face, prepared.size, ratio=RATIOS[kind])
    return found if found is not None and found.inliers >= ENOUGH[kind] else None


def _why_not_found(view: View) -> str:
    """The likeliest reason why no registered face was found: the picture itself, or simply another face."""
    grey = view.small[0]
    if float(grey.mean()) < DARK:
        return "too_dark"
    if float(cv2.Laplacian(grey, cv2.CV_32F).var()) < UNSHARP:
        return "blurred"
    return "not_found"


def _gate(aligned: _Aligned, pack: Pack) -> str:
    """Why an aligned capture cannot be judged, or "". In the order in which a retake would help most."""
    gate, registration, prepared = pack.gate, aligned.registration, aligned.prepared
    wanted = prepared.wanted > 0
    outline = _in_capture(aligned, (0, 0, *prepared.size))
    known = light.detail(prepared.face, aligned.usable)
    shown = light.detail(aligned.shown, aligned.usable)
    brightness = float(cv2.cvtColor(registration.aligned, cv2.COLOR_BGR2GRAY).mean())
    reasons = {
        "not_flat": registration.agreeing < gate.least_agreeing,
        "too_small": max(outline[2:]) < gate.least_face_px,
        "too_dark": brightness < gate.least_brightness,
        "not_found": float((registration.inside[wanted] > 0).mean()) < gate.least_usable,
        "glare": float((aligned.capture_glare[wanted] > 0).mean()) > gate.most_glare
        or float((aligned.usable[wanted] > 0).mean()) < gate.least_usable,
        "blurred": shown < gate.least_detail * known,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _retake(measurement: FaceMeasurement, reason: str) -> FaceMeasurement:
    return replace(measurement, retake=reason, hint=HINTS[reason])


# --- Judging an aligned capture ---------------------------------------------------------------------------------------


def _maps(aligned: _Aligned, pack: Pack) -> dict[str, Tensor]:
    """The pack's maps by kind (rows x columns, nan where nothing can be judged), each in the unit of its judgement."""
    prepared, network = aligned.prepared, pack.network
    capture = aligned.shown if network.light == "registered" else aligned.registration.aligned
    if network.light == "tone":
        capture = tone.matched(capture, prepared.face, aligned.usable)
    if pack.distance is not None and prepared.features is not None:
        features = difference.centred(embed.features(capture, network), pack.distance.local_mean_cells)
        usable = difference.usable_cells(aligned.usable, (features.shape[0], features.shape[1]))
        window = pack.judgements["any"].window_cells
        maps = {"any": difference.feature_distance(features, prepared.features, usable, pack.distance, window)}
        if "colour" in pack.judgements:
            window = pack.judgements["colour"].window_cells
            colours = difference.colour_cells(aligned.registration.aligned, capture, usable)
            maps["colour"] = difference.colour_distance(capture, prepared.face, colours, window)
    else:
        answers = embed.siamese_maps(capture, prepared.face, aligned.usable, network)
        shape = next(iter(answers.values())).shape
        usable = difference.usable_cells(aligned.usable, (shape[0], shape[1]))
        unusable = answers.pop("unusable", None)
        if unusable is not None:
            usable &= unusable < difference.UNUSABLE
        maps = {
            kind: difference.windowed(values, usable, pack.judgements[kind].window_cells)
            for kind, values in answers.items()
        }
        if "colour" in pack.judgements and "colour" not in maps:
            window = pack.judgements["colour"].window_cells
            maps["colour"] = difference.colour_distance(capture, prepared.face, usable, window)
    return {kind: difference.in_background(values, pack.judgements[kind]) for kind, values in maps.items()}


def _differences(aligned: _Aligned, maps: dict[str, Tensor], pack: Pack) -> tuple[FaceDifference, ...]:
    """Peaks of the maps and the marked regions' own checks, best first."""
    prepared = aligned.prepared
    places = [
        place
        for kind, values in maps.items()
        for place in difference.places(kind, values, pack.judgements[kind], pack.network.stride_px)
    ]
    found = [_at_place(aligned, place, pack) for place in places]
    for place in prepared.regions:
        if place.region.kind == "hologram":
            everywhere = cv2.erode(aligned.registration.inside, np.ones((9, 9), np.uint8))
            everywhere[aligned.capture_glare > 0] = 0
            absence = regions.hologram_absence(
                aligned.shown, prepared.face, np.asarray(everywhere, np.uint8), place.box
            )
            judgement = pack.judgements.get("hologram")
            if absence is not None and judgement is not None:
                score = judgement.score(absence)
                found.append(_difference(aligned, Place("hologram", score, place.box), place.name))
    return tuple(sorted(found, key=lambda one: -one.score))


def _at_place(aligned: _Aligned, place: Place, pack: Pack) -> FaceDifference:
    prepared = aligned.prepared
    held = regions.region_of(place.box, prepared.regions)
    one = _difference(aligned, place, held.name if held else "")
    if held is None or prepared.px_per_mm is None or place.score < pack.threshold_check:
        return one
    moved = regions.moved_mm(aligned.shown, prepared.face, held.box, prepared.px_per_mm)
    return one if moved is None else replace(one, offset_mm=round(moved[0], 2))


def _difference(aligned: _Aligned, place: Place, region: str) -> FaceDifference:
    return FaceDifference(
        kind=place.kind,
        score=place.score,
        box=_in_registered(aligned.prepared, place.box),
        capture_box=_in_capture(aligned, place.box),
        region=region,
    )


# --- Where things lie, and pictures of them ---------------------------------------------------------------------------


def _corners(box: Rectangle) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    x, y, w, h = box
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], np.float64) - 0.5


def _bounds(points: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Rectangle:
    left, top = np.floor(points.min(axis=0) + 0.5).astype(int)
    right, bottom = np.ceil(points.max(axis=0) + 0.5).astype(int)
    return int(left), int(top), int(right - left), int(bottom - top)


def _in_registered(prepared: PreparedFace, box: Rectangle) -> Rectangle:
    matrix = prepared.native
    return _bounds(_corners(box) * [matrix[0, 0], matrix[1, 1]] + [matrix[0, 2], matrix[1, 2]])


def _in_capture(aligned: _Aligned, box: Rectangle) -> Rectangle:
    registration = aligned.registration
    return _bounds(to_capture(registration.homography, registration.warp, _corners(box)))


def _placed(measurement: FaceMeasurement, aligned: _Aligned) -> FaceMeasurement:
    """The measurement with the alignment told: one homography that stands for the whole warp."""
    registration, (width, height) = aligned.registration, aligned.prepared.size
    x, y = np.meshgrid(np.linspace(0, width - 1, 9), np.linspace(0, height - 1, 9))
    face = np.column_stack([x.ravel(), y.ravel()])
    capture = to_capture(registration.homography, registration.warp, face)
    matrix, _ = cv2.findHomography(capture, face, 0)
    whole = aligned.prepared.native @ (registration.homography if matrix is None else matrix)
    return replace(
        measurement,
        aligned=True,
        inliers=aligned.inliers,
        residual_px=round(registration.residual_px, 3),
        homography=tuple(float(value) for value in (whole / whole[2, 2]).ravel()),
    )


def _heat(aligned: _Aligned, maps: dict[str, Tensor], found: Sequence[FaceDifference], pack: Pack) -> Image:
    """The aligned capture with scored places in a warm glow and boxes where the check threshold is passed."""
    picture = aligned.registration.aligned
    height, width = picture.shape[:2]
    glow = np.zeros((height, width), np.float32)
    for kind, values in maps.items():
        scores = pack.judgements[kind].scores(values)
        np.maximum(glow, cv2.resize(scores, (width, height), interpolation=cv2.INTER_LINEAR), out=glow)
    strength = (np.clip(glow, 0, 1) * 0.6)[:, :, None]
    heat = (picture * (1 - strength) + np.array([40, 60, 255], np.float32) * strength).astype(np.uint8)
    back = np.linalg.inv(aligned.prepared.native)
    for one in found:
        if one.score >= pack.threshold_check:
            box = _bounds(_corners(one.box) * [back[0, 0], back[1, 1]] + [back[0, 2], back[1, 2]])
            cv2.rectangle(heat, box, (255, 0, 255), 3)
    return np.asarray(heat, np.uint8)


def _jpeg(image: Image) -> bytes:
    _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return encoded.tobytes()


@contextmanager
def _timed(ms: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    ms[stage] = round(ms.get(stage, 0.0) + (time.perf_counter() - start) * 1e3, 3)
