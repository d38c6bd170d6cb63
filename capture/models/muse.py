"""Muse (Chang et al. 2023): masked image tokens filled in parallel, and aMUSEd, its small open reproduction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from diffusers.models.autoencoders.vq_model import VQModel
from diffusers.models.unets.uvit_2d import UVit2DModel
from torch import nn

from genscope.capture.label.labels import Labels
from genscope.capture.parts.diffusion import guided
from genscope.capture.parts.text_encoders import CLIP_TOKENS, clip, t5, token_ids
from genscope.capture.parts.tokens import Shape, TokenTransformer, filled, still_masked
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload, spread

CODEBOOK = 8192
MASK = CODEBOOK
GUIDANCE = 10.0
AMUSED_STEPS = 12
BASE_STEPS = 24
SUPER_STEPS = 8

# batch of tokens (2 * batch, length) -> logits (2 * batch, length, codes)
Logits = Callable[[torch.Tensor], torch.Tensor]


def build(settings: Settings) -> Workload:
    """The variant asked for: the paper's 3 billion parameters, or aMUSEd at 256 or 512 px."""
    return _muse(settings) if settings.variant == "3b" else _amused(settings)


def _fill(
    labels: Labels,
    component: str,
    tokens: torch.Tensor,
    logits: Logits,
    *,
    steps: int,
    profiled: int,
    first: int = 0,
    sampler: str = "sampler",
) -> torch.Tensor:
    """The profiled steps of one masked transformer, each a call of it and one of its sampler."""
    for index in spread(steps, profiled):
        with labels.step(first + index):
            with labels.component(component):
                found = logits(torch.cat([tokens, tokens]))
            with labels.component(sampler):
                masked = still_masked(index, steps, tokens.shape[1])
                tokens = filled(guided(found, GUIDANCE), tokens, masked=masked, mask_id=MASK)
    return tokens


def _muse(settings: Settings) -> Workload:
    """A base transformer over 16 x 16 tokens, a super-resolution one over 64 x 64, and a convolutional detokenizer.

    It is longer than most: a model's parts, request and card read best in one piece.
    """
    batch, tiny = settings.batch, settings.tiny
    low, high, text_len = (4, 8, 8) if tiny else (16, 64, 128)
    base_shape = Shape(2, 32, 4, 128, text=32) if tiny else Shape(48, 2048, 16, 8192, text=2048)
    super_shape = Shape(2, 32, 4, 128, text=32) if tiny else Shape(32, 1024, 16, 4096, text=1024)
    text = t5("tiny" if tiny else "xxl")
    width = 32 if tiny else 4096
    base = TokenTransformer(
        base_shape, vocabulary=CODEBOOK + 1, length=low * low, outputs=CODEBOOK, text=width
    )
    finer = SuperResolution(super_shape, width, low=low, high=high)
    pixels: Any = detokenizer((16, 16, 32, 32) if tiny else (128, 256, 512, 512), tiny=tiny)
    prompt = token_ids(2 * batch, text_len)
    start = torch.full((batch, low * low), MASK, dtype=torch.int64)
    finer_start = torch.full((batch, high * high), MASK, dtype=torch.int64)
    profiled = settings.steps

    def request(labels: Labels) -> torch.Tensor:
        with labels.component("text_encoder"):
            context = text(input_ids=prompt)[0]
        coarse = _fill(
            labels,
            "transformer",
            start,
            lambda x: base(x, context),
            steps=BASE_STEPS,
            profiled=profiled,
        )
        fine = _fill(
            labels, "super_resolution", finer_start, lambda x: finer(x, coarse, context),
            steps=SUPER_STEPS, profiled=profiled, first=BASE_STEPS, sampler="super_resolution_sampler",
        )  # fmt: skip
        with labels.component("vqvae"):
            return _image(pixels, fine, high)

    return Workload(
        components={"text_encoder": text, "transformer": base, "super_resolution": finer, "vqvae": pixels},
        request=request,
        calls_full={
            "text_encoder": 1, "transformer": BASE_STEPS, "super_resolution": SUPER_STEPS,
            "sampler": BASE_STEPS, "super_resolution_sampler": SUPER_STEPS, "vqvae": 1,
        },
        steps_full=BASE_STEPS + SUPER_STEPS,
        image_size=8 * high,
        guidance=GUIDANCE,
        prompt_tokens=text_len,
        assumptions=(
            "48 layers of width 2048 reach the published 3 billion parameters of the base transformer",
            "the super-resolution transformer's size is not known: 32 layers of width 1024 with a 16-layer text and low-resolution encoder",
            f"guidance {GUIDANCE} on every step; the paper raises it over the steps",
            "steps are numbered through base and super-resolution",
        ),
    )  # fmt: skip


class SuperResolution(nn.Module):
    """Fine tokens attend to themselves and to the coarse tokens and the text, which a small transformer joins first."""

    def __init__(self, shape: Shape, text: int, *, low: int, high: int) -> None:
        super().__init__()
        layers = max(1, shape.layers // 2)
        inner = Shape(layers, shape.width, shape.heads, shape.inner)
        self.text = nn.Linear(text, shape.width)
        self.coarse = TokenTransformer(
            inner, vocabulary=CODEBOOK + 1, length=low * low, outputs=None
        )
        self.fine = TokenTransformer(
            shape, vocabulary=CODEBOOK + 1, length=high * high, outputs=CODEBOOK
        )

    def forward(
        self, tokens: torch.Tensor, coarse: torch.Tensor, text: torch.Tensor
    ) -> torch.Tensor:
        """(2 * batch, high * high) tokens to logits of the same length; coarse tokens are those of (batch) images."""
        # tokens that the few profiled steps left masked stand for any code
        both = coarse.clamp_max(CODEBOOK - 1).repeat(2, 1)
        context = torch.cat([self.coarse(both), self.text(text)], dim=1)
        output: torch.Tensor = self.fine(tokens, context)
        return output


def _amused(settings: Settings) -> Workload:
    """aMUSEd: CLIP-L, a UViT over 16 x 16 or 32 x 32 tokens, and a convolutional detokenizer.

    It is longer than most: a model's parts, request and card read best in one piece.
    """
    batch, tiny = settings.batch, settings.tiny
    large = settings.variant == "amused-512"
    side = (8 if tiny else 32) if large else (4 if tiny else 16)
    text = clip("tiny" if tiny else "L", projection=32 if tiny else 768)
    model = uvit(tiny=tiny, large=large)
    widths = (16, 16, 16, 32, 32) if tiny else (128, 256, 256, 512, 768)
    pixels: Any = detokenizer(widths, tiny=tiny)
    prompt = token_ids(2 * batch, CLIP_TOKENS)
    start = torch.full((batch, side * side), MASK, dtype=torch.int64)
    # size, crop and an aesthetic score, as the published pipeline gives them
    conditions = torch.tensor([[512.0, 512.0, 0.0, 0.0, 6.0]] * (2 * batch))

    def request(labels: Labels) -> torch.Tensor:
        with labels.component("text_encoder"):
            found = text(input_ids=prompt, output_hidden_states=True)

        def logits(tokens: torch.Tensor) -> torch.Tensor:
            grid = tokens.view(-1, side, side)
            scores: torch.Tensor = model(
                grid, found.hidden_states[-2], found.text_embeds, conditions
            )
            return scores.flatten(2).transpose(1, 2)

        tokens = _fill(
            labels, "transformer", start, logits, steps=AMUSED_STEPS, profiled=settings.steps
        )
        with labels.component("vqvae"):
            return _image(pixels, tokens, side)

    return Workload(
        components={"text_encoder": text, "transformer": model, "vqvae": pixels},
        request=request,
        calls_full={
            "text_encoder": 1,
            "transformer": AMUSED_STEPS,
            "sampler": AMUSED_STEPS,
            "vqvae": 1,
        },
        steps_full=AMUSED_STEPS,
        image_size=16 * side,
        guidance=GUIDANCE,
        prompt_tokens=CLIP_TOKENS,
        kinds={"text_encoder.*": "causal"},
        assumptions=(
            f"{AMUSED_STEPS} steps with guidance {GUIDANCE}: defaults of the published pipeline",
        ),
    )


def _image(pixels: Any, tokens: torch.Tensor, side: int) -> torch.Tensor:
    codes = tokens.clamp_max(CODEBOOK - 1).view(-1, side, side)
    image: torch.Tensor = pixels.decode(
        codes,
        force_not_quantize=True,
        shape=(tokens.shape[0], side, side, pixels.config.latent_channels),
        return_dict=False,
    )[0]
    return image


def uvit(*, tiny: bool, large: bool) -> nn.Module:
    """aMUSEd's transformer: 603 million parameters, with a strided level around it at 512 px."""
    small = {
        "hidden_size": 32, "cond_embed_dim": 32, "micro_cond_encode_dim": 8, "micro_cond_embed_dim": 40,
        "encoder_hidden_size": 32, "in_channels": 32, "block_out_channels": 32, "num_res_blocks": 1,
        "block_num_heads": 4, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64,
    }  # fmt: skip
    model: nn.Module = UVit2DModel(downsample=large, upsample=large, **(small if tiny else {}))
    return model


def detokenizer(widths: tuple[int, ...], *, tiny: bool) -> nn.Module:
    """A VQGAN, of which a request uses the lookup and the decoder."""
    model: nn.Module = VQModel(
        block_out_channels=widths,
        down_block_types=("DownEncoderBlock2D",) * len(widths),
        up_block_types=("UpDecoderBlock2D",) * len(widths),
        layers_per_block=1 if tiny else 2,
        latent_channels=16 if tiny else 64,
        num_vq_embeddings=CODEBOOK,
        norm_num_groups=8 if tiny else 32,
        lookup_from_codebook=True,
        mid_block_add_attention=False,
    )
    return model
