"""Write down every operator that runs on the meta device, with its shapes and the time a roofline predicts for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode

from genscope.capture.dry.cost import cost_of
from genscope.capture.dry.event import arguments, does_work, shapes_of
from genscope.capture.dry.operators import Outcomes, call_key, shown_name
from genscope.capture.dry.roofline import Device, predicted_ns

# the same in every run, so that models that follow each other share it
_OUTCOMES = Outcomes()


@dataclass(frozen=True)
class _Recorded:
    """What is the same in every row of one operator at the same shapes."""

    name: str
    dur_ns: int
    shapes: dict[str, list[Any]]


class DryRecorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Operators and ranges on one thread, whose clock advances by predicted time only."""

    def __init__(self, device: Device) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._device = device
        self._known: dict[Any, _Recorded] = {}
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
        if not does_work(func):
            return _OUTCOMES.of(func, args, kwargs)
        key = call_key(func, args, kwargs)
        output = _OUTCOMES.of(func, args, kwargs, key)
        recorded = self._known.get(key)
        if recorded is None:
            recorded = self._recorded(func, arguments(func, args, kwargs), output)
            self._known[key] = recorded
        row = _event("cpu_op", recorded.name, self._now_ns, recorded.dur_ns)
        row["args"] = {"External id": len(self._rows) + 1, **recorded.shapes}
        self._rows.append(row)
        self._now_ns += recorded.dur_ns
        return output

    def _recorded(self, func: Any, values: list[Any], output: Any) -> _Recorded:
        cost = cost_of(func, values, output)
        dur_ns = predicted_ns(
            self._device, flops=cost.flops, size_bytes=cost.size_bytes, dtype=cost.dtype
        )
        return _Recorded(shown_name(func, values), dur_ns, shapes_of(values))

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
