"""A vision transformer over all patches or those kept, and a decoder whose queries may be the masked patches only."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

PATCH = 16


class Attention(nn.Module):
    """Attention of `x` to `to`. One that `shows` computes its weights openly, and keeps those of the class token."""

    def __init__(self, width: int, heads: int, *, shows: bool) -> None:
        super().__init__()
        self.heads, self.shows = heads, shows
        self.query, self.pair = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)
        self.shown: torch.Tensor | None = None

    def forward(self, x: torch.Tensor, to: torch.Tensor) -> torch.Tensor:
        """[batch, length, width]."""
        query = self.query(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        key, value = self.pair(to).unflatten(-1, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)
        if self.shows:
            weights = (query @ key.transpose(-2, -1) * query.shape[-1] ** -0.5).softmax(-1)
            self.shown = weights.mean(1)[:, 0, 1:]
            mixed = weights @ value
        else:
            mixed = functional.scaled_dot_product_attention(query, key, value)
        out: torch.Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return out


class Block(nn.Module):
    """Attention and feed-forward after normalization; keys may include `fixed` tokens, which have no queries."""

    def __init__(self, width: int, heads: int, *, shows: bool = False) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads, shows=shows)
        wide = nn.Linear(width, 4 * width)
        self.mlp = nn.Sequential(wide, nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: torch.Tensor, fixed: torch.Tensor | None = None) -> torch.Tensor:
        """[batch, length, width]."""
        y = self.norm1(x)
        x = x + self.attention(y, y if fixed is None else torch.cat([fixed, y], 1))
        out: torch.Tensor = x + self.mlp(self.norm2(x))
        return out


class Encoder(nn.Module):
    """A class token and patches; the last block may show its attention."""

    def __init__(self, patches: int, width: int, heads: int, layers: int, *, shows: bool) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, PATCH, PATCH)
        self.first = nn.Parameter(torch.zeros(1, 1, width))
        self.places = nn.Parameter(torch.zeros(1, patches + 1, width))
        last = layers - 1
        self.blocks = nn.ModuleList(
            Block(width, heads, shows=shows and i == last) for i in range(layers)
        )
        self.norm = nn.LayerNorm(width)

    def shown(self) -> torch.Tensor:
        """[batch, patches]: how much the class token attended to each patch in the last block."""
        attention: Any = self.blocks[-1].attention
        found: torch.Tensor = attention.shown
        return found

    def forward(self, images: torch.Tensor, kept: torch.Tensor | None = None) -> torch.Tensor:
        """[batch, 1 + patches, width]; with `kept` [batch, n], of those patches only."""
        x = self.patches(images).flatten(2).transpose(1, 2) + self.places[:, 1:]
        if kept is not None:
            x = x.gather(1, kept[..., None].expand(-1, -1, x.shape[-1]))
        x = torch.cat([(self.first + self.places[:, :1]).expand(x.shape[0], -1, -1), x], 1)
        for block in self.blocks:
            x = block(x)
        out: torch.Tensor = self.norm(x)
        return out


class Decoder(nn.Module):
    """Masked patches from what the encoder saw: it `prompts` them and stays fixed, or all tokens attend to all."""

    def __init__(
        self, patches: int, sizes: tuple[int, int, int, int, int], *, prompts: bool
    ) -> None:
        super().__init__()
        before, width, heads, layers, out = sizes
        self.prompts = prompts
        self.enter, self.leave = nn.Linear(before, width), nn.Linear(width, out)
        self.mask = nn.Parameter(torch.zeros(1, 1, width))
        self.places = nn.Parameter(torch.zeros(1, patches + 1, width))
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def forward(self, encoded: torch.Tensor, masked: torch.Tensor) -> torch.Tensor:
        """[batch, 1 + patches, out] of the encoder's tokens and the `masked` patches' indices."""
        fixed = self.enter(encoded)
        places = self.places[:, 1:].expand(len(fixed), -1, -1)
        places = places.gather(1, masked[..., None].expand(-1, -1, places.shape[-1]))
        x = self.mask + places
        if not self.prompts:
            x = torch.cat([fixed, x], 1)
        for block in self.blocks:
            x = block(x, fixed if self.prompts else None)
        whole = torch.cat([fixed, x], 1) if self.prompts else x
        out: torch.Tensor = self.leave(self.norm(whole))
        return out


def block_flops(width: int, queries: int, keys: int) -> tuple[int, int]:
    """FLOPs of a block's linear layers, and of its attention's two products, for one image."""
    linear = 2 * width * width * (2 * queries + 2 * keys + 8 * queries)
    return linear, 4 * queries * keys * width


def stack_flops(width: int, layers: int, queries: int, keys: int, rest: int) -> tuple[int, int]:
    """The same of several blocks for one image; `rest` are FLOPs of linear layers around them."""
    linear, attention = block_flops(width, queries, keys)
    return layers * linear + rest, layers * attention
