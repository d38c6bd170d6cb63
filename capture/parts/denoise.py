"""The loop that every diffusion model shares: which steps are run, the denoiser's call, guidance and the step itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from genscope.capture.label.labels import Labels
from genscope.capture.parts.sampling import ddim_step, flow_step, guided, spread, timestep

# (model input, its time) -> what the model predicts, of the input's shape
Predict = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Denoising:
    """One denoiser's part of a request. `first` numbers its steps after those of an earlier one.

    With `guidance` the model's batch is twice the sample's: unconditional, then conditional. None: one half only.
    `flow` says that the model predicts a velocity, not noise. `scheduler` is the component of what follows each call: stages
    of unlike cost and number of steps need one each, or their time would not scale to a request's.
    """

    component: str
    steps: int
    times: dict[int, torch.Tensor]
    guidance: float | None = None
    flow: bool = False
    first: int = 0
    scheduler: str = "scheduler"

    def following(self, sample: torch.Tensor, predicted: torch.Tensor, index: int) -> torch.Tensor:
        """The sample after step `index`."""
        noise = predicted if self.guidance is None else guided(predicted, self.guidance)
        if self.flow:
            return flow_step(sample, noise, steps=self.steps)
        return ddim_step(sample, noise, index=index, steps=self.steps)


def denoising(
    component: str, *, steps: int, profiled: int, batch: int, guidance: float | None = None
) -> Denoising:
    """Plan a denoiser's steps for a batch of samples. Times are made here, so call it while the model is built."""
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
