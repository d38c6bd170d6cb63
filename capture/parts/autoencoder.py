"""The convolutional autoencoder of latent diffusion (Rombach et al. 2022); a request uses its decoder only."""

from __future__ import annotations

from typing import Any

from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from torch import nn


def image_autoencoder(*, tiny: bool, channels: int = 4, **more: Any) -> nn.Module:
    """An image is 8 times larger each way than its latent of `channels` channels; `more` goes to diffusers' class."""
    model: nn.Module = AutoencoderKL(
        block_out_channels=(16, 16, 32, 32) if tiny else (128, 256, 512, 512),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1 if tiny else 2,
        latent_channels=channels,
        norm_num_groups=8 if tiny else 32,
        **more,
    )
    return model


def wide_latent_autoencoder(*, tiny: bool) -> nn.Module:
    """The one of Stable Diffusion 3 and FLUX: 16 latent channels, and no convolution right before and after the latent."""
    return image_autoencoder(
        tiny=tiny, channels=4 if tiny else 16, use_quant_conv=False, use_post_quant_conv=False
    )
