"""ResNet-50 without its classifier, and the FLOPs of a forward pass (He et al. 2016)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

BLOCKS = (3, 4, 6, 3)


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3 and 1 x 1 convolutions around a narrow middle, and a shortcut."""

    def __init__(self, before: int, middle: int, stride: int) -> None:
        super().__init__()
        after = 4 * middle
        self.body = nn.Sequential(
            nn.Conv2d(before, middle, 1, bias=False), nn.BatchNorm2d(middle), nn.ReLU(),
            nn.Conv2d(middle, middle, 3, stride, 1, bias=False), nn.BatchNorm2d(middle), nn.ReLU(),
            nn.Conv2d(middle, after, 1, bias=False), nn.BatchNorm2d(after),
        )  # fmt: skip
        self.shortcut: nn.Module = nn.Identity()
        if before != after or stride != 1:
            conv = nn.Conv2d(before, after, 1, stride, bias=False)
            self.shortcut = nn.Sequential(conv, nn.BatchNorm2d(after))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[batch, channels, height, width], halved if the stride is 2."""
        return functional.relu(self.body(x) + self.shortcut(x))


class ResNet50(nn.Module):
    """Images to 32 * `width` numbers each; the published width is 64."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(3, 2, 1)
        )  # fmt: skip
        blocks, before = [], width
        for stage, count in enumerate(BLOCKS):
            for block in range(count):
                middle = width * 2**stage
                blocks.append(Bottleneck(before, middle, 2 if stage and not block else 1))
                before = 4 * middle
        self.blocks = nn.Sequential(*blocks)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[batch, 3, side, side] to [batch, 32 * width]."""
        out: torch.Tensor = self.blocks(self.stem(x)).mean((2, 3))
        return out


def forward_flops(width: int, *, batch: int, side: int) -> int:
    """FLOPs of a forward pass, from the dimensions alone; `side` is a multiple of 32."""
    pixels, before = (side // 4) ** 2, width
    total = 0
    for stage, count in enumerate(BLOCKS):
        middle = width * 2**stage
        for block in range(count):
            inside = pixels
            if stage and not block:
                pixels //= 4
            # the first convolution sees the pixels before the stride
            total += inside * before * middle + pixels * (9 * middle * middle + 4 * middle * middle)
            if not block:
                total += pixels * before * 4 * middle
            before = 4 * middle
    return 2 * batch * total + stem_flops(width, batch=batch, side=side)


def stem_flops(width: int, *, batch: int, side: int) -> int:
    """FLOPs of the first convolution."""
    return 2 * batch * (side // 2) ** 2 * width * 3 * 49
