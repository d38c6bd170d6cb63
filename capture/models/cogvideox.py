"""CogVideoX (Yang et al. 2024): joint attention over video and T5 tokens, a causal 3D VAE."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl_cogvideox import AutoencoderKLCogVideoX
from diffusers.models.transformers.cogvideox_transformer_3d import CogVideoXTransformer3DModel

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
GUIDANCE = 6.0
TEXT_TOKENS = 226
_VARIANTS: dict[str, dict[str, Any]] = {
    "2b": {},
    "5b": {"num_attention_heads": 48, "num_layers": 42, "use_rotary_positional_embeddings": True},
}
_TINY: dict[str, Any] = {
    "num_attention_heads": 2, "attention_head_dim": 16, "in_channels": 4, "out_channels": 4, "time_embed_dim": 16,
    "text_embed_dim": 32, "num_layers": 2, "max_text_seq_length": 8,
}  # fmt: skip
_TINY_VAE: dict[str, Any] = {
    "block_out_channels": (8, 8, 8, 8), "latent_channels": 4, "layers_per_block": 1, "norm_num_groups": 4,
}  # fmt: skip


def build(settings: Settings) -> Workload:
    """Random weights, 1.69 (2b) or 5.57 (5b) billion parameters; --image-size is the height of a frame."""
    batch, tiny = settings.batch, settings.tiny
    height = settings.image_size or (32 if tiny else 480)
    frames = settings.frames or (9 if tiny else 49)
    width = wide(height, ratio=1.5, multiple=16)
    text_len = 8 if tiny else TEXT_TOKENS
    text = t5("tiny" if tiny else "xxl")
    small = {"sample_height": height // 8, "sample_width": width // 8, "sample_frames": frames}
    options = {**_VARIANTS[settings.variant], **({**_TINY, **small} if tiny else {})}
    denoiser = CogVideoXTransformer3DModel(**options)
    decoder: Any = AutoencoderKLCogVideoX(**(_TINY_VAE if tiny else {}))
    tokens = token_ids(2 * batch, text_len)
    times = (frames - 1) // 4 + 1
    size = (batch, times, denoiser.config.in_channels, height // 8, width // 8)
    places = times * (height // 16) * (width // 16)
    rotary = torch.ones(2, places, denoiser.config.attention_head_dim)
    turned = denoiser.config.use_rotary_positional_embeddings
    where, pixels = (rotary[0], rotary[1]) if turned else None, decoded(decoder)

    return DiffusionRequest(
        components={"text_encoder": text, "transformer": denoiser, "vae": decoder},
        encoders={"text_encoder": last_hidden(text, tokens)},
        plan=denoising(
            "transformer", steps=STEPS, profiled=settings.steps, batch=batch, guidance=GUIDANCE
        ),
        latents=torch.randn(size),
        predict=transformer_call(denoiser, image_rotary_emb=where),
        decode=lambda sample: pixels(sample.transpose(1, 2)),
        image_size=height,
        frames=frames,
        prompt_tokens=text_len,
        kinds={"transformer.*": "joint"},
        assumptions=(pipeline_defaults(STEPS),),
    ).workload()
