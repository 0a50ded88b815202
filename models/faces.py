"""Compare a capture with registered faces: locate -> register -> light -> embed -> fuse -> difference.

Read `_measured` first: it is the story. "Cannot align" and "cannot see" are answers of their own (`score` None,
`retake` says why) and never a difference. Captures of one face are judged together, as maps: each leaves a layer that
the next one is given. What it is not: a verdict; it knows no parcel, and its score means nothing without the pack's
thresholds.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from models import (
    advice,
    difference,
    embed,
    fusion,
    heat,
    hologram,
    inks,
    judged,
    monochrome,
    regions,
    second_look,
    stuck_on,
    tone,
    unusable,
)
from models.aligned import (
    CONFIRMED,
    RATIOS,
    Aligned,
    aligned,
    corners_in_capture,
    gate,
    in_capture,
    in_registered,
    located,
    single_homography,
    timed,
    why_not_found,
)
from models.difference import Place
from models.fusion import Layer
from models.locate import Location, View, matched
from models.measurements import (
    CaptureAdvice,
    FaceDifference,
    FaceMatch,
    FaceMeasurement,
    FaceReference,
    Image,
    RegionMeasurement,
)
from models.placed import PlacedRegion, region_of
from models.prepared import PreparedFace, Shelf, Sketch, prepare, sketch
from models.regions import Reading
from models.register import register

if TYPE_CHECKING:
    from models.measurements import Tensor
    from models.pack import Pack

__all__ = [
    "PreparedFace",
    "Shelf",
    "Sketch",
    "compare",
    "compare_together",
    "likeliest",
    "prepare",
    "recognise",
    "sketch",
]

HINTS = {
    "not_found": "retake.not_found",
    "blurred": "retake.blurred",
    "glare": "retake.glare",
    "too_small": "retake.too_small",
    "too_dark": "retake.too_dark",
    "too_bright": "retake.too_bright",
    "not_flat": "retake.not_flat",
}

SUSPECT = 0.15  # score of structure: what several captures together may raise to a doubt, and below it none is seen
TOLD_AS = {"inks": "print"}  # a map of its own, and to the officer a matter of print

Cache = MutableMapping[FaceReference, PreparedFace]


def compare(
    capture: Image | View,
    references: Sequence[FaceReference | PreparedFace],
    pack: Pack,
    cache: Cache | None = None,
    earlier: Sequence[Sequence[bytes]] = (),
) -> tuple[FaceMeasurement, ...]:
    """Compare one capture with each registered face, in the order given.

    Args:
        capture: uint8 H x W x 3 BGR, upright, not altered; or a view of it, with what was found in it before.
        references: registered faces, prepared or not.
        pack: the loaded model pack.
        cache: where prepared faces are looked for and kept, if given; it must belong to this pack.
        earlier: for each reference the layers of earlier captures, with which this one is judged together; or nothing.

    Raises:
        PictureRefused: a registered picture cannot be decoded.
        ValueError: an earlier layer is none.
    """
    view = _view(capture)
    layers = earlier or [()] * len(references)
    return tuple(
        _measured(view, _prepared(reference, pack, cache), pack, before)
        for reference, before in zip(references, layers, strict=True)
    )


def compare_together(
    frames: Sequence[Image], reference: FaceReference | PreparedFace, pack: Pack, cache: Cache | None = None
) -> FaceMeasurement:
    """Several captures of one face, one after the other as the bench meets them; the answer rests on all of them.

    Captures that cannot be compared are left out; when none can, the first one's retake is the answer. Pictures and
    places in the capture are those of the last one that can.

    Raises:
        PictureRefused: the registered picture cannot be decoded.
        ValueError: there is no frame.
    """
    if not frames:
        raise ValueError("Captures to compare together must be at least one, got none.")
    prepared = _prepared(reference, pack, cache)
    layers: list[bytes] = []
    answers: list[FaceMeasurement] = []
    for frame in frames:
        answers += compare(frame, [prepared], pack, earlier=[layers])
        if answers[-1].layer:
            layers.append(answers[-1].layer)
    return next((one for one in reversed(answers) if one.score is not None), answers[0])


def recognise(capture: Image | View, gallery: Sequence[Sketch], pack: Pack, most: int = 5) -> tuple[FaceMatch, ...]:
    """The registered faces that a capture looks like, best first; none when it looks like none.

    ORB against every face; where that convinces nowhere, SIFT against the first `most` of the gallery, which a search
    puts in order, and the `most` likeliest: a homography to every face would cost seconds on a capture of something
    that nobody registered. They are verified by registration: a shared logo is no likeness. `similarity` is the share
    of the face's textured blocks that were found again.
    """
    del pack  # geometry needs none; among more faces than can be verified `models.signature` finds the likeliest
    view = _view(capture)
    candidates = tuple(gallery)
    for kind in ("orb", "sift"):
        found = [(one, location) for one in candidates if (location := located(view, one, kind)) is not None]
        nearest = sorted(found, key=lambda pair: -pair[1].inliers)[:most]
        matches = [_verified(view, one, location) for one, location in nearest]
        kept = [match for match in matches if match.similarity >= CONFIRMED]
        if kept:
            return tuple(kept)
        if kind == "orb":
            candidates = tuple(dict.fromkeys((*gallery[:most], *likeliest(view, gallery, most))))
    return ()


def _view(capture: Image | View) -> View:
    return capture if isinstance(capture, View) else View(capture)


def likeliest(view: View, gallery: Sequence[Sketch], most: int) -> tuple[Sketch, ...]:
    """The faces that share most SIFT matches in colours with the capture, best first, wherever these lie.

    An order and no claim: of goods that stand askew it names the right one more often than a homography can confirm it,
    and it names a sibling with the same logo where the right one is not registered.
    """
    shared = {one: len(matched(view.colours, one.colours, ratio=RATIOS["colours"])) for one in gallery}
    return tuple(sorted(gallery, key=lambda one: -shared[one])[:most])


def _verified(view: View, prepared: Sketch, location: Location) -> FaceMatch:
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


def _measured(view: View, prepared: PreparedFace, pack: Pack, earlier: Sequence[bytes]) -> FaceMeasurement:
    if monochrome.colourless(view.base[0]):
        prepared = prepared.in_grey
    placed, laid = _seen(view, prepared, pack)
    if laid is None:
        return placed
    with timed(placed.ms, "embed"):
        maps = _maps(laid, pack)
    with timed(placed.ms, "difference"):
        laid = _without_stickers(laid, maps, pack)
    with timed(placed.ms, "regions"):
        readings = regions.readings(laid, view)
    mine = Layer(prepared.key, pack.name, maps, readings)
    layers = fusion.judged_together(mine, earlier)
    return replace(_judged(placed, laid, layers, pack), layer=fusion.packed(mine), together=len(layers))


def _seen(view: View, prepared: PreparedFace, pack: Pack) -> tuple[FaceMeasurement, Aligned | None]:
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
    laid, inliers = aligned(view, prepared, ms)
    if laid is None:
        return _retake(replace(blank, inliers=inliers), why_not_found(view, prepared)), None
    scale = laid.scale
    placed = replace(
        blank,
        aligned=True,
        inliers=inliers,
        residual_px=round(laid.registration.residual_px, 3),
        homography=tuple(float(value) for value in single_homography(laid).ravel()),
        mm_per_px=None if scale.mm_per_px is None else round(scale.mm_per_px, 4),
        tilt_deg=round(scale.tilt_deg, 1),
        bend_px=round(scale.bend_px, 2),
        advice=advice.of_face(laid),
    )
    retake = gate(laid, pack)
    if retake:
        help_ = advice.over_face(laid) if retake == "glare" else placed.advice
        shown = replace(placed, face_picture=heat.jpeg(laid.registration.aligned), advice=help_)
        return _retake(shown, retake), None
    return placed, laid


def _judged(placed: FaceMeasurement, laid: Aligned, layers: Sequence[Layer], pack: Pack) -> FaceMeasurement:
    """The measurement with its differences, score and pictures, from the layers of all captures."""
    with timed(placed.ms, "difference"):
        maps = fusion.fused([layer.maps for layer in layers], pack.judgements)
        found = _differences(laid, maps, layers, pack)
        score = max((one.score for one in found), default=0.0)
        read = _read(laid, layers)
        known = judged.judged(maps, laid.prepared, pack)
        helps = advice.of_regions(laid, [(place, one) for place, one, _ in read], known)
        grey = () if "colour" in maps or "colour" not in pack.judgements else (CaptureAdvice("colourless"),)
        wanted = (*placed.advice, *advice.of_stuck_on(laid, known), *advice.of_judged(laid, known), *helps, *grey)
    with timed(placed.ms, "pictures"):
        face_picture = heat.jpeg(laid.registration.aligned)
        heat_picture = heat.heat(laid, maps, found, pack)
        shown = _regions(laid, read)
    return replace(
        placed,
        score=score,
        differences=found,
        regions=shown,
        advice=wanted,
        face_picture=face_picture,
        heat_picture=heat_picture,
    )


def _retake(measurement: FaceMeasurement, reason: str) -> FaceMeasurement:
    return replace(measurement, retake=reason, hint=HINTS[reason])


# --- Judging an aligned capture ---------------------------------------------------------------------------------------


def _maps(laid: Aligned, pack: Pack) -> dict[str, Tensor]:
    """The pack's maps by kind (rows x columns, nan where nothing can be judged), each in the unit of its judgement."""
    prepared, network = laid.prepared, pack.network
    capture = laid.shown if network.light == "registered" else laid.registration.aligned
    if network.light == "tone":
        capture = tone.matched(capture, prepared.face, laid.usable)
    answers = embed.maps(prepared.features, capture, network)
    shape = next(iter(answers.values())).shape
    usable = difference.usable_cells(laid.usable, (shape[0], shape[1]))
    told = answers.pop("unusable", None)
    seen = surely = usable
    if told is not None:
        seen, surely = usable & (told < unusable.UNUSABLE), usable & (told < difference.UNSURE)
        usable = usable & ~unusable.completed(told, prepared.face, capture)
    maps = {
        kind: difference.windowed(values, usable, pack.judgements[kind].window_cells)
        for kind, values in answers.items()
    }
    if pack.second_look is not None:
        maps["structure"] = second_look.looked_again(
            pack.second_look, maps["structure"], usable, prepared.face, capture
        )
    if "structure" in maps:
        unseen = pack.judgements["structure"].scores(maps["structure"]) < SUSPECT
        maps["structure"][unusable.on_plain(prepared.face, capture, (shape[0], shape[1])) & unseen] = np.nan
    if not prepared.coloured:  # what tells colours apart tells nothing
        return {kind: values for kind, values in maps.items() if kind != "colour"}
    if "colour" in pack.judgements and "colour" not in maps:
        window = pack.judgements["colour"].window_cells
        maps["colour"] = difference.colour_distance(capture, prepared.face, surely, window)
    if "inks" in pack.judgements:
        maps["inks"] = inks.apart(capture, prepared.face, seen, pack.judgements["inks"].window_cells)
    return maps


def _without_stickers(laid: Aligned, maps: dict[str, Tensor], pack: Pack) -> Aligned:
    """The aligned capture with what seems to be stuck over it known; the maps lose (nan) what lies under it."""
    if "structure" not in maps:
        return laid
    places = difference.places("structure", maps["structure"], pack.judgements["structure"], pack.network.stride_px)
    suspects = [place.box for place in places if place.score >= SUSPECT]
    found = stuck_on.stuck_on(laid.shown, laid.prepared.face, laid.registration.inside, suspects)
    if not found.any():
        return laid
    for values in maps.values():
        values[~difference.usable_cells(255 - found, (values.shape[0], values.shape[1]))] = np.nan
    return replace(laid, stuck_on=found, clear=np.where(found > 0, 0, laid.clear).astype(np.uint8))


def _differences(
    laid: Aligned, maps: dict[str, Tensor], layers: Sequence[Layer], pack: Pack
) -> tuple[FaceDifference, ...]:
    """Peaks of the maps and the marked regions' own checks, best first."""
    places = [
        place
        for kind, values in maps.items()
        for place in difference.places(TOLD_AS.get(kind, kind), values, pack.judgements[kind], pack.network.stride_px)
    ]
    read = _read(laid, layers)
    found = [_at_place(laid, place, read) for place in places]
    judgement = pack.judgements.get("hologram")
    if judgement is not None:
        found += [
            _difference(laid, Place("hologram", judgement.score(one.absence), place.box), place.name)
            for place, one, _ in read
            if place.region.kind == "hologram" and one.absence is not None
        ]
    return tuple(sorted(found, key=lambda one: -one.score))


_Read = tuple[PlacedRegion, Reading, float | None]


def _read(laid: Aligned, layers: Sequence[Layer]) -> list[_Read]:
    """Each marked region that is checked by itself, its readings by all captures as one, and a hologram's change."""
    shots: dict[int, list[Reading]] = {}
    for layer in layers:
        for one in layer.readings:
            shots.setdefault(one.index, []).append(one)
    return [
        (
            laid.prepared.regions[index],
            regions.joined(mine),
            hologram.change([one.colours for one in mine if one.colours]),
        )
        for index, mine in shots.items()
    ]


def _regions(laid: Aligned, read: Sequence[_Read]) -> tuple[RegionMeasurement, ...]:
    return tuple(
        RegionMeasurement(
            kind=place.region.kind,
            text=place.region.text,
            box=in_registered(laid.prepared, place.box),
            capture_box=in_capture(laid, place.box),
            corners=corners_in_capture(laid, place.box),
            seen=round(one.seen, 3),
            offset_mm=_rounded(one.offset_mm),
            size=_rounded(one.size),
            gain=_rounded(one.gain),
            absence=_rounded(one.absence),
            change=_rounded(change),
            needed_mm_per_px=_rounded(one.needed_mm_per_px),
            contrast=_rounded(one.contrast),
            likeness=_rounded(one.print_likeness),
            picture=heat.pair(laid.prepared.face, laid.shown, place.box),
        )
        for place, one, change in read
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _at_place(laid: Aligned, place: Place, read: Sequence[_Read]) -> FaceDifference:
    """A peak of the maps, with the offset of the marked region that holds it, where that one lies elsewhere."""
    held = region_of(place.box, laid.prepared.regions)
    one = _difference(laid, place, held.name if held else "")
    mine = next((reading for region, reading, _ in read if region is held), None)
    return replace(one, offset_mm=_rounded(mine.offset_mm)) if mine is not None and mine.gain else one


def _difference(laid: Aligned, place: Place, region: str) -> FaceDifference:
    return FaceDifference(
        kind=place.kind,
        score=place.score,
        box=in_registered(laid.prepared, place.box),
        capture_box=in_capture(laid, place.box),
        region=region,
    )
