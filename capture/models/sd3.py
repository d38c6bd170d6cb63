"""Stable Diffusion 3 medium (Esser et al. 2024): joint attention over text and image tokens, three text encoders."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.transformers.transformer_sd3 import SD3Transformer2DModel
from torch import nn
from torch.nn import functional

from genscope.capture.label.labels import Labels
from genscope.capture.parts.denoise import denoised, denoising
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

    Longer than most: parts, request and card of one model read best in one piece.
    """
    batch, tiny = settings.batch, settings.tiny
    image_size = settings.image_size or (64 if tiny else 1024)
    text_len = 8 if tiny else TEXT_TOKENS
    width = 96 if tiny else 4096
    first = clip("tiny" if tiny else "L", projection=32 if tiny else 768)
    second = clip("tiny" if tiny else "bigG", projection=32 if tiny else 1280, activation="gelu")
    third: Any = t5("tiny" if tiny else "xxl")
    denoiser = SD3Transformer2DModel(**(_TINY if tiny else _PAPER))
    decoder: Any = vae(tiny=tiny)
    channels = denoiser.config.in_channels
    latents = torch.randn(batch, channels, image_size // 8, image_size // 8)
    short_ids, long_ids = token_ids(2 * batch, CLIP_TOKENS), token_ids(2 * batch, text_len)
    plan = denoising(
        "transformer", steps=STEPS, profiled=settings.steps, batch=batch, guidance=GUIDANCE
    )

    def request(labels: Labels) -> torch.Tensor:
        with labels.component("text_encoder"):
            one = first(input_ids=short_ids, output_hidden_states=True)
        with labels.component("text_encoder_2"):
            two = second(input_ids=short_ids, output_hidden_states=True)
            short = torch.cat([one.hidden_states[-2], two.hidden_states[-2]], dim=-1)
            pooled = torch.cat([one.text_embeds, two.text_embeds], dim=-1)
        with labels.component("text_encoder_3"):
            long = functional.pad(third(input_ids=long_ids)[0], (0, width - third.config.d_model))
            short = functional.pad(short, (0, width - short.shape[-1]))
            context = torch.cat([short, long], dim=1)
        sample = denoised(
            labels,
            plan,
            latents,
            lambda x, time: denoiser(x, context, pooled, time, return_dict=False)[0],
        )
        with labels.component("vae"):
            image: torch.Tensor = decoder.decode(sample / 1.5305 + 0.0609, return_dict=False)[0]
        return image

    encoders = {"text_encoder": first, "text_encoder_2": second, "text_encoder_3": third}
    return Workload(
        components={**encoders, "transformer": denoiser, "vae": decoder},
        request=request,
        calls_full={
            **dict.fromkeys(encoders, 1),
            "transformer": STEPS,
            "scheduler": STEPS,
            "vae": 1,
        },
        steps_full=STEPS,
        image_size=image_size,
        guidance=GUIDANCE,
        prompt_tokens=CLIP_TOKENS + text_len,
        kinds={"text_encoder.*": "causal", "text_encoder_2.*": "causal"},
        assumptions=ASSUMPTIONS,
    )


def vae(*, tiny: bool) -> nn.Module:
    """The autoencoder with 16 latent channels; a request uses its decoder only."""
    widths = (16, 16, 32, 32) if tiny else (128, 256, 512, 512)
    model: nn.Module = AutoencoderKL(
        block_out_channels=widths,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1 if tiny else 2,
        latent_channels=4 if tiny else 16,
        norm_num_groups=8 if tiny else 32,
        use_quant_conv=False,
        use_post_quant_conv=False,
    )
    return model
