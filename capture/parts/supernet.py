"""A BERT of many sizes in one: layers whose first rows and columns are used, and feed-forward weights mixed from experts."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

HEADS = 12


class Sliced(nn.Module):
    """A linear layer of which the first rows and columns are used."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(after, before) * before**-0.5)
        self.bias = nn.Parameter(torch.zeros(after))

    def part(self, before: int, after: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Weight [after, before] and bias [after]: views."""
        return self.weight[:after, :before], self.bias[:after]

    def forward(self, x: torch.Tensor, after: int) -> torch.Tensor:
        """[..., before] to [..., after]."""
        return functional.linear(x, *self.part(x.shape[-1], after))


class Mixed(nn.Module):
    """Experts of one linear layer, and the router that weighs them; with one expert it is Sliced."""

    def __init__(self, before: int, after: int, kinds: tuple[int, int, int], by: str) -> None:
        super().__init__()
        experts, numbers, width = kinds
        self.parts = [Sliced(before, after) for _ in range(experts)]
        self.experts = nn.ModuleList(self.parts)
        self.kept: tuple[torch.Tensor, torch.Tensor] | None = None
        if experts > 1:
            out = experts * (after if by == "neuron" else 1)
            self.router = nn.Sequential(nn.Linear(numbers, width), nn.ReLU(), nn.Linear(width, out))

    def mixed(
        self, before: int, after: int, kind: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Weight and bias for the architecture `kind`, a vector."""
        parts = [expert.part(before, after) for expert in self.parts]
        if len(parts) == 1:
            return parts[0]
        shares = self.router(kind).view(-1, len(parts)).softmax(-1)[:after]
        weights = [shares[:, n, None] * weight for n, (weight, _) in enumerate(parts)]
        biases = [shares[:, n] * bias for n, (_, bias) in enumerate(parts)]
        weight: torch.Tensor = sum(weights[1:], weights[0])
        bias: torch.Tensor = sum(biases[1:], biases[0])
        return weight, bias

    def forward(self, x: torch.Tensor, after: int, kind: torch.Tensor) -> torch.Tensor:
        """[..., before] to [..., after]."""
        return functional.linear(x, *(self.kept or self.mixed(x.shape[-1], after, kind)))


class Layer(nn.Module):
    """Attention and feed-forward of width `hidden`, between a bottleneck and back."""

    def __init__(self, size: int, inner: int, kinds: tuple[int, int, int], by: str) -> None:
        super().__init__()
        self.enter, self.leave = Sliced(size, size), Sliced(size, size)
        self.query, self.key, self.value, self.out = (Sliced(size, size) for _ in range(4))
        self.wide, self.narrow = Mixed(size, inner, kinds, by), Mixed(inner, size, kinds, by)
        self.norm1, self.norm2 = nn.LayerNorm(size), nn.LayerNorm(size)
        self.inner = inner

    def forward(self, x: torch.Tensor, hidden: int, kind: torch.Tensor) -> torch.Tensor:
        """[batch, length, size] to the same."""
        y = self.enter(x, hidden)
        q, k, v = (
            part(y, hidden).unflatten(-1, (HEADS, -1)).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        attended = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        y = self._normed(y + self.out(attended, hidden), self.norm1)
        z = self.narrow(functional.gelu(self.wide(y, self.inner, kind)), hidden, kind)
        out: torch.Tensor = self.leave(self._normed(y + z, self.norm2), x.shape[-1])
        return out

    @staticmethod
    def _normed(x: torch.Tensor, norm: nn.LayerNorm) -> torch.Tensor:
        size = x.shape[-1]
        return functional.layer_norm(x, (size,), norm.weight[:size], norm.bias[:size])


class Supernet(nn.Module):
    """Embeddings and layers."""

    def __init__(self, layers: list[Layer], size: int, words: int, *, trains: bool) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(words, size), nn.Embedding(512, size)
        self.norm, self.layers = nn.LayerNorm(size), nn.ModuleList(layers)
        self.each = layers
        self.kind: torch.Tensor
        self.register_buffer("kind", torch.rand(len(layers)))
        if trains:
            self.head = nn.Sequential(nn.Linear(size, size), nn.GELU(), nn.Linear(size, words))

    def materialise(self, hidden: int) -> None:
        """Mix every layer's weights once."""
        for layer in self.each:
            layer.wide.kept = layer.wide.mixed(hidden, layer.inner, self.kind)
            layer.narrow.kept = layer.narrow.mixed(layer.inner, hidden, self.kind)

    def forward(self, ids: torch.Tensor, widths: Sequence[int]) -> torch.Tensor:
        """[batch, length] to [batch, length, size], with a width for each layer."""
        places = self.places(torch.arange(ids.shape[1], device=ids.device))
        x: torch.Tensor = self.norm(self.words(ids) + places)
        for layer, hidden in zip(self.layers, widths, strict=True):
            x = layer(x, hidden, self.kind)
        return x
