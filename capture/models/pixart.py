"""PixArt-Sigma (Chen et al. 2024): a diffusion transformer with self-attention over the image and cross-attention to T5."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.models.transformers.pixart_transformer_2d import PixArtTransformer2DModel

from genscope.capture.parts.autoencoder import image_autoencoder
from genscope.capture.parts.diffusion import (
    Context,
    DiffusionRequest,
    decoded,
    denoising,
    last_hidden,
    pipeline_defaults,
    transformer_call,
)
from genscope.capture.parts.text_encoders import t5, token_ids
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload

STEPS = 20
GUIDANCE = 4.5
TEXT_TOKENS = 300
_TINY: dict[str, Any] = {
    "num_attention_heads": 4, "attention_head_dim": 8, "num_layers": 2, "cross_attention_dim": 32, "sample_size": 8,
}  # fmt: skip


def build(settings: Settings) -> Workload:
    """Random weights, 28 blocks of 16 heads; a mask keeps padding out of cross-attention, as the pipeline does."""
    batch, tiny = settings.batch, settings.tiny
    image_size = settings.image_size or (64 if tiny else 1024)
    text_len = 8 if tiny else TEXT_TOKENS
    text, decoder = t5("tiny" if tiny else "xxl"), image_autoencoder(tiny=tiny, sample_size=512)
    denoiser = PixArtTransformer2DModel(
        caption_channels=32 if tiny else 4096,
        use_additional_conditions=False,
        **(_TINY if tiny else {}),
    )
    tokens = token_ids(2 * batch, text_len)
    called = transformer_call(denoiser, encoder_attention_mask=torch.ones(2 * batch, text_len))
    pixels = decoded(decoder)

    def predict(x: torch.Tensor, time: torch.Tensor, context: Context) -> torch.Tensor:
        # the second half of the channels predicts the variance
        return called(x, time, context).chunk(2, dim=1)[0]

    return DiffusionRequest(
        components={"text_encoder": text, "transformer": denoiser, "vae": decoder},
        encoders={"text_encoder": last_hidden(text, tokens)},
        plan=denoising(
            "transformer", steps=STEPS, profiled=settings.steps, batch=batch, guidance=GUIDANCE
        ),
        latents=torch.randn(batch, 4, image_size // 8, image_size // 8),
        predict=predict,
        decode=lambda sample: pixels(sample / 0.13025),
        image_size=image_size,
        prompt_tokens=text_len,
        assumptions=(pipeline_defaults(STEPS),),
    ).workload()
