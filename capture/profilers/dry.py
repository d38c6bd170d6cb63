"""A run without a GPU: every operator with its shapes, and the time that genscope.predictor gives it on a named device.

The model runs on the meta device, where tensors have shapes and no values. Each operator that does work is written as a flat
event. Operators that only reserve memory or view it differently take no time and are left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from genscope.capture import trace_writer
from genscope.capture.dry.devices import Device, devices
from genscope.capture.dry.operators import functions_as_on
from genscope.capture.dry.recorder import DryRecorder
from genscope.capture.dry.step_recorder import StepRecorder
from genscope.capture.label.proof import attention_seen
from genscope.capture.runner import attention_device, dry_runner
from genscope.capture.settings import Settings
from genscope.predictor import timed

NOT_FITTED = (
    "times of backward operators and of the optimizer are not fitted to measurements: they take as long as forward ones that "
    "compute or move as much"
)


def record(settings: Settings, folder: Path) -> dict[str, Any]:
    """Write trace.json.gz with predicted times and return the facts of the manifest."""
    device = devices()[settings.device or "a100"]
    run = dry_runner(settings)
    kind = attention_device(settings)
    recorder: DryRecorder
    with functions_as_on(kind):
        if run.workload.trains or run.workload.touches_host:
            # an optimizer makes its state in the first step
            with StepRecorder(kind):
                run.unlabelled()
            recorder = StepRecorder(kind)
        else:
            recorder = DryRecorder(kind)
        with recorder:
            done = run.labelled(recorder)
    facts = run.facts(done)
    if isinstance(recorder, StepRecorder):
        facts["dead_work"] = recorder.flow.dead()
    return {**facts, **written(recorder, folder, device, settings.dtype), **_assumed(facts, device)}


def _assumed(facts: dict[str, Any], device: Device) -> dict[str, Any]:
    trained = [NOT_FITTED] if facts["parameters_trained"] else []
    return {"assumptions": [*facts["assumptions"], *device.assumptions(), *trained]}


def written(
    recorder: DryRecorder, folder: Path, device: Device, dtype: str | None
) -> dict[str, Any]:
    """Write trace.json.gz with the device's times; return what the manifest says of device and attention."""
    head = {
        "schemaVersion": 1,
        "deviceProperties": [],
        "record_shapes": 1,
        "displayTimeUnit": "ms",
        "genscope": trace_writer.stamp("dry", predicted=True, device=device.name),
    }
    events = timed(recorder.events(), device_name=device.name, dtype=dtype)
    trace_writer.write(folder / trace_writer.FILE, head, events)
    return {
        "attention_seen": attention_seen(recorder.events()),
        "device_name": device.name,
        "device": device.card(),
    }
