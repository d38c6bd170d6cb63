"""Run a request: with labels for a profiler, or without any for warm-up and timing."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch

from genscope.capture.attention.switch import Switch, check_available, switched
from genscope.capture.expectation import as_rows
from genscope.capture.label.labels import Labels
from genscope.capture.label.sinks import NullSink, Sink
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload, built
from genscope.errors import CaptureError

WALL_REPEATS = 3


@dataclass(frozen=True)
class Runner:
    """A workload on its device, ready to be run as often as a profiler needs."""

    settings: Settings
    workload: Workload
    device: torch.device

    @contextlib.contextmanager
    def labelling(self, sink: Sink) -> Iterator[Callable[[], PassResult]]:
        """A function that runs the request once with every label; the model is as it was after the block.

        The function raises CaptureError if the attention that was asked for ran nowhere.
        """
        labels = Labels(sink, self.workload.components, self.workload.kinds)
        switch = Switch(self.settings.attention, attention_device(self.settings), labels.attention)

        def run() -> PassResult:
            labels.reset_counts()
            switch.refused.clear()
            return PassResult(self._run(labels, switch), labels, switch)

        with labels.attached():
            yield run

    def labelled(self, sink: Sink) -> PassResult:
        """Run the request once with every label."""
        with self.labelling(sink) as run:
            return run()

    def unlabelled(self) -> PassResult:
        """Run the request once with nothing but the attention switch."""
        labels = Labels(NullSink(), self.workload.components)
        switch = Switch(self.settings.attention, attention_device(self.settings))
        return PassResult(self._run(labels, switch), labels, switch)

    def _run(self, labels: Labels, switch: Switch) -> torch.Tensor:
        with torch.set_grad_enabled(self.workload.trains), switched(switch):
            output = self.workload.request(labels)
        wait_for(self.device)
        switch.check_used()
        return output

    def wall_facts(self) -> dict[str, Any]:
        """What the manifest says about the time of unlabelled passes."""
        return wall_facts(wall_ns(self.unlabelled, self.device))

    def facts(self, done: PassResult) -> dict[str, Any]:
        """What the manifest says about the workload and one labelled pass of it."""
        workload = self.workload
        return {
            "image_size": workload.image_size,
            "frames": workload.frames,
            "guidance": workload.guidance,
            "prompt_tokens": workload.prompt_tokens,
            "steps_profiled": len(done.labels.steps),
            # nothing is scaled where one pass is the whole request
            "steps_full": workload.steps_full if workload.calls_full else None,
            "component_steps_profiled": dict(done.labels.calls),
            "component_steps_full": dict(workload.calls_full),
            "parameters": workload.parameters(),
            "parameters_total": workload.parameters_total(),
            "attention_labelled": dict(done.labels.attention_calls),
            "attention_refused": dict(done.switch.refused),
            "assumptions": list(workload.assumptions),
            "unit": workload.unit if workload.samples else None,
            "samples": workload.samples,
            "phases_profiled": dict(done.labels.phases),
            "parameters_trained": workload.parameters_trained(),
            "expected": as_rows(workload.expected) or None,
        }


@dataclass(frozen=True)
class PassResult:
    """What came out of one run of the request."""

    output: torch.Tensor
    labels: Labels
    switch: Switch


def runner(settings: Settings) -> Runner:
    """Build a model for a real run. Raises CaptureError if the device or the attention isn't available here."""
    device = torch.device(settings.device or "cpu")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise CaptureError(
            "This machine has no CUDA device; use --device cpu, or --profiler dry to predict a GPU's times."
        )
    if device.index is not None and device.index >= torch.cuda.device_count():
        raise CaptureError(
            f"This machine has no {device}; its CUDA devices are numbered 0 to {torch.cuda.device_count() - 1}."
        )
    check_available(settings.attention, device)
    return Runner(settings, built(settings, device), device)


def dry_runner(settings: Settings) -> Runner:
    """Build a model that holds no values, only shapes."""
    device = torch.device("meta")
    return Runner(settings, built(settings, device), device)


def attention_device(settings: Settings) -> str:
    """Whose attention kernels are meant: 'cpu', or 'cuda' for a real or a predicted GPU."""
    return "cpu" if settings.device == "cpu" else "cuda"


def wait_for(device: torch.device) -> None:
    """Wait until the device has finished all its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def wall_ns(run: Callable[[], object], device: torch.device) -> list[int]:
    """Time of a few runs, from the start until the device has finished, ns each."""
    found = []
    for _ in range(WALL_REPEATS):
        wait_for(device)
        start = time.perf_counter_ns()
        run()
        wait_for(device)
        found.append(time.perf_counter_ns() - start)
    return found


def wall_facts(times_ns: list[int]) -> dict[str, Any]:
    """The manifest's two fields about wall time: the median, and every time."""
    return {"wall_ns": round(statistics.median(times_ns)), "wall_ns_repeats": times_ns}
