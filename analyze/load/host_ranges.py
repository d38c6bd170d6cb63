"""Fill host_range: ranges are merged, and looked up in what operators, calls and waits cover.

The rows equal those of queries/idle/host_range.sql, which puts millions of operators and calls in order.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from genscope.analyze.load.columns import BATCH, Asked, by_group, insert, values_of
from genscope.analyze.load.covered import Cover
from genscope.analyze.load.held import Held
from genscope.analyze.load.numbered import At, gathered, split
from genscope.analyze.load.places import read_batches
from genscope.analyze.load.scratch_arrays import Scratch
from genscope.analyze.load.sweep import Sweep, covered_before, fit
from genscope.analyze.native.arrays import put, take
from genscope.analyze.readers.arrow_column import texts

_RANGE: Asked = {
    "trace_id": ("trace_id", np.int32),
    "process": ("hash(process_id)", np.uint64),
    "start_ns": ("start_ns", np.int64),
    "end_ns": ("end_ns", np.int64),
    "named": ("hash(trace_id, kind, name)", np.uint64),
}
# ranges that some writers list as operators, see host_span
_LISTED = " OR ".join(
    f"starts_with(name, '{begin}')"
    for begin in ("ProfilerStep#", "Optimizer.", "enumerate(DataLoader)")
)
_LARGEST = np.iinfo(np.int64).max
_NOWHERE = np.zeros(0, np.int32)
_Places = NDArray[np.int64]


def fill_host_range(con: duckdb.DuckDBPyConnection, held: Held) -> bool:
    """Insert its rows; false, and no rows, with times too far apart for it, or threads' names alike."""
    asked = ", ".join(f"{value} AS {name}" for name, (value, _) in _RANGE.items())
    listed = con.table("labelled_range").filter("process_id IS NOT NULL")
    found = listed.project(f"{asked}, kind, name, process_id").to_arrow_table(BATCH)
    if not len(found):
        return True
    labelled = {name: values_of(found, name, kind) for name, (_, kind) in _RANGE.items()}
    longest = int(labelled["end_ns"].max()) - int(labelled["start_ns"].min())
    hosts = _Hosts(con, held)
    times = labelled["start_ns"], labelled["end_ns"]
    are_distinct = held.threads(con).are_distinct
    if not (are_distinct and fit(Scratch(con), *times) and hosts.fit()):
        return False
    if longest > _LARGEST // len(found):
        return False
    _, first, number = np.unique(labelled["named"], return_index=True, return_inverse=True)
    sums = np.zeros((len(first), 4), np.int64)
    known: dict[str | None, tuple[list[Sweep], Cover]] = {}
    last = None
    for ranges in by_group(labelled["trace_id"], labelled["process"]):
        trace_id = int(labelled["trace_id"][ranges[0]])
        if trace_id != last:
            known, last = hosts.of_processes(trace_id), trace_id
        process = found.column("process_id")[int(ranges[0])].as_py()
        if process not in known:
            continue
        sweeps, waits = known[process]
        sums[:, 0] += np.bincount(number[ranges], minlength=len(first))
        start, end = labelled["start_ns"][ranges], labelled["end_ns"][ranges]
        of, start, end = _merged(number[ranges], start, end)
        np.add.at(sums[:, 1], of, end - start)
        moments = np.concatenate([start, end])
        covered = covered_before(hosts.scratch, sweeps, moments), waits.upto(moments)
        for column, before in enumerate(covered, start=2):
            np.add.at(sums[:, column], of, np.diff(np.split(before, 2), axis=0)[0])
    kept = sums[:, 0] > 0
    _insert(con, found, first[kept], sums[kept])
    return True


class _Hosts:
    """What the processes that measured themselves ran: operators, calls and waits, as host_span lists them."""

    def __init__(self, con: duckdb.DuckDBPyConnection, held: Held) -> None:
        self._threads, self._calls = held.threads(con), held.calls(con)
        self._operators = held.operators(con)
        self._measured = {
            row[0]
            for row in con.table("trace").filter("NOT predicted").project("trace_id").fetchall()
        }
        self.scratch = self._operators.scratch
        self._outer = self._outermost(con)
        waiting = con.table("waiting_call").filter("kind IN ('explicit', 'copy')")
        calls = self._calls.places
        waits = [calls.of(*row) for row in read_batches(waiting, "trace_id", "call_id")]
        self._waits = np.concatenate([np.zeros(0, np.int32), *waits])

    def fit(self) -> bool:
        """Whether no sum of their times can leave int64."""
        of = self._operators, self._calls
        return fit(self.scratch, *(times for one in of for times in (one.start, one.end)))

    def _outermost(self, con: duckdb.DuckDBPyConnection) -> NDArray[np.bool_]:
        """Of each operator, whether it is outermost, or in one that is listed as an operator only."""
        places, found = self._operators.places.on(con), self._operators.outermost()
        listed = con.table("cpu_op").filter(_LISTED)
        parts = [places.of(*row) for row in read_batches(listed, "trace_id", "op_id")]
        if parts:
            listed_at = np.concatenate(parts)
            is_listed = places.new(False, np.bool_)
            is_listed[listed_at] = True
            for at, trace, root in places.read("cpu_op_parent", "trace_id", "root_op_id"):
                found[at] |= is_listed[places.of(trace, root)]
            found[listed_at] = False
        return found

    def of_processes(self, trace_id: int) -> dict[str | None, tuple[list[Sweep], Cover]]:
        """All ranges of each measured process that has some, and those in which it waited."""
        if trace_id not in self._measured:
            return {}
        calls, threads = self._calls, self._threads
        outer, measured = self._of_threads(trace_id)
        called = dict(split(rows := calls.rows(trace_id), calls.track[rows]))
        waits = self._waits[calls.places.keys(self._waits)[0] == trace_id]
        waited = dict(split(waits, threads.process[calls.track[waits]]))
        sweeps: dict[int, list[Sweep]] = {}
        for of, parts in ((self._operators, outer), (calls, called)):
            for track, rows in parts.items():
                sweep = Sweep(self.scratch, of.start, of.end, rows)
                sweeps.setdefault(int(threads.process[track]), []).append(sweep)
        found = {}
        for process in sweeps.keys() & measured:
            rows = waited.get(process, _NOWHERE)
            cover = Cover(calls.start[rows], calls.end[rows])
            found[threads.rows[process][0]] = sweeps[process], cover
        return found

    def _of_threads(self, trace_id: int) -> tuple[dict[int, At], set[int]]:
        """The outermost operators of each thread of a trace, and the processes with operators."""
        operators = self._operators
        has_some = np.zeros(len(self._threads.rows), np.bool_)

        def blocks() -> Iterator[tuple[At, At]]:
            for block in operators.scratch.blocks(operators.places.rows(trace_id)):
                rows = block[take(operators.depth, block) >= 0]
                put(has_some, take(operators.track, rows), True)
                rows = rows[take(self._outer, rows)]
                yield rows, take(operators.track, rows)

        outer = dict(gathered(blocks()))
        return outer, {*self._threads.process[has_some].tolist()}


def _merged(
    number: NDArray[np.int64], start: NDArray[np.int64], end: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The ranges of each number merged where they touch or overlap: numbers, starts and ends."""
    order = np.lexsort((start, number))
    number, start, end = number[order], start[order], end[order]
    # how far each number's ranges reach so far: the places of ends grow as the ends do
    ends, place = np.unique(end, return_inverse=True)
    reached = ends[np.maximum.accumulate(number * len(ends) + place) - number * len(ends)]
    is_new = np.append(True, (number[1:] != number[:-1]) | (start[1:] > reached[:-1]))
    first = np.flatnonzero(is_new)
    return number[first], start[first], reached[np.append(first[1:] - 1, len(end) - 1)]


def _insert(
    con: duckdb.DuckDBPyConnection, found: pa.Table, rows: _Places, sums: NDArray[np.int64]
) -> None:
    """Insert sums with the trace, kind and name of those rows."""
    kind, name = (
        texts([found.column(column)[int(row)].as_py().encode() for row in rows])
        for column in ("kind", "name")
    )
    trace_id = values_of(found, "trace_id", np.int32)[rows].astype(np.int64)
    named = ("range_count", "range_ns", "covered_ns", "wait_ns")
    sums_of = dict(zip(named, sums.T, strict=True))
    insert(con, "host_range", [{"trace_id": trace_id, "kind": kind, "name": name, **sums_of}])
