"""Write down every operator that runs on the meta device, in order, with its shapes.

A recording has no times: each operator takes one tick, which genscope.predictor turns into a device's nanoseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode

from genscope.capture.dry.event import arguments, does_work, shapes_of
from genscope.capture.dry.inner import Operator, inner_operators, operators_instead
from genscope.capture.dry.operators import Outcomes, call_key, shown_name

# the same in every run, so that models that follow each other share it
OUTCOMES = Outcomes()

TICK_US = 0.001


class DryRecorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Operators and ranges on one thread. `device_kind` is 'cuda' or 'cpu': the operators differ a little."""

    def __init__(self, device_kind: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._device_kind = device_kind
        self._known: dict[Any, list[Operator]] = {}
        self._ticks = 0
        self._rows: list[dict[str, Any]] = []
        self._open: list[tuple[int, str, int]] = []

    def enter(self, label: str) -> None:
        """Open a range now. Its row comes before those of the operators inside it."""
        self._open.append((len(self._rows), label, self._ticks))
        self._rows.append({})

    def leave(self) -> None:
        """Close the innermost range; drop it if no work happened inside."""
        place, label, start = self._open.pop()
        if self._ticks == start:
            del self._rows[place:]
            return
        self._rows[place] = event_of("user_annotation", label, start, self._ticks - start)

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
            return OUTCOMES.of(func, args, kwargs)
        key = call_key(func, args, kwargs)
        output = OUTCOMES.of(func, args, kwargs, key)
        recorded = self._known.get(key)
        if recorded is None:
            recorded = self._recorded(func, arguments(func, args, kwargs), output)
            self._known[key] = recorded
        for name, shapes in recorded:
            row = event_of("cpu_op", name, self._ticks, 1)
            row["args"] = {"External id": len(self._rows) + 1, **shapes}
            self._rows.append(row)
            self._ticks += 1
        return output

    def _recorded(self, func: Any, values: list[Any], output: Any) -> list[Operator]:
        name = shown_name(func, values)
        own = (name, shapes_of(values))
        if self._device_kind != "cuda":
            return [own]
        if instead := operators_instead(name, values, output):
            return instead
        before, after = inner_operators(name, values, output)
        return [*before, own, *after]

    def events(self) -> Iterator[dict[str, Any]]:
        """The trace's events: names of process and thread, then everything in order of start."""
        names = {"process_name": "dry run", "thread_name": "predicted"}
        for key, name in names.items():
            yield {"ph": "M", "name": key, "pid": 1, "tid": 1, "ts": 0, "args": {"name": name}}
        yield from self._rows


def event_of(category: str, name: str, start: int, ticks: int) -> dict[str, Any]:
    """An event of the trace, in ticks."""
    return {
        "ph": "X",
        "cat": category,
        "name": name,
        "pid": 1,
        "tid": 1,
        "ts": start * TICK_US,
        "dur": ticks * TICK_US,
    }
