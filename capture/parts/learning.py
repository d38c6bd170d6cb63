"""The end of a training step: gradients, then the optimizer."""

from __future__ import annotations

import torch

from genscope.capture.label.labels import Labels


def learn(labels: Labels, loss: torch.Tensor, optimizer: torch.optim.Optimizer) -> None:
    """The backward pass of a loss, and an update of what the optimizer holds, a phase each."""
    with labels.phase("backward"):
        loss.backward()  # type: ignore[no-untyped-call]
    with labels.phase("update"), labels.component("optimizer"):
        optimizer.step()
        optimizer.zero_grad()
