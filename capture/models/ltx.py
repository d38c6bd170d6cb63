"""LTX-Video (HaCohen et al. 2024): few tokens, as the VAE makes a video 32 times smaller each way and 8 times in time."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl_ltx import AutoencoderKLLTXVideo
from diffusers.models.transformers.transformer_ltx import LTXVideoTransformer3DModel

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
GUIDANCE = 3.0
TEXT_TOKENS = 128
_TINY: dict[str, Any] = {
    "in_channels": 8, "out_channels": 8, "num_attention_heads": 2, "attention_head_dim": 16, "cross_attention_dim": 32,
    "num_layers": 2, "caption_channels": 32,
}  # fmt: skip
_TINY_VAE: dict[str, Any] = {
    "latent_channels": 8, "block_out_channels": (8, 8, 8, 8), "decoder_block_out_channels": (8, 8, 8, 8),
    "layers_per_block": (1, 1, 1, 1, 1), "decoder_layers_per_block": (1, 1, 1, 1, 1),
}  # fmt: skip


def build(settings: Settings) -> Workload:
    """Random weights, 1.92 billion parameters; --image-size is the height of a frame."""
    batch, tiny = settings.batch, settings.tiny
    height = settings.image_size or (64 if tiny else 512)
    frames = settings.frames or (9 if tiny else 161)
    text_len = 8 if tiny else TEXT_TOKENS
    text = t5("tiny" if tiny else "xxl")
    denoiser = LTXVideoTransformer3DModel(**(_TINY if tiny else {}))
    decoder: Any = AutoencoderKLLTXVideo(**(_TINY_VAE if tiny else {}))
    tokens, mask = token_ids(2 * batch, text_len), torch.ones(2 * batch, text_len)
    width = wide(height, ratio=704 / 512, multiple=32)
    times, rows, columns = (frames - 1) // 8 + 1, height // 32, width // 32
    channels, pixels = denoiser.config.in_channels, decoded(decoder)

    def decode(sample: torch.Tensor) -> torch.Tensor:
        return pixels(sample.transpose(1, 2).reshape(-1, channels, times, rows, columns))

    return DiffusionRequest(
        components={"text_encoder": text, "transformer": denoiser, "vae": decoder},
        encoders={"text_encoder": last_hidden(text, tokens)},
        plan=denoising(
            "transformer", steps=STEPS, profiled=settings.steps, batch=batch, guidance=GUIDANCE
        ),
        latents=torch.randn(batch, times * rows * columns, channels),
        predict=transformer_call(
            denoiser, encoder_attention_mask=mask, num_frames=times, height=rows, width=columns
        ),
        decode=decode,
        image_size=height,
        frames=frames,
        prompt_tokens=text_len,
        assumptions=(pipeline_defaults(STEPS),),
    ).workload()
