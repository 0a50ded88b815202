"""Under which conditions a package face is photographed: one frozen value, drawn at random with a severity.

It says what the light, the hand and the camera do. What that does to pixels stands in recapture.py.
Ranges follow photographs of boxes on a bench by phones: a face fills 45-95% of the frame, film over the print throws
streaked glare, cheap cameras clip, tint and smear.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Conditions:
    """How a face is photographed. The defaults are a clean, frontal picture in even light."""

    long_side_px: int = 1400  # of the frame
    landscape: bool = False
    fill: float = 0.85  # the face's long side over the frame's short or long side, whichever it meets first
    rotation_deg: float = 0.0
    tilt_deg: tuple[float, float] = (0.0, 0.0)  # about the horizontal and the vertical axis
    shift: tuple[float, float] = (0.0, 0.0)  # of the face's centre, in frame sizes
    bow: float = 0.0  # the surface's sag in face heights: a box that bulges or a sleeve that waves
    # light
    exposure: float = 1.0
    white_balance: tuple[float, float, float] = (1.0, 1.0, 1.0)  # gains of blue, green, red
    gradient: float = 0.0  # darkest over brightest side is 1 - gradient
    gradient_deg: float = 0.0
    vignette: float = 0.0  # loss of light in the corners, 0..1
    veil: float = 0.0  # even reflection over the whole face, share of full light
    glare: int = 0  # patches of mirrored lamp
    glare_strength: float = 1.0
    wrap: int = 0  # bright folds of shrink wrap
    reflections: float = 0.0  # strength of a mirrored room in the film
    streaks: int = 0  # families of hard-edged ribbons that taut film mirrors
    glints: int = 0  # specks of mirrored light
    haze: float = 0.0  # a broad soft reflection, share of full light
    ripple: float = 0.0  # what wrinkled film and embossing shift locally, in face heights
    # optics and camera, in pixels of the frame
    defocus_px: float = 0.0
    motion_px: float = 0.0
    motion_deg: float = 0.0
    noise: float = 0.0  # standard deviation at mid-grey, in grey levels
    gamma: float = 1.0  # of the camera's tone curve, beside sRGB
    contrast: float = 0.0  # S-curve, 0 none
    saturation: float = 1.0
    sharpening: float = 0.0
    sharpening_px: float = 1.2  # radius of the sharpening's halo
    smear_px: int = 0  # side of the median with which cheap cameras hide noise (3 or 5), 0 none
    chroma_px: float = 0.0  # how far the camera smears colour
    shake: float = 0.0  # how crooked the motion's path is: 0 a line
    jpeg_quality: int = 92
    # what else is in the picture
    clutter: bool = True
    bezel: float = 0.0  # width of a dark case frame around the print, in face widths
    fingers: int = 0  # fingers on the face
    hands: int = 0  # hands that reach over the edge, with shaded fingers

    @classmethod
    def draw(cls, rng: np.random.Generator, severity: float = 0.5) -> Conditions:
        """Draw conditions: 0 = a careful picture, 0.5 = an ordinary one, 1 = a hurried one in bad light.

        Raises:
            ValueError: `severity` is not within 0..1.
        """
        if not 0.0 <= severity <= 1.0:
            raise ValueError(f"severity must be within 0..1, got {severity!r}.")
        s = severity

        def spread(width: float) -> float:
            return float(rng.normal(0, width * s))

        def rarely(chance: float) -> bool:
            return bool(rng.random() < chance * min(1.0, 2 * s))

        warmth = spread(0.18)
        return cls(
            long_side_px=1400,
            landscape=rarely(0.4),
            fill=float(rng.uniform(0.95 - 0.45 * s, 0.97)),
            rotation_deg=spread(12) if rng.random() < 0.8 else float(rng.uniform(-180, 180)) * s,
            tilt_deg=(spread(14), spread(14)),
            shift=(spread(0.02), spread(0.02)),
            bow=abs(spread(0.004)),
            exposure=float(np.exp(spread(0.45))),
            white_balance=(
                float(np.exp(-warmth + spread(0.05))),
                float(np.exp(spread(0.04))),
                float(np.exp(warmth + spread(0.05))),
            ),
            gradient=float(rng.uniform(0, 0.75 * s)),
            gradient_deg=float(rng.uniform(0, 360)),
            vignette=float(rng.uniform(0, 0.5 * s)),
            veil=float(rng.exponential(0.06) * s) if rarely(0.6) else 0.0,
            glare=int(rng.integers(1, 4)) if rarely(0.45) else 0,
            glare_strength=float(rng.uniform(0.3, 2.0)),
            wrap=int(rng.integers(1, 7)) if rarely(0.3) else 0,
            reflections=float(rng.uniform(0, 0.25) * s) if rarely(0.4) else 0.0,
            defocus_px=float(rng.exponential(0.9) * 2 * s),
            motion_px=float(rng.exponential(3.0) * s) if rarely(0.35) else 0.0,
            motion_deg=float(rng.uniform(0, 180)),
            noise=float(rng.exponential(5.0) * s),
            gamma=float(np.exp(spread(0.3))),
            contrast=float(rng.uniform(-0.2, 1.0) * s),
            saturation=float(np.exp(spread(0.45))),
            sharpening=float(rng.uniform(0, 1.5 * s)),
            jpeg_quality=int(rng.integers(round(92 - 45 * s), 96)),
            clutter=True,
            bezel=float(rng.uniform(0, 0.12)) if rng.random() < 0.5 else 0.0,
            fingers=int(rng.integers(1, 4)) if rarely(0.2) else 0,
        )
