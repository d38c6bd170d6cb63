"""Wan 2.1 (Wan Team 2025): self-attention over all frames at once, cross-attention to UMT5, a causal video VAE."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel

from genscope.capture.parts.diffusion import (
    DiffusionRequest,
    decoded,
    denoising,
    last_hidden,
    pipeline_defaults,
    transformer_call,
    wide,
)
from genscope.capture.parts.text_encoders import t5, token_ids
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload

STEPS = 50
GUIDANCE = 5.0
TEXT_TOKENS = 512
VOCABULARY = 256384
_VARIANTS: dict[str, dict[str, Any]] = {
    "14b": {},
    "1.3b": {"num_attention_heads": 12, "ffn_dim": 8960, "num_layers": 30},
}
_TINY: dict[str, Any] = {
    "num_attention_heads": 2, "attention_head_dim": 16, "in_channels": 4, "out_channels": 4, "text_dim": 32,
    "freq_dim": 32, "ffn_dim": 64, "num_layers": 2,
}  # fmt: skip


def build(settings: Settings) -> Workload:
    """Random weights, 14.29 or 1.42 billion parameters; --image-size is the height of a frame."""
    batch, tiny = settings.batch, settings.tiny
    height = settings.image_size or (32 if tiny else 480)
    frames = settings.frames or (5 if tiny else 81)
    text_len = 8 if tiny else TEXT_TOKENS
    text = t5("tiny" if tiny else "xxl", vocabulary=VOCABULARY)
    denoiser = WanTransformer3DModel(**(_TINY if tiny else _VARIANTS[settings.variant]))
    decoder: Any = AutoencoderKLWan(
        **({"base_dim": 8, "z_dim": 4, "num_res_blocks": 1} if tiny else {})
    )
    tokens = token_ids(2 * batch, text_len)
    width = wide(height, ratio=832 / 480, multiple=16)
    size = (batch, denoiser.config.in_channels, (frames - 1) // 4 + 1, height // 8, width // 8)

    return DiffusionRequest(
        components={"text_encoder": text, "transformer": denoiser, "vae": decoder},
        encoders={"text_encoder": last_hidden(text, tokens)},
        plan=denoising(
            "transformer", steps=STEPS, profiled=settings.steps, batch=batch, guidance=GUIDANCE
        ),
        latents=torch.randn(size),
        predict=transformer_call(denoiser),
        decode=decoded(decoder),
        image_size=height,
        frames=frames,
        prompt_tokens=text_len,
        assumptions=(
            pipeline_defaults(STEPS),
            "T5's encoder with UMT5's vocabulary replaces UMT5-XXL, whose position bias differs",
            "guidance runs both prompts as one batch of two",
        ),
    ).workload()
