"""SDXL (Podell et al. 2023), standing in for a production text-to-image model whose dimensions are not public."""

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
GUIDANCE = 5.0
LATENT_SCALE = 0.13025
ASSUMPTIONS = (
    "the production model is closed: SDXL stands in for it",
    f"{STEPS} steps with guidance {GUIDANCE}: defaults of the published pipeline; the refiner is left out",
    "the VAE decodes in the run's dtype, where the published one needs float32",
)


def build(settings: Settings) -> Workload:
    """Random weights; two text encoders side by side, a UNet of 2,567,463,684 parameters, 1024 px by default.

    Longer than most: parts, request and card of one model read best in one piece.
    """
    batch, tiny = settings.batch, settings.tiny
    image_size = settings.image_size or (64 if tiny else 1024)
    first = clip("tiny" if tiny else "L")
    second = clip("tiny" if tiny else "bigG", projection=32 if tiny else 1280, activation="gelu")
    denoiser: Any = unet(tiny=tiny)
    decoder: Any = vae(tiny=tiny)
    latents = torch.randn(batch, 4, image_size // 8, image_size // 8)
    tokens = token_ids(2 * batch, CLIP_TOKENS)
    sizes = torch.tensor([[image_size, image_size, 0, 0, image_size, image_size]] * (2 * batch))
    plan = denoising("unet", steps=STEPS, profiled=settings.steps, batch=batch, guidance=GUIDANCE)

    def request(labels: Labels) -> torch.Tensor:
        with labels.component("text_encoder"):
            one = first(input_ids=tokens, output_hidden_states=True)
        with labels.component("text_encoder_2"):
            two = second(input_ids=tokens, output_hidden_states=True)
            context = torch.cat([one.hidden_states[-2], two.hidden_states[-2]], dim=-1)
        added = {"text_embeds": two.text_embeds, "time_ids": sizes}
        sample = denoised(
            labels,
            plan,
            latents,
            lambda x, time: denoiser(x, time, context, added_cond_kwargs=added, return_dict=False)[
                0
            ],
        )
        with labels.component("vae"):
            image: torch.Tensor = decoder.decode(sample / LATENT_SCALE, return_dict=False)[0]
        return image

    return Workload(
        components={
            "text_encoder": first,
            "text_encoder_2": second,
            "unet": denoiser,
            "vae": decoder,
        },
        request=request,
        calls_full={
            "text_encoder": 1,
            "text_encoder_2": 1,
            "unet": STEPS,
            "scheduler": STEPS,
            "vae": 1,
        },
        steps_full=STEPS,
        image_size=image_size,
        guidance=GUIDANCE,
        prompt_tokens=CLIP_TOKENS,
        kinds={"text_encoder*": "causal"},
        assumptions=ASSUMPTIONS,
    )


def unet(*, tiny: bool) -> nn.Module:
    """Self- and cross-attention on the two coarser levels only, 2 and 10 transformer layers deep."""
    widths = (32, 64) if tiny else (320, 640, 1280)
    middle = len(widths) - 1
    model: nn.Module = UNet2DConditionModel(
        sample_size=128,
        block_out_channels=widths,
        layers_per_block=1 if tiny else 2,
        down_block_types=("DownBlock2D",) + ("CrossAttnDownBlock2D",) * middle,
        up_block_types=("CrossAttnUpBlock2D",) * middle + ("UpBlock2D",),
        transformer_layers_per_block=(1, 2) if tiny else (1, 2, 10),
        attention_head_dim=(4, 8) if tiny else (5, 10, 20),
        cross_attention_dim=64 if tiny else 2048,
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=8 if tiny else 256,
        projection_class_embeddings_input_dim=32 + 6 * 8 if tiny else 2816,
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
        sample_size=1024,
    )
    return model
