"""Stable Diffusion 1.5 (Rombach et al. 2022): CLIP text encoder, a UNet on an 8 times smaller latent, VAE decoder."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import nn

from genscope.capture.label.labels import Labels
from genscope.capture.parts.denoise import denoised, denoising
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
    batch = settings.batch
    image_size = settings.image_size or (64 if settings.tiny else 512)
    text: Any = clip("tiny" if settings.tiny else "L")
    denoiser: Any = unet(tiny=settings.tiny)
    decoder: Any = vae(tiny=settings.tiny)
    latents = torch.randn(batch, 4, image_size // 8, image_size // 8)
    tokens = token_ids(2 * batch, CLIP_TOKENS)
    plan = denoising("unet", steps=STEPS, profiled=settings.steps, batch=batch, guidance=GUIDANCE)

    def request(labels: Labels) -> torch.Tensor:
        with labels.component("text_encoder"):
            context = text(input_ids=tokens)[0]
        sample = denoised(
            labels, plan, latents, lambda x, time: denoiser(x, time, context, return_dict=False)[0]
        )
        with labels.component("vae"):
            image: torch.Tensor = decoder.decode(sample / LATENT_SCALE, return_dict=False)[0]
        return image

    return Workload(
        components={"text_encoder": text, "unet": denoiser, "vae": decoder},
        request=request,
        calls_full={"text_encoder": 1, "unet": STEPS, "scheduler": STEPS, "vae": 1},
        steps_full=STEPS,
        image_size=image_size,
        guidance=GUIDANCE,
        prompt_tokens=CLIP_TOKENS,
        kinds={"text_encoder.*": "causal"},
        assumptions=ASSUMPTIONS,
    )


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
    """The autoencoder; a request uses its decoder only."""
    widths = (16, 16, 32, 32) if tiny else (128, 256, 512, 512)
    model: nn.Module = AutoencoderKL(
        block_out_channels=widths,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1 if tiny else 2,
        latent_channels=4,
        norm_num_groups=8 if tiny else 32,
        sample_size=512,
    )
    return model
