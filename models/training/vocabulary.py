"""Make the pack "gallery-1": the visual words by which a gallery of registered faces is searched.

    python -m models.training.vocabulary --into models/packs/gallery-1 [--pool POOL] [--fonts DIR] [--faces 600]

Faces are drawn (docs/decisions/040 names the pool of pictures), their RootSIFT descriptors are centred, turned to their
64 principal axes and clustered into 128 words by k-means. Same pool and versions, same bytes. Needs no torch.
"""

from __future__ import annotations

import argparse
import hashlib
import re
from pathlib import Path

import cv2
import numpy as np

from models.drawn.artwork import draw_artwork
from models.drawn.pool import read_pool
from models.locate import sift_keypoints
from models.signature import DIMENSIONS, WORDS

OF_A_FACE = 60  # descriptors; many faces tell more than many points of one
FILE = "vocabulary.f32"


def main() -> None:
    """Write the vocabulary and its hash into the manifest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, required=True)
    parser.add_argument("--pool", type=Path)
    parser.add_argument("--fonts", type=Path, action="append", default=[])
    parser.add_argument("--faces", type=int, default=600)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    data = vocabulary(descriptors(options.faces, read_pool(options.pool, tuple(options.fonts)))).astype("<f4").tobytes()
    (options.into / FILE).write_bytes(data)
    manifest = options.into / "manifest.toml"
    digest = hashlib.sha256(data).hexdigest()
    text = re.sub(rf'"{FILE}" = "[0-9a-f]*"', f'"{FILE}" = "{digest}"', manifest.read_text("utf-8"))
    manifest.write_text(text, "utf-8")
    print(f"{FILE} {len(data)} bytes, SHA-256 {digest}")


def descriptors(faces: int, pool) -> np.ndarray:
    """RootSIFT descriptors (n x 128) of drawn faces."""
    kept = []
    for seed in range(faces):
        rng = np.random.default_rng((21, seed))
        face = draw_artwork(rng, pool, height=512).picture()
        found = sift_keypoints(cv2.cvtColor(face, cv2.COLOR_BGR2GRAY)).descriptors
        kept.append(found[rng.permutation(len(found))[:OF_A_FACE]])
    return np.concatenate(kept)


def vocabulary(given: np.ndarray) -> np.ndarray:
    """Mean, axes and words as one table: 1 + 64 + 64 rows of 128 numbers."""
    mean = given.mean(axis=0)
    _, turned = np.linalg.eigh(np.cov((given - mean).T))
    axes = np.ascontiguousarray(turned[:, ::-1][:, :DIMENSIONS])
    projected = ((given - mean) @ axes).astype(np.float32)
    cv2.setRNGSeed(1)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 25, 1e-3)
    _, _, words = cv2.kmeans(projected, WORDS, None, criteria, 1, cv2.KMEANS_PP_CENTERS)
    return np.concatenate([mean[None], axes.T, words.T])


if __name__ == "__main__":
    main()
