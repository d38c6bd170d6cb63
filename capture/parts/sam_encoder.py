"""The image encoders of SAM and EfficientSAM: a ViT with windows and relative positions, or a plain one. FLOPs from the dimensions."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

PATCH = 16


@dataclass(frozen=True)
class Shape:
    """An encoder's dimensions; `window` is 0 where all layers attend to all patches, else `whole` lists those that do."""

    width: int
    heads: int
    layers: int
    window: int = 0
    whole: tuple[int, ...] = ()

    def side(self, layer: int, grid: int) -> int:
        """Patches along the side of what a layer attends to."""
        return self.window if self.window and layer not in self.whole else grid


class Attention(nn.Module):
    """Attention over a square of patches; with relative positions, a bias of row and column distance is added."""

    def __init__(self, width: int, heads: int, side: int) -> None:
        super().__init__()
        self.heads, self.side = heads, side
        self.pairs, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        if side:
            self.rows = nn.Parameter(torch.zeros(2 * side - 1, width // heads))
            self.columns = nn.Parameter(torch.zeros(2 * side - 1, width // heads))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[squares, side * side, width]."""
        q, k, v = self.pairs(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        bias = self._bias(q) if self.side else None
        mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        out: torch.Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return out

    def _bias(self, query: torch.Tensor) -> torch.Tensor:
        """[squares, heads, length, length]."""
        side = self.side
        place = torch.arange(side, device=query.device)
        apart = place[:, None] - place[None] + side - 1
        square = torch.unflatten(query, 2, (side, side)).flatten(0, 1)
        rows = torch.einsum("bhwc,hkc->bhwk", square, self.rows[apart])
        columns = torch.einsum("bhwc,wkc->bhwk", square, self.columns[apart])
        both = rows[..., :, None] + columns[..., None, :]
        return both.reshape(*query.shape[:3], side * side)


class Block(nn.Module):
    """Attention in windows or over the whole image, and feed-forward."""

    def __init__(self, shape: Shape, layer: int, grid: int) -> None:
        super().__init__()
        side = shape.side(layer, grid)
        self.grid, self.window = grid, side if side != grid else 0
        self.norm1, self.norm2 = nn.LayerNorm(shape.width), nn.LayerNorm(shape.width)
        self.attention = Attention(shape.width, shape.heads, side if shape.window else 0)
        wide = nn.Linear(shape.width, 4 * shape.width)
        self.mlp = nn.Sequential(wide, nn.GELU(), nn.Linear(4 * shape.width, shape.width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[batch, grid * grid, width]."""
        y = self.norm1(x)
        x = x + (self._windowed(y) if self.window else self.attention(y))
        out: torch.Tensor = x + self.mlp(self.norm2(x))
        return out

    def _windowed(self, y: torch.Tensor) -> torch.Tensor:
        batch, grid, window = len(y), self.grid, self.window
        more = -grid % window
        count = (grid + more) // window
        split = torch.unflatten
        y = functional.pad(split(y, 1, (grid, grid)), (0, 0, 0, more, 0, more))
        y = split(split(y, 2, (count, window)), 1, (count, window)).transpose(2, 3)
        y = self.attention(y.flatten(3, 4).flatten(0, 2))
        y = split(split(y, 0, (batch, count, count)), 3, (window, window)).transpose(2, 3)
        return y.flatten(3, 4).flatten(1, 2)[:, :grid, :grid].flatten(1, 2)


class ChannelNorm(nn.Module):
    """Normalization of each pixel's channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight, self.bias = (nn.Parameter(torch.ones(channels, 1, 1)) for _ in range(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[batch, channels, height, width]."""
        apart = x - x.mean(1, keepdim=True)
        return (
            self.weight * (apart / (apart.pow(2).mean(1, keepdim=True) + 1e-6).sqrt()) + self.bias
        )


class ImageEncoder(nn.Module):
    """Images to a grid of `out` channels. A plain one interpolates the positions it was pretrained with, 14 x 14 and a token."""

    def __init__(self, shape: Shape, grid: int, out: int) -> None:
        super().__init__()
        self.grid = grid
        self.patches = nn.Conv2d(3, shape.width, PATCH, PATCH)
        count = grid * grid if shape.window else 14 * 14 + 1
        self.places = nn.Parameter(torch.zeros(1, count, shape.width))
        self.blocks = nn.ModuleList(Block(shape, layer, grid) for layer in range(shape.layers))
        self.neck = nn.Sequential(
            nn.Conv2d(shape.width, out, 1, bias=False),
            ChannelNorm(out),
            nn.Conv2d(out, out, 3, padding=1, bias=False),
            ChannelNorm(out),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """[batch, out, grid, grid]."""
        x = self.patches(images).flatten(2).transpose(1, 2)
        x = x + (self.places if self.places.shape[1] == x.shape[1] else self._stretched())
        for block in self.blocks:
            x = block(x)
        out: torch.Tensor = self.neck(x.transpose(1, 2).unflatten(2, (self.grid, self.grid)))
        return out

    def _stretched(self) -> torch.Tensor:
        square = torch.unflatten(self.places[:, 1:].transpose(1, 2), 2, (14, 14))
        size = (self.grid, self.grid)
        return functional.interpolate(square, size, mode="bicubic").flatten(2).transpose(1, 2)


def encoder_flops(shape: Shape, grid: int, out: int) -> tuple[int, int]:
    """FLOPs of a forward pass over one image: of all, and of the products of queries, keys and values."""
    tokens, width = grid * grid, shape.width
    total = 2 * tokens * (3 * PATCH * PATCH * width + width * out + 9 * out * out)
    core = 0
    for layer in range(shape.layers):
        side = shape.side(layer, grid)
        squares = (-(-grid // side)) ** 2
        inside = squares * side * side
        total += 2 * 4 * width * width * inside + 2 * 8 * width * width * tokens
        total += 2 * 2 * inside * side * width if shape.window else 0
        core += 4 * inside * side * side * width
    return total + core, core
