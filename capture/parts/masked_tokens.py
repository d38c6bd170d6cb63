"""Parallel decoding of masked tokens (MaskGIT, Chang et al. 2022): every step fills the tokens it is surest of."""

from __future__ import annotations

import math

import torch


def still_masked(index: int, steps: int, tokens: int) -> int:
    """How many of the tokens are masked again after step `index`: a cosine schedule."""
    return math.floor(tokens * math.cos((index + 1) / steps * math.pi / 2))


def filled(
    logits: torch.Tensor, tokens: torch.Tensor, *, masked: int, mask_id: int
) -> torch.Tensor:
    """Draw every masked token from (batch, tokens, codes) logits, then mask the `masked` least likely ones again."""
    unknown = tokens == mask_id
    noise = torch.rand_like(logits).clamp_min_(1e-6).log_().neg_().log_().neg_()
    drawn = (logits + noise).argmax(dim=-1)
    chance = torch.softmax(logits, dim=-1).gather(-1, drawn.unsqueeze(-1)).squeeze(-1)
    # what is known already is never masked again
    chance = torch.where(unknown, chance, torch.ones_like(chance))
    drawn = torch.where(unknown, drawn, tokens)
    if masked == 0:
        return drawn
    least = chance.topk(masked, dim=-1, largest=False).indices
    return drawn.scatter(-1, least, torch.full_like(least, mask_id))
