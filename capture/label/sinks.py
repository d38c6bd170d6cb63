"""Where labels are written: into torch.profiler's ranges, into NVTX ranges, or nowhere."""

from __future__ import annotations

from typing import Any, Protocol

import torch

from genscope.capture.label import grammar


class Sink(Protocol):
    """Where labels go: a profiler's ranges, NVTX, or the dry recorder. `leave` closes the innermost open range."""

    def enter(self, label: str) -> None: ...
    def leave(self) -> None: ...


class ProfilerSink:
    """Ranges of torch.profiler. The profiler also projects components, phases and steps onto the GPU's timeline."""

    def __init__(self) -> None:
        self._open: list[tuple[str, Any]] = []
        # a fast range can be entered again once it is left, which costs less than a new one
        self._left: dict[str, Any] = {}

    def enter(self, label: str) -> None:
        """Open a range: record_function for the few coarse ones, its fast form for modules and attention."""
        ranged = self._left.pop(label, None) or _range(label)
        ranged.__enter__()
        self._open.append((label, ranged))

    def leave(self) -> None:
        """Close the innermost range."""
        label, ranged = self._open.pop()
        ranged.__exit__(None, None, None)
        if not isinstance(ranged, torch.profiler.record_function):
            self._left[label] = ranged


def _range(label: str) -> Any:
    fast = getattr(torch._C._profiler, "_RecordFunctionFast", None)
    if label.startswith(("component:", "phase:", "step:")) or fast is None:
        return torch.profiler.record_function(label)
    return fast(label)


class StepSink:
    """A profiler's ranges; the step's own opens when the first component or module of the step runs."""

    def __init__(self) -> None:
        self._inner = ProfilerSink()
        self._waiting: str | None = None
        self._open = False

    def begin(self, index: int) -> None:
        """Close the open step, if any, and let the next range open this one."""
        self.end()
        self._waiting = grammar.step(index)

    def end(self) -> None:
        """Close the open step, if any."""
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


class NvtxSink:
    """Ranges that Nsight Systems and Nsight Compute see."""

    def enter(self, label: str) -> None:
        """Open a range."""
        torch.cuda.nvtx.range_push(label)  # type: ignore[no-untyped-call]

    def leave(self) -> None:
        """Close the innermost range."""
        torch.cuda.nvtx.range_pop()  # type: ignore[no-untyped-call]


class NullSink:
    """No labels: for warm-up and for timing."""

    def enter(self, label: str) -> None: ...
    def leave(self) -> None: ...
