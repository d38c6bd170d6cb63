"""Make-A-Video (Singer et al. 2022): pixel diffusion of 16 frames with temporal attention and pseudo-3D convolution."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from diffusers.models.transformers.transformer_temporal import TransformerTemporalModel
from diffusers.models.unets.unet_2d import UNet2DModel
from diffusers.models.unets.unet_3d_condition import UNet3DConditionModel
from torch import nn
from torch.nn import functional

from genscope.capture.label.labels import Labels
from genscope.capture.parts.diffusion import denoised, denoising
from genscope.capture.parts.text_encoders import CLIP_TOKENS, clip, token_ids
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload

STEPS = 50
GUIDANCE = 9.0
FRAMES = 16
ASSUMPTIONS = (
    "the decoder is ModelScope's UNet on pixels, the open relative of the closed one, with attention at 32 px and below",
    "each spatial self-attention is followed by one temporal attention; ModelScope's attend twice",
    "text goes to the decoder without a prior; frames are not interpolated",
    "super-resolution has widths 128, 256, 512, 512, attends on its coarsest level only, at 768 px not at all",
    f"{STEPS} DDIM steps a stage; guidance {GUIDANCE} in the decoder only",
    "steps are numbered through the three stages",
)


class NoTemporalLayer(nn.Module):
    """Replaces the layer with which the UNet would attend over time at full resolution."""

    def forward(self, x: torch.Tensor, **_: Any) -> tuple[torch.Tensor]:
        """The same, in the tuple that the UNet expects."""
        return (x,)


def one_temporal_attention(model: Any) -> nn.Module:
    """Leave each temporal layer its first attention, and none where there is no spatial one."""
    model.transformer_in = NoTemporalLayer()
    for module in model.modules():
        if isinstance(module, TransformerTemporalModel):
            for block in module.transformer_blocks:
                block.attn2 = block.norm2 = None
    found: nn.Module = model
    return found


def build(settings: Settings) -> Workload:
    """Random weights; --image-size is the first stage's, which the others enlarge 4 and then 3 times.

    It is longer than most: a model's parts, request and card read best in one piece.
    """
    batch, tiny = settings.batch, settings.tiny
    side = settings.image_size or (8 if tiny else 64)
    frames = settings.frames or (4 if tiny else FRAMES)
    text = clip("tiny" if tiny else "H", activation="gelu")
    base, middle, last = unet(tiny=tiny), sr_256(tiny=tiny), sr_768(tiny=tiny)
    tokens = token_ids(2 * batch, CLIP_TOKENS)
    noise = {
        scale: torch.randn(batch, 3, frames, scale * side, scale * side) for scale in (1, 4, 12)
    }
    last_noise = _frames(noise[12])
    profiled = settings.steps
    first = denoising("unet", steps=STEPS, profiled=profiled, batch=batch, guidance=GUIDANCE)
    second = replace(
        denoising("super_resolution_256", steps=STEPS, profiled=profiled, batch=batch), first=STEPS
    )
    third = replace(
        denoising("super_resolution_768", steps=STEPS, profiled=profiled, batch=1), first=2 * STEPS
    )

    def request(labels: Labels) -> torch.Tensor:
        with labels.component("text_encoder"):
            context = text(input_ids=tokens)[0]
            prompted = context[batch:]
        video = denoised(
            labels,
            first,
            noise[1],
            lambda x, time: base(x, time, context, return_dict=False)[0],
        )
        low = _resized(labels, video, 4 * side)
        video = denoised(
            labels,
            second,
            noise[4],
            lambda x, time: middle(torch.cat([x, low], dim=1), time, prompted, return_dict=False)[
                0
            ],
        )
        high = _resized(labels, video, 12 * side)
        with labels.component("resize"):
            high = _frames(high)
        return denoised(
            labels,
            third,
            last_noise,
            lambda x, time: last(torch.cat([x, high], dim=1), time, return_dict=False)[0],
        )

    return Workload(
        components={
            "text_encoder": text, "unet": base, "super_resolution_256": middle, "super_resolution_768": last,
        },
        request=request,
        calls_full={
            "text_encoder": 1, "unet": STEPS, "super_resolution_256": STEPS, "super_resolution_768": STEPS,
            "scheduler": 3 * STEPS, "resize": 3,
        },
        steps_full=3 * STEPS,
        image_size=side,
        frames=frames,
        guidance=GUIDANCE,
        prompt_tokens=CLIP_TOKENS,
        kinds={"text_encoder.*": "causal", "*.attentions.*.attn1": "spatial"},
        assumptions=ASSUMPTIONS,
    )  # fmt: skip


def _resized(labels: Labels, video: torch.Tensor, size: int) -> torch.Tensor:
    """(batch, channels, frames, height, width) to another height and width."""
    with labels.component("resize"):
        flat = functional.interpolate(_frames(video), (size, size), mode="bilinear")
        each = flat.view(video.shape[0], -1, *flat.shape[1:])
        return each.transpose(1, 2).contiguous()


def _frames(video: torch.Tensor) -> torch.Tensor:
    """Frames as a batch of images."""
    return video.transpose(1, 2).flatten(0, 1)


def unet(*, tiny: bool) -> nn.Module:
    """Every spatial layer is followed by a temporal one: convolution by 1D convolution, attention by attention.

    Imagen's and Make-A-Video's base UNets attend at 32, 16 and 8 px, not at the full 64.
    """
    widths = (32, 64) if tiny else (320, 640, 1280, 1280)
    levels = len(widths) - 1
    return one_temporal_attention(
        UNet3DConditionModel(
            sample_size=64,
            in_channels=3,
            out_channels=3,
            block_out_channels=widths,
            layers_per_block=1 if tiny else 2,
            down_block_types=("DownBlock3D",) + ("CrossAttnDownBlock3D",) * levels,
            up_block_types=("CrossAttnUpBlock3D",) * levels + ("UpBlock3D",),
            cross_attention_dim=32 if tiny else 1024,
            attention_head_dim=8 if tiny else 64,
            norm_num_groups=8 if tiny else 32,
        )
    )


def sr_256(*, tiny: bool) -> nn.Module:
    """The 64 to 256 px stage, with temporal convolution everywhere and attention on the coarsest level."""
    widths = (16, 32) if tiny else (128, 256, 512, 512)
    plain = len(widths) - 1
    return one_temporal_attention(
        UNet3DConditionModel(
            sample_size=256,
            in_channels=6,
            out_channels=3,
            block_out_channels=widths,
            layers_per_block=1 if tiny else 2,
            down_block_types=("DownBlock3D",) * plain + ("CrossAttnDownBlock3D",),
            up_block_types=("CrossAttnUpBlock3D",) + ("UpBlock3D",) * plain,
            cross_attention_dim=32 if tiny else 1024,
            attention_head_dim=8 if tiny else 64,
            norm_num_groups=8 if tiny else 32,
        )
    )


def sr_768(*, tiny: bool) -> nn.Module:
    """The 256 to 768 px stage, frame by frame, all convolution."""
    widths = (8, 16) if tiny else (128, 256, 512, 512)
    model: nn.Module = UNet2DModel(
        in_channels=6,
        out_channels=3,
        block_out_channels=widths,
        layers_per_block=1 if tiny else 2,
        down_block_types=("DownBlock2D",) * len(widths),
        up_block_types=("UpBlock2D",) * len(widths),
        add_attention=False,
        norm_num_groups=8 if tiny else 32,
    )
    return model
