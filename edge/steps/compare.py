"""Compare: a capture against the registered faces of the items it shows. Measured in a worker, judged elsewhere.

Captures of one face are judged together: each leaves layers (maps, no picture) that a later one is measured with. They
live in memory while their inspection is open; without them, as after a restart, a capture is judged by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from edge.captures import Box, Capture, Evidence
from edge.checks.region import codes_of
from edge.checks.system import gave_up
from edge.comparison import CaptureAdvice, Difference, FaceComparison, Recognition, RegionReading, Retake
from edge.errors import EvidenceError
from edge.gallery import Shortlist
from edge.identity import Identity
from edge.inspection import Seen, SystemFault
from edge.lookup import LookupResult, RegisteredFace
from edge.policy import FacePolicy
from models.errors import ModelsError
from models.measurements import FaceMeasurement, FaceReference, MarkedRegion, Rectangle, RegionMeasurement
from models.worker import OpenFrame

Keep = Callable[[bytes, str], str]
Among = Callable[[], Shortlist]  # the registered faces that the capture may show
PictureOf = Callable[[str], bytes]  # SHA-256 of a registered face -> its encoded picture


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison adds to what was seen, and the layers it leaves for later captures, by name."""

    seen: Seen
    layers: Mapping[str, bytes] = field(default_factory=dict)


def wanted(capture: Capture, seen: Seen, lookup: LookupResult, most: int) -> tuple[RegisteredFace, ...]:
    """The registered faces that this capture has not met yet, at most `most` for each item.

    A capture that shows an item's symbol is compared with that item's faces only; one without symbols with all.
    """
    if gave_up(seen, capture.sha256):
        return ()
    source = f"capture:{capture.sha256}"
    items = [found for found in lookup.items if source in found.item.sources] or list(lookup.items)
    met = {c.face_id for c in seen.comparisons if c.capture == capture.sha256}
    faces = {face.face_id: face for found in items for face in found.faces[:most]}
    return tuple(face for face_id, face in faces.items() if face_id not in met)


def compare(
    capture: Capture,
    faces: Sequence[RegisteredFace],
    frame: OpenFrame,
    picture_of: PictureOf,
    keep: Keep,
    *,
    layers: Mapping[str, bytes],
    policy: FacePolicy,
) -> Compared:
    """One capture against `faces`, together with the earlier captures that left `layers`.

    A region's own picture is kept only where `policy` finds something in it.

    What the box cannot do is a system fault; a poor picture asks for a retake.
    """
    comparable = [face for face in faces if face.flat]
    not_flat = tuple(_not_flat(face, capture) for face in faces if not face.flat)
    earlier = [_of_face(face, layers) for face in comparable]
    try:
        references = [_reference(face, picture_of) for face in comparable]
        measured = frame.compare(references, [tuple(mine.values()) for mine in earlier]) if comparable else ()
    except ModelsError as failed:
        fault = SystemFault("compare_" + failed.code, failed.message, capture.sha256)
        return Compared(Seen(comparisons=not_flat, faults=(fault,)))
    comparisons, faults = list(not_flat), []
    for face, measurement, before in zip(comparable, measured, earlier, strict=True):
        try:
            pictures = _pictures(measurement, face, capture, keep)
            regions = tuple(_region(one, capture, policy, keep) for one in measurement.regions)
        except EvidenceError as error:
            pictures = ()
            regions = tuple(region_of(one) for one in measurement.regions)
            faults.append(SystemFault(error.code, error.message, capture.sha256))
        together = tuple(before) if measurement.together > 1 else ()
        comparisons.append(
            replace(_comparison(measurement, face, capture, pictures), together=together, regions=regions)
        )
    left = {_name(face, capture.sha256): one.layer for face, one in zip(comparable, measured, strict=True) if one.layer}
    return Compared(Seen(comparisons=tuple(comparisons), faults=tuple(faults)), left)


def of_the_same_item(capture: Capture, identity: Identity, layers: Mapping[str, bytes]) -> dict[str, bytes]:
    """The layers that may be judged together with `capture`: not those of captures that show another item only."""
    source = f"capture:{capture.sha256}"
    mine = {one for item in identity.items if source in item.sources for one in item.sources}
    others = {one for item in identity.items for one in item.sources} - mine if mine else set()
    return {name: data for name, data in layers.items() if f"capture:{_capture_of(name)}" not in others}


def _name(face: RegisteredFace, capture: str) -> str:
    return f"{face.face_id}:{capture}"


def _capture_of(name: str) -> str:
    return name.partition(":")[2]


def _of_face(face: RegisteredFace, layers: Mapping[str, bytes]) -> dict[str, bytes]:
    """The layers of one face by capture."""
    return {_capture_of(name): data for name, data in layers.items() if name == _name(face, _capture_of(name))}


def shows_nothing_expected(capture: Capture, seen: Seen) -> bool:
    """Whether no registered face of an identified item was found in the capture, though the picture would allow it."""
    mine = [comparison for comparison in seen.comparisons if comparison.capture == capture.sha256]
    return all(not c.aligned and c.retake in (Retake.NOT_FOUND, None) for c in mine)


def recognise(capture: Capture, among: Among, frame: OpenFrame, picture_of: PictureOf) -> Seen:
    """Which registered faces the capture looks like, whatever its codes say; a gallery not asked in full is told."""
    try:
        shortlist = among()
        by_id = {face.face_id: face for face in shortlist.faces}
        matches = frame.recognise([_reference(face, picture_of) for face in by_id.values()])
    except ModelsError as failed:
        return Seen(faults=(SystemFault("recognise_" + failed.code, failed.message, capture.sha256),))
    return Seen(
        recognitions=tuple(
            Recognition(
                by_id[int(match.key)].gtin, int(match.key), capture.sha256, match.inliers, round(match.similarity, 3)
            )
            for match in matches
        ),
        faults=(_undescribed(shortlist, capture),) if shortlist.undescribed else (),
    )


def _undescribed(shortlist: Shortlist, capture: Capture) -> SystemFault:
    told = f"{shortlist.undescribed} of {shortlist.total} registered faces are not described yet"
    return SystemFault("recognise_gallery", told, capture.sha256)


def _reference(face: RegisteredFace, picture_of: PictureOf) -> FaceReference:
    regions = tuple(MarkedRegion(r.kind, r.x_mm, r.y_mm, r.w_mm, r.h_mm, r.text) for r in face.regions)
    return FaceReference(str(face.face_id), picture_of(face.sha256), face.width_mm, face.height_mm, regions)


def _pictures(measured: FaceMeasurement, face: RegisteredFace, capture: Capture, keep: Keep) -> tuple[Evidence, ...]:
    if not measured.aligned:
        return ()
    kept = [
        Evidence(keep(data, "image/jpeg"), "image/jpeg", role, capture.sha256)
        for data, role in ((measured.face_picture, "face"), (measured.heat_picture, "heat"))
        if data
    ]
    return (*kept, Evidence(face.sha256, "image/*", "registered"))


def region_of(measured: RegionMeasurement) -> RegionReading:
    """The noun of the edge, without its picture."""
    return RegionReading(
        kind=measured.kind,
        text=measured.text,
        capture_box=_box(measured.capture_box),
        seen=measured.seen,
        offset_mm=measured.offset_mm,
        size=measured.size,
        gain=measured.gain,
        absence=measured.absence,
        change=measured.change,
        needed_mm_per_px=measured.needed_mm_per_px,
        contrast=measured.contrast,
        likeness=measured.likeness,
        corners=measured.corners,
    )


def _region(measured: RegionMeasurement, capture: Capture, policy: FacePolicy, keep: Keep) -> RegionReading:
    reading = region_of(measured)
    if not codes_of(reading, policy):
        return reading
    kept = Evidence(keep(measured.picture, "image/jpeg"), "image/jpeg", "region", capture.sha256, reading.capture_box)
    return replace(reading, picture=kept)


def _comparison(
    measured: FaceMeasurement, face: RegisteredFace, capture: Capture, pictures: tuple[Evidence, ...]
) -> FaceComparison:
    return FaceComparison(
        gtin=face.gtin,
        face_id=face.face_id,
        capture=capture.sha256,
        aligned=measured.aligned,
        score=measured.score,
        threshold_check=measured.threshold_check,
        threshold_strong=measured.threshold_strong,
        differences=tuple(
            Difference(
                d.kind, d.score, _box(d.box), _box(d.capture_box) if d.capture_box else None, d.region, d.offset_mm
            )
            for d in measured.differences
        ),
        retake=Retake(measured.retake) if measured.retake else None,
        hint=measured.hint,
        pack=measured.pack,
        inliers=measured.inliers,
        residual_px=measured.residual_px,
        pictures=pictures,
        advice=tuple(
            CaptureAdvice(a.code, a.region, a.edge, a.measured, a.needed, _box(a.box) if a.box else None)
            for a in measured.advice
        ),
        mm_per_px=measured.mm_per_px,
        tilt_deg=measured.tilt_deg,
    )


def _not_flat(face: RegisteredFace, capture: Capture) -> FaceComparison:
    return FaceComparison(
        gtin=face.gtin,
        face_id=face.face_id,
        capture=capture.sha256,
        aligned=False,
        score=None,
        threshold_check=0.0,
        threshold_strong=0.0,
        retake=Retake.NOT_FLAT,
    )


def _box(rectangle: Rectangle) -> Box:
    return Box(*rectangle)
