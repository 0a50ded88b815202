"""The siamese difference net: two aligned pictures in, logits per kind at a quarter of the resolution out.

Both sides pass one encoder. What makes it tolerant to a pixel or two of misalignment is the interval distance: how far
a feature lies outside the range that the other side shows within one cell around (two max-poolings, no correlation
volume). Print quality is judged from the energy of the finest features of both sides, which does not ask for exact
alignment at all. The trunk works at an eighth; a skip brings edges back at a quarter. What the product runs as networks
is convolutions, ReLUs, additions and concatenations, so that static int8 covers it (`models.training.export`).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own idiom
from torch import nn

KINDS = ("structure", "colour", "print", "unusable")
STRIDE = 4


class Block(nn.Module):
    """A residual 3 x 3 convolution."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.a = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation, bias=False)
        self.n = nn.BatchNorm2d(channels)

    def forward(self, x):
        if (
            x.dtype == torch.bfloat16
        ):  # oneDNN's bfloat16 gradient of dilated weights is not finite from 50 cells a side
            with torch.autocast("cpu", enabled=False):
                return F.relu(x + self.n(self.a(x.float())).to(x.dtype))
        return F.relu(x + self.n(self.a(x)))


def unit(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution, batch norm (folded at export), ReLU."""
    padding = (kernel - 1) // 2 if kernel % 2 else 0
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


def light_free(picture):
    """Grey without its local mean, over its local deviation (about 40 px around): n x 1 x H x W."""
    grey = picture.mean(1, keepdim=True)
    coarse = F.avg_pool2d(torch.cat([grey, grey * grey], 1), 8)
    coarse = F.avg_pool2d(coarse, 5, 1, 2, count_include_pad=False)
    mean, square = coarse[:, :1], coarse[:, 1:]
    scale = 0.25 / torch.sqrt((square - mean * mean).clamp(min=0.0) + 0.001)
    size = grey.shape[2:]
    mean = F.interpolate(mean, size=size, mode="bilinear", align_corners=False)
    scale = F.interpolate(scale, size=size, mode="bilinear", align_corners=False)
    return ((grey - mean) * scale).clamp(-1.0, 1.0) + 0.5


def _extreme(x, pick):
    """The largest (or least) of each 3 x 3 neighbourhood by shifted slices, without a gradient of its own."""
    x = torch.cat([x[:, :, :, :1], x, x[:, :, :, -1:]], 3)
    x = pick(pick(x[:, :, :, :-2], x[:, :, :, 1:-1]), x[:, :, :, 2:])
    x = torch.cat([x[:, :, :1], x, x[:, :, -1:]], 2)
    return pick(pick(x[:, :, :-2], x[:, :, 1:-1]), x[:, :, 2:])


def outside(a, b):
    """How far `a` lies outside the range that `b` shows within one cell: n x C x H x W, 0 or more.

    In training the bounds pass their gradient straight to the cell itself: pooling with its true gradient took 40% of
    a step. Nothing of this is exported: the product measures it on eight-bit features (models/interval.py).
    """
    if torch.is_grad_enabled():
        with torch.no_grad():
            up, down = _extreme(b, torch.maximum) - b, b - _extreme(b, torch.minimum)
        apart = a - b
        return F.relu(apart - up) + F.relu(-apart - down)
    return F.relu(a - F.max_pool2d(b, 3, 1, 1)) + F.relu(-F.max_pool2d(-b, 3, 1, 1) - a)


def between(a, b):
    """What the comparison is told of two sides' features: n x 5C x H x W, in the order of models/interval.py."""
    return torch.cat([outside(a, b), outside(b, a), (a - b).abs(), a, b], 1)


class DifferenceNet(nn.Module):
    """faces and captures (n x 3 x H x W, 0..1 BGR, H and W multiples of 8) -> logits n x 4 x H/4 x W/4 (KINDS)."""

    def __init__(self, c2: int = 16, c4: int = 32, c8: int = 72, blocks: tuple[int, ...] = (1, 2, 4, 8)) -> None:
        super().__init__()
        self.stem = unit(4, c2, 3, 2)
        self.down = unit(c2, c4, 3, 2)
        self.deep = unit(c4, c4, 3)
        self.fine = unit(5 * c2, 24, 2, 2)  # differences at a half, and the energy of both sides
        self.mix = unit(5 * c4, 32, 1)
        self.enter = unit(56, c8, 3, 2)
        self.trunk = nn.Sequential(*(Block(c8, d) for d in blocks))
        self.whole = nn.Linear(c8, c8)
        self.up = nn.Conv2d(c8, 16, 1)
        self.skip = nn.Conv2d(56, 16, 1)
        self.join = unit(16, 16, 3)
        self.answer = nn.Conv2d(16, 4, 1)
        nn.init.constant_(self.answer.bias, -3.0)
        nn.init.zeros_(self.whole.weight)
        nn.init.zeros_(self.whole.bias)

    def encode(self, picture):
        """Features at a half and at a quarter."""
        half = self.stem(torch.cat([picture, light_free(picture)], 1))
        return half, self.deep(self.down(half))

    def forward(self, face, capture):
        (a2, a4), (b2, b4) = self.encode(face), self.encode(capture)
        return self.judge(between(a2, b2), between(a4, b4))

    def judge(self, half, quarter):
        """Logits from what was measured between the sides at a half and at a quarter."""
        quarter = torch.cat([self.fine(half), self.mix(quarter)], 1)
        eighth = self.enter(quarter)
        eighth = eighth + self.whole(eighth.mean((2, 3)))[:, :, None, None]
        eighth = self.trunk(eighth)
        up = F.interpolate(self.up(eighth), scale_factor=2, mode="nearest")
        return self.answer(self.join(F.relu(up + self.skip(quarter))))


def macs(height: int = 768, width: int = 544) -> float:
    """Multiply-accumulates of the convolutions for a face pair, counted by hooks."""
    net, total, hooks = DifferenceNet().eval(), [0.0], []

    def count(module, _inputs, output):
        total[0] += output.numel() * module.weight[0].numel()

    hooks = [m.register_forward_hook(count) for m in net.modules() if isinstance(m, nn.Conv2d)]
    with torch.no_grad():
        net(torch.zeros(1, 3, height, width), torch.zeros(1, 3, height, width))
    for hook in hooks:
        hook.remove()
    return total[0]
