"""Phenaki (Villegas et al. 2022): masked video tokens filled in parallel, then C-ViViT turns them into frames."""

from __future__ import annotations

import torch
from torch import nn

from genscope.capture.label.labels import Labels
from genscope.capture.parts.diffusion import guided
from genscope.capture.parts.text_encoders import t5, token_ids
from genscope.capture.parts.tokens import Block, Shape, TokenTransformer, filled, still_masked
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload, spread

CODEBOOK = 8192
MASK = CODEBOOK
TEXT_TOKENS = 128
STEPS = 24
GUIDANCE = 5.0
FRAMES = 11
SIDE = 16
PATCH = 8
ASSUMPTIONS = (
    "24 layers of width 2048 reach the published 1.8 billion parameters",
    f"{STEPS} steps with guidance {GUIDANCE}; a text of {TEXT_TOKENS} tokens; one clip, not extended",
    "C-ViViT's decoder: 4 temporal and 4 spatial layers of width 512",
)


class VideoDecoder(nn.Module):
    """C-ViViT's decoder: attention over time at each place, then over places at each time, then pixels of each patch."""

    def __init__(self, shape: Shape, *, side: int) -> None:
        super().__init__()
        self.side = side
        self.codes = nn.Embedding(CODEBOOK, 32)
        self.widen = nn.Linear(32, shape.width)
        self.temporal = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.spatial = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.first = nn.Linear(shape.width, PATCH * PATCH * 3)
        self.later = nn.Linear(shape.width, 2 * PATCH * PATCH * 3)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """(batch, times * side * side) tokens to (batch, 3, 2 * times - 1, height, width) frames."""
        places = self.side * self.side
        x = self.widen(self.codes(tokens))
        x = x.view(x.shape[0], -1, places, x.shape[-1])
        batch, times = x.shape[:2]
        x = x.transpose(1, 2).flatten(0, 1)
        for block in self.temporal:
            x = block(x, causal=True)
        x = x.view(batch, places, times, -1).transpose(1, 2).flatten(0, 1)
        for block in self.spatial:
            x = block(x)
        x = x.view(batch, times, places, -1)
        first, later = self.first(x[:, :1]), self.later(x[:, 1:])
        return torch.cat([self._pixels(first, 1), self._pixels(later, 2)], dim=2)

    def _pixels(self, patches: torch.Tensor, each: int) -> torch.Tensor:
        """(batch, times, places, each * patch) to (batch, 3, each * times, height, width)."""
        batch, times = patches.shape[:2]
        grid = patches.reshape(batch, times, self.side, self.side, each, PATCH, PATCH, 3)
        ordered = grid.permute(0, 7, 1, 4, 2, 5, 3, 6)
        return ordered.flatten(6, 7).flatten(4, 5).flatten(2, 3)


def build(settings: Settings) -> Workload:
    """Random weights; 11 frames of 128 px are 6 x 16 x 16 tokens, the first frame alone and the others in pairs.

    It is longer than most: a model's parts, request and card read best in one piece.
    """
    batch, tiny = settings.batch, settings.tiny
    side, text_len = (4, 8) if tiny else (SIDE, TEXT_TOKENS)
    frames = settings.frames or (5 if tiny else FRAMES)
    length = ((frames - 1) // 2 + 1) * side * side
    text = t5("tiny" if tiny else "xxl")
    shape = Shape(2, 32, 4, 128, text=32) if tiny else Shape(24, 2048, 32, 8192, text=2048)
    model = TokenTransformer(
        shape, vocabulary=CODEBOOK + 1, length=length, outputs=CODEBOOK, text=32 if tiny else 4096
    )
    pixels = VideoDecoder(Shape(2, 32, 4, 128) if tiny else Shape(4, 512, 8, 2048), side=side)
    prompt = token_ids(2 * batch, text_len)
    start = torch.full((batch, length), MASK, dtype=torch.int64)

    def request(labels: Labels) -> torch.Tensor:
        with labels.component("text_encoder"):
            context = text(input_ids=prompt)[0]
        tokens = start
        for index in spread(STEPS, settings.steps):
            with labels.step(index):
                with labels.component("transformer"):
                    logits = model(torch.cat([tokens, tokens]), context)
                with labels.component("sampler"):
                    masked = still_masked(index, STEPS, length)
                    tokens = filled(guided(logits, GUIDANCE), tokens, masked=masked, mask_id=MASK)
        with labels.component("cvivit"):
            video: torch.Tensor = pixels(tokens.clamp_max(CODEBOOK - 1))
        return video

    return Workload(
        components={"text_encoder": text, "transformer": model, "cvivit": pixels},
        request=request,
        calls_full={"text_encoder": 1, "transformer": STEPS, "sampler": STEPS, "cvivit": 1},
        steps_full=STEPS,
        image_size=PATCH * side,
        frames=frames,
        guidance=GUIDANCE,
        prompt_tokens=text_len,
        kinds={"cvivit.temporal.*": "temporal", "cvivit.spatial.*": "spatial"},
        assumptions=ASSUMPTIONS,
    )
