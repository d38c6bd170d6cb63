"""What token models share (Parti, Muse, Phenaki): a transformer with cross-attention and KV cache, and masked decoding."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional


@dataclass(frozen=True)
class Shape:
    """Layers, width, heads and feed-forward width of a transformer; `text` is the width of what it cross-attends to."""

    layers: int
    width: int
    heads: int
    inner: int
    text: int | None = None


class KeyValueCache:
    """Keys and values of every layer, kept for the whole request: (batch, heads, length, head_dim) each.

    `position` is the number of valid ones; a call writes its own after them. Those of cross-attention are written once.
    """

    def __init__(self, shape: Shape, *, batch: int, length: int) -> None:
        size = (batch, shape.heads, length, shape.width // shape.heads)
        self.position = 0
        self._keys = [torch.zeros(size) for _ in range(shape.layers)]
        self._values = [torch.zeros(size) for _ in range(shape.layers)]
        self._cross: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def extended(
        self, layer: int, key: torch.Tensor, value: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write new keys and values after the valid ones and return all of them."""
        end = self.position + key.shape[-2]
        self._keys[layer][:, :, self.position : end] = key
        self._values[layer][:, :, self.position : end] = value
        return self._keys[layer][:, :, :end], self._values[layer][:, :, :end]

    def cross(
        self, layer: int, attention: Attention, text: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The text's keys and values: computed while nothing is cached yet, read afterwards."""
        if self.position == 0 or layer not in self._cross:
            self._cross[layer] = attention.keys_values(text)
        return self._cross[layer]


class Attention(nn.Module):
    """Multi-head attention of a sequence to itself, or to the text given as encoder_hidden_states."""

    def __init__(self, shape: Shape, *, cross: bool) -> None:
        super().__init__()
        source = shape.width if not cross or shape.text is None else shape.text
        self.heads = shape.heads
        self.to_q = nn.Linear(shape.width, shape.width, bias=False)
        self.to_k = nn.Linear(source, shape.width, bias=False)
        self.to_v = nn.Linear(source, shape.width, bias=False)
        self.to_out = nn.Linear(shape.width, shape.width, bias=False)

    def keys_values(self, source: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values of a (batch, length, width) sequence, by heads."""
        return self._split(self.to_k(source)), self._split(self.to_v(source))

    def _split(self, x: torch.Tensor) -> torch.Tensor:
        return x.view(*x.shape[:2], self.heads, -1).transpose(1, 2)

    def forward(
        self,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        *,
        cache: KeyValueCache | None = None,
        layer: int = 0,
        causal: bool = False,
    ) -> torch.Tensor:
        """(batch, length, width) in and out."""
        query = self._split(self.to_q(hidden_states))
        if encoder_hidden_states is None:
            key, value = self.keys_values(hidden_states)
            if cache is not None:
                key, value = cache.extended(layer, key, value)
        elif cache is not None:
            key, value = cache.cross(layer, self, encoder_hidden_states)
        else:
            key, value = self.keys_values(encoder_hidden_states)
        whole = causal and query.shape[-2] > 1
        found = functional.scaled_dot_product_attention(query, key, value, is_causal=whole)
        output: torch.Tensor = self.to_out(found.transpose(1, 2).flatten(2))
        return output


class Block(nn.Module):
    """Self-attention, cross-attention where there is text, and a feed-forward network, each after a norm."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(shape.width)
        self.attn1 = Attention(shape, cross=False)
        self.norm2 = nn.LayerNorm(shape.width) if shape.text else None
        self.attn2 = Attention(shape, cross=True) if shape.text else None
        self.norm3 = nn.LayerNorm(shape.width)
        self.up = nn.Linear(shape.width, shape.inner, bias=False)
        self.down = nn.Linear(shape.inner, shape.width, bias=False)

    def forward(
        self,
        x: torch.Tensor,
        text: torch.Tensor | None = None,
        *,
        cache: KeyValueCache | None = None,
        layer: int = 0,
        causal: bool = False,
    ) -> torch.Tensor:
        """(batch, length, width) in and out."""
        x = x + self.attn1(self.norm1(x), cache=cache, layer=layer, causal=causal)
        if self.attn2 is not None and self.norm2 is not None:
            x = x + self.attn2(self.norm2(x), encoder_hidden_states=text, cache=cache, layer=layer)
        output: torch.Tensor = x + self.down(functional.gelu(self.up(self.norm3(x))))
        return output


class TokenTransformer(nn.Module):
    """Token and position embeddings, blocks, and logits over an output vocabulary (none: the last hidden states)."""

    def __init__(
        self,
        shape: Shape,
        *,
        vocabulary: int,
        length: int,
        outputs: int | None,
        text: int | None = None,
    ) -> None:
        """`text` is the width of a text that is projected to `shape.text` once, ahead of all layers."""
        super().__init__()
        self.text = nn.Linear(text, shape.text) if text and shape.text else None
        self.tokens = nn.Embedding(vocabulary, shape.width)
        self.positions = nn.Embedding(length, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = nn.LayerNorm(shape.width)
        self.logits = nn.Linear(shape.width, outputs, bias=False) if outputs else None

    def forward(
        self,
        tokens: torch.Tensor,
        text: torch.Tensor | None = None,
        *,
        cache: KeyValueCache | None = None,
        causal: bool = False,
    ) -> torch.Tensor:
        """(batch, length) tokens to (batch, length, outputs)."""
        start = cache.position if cache else 0
        places = torch.arange(start, start + tokens.shape[1], device=tokens.device)
        x = self.tokens(tokens) + self.positions(places)
        if self.text is not None:
            text = self.text(text)
        for layer, block in enumerate(self.blocks):
            x = block(x, text, cache=cache, layer=layer, causal=causal)
        output: torch.Tensor = self.norm(x)
        return output if self.logits is None else self.logits(output)


def still_masked(index: int, steps: int, tokens: int) -> int:
    """How many tokens are masked again after step `index`: the cosine schedule of MaskGIT (Chang et al. 2022)."""
    return math.floor(tokens * math.cos((index + 1) / steps * math.pi / 2))


def filled(
    logits: torch.Tensor, tokens: torch.Tensor, *, masked: int, mask_id: int
) -> torch.Tensor:
    """Draw each masked token from (batch, tokens, codes) logits, then mask the `masked` least likely ones again."""
    unknown = tokens == mask_id
    noise = torch.rand_like(logits).clamp_min_(1e-6).log_().neg_().log_().neg_()
    drawn = (logits + noise).argmax(dim=-1)
    chance = torch.softmax(logits, dim=-1).gather(-1, drawn.unsqueeze(-1)).squeeze(-1)
    # a token that is known already is never masked again
    chance = torch.where(unknown, chance, torch.ones_like(chance))
    drawn = torch.where(unknown, drawn, tokens)
    if masked == 0:
        return drawn
    least = chance.topk(masked, dim=-1, largest=False).indices
    return drawn.scatter(-1, least, torch.full_like(least, mask_id))
