"""Crops of drawn pairs on disk, so that drawing and training run side by side: uint8, memory-mapped, append-only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.training.pairs import STRIDE, draw_pair, draw_scene

if TYPE_CHECKING:
    from pathlib import Path

    from models.drawn.pool import Pool

CROP = 256
CROPS_PER_PAIR = 6
PAIRS_PER_SHARD = 60
PAIRS_PER_SCENE = 3


def write_shard(folder: Path, number: int, pool: Pool, *, pairs: int = PAIRS_PER_SHARD) -> Path:
    """Draw shard `number` (its seed): `pairs` x 6 crops, pictures n x 256 x 256 x 6 and targets n x 64 x 64 x 5."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures, targets, scene = [], [], None
    for index in range(pairs):
        rng = np.random.default_rng((number, index))
        if index % PAIRS_PER_SCENE == 0:
            scene = draw_scene(rng, pool)
        pair = draw_pair(rng, pool, scene)
        both = np.dstack([pair.face, pair.capture])
        for x, y in _places(rng, pair.targets):
            pictures.append(both[y : y + CROP, x : x + CROP])
            targets.append(pair.targets[y // STRIDE : (y + CROP) // STRIDE, x // STRIDE : (x + CROP) // STRIDE])
    done = folder / f"shard{number:05d}.d"
    part = folder / f".part{number:05d}"
    part.mkdir(exist_ok=True)
    np.save(part / "pictures.npy", np.stack(pictures))
    np.save(part / "targets.npy", np.stack(targets))
    part.replace(done)
    return done


def _places(rng, targets):
    """Top left corners of crops: three at random, three about edits where there are some."""
    rows, columns = targets.shape[:2]
    side = CROP // STRIDE
    edited = np.argwhere(targets[..., :3].max(2) > 128)
    for index in range(CROPS_PER_PAIR):
        if index >= CROPS_PER_PAIR // 2 and len(edited):
            y, x = edited[int(rng.integers(len(edited)))] - rng.integers(4, side - 4, 2)
        else:
            y, x = rng.integers(0, rows - side + 1), rng.integers(0, columns - side + 1)
        yield int(np.clip(x, 0, columns - side)) * STRIDE, int(np.clip(y, 0, rows - side)) * STRIDE


def open_shards(folder: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """Every finished shard of the folder, memory-mapped."""
    found = sorted(folder.glob("shard*.d"))
    return [(np.load(d / "pictures.npy", "r"), np.load(d / "targets.npy", "r")) for d in found]


def quiet_opencv() -> None:
    """One thread: the machine is shared."""
    cv2.setNumThreads(1)
