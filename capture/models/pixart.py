"""PixArt-Sigma (Chen et al. 2024): a diffusion transformer with self-attention over the image and cross-attention to T5."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.models.transformers.pixart_transformer_2d import PixArtTransformer2DModel

from genscope.capture.models.stable_diffusion import vae
from genscope.capture.parts.denoise import denoising
from genscope.capture.parts.diffusion_request import Context, DiffusionRequest
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
    text, decoder = t5("tiny" if tiny else "xxl"), _decoder(tiny=tiny)
    denoiser = PixArtTransformer2DModel(
        caption_channels=32 if tiny else 4096,
        use_additional_conditions=False,
        **(_TINY if tiny else {}),
    )
    tokens = token_ids(2 * batch, text_len)
    mask = torch.ones(2 * batch, text_len)

    def predict(x: torch.Tensor, time: torch.Tensor, context: Context) -> torch.Tensor:
        found: torch.Tensor = denoiser(
            x, timestep=time, encoder_attention_mask=mask, return_dict=False, **context
        )[0]
        # the second half of the channels predicts the variance
        return found.chunk(2, dim=1)[0]

    return DiffusionRequest(
        components={"text_encoder": text, "transformer": denoiser, "vae": decoder},
        encoders={"text_encoder": lambda: {"encoder_hidden_states": text(input_ids=tokens)[0]}},
        plan=denoising(
            "transformer", steps=STEPS, profiled=settings.steps, batch=batch, guidance=GUIDANCE
        ),
        latents=torch.randn(batch, 4, image_size // 8, image_size // 8),
        predict=predict,
        decode=lambda sample: decoder.decode(sample / 0.13025, return_dict=False)[0],
        image_size=image_size,
        prompt_tokens=text_len,
    ).workload()


def _decoder(*, tiny: bool) -> Any:
    """SDXL's autoencoder has the layers of Stable Diffusion's."""
    return vae(tiny=tiny)
