"""ResNet-18 for small images, in stages, and the FLOPs of its parts (He et al. 2016, with a stem of 3 x 3)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


class Block(nn.Module):
    """Two convolutions of 3 x 3 and a shortcut."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.norm1, self.norm2 = nn.BatchNorm2d(after), nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or before != after:
            conv = nn.Conv2d(before, after, 1, stride, bias=False)
            self.shortcut = nn.Sequential(conv, nn.BatchNorm2d(after))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[batch, channels, height, width], halved if the stride is 2."""
        y = functional.relu(self.norm1(self.conv1(x)))
        return functional.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


class ResNet(nn.Module):
    """Four stages of two blocks with `width`, then twice as many channels each; `forward` takes a step for each stage."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.widths = [width * 2**i for i in range(4)]
        self.stem = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        before = [width, *self.widths]
        self.stages = nn.ModuleList(
            nn.Sequential(Block(before[i], w, 2 if i else 1), Block(w, w, 1))
            for i, w in enumerate(self.widths)
        )
        self.head = nn.Linear(self.widths[3], classes)

    def first(self, x: torch.Tensor) -> torch.Tensor:
        """Images to what the first stage takes."""
        return functional.relu(self.norm(self.stem(x)))

    def scores(self, x: torch.Tensor) -> torch.Tensor:
        """What the last stage gives to class scores."""
        found: torch.Tensor = self.head(x.mean((2, 3)))
        return found

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Class scores of images [batch, 3, height, width]."""
        x = self.first(x)
        for stage in self.stages:
            x = stage(x)
        return self.scores(x)


def conv_flops(batch: int, side: int, before: int, after: int, kernel: int = 3) -> int:
    """FLOPs of one convolution with an output of `side` x `side`."""
    return 2 * batch * side * side * before * after * kernel * kernel


def stage_flops(width: int, index: int, *, batch: int, side: int) -> int:
    """FLOPs of a stage's forward pass, from the dimensions alone."""
    after, pixels = width * 2**index, side // 2**index
    before = after // 2 if index else after
    shortcut = conv_flops(batch, pixels, before, after, 1) if index else 0
    return (
        conv_flops(batch, pixels, before, after)
        + 3 * conv_flops(batch, pixels, after, after)
        + shortcut
    )


def forward_flops(width: int, classes: int, *, batch: int, side: int) -> int:
    """FLOPs of the whole network's forward pass."""
    stages = sum(stage_flops(width, index, batch=batch, side=side) for index in range(4))
    return conv_flops(batch, side, 3, width) + stages + 2 * batch * 8 * width * classes
