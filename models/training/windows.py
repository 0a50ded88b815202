"""Windows of whole drawn faces: large ones judged as the product judges a face, and reduced ones beside crops.

A face alarms by its highest cells, and a whole face has many more of them than a crop: what is high somewhere on a
genuine capture must come to lie below what an edit reaches. Half of a batch is genuine (a third of that with a sham
edit), captures that alarm are drawn oftener; the other half is edited anew each time. It needs what
`python -m models.training faces --hurried` draws.

A crop of a large element that is gone shows a smooth patch and no edge, as a lamp makes it. `Windows.reduced` cuts
windows twice to four times as wide and reduces them to the size of a crop, for the companion that is asked at a third
of the size (docs/decisions/191, 209).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own idiom

from models.training import edits
from models.training.cameras import softened
from models.training.net import STRIDE

if TYPE_CHECKING:
    from pathlib import Path

    from models.drawn.pool import Pool

SIDE = 416  # pixels of a window
TOP_CELLS = {0: 16, 2: 24, 1: 24}  # of structure, print, colour: what makes a face's value
WEIGHT = {0: 1.0, 2: 0.3, 1: 0.15}
LEAST_CELLS = 12  # an edit smaller than this in a window is no claim about the window
APART = 1.5  # logits by which an edited window should lie above a genuine one
SIZES, SIZE_SHARES = (1.0, 2.0, 3.0, 4.0), (0.05, 0.25, 0.5, 0.2)  # how much wider than a crop a reduced window is
SEVERITIES = (1.0, 1.6)  # of edits, as a beta distribution
GROSS = 0.5  # of the edits of windows that are reduced
HARDNESS = 1.5  # logits by which a genuine capture must alarm more to be drawn e times as often


class Windows:
    """Drawn whole faces of a folder (npz: face, capture, targets, kinds) as batches of windows."""

    def __init__(self, folder: Path, pool: Pool) -> None:
        """Read which faces are genuine.

        Raises:
            ValueError: the folder holds no genuine face.
        """
        kinds = {file: len(np.load(file)["kinds"]) for file in sorted(folder.glob("[0-9]*.npz"))}
        self.files, self.pool = list(kinds), pool
        self.genuine = [file for file, count in kinds.items() if not count]
        self.edited = {file for file, count in kinds.items() if count}
        self.alarm = dict.fromkeys(self.genuine, 0.0)
        self.drawn: list[Path] = []
        if not self.genuine:
            raise ValueError(f"Training on windows needs drawn genuine faces, got none among {len(kinds)} files.")

    def batch(self, rng, size: int, side: int = SIDE):
        """Faces, captures (n x 3 x H x W, 0..1) and targets (n x 5 x h x w, 0..1), genuine and edited in turn."""
        pictures = np.empty((size, side, side, 6), np.uint8)
        targets = np.empty((size, side // STRIDE, side // STRIDE, 5), np.uint8)
        self.drawn = []
        for row in range(size):
            if row % 2 == 0:
                file, how = self._hard(rng), "sham" if rng.random() < 0.3 else "none"
            else:
                file = self.files[int(rng.integers(len(self.files)))]
                how = "none" if file in self.edited and rng.random() < 0.5 else "edit"
            self.drawn.append(file)
            pictures[row], targets[row] = self._window(rng, np.load(file), how, side)
        return _tensors(rng, pictures, targets)

    def reduced(self, rng, size: int, side: int):
        """As `batch`, of genuine captures, windows of several widths (SIZES) reduced to `side` pixels."""
        pictures = np.empty((size, side, side, 6), np.uint8)
        targets = np.empty((size, side // STRIDE, side // STRIDE, 5), np.uint8)
        for row in range(size):
            file = self.genuine[int(rng.integers(len(self.genuine)))]
            times = float(rng.choice(SIZES, p=SIZE_SHARES))
            how = str(rng.choice(["none", "sham", "edit"], p=[0.25, 0.1, 0.65]))
            severities = (2.0, 1.0) if times > 1 and rng.random() < GROSS else SEVERITIES
            drawn = np.load(file)
            wide = min(round(times * side / STRIDE), *drawn["targets"].shape[:2]) * STRIDE
            picture, target = self._window(rng, drawn, how, wide, severities)
            if rng.random() < 0.4:  # nothing of this is a print fault: either side may be the registered one
                picture = picture[..., [3, 4, 5, 0, 1, 2]]
            if wide > side:
                picture, target = _smaller(picture, side), _smaller(target, side // STRIDE)
            pictures[row], targets[row] = picture, target
        return _tensors(rng, pictures, targets)

    def learn(self, values, genuine) -> None:
        """Remember how high the genuine windows of the last batch reached (structure, n; and which are genuine, n)."""
        for file, value, plain in zip(self.drawn, values.tolist(), genuine.tolist(), strict=True):
            if plain and file in self.alarm:
                self.alarm[file] = (self.alarm[file] + value) / 2

    def _hard(self, rng) -> Path:
        if rng.random() < 0.5:
            return self.genuine[int(rng.integers(len(self.genuine)))]
        weight = np.exp(np.clip([self.alarm[file] for file in self.genuine], -4, 4) / HARDNESS)
        return self.genuine[int(rng.choice(len(self.genuine), p=weight / weight.sum()))]

    def _window(self, rng, drawn, how, side, severities=SEVERITIES):
        face, capture, target = drawn["face"], drawn["capture"], drawn["targets"]
        x, y = (int(rng.integers(0, max(1, (length - side) // STRIDE + 1))) * STRIDE for length in face.shape[1::-1])
        face, capture = (_part(one, x, y, side, cv2.BORDER_REPLICATE) for one in (face, capture))
        target = _part(target, x // STRIDE, y // STRIDE, side // STRIDE, cv2.BORDER_CONSTANT, (0, 0, 0, 255))
        if how == "sham":
            face = edits.sham(rng, face, self.pool)
        for _ in range(int(rng.integers(1, 3)) if how == "edit" else 0):
            edit = edits.edited(rng, face, float(rng.beta(*severities)), self.pool)
            face, plane = edit.picture, 0 if edit.channel == "structure" else 1
            mask = cv2.resize(edit.mask, target.shape[1::-1], interpolation=cv2.INTER_AREA)
            target[..., plane] = np.maximum(target[..., plane], mask)
        if target[..., 2].max() < 128:  # print faults belong to the capture
            capture = softened(rng, capture)
        both = np.dstack([face, capture])
        if rng.random() < 0.5:
            both, target = both[:, ::-1], target[:, ::-1]
        if rng.random() < 0.5:
            both, target = both[::-1], target[::-1]
        order = rng.permutation(3)
        return both[..., [*order, *(order + 3)]], target


def _tensors(rng, pictures, targets):
    """Faces, captures in a slightly other light, and targets, as `Windows.batch` answers them."""
    x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
    gain = torch.from_numpy(np.exp(rng.normal(0, 0.02, (len(x), 3, 1, 1)))).float()
    shift = torch.from_numpy(rng.normal(0, 0.01, (len(x), 3, 1, 1))).float()
    y = torch.from_numpy(targets).permute(0, 3, 1, 2).float() / 255
    return x[:, :3], (x[:, 3:] * gain + shift).clamp_(0, 1), y


def _smaller(planes, side):
    """A square of any number of planes, reduced to `side`."""
    size = (side, side)
    return np.dstack([cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in cv2.split(np.array(planes))])


def _part(picture, x, y, side, border, value=None):
    """A square part of a picture (copied), filled up beyond its edges; the fifth plane of targets is always ignored."""
    part = picture[y : y + side, x : x + side]
    down, across = side - part.shape[0], side - part.shape[1]
    if border == cv2.BORDER_REPLICATE:
        return cv2.copyMakeBorder(part, 0, down, 0, across, border)
    filled = np.full((side, side, part.shape[2]), 255, np.uint8)
    filled[..., : len(value)] = value
    filled[: part.shape[0], : part.shape[1]] = part
    return filled


def window_loss(logits, targets):
    """The loss of whole windows, and their structure values (n) and which of them are genuine (n).

    A window's value in a kind is the mean of its highest cells, as in the product. Edited ones should pass 1, genuine
    ones stay below -1, and every edited one lie 1.5 above every genuine one.
    """
    hidden = F.max_pool2d((targets[:, 3:4] > 0.3).float(), 3, 1, 1) + (targets[:, 4:5] > 0.3).float()
    cells = F.avg_pool2d(logits[:, :3], 3, 1, 1, count_include_pad=False) - hidden * 30
    size = ((targets[:, :3] > 0.5) * (targets[:, 3:4] < 0.3)).sum((2, 3))
    genuine = size.sum(1) == 0
    total, values = logits.new_zeros(()), {}
    for kind, weight in WEIGHT.items():
        values[kind] = cells[:, kind].flatten(1).topk(TOP_CELLS[kind], 1).values.mean(1)
        edited, plain = values[kind][size[:, kind] >= LEAST_CELLS], values[kind][genuine]
        for some, sign in ((plain, 1), (edited, -1)):
            if len(some):
                total = total + 0.7 * weight * F.softplus(sign * some + 1).mean()
        if len(edited) and len(plain):
            total = total + weight * F.softplus(APART + plain[:, None] - edited[None]).mean()
    return total, values[0].detach(), genuine
