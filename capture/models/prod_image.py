"""SDXL (Podell et al. 2023), used instead of a production text-to-image model whose dimensions are not public."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import nn

from genscope.capture.parts.autoencoder import image_autoencoder
from genscope.capture.parts.diffusion import Context, DiffusionRequest, decoded, denoising
from genscope.capture.parts.text_encoders import CLIP_TOKENS, clip, token_ids
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload

STEPS = 50
GUIDANCE = 5.0
LATENT_SCALE = 0.13025
ASSUMPTIONS = (
    "the production model is closed, so SDXL is used instead",
    f"{STEPS} steps with guidance {GUIDANCE}: defaults of the published pipeline; the refiner is left out",
    "the VAE decodes in the run's dtype, where the published one needs float32",
)


def build(settings: Settings) -> Workload:
    """Random weights; two text encoders side by side, a UNet of 2,567,463,684 parameters, 1024 px by default."""
    batch, tiny = settings.batch, settings.tiny
    image_size = settings.image_size or (64 if tiny else 1024)
    first: Any = clip("tiny" if tiny else "L")
    second: Any = clip(
        "tiny" if tiny else "bigG", projection=32 if tiny else 1280, activation="gelu"
    )
    denoiser: Any = unet(tiny=tiny)
    decoder = image_autoencoder(tiny=tiny, sample_size=1024)
    latents = torch.randn(batch, 4, image_size // 8, image_size // 8)
    tokens = token_ids(2 * batch, CLIP_TOKENS)
    sizes = torch.tensor([[image_size, image_size, 0, 0, image_size, image_size]] * (2 * batch))
    pixels = decoded(decoder)

    def encode_first(_: Context) -> Context:
        return {"first": first(input_ids=tokens, output_hidden_states=True).hidden_states[-2]}

    def encode_second(context: Context) -> Context:
        found = second(input_ids=tokens, output_hidden_states=True)
        both = torch.cat([context["first"], found.hidden_states[-2]], dim=-1)
        return {"both": both, "pooled": found.text_embeds}

    def predict(x: torch.Tensor, time: torch.Tensor, context: Context) -> torch.Tensor:
        added = {"text_embeds": context["pooled"], "time_ids": sizes}
        found: torch.Tensor = denoiser(
            x, time, context["both"], added_cond_kwargs=added, return_dict=False
        )[0]
        return found

    encoders = {"text_encoder": first, "text_encoder_2": second}
    return DiffusionRequest(
        components={**encoders, "unet": denoiser, "vae": decoder},
        encoders={"text_encoder": encode_first, "text_encoder_2": encode_second},
        plan=denoising(
            "unet", steps=STEPS, profiled=settings.steps, batch=batch, guidance=GUIDANCE
        ),
        latents=latents,
        predict=predict,
        decode=lambda sample: pixels(sample / LATENT_SCALE),
        image_size=image_size,
        prompt_tokens=CLIP_TOKENS,
        kinds={"text_encoder*": "causal"},
        assumptions=ASSUMPTIONS,
    ).workload()


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
