"""Stable Diffusion 1.5 (Rombach et al. 2022): CLIP text encoder, a UNet on an 8 times smaller latent, VAE decoder."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import nn

from genscope.capture.parts.autoencoder import image_autoencoder
from genscope.capture.parts.diffusion import (
    Context,
    DiffusionRequest,
    decoded,
    denoising,
    last_hidden,
)
from genscope.capture.parts.text_encoders import CLIP_TOKENS, clip, token_ids
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload

STEPS = 50
GUIDANCE = 7.5
LATENT_SCALE = 0.18215
ASSUMPTIONS = (
    f"{STEPS} DDIM steps with guidance {GUIDANCE}: defaults of the published sampling script",
    "guidance runs both prompts as one batch of two",
)


def build(settings: Settings) -> Workload:
    """Random weights; at 512 px the UNet has 859,520,964 parameters and works on a 64 x 64 latent."""
    batch, tiny = settings.batch, settings.tiny
    image_size = settings.image_size or (64 if tiny else 512)
    text = clip("tiny" if tiny else "L")
    denoiser: Any = unet(tiny=tiny)
    decoder = vae(tiny=tiny)
    latents = torch.randn(batch, 4, image_size // 8, image_size // 8)
    tokens = token_ids(2 * batch, CLIP_TOKENS)
    pixels = decoded(decoder)

    def predict(x: torch.Tensor, time: torch.Tensor, context: Context) -> torch.Tensor:
        found: torch.Tensor = denoiser(x, time, return_dict=False, **context)[0]
        return found

    return DiffusionRequest(
        components={"text_encoder": text, "unet": denoiser, "vae": decoder},
        encoders={"text_encoder": last_hidden(text, tokens)},
        plan=denoising(
            "unet", steps=STEPS, profiled=settings.steps, batch=batch, guidance=GUIDANCE
        ),
        latents=latents,
        predict=predict,
        decode=lambda sample: pixels(sample / LATENT_SCALE),
        image_size=image_size,
        prompt_tokens=CLIP_TOKENS,
        kinds={"text_encoder.*": "causal"},
        assumptions=ASSUMPTIONS,
    ).workload()


def unet(*, tiny: bool) -> nn.Module:
    """The denoiser; the tiny one keeps every kind of layer, so that its trace has every kind of operator."""
    widths = (32, 64) if tiny else (320, 640, 1280, 1280)
    levels = len(widths) - 1
    model: nn.Module = UNet2DConditionModel(
        sample_size=64,
        block_out_channels=widths,
        layers_per_block=1 if tiny else 2,
        down_block_types=("CrossAttnDownBlock2D",) * levels + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * levels,
        cross_attention_dim=32 if tiny else 768,
        attention_head_dim=8,
        norm_num_groups=8 if tiny else 32,
    )
    return model


def vae(*, tiny: bool) -> nn.Module:
    """The autoencoder, made for images of 512 px."""
    return image_autoencoder(tiny=tiny, sample_size=512)
