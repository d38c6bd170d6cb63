"""SAM's mask decoder: tokens of each prompt and the image attend to each other twice, then masks are read off the image."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

TOKENS, MASKS, HEADS = 5, 4, 8
POINTS = 6


class Attention(nn.Module):
    """Attention of one sequence to another, in a narrower space if `down` is 2."""

    def __init__(self, size: int, down: int = 1) -> None:
        super().__init__()
        inner = size // down
        self.query, self.key, self.value = (nn.Linear(size, inner) for _ in range(3))
        self.out = nn.Linear(inner, size)

    def forward(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        """[prompts, length, size]."""
        parts = ((self.query, q), (self.key, k), (self.value, v))
        split = [part(x).unflatten(-1, (HEADS, -1)).transpose(1, 2) for part, x in parts]
        mixed = functional.scaled_dot_product_attention(*split)
        out: torch.Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return out


class TwoWay(nn.Module):
    """Tokens attend to themselves and the image, then the image to the tokens."""

    def __init__(self, size: int, wide: int, *, first: bool) -> None:
        super().__init__()
        self.first = first
        self.own, self.to_image, self.to_tokens = (
            Attention(size), Attention(size, 2), Attention(size, 2),
        )  # fmt: skip
        self.mlp = nn.Sequential(nn.Linear(size, wide), nn.GELU(), nn.Linear(wide, size))
        self.norms = nn.ModuleList(nn.LayerNorm(size) for _ in range(4))

    def forward(
        self, q: torch.Tensor, k: torch.Tensor, places: tuple[torch.Tensor, torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens and image, each [prompts, length, size], with their places."""
        of_q, of_k = places
        own = q if self.first else q + of_q
        q = self.norms[0](q + self.own(own, own, own))
        q = self.norms[1](q + self.to_image(q + of_q, k + of_k, k))
        q = self.norms[2](q + self.mlp(q))
        return q, self.norms[3](k + self.to_tokens(k + of_k, q + of_q, q))


def _mlp(size: int, out: int) -> nn.Sequential:
    wide = (nn.Linear(size, size), nn.GELU(), nn.Linear(size, size), nn.GELU())
    return nn.Sequential(*wide, nn.Linear(size, out))


class MaskDecoder(nn.Module):
    """Four masks of each prompt, four times as large as the grid; published: size 256, wide 2048."""

    def __init__(self, size: int, wide: int, grid: int) -> None:
        super().__init__()
        self.grid = grid
        self.tokens = nn.Parameter(torch.zeros(1, TOKENS, size))
        self.layers = nn.ModuleList(TwoWay(size, wide, first=first) for first in (True, False))
        self.last, self.norm = Attention(size, 2), nn.LayerNorm(size)
        self.larger = nn.Sequential(
            nn.ConvTranspose2d(size, size // 4, 2, 2), nn.GroupNorm(1, size // 4), nn.GELU(),
            nn.ConvTranspose2d(size // 4, size // 8, 2, 2), nn.GELU(),
        )  # fmt: skip
        self.masks = nn.ModuleList(_mlp(size, size // 8) for _ in range(MASKS))
        self.quality = _mlp(size, MASKS)

    def forward(
        self, image: torch.Tensor, places: torch.Tensor, prompts: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Masks [prompts, 4, 4 * grid, 4 * grid] and their quality, of an image [1, size, grid, grid] and prompts' points."""
        count = len(prompts)
        # copied for every prompt, as in the published code
        k = image.flatten(2).transpose(1, 2).repeat(count, 1, 1)
        of_k = places.repeat(count, 1, 1)
        q = of_q = torch.cat([self.tokens.expand(count, -1, -1), prompts], 1)
        for layer in self.layers:
            q, k = layer(q, k, (of_q, of_k))
        q = self.norm(q + self.last(q + of_q, k + of_k, k))
        large = self.larger(torch.unflatten(k.transpose(1, 2), 2, (self.grid, self.grid)))
        ways = torch.stack([mlp(q[:, 1 + n]) for n, mlp in enumerate(self.masks)], 1)
        masks = (ways @ large.flatten(2)).unflatten(2, large.shape[-2:])
        return masks, self.quality(q[:, 0])


def decoder_flops(size: int, wide: int, grid: int) -> int:
    """FLOPs of a forward pass for one prompt, from the dimensions alone."""
    few, many, half = TOKENS + POINTS, grid * grid, size // 2
    # linear layers and products of tokens with the image, in either direction
    crossing = 2 * (2 * few + 2 * many) * size * half + 4 * few * many * half
    layer = 2 * 4 * few * size * size + 4 * few * few * size + 2 * 2 * few * size * wide
    larger = 2 * many * 4 * (size * size // 4 + 4 * (size // 4) * (size // 8))
    heads = 2 * (MASKS * (2 * size * size + size * size // 8) + 2 * size * size + size * MASKS)
    masks = 2 * MASKS * (size // 8) * 16 * many
    return 2 * layer + 5 * crossing + larger + heads + masks
