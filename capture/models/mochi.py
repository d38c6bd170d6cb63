"""Mochi 1 (Genmo 2024): an asymmetric joint transformer, wide for video and narrow for text."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl_mochi import AutoencoderKLMochi
from diffusers.models.transformers.transformer_mochi import MochiTransformer3DModel

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

STEPS = 64
GUIDANCE = 4.5
TEXT_TOKENS = 256
_TINY: dict[str, Any] = {
    "num_attention_heads": 2, "attention_head_dim": 16, "num_layers": 2, "pooled_projection_dim": 16,
    "text_embed_dim": 32, "time_embed_dim": 16, "max_sequence_length": 8,
}  # fmt: skip
_TINY_VAE: dict[str, Any] = {
    "encoder_block_out_channels": (32, 32, 32, 32), "decoder_block_out_channels": (32, 32, 32, 32),
    "layers_per_block": (1, 1, 1, 1, 1),
}  # fmt: skip


def build(settings: Settings) -> Workload:
    """Random weights, 10.03 billion parameters; --image-size is the height of a frame."""
    batch, tiny = settings.batch, settings.tiny
    height = settings.image_size or (32 if tiny else 480)
    frames = settings.frames or (7 if tiny else 19)
    text_len = 8 if tiny else TEXT_TOKENS
    text = t5("tiny" if tiny else "xxl")
    denoiser: Any = MochiTransformer3DModel(**(_TINY if tiny else {}))
    denoiser.rope._create_rope = _rotation
    decoder: Any = AutoencoderKLMochi(**(_TINY_VAE if tiny else {}))
    tokens = token_ids(2 * batch, text_len)
    mask = torch.ones(2 * batch, text_len, dtype=torch.bool)
    width = wide(height, ratio=848 / 480, multiple=16)
    size = (batch, 12, (frames - 1) // 6 + 1, height // 8, width // 8)

    return DiffusionRequest(
        components={"text_encoder": text, "transformer": denoiser, "vae": decoder},
        encoders={"text_encoder": last_hidden(text, tokens)},
        plan=denoising(
            "transformer", steps=STEPS, profiled=settings.steps, batch=batch, guidance=GUIDANCE
        ),
        latents=torch.randn(size),
        predict=transformer_call(denoiser, encoder_attention_mask=mask),
        decode=decoded(decoder),
        image_size=height,
        frames=frames,
        prompt_tokens=text_len,
        kinds={"transformer.time_embed.*": "cross", "transformer.*": "joint"},
        assumptions=(
            pipeline_defaults(STEPS),
            "no prompt is padded: every text token is attended to",
        ),
    ).workload()


def _rotation(frequencies: torch.Tensor, places: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The model's own rotary embedding in float32, without the autocast that only some devices have."""
    angles = torch.einsum("nd,dhf->nhf", places.float(), frequencies.float())
    return angles.cos(), angles.sin()
