"""One pass through a request: with labels for a profiler, or without any for warm-up and timing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch

from genscope.capture.attention.kernels import AttentionCall
from genscope.capture.attention.switch import Switch, check_available, switched
from genscope.capture.label.labels import Labels, NullSink, Sink
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload, built
from genscope.errors import CaptureError


@dataclass(frozen=True)
class Prepared:
    """A workload on its device, ready to be run as often as a profiler likes."""

    settings: Settings
    workload: Workload
    device: torch.device

    @contextlib.contextmanager
    def labelling(self, sink: Sink) -> Iterator[Callable[[], Pass]]:
        """A function that runs the request once with every label; the model is as it was after the block.

        It raises CaptureError if the attention asked for ran nowhere.
        """
        labels = Labels(sink, self.workload.components, self.workload.kinds)
        switch = Switch(self.settings.attention, attention_device(self.settings), labels.attention)

        def run() -> Pass:
            labels.forget()
            switch.refused.clear()
            return Pass(self._run(labels, switch), labels, switch)

        with labels.attached():
            yield run

    def labelled(self, sink: Sink) -> Pass:
        """One such pass."""
        with self.labelling(sink) as run:
            return run()

    def unlabelled(self) -> Pass:
        """Run the request once with nothing but the attention switch."""
        labels = Labels(NullSink(), self.workload.components)
        switch = Switch(self.settings.attention, attention_device(self.settings), _nothing)
        return Pass(self._run(labels, switch), labels, switch)

    def _run(self, labels: Labels, switch: Switch) -> torch.Tensor:
        with torch.no_grad(), switched(switch):
            output = self.workload.request(labels)
        self.wait()
        switch.check_used()
        return output

    def wait(self) -> None:
        """Until the device has done all it was asked for."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def wall_ns(self, repeats: int) -> list[int]:
        """Time of unlabelled passes, start to the device's end, ns each."""
        found = []
        for _ in range(repeats):
            self.wait()
            start = time.perf_counter_ns()
            self.unlabelled()
            found.append(time.perf_counter_ns() - start)
        return found

    def facts(self, done: Pass) -> dict[str, Any]:
        """What the manifest says about the workload and one labelled pass of it."""
        workload = self.workload
        return {
            "image_size": workload.image_size,
            "frames": workload.frames,
            "guidance": workload.guidance,
            "prompt_tokens": workload.prompt_tokens,
            "steps_profiled": len(done.labels.steps),
            "steps_full": workload.steps_full,
            "component_steps_profiled": dict(done.labels.calls),
            "component_steps_full": dict(workload.calls_full),
            "parameters": workload.parameters(),
            "parameters_total": workload.parameters_total(),
            "attention_labelled": dict(done.labels.attention_calls),
            "attention_refused": dict(done.switch.refused),
            "assumptions": list(workload.assumptions),
        }


@dataclass(frozen=True)
class Pass:
    """What came out of one pass."""

    output: torch.Tensor
    labels: Labels
    switch: Switch


def prepared(settings: Settings) -> Prepared:
    """Build a model for a real run. Raises CaptureError if device or attention is not to be had here."""
    device = torch.device(settings.device or "cpu")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise CaptureError(
            "found no CUDA device; expected one for --device cuda: use --device cpu, or --profiler dry"
        )
    check_available(settings.attention, device)
    return Prepared(settings, built(settings, device), device)


def prepared_dry(settings: Settings) -> Prepared:
    """Build a model that holds no values, only shapes."""
    device = torch.device("meta")
    return Prepared(settings, built(settings, device), device)


def attention_device(settings: Settings) -> str:
    """Whose attention kernels are meant: 'cpu', or 'cuda' for a GPU that is there or modelled."""
    return "cpu" if settings.device == "cpu" else "cuda"


def _nothing(_: AttentionCall) -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext()
