"""Text encoders that several models share, at their published dimensions or tiny, with random weights."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    T5Config,
    T5EncoderModel,
)

# hidden size, feed-forward size, layers, heads
_CLIP = {
    "L": (768, 3072, 12, 12),
    "H": (1024, 4096, 23, 16),
    "bigG": (1280, 5120, 32, 20),
    "tiny": (32, 64, 2, 4),
}
# hidden size, feed-forward size, layers, heads
_T5 = {
    "base": (768, 2048, 12, 12), "large": (1024, 2816, 24, 16), "xl": (2048, 5120, 24, 32), "xxl": (4096, 10240, 24, 64),
    "tiny": (32, 64, 2, 4),
}  # fmt: skip

CLIP_TOKENS = 77


def clip(size: str, *, projection: int | None = None, activation: str = "quick_gelu") -> nn.Module:
    """CLIP's text transformer (Radford et al. 2021; OpenCLIP for H and bigG), causal, 77 tokens."""
    hidden, inner, layers, heads = _CLIP[size]
    config = CLIPTextConfig(
        vocab_size=49408 if size != "tiny" else 1000,
        hidden_size=hidden,
        intermediate_size=inner,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        max_position_embeddings=CLIP_TOKENS,
        projection_dim=projection or hidden,
        hidden_act=activation,
        bos_token_id=0,
        eos_token_id=2,
    )
    kind: Any = CLIPTextModelWithProjection if projection else CLIPTextModel
    model: nn.Module = kind(config)
    return model


def t5(size: str, *, vocabulary: int = 32128) -> nn.Module:
    """T5 v1.1's encoder (Raffel et al. 2020; gated GELU)."""
    hidden, inner, layers, heads = _T5[size]
    config = T5Config(
        vocab_size=vocabulary if size != "tiny" else 1000,
        d_model=hidden,
        d_ff=inner,
        num_layers=layers,
        num_heads=heads,
        d_kv=hidden // heads,
        feed_forward_proj="gated-gelu",
    )
    model: nn.Module = T5EncoderModel(config)
    return model


def token_ids(batch: int, length: int) -> torch.Tensor:
    """A prompt of random tokens, (batch, length); every vocabulary here has at least 1000 entries."""
    return torch.randint(3, 999, (batch, length), dtype=torch.int64)
