"""HunyuanVideo (Kong et al. 2024): joint attention over video and text tokens, a language model as text encoder."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl_hunyuan_video import AutoencoderKLHunyuanVideo
from diffusers.models.transformers.transformer_hunyuan_video import HunyuanVideoTransformer3DModel
from transformers import LlamaConfig, LlamaModel

from genscope.capture.parts.diffusion import (
    Context,
    DiffusionRequest,
    decoded,
    denoising,
    pipeline_defaults,
    pooled,
    transformer_call,
    wide,
)
from genscope.capture.parts.text_encoders import CLIP_TOKENS, clip, token_ids
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload

STEPS = 50
TEXT_TOKENS = 256
_LLAMA_8B: dict[str, Any] = {
    "vocab_size": 128320, "intermediate_size": 14336, "num_key_value_heads": 8, "max_position_embeddings": 8192,
}  # fmt: skip
_TINY_LLAMA: dict[str, Any] = {
    "vocab_size": 1000, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
}  # fmt: skip
_TINY: dict[str, Any] = {
    "in_channels": 4, "out_channels": 4, "num_attention_heads": 2, "attention_head_dim": 16, "num_layers": 1,
    "num_single_layers": 2, "num_refiner_layers": 1, "text_embed_dim": 32, "pooled_projection_dim": 32,
    "rope_axes_dim": (4, 6, 6),
}  # fmt: skip
_TINY_VAE: dict[str, Any] = {
    "latent_channels": 4, "block_out_channels": (8, 8, 8, 8), "layers_per_block": 1, "norm_num_groups": 4,
}  # fmt: skip
ASSUMPTIONS = (
    pipeline_defaults(STEPS),
    "guidance is distilled: one call a step",
    "the VAE decodes whole frames, a few at a time, where the pipeline may cut them into tiles",
    "the text encoder reads the prompt's tokens alone, without the template that the pipeline puts before them",
)


def build(settings: Settings) -> Workload:
    """Random weights, 12.82 billion parameters; guidance is an input, so that each step is one call for one prompt.

    It is longer than most: a model's parts, request and card read best in one piece.
    """
    batch, tiny = settings.batch, settings.tiny
    height = settings.image_size or (32 if tiny else 720)
    frames = settings.frames or (5 if tiny else 129)
    text_len = 8 if tiny else TEXT_TOKENS
    language: Any = LlamaModel(LlamaConfig(**(_TINY_LLAMA if tiny else _LLAMA_8B)))
    short = clip("tiny" if tiny else "L")
    denoiser = HunyuanVideoTransformer3DModel(**(_TINY if tiny else {}))
    decoder: Any = AutoencoderKLHunyuanVideo(**(_TINY_VAE if tiny else {}))
    ids, short_ids = token_ids(batch, text_len), token_ids(batch, CLIP_TOKENS)
    mask, guidance = torch.ones(batch, text_len, dtype=torch.int64), torch.full((batch,), 6000.0)
    width = wide(height, ratio=16 / 9, multiple=16)
    size = (batch, denoiser.config.in_channels, (frames - 1) // 4 + 1, height // 8, width // 8)

    def encode(_: Context) -> Context:
        found = language(input_ids=ids, output_hidden_states=True)
        return {"encoder_hidden_states": found.hidden_states[-3]}

    return DiffusionRequest(
        components={
            "text_encoder": language,
            "text_encoder_2": short,
            "transformer": denoiser,
            "vae": decoder,
        },
        encoders={"text_encoder": encode, "text_encoder_2": pooled(short, short_ids)},
        plan=denoising("transformer", steps=STEPS, profiled=settings.steps, batch=batch),
        latents=torch.randn(size),
        predict=transformer_call(denoiser, encoder_attention_mask=mask, guidance=guidance),
        decode=decoded(decoder),
        image_size=height,
        frames=frames,
        prompt_tokens=text_len,
        kinds={
            "text_encoder*": "causal",
            "transformer.context_embedder.*": "self",
            "transformer.*": "joint",
        },
        assumptions=ASSUMPTIONS,
    ).workload()
