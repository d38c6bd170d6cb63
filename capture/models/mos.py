"""Mixture-of-Supernets (Jawahar et al. 2024): a BERT whose feed-forward weights are mixed from experts for each architecture.

`neuron` and `layer` mix on every forward pass, weight by weight or layer by layer. FLOPs stay those of `slice`, which mixes
nothing, but every pass reads and writes all experts: three times the bytes at batch 1. `materialised` mixes once and keeps the weights.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from genscope.capture.expectation import Expectation
from genscope.capture.label.labels import Labels
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload

HEADS = 12
ASSUMPTIONS = (
    "BERT-base with a bottleneck around each layer, 12 layers, sequences of 128, the largest architecture: the published supernet",
    "the vector that names the architecture is there before the request; the published code writes it number by number",
)


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

    def __init__(self, layers: list[Layer], size: int, words: int, numbers: int) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(words, size), nn.Embedding(512, size)
        self.norm, self.layers = nn.LayerNorm(size), nn.ModuleList(layers)
        self.each = layers
        self.kind: torch.Tensor
        self.register_buffer("kind", torch.rand(numbers))

    def materialise(self, hidden: int) -> None:
        """Mix every layer's weights once."""
        for layer in self.each:
            layer.wide.kept = layer.wide.mixed(hidden, layer.inner, self.kind)
            layer.narrow.kept = layer.narrow.mixed(layer.inner, hidden, self.kind)

    def forward(self, ids: torch.Tensor, hidden: int) -> torch.Tensor:
        """[batch, length] to [batch, length, size]."""
        places = self.places(torch.arange(ids.shape[1], device=ids.device))
        x: torch.Tensor = self.norm(self.words(ids) + places)
        for layer in self.layers:
            x = layer(x, hidden, self.kind)
        return x


def build(settings: Settings) -> Workload:
    """Forward passes of the supernet's largest architecture, 12 layers of width 768 and 3072; tiny has two of 48 and 96."""
    count, size, inner, words, length, width = (
        (2, 48, 96, 100, 16, 8) if settings.tiny else (12, 768, 3072, 30_522, 128, 128)
    )
    by = {"materialised": "neuron"}.get(settings.variant, settings.variant)
    experts = 1 if by == "slice" else settings.knob("experts")
    kinds, passes = (experts, count, width), settings.knob("passes")
    keeps = settings.variant == "materialised"
    layers = [Layer(size, inner, kinds, by) for _ in range(count)]
    net = Supernet(layers, size, words, count)
    ids = torch.randint(words, (settings.batch, length))

    def request(labels: Labels) -> torch.Tensor:
        if keeps:
            with labels.phase("materialise"), labels.component("supernet"):
                net.materialise(size)
        with labels.phase("forward"):
            outputs = [net(ids, size) for _ in range(passes)]
        return torch.stack(outputs)

    tokens = settings.batch * length
    layer = 2 * tokens * (6 * size * size + 2 * size * inner) + 4 * tokens * length * size
    routed = (inner + size) * experts if by == "neuron" else 2 * experts
    # two routers a layer, from the architecture to the experts' shares
    router = 2 * (2 * count * width + width * routed) if experts > 1 else 0
    return Workload(
        components={"supernet": net},
        request=request,
        calls_full={},
        steps_full=1,
        assumptions=ASSUMPTIONS,
        unit="batch",
        samples=settings.batch,
        expected=(
            Expectation("flops", count * (passes * layer + (1 if keeps else passes) * router)),
            Expectation("attention_calls", passes * count, "code"),
        ),
    )
