"""Imagen (Saharia et al. 2022): T5-XXL and three pixel-space UNets, 64 px, then super-resolution to 256 and 1024.

The paper's weights and exact configurations are closed. DeepFloyd-IF is its open reproduction, and its dimensions are used.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import nn
from torch.nn import functional

from genscope.capture.label.labels import Labels
from genscope.capture.parts.diffusion import denoised, denoising
from genscope.capture.parts.text_encoders import t5, token_ids
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload

TEXT_TOKENS = 77
STEPS = {"unet_64": 100, "unet_256": 50, "unet_1024": 75}
SCHEDULERS = {name: name.replace("unet", "scheduler") for name in STEPS}
GUIDANCE = {"unet_64": 7.0, "unet_256": 4.0, "unet_1024": 9.0}
ASSUMPTIONS = (
    "DeepFloyd-IF's dimensions stand in for Imagen's, whose configuration is closed",
    "the 64 to 256 stage is the best fit to IF-II's published 1.2 billion parameters; its exact layout is not known",
    "the 64 to 256 stage attends to the text only, as IF's does; Imagen's coarsest level also attends to itself",
    "the 256 to 1024 stage has Imagen's own widths, and the depth that reaches its published 400 million parameters: IF's is a latent upscaler, Imagen's works on pixels",
    "steps 100, 50 and 75 with guidance 7, 4 and 9: defaults of IF's pipelines",
    "steps are numbered through the three stages",
)


def build(settings: Settings) -> Workload:
    """Random weights; --image-size is the last stage's, 16 times the first one's.

    It is longer than most: a model's parts, request and card read best in one piece.
    """
    batch, tiny = settings.batch, settings.tiny
    image_size = settings.image_size or (64 if tiny else 1024)
    side = image_size // 16
    text = t5("tiny" if tiny else "xxl")
    base, middle, last = base_unet(tiny=tiny), sr_unet(tiny=tiny), upscaler(tiny=tiny)
    tokens = token_ids(2 * batch, TEXT_TOKENS)
    noise = {
        name: torch.randn(batch, 3, size, size)
        for name, size in zip(STEPS, (side, 4 * side, 16 * side), strict=True)
    }
    level = torch.full((2 * batch,), 250, dtype=torch.int64)
    plans, first = {}, 0
    for name, steps in STEPS.items():
        plan = denoising(
            name, steps=steps, profiled=settings.steps, batch=batch, guidance=GUIDANCE[name]
        )
        plans[name] = replace(plan, first=first, scheduler=SCHEDULERS[name])
        first += steps

    def request(labels: Labels) -> torch.Tensor:
        with labels.component("text_encoder"):
            context = text(input_ids=tokens)[0]

        def stage(name: str, unet: Any, low: torch.Tensor | None) -> torch.Tensor:
            extra = {} if low is None else {"class_labels": level}
            coarse = None if low is None else _resized(labels, low, noise[name].shape[-1])

            def predict(x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
                rows = x if coarse is None else torch.cat([x, torch.cat([coarse, coarse])], dim=1)
                found: torch.Tensor = unet(rows, time, context, return_dict=False, **extra)[0]
                # the second half of a stage's channels predicts the variance
                return found[:, :3]

            return denoised(labels, plans[name], noise[name], predict)

        image = stage("unet_64", base, None)
        image = stage("unet_256", middle, image)
        return stage("unet_1024", last, image)

    components = {"text_encoder": text, "unet_64": base, "unet_256": middle, "unet_1024": last}
    return Workload(
        components=components,
        request=request,
        calls_full={
            "text_encoder": 1,
            **STEPS,
            **{SCHEDULERS[name]: steps for name, steps in STEPS.items()},
            "resize": 2,
        },
        steps_full=sum(STEPS.values()),
        image_size=image_size,
        guidance=GUIDANCE["unet_64"],
        prompt_tokens=TEXT_TOKENS,
        kinds={"*.add_embedding.pool": "cross"},
        assumptions=ASSUMPTIONS,
    )


def _resized(labels: Labels, image: torch.Tensor, size: int) -> torch.Tensor:
    with labels.component("resize"):
        return functional.interpolate(image, (size, size), mode="bilinear", align_corners=True)


def base_unet(*, tiny: bool) -> nn.Module:
    """IF-I-XL at 64 px: keys and values are the image's and the text's, at 32, 16 and 8 px."""
    widths = (32, 64) if tiny else (704, 1408, 2112, 2816)
    levels = len(widths) - 1
    return _efficient_unet(
        widths,
        layers=1 if tiny else 3,
        attention_levels=levels,
        inputs=3,
        tiny=tiny,
        only_cross=False,
    )


def sr_unet(*, tiny: bool) -> nn.Module:
    """The 64 to 256 px stage: it also gets the low-resolution image; attention on the two coarsest levels."""
    widths = (32, 64) if tiny else (192, 384, 768, 1152)
    return _efficient_unet(
        widths,
        layers=1 if tiny else (2, 4, 8, 8),
        attention_levels=1 if tiny else 2,
        inputs=6,
        tiny=tiny,
        only_cross=True,
        class_embed_type="timestep",
        resnet_skip_time_act=True,
        resnet_out_scale_factor=2**0.5,
    )


def _efficient_unet(
    widths: tuple[int, ...],
    *,
    layers: int | tuple[int, ...],
    attention_levels: int,
    inputs: int,
    tiny: bool,
    only_cross: bool,
    **more: Any,
) -> nn.Module:
    plain = len(widths) - attention_levels
    model: Any = UNet2DConditionModel(
        sample_size=64,
        in_channels=inputs,
        out_channels=6,
        block_out_channels=widths,
        layers_per_block=layers,
        down_block_types=("ResnetDownsampleBlock2D",) * plain
        + ("SimpleCrossAttnDownBlock2D",) * attention_levels,
        mid_block_type="UNetMidBlock2DSimpleCrossAttn",
        up_block_types=("SimpleCrossAttnUpBlock2D",) * attention_levels
        + ("ResnetUpsampleBlock2D",) * plain,
        only_cross_attention=only_cross,
        attention_head_dim=8 if tiny else 64,
        cross_attention_dim=widths[-1],
        encoder_hid_dim=32 if tiny else 4096,
        encoder_hid_dim_type="text_proj",
        addition_embed_type="text",
        addition_embed_type_num_heads=4 if tiny else 64,
        cross_attention_norm="group_norm",
        resnet_time_scale_shift="scale_shift",
        act_fn="gelu",
        time_embedding_act_fn="gelu",
        norm_num_groups=8 if tiny else 32,
        **more,
    )
    model.add_embedding.pool = TextPooling(model.add_embedding.pool)
    unet: nn.Module = model
    return unet


class TextPooling(nn.Module):
    """The prompt's mean attends to every token: the UNet's own pooling, through the attention function that captures switch."""

    def __init__(self, pool: Any) -> None:
        super().__init__()
        self.heads: int = pool.num_heads
        self.positional_embedding = pool.positional_embedding
        self.q_proj, self.k_proj, self.v_proj = pool.q_proj, pool.k_proj, pool.v_proj

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        """(batch, tokens, width) to (batch, width)."""
        mean = hidden_states.mean(dim=1, keepdim=True) + self.positional_embedding
        tokens = torch.cat([mean, hidden_states], dim=1)
        parts = (self.q_proj(mean), self.k_proj(tokens), self.v_proj(tokens))
        query, key, value = (x.view(*x.shape[:2], self.heads, -1).transpose(1, 2) for x in parts)
        pooled = functional.scaled_dot_product_attention(query, key, value)
        return pooled.transpose(1, 2).flatten(1)


def upscaler(*, tiny: bool) -> nn.Module:
    """The 256 to 1024 px stage: Imagen's own widths; no self-attention, cross-attention on the coarsest level only.

    Imagen's Efficient U-Net halves the resolution before a level's blocks, not after them: so does the first convolution here.
    """
    widths = (32, 64) if tiny else (128, 256, 512, 1024)
    model: Any = _efficient_unet(
        widths,
        layers=1 if tiny else 3,
        attention_levels=1,
        inputs=6,
        tiny=tiny,
        only_cross=True,
        class_embed_type="timestep",
    )
    model.conv_in = nn.Conv2d(6, widths[0], 3, stride=2, padding=1)
    model.conv_out = nn.Sequential(
        nn.Upsample(scale_factor=2.0), nn.Conv2d(widths[0], 6, 3, padding=1)
    )
    unet: nn.Module = model
    return unet
