"""A run without a GPU: every operator with its shapes, and the time a roofline predicts for it on a named device.

The model runs on the meta device, where tensors have shapes and no values. Each operator that does work is written as a flat
event; operators that only look at memory in another way, or reserve it, take no time and are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode

from genscope.capture import trace_writer as trace_file
from genscope.capture.dry.cost import cost_of
from genscope.capture.dry.event import arguments, does_work, shapes_of
from genscope.capture.dry.operators import Outcomes, functions_as_on, shown_name
from genscope.capture.dry.roofline import DEVICES, Device, predicted_ns
from genscope.capture.environment import modelled_spec
from genscope.capture.passes import attention_device, prepared_dry
from genscope.capture.settings import Settings


def record(settings: Settings, folder: Path) -> dict[str, Any]:
    """Write trace.json.gz with predicted times and return the facts of the manifest."""
    device = DEVICES[settings.device or "a100"]
    run = prepared_dry(settings)
    recorder = DryRecorder(device)
    with functions_as_on(attention_device(settings)), recorder:
        done = run.labelled(recorder)
    head = {
        "schemaVersion": 1,
        "deviceProperties": [],
        "record_shapes": 1,
        "displayTimeUnit": "ms",
        "genscope": trace_file.stamp("dry", predicted=True, device=device.name),
    }
    trace_file.write(folder / trace_file.FILE, head, recorder.events())
    return {
        **run.facts(done),
        "attention_seen": trace_file.attention_seen(recorder.events()),
        "device_name": device.name,
        "device": modelled_spec(device),
    }


class DryRecorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Operators and ranges on one thread whose clock moves by predicted time only."""

    def __init__(self, device: Device) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._device = device
        self._outcomes = Outcomes()
        self._now_ns = 0
        self._rows: list[dict[str, Any]] = []
        self._open: list[tuple[int, str, int]] = []

    def enter(self, label: str) -> None:
        """Open a range now. Its row keeps its place before the operators inside it."""
        self._open.append((len(self._rows), label, self._now_ns))
        self._rows.append({})

    def leave(self) -> None:
        """Close the innermost range; one that held no work is forgotten."""
        place, label, start_ns = self._open.pop()
        if len(self._rows) == place + 1:
            self._rows.pop()
            return
        self._rows[place] = _event("user_annotation", label, start_ns, self._now_ns - start_ns)

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run one operator for its shapes, and write it down."""
        kwargs = kwargs or {}
        output = self._outcomes.of(func, args, kwargs)
        if does_work(func):
            self._add(func, arguments(func, args, kwargs), output)
        return output

    def _add(self, func: Any, values: list[Any], output: Any) -> None:
        cost = cost_of(func, values, output)
        dur_ns = predicted_ns(
            self._device, flops=cost.flops, size_bytes=cost.size_bytes, dtype=cost.dtype
        )
        row = _event("cpu_op", shown_name(func, values), self._now_ns, dur_ns)
        row["args"] = {"External id": len(self._rows) + 1, **shapes_of(values)}
        self._rows.append(row)
        self._now_ns += dur_ns

    def events(self) -> Iterator[dict[str, Any]]:
        """The trace's events: names of process and thread, then everything in order of start."""
        names = {"process_name": "dry run", "thread_name": "predicted"}
        for key, name in names.items():
            yield {"ph": "M", "name": key, "pid": 1, "tid": 1, "ts": 0, "args": {"name": name}}
        yield from self._rows


def _event(category: str, name: str, start_ns: int, dur_ns: int) -> dict[str, Any]:
    return {
        "ph": "X",
        "cat": category,
        "name": name,
        "pid": 1,
        "tid": 1,
        "ts": start_ns / 1000,
        "dur": dur_ns / 1000,
    }
