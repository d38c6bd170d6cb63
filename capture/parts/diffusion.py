"""What diffusion models share: the loop over denoising steps, guidance and the step itself, and a whole request made of them.

No value ever leaves the device, so the same loop runs where tensors hold no values (the dry profiler).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from genscope.capture.label.labels import Labels
from genscope.capture.workload import Workload, spread

# (model input, its time) -> what the model predicts, of the input's shape
Predict = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
# what the text encoders give to the denoiser
Context = Mapping[str, torch.Tensor]


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


def timestep(index: int, steps: int, *, batch: int) -> torch.Tensor:
    """The step's time in 0..1000, one for each sample, counting down."""
    return torch.full((batch,), 1000 * (steps - index) // steps - 1, dtype=torch.int64)


@dataclass(frozen=True)
class Denoising:
    """One denoiser's part of a request. `first` numbers its steps after those of an earlier one.

    With `guidance` the model's batch is twice the sample's, unconditional then conditional; with None it is the sample's.
    `scheduler` is the component of the arithmetic after each call. Stages that differ in cost and in number of steps need one
    each, or the scheduler's time would not scale to a whole request.
    """

    component: str
    steps: int
    times: dict[int, torch.Tensor]
    guidance: float | None = None
    first: int = 0
    scheduler: str = "scheduler"

    def following(self, sample: torch.Tensor, predicted: torch.Tensor, index: int) -> torch.Tensor:
        """The sample after step `index`."""
        noise = predicted if self.guidance is None else guided(predicted, self.guidance)
        return ddim_step(sample, noise, index=index, steps=self.steps)


def denoising(
    component: str, *, steps: int, profiled: int, batch: int, guidance: float | None = None
) -> Denoising:
    """Plan a denoiser's steps for a batch of samples. Call it while the model is built: it makes tensors."""
    rows = batch if guidance is None else 2 * batch
    times = {index: timestep(index, steps, batch=rows) for index in spread(steps, profiled)}
    return Denoising(component, steps, times, guidance)


def denoised(
    labels: Labels, plan: Denoising, sample: torch.Tensor, predict: Predict
) -> torch.Tensor:
    """Run the profiled steps of one denoiser; each is one call of its component and one of its scheduler."""
    for index, time in plan.times.items():
        with labels.step(plan.first + index):
            with labels.component(plan.component):
                rows = sample if plan.guidance is None else torch.cat([sample, sample])
                predicted = predict(rows, time)
            with labels.component(plan.scheduler):
                sample = plan.following(sample, predicted, index)
    return sample


@dataclass(frozen=True)
class DiffusionRequest:
    """Text encoders, one denoiser and a decoder. `components` holds them by name: encoders, the plan's denoiser, 'vae'.

    Each of `encoders` gets what the encoders before it found and returns its own part. `predict` calls the denoiser with
    (model input, time, all parts); `decode` turns the last latent into pixels.
    """

    components: Mapping[str, nn.Module]
    encoders: Mapping[str, Callable[[Context], Context]]
    plan: Denoising
    latents: torch.Tensor
    predict: Callable[[torch.Tensor, torch.Tensor, Context], torch.Tensor]
    decode: Callable[[torch.Tensor], torch.Tensor]
    image_size: int
    prompt_tokens: int
    assumptions: tuple[str, ...]
    frames: int | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)

    def run(self, labels: Labels) -> torch.Tensor:
        """One request with the plan's profiled steps."""
        context: dict[str, torch.Tensor] = {}
        for name, encode in self.encoders.items():
            with labels.component(name):
                context.update(encode(context))
        sample = denoised(
            labels, self.plan, self.latents, lambda x, time: self.predict(x, time, context)
        )
        with labels.component("vae"):
            return self.decode(sample)

    def workload(self) -> Workload:
        """The request as every model's file returns it."""
        steps = self.plan.steps
        once = dict.fromkeys(self.encoders, 1)
        each = {self.plan.component: steps, self.plan.scheduler: steps}
        return Workload(
            components=self.components,
            request=self.run,
            calls_full={**once, **each, "vae": 1},
            steps_full=steps,
            image_size=self.image_size,
            frames=self.frames,
            guidance=self.plan.guidance,
            prompt_tokens=self.prompt_tokens,
            kinds=self.kinds,
            assumptions=self.assumptions,
        )


def pipeline_defaults(steps: int) -> str:
    """The assumption of a model whose published pipeline sets what the user leaves open."""
    return f"{steps} steps, and sizes that are not set: defaults of the published pipeline"


def last_hidden(encoder: Any, tokens: torch.Tensor) -> Callable[[Context], Context]:
    """A text encoder whose last hidden states go to the denoiser, as T5's do."""
    return lambda _: {"encoder_hidden_states": encoder(input_ids=tokens)[0]}


def pooled(encoder: Any, tokens: torch.Tensor) -> Callable[[Context], Context]:
    """A text encoder whose pooled output goes to the denoiser, as CLIP's does next to a longer text."""
    return lambda _: {"pooled_projections": encoder(input_ids=tokens).pooler_output}


def transformer_call(
    denoiser: Any, **constant: Any
) -> Callable[[torch.Tensor, torch.Tensor, Context], torch.Tensor]:
    """A call of one of diffusers' transformers, with keywords that are the same in every step."""

    def predict(x: torch.Tensor, time: torch.Tensor, context: Context) -> torch.Tensor:
        found: torch.Tensor = denoiser(x, timestep=time, return_dict=False, **constant, **context)[
            0
        ]
        return found

    return predict


def decoded(decoder: Any) -> Callable[[torch.Tensor], torch.Tensor]:
    """A call of the decoder of one of diffusers' autoencoders."""

    def decode(latent: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = decoder.decode(latent, return_dict=False)[0]
        return found

    return decode


def wide(height: int, *, ratio: float, multiple: int) -> int:
    """The width of a frame of this height, rounded to what a model's patches divide."""
    return max(1, round(height * ratio / multiple)) * multiple
