"""The net that sees address blocks: 384 pixels in, one answer to four of them, some 90,000 weights; and its training.

A plain encoder and decoder: three halvings, two dilated layers that see most of the picture, and the way back with
what was seen on the way in. Everything is convolution, so that it runs at any size that 32 divides.
"""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn
from torch.nn import functional

FILE = "blocks.onnx"
THRESHOLDS = {"likely": 0.8, "beside_bars": 0.2, "beside_goods": 0.85, "extent": 0.1}
MANIFEST = """schema = 1
pack = "address-1"
title = "Where a picture looks like an address: a small net, taught with drawn labels, letters and goods"
licence = "Apache-2.0"
card = "models/cards/address-1.md"

[files]
"blocks.onnx" = "{digest}"

[address]
file = "blocks.onnx"
{thresholds}
measured = "{measured}"
"""
BATCH = 16
RATE = 4e-3
WEIGHT = 3.0  # of an address against what is none: missing one is worse
PIECE = 256  # pixels: a piece of a picture teaches as much as all of it, in half of the time
HELD = 8  # every n-th shard is not learned from


class Layer(nn.Sequential):
    """Convolution, normalisation, rectifier."""

    def __init__(self, into: int, out: int, *, stride: int = 1, dilation: int = 1) -> None:
        """Of 3 x 3."""
        super().__init__(
            nn.Conv2d(into, out, 3, stride, dilation, dilation, bias=False), nn.BatchNorm2d(out), nn.ReLU(inplace=True)
        )


class Net(nn.Module):
    """N x 3 x H x W of -1..1 (BGR) to N x 1 x H/4 x W/4: how much it looks like an address, before the sigmoid."""

    def __init__(self) -> None:
        """Untrained."""
        super().__init__()
        self.entrance = nn.Sequential(Layer(3, 12, stride=2), Layer(12, 20, stride=2))
        self.quarter = Layer(20, 20)
        self.eighth = nn.Sequential(Layer(20, 32, stride=2), Layer(32, 32))
        self.sixteenth = nn.Sequential(Layer(32, 40, stride=2), Layer(40, 40), Layer(40, 40, dilation=2))
        self.wide = nn.Sequential(Layer(40, 40, dilation=4), Layer(40, 40, dilation=8))
        self.up_eighth, self.up_quarter = Layer(72, 32), Layer(52, 20)
        self.answer = nn.Conv2d(20, 1, 1)

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        quarter: Tensor = self.quarter(self.entrance(picture))
        eighth: Tensor = self.eighth(quarter)
        deep: Tensor = self.sixteenth(eighth)
        deep = deep + self.wide(deep)
        back: Tensor = self.up_eighth(torch.cat([_twice(deep), eighth], 1))
        back = self.up_quarter(torch.cat([_twice(back), quarter], 1))
        answer: Tensor = self.answer(back)
        return answer


def _twice(layer: Tensor) -> Tensor:
    return functional.interpolate(layer, scale_factor=2.0, mode="nearest")


def train(shards: Path, out: Path, weights: Path, minutes: float, threads: int) -> None:
    """Learn for so many minutes from the shards, on from the weights that are there, and write them and the pack."""
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    pictures, truths = _read(sorted(shards.glob("??????.npz")), held=False)
    print(len(pictures), "pictures", flush=True)
    net, rng = Net().to(memory_format=torch.channels_last), np.random.default_rng(1)
    if weights.exists():
        net.load_state_dict(torch.load(weights, weights_only=True))
    ways = torch.optim.AdamW(net.parameters(), RATE, weight_decay=1e-3)
    begun, step = time.monotonic(), 0
    while (passed := (time.monotonic() - begun) / 60 / minutes) < 1:
        for group in ways.param_groups:
            group["lr"] = RATE * min(1.0, step / 50) * (0.02 + 0.98 * (1 + np.cos(np.pi * passed)) / 2)
        chosen = rng.choice(len(pictures), BATCH, replace=False)
        seen, truth = _varied(rng, pictures[np.sort(chosen)], truths[np.sort(chosen)])
        seen = seen.contiguous(memory_format=torch.channels_last)
        loss = functional.binary_cross_entropy_with_logits(net(seen), truth, pos_weight=torch.tensor(WEIGHT))
        ways.zero_grad()
        loss.backward()
        ways.step()
        step += 1
        if step % 50 == 0:
            print(step, f"{passed:.2f} {loss.item():.4f}", flush=True)
    net.eval()
    torch.save(net.state_dict(), weights)
    out.mkdir(parents=True, exist_ok=True)
    export(net, out / FILE)
    write_manifest(out, "docs/decisions/189")
    judge(net, *_read(sorted(shards.glob("??????.npz")), held=True))


def _read(paths: list[Path], *, held: bool) -> tuple[np.ndarray, np.ndarray]:
    chosen = [path for number, path in enumerate(paths) if (number % HELD == HELD - 1) is held]
    shards = [np.load(path) for path in chosen]
    return np.concatenate([one["pictures"] for one in shards]), np.concatenate([one["truths"] for one in shards])


def _varied(rng: np.random.Generator, pictures: np.ndarray, truths: np.ndarray) -> tuple[Tensor, Tensor]:
    """A batch as the net sees it: a piece of each, turned by quarters and mirrored together, each lighter or darker."""
    top, left = (int(rng.integers(0, (side - PIECE) // 32 + 1)) * 32 for side in pictures.shape[1:3])
    pictures = pictures[:, top : top + PIECE, left : left + PIECE]
    truths = truths[:, top // 4 : (top + PIECE) // 4, left // 4 : (left + PIECE) // 4]
    seen = torch.from_numpy(pictures).permute(0, 3, 1, 2).float()
    truth = torch.from_numpy(truths)[:, None].float() / 255
    gain = torch.from_numpy(np.exp(rng.normal(0, 0.15, (len(seen), 1, 1, 1))).astype(np.float32))
    shift = torch.from_numpy(rng.normal(0, 10, (len(seen), 3, 1, 1)).astype(np.float32))
    seen = (seen * gain + shift).clamp(0, 255) / 127.5 - 1
    turns, mirrored = int(rng.integers(4)), bool(rng.random() < 0.5)
    seen, truth = (torch.rot90(one, turns, (2, 3)) for one in (seen, truth))
    if mirrored:
        seen, truth = seen.flip(3), truth.flip(3)
    return seen, truth


def judge(net: Net, pictures: np.ndarray, truths: np.ndarray) -> None:
    """Print what thresholds would do to shards that were not learned from."""
    answers = []
    with torch.inference_mode():
        for start in range(0, len(pictures), BATCH):
            seen = torch.from_numpy(pictures[start : start + BATCH]).permute(0, 3, 1, 2).float() / 127.5 - 1
            answers.append(torch.sigmoid(net(seen))[:, 0].numpy())
    answer, there = np.concatenate(answers), truths > 127
    for threshold in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        found = answer > threshold
        recall = (found & there).sum() / max(1, there.sum())
        shown = there.any((1, 2))
        goods = (found & ~shown[:, None, None]).any((1, 2))[~shown].mean()
        missed = (~found.any((1, 2)))[shown].mean()
        print(
            f"{threshold}: cells found {recall:.4f}, labels missed {missed:.4f}, goods touched {goods:.4f}", flush=True
        )


def export(net: Net, path: Path) -> None:
    """Write the net with its sigmoid as ONNX."""
    whole = nn.Sequential(net, nn.Sigmoid())
    axes = {"picture": {2: "height", 3: "width"}, "address": {2: "rows", 3: "columns"}}
    torch.onnx.export(
        whole, (torch.zeros(1, 3, 288, 384),), str(path), input_names=["picture"], output_names=["address"],
        dynamic_axes=axes, opset_version=17, dynamo=False,
    )  # fmt: skip
    onnx.checker.check_model(onnx.load(path))


def write_manifest(folder: Path, measured: str) -> None:
    """The pack's manifest, with its network's hash."""
    digest = hashlib.sha256((folder / FILE).read_bytes()).hexdigest()
    thresholds = "\n".join(f"{name} = {value}" for name, value in THRESHOLDS.items())
    told = MANIFEST.format(digest=digest, thresholds=thresholds, measured=measured)
    (folder / "manifest.toml").write_text(told, "utf-8")
