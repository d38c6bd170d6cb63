"""Parti (Yu et al. 2022): a text encoder and a decoder that writes 32 x 32 image tokens one at a time, then ViT-VQGAN."""

from __future__ import annotations

import torch
from torch import nn

from genscope.capture.label.labels import Labels
from genscope.capture.parts.diffusion import guided
from genscope.capture.parts.text_encoders import token_ids
from genscope.capture.parts.tokens import Block, KeyValueCache, Shape, TokenTransformer
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload, spread

TEXT_TOKENS = 128
SIDE = 32
CODEBOOK = 8192
GUIDANCE = 1.2

# encoder layers, decoder layers, width, heads
_VARIANTS = {
    "350m": (12, 12, 1024, 16),
    "750m": (12, 36, 1024, 16),
    "3b": (12, 36, 2048, 32),
    "20b": (16, 64, 4096, 64),
}
ASSUMPTIONS = (
    "a KV cache is used, reserved once; prefill is the first token and the text's keys and values",
    f"a text of {TEXT_TOKENS} tokens; guidance {GUIDANCE} runs both prompts as one batch of two",
    "the detokenizer is ViT-VQGAN's 32-layer decoder to 256 px; the 1024 px upsampler is left out",
    "tokens are chosen greedily",
)


class Detokenizer(nn.Module):
    """ViT-VQGAN's decoder: codebook entries to 8 x 8 pixel patches, through transformer blocks."""

    def __init__(self, shape: Shape, *, side: int) -> None:
        super().__init__()
        self.side = side
        self.codes = nn.Embedding(CODEBOOK, 32)
        self.widen = nn.Linear(32, shape.width)
        self.positions = nn.Parameter(torch.zeros(side * side, shape.width))
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.pixels = nn.Linear(shape.width, 8 * 8 * 3)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """(batch, side * side) tokens to a (batch, 3, 8 * side, 8 * side) image."""
        x = self.widen(self.codes(tokens)) + self.positions
        for block in self.blocks:
            x = block(x)
        patches = self.pixels(x).view(-1, self.side, self.side, 8, 8, 3)
        image: torch.Tensor = patches.permute(0, 5, 1, 3, 2, 4).flatten(4, 5).flatten(2, 3)
        return image


def build(settings: Settings) -> Workload:
    """Random weights at 350M to 20B; each token is decoded for the prompt and for none, as guidance needs both.

    It is longer than most: a model's parts, request and card read best in one piece.
    """
    batch, tiny = settings.batch, settings.tiny
    side, text_len = (4, 8) if tiny else (SIDE, TEXT_TOKENS)
    encoders, decoders, width, heads = (2, 2, 32, 4) if tiny else _VARIANTS[settings.variant]
    shape = Shape(decoders, width, heads, 4 * width, text=width)
    encoder = TokenTransformer(
        Shape(encoders, width, heads, 4 * width), vocabulary=16000, length=text_len, outputs=None
    )
    decoder = TokenTransformer(shape, vocabulary=CODEBOOK + 1, length=side * side, outputs=CODEBOOK)
    pixels = Detokenizer(Shape(2, 32, 4, 128) if tiny else Shape(32, 1280, 16, 5120), side=side)
    cache = KeyValueCache(shape, batch=2 * batch, length=side * side)
    prompt = token_ids(2 * batch, text_len)
    last, drawn = token_ids(2 * batch, 1), token_ids(batch, side * side)
    chosen = spread(side * side - 1, settings.steps)

    def request(labels: Labels) -> torch.Tensor:
        with labels.component("text_encoder"):
            text = encoder(prompt)
        with labels.component("prefill"):
            _next(decoder, last, text, cache, position=0)
        for index in chosen:
            with labels.step(index), labels.component("decode"):
                _next(decoder, last, text, cache, position=index + 1)
        with labels.component("detokenizer"):
            image: torch.Tensor = pixels(drawn)
        return image

    return Workload(
        components={
            "text_encoder": encoder,
            "prefill": decoder,
            "decode": decoder,
            "detokenizer": pixels,
        },
        request=request,
        calls_full={"text_encoder": 1, "prefill": 1, "decode": side * side - 1, "detokenizer": 1},
        steps_full=side * side - 1,
        image_size=8 * side,
        guidance=GUIDANCE,
        prompt_tokens=text_len,
        kinds={"prefill.*.attn1": "causal", "decode.*.attn1": "causal"},
        assumptions=ASSUMPTIONS,
    )


def _next(
    decoder: nn.Module,
    token: torch.Tensor,
    text: torch.Tensor,
    cache: KeyValueCache,
    *,
    position: int,
) -> torch.Tensor:
    """The next token's index, (batch,), after guidance."""
    cache.position = position
    logits = decoder(token, text, cache=cache, causal=True)[:, -1]
    return guided(logits, GUIDANCE).argmax(dim=-1)
