"""Fill kernel_launch from arrays by ids: a kernel's operator and call, and the operator around the call.

The rows equal those of queries/work/kernel_launch.sql, whose joins take most of a second of a big trace.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb
import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.columns import Rows, insert, insert_texts
from genscope.analyze.load.covered import Times
from genscope.analyze.load.held import Held
from genscope.analyze.load.launched import NONE
from genscope.analyze.load.narrow import TEXT_ID, text_ids
from genscope.analyze.load.numbered import At, Codes, split
from genscope.analyze.load.places import Numbers, Places
from genscope.analyze.load.row_texts import RowTexts
from genscope.analyze.load.shared_ids import Owner, SharedIds
from genscope.analyze.native.arrays import put, take

_SOURCES = ("unlinked", "external_id", "correlation", "nesting")
_UNLINKED, _EXTERNAL, _CORRELATION, _NESTING = range(len(_SOURCES))
_PROCESS = "trace_id, process_id"
_EXTERNAL_ID = "coalesce(nullif(external_id, correlation_id), 0)"


def fill_kernel_launch(con: duckdb.DuckDBPyConnection, held: Held) -> bool:
    """Insert one row per kernel; false, and no rows, if ids are too far apart, or threads' names alike."""
    links = _Links(con, held)
    if not (links.fit and held.threads(con).are_distinct):
        return False
    links.name()
    links.follow_calls()
    links.insert()
    return True


class _Links:
    """The call and the operator of each kernel, by its place."""

    def __init__(self, con: duckdb.DuckDBPyConnection, held: Held) -> None:
        self._con, self._held, self._scratch = con, held, held.scratch(con)
        self._kernels = Places(con, "kernel_row", "kernel_id", self._scratch)
        self._operators = Places(con, "cpu_op_row", "op_id", self._scratch)
        self._calls = held.calls(con)
        self._named = SharedIds(con, self._scratch, self._operators, "cpu_op", "external_id")
        self._called = SharedIds(
            con, self._scratch, self._calls.places, "runtime_call", "correlation_id"
        )
        self.fit = self._named.fit and self._called.fit and self._called.rank_later()
        self._call = self._kernels.new(self._calls.places.none, np.int32)
        self._op = self._kernels.new(self._operators.none, np.int32)
        # -1 for an id that no kernel has
        self._source = self._kernels.new(NONE, np.int8)

    def name(self) -> None:
        """Find the operators and the calls that kernels name."""
        processes = Codes(self._con, ["kernel_text"], _PROCESS)
        texts = RowTexts(self._con, "kernel", (f"hash({_PROCESS})", processes.of))
        columns = _EXTERNAL_ID, "coalesce(correlation_id, 0)", "start_ns"
        for at, (owner,), (external, correlation, start) in texts.read(self._kernels, *columns):
            for code, rows in split(np.arange(len(at), dtype=np.int32), owner):
                trace_id, process = processes.rows[code]
                op = self._op_of(trace_id, process, take(external, rows))
                asked = take(correlation, rows), take(start, rows)
                call = self._call_of(trace_id, process, *asked)
                those = take(at, rows)
                put(self._op, those, op)
                put(self._call, those, call)
                source = np.where(call < self._calls.places.none, _CORRELATION, _UNLINKED)
                source = np.where(op < self._operators.none, _EXTERNAL, source)
                put(self._source, those, source)
            self._scratch.release_some()

    def _op_of(self, trace_id: int, process: str | None, external: Numbers) -> At:
        """The first operators with these ids, of the process if it is known."""
        owners = [
            owner
            for owner in self._named.owners
            if owner.trace_id == trace_id and (process is None or owner.process in (None, process))
        ]
        found = np.full(len(external), self._operators.none, np.int32)
        for owner in owners:
            found = np.minimum(found, self._named.of(owner, external)[0])
        if process is None:
            found[_is_shared(self._named, owners, external)] = self._operators.none
        return found

    def _call_of(
        self, trace_id: int, process: str | None, correlation: Numbers, start: Times
    ) -> At:
        """The calls with these ids; of several, the last that starts by the kernel's start, else the last."""
        owners = [
            owner
            for owner in self._called.owners
            if owner.trace_id == trace_id and (process is None or (owner.process or "") == process)
        ]
        none = self._calls.places.none
        found = np.full(len(correlation), none, np.int32)
        for owner in owners:
            for other in self._called.of(owner, correlation):
                both = np.flatnonzero((found < none) & (other < none))
                is_later = self._is_later(found[both], other[both], start[both])
                other[both[~is_later]] = none
                found = np.where(other < none, other, found)
        if process is None:
            found[_is_shared(self._called, owners, correlation)] = none
        return found

    def _is_later(self, one: At, other: At, moment: Times) -> NDArray[np.bool_]:
        """Whether another call is a kernel's rather than this one; see call_id in kernel_launch."""
        start, other_start = self._calls.start[one], self._calls.start[other]
        begun, other_begun = start <= moment, other_start <= moment
        is_after = (other_start > start) | ((other_start == start) & (other > one))
        found: NDArray[np.bool_] = np.where(begun == other_begun, is_after, other_begun)
        return found

    def follow_calls(self) -> None:
        """Find the operators of kernels that name none: that of the call, else the one around it."""
        parts = [b[self._source[b] == _CORRELATION] for b in self._kernels.blocks()]
        asked = np.concatenate([np.zeros(0, np.int32), *parts])
        if not (len(asked) and self._operators.none):
            return
        named = self._named_by_calls()
        self._op[asked] = named[self._call[asked]]
        asked = asked[self._op[asked] == self._operators.none]
        call = self._call[asked]
        threads = self._held.threads(self._con)
        whole = threads.is_whole[self._calls.track[call]]
        asked, call = asked[whole], call[whole]
        trace_id, _ = self._calls.places.keys(call)
        track, start = self._calls.track[call], self._calls.start[call]
        self._op[asked] = self._held.operators(self._con).innermost(trace_id, track, start)
        self._source[asked[self._op[asked] < self._operators.none]] = _NESTING

    def _named_by_calls(self) -> At:
        """The first operator that each call names, of its process."""
        found: At = self._scratch.new(self._calls.places.none + 1, self._operators.none, np.int32)
        processes = Codes(self._con, ["runtime_call_text"], _PROCESS)
        texts = RowTexts(self._con, "runtime_call", (f"hash({_PROCESS})", processes.of))
        for at, (code_of,), (external,) in texts.read(self._calls.places, _EXTERNAL_ID):
            for code, rows in split(np.arange(len(at), dtype=np.int32), code_of):
                trace_id, process = processes.rows[code]
                for owner in self._named.owners:
                    if (owner.trace_id, owner.process or "") == (trace_id, process or ""):
                        named = self._named.of(owner, external[rows])[0]
                        found[at[rows]] = np.minimum(found[at[rows]], named)
            self._scratch.release_some()
        return found

    def insert(self) -> None:
        """Insert the rows of kernel_launch."""
        insert_texts(self._con, "kernel_launch", "source", self._kernels.traces, _SOURCES)
        insert(self._con, "kernel_launch_row", self._rows())

    def _rows(self) -> Iterator[Rows]:
        for block in self._kernels.blocks():
            source = self._source[block]
            kernels = block[source != NONE]
            call, op = self._call[kernels], self._op[kernels]
            trace_id, kernel_id = self._kernels.keys(kernels)
            yield {
                "trace_id": trace_id,
                "kernel_id": kernel_id,
                "call_id": self._calls.places.column(call),
                "op_id": self._operators.column(op),
                TEXT_ID: text_ids(trace_id, source[source != NONE]),
            }


def _is_shared(ids: SharedIds, owners: Sequence[Owner], wanted: Numbers) -> NDArray[np.bool_]:
    """Whether several known processes have these ids."""
    count = np.zeros(len(wanted), np.int32)
    none = ids.places.none
    known = [owner for owner in owners if owner.process is not None]
    for owner in known if len(known) > 1 else ():
        count += ids.of(owner, wanted)[0] < none
    return count > 1
