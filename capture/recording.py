"""Record your own model: the same run folder and labels as the suite's. Afterwards the model is as it was."""

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

from genscope.capture import manifest, run_folder, trace_writer
from genscope.capture.attention.switch import AsChosen, Switch, check_available, switched
from genscope.capture.environment import device_name, device_spec
from genscope.capture.expectation import Expectation, as_rows, of_user
from genscope.capture.label import grammar, proof
from genscope.capture.label.labels import Labels, methods_labelled
from genscope.capture.label.sinks import StepSink
from genscope.capture.profilers.torch_profiler import activities, quiet
from genscope.capture.session import new_run
from genscope.errors import CaptureError

# the methods of a component that count as its calls, besides forward
METHODS = ("encode", "decode", "generate", "step")
NO_END = 1_000_000


def components_of(model: Any) -> dict[str, Any]:
    """A model's components by name: those of a pipeline, or a module itself as 'model'.

    Raises CaptureError if there is no torch module, or if a label can't hold a name.
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
            f"There is no torch module in the {type(model).__name__} to record; pass a module, a pipeline or "
            "components={'unet': pipe.unet, ...}."
        )
    for name in found:
        if not grammar.is_plain(str(name)):
            raise CaptureError(
                f"A label can't hold the component name {name!r}; choose one without blanks, commas, '|' and '='."
            )
    return found


def record(
    name: str,
    model: Any = None,
    *,
    components: Mapping[str, Any] | None = None,
    out: Path | str = "traces",
    attention: str | None = None,
    warmup: int = 1,
    expect: Mapping[str, float] | None = None,
) -> Recording:
    """Record your own model into a run folder, with the labels of the suite's models.

    `model` is a torch module or a whole diffusers or transformers pipeline; `components` names parts of one instead. Use the
    result as a context manager and call its `step()` after each step; the first `warmup` steps are not recorded. Without
    `attention` the model's attention stays as it is. After the block the model is as it was before. `expect` are numbers that
    the trace must hold, such as {"flops": 1.2e12, "flops:unet": 8e11}: `genscope check` fails if it doesn't.

        with record("my-model", components={"unet": pipe.unet}) as run:
            for _ in range(3):
                pipe("a cat")
                run.step()
        run.folder
    """
    return Recording(
        name,
        components if components is not None else model,
        out=Path(out),
        attention=attention,
        warmup=warmup,
        expected=of_user(expect or {}),
    )


class Recording:
    """One recording: call `step()` at the end of each step; the first `warmup` steps are not recorded.

    After the block, `folder` is the finished run folder. `facts` go into its manifest.
    """

    def __init__(
        self,
        name: str,
        model: Any,
        *,
        out: Path,
        attention: str | None,
        warmup: int,
        expected: tuple[Expectation, ...] = (),
    ) -> None:
        self.folder = out
        self.facts: dict[str, Any] = {"expected": as_rows(expected) or None}
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
            self._run = stack.enter_context(new_run(self.folder, self._card(modules)))
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
            times = "once" if self._done == 1 else f"{self._done} times"
            error = CaptureError(
                f"No step was recorded: step() was called {times}, and warmup is {self._warmup}; "
                "call run.step() after every step, or lower warmup."
            )
        self._stack.__exit__(type(error) if error else None, error, trace)
        if kind is None and error is not None:
            raise error

    def _begin(self) -> None:
        if self._done < self._warmup:
            return
        self._sink.begin(self._done - self._warmup)
        if self._done == self._warmup:
            # the trace holds nothing of the warm-up
            self._labels.reset_counts()
            stamp = trace_writer.stamp("torch", predicted=False, device=device_name(self._device))
            self._profiler.add_metadata_json("genscope", json.dumps(stamp))

    def _make_switch(self) -> Switch:
        kind = "cuda" if self._device.type == "cuda" else "cpu"
        if self._attention is None:
            return AsChosen("own", kind, self._labels.attention)
        return Switch(self._attention, kind, self._labels.attention)

    def _profile(self) -> profile:
        quiet()
        path = self._run.folder / trace_writer.FILE
        return profile(
            activities=activities(self._device),
            schedule=schedule(wait=0, warmup=self._warmup, active=NO_END),
            on_trace_ready=lambda ready: trace_writer.export(ready, path),
            record_shapes=True,
            profile_memory=True,
        )

    def _card(self, modules: Mapping[str, nn.Module]) -> manifest.RunManifest:
        counts = {name: sum(p.numel() for p in m.parameters()) for name, m in modules.items()}
        weights = {id(p): p for module in modules.values() for p in module.parameters()}
        first = next(iter(weights.values()), None)
        return manifest.card(
            model=self._name,
            attention=self._attention,
            dtype=str(first.dtype).removeprefix("torch.") if first is not None else None,
            device_asked=str(self._device),
            parameters=counts,
            parameters_total=sum(p.numel() for p in weights.values()),
            device_name=device_name(self._device),
            device=device_spec(self._device),
        )

    def _complete(self, kind: type[BaseException] | None, *_: object) -> None:
        """Once the profiler has written its trace, prove which attention ran and note it for the manifest."""
        if kind is not None:
            return
        self._switch.check_used()
        found = trace_writer.events(self._run.folder / trace_writer.FILE)
        unlabelled = proof.attention_unlabelled(found)
        if unlabelled and self._attention is not None:
            raise CaptureError(
                f"Some attention doesn't call torch.nn.functional.scaled_dot_product_attention, so {self._attention} can't "
                f"replace it ({_counted(unlabelled)}); leave attention out, or let the model call that function."
            )
        self._run.facts.update(self.facts)
        self._run.facts.update(
            attention_seen={**proof.attention_seen(found), **unlabelled},
            attention_labelled=dict(self._labels.attention_calls),
            attention_refused=dict(self._switch.refused),
            steps_profiled=self._done - self._warmup,
            component_steps_profiled=dict(self._labels.calls),
        )


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} x {name}" for name, count in counts.items())


def device_of(parts: Mapping[str, Any]) -> torch.device:
    """The device that holds the modules' weights: a GPU if any of them is on one."""
    modules = [part for part in parts.values() if isinstance(part, nn.Module)]
    devices = {p.device for module in modules for p in module.parameters()}
    gpus = [device for device in devices if device.type == "cuda"]
    return (gpus or [torch.device("cpu")])[0]
