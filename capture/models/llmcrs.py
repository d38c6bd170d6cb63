"""LLMCRS (Feng et al. 2023): one turn of a dialogue that recommends: a language model is asked three times, and an expert once.

Prompts are far longer than answers, yet at batch 1 decoding takes most of the turn, since each token reads all weights. `prefix`
keeps the keys and values of what the three prompts have in common, which the others compute three times.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from genscope.capture.expectation import Expectation
from genscope.capture.label.labels import Labels
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload

ASSUMPTIONS = (
    "LLaMA-7B; prompts of 512 tokens, the paper's longest, of which 384 are shared; answers of --set answer tokens",
    "the expert scores 33,834 items, as many as TG-ReDial has, by their embeddings",
)
STAGES = ("detect", "match", "respond")


@dataclass(frozen=True)
class Shape:
    """A language model's dimensions."""

    size: int
    heads: int
    layers: int
    wide: int
    words: int


TINY = Shape(64, 2, 2, 96, 100)
PAPER = Shape(4096, 32, 32, 11_008, 32_000)


class Layer(nn.Module):
    """Attention to all tokens so far, and a gated feed-forward, each after normalization."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        size, self.heads = shape.size, shape.heads
        self.norm1, self.norm2 = nn.RMSNorm(size), nn.RMSNorm(size)
        self.pairs, self.out = (
            nn.Linear(size, 3 * size, bias=False),
            nn.Linear(size, size, bias=False),
        )
        self.gate, self.up = (nn.Linear(size, shape.wide, bias=False) for _ in range(2))
        self.down = nn.Linear(shape.wide, size, bias=False)

    def forward(
        self, x: torch.Tensor, memory: tuple[torch.Tensor, torch.Tensor], start: int
    ) -> torch.Tensor:
        """[batch, length, size] at positions from `start`; keys and values are written into `memory`."""
        q, k, v = (
            self.pairs(self.norm1(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        )
        end = start + x.shape[1]
        for kept, new in zip(memory, (k, v), strict=True):
            kept[:, :, start:end] = new
        seen = [kept[:, :, :end] for kept in memory]
        # a whole prompt is causal; after a kept prefix the mask is left out, as it costs the same
        causal = start == 0 and end > 1
        keys, values = seen
        mixed = functional.scaled_dot_product_attention(q, keys, values, is_causal=causal)
        x = x + self.out(mixed.transpose(1, 2).flatten(2))
        y = self.norm2(x)
        out: torch.Tensor = x + self.down(functional.silu(self.gate(y)) * self.up(y))
        return out


class LanguageModel(nn.Module):
    """Layers over a memory of keys and values; positions are left out, as they cost next to nothing."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.words = nn.Embedding(shape.words, shape.size)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = nn.RMSNorm(shape.size)
        self.head = nn.Linear(shape.size, shape.words, bias=False)

    def forward(
        self, ids: torch.Tensor, memory: list[tuple[torch.Tensor, torch.Tensor]], start: int
    ) -> torch.Tensor:
        """The next word of each row, [batch, 1]."""
        x = self.words(ids)
        for layer, kept in zip(self.layers, memory, strict=True):
            x = layer(x, kept, start)
        return self.head(self.norm(x[:, -1:])).argmax(-1)  # type: ignore[no-any-return]


def _flops(shape: Shape, tokens: int, start: int) -> int:
    """FLOPs of one call for one row, of which the head sees the last token only."""
    weights = shape.layers * (4 * shape.size * shape.size + 3 * shape.size * shape.wide)
    attention = shape.layers * 4 * tokens * (start + tokens) * shape.size
    return 2 * tokens * weights + attention + 2 * shape.size * shape.words


def build(settings: Settings) -> Workload:
    """A model of 6.74 billion parameters; tiny has 2 layers of width 64."""
    shape = TINY if settings.tiny else PAPER
    prompt, shared, items = (16, 12, 50) if settings.tiny else (512, 384, 33_834)
    answer, batch = settings.knob("answer"), settings.batch
    model, expert = LanguageModel(shape), nn.Linear(64, items, bias=False)
    size = (batch, shape.heads, prompt + answer, shape.size // shape.heads)
    memory = [(torch.zeros(size), torch.zeros(size)) for _ in range(shape.layers)]
    ids, taste = torch.randint(shape.words, (batch, prompt)), torch.randn(batch, 64)
    kept = shared if settings.variant == "prefix" else 0

    def request(labels: Labels) -> torch.Tensor:
        chosen = []
        for number, stage in enumerate(STAGES):
            start = kept if number else 0
            with labels.phase(f"{stage}.prefill"), labels.component("prefill"):
                word = model(ids[:, start:], memory, start)
            with labels.phase(f"{stage}.decode"):
                for place in range(prompt, prompt + answer - 1):
                    with labels.component("decode"):
                        word = model(word, memory, place)
            chosen.append(word)
            if stage == "match":
                with labels.phase("expert"):
                    chosen.append(expert(taste).topk(1)[1])
        return torch.cat(chosen, 1)

    prefill = _flops(shape, prompt, 0) + 2 * _flops(shape, prompt - kept, kept)
    decode = sum(_flops(shape, 1, place) for place in range(prompt, prompt + answer - 1))
    return Workload(
        components={"prefill": model, "decode": model, "expert": expert},
        request=request,
        calls_full={},
        steps_full=1,
        prompt_tokens=prompt,
        assumptions=ASSUMPTIONS,
        unit="turn",
        samples=batch,
        expected=(
            Expectation("flops", batch * prefill, "assumed", "prefill"),
            Expectation("flops", batch * 3 * decode, "assumed", "decode"),
            Expectation("flops", batch * 2 * 64 * items, "assumed", "expert"),
            Expectation("attention_calls", 3 * answer * shape.layers, "code"),
        ),
    )
