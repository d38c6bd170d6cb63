"""The arithmetic between two calls of a model: guidance, a diffusion step, and which steps of a request are profiled.

Written without a value ever leaving the device, so that the same loop runs where tensors hold no values (the dry profiler).
"""

from __future__ import annotations

import math

import torch


def spread(full: int, profiled: int) -> list[int]:
    """Which `profiled` of `full` steps are run: the middles of equal parts.

    If a step's cost grows linearly with its index, as with a growing KV cache, their mean is the whole request's mean.
    """
    count = min(full, profiled)
    return [(2 * i + 1) * full // (2 * count) for i in range(count)]


def guided(both: torch.Tensor, scale: float) -> torch.Tensor:
    """Classifier-free guidance of a batch whose halves are unconditional and conditional."""
    unconditional, conditional = both.chunk(2)
    return unconditional + scale * (conditional - unconditional)


def signal_level(index: int, steps: int) -> float:
    """Cumulative alpha of a cosine schedule (Nichol and Dhariwal 2021), from noise (index 0) to image (index steps)."""
    return min(0.9999, max(1e-4, math.cos((1 - index / steps) * math.pi / 2) ** 2))


def ddim_step(sample: torch.Tensor, noise: torch.Tensor, *, index: int, steps: int) -> torch.Tensor:
    """One deterministic DDIM step (Song et al. 2020, eq. 12 with sigma 0) for a model that predicts noise."""
    now, following = signal_level(index, steps), signal_level(index + 1, steps)
    clean = (sample - math.sqrt(1 - now) * noise) / math.sqrt(now)
    return math.sqrt(following) * clean + math.sqrt(1 - following) * noise


def flow_step(sample: torch.Tensor, velocity: torch.Tensor, *, steps: int) -> torch.Tensor:
    """One Euler step of a rectified flow: the model predicts the velocity."""
    return sample - velocity / steps


def timestep(index: int, steps: int, *, batch: int) -> torch.Tensor:
    """The step's time in 0..1000, one for each sample, counting down."""
    return torch.full((batch,), 1000 * (steps - index) // steps - 1, dtype=torch.int64)
