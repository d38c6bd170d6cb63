"""Record a script's step dry: its model is built on the meta device, and the step runs for its shapes only."""

from __future__ import annotations

import contextlib
import re
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import nn

from genscope.capture import manifest, run_folder
from genscope.capture.attention.switch import Switch, switched
from genscope.capture.dry.as_on_device import as_on_gpu
from genscope.capture.dry.devices import Device
from genscope.capture.dry.operators import functions_as_on
from genscope.capture.dry.shapes_only import ShapesOnly
from genscope.capture.dry.step_recorder import StepRecorder
from genscope.capture.label.labels import Labels, methods_labelled
from genscope.capture.profilers.dry import written
from genscope.capture.recording import METHODS, components_of
from genscope.capture.session import new_run
from genscope.errors import CaptureError

Built = tuple[Any, Callable[[], Any]]
EVERYWHERE = (
    "{} times the step asks where a mask holds, which only values say: it is taken to hold everywhere, so that each expert of a "
    "mixture computes every token"
)

UNKNOWN = "operators that torch doesn't define have no FLOPs and count as an empty kernel: {}"


def record_dry(
    name: str,
    build: Callable[[], Built],
    *,
    steps: int,
    attention: str,
    device: Device,
    out: Path,
) -> Path:
    """Run one unrecorded step and `steps` recorded ones, and return the run folder.

    `build` returns the model and its step; both create tensors on the meta device unless they name another. Raises
    CaptureError if nothing ran there.
    """
    recorder = StepRecorder("cuda")
    with _for_shapes_only(name), ShapesOnly(), functions_as_on("cuda"), as_on_gpu():
        model, step = build()
        parts = components_of(model)
        _move_rest(_modules(parts).values())
        # an optimizer makes its state in the first step
        _run(step, StepRecorder("cuda"), parts, attention, steps=1)
        labels, switch, _returned = _run(step, recorder, parts, attention, steps=steps)
    if not any("External id" in event.get("args", {}) for event in recorder.events()):
        raise CaptureError(
            f"{name} ran on the host only, so no GPU's time can be predicted; let the script create its model and "
            "tensors without naming a device."
        )
    card = _card(name, _modules(parts), attention=attention, device=device)
    folder = run_folder.free(
        out, run_folder.stem_of(name, attention, device.name.removeprefix("NVIDIA "), "dry")
    )
    with new_run(folder, card) as run:
        dtype = card.dtype
        run.facts.update(written(recorder, run.folder, device, dtype))
        run.facts.update(
            steps_profiled=steps,
            component_steps_profiled=dict(labels.calls),
            attention_labelled=dict(labels.attention_calls),
            attention_refused=dict(switch.refused),
            dead_work=recorder.flow.dead(),
            assumptions=[*device.assumptions(), *_assumed(recorder)],
        )
    return folder


def _move_rest(modules: Iterable[nn.Module]) -> None:
    """What a module made from NumPy or with torch.Tensor(...) follows its other weights, as model.to("cuda") has it."""
    for module in modules:
        weights, buffers = list(module.parameters()), list(module.buffers())
        if any(w.is_meta for w in weights) and not all(x.is_meta for x in weights + buffers):
            module.to("meta")


@contextlib.contextmanager
def _for_shapes_only(name: str) -> Iterator[None]:
    """Say what a script does that needs values, in place of torch's error about the meta device."""
    try:
        yield
    except (NotImplementedError, RuntimeError, TypeError, ValueError) as error:
        reason = str(error).partition("\n")[0][:160]
        if not isinstance(error, NotImplementedError) and not re.search(r"\bmeta\b", reason):
            raise
        frames = traceback.extract_tb(error.__traceback__)
        place = next((f for f in reversed(frames) if Path(f.filename).stem == name), frames[-1])
        raise CaptureError(
            f"Line {place.lineno} of {Path(place.filename).name} can't run for its shapes only ({reason}); move what comes from "
            "NumPy or a file to the model's device, leave this part out, or record the script on its own device."
        ) from error


def _run(
    step: Callable[[], Any],
    recorder: StepRecorder,
    parts: Mapping[str, Any],
    attention: str,
    *,
    steps: int,
) -> tuple[Labels, Switch, list[Any]]:
    labels = Labels(recorder, _modules(parts))
    switch = Switch(attention, "cuda", labels.attention)
    entries = methods_labelled(labels, parts, METHODS)
    with recorder, switched(switch), entries, labels.attached():
        returned = []
        for index in range(steps):
            with labels.step(index):
                returned.append(step())
    return labels, switch, returned


def _modules(parts: Mapping[str, Any]) -> dict[str, nn.Module]:
    return {name: part for name, part in parts.items() if isinstance(part, nn.Module)}


def _card(
    name: str, modules: Mapping[str, nn.Module], *, attention: str, device: Device
) -> manifest.RunManifest:
    weights = {id(p): p for module in modules.values() for p in module.parameters()}
    first = next(iter(weights.values()), None)
    return manifest.card(
        model=name,
        attention=attention,
        profiler="dry",
        predicted=True,
        dtype=str(first.dtype).removeprefix("torch.") if first is not None else None,
        device_asked=device.name,
        parameters={k: sum(p.numel() for p in m.parameters()) for k, m in modules.items()},
        parameters_total=sum(p.numel() for p in weights.values()),
    )


def _assumed(recorder: StepRecorder) -> list[str]:
    names = Counter(e["name"] for e in recorder.events() if "External id" in e.get("args", {}))
    others = ", ".join(sorted(name for name in names if not name.startswith("aten::")))
    masks = names["aten::nonzero"]
    return [
        *([EVERYWHERE.format(masks)] if masks else []),
        *([UNKNOWN.format(others)] if others else []),
    ]
