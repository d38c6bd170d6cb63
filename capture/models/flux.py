"""FLUX.1 dev (Black Forest Labs 2024): 19 joint and 38 single-stream blocks over text and image tokens together."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.models.transformers.transformer_flux import FluxTransformer2DModel

from genscope.capture.parts.autoencoder import wide_latent_autoencoder
from genscope.capture.parts.diffusion import (
    DiffusionRequest,
    decoded,
    denoising,
    last_hidden,
    pipeline_defaults,
    pooled,
    transformer_call,
)
from genscope.capture.parts.text_encoders import CLIP_TOKENS, clip, t5, token_ids
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload

STEPS = 28
TEXT_TOKENS = 512
_TINY: dict[str, Any] = {
    "in_channels": 16, "num_layers": 1, "num_single_layers": 2, "attention_head_dim": 16, "num_attention_heads": 2,
    "joint_attention_dim": 32, "pooled_projection_dim": 32, "axes_dims_rope": (4, 6, 6),
}  # fmt: skip


def build(settings: Settings) -> Workload:
    """Random weights, 11.90 billion parameters; guidance is an input, so that each step is one call for one prompt.

    It is longer than most: a model's parts, request and card read best in one piece.
    """
    batch, tiny = settings.batch, settings.tiny
    image_size = settings.image_size or (64 if tiny else 1024)
    side, text_len, channels = image_size // 16, 8 if tiny else TEXT_TOKENS, 4 if tiny else 16
    short, long = clip("tiny" if tiny else "L"), t5("tiny" if tiny else "xxl")
    denoiser = FluxTransformer2DModel(guidance_embeds=True, **(_TINY if tiny else {}))
    decoder = wide_latent_autoencoder(tiny=tiny)
    pixels = decoded(decoder)
    short_ids, long_ids = token_ids(batch, CLIP_TOKENS), token_ids(batch, text_len)
    guidance = torch.full((batch,), 3.5)
    places, no_places = torch.zeros(side * side, 3), torch.zeros(text_len, 3)

    def decode(sample: torch.Tensor) -> torch.Tensor:
        patches = sample.reshape(-1, side, side, channels, 2, 2)
        latent = patches.permute(0, 3, 1, 4, 2, 5).flatten(4, 5).flatten(2, 3)
        return pixels(latent / 0.3611 + 0.1159)

    return DiffusionRequest(
        components={
            "text_encoder": short,
            "text_encoder_2": long,
            "transformer": denoiser,
            "vae": decoder,
        },
        encoders={
            "text_encoder": pooled(short, short_ids),
            "text_encoder_2": last_hidden(long, long_ids),
        },
        plan=denoising("transformer", steps=STEPS, profiled=settings.steps, batch=batch),
        latents=torch.randn(batch, side * side, 4 * channels),
        predict=transformer_call(denoiser, guidance=guidance, img_ids=places, txt_ids=no_places),
        decode=decode,
        image_size=image_size,
        prompt_tokens=text_len,
        kinds={"text_encoder.*": "causal", "transformer.*": "joint"},
        assumptions=(pipeline_defaults(STEPS), "guidance is distilled: one call a step"),
    ).workload()
