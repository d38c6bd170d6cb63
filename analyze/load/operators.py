"""Operators by their places: when each starts and ends, its thread, and the operators around it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.columns import Columns, by_group
from genscope.analyze.load.covered import Times
from genscope.analyze.load.numbered import THREAD, At, Threads, gathered, split
from genscope.analyze.load.places import Numbers, Places
from genscope.analyze.load.row_texts import RowTexts
from genscope.analyze.load.scratch_arrays import BLOCK, Scratch
from genscope.analyze.load.sweep import by_start
from genscope.analyze.native.arrays import put, take

_NEVER = np.iinfo(np.int64).max
# operators around one
_MOST_DEEP = 1 << 10


class Operators:
    """Operators of all traces, as cpu_op and cpu_op_parent have them."""

    def __init__(self, con: duckdb.DuckDBPyConnection, scratch: Scratch) -> None:
        self.places = Places(con, "cpu_op_row", "op_id", scratch)
        self.scratch = scratch
        size, none = self.places.none + 1, self.places.none
        self.start, self.end = (scratch.new(size, 0, np.int64) for _ in range(2))
        # that of none where an operator is outermost
        self.parent = scratch.new(size, none, np.int32)
        # -1 for an id that no operator has
        self.depth = scratch.new(size, -1, np.int32)
        self.track = scratch.new(size, 0, np.int32)
        self.longest_ns = self._deepest = 0

    def read(self, con: duckdb.DuckDBPyConnection, threads: Threads) -> None:
        """Read them from tables."""
        places = self.places.on(con)
        for at, (track,), (start,) in RowTexts(con, "cpu_op", (THREAD, threads.of)).read(
            places, "start_ns"
        ):
            self.begin(at, start, track)
        columns = ("coalesce(parent_op_id, -1)", "depth", "end_ns")
        for at, trace, *values in places.read("cpu_op_parent", "trace_id", *columns):
            self._nest(at, trace, *values)

    def begin(self, at: At, start: Times, track: At) -> None:
        """Take in when some operators start, and their threads."""
        put(self.start, at, start)
        put(self.track, at, track)
        self.scratch.release_some()

    def nest_rows(self, rows: Columns) -> None:
        """Take in rows of cpu_op_parent, whose operators have begun."""
        trace_id = rows["trace_id"]
        at = self.places.of(trace_id, rows["op_id"])
        self._nest(at, *(rows[name] for name in ("trace_id", "parent_op_id", "depth", "end_ns")))

    def _nest(
        self, at: At, trace_id: Numbers, parent_op: Numbers, depth: NDArray[Any], end: Times
    ) -> None:
        if not len(at):
            return
        put(self.parent, at, self.places.of(trace_id, parent_op))
        put(self.depth, at, depth)
        put(self.end, at, end)
        span = end - take(self.start, at)
        # what overflows is negative
        longest = _NEVER if span.min() < 0 else int(span.max())
        self.longest_ns = max(self.longest_ns, longest)
        self._deepest = max(self._deepest, int(depth.max()))
        self.scratch.release_some()

    @property
    def are_too_deep(self) -> bool:
        """Whether going from parent to parent would take long."""
        return self._deepest > _MOST_DEEP

    def innermost(self, trace_id: Numbers, track: At, moment: Times) -> At:
        """The innermost operator of a thread of a trace that is open at each moment, or none."""
        found = np.full(len(moment), self.places.none, np.int32)
        for of_trace in by_group(trace_id):
            threads = self._threads(int(trace_id[of_trace[0]]))
            for number, rows in split(of_trace.astype(np.int32), track[of_trace]):
                operators, start = self._in_order(threads.get(number, found[:0]))
                for block in self.scratch.blocks(rows):
                    last = np.searchsorted(start, moment[block], side="right") - 1
                    begun = last >= 0
                    found[block[begun]] = operators[last[begun]]
        # the last one that has begun is open, or one around it is, or none
        closed = np.flatnonzero(self._is_closed(found, moment))
        while len(closed):
            found[closed] = self.parent[found[closed]]
            closed = closed[self._is_closed(found[closed], moment[closed])]
        self.scratch.release()
        return found

    def _is_closed(self, at: At, moment: Times) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = (take(self.end, at) <= moment) & (at != self.places.none)
        return found

    def around(self, chosen: NDArray[np.bool_], at: At) -> At:
        """Of each operator, the innermost chosen one that it is or that is around it, or none."""
        found = at.copy()
        rows = np.flatnonzero(~take(chosen, found) & (found != self.places.none))
        while len(rows):
            outer = take(self.parent, take(found, rows))
            put(found, rows, outer)
            rows = rows[~take(chosen, outer) & (outer != self.places.none)]
        return found

    def outermost(self) -> NDArray[np.bool_]:
        """Whether each operator is outermost."""
        found = self.places.new(False, np.bool_)
        for part in self.places.parts():
            found[part] = self.depth[part] == 0
        return found

    def _threads(self, trace_id: int) -> dict[int, At]:
        """The operators of a trace by thread."""

        def blocks() -> Iterator[tuple[At, At]]:
            for block in self.scratch.blocks(self.places.rows(trace_id)):
                rows = block[take(self.depth, block) >= 0]
                yield rows, take(self.track, rows)

        return dict(gathered(blocks()))

    def _in_order(self, rows: At) -> tuple[At, Times]:
        """The operators of a thread by start, and their starts; of those at one moment, the deeper one opens later."""
        ordered = by_start(self.scratch, self.start, rows)
        for first in range(0, len(rows), BLOCK):
            block = ordered[first : first + BLOCK + 1]
            start, depth = take(self.start, block), take(self.depth, block)
            if ((start[1:] == start[:-1]) & (depth[1:] < depth[:-1])).any():
                ordered = ordered[np.lexsort((self.depth[ordered], self.start[ordered]))]
                break
            self.scratch.release_some()
        # mostly they are stored so, one after the other
        if ordered is rows and len(rows) and rows[-1] - rows[0] == len(rows) - 1:
            return rows, self.start[rows[0] : rows[-1] + 1]
        return ordered, self.start[ordered]
