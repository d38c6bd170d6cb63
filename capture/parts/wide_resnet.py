"""A wide residual network for small images (Zagoruyko and Komodakis 2016), and the FLOPs of its forward pass."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

STEM = 16


class Block(nn.Module):
    """Two convolutions of 3 x 3, each after normalization and ReLU."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.BatchNorm2d(before), nn.BatchNorm2d(after)
        self.conv1 = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        same = before == after and stride == 1
        self.shortcut = None if same else nn.Conv2d(before, after, 1, stride, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[batch, channels, height, width], halved if the stride is 2."""
        y = functional.relu(self.norm1(x))
        kept = x if self.shortcut is None else self.shortcut(y)
        out: torch.Tensor = kept + self.conv2(functional.relu(self.norm2(self.conv1(y))))
        return out


class WideResNet(nn.Module):
    """WRN-`depth`-`width`: three groups of (depth - 4) / 6 blocks, of 16, 32 and 64 times `width` channels."""

    def __init__(self, depth: int, width: int, classes: int) -> None:
        super().__init__()
        self.depth, self.width, self.classes = depth, width, classes
        widths = [STEM, 16 * width, 32 * width, 64 * width]
        each = (depth - 4) // 6
        self.stem = nn.Conv2d(3, STEM, 3, 1, 1, bias=False)
        self.blocks = nn.Sequential(
            *(
                Block(
                    widths[group] if first else widths[group + 1],
                    widths[group + 1],
                    2 if first and group else 1,
                )
                for group in range(3)
                for first in [True] + [False] * (each - 1)
            )
        )
        self.norm = nn.BatchNorm2d(widths[3])
        self.head = nn.Linear(widths[3], classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Class scores of images [batch, 3, height, width]."""
        y = functional.relu(self.norm(self.blocks(self.stem(x))))
        scores: torch.Tensor = self.head(y.mean((2, 3)))
        return scores


def stem_flops(batch: int, side: int) -> int:
    """FLOPs of the first convolution, forward or one gradient."""
    return 2 * batch * side * side * STEM * 3 * 9


def forward_flops(depth: int, width: int, classes: int, *, batch: int, side: int) -> int:
    """FLOPs of one forward pass over `batch` square images, from the dimensions alone."""
    total, before = stem_flops(batch, side), STEM
    for group in range(3):
        after, pixels = 16 * width * 2**group, (side // 2**group) ** 2
        first = 9 * after * (before + after) + before * after * (before != after or group > 0)
        rest = ((depth - 4) // 6 - 1) * 2 * 9 * after * after
        total += 2 * batch * pixels * (first + rest)
        before = after
    return total + 2 * batch * before * classes
