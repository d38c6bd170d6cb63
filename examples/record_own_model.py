"""Record your own model: a small diffusion transformer block with cross-attention, written here from scratch.

python examples/record_own_model.py                       records it from Python
genscope capture examples/record_own_model.py:workload    records it from the command line
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

import genscope


class Attention(nn.Module):
    """The calls of any module that uses scaled_dot_product_attention are labelled."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_q, self.to_k, self.to_v = (nn.Linear(width, width) for _ in range(3))
        self.to_out = nn.Linear(width, width)

    def forward(
        self, hidden_states: torch.Tensor, encoder_hidden_states: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Attend to encoder_hidden_states if they are given (cross-attention), else to the own sequence."""
        source = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        parts = (self.to_q(hidden_states), self.to_k(source), self.to_v(source))
        query, key, value = (x.unflatten(-1, (self.heads, -1)).transpose(1, 2) for x in parts)
        found = functional.scaled_dot_product_attention(query, key, value)
        return self.to_out(found.transpose(1, 2).flatten(2))


class Denoiser(nn.Module):
    """Self-attention over the image's tokens, cross-attention to the prompt's."""

    def __init__(self) -> None:
        super().__init__()
        self.attn1, self.attn2 = Attention(64, 4), Attention(64, 4)

    def forward(self, x: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        """(batch, tokens, 64) in and out."""
        x = x + self.attn1(x)
        return x + self.attn2(x, encoder_hidden_states=text)


def workload() -> tuple[dict[str, nn.Module], Callable[[], torch.Tensor]]:
    """The components by name, and a function that runs one step."""
    text_encoder, denoiser = nn.Embedding(1000, 64).eval(), Denoiser().eval()
    tokens, image = torch.randint(0, 1000, (1, 8)), torch.randn(1, 256, 64)

    @torch.no_grad()
    def step() -> torch.Tensor:
        return denoiser(image, text_encoder(tokens))

    return {"text_encoder": text_encoder, "denoiser": denoiser}, step


def main(out: str) -> Path:
    """Record three steps after one warm-up step and return the run folder."""
    components, step = workload()
    with genscope.record("my-model", components=components, out=out) as run:
        for _ in range(4):
            step()
            run.step()
    return run.folder


if __name__ == "__main__":
    print(main(sys.argv[1] if len(sys.argv) > 1 else "traces"))
