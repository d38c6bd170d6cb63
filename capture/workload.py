"""One whole request of one model: its components, how to run it, and how many calls of each component a request takes."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import nn

from genscope.capture.dry.shapes_only import ShapesOnly
from genscope.capture.expectation import Expectation
from genscope.capture.label.labels import Labels
from genscope.capture.settings import Settings


@dataclass(frozen=True)
class Workload:
    """What a model's file builds.

    `request` runs the request with its profiled steps and returns its output; it opens every component and step itself.
    `calls_full` says how often a full request calls each component, so that profiled time scales to a full request; empty if one pass is all of it.
    `kinds` maps patterns of attention sites to a kind, for sites whose lengths don't decide it.
    `assumptions` are choices that the model's paper leaves open.
    A workload that `trains` runs with gradients, in the mode that its file sets; one that `touches_host` has tensors on the CPU
    or reads values back. `samples` is the number of samples in the `unit` that the request is, such as a batch.
    `expected` are numbers that the trace must hold.
    """

    components: Mapping[str, nn.Module]
    request: Callable[[Labels], torch.Tensor]
    calls_full: Mapping[str, int]
    steps_full: int
    image_size: int | None = None
    frames: int | None = None
    guidance: float | None = None
    prompt_tokens: int | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
    trains: bool = False
    touches_host: bool = False
    unit: str = "request"
    samples: int | None = None
    expected: tuple[Expectation, ...] = ()

    def parameters(self) -> dict[str, int]:
        """The number of weights of each component; shared weights count for each."""
        return {name: _count([module]) for name, module in self.components.items()}

    def parameters_total(self) -> int:
        """The number of weights; shared weights count once."""
        return _count(list(self.components.values()))

    def parameters_trained(self) -> int | None:
        """The number of weights that the request can change, each once; None if it doesn't train."""
        weights = [p for part in self.components.values() for p in part.parameters()]
        counts = {id(p): p.numel() for p in weights if p.requires_grad}
        return sum(counts.values()) if self.trains else None


def _count(modules: list[nn.Module]) -> int:
    seen = {id(p): p.numel() for module in modules for p in module.parameters()}
    return sum(seen.values())


def built(settings: Settings, device: torch.device) -> Workload:
    """The workload, ready to run, with random weights on a device ('meta' holds no values)."""
    module = importlib.import_module(f"genscope.capture.models.{settings.name}")
    torch.manual_seed(settings.seed)
    place = ShapesOnly() if device.type == "meta" else device
    with place, default_dtype(dtype_of(settings)), torch.no_grad():
        workload: Workload = module.build(settings)
    if not workload.trains:  # a training step sets the mode of its modules itself
        for component in workload.components.values():
            component.eval()
    return workload


def spread(full: int, profiled: int) -> list[int]:
    """Which `profiled` of `full` steps are run: the middles of equal parts.

    If a step's cost grows linearly with its index, as with a growing KV cache, their mean is the whole request's mean.
    """
    count = min(full, profiled)
    return [(2 * i + 1) * full // (2 * count) for i in range(count)]


def dtype_of(settings: Settings) -> torch.dtype:
    """The torch dtype of a resolved run."""
    dtype: torch.dtype = getattr(torch, settings.dtype or "float32")
    return dtype


@contextlib.contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    """New tensors get this dtype by default. Afterwards the previous default applies again."""
    previous = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(previous)
