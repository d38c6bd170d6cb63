"""A decoder-only language model with a memory of keys and values, and low-rank factors that can learn while the rest is frozen."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional


@dataclass(frozen=True)
class Shape:
    """A language model's dimensions."""

    size: int
    heads: int
    layers: int
    wide: int
    words: int


class Layer(nn.Module):
    """Attention to all tokens so far, and a gated feed-forward, each after normalization."""

    def __init__(self, shape: Shape, rank: int) -> None:
        super().__init__()
        size, self.heads = shape.size, shape.heads
        self.rank = rank
        self.norm1, self.norm2 = nn.RMSNorm(size), nn.RMSNorm(size)
        self.pairs, self.out = (
            nn.Linear(size, 3 * size, bias=False),
            nn.Linear(size, size, bias=False),
        )
        self.gate, self.up = (nn.Linear(size, shape.wide, bias=False) for _ in range(2))
        self.down = nn.Linear(shape.wide, size, bias=False)
        if rank:
            self.less = nn.Linear(size, rank, bias=False)
            self.more = nn.Linear(rank, 3 * size, bias=False)

    def forward(
        self, x: torch.Tensor, memory: tuple[torch.Tensor, torch.Tensor] | None, start: int
    ) -> torch.Tensor:
        """[batch, length, size] at positions from `start`; keys and values are written into `memory`, if there is one."""
        y = self.norm1(x)
        pairs = self.pairs(y)
        if self.rank:
            pairs = pairs + self.more(self.less(y))
        q, k, v = pairs.unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        if memory is None:
            return self._added(x, functional.scaled_dot_product_attention(q, k, v, is_causal=True))
        end = start + x.shape[1]
        for kept, new in zip(memory, (k, v), strict=True):
            kept[:, :, start:end] = new
        seen = [kept[:, :, :end] for kept in memory]
        # a whole prompt is causal; after a kept prefix the mask is left out, as it costs the same
        causal = start == 0 and end > 1
        keys, values = seen
        mixed = functional.scaled_dot_product_attention(q, keys, values, is_causal=causal)
        return self._added(x, mixed)

    def _added(self, x: torch.Tensor, mixed: torch.Tensor) -> torch.Tensor:
        x = x + self.out(mixed.transpose(1, 2).flatten(2))
        y = self.norm2(x)
        out: torch.Tensor = x + self.down(functional.silu(self.gate(y)) * self.up(y))
        return out


class LanguageModel(nn.Module):
    """Layers over a memory of keys and values; positions are left out, as they cost next to nothing."""

    def __init__(self, shape: Shape, rank: int) -> None:
        super().__init__()
        self.words = nn.Embedding(shape.words, shape.size)
        self.layers = nn.ModuleList(Layer(shape, rank) for _ in range(shape.layers))
        self.norm = nn.RMSNorm(shape.size)
        self.head = nn.Linear(shape.size, shape.words, bias=False)

    def forward(
        self, ids: torch.Tensor, memory: list[tuple[torch.Tensor, torch.Tensor]], start: int
    ) -> torch.Tensor:
        """The next word of each row, [batch, 1]."""
        x = self.words(ids)
        for layer, kept in zip(self.layers, memory, strict=True):
            x = layer(x, kept, start)
        return self.head(self.norm(x[:, -1])).argmax(-1, keepdim=True)  # type: ignore[no-any-return]

    def factors(self) -> list[nn.Module]:
        """The low-rank factors of every layer."""
        named = self.named_modules()
        return [part for name, part in named if name.endswith((".less", ".more"))]

    def likelihood(self, ids: torch.Tensor, count: int) -> torch.Tensor:
        """Of the last `count` words of each row, [batch * count]: as a loss, so the more likely the smaller."""
        x = self.words(ids[:, :-1])
        for layer in self.layers:
            x = layer(x, None, 0)
        scores = self.head(self.norm(x[:, -count:].flatten(0, 1)))
        return functional.cross_entropy(scores, ids[:, -count:].flatten(), reduction="none")


def call_flops(shape: Shape, tokens: int, start: int) -> int:
    """FLOPs of one call for one row, of which the head sees the last token only."""
    weights = shape.layers * (4 * shape.size * shape.size + 3 * shape.size * shape.wide)
    attention = shape.layers * 4 * tokens * (start + tokens) * shape.size
    return 2 * tokens * weights + attention + 2 * shape.size * shape.words


def trained_flops(shape: Shape, lengths: tuple[int, int], rank: int, again: float) -> float:
    """FLOPs of one row's forward and backward pass over tokens, of which the last are the answer: only low-rank factors learn.

    Frozen weights need gradients of their inputs, the first layer's projections not even those.
    """
    (tokens, answer), size, layers = lengths, shape.size, shape.layers
    pairs, low, high = 3 * size * size, size * rank, 3 * size * rank
    others = size * size + 3 * size * shape.wide
    each = 2 * tokens * (2 * pairs + 2 * others + 3 * low + 3 * high)
    attention = (1 + again) * 4 * tokens * tokens * size
    return (
        layers * (each + attention) - 2 * tokens * (pairs + low) + 4 * answer * size * shape.words
    )
