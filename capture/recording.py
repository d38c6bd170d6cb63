"""Record a model of one's own: the same run folder and labels as the suite's, and nothing of the model changed afterwards."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import torch
from torch import nn
from torch.profiler import profile, schedule

from genscope.capture import manifest, run_folder
from genscope.capture import trace_writer as trace_file
from genscope.capture.attention.switch import AsChosen, Switch, check_available, switched
from genscope.capture.environment import device_name, device_spec, versions
from genscope.capture.label.labels import Labels, ProfilerSink, methods_labelled
from genscope.capture.profilers.torch_profiler import activities, quiet
from genscope.errors import CaptureError

# entries of a component other than forward
METHODS = ("encode", "decode", "generate", "step")
NO_END = 1_000_000


def components_of(model: Any) -> dict[str, Any]:
    """A model's components by name: of a diffusers or transformers pipeline its own, of a module itself as 'model'.

    Raises CaptureError if there is none.
    """
    if isinstance(model, nn.Module):
        return {"model": model}
    parts = model if isinstance(model, Mapping) else getattr(model, "components", None)
    if not isinstance(parts, Mapping):
        parts = {"model": getattr(model, "model", None)}
    found = {
        name: part
        for name, part in parts.items()
        if isinstance(part, nn.Module) or callable(getattr(part, "step", None))
    }
    if not any(isinstance(part, nn.Module) for part in found.values()):
        raise CaptureError(
            f"found no torch module in {type(model).__name__}; expected a module, a pipeline or "
            "components={'unet': pipe.unet, ...}"
        )
    return found


class StepSink:
    """A profiler's ranges, with the step's opened when the first component or module of the step runs."""

    def __init__(self) -> None:
        self._inner = ProfilerSink()
        self._waiting: str | None = None
        self._open = False

    def begin(self, index: int) -> None:
        """Close the step that is open, if any, and let the next range open this one."""
        self.end()
        self._waiting = f"step:{index}"

    def end(self) -> None:
        """Close the step that is open, if any."""
        self._waiting = None
        if self._open:
            self._inner.leave()
            self._open = False

    def enter(self, label: str) -> None:
        """Open a range, and the step around it if it is the first."""
        if self._waiting is not None:
            self._inner.enter(self._waiting)
            self._waiting, self._open = None, True
        self._inner.enter(label)

    def leave(self) -> None:
        """Close the innermost range."""
        self._inner.leave()


class Recording:
    """What `record` gives: call `step()` at the end of each step; the first `warmup` of them are not recorded.

    After the block, `folder` is the finished run folder.
    """

    def __init__(
        self, name: str, model: Any, *, out: Path, attention: str | None, warmup: int
    ) -> None:
        self.folder = out
        self._name = name
        self._parts = components_of(model)
        self._attention = attention
        self._warmup = warmup
        self._done = 0
        self._sink = StepSink()
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Recording:
        modules = {k: part for k, part in self._parts.items() if isinstance(part, nn.Module)}
        self._device = device_of(modules)
        if self._attention is not None:
            check_available(self._attention, self._device)
        asked = self._attention or "own"
        stem = run_folder.stem_of(self._name, asked, self._device.type, "torch")
        self.folder = run_folder.free(self.folder, stem)
        self._labels = Labels(self._sink, modules)
        with contextlib.ExitStack() as stack:
            self._partial = stack.enter_context(run_folder.unfinished(self.folder))
            manifest.write(self._card(modules), self._partial)
            stack.push(self._complete)
            self._profiler = stack.enter_context(self._profile())
            self._switch = stack.enter_context(switched(self._make_switch()))
            stack.enter_context(methods_labelled(self._labels, self._parts, METHODS))
            stack.enter_context(self._labels.attached())
            self._stack = stack.pop_all()
        self._begin()
        return self

    def step(self) -> None:
        """The end of one step of the model's work: a request, a denoising step, a token."""
        self._sink.end()
        self._done += 1
        self._profiler.step()
        self._begin()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._sink.end()
        if kind is None and self._done <= self._warmup:
            error = CaptureError(
                f"found {self._done} calls of step(), {self._warmup} of them warm-up; "
                "expected at least one more: call run.step() after every step, or lower warmup"
            )
        self._stack.__exit__(type(error) if error else None, error, trace)
        if kind is None and error is not None:
            raise error

    def _begin(self) -> None:
        if self._done < self._warmup:
            return
        self._sink.begin(self._done - self._warmup)
        if self._done == self._warmup:
            # what ran while warming up is in no trace
            self._labels.forget()
            stamp = trace_file.stamp("torch", predicted=False, device=device_name(self._device))
            self._profiler.add_metadata_json("genscope", json.dumps(stamp))

    def _make_switch(self) -> Switch:
        kind = "cuda" if self._device.type == "cuda" else "cpu"
        if self._attention is None:
            return AsChosen("own", kind, self._labels.attention)
        return Switch(self._attention, kind, self._labels.attention)

    def _profile(self) -> profile:
        quiet()
        path = self._partial / trace_file.FILE
        return profile(
            activities=activities(self._device),
            schedule=schedule(wait=0, warmup=self._warmup, active=NO_END),
            on_trace_ready=lambda ready: ready.export_chrome_trace(str(path)),
            record_shapes=True,
            profile_memory=True,
        )

    def _card(self, modules: Mapping[str, nn.Module]) -> manifest.RunManifest:
        counts = {name: sum(p.numel() for p in m.parameters()) for name, m in modules.items()}
        weights = {id(p): p for module in modules.values() for p in module.parameters()}
        first = next(iter(weights.values()), None)
        return manifest.RunManifest(
            model=self._name,
            variant=None,
            family=None,
            attention=self._attention,
            profiler="torch",
            predicted=False,
            size=None,
            dtype=str(first.dtype).removeprefix("torch.") if first is not None else None,
            batch=None,
            device_asked=str(self._device),
            asked={},
            seed=None,
            command=manifest.command_line(),
            versions=versions(),
            parameters=counts,
            parameters_total=sum(p.numel() for p in weights.values()),
            device_name=device_name(self._device),
            device=device_spec(self._device),
        )

    def _complete(self, kind: type[BaseException] | None, *_: object) -> None:
        """After the profiler has written its trace: prove which attention ran, and complete the manifest."""
        if kind is not None:
            return
        self._switch.check_used()
        found = trace_file.events(self._partial / trace_file.FILE)
        unlabelled = trace_file.attention_unlabelled(found)
        if unlabelled and self._attention is not None:
            raise CaptureError(
                f"found attention that no switch reaches ({_counted(unlabelled)}); expected every call to go through "
                f"torch.nn.functional.scaled_dot_product_attention, which {self._attention} replaces: leave attention "
                "out, or let the model call that function"
            )
        facts = {
            "attention_seen": {**trace_file.attention_seen(found), **unlabelled},
            "attention_labelled": dict(self._labels.attention_calls),
            "attention_refused": dict(self._switch.refused),
            "steps_profiled": self._done - self._warmup,
            "component_steps_profiled": dict(self._labels.calls),
        }
        manifest.write(manifest.read(self._partial).completed(facts), self._partial)


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} x {name}" for name, count in counts.items())


def device_of(parts: Mapping[str, Any]) -> torch.device:
    """Where the modules' weights are: a GPU if any of them is."""
    modules = [part for part in parts.values() if isinstance(part, nn.Module)]
    devices = {p.device for module in modules for p in module.parameters()}
    gpus = [device for device in devices if device.type == "cuda"]
    return (gpus or [torch.device("cpu")])[0]
