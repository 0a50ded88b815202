"""Takes the demo's photographs: prints the item, lays it on the bench and recaptures it (models/drawn)."""

from __future__ import annotations

import cv2
import numpy as np

from edge.ports import Frame
from models.drawn.conditions import Conditions
from models.drawn.recapture import recapture
from provisioning.demo.desk import desk
from provisioning.demo.faces import printed
from provisioning.demo.parcels import Parcel, Shot
from provisioning.demo.products import BY_KEY

LONG_SIDE_PX = 1680  # read whole at the first look; from 1700 px a picture is halved first, which a label does not bear
_LONG = 1.2  # width over height from which a face lies above its label, not beside it


def photographs(parcel: Parcel, seed: int) -> tuple[Frame, ...]:
    """The JPEG files of a parcel. The same arguments give the same bytes on the same machine."""
    return tuple(
        Frame(photograph(shot, np.random.default_rng([seed, order, *parcel.name.encode()]), seed), "image/jpeg", "demo")
        for order, shot in enumerate(parcel.shots)
    )


def photograph(shot: Shot, rng: np.random.Generator, seed: int) -> bytes:
    """One photograph as a JPEG file."""
    face = printed(BY_KEY[shot.product], shot.marking, seed, shot.alteration)
    wide = face.width_mm / face.height_mm >= _LONG
    conditions = _conditions(shot, rng, wide=wide)
    width, height = conditions.long_side_px, round(conditions.long_side_px * 0.75)
    mat = desk(rng, width, height, shot.label, beside=not wide)
    picture = recapture(face.pixels, rng=rng, conditions=conditions, background=mat).image
    written, code = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])
    if not written:
        raise RuntimeError(f"a photograph of {shot.product} could not be written as JPEG.")
    return code.tobytes()


def _conditions(shot: Shot, rng: np.random.Generator, *, wide: bool) -> Conditions:
    """An ordinary picture of a careful officer, but for what the shot says otherwise."""
    warmth = float(rng.normal(0, 0.03))
    shift = (0.0, 0.0)
    if shot.label:
        shift = (0.0, -0.13) if wide else (-0.17, 0.0)
    usual: dict[str, object] = {
        "long_side_px": LONG_SIDE_PX,
        "landscape": True,
        "fill": float(rng.uniform(0.66, 0.7) if shot.label and wide else rng.uniform(0.82, 0.88)),
        "rotation_deg": float(rng.normal(0, 2.5)),
        "tilt_deg": (float(rng.normal(0, 4)), float(rng.normal(0, 4))),
        "shift": shift,
        "exposure": float(rng.uniform(0.86, 1.0)),
        "white_balance": (1 - warmth, 1.0, 1 + warmth),
        "gradient": float(rng.uniform(0.08, 0.25)),
        "gradient_deg": float(rng.uniform(0, 360)),
        "vignette": float(rng.uniform(0.05, 0.2)),
        "veil": float(rng.uniform(0, 0.02)),
        "defocus_px": float(rng.uniform(0.4, 0.9)),
        "noise": float(rng.uniform(0.8, 2.2)),
        "contrast": float(rng.uniform(0.0, 0.25)),
        "sharpening": float(rng.uniform(0.2, 0.6)),
        "jpeg_quality": 90,
        "clutter": False,
    }
    return Conditions(**(usual | dict(shot.conditions)))  # type: ignore[arg-type]
