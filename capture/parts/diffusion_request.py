"""The request of a diffusion transformer: encode the prompt, denoise a latent, decode it. Models differ in the three calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import nn

from genscope.capture.label.labels import Labels
from genscope.capture.parts.denoise import Denoising, denoised
from genscope.capture.workload import Workload

Context = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class DiffusionRequest:
    """Components by name, text encoders first, then the plan's denoiser, then 'vae'.

    `encoders` returns one text encoder's part of what the denoiser is given as keywords; parts are joined.
    `predict` calls the denoiser with (model input, time, keywords); `decode` turns the last latent into pixels.
    """

    components: Mapping[str, nn.Module]
    encoders: Mapping[str, Callable[[], Context]]
    plan: Denoising
    latents: torch.Tensor
    predict: Callable[[torch.Tensor, torch.Tensor, Context], torch.Tensor]
    decode: Callable[[torch.Tensor], torch.Tensor]
    image_size: int
    prompt_tokens: int
    frames: int | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()

    def run(self, labels: Labels) -> torch.Tensor:
        """One request with the plan's profiled steps."""
        context: dict[str, torch.Tensor] = {}
        for name, encode in self.encoders.items():
            with labels.component(name):
                context.update(encode())
        sample = denoised(
            labels, self.plan, self.latents, lambda x, time: self.predict(x, time, context)
        )
        with labels.component("vae"):
            return self.decode(sample)

    def workload(self) -> Workload:
        """The same as any model's file returns it."""
        steps = self.plan.steps
        once = dict.fromkeys((*self.encoders, "vae"), 1)
        return Workload(
            components=self.components,
            request=self.run,
            calls_full={**once, self.plan.component: steps, "scheduler": steps},
            steps_full=steps,
            image_size=self.image_size,
            frames=self.frames,
            guidance=self.plan.guidance,
            prompt_tokens=self.prompt_tokens,
            kinds=self.kinds,
            assumptions=(
                f"{steps} steps, and sizes that are not asked for: defaults of the published pipeline",
                *self.assumptions,
            ),
        )


def wide(height: int, *, ratio: float, multiple: int) -> int:
    """The width of a frame of this height, rounded to what a model's patches divide."""
    return max(1, round(height * ratio / multiple)) * multiple
