"""How true a calibration is: drawn bench cameras photograph the target, and the scale found is held against theirs.

    ./run bench calibration [--cameras 60] [--seed 1]

Cameras differ in resolution, distance, tilt (to 6 degrees), place, lens (radial, to 6 % at the corner), defocus, uneven
light, white balance, crosstalk, noise and the printer's scale. Ends with exit code 1 when a limit is missed.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.limits import Limits
from models.calibration import measured
from models.drawn.bench_camera import BenchCamera, photograph
from models.errors import PictureRefused

SCALE_LIMIT = 0.5  # per cent
COLOUR_LIMIT = 3.0  # mean CIE 1976 after correction, of a sensor whose channels mix


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw, measure, print."""
    parser = argparse.ArgumentParser(prog="./run bench calibration", description=__doc__)
    parser.add_argument("--cameras", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    errors, refused, lenses, colours = [], 0, [], []
    for number in range(chosen.cameras):
        rng = np.random.default_rng([chosen.seed, number])
        camera = drawn_camera(rng)
        shot = photograph("A5", camera, rng)
        try:
            found = measured(shot.image, camera.printed)
        except PictureRefused:
            refused += 1
            continue
        errors.append(abs(found.mm_per_px / shot.mm_per_px - 1) * 100)
        lenses.append(abs(found.distortion_px - camera.k1 * np.hypot(camera.width, camera.height) / 2))
        colours.append(found.delta_e)
    limits = Limits()
    worst = float(np.max(errors))
    print(f"{len(errors)} of {chosen.cameras} drawn cameras measured, {refused} refused")
    print(
        f"mm per pixel: error median {np.median(errors):.3f} %, p95 {np.percentile(errors, 95):.3f} %, "
        f"worst {worst:.3f} %, {limits.judged('scale', worst, SCALE_LIMIT, '%')}"
    )
    print(f"lens: corner moved, error median {np.median(lenses):.1f} px, p95 {np.percentile(lenses, 95):.1f} px")
    before, neutral, after = np.median(np.array(colours), 0)
    print(
        f"colour, mean CIE 1976, median: as it came {before:.1f}, neutral {neutral:.1f}, "
        f"corrected {after:.1f}, {limits.judged('colour', float(after), COLOUR_LIMIT, '')}"
    )
    limits.end()


def drawn_camera(rng: np.random.Generator) -> BenchCamera:
    """A bench camera as technicians mount them."""
    sizes: tuple[dict[str, Any], ...] = (
        {"width": 2304, "height": 1296, "px_per_mm": 6.2},
        {"width": 1920, "height": 1080, "px_per_mm": 5.0},
        {"width": 1600, "height": 1200, "px_per_mm": 4.6},
    )
    return BenchCamera(
        **sizes[int(rng.integers(len(sizes)))],
        tilt_deg=(float(rng.uniform(-6, 6)), float(rng.uniform(-6, 6))),
        turn_deg=90 + float(rng.uniform(-8, 8)),
        shift_px=(float(rng.uniform(-40, 40)), float(rng.uniform(-30, 30))),
        k1=float(rng.uniform(-0.06, 0.06)),
        printed=float(rng.uniform(0.96, 1.01)),
        defocus_px=float(rng.uniform(0.4, 1.6)),
        gradient=float(rng.uniform(0, 0.45)),
        gains=(float(rng.uniform(0.65, 1.2)), 1.0, float(rng.uniform(0.7, 1.25))),
        crosstalk=float(rng.uniform(0, 0.1)),
        noise=float(rng.uniform(0.5, 3)),
    )


if __name__ == "__main__":
    main()
