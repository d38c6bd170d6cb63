"""Give slices that overlap partly tracks of their own: on one track of Perfetto they must nest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Slice:
    """One box of a timeline: `process` and `track` say where, the times are ns.

    `launch` joins the ends of a flow arrow: a call and the kernels that it launched have equal ones.
    """

    process: str
    track: str
    start_ns: int
    dur_ns: int
    name: str
    category: str
    args: dict[str, Any] = field(default_factory=dict)
    launch: int | None = None


def layers(slices: Iterable[Slice]) -> Iterator[tuple[int, Slice]]:
    """The slices of one track in order of start, each with the first layer in which it nests.

    Layer 0 holds what nests like a call stack, in almost all traces everything.
    """
    # the ends of the slices that are open in each layer, the innermost one last
    open_ends: list[list[int]] = []
    for found in sorted(slices, key=lambda one: (one.start_ns, -one.dur_ns)):
        end = found.start_ns + found.dur_ns
        number = _first_fit(open_ends, found.start_ns, end)
        open_ends[number].append(end)
        yield number, found


def _first_fit(open_ends: list[list[int]], start: int, end: int) -> int:
    """The first layer whose innermost open slice holds this one or has ended; a new one if none has."""
    for number, ends in enumerate(open_ends):
        while ends and ends[-1] <= start:
            ends.pop()
        if not ends or end <= ends[-1]:
            return number
    open_ends.append([])
    return len(open_ends) - 1
