"""Add up how launches went, from arrays of a trace's kernels and copies.

The rows equal those that the SQL of launch_sum and later_kernel defines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.columns import Columns, Rows, firsts
from genscope.analyze.load.device_activity import exact_sum
from genscope.analyze.load.device_gaps import NONE
from genscope.analyze.load.places import Places
from genscope.analyze.readers import arrow_column
from genscope.analyze.readers.arrow_column import numbers

_LIMIT = 1 << 63
_Ns = NDArray[np.int64]
_Row = dict[str, Any]


def launch_sums(
    con: duckdb.DuckDBPyConnection, event: Columns, of_trace: Mapping[int, NDArray[np.int64]]
) -> tuple[list[Rows], list[Rows]]:
    """The rows of both tables; `event` holds columns of device_event, `of_trace` the places of each trace."""
    found: list[_Row] = []
    later: list[Rows] = []
    names, calls, name_of = _names(con)
    for trace_id, rows in of_trace.items():
        # a copy of millions of rows takes memory
        is_all = len(rows) == len(event["call_id"])
        launched = _Launched(event if is_all else {k: values[rows] for k, values in event.items()})
        launched.name = name_of[calls.of(np.full(len(rows), trace_id), launched.call)]
        for what, is_one in (("kernel", launched.is_kernel), ("copy", ~launched.is_kernel)):
            for name, is_named in launched.named(is_one):
                label = None if name is None else "unlinked" if name == NONE else names[name]
                row = launched.row(is_named)
                found.append({"trace_id": trace_id, "what": what, "call_name": label, **row})
        if len(kernels := launched.later()):
            later.append({"trace_id": trace_id, "kernel_id": kernels})
    return [_columns(found)] if found else [], later


def _names(con: duckdb.DuckDBPyConnection) -> tuple[list[str | None], Places, NDArray[np.int64]]:
    """The names of calls, where each call is, and its name's place among them; -1 without a call."""
    listed = con.table("runtime_call").project("hash(name), name").distinct().fetchall()
    listed.sort()
    hashes = np.array([row[0] for row in listed], np.uint64)
    places = Places(con, "runtime_call", "call_id")
    values = places.new(NONE, np.int64)
    for at, value in places.read("runtime_call", "hash(name)"):
        values[at] = np.searchsorted(hashes, value)
    return [row[1] for row in listed], places, values


class _Launched:
    """Kernels and copies of a trace, each with what is known of its launch."""

    def __init__(self, event: Columns) -> None:
        self.call, self.kernel = (
            event["call_id"].astype(np.int64),
            event["kernel_id"].astype(np.int64),
        )
        self.is_kernel = self.kernel != NONE
        self.name = np.zeros(0, np.int64)
        self._device = event["end_ns"] - event["start_ns"]
        self._call_ns = event["call_end_ns"] - event["call_start_ns"]
        self._launch_delay = event["start_ns"] - event["call_start_ns"]
        self._queue_delay = event["start_ns"] - event["call_end_ns"]
        self._is_linked = self.call != NONE
        counts = np.bincount(self.call[self._is_linked], minlength=1)
        self._count = np.where(self._is_linked, counts[self.call], 0)
        order = (self.kernel, event["copy_id"], event["end_ns"], event["start_ns"])
        self.is_first = firsts(self.call, self._count, *order)

    def later(self) -> NDArray[np.int64]:
        """The kernels that are not the first of their call."""
        later: NDArray[np.int64] = self.kernel[self.is_kernel & self._is_linked & ~self.is_first]
        return later

    def named(self, is_one: NDArray[np.bool_]) -> Iterator[tuple[int | None, NDArray[np.bool_]]]:
        """The numbers of the names of their calls and which have it; None for all."""
        if is_one.any():
            yield None, is_one
        for name in np.flatnonzero(np.bincount(self.name[is_one] + 1)) - 1:
            yield int(name), is_one & (self.name == name)

    def row(self, is_one: NDArray[np.bool_]) -> _Row:
        """The sums of those that `is_one` names."""
        device, count = self._device[is_one], self._count[is_one]
        first = is_one & self.is_first
        call_ns, delay, queued = (
            values[first] for values in (self._call_ns, self._launch_delay, self._queue_delay)
        )
        return {
            "event_count": len(device),
            "device_ns": _sum(device),
            "unlinked_count": int((count == 0).sum()),
            "unlinked_ns": _sum(device[count == 0]) if (count == 0).any() else 0,
            "single_count": int((count == 1).sum()),
            "shared_count": int((count > 1).sum()),
            "shorter_than_call_count": int(((count == 1) & (device < self._call_ns[is_one])).sum()),
            "call_count": len(call_ns),
            "call_ns": _sum(call_ns),
            "call_p50_ns": _quantile(call_ns, 50),
            "call_max_ns": _quantile(call_ns, 100),
            "launch_delay_sum_ns": _sum(delay),
            "launch_delay_min_ns": _quantile(delay, 0),
            "launch_delay_p50_ns": _quantile(delay, 50),
            "launch_delay_p99_ns": _quantile(delay, 99),
            "launch_delay_max_ns": _quantile(delay, 100),
            "negative_launch_delay_count": int((delay < 0).sum()),
            "queue_delay_sum_ns": _sum(queued),
            "negative_queue_delay_count": int((queued < 0).sum()),
        }


def _sum(values: _Ns) -> int | None:
    """The sum; NULL without values or beyond int64."""
    total = exact_sum(values)
    return total if len(values) and -_LIMIT <= total < _LIMIT else None


def _quantile(values: _Ns, percent: int) -> int | None:
    """The smallest value with at least that share at or below it."""
    if not len(values):
        return None
    place = max(1, len(values) - len(values) * (100 - percent) // 100) - 1
    return int(np.partition(values, place)[place])


def _columns(found: list[_Row]) -> Rows:
    columns: Rows = {}
    for name in found[0]:
        values = [row[name] for row in found]
        if name in ("what", "call_name"):
            columns[name] = arrow_column.texts([v if v is None else v.encode() for v in values])
        else:
            absent = np.array([value is None for value in values])
            columns[name] = numbers(np.array([value or 0 for value in values], np.int64), absent)
    return columns
