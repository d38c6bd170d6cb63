"""Record a step that trains, or that works with the host: DryRecorder, and what a forward pass alone doesn't have.

Backward operators carry the number of their forward operator. What runs on the host is listed without the external id that
device work has, so that no time is predicted for it. Ranges that torch itself opens, such as an optimizer's, are ranges.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch.nested._internal.nested_tensor import NestedTensor

from genscope.capture.dry.data_flow import DataFlow
from genscope.capture.dry.event import arguments, does_work, shapes_of
from genscope.capture.dry.graph import Graph
from genscope.capture.dry.host import crossing, of_host
from genscope.capture.dry.recorder import OUTCOMES, DryRecorder, event_of
from genscope.errors import CaptureError

# in the place of the first input's value: this operator copies from the device, and the host waits
TO_HOST = "DtoH"
# a step that asks for more truth values than this waits for one that never comes
MOST_ASKED = 500
_ENTER, _EXIT = "profiler::_record_function_enter_new", "profiler::_record_function_exit"


class StepRecorder(DryRecorder):  # type: ignore[no-untyped-call]
    """Operators of forward, backward and update on one thread, and the host's."""

    def __init__(self, device_kind: str) -> None:
        super().__init__(device_kind)
        self._graph = Graph()
        self._asked = 0
        self.flow = DataFlow()
        # operators without work that took a number: listed only if a backward operator has it
        self._unlisted: dict[int, tuple[int, dict[str, Any]]] = {}

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run one operator for its shapes, or for real if it is the host's, and record it."""
        if any(issubclass(each, NestedTensor) for each in types):
            # it runs again for the buffer that holds all of its tensors
            return NotImplemented
        kwargs = kwargs or {}
        name: str = func._schema.name
        if name in (_ENTER, _EXIT):
            self.enter(args[0]) if name == _ENTER else self.leave()
            return func(*args, **kwargs)
        links = self._links()
        if of_host(args, kwargs):
            if does_work(func) or name == "aten::_local_scalar_dense":
                self._host_row(name, shapes_of(arguments(func, args, kwargs)), links)
            return func(*args, **kwargs)
        crosses, stand_in = crossing(func, args, kwargs)
        if crosses:
            self._count_asked(stand_in)
            shapes = shapes_of(arguments(func, args, kwargs))
            shapes["Concrete Inputs"][0] = TO_HOST
            self._host_row(name, shapes, links)
            self.flow.crossed((args, kwargs))
            return stand_in
        if not does_work(func):
            self._reserve(name, links)
            output = OUTCOMES.of(func, args, kwargs)
            self.flow.called(func, args, kwargs, output, ())
            return output
        first = len(self._rows)
        output = super().__torch_dispatch__(func, types, args, kwargs)
        for row in self._rows[first:]:
            row["args"] = {**row["args"], **links}
        ids = tuple(row["args"]["External id"] for row in self._rows[first:])
        self.flow.called(func, args, kwargs, output, ids)
        return output

    def enter(self, label: str) -> None:
        """Open a range now."""
        if label.startswith("step:"):
            self._asked = 0
        super().enter(label)

    def _count_asked(self, stand_in: Any) -> None:
        self._asked += stand_in is False
        if self._asked > MOST_ASKED:
            raise CaptureError(
                f"The step has asked {MOST_ASKED} times whether something is true on the device, which is always False in a dry "
                "run: a loop that ends when a value says so, as that of generate(), doesn't end. Run a fixed number of calls."
            )

    def _links(self) -> dict[str, int]:
        """The fields that link a backward operator to its forward operator."""
        number, is_backward = self._graph.link()
        if number is None:
            return {}
        if is_backward and number in self._unlisted:
            place, row = self._unlisted.pop(number)
            self._rows[place] = row
        return {"Sequence number": number, "Fwd thread id": int(is_backward)}

    def _host_row(self, name: str, shapes: dict[str, list[Any]], links: dict[str, int]) -> None:
        row = event_of("cpu_op", name, self._ticks, 1)
        row["args"] = {**shapes, **links}
        self._rows.append(row)
        self._ticks += 1

    def _reserve(self, name: str, links: dict[str, int]) -> None:
        if links and not links["Fwd thread id"]:
            row = {**event_of("cpu_op", name, self._ticks, 1), "args": links}
            self._unlisted[links["Sequence number"]] = (len(self._rows), row)
            self._rows.append({})
            self._ticks += 1

    def events(self) -> Iterator[dict[str, Any]]:
        """The trace's events, in order of start."""
        yield from (row for row in super().events() if row)
