"""The net that sees address blocks: 384 pixels in, one answer to four of them, 147,000 weights; and its training.

An encoder and a decoder: three halvings, dilated layers that see most of the picture, a gate that sees all of it, and
the way back with what was seen on the way in. It runs at any size that 16 divides.
"""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import cv2
import numpy as np
import onnx
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from models.training.train import halved

FILE = "blocks.onnx"
THRESHOLDS = {"likely": 0.7, "beside_bars": 0.27, "beside_goods": 0.85, "extent": 0.07}
MANIFEST = """schema = 1
pack = "address-2"
title = "Where a picture looks like an address: two small nets, taught with drawn labels, letters and goods"
licence = "Apache-2.0"
card = "models/cards/address-2.md"

[files]
"blocks.onnx" = "{digest}"

[address]
file = "blocks.onnx"
{thresholds}
measured = "{measured}"
"""
BATCH = 8
SHOWN = 25.0  # grey levels between ink and paper
SUREST = 16  # cells of a picture that say whether it shows an address
OF_PICTURES = 0.1  # what that counts beside what each cell says
AVERAGED = 0.998
SAVED = 200  # steps
RATE = 2.5e-3
WEIGHT = 3.0  # of an address against what is none: missing one is worse
HELD, HELD_STEP = 10, 25  # every n-th shard is not learned from; surfaces of a shard


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
        self.sixteenth = nn.Sequential(Layer(32, 48, stride=2), Layer(48, 48), Layer(48, 48, dilation=2))
        self.wide = nn.Sequential(Layer(48, 48, dilation=4), Layer(48, 48, dilation=8))
        self.whole = nn.Linear(96, 48)  # from what all of the picture has, to what of it counts
        self.up_eighth, self.up_quarter = Layer(80, 24), Layer(44, 16)
        self.answer = nn.Conv2d(16, 1, 1)

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        quarter: Tensor = self.quarter(self.entrance(picture))
        eighth: Tensor = self.eighth(quarter)
        deep: Tensor = self.sixteenth(eighth)
        deep = deep + self.wide(deep)
        gate = torch.sigmoid(self.whole(torch.cat([deep.mean((2, 3)), deep.amax((2, 3))], 1)))
        deep = deep * (2 * gate[:, :, None, None])
        back: Tensor = self.up_eighth(torch.cat([_twice(deep), eighth], 1))
        back = self.up_quarter(torch.cat([_twice(back), quarter], 1))
        answer: Tensor = self.answer(back)
        return answer


def _twice(layer: Tensor) -> Tensor:
    return functional.interpolate(layer, scale_factor=2.0, mode="nearest")


def train(shards: Path, out: Path, weights: Path, minutes: float, threads: int) -> None:
    """Learn for so many minutes from the shards, on from the weights that are there, and write them and the pack.

    Shards that are drawn meanwhile are taken in. What is kept is the running average of the weights.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    examples = Examples(shards)
    net, rng = Net().to(memory_format=torch.channels_last), np.random.default_rng(1)
    if weights.exists():
        net.load_state_dict(torch.load(weights, weights_only=True))
    kept = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(AVERAGED), use_buffers=True)
    ways = torch.optim.AdamW(net.parameters(), RATE, weight_decay=1e-3)
    begun, step = time.monotonic(), 0
    while (passed := (time.monotonic() - begun) / 60 / minutes) < 1:
        if step % 100 == 0:
            examples.look()
        for group in ways.param_groups:
            group["lr"] = RATE * min(1.0, step / 50) * (0.02 + 0.98 * (1 + np.cos(np.pi * passed)) / 2)
        seen, truth = _varied(rng, *examples.batch(rng))
        with halved():
            answers = net(seen.contiguous(memory_format=torch.channels_last))
        answers = answers.float()
        cells = functional.binary_cross_entropy_with_logits(answers, truth, pos_weight=torch.tensor(WEIGHT))
        pictures = of_pictures(answers, truth)
        loss = cells + OF_PICTURES * pictures.mean()
        ways.zero_grad()
        loss.backward()
        ways.step()
        kept.update_parameters(net)
        step += 1
        if step % 50 == 0:
            print(step, f"{passed:.2f} {cells.item():.4f} {pictures.mean().item():.4f}", flush=True)
        if step % SAVED == 0:
            save(kept, weights)
    save(kept, weights)
    net = Net()
    net.load_state_dict(torch.load(weights, weights_only=True))
    net.eval()
    out.mkdir(parents=True, exist_ok=True)
    export(net, out / FILE)
    write_manifest(out, "docs/decisions/197")
    judge(net, *held_back(shards))


def save(kept: AveragedModel, weights: Path) -> None:
    """Write the averaged weights."""
    partial = weights.with_suffix(".partial")
    torch.save(kept.module.state_dict(), partial)
    partial.rename(weights)


def of_pictures(answers: Tensor, truth: Tensor) -> Tensor:
    """How wrong the surest cells of each picture (N) are about whether it shows an address; 0 where it hardly does."""
    surest = answers.flatten(1).topk(SUREST, 1).values.mean(1)
    cells = (truth.flatten(1) > 0.5).sum(1)
    wrong = functional.binary_cross_entropy_with_logits(surest, (cells > 0).float(), reduction="none")
    return wrong * ((cells == 0) | (cells >= SUREST))


class Examples:
    """Pictures and truths of the shards that are learned from."""

    def __init__(self, shards: Path) -> None:
        """Of a folder into which more may come."""
        self.shards = shards
        self.read: set[Path] = set()
        self.pictures: list[np.ndarray] = []
        self.truths: list[np.ndarray] = []

    def look(self) -> None:
        """Take in what is new."""
        for path in learned_from(self.shards):
            if path in self.read:
                continue
            self.read.add(path)
            with np.load(path) as shard:
                for picture, truth in zip(shard["pictures"], shard["truths"], strict=True):
                    if can_be_seen(picture, truth):
                        self.pictures.append(picture)
                        self.truths.append(truth)
        print(len(self.pictures), "pictures", flush=True)

    def batch(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Some pictures and their truths."""
        chosen = rng.choice(len(self.pictures), BATCH, replace=False)
        return np.stack([self.pictures[one] for one in chosen]), np.stack([self.truths[one] for one in chosen])


def can_be_seen(picture: np.ndarray, truth: np.ndarray) -> bool:
    """Whether a picture shows no address, or one with any contrast: what is burnt out cannot be learned."""
    if not truth.any():
        return True
    place = cv2.resize(truth, picture.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 127
    return bool(place.any()) and bool(np.ptp(np.percentile(picture[place].min(1), (4, 90))) >= SHOWN)


def learned_from(shards: Path) -> list[Path]:
    """All shards but every n-th, by its number."""
    return [path for path in sorted(shards.glob("??????.npz")) if not _held(path)]


def held_back(shards: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pictures and truths of the others."""
    read = [np.load(path) for path in sorted(shards.glob("??????.npz")) if _held(path)]
    return np.concatenate([one["pictures"] for one in read]), np.concatenate([one["truths"] for one in read])


def _held(path: Path) -> bool:
    return int(path.stem) // HELD_STEP % HELD == HELD - 1


def _varied(rng: np.random.Generator, pictures: np.ndarray, truths: np.ndarray) -> tuple[Tensor, Tensor]:
    """A batch as the net sees it: turned by quarters and mirrored together, each lighter or darker, of another tint."""
    seen = torch.from_numpy(pictures).permute(0, 3, 1, 2).float()
    truth = torch.from_numpy(truths)[:, None].float() / 255
    gain = torch.from_numpy(np.exp(rng.normal(0, 0.15, (len(seen), 1, 1, 1))).astype(np.float32))
    tint = torch.from_numpy(np.exp(rng.normal(0, 0.05, (len(seen), 3, 1, 1))).astype(np.float32))
    shift = torch.from_numpy(rng.normal(0, 10, (len(seen), 3, 1, 1)).astype(np.float32))
    seen = seen.mul_(gain * tint / 127.5).add_(shift / 127.5 - 1).clamp_(-1, 1)
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
