"""Stable Diffusion 3 medium (Esser et al. 2024): joint attention over text and image tokens, three text encoders."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.models.transformers.transformer_sd3 import SD3Transformer2DModel
from torch.nn import functional

from genscope.capture.parts.autoencoder import wide_latent_autoencoder
from genscope.capture.parts.diffusion import Context, DiffusionRequest, decoded, denoising
from genscope.capture.parts.text_encoders import CLIP_TOKENS, clip, t5, token_ids
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload

STEPS = 28
GUIDANCE = 7.0
TEXT_TOKENS = 256
_PAPER: dict[str, Any] = {
    "num_layers": 24, "num_attention_heads": 24, "caption_projection_dim": 1536, "pos_embed_max_size": 192,
}  # fmt: skip
_TINY: dict[str, Any] = {
    "sample_size": 8, "in_channels": 4, "out_channels": 4, "num_layers": 2, "attention_head_dim": 8,
    "num_attention_heads": 4, "joint_attention_dim": 96, "caption_projection_dim": 32, "pooled_projection_dim": 64,
}  # fmt: skip
ASSUMPTIONS = (f"{STEPS} steps with guidance {GUIDANCE}: defaults of the published pipeline",)


def build(settings: Settings) -> Workload:
    """Random weights, 2.03 billion parameters; the prompt is CLIP-L's and bigG's tokens, then T5's.

    It is longer than most: a model's parts, request and card read best in one piece.
    """
    batch, tiny = settings.batch, settings.tiny
    image_size = settings.image_size or (64 if tiny else 1024)
    text_len = 8 if tiny else TEXT_TOKENS
    width = 96 if tiny else 4096
    first: Any = clip("tiny" if tiny else "L", projection=32 if tiny else 768)
    second: Any = clip(
        "tiny" if tiny else "bigG", projection=32 if tiny else 1280, activation="gelu"
    )
    third: Any = t5("tiny" if tiny else "xxl")
    denoiser: Any = SD3Transformer2DModel(**(_TINY if tiny else _PAPER))
    decoder = wide_latent_autoencoder(tiny=tiny)
    latents = torch.randn(batch, denoiser.config.in_channels, image_size // 8, image_size // 8)
    short_ids, long_ids = token_ids(2 * batch, CLIP_TOKENS), token_ids(2 * batch, text_len)
    pixels = decoded(decoder)

    def encode_first(_: Context) -> Context:
        found = first(input_ids=short_ids, output_hidden_states=True)
        return {"first": found.hidden_states[-2], "first_pooled": found.text_embeds}

    def encode_second(context: Context) -> Context:
        found = second(input_ids=short_ids, output_hidden_states=True)
        short = torch.cat([context["first"], found.hidden_states[-2]], dim=-1)
        pooled = torch.cat([context["first_pooled"], found.text_embeds], dim=-1)
        return {"short": short, "pooled": pooled}

    def encode_third(context: Context) -> Context:
        long = functional.pad(third(input_ids=long_ids)[0], (0, width - third.config.d_model))
        short = functional.pad(context["short"], (0, width - context["short"].shape[-1]))
        return {"all": torch.cat([short, long], dim=1)}

    def predict(x: torch.Tensor, time: torch.Tensor, context: Context) -> torch.Tensor:
        found: torch.Tensor = denoiser(
            x, context["all"], context["pooled"], time, return_dict=False
        )[0]
        return found

    encoders = {"text_encoder": first, "text_encoder_2": second, "text_encoder_3": third}
    encoding = (encode_first, encode_second, encode_third)
    return DiffusionRequest(
        components={**encoders, "transformer": denoiser, "vae": decoder},
        encoders=dict(zip(encoders, encoding, strict=True)),
        plan=denoising(
            "transformer", steps=STEPS, profiled=settings.steps, batch=batch, guidance=GUIDANCE
        ),
        latents=latents,
        predict=predict,
        decode=lambda sample: pixels(sample / 1.5305 + 0.0609),
        image_size=image_size,
        prompt_tokens=CLIP_TOKENS + text_len,
        kinds={"text_encoder.*": "causal", "text_encoder_2.*": "causal"},
        assumptions=ASSUMPTIONS,
    ).workload()
