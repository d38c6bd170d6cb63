"""Write down every operator that runs on the meta device, with its shapes and the time a roofline predicts for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode

from genscope.capture.dry.cost import cost_of
from genscope.capture.dry.event import arguments, does_work, shapes_of
from genscope.capture.dry.operators import Outcomes, shown_name
from genscope.capture.dry.roofline import Device, predicted_ns


class DryRecorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Operators and ranges on one thread, whose clock advances by predicted time only."""

    def __init__(self, device: Device) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._device = device
        self._outcomes = Outcomes()
        self._now_ns = 0
        self._rows: list[dict[str, Any]] = []
        self._open: list[tuple[int, str, int]] = []

    def enter(self, label: str) -> None:
        """Open a range now. Its row comes before those of the operators inside it."""
        self._open.append((len(self._rows), label, self._now_ns))
        self._rows.append({})

    def leave(self) -> None:
        """Close the innermost range; drop it if no work happened inside."""
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
        """Run one operator for its shapes and record it."""
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
