"""Train the difference net on drawn crops: one core is enough, the schedule is told in minutes.

Loss: binary cross-entropy over the cells that can be judged, and a term on each crop's strongest cells, because a
face alarms by its worst place. Weights are averaged (EMA). bfloat16 where the processor has it, which halves the time.
A training may end on whole faces: see `models.training.windows`.
"""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own idiom

from models.training.cameras import softened
from models.training.net import STRIDE, DifferenceNet
from models.training.shards import open_shards
from models.training.windows import window_loss

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from models.training.windows import Windows

SIDE = 144  # pixels of a training crop, cut at random from the drawn ones
TOP_CELLS = 12  # of a crop's 1296: about the area of one small edited element
KEPT = 500  # steps after which weights are kept, to be averaged
WINDOWS = 4  # of a batch of large windows
LEAST_CELLS = 8  # an edit smaller than this in a crop is no claim about the crop


def halved() -> torch.autocast:
    """Arithmetic in bfloat16 where the processor has it: half the time there, and four times as long where not."""
    return torch.autocast("cpu", torch.bfloat16, enabled=torch.ops.mkldnn._is_mkldnn_bf16_supported())  # noqa: SLF001


def batch_of(rng, shards, size, side=SIDE):
    """A random batch as tensors: faces, captures (n x 3 x H x W, 0..1) and targets (n x 5 x h x w, 0..1)."""
    weights = np.array([len(p) for p, _ in shards], float)
    pictures = np.empty((size, side, side, 6), np.uint8)
    targets = np.empty((size, side // STRIDE, side // STRIDE, 5), np.uint8)
    for row_of, index in enumerate(rng.choice(len(shards), size, p=weights / weights.sum())):
        p, t = shards[index]
        row = int(rng.integers(len(p)))
        cells = t.shape[1]
        x, y = (int(v) for v in rng.integers(0, cells - side // STRIDE + 1, 2))
        edited = np.argwhere(t[row, :, :, :3].max(2) > 128) if rng.random() < 0.6 else ()
        if len(edited):
            middle = edited[int(rng.integers(len(edited)))] - side // STRIDE // 2 + rng.integers(-9, 10, 2)
            y, x = (int(v) for v in np.clip(middle, 0, cells - side // STRIDE))
        picture = p[row, y * STRIDE : y * STRIDE + side, x * STRIDE : x * STRIDE + side]
        target = t[row, y : y + side // STRIDE, x : x + side // STRIDE]
        if rng.random() < 0.5:
            picture, target = picture[:, ::-1], target[:, ::-1]
        if rng.random() < 0.5:
            picture, target = picture[::-1], target[::-1]
        if rng.random() < 0.5:
            picture, target = picture.transpose(1, 0, 2), target.transpose(1, 0, 2)
        order = rng.permutation(3)
        sides = [*order, *(order + 3)]
        one_sided = target[..., 2].max() >= 128  # print faults belong to the capture
        if not one_sided and rng.random() < 0.4:
            sides = sides[3:] + sides[:3]
        pictures[row_of] = picture[..., sides]
        targets[row_of] = target
        if not one_sided:
            pictures[row_of, ..., 3:] = softened(rng, np.ascontiguousarray(pictures[row_of, ..., 3:]))
    # Channels last all the way: what a convolution on a processor likes, without another copy.
    x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
    gain = torch.from_numpy(np.exp(rng.normal(0, 0.02, (size, 3, 1, 1)))).float()
    shift = torch.from_numpy(rng.normal(0, 0.01, (size, 3, 1, 1))).float()
    capture = (x[:, 3:] * gain + shift).clamp_(0, 1)
    y = torch.from_numpy(targets).permute(0, 3, 1, 2).float() / 255
    return x[:, :3], capture, y


def loss_of(logits, targets):
    """The training loss of logits (n x 4 x h x w) and targets (n x 5 x h x w), and its parts for the log."""
    kinds, unusable, ignore = targets[:, :3], targets[:, 3:4], targets[:, 4:5]
    positive = (kinds > 0.5).float()
    certain = ((kinds > 0.5) | (kinds < 0.03)).float() * (ignore < 0.3).float()
    elsewhere = positive.sum(1, keepdim=True) - positive  # another kind's edit: hardly a negative for this one
    weight = certain * torch.where(elsewhere > 0, 0.1, 1.0)
    weight = weight * torch.where((unusable > 0.5) & (positive > 0), 0.0, 1.0)
    answer = logits[:, :3]
    raw = F.binary_cross_entropy_with_logits(answer, positive, reduction="none")
    focus = torch.where(positive > 0, 2.0, 1.0)  # focal weights left the background at 0.3 for a thousand steps
    dense = (raw * focus * weight).sum() / weight.sum().clamp(min=1)
    hidden = F.binary_cross_entropy_with_logits(logits[:, 3:4], (unusable > 0.4).float(), reduction="none")
    # An edit is no occluder: the same mistake counts more there, else the net hides what it should tell.
    edited = (positive.amax(1, keepdim=True) > 0).float()
    hidden = (hidden * ((unusable > 0.6) | (unusable < 0.2)).float() * (1 + 3 * edited)).mean()

    cells = answer.shape[2] * answer.shape[3]
    blocked = (ignore > 0.3).float() * 30
    top = (answer - blocked).flatten(2).topk(min(TOP_CELLS, cells), 2).values.mean(2)  # n x 3
    size = (positive * (unusable < 0.5)).sum((2, 3))
    label = (size > 0).float()
    tiny = (size > 0) & (size < LEAST_CELLS)
    other = (size.sum(1, keepdim=True) > 0) & (size == 0)  # a crop with another kind's edit says little of this one
    crop_weight = torch.where(tiny, 0.0, torch.where(other, 0.15, 1.0))
    by_kind = (F.binary_cross_entropy_with_logits(top, label, reduction="none") * crop_weight).mean()
    whole = torch.logsumexp(top, 1)
    any_label = (size.sum(1) > 0).float()
    any_weight = 1 - ((size.sum(1) > 0) & (size.sum(1) < LEAST_CELLS)).float()
    by_any = (F.binary_cross_entropy_with_logits(whole, any_label, reduction="none") * any_weight).mean()
    total = dense * 4 + hidden * 0.5 + by_kind * 0.3 + by_any * 0.5
    return total, {"dense": dense.item(), "hidden": hidden.item(), "kind": by_kind.item(), "any": by_any.item()}


def auroc(negative, positive):
    """The chance that a positive scores above a negative."""
    if not len(negative) or not len(positive):
        return float("nan")
    ordered = np.sort(negative)
    return float(
        ((np.searchsorted(ordered, positive, "left") + np.searchsorted(ordered, positive, "right")) / 2).mean()
        / len(ordered)
    )


def held_out(net, shards, limit=160):
    """Crop AUROC per kind on shards that were not trained on."""
    rng = np.random.default_rng(9)
    scores, sizes = [], []
    net.eval()
    with torch.no_grad():
        for _ in range(max(1, limit // 16)):
            a, b, t = batch_of(rng, shards, 16, 256)
            with halved():
                logits = net(a, b).float()
            scores.append(logits[:, :3].flatten(2).topk(TOP_CELLS, 2).values.mean(2))
            sizes.append(((t[:, :3] > 0.5) & (t[:, 3:4] < 0.5)).sum((2, 3)))
    net.train()
    score, size = torch.cat(scores).numpy(), torch.cat(sizes).numpy()
    none = size.sum(1) == 0
    answer = {
        k: round(auroc(score[none, i], score[size[:, i] >= LEAST_CELLS, i]), 3)
        for i, k in enumerate(("structure", "colour", "print"))
    }
    whole = np.log(np.exp(score.astype(np.float64)).sum(1))
    answer["any"] = round(auroc(whole[none], whole[size.sum(1) >= LEAST_CELLS]), 3)
    return answer


def train(
    shard_folder: Path,
    out: Path,
    *,
    minutes: float,
    batch: int = 20,
    rate: float = 3e-3,
    start: Path | None = None,
    steps: int | None = None,
    held: Path | None = None,
    seed: int = 1,
    side: int = SIDE,
    windows: Windows | None = None,
    reduced: Windows | None = None,
) -> DifferenceNet:
    """Train for `minutes` of wall clock (or `steps`) and write the averaged weights to `out`. `start` resumes.

    With `windows` two of three steps are taken on large windows of whole faces; with `reduced` three quarters of each
    batch of crops are cut from whole faces at several sizes. Every 500 steps the averaged weights are kept by `out`.
    """
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = DifferenceNet().to(memory_format=torch.channels_last)
    if start:
        net.load_state_dict(torch.load(start, weights_only=True))  # kept weights are halves: copied into floats
    mean = copy.deepcopy(net)
    optimiser = torch.optim.AdamW(net.parameters(), rate, weight_decay=1e-3)
    shards, began, step, told = open_shards(shard_folder), time.monotonic(), 0, {}
    while True:
        share = step / steps if steps else (time.monotonic() - began) / (minutes * 60)
        if share >= 1:
            break
        if step % 100 == 99:
            shards = open_shards(shard_folder)
        warm = min(1.0, (step + 1) / 100)
        for group in optimiser.param_groups:
            group["lr"] = rate * warm * (0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * min(share, 1.0))))
        whole = windows is not None and step % 3 != 2
        a, b, t = windows.batch(rng, WINDOWS) if windows and whole else _crops(rng, shards, batch, side, reduced)
        a, b = (v.contiguous(memory_format=torch.channels_last) for v in (a, b))
        with halved():
            logits = net(a, b)
        loss, parts = loss_of(logits.float(), t)
        if windows and whole:
            extra, values, genuine = window_loss(logits.float(), t)
            windows.learn(values, genuine)
            loss, parts = 0.6 * loss + extra, {"windows": extra.item()}
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimiser.step()
        keep = min(0.998, (1 + step) / (10 + step))
        with torch.no_grad():
            for old, new in zip(mean.state_dict().values(), net.state_dict().values(), strict=True):
                old.copy_(old * keep + new * (1 - keep) if old.dtype.is_floating_point else new)
        told = {k: 0.98 * told.get(k, v) + 0.02 * v for k, v in parts.items()}
        step += 1
        if step % 100 == 0:
            line = " ".join(f"{k} {v:.4f}" for k, v in told.items())
            print(
                f"{step} {(time.monotonic() - began) / 60:.1f} min, {sum(len(p) for p, _ in shards)} crops: {line}",
                flush=True,
            )
            _save(mean, out)
        if step % KEPT == 0:
            _keep(mean, out.with_stem(f"{out.stem}-{step:06d}"), held)
    _save(mean, out)
    return mean


def _keep(mean, file, held):
    _save(mean, file)
    if held:
        print("  held out", held_out(mean, open_shards(held)), flush=True)


def _crops(rng, shards, batch, side, reduced):
    """A batch of drawn crops, or a quarter of it and the rest reduced windows."""
    if not reduced:
        return batch_of(rng, shards, batch, side)
    both = batch_of(rng, shards, batch // 4, side), reduced.reduced(rng, batch - batch // 4, side)
    return tuple(torch.cat(parts) for parts in zip(*both, strict=True))


def averaged(files: Sequence[Path], out: Path) -> None:
    """Write the mean of several files of weights: steps of one training err in different directions.

    Raises:
        ValueError: there is no file.
    """
    if not files:
        raise ValueError("Weights to average must be at least one file, got none.")
    several = [torch.load(file, weights_only=True) for file in files]
    mean = {
        name: torch.stack([one[name].float() for one in several]).mean(0) if first.dtype.is_floating_point else first
        for name, first in several[0].items()
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(mean, out)


def _save(net, out):
    out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(net.state_dict(), out)
