"""A picture of hits, misses and false alarms on drawn faces, for the model card: what the numbers look like.

Each row: the registered face, the capture laid onto it, the same with the glow of the scores, and the truth (edits
white, what hides the print grey). Only drawn material: no photograph of a product is in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from models import difference
from models.training import calibrate

if TYPE_CHECKING:
    from pathlib import Path

    from models.pack import Pack
    from models.training.export import Networks

HEIGHT = 180
JPEG_QUALITY = 65
ROWS = (("hit", 4), ("miss", 4), ("false alarm", 2), ("genuine", 2))


def gallery(pack: Pack, run: Networks, folder: Path, out: Path, limit: int = 240) -> dict[str, int]:
    """Write the picture for the first `limit` drawn whole faces of `folder`; how many cases fell to each name.

    `run` holds the pack's networks. Hits and false alarms with the highest score come first, misses with the most
    edited area.
    """
    found: dict[str, list[tuple[float, np.ndarray]]] = {name: [] for name, _ in ROWS}
    for file in sorted(folder.glob("[0-9]*.npz"))[:limit]:
        drawn = np.load(file)
        face = drawn["face"]
        maps = calibrate.maps_of(run, face, drawn["capture"], calibrate.usable_of(face), pack.second_look)
        places = [
            place
            for kind, values in maps.items()
            for place in difference.places(kind, values, pack.judgements[kind], pack.network.stride_px)
        ]
        score = max((place.score for place in places), default=0.0)
        edited, alarmed = len(drawn["kinds"]) > 0, score >= pack.threshold_check
        name = ("hit" if alarmed else "miss") if edited else ("false alarm" if alarmed else "genuine")
        area = float((drawn["targets"][..., :3].max(2) > 128).mean())
        shown = _row(drawn, maps, pack, places, f"{name} {score:.2f} {' '.join(drawn['kinds'])}")
        found[name].append((area if name == "miss" else score, shown))
    rows = [picture for name, most in ROWS for _, picture in sorted(found[name], key=lambda one: -one[0])[:most]]
    width = max(row.shape[1] for row in rows)
    rows = [cv2.copyMakeBorder(row, 0, 4, 0, width - row.shape[1] + 6, cv2.BORDER_CONSTANT) for row in rows]
    if len(rows) % 2:
        rows.append(np.zeros_like(rows[0]))
    sheet = np.vstack([np.hstack(rows[index : index + 2]) for index in range(0, len(rows), 2)])
    cv2.imwrite(str(out), sheet, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return {name: len(some) for name, some in found.items()}


def _row(drawn, maps, pack, places, text):
    face, capture, targets = drawn["face"], drawn["capture"], drawn["targets"]
    height, width = face.shape[:2]
    glow = np.zeros((height, width), np.float32)
    for kind, values in maps.items():
        scores = pack.judgements[kind].scores(values)
        np.maximum(glow, cv2.resize(scores, (width, height)), out=glow)
    strength = (np.clip(glow, 0, 1) * 0.7)[..., None]
    heat = (capture * (1 - strength) + np.array([40, 60, 255]) * strength).astype(np.uint8)
    for place in places:
        if place.score >= pack.threshold_check:
            cv2.rectangle(heat, place.box, (255, 0, 255), 4)
    truth = np.maximum(targets[..., :3].max(2), targets[..., 3] // 3)
    truth = cv2.cvtColor(cv2.resize(truth, (width, height)), cv2.COLOR_GRAY2BGR)
    size = (round(HEIGHT * width / height), HEIGHT)
    row = np.hstack([cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in (face, capture, heat, truth)])
    cv2.putText(row, text, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(row, text, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (80, 255, 80), 1, cv2.LINE_AA)
    return row
