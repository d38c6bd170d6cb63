"""Fill host_range: ranges are merged, and looked up in what operators, calls and waits cover.

The rows equal those of queries/idle/host_range.sql, which puts millions of operators and calls in order.
"""

from __future__ import annotations

from typing import TypeAlias

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from genscope.analyze.load.columns import BATCH, Asked, by_group, insert, values_of
from genscope.analyze.load.covered import Cover, Times
from genscope.analyze.load.held import Held
from genscope.analyze.load.numbered import At, split
from genscope.analyze.load.places import read_batches
from genscope.analyze.load.scratch_arrays import Scratch
from genscope.analyze.load.sweep import fit
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
_Places = NDArray[np.int64]
# starts and ends
_Spans: TypeAlias = tuple[Times, Times]


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
    spans: dict[str | None, tuple[_Spans, _Spans]] = {}
    last = None
    for ranges in by_group(labelled["trace_id"], labelled["process"]):
        trace_id = int(labelled["trace_id"][ranges[0]])
        if trace_id != last:
            spans, last = hosts.spans(trace_id), trace_id
        process = found.column("process_id")[int(ranges[0])].as_py()
        if process not in spans:
            continue
        sums[:, 0] += np.bincount(number[ranges], minlength=len(first))
        start, end = labelled["start_ns"][ranges], labelled["end_ns"][ranges]
        of, start, end = _merged(number[ranges], start, end)
        np.add.at(sums[:, 1], of, end - start)
        for column, covering in enumerate(spans[process], start=2):
            cover = Cover(*covering)
            np.add.at(sums[:, column], of, cover.upto(end) - cover.upto(start))
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
        places = self._operators.places.on(con)
        self._outer = self._operators.depth == 0
        listed = con.table("cpu_op").filter(_LISTED)
        parts = [places.of(*row) for row in read_batches(listed, "trace_id", "op_id")]
        if parts:
            listed_at = np.concatenate(parts)
            is_listed = np.zeros(places.none + 1, np.bool_)
            is_listed[listed_at] = True
            for at, trace, root in places.read("cpu_op_parent", "trace_id", "root_op_id"):
                self._outer[at] |= is_listed[places.of(trace, root)]
            self._outer[listed_at] = False
        waiting = con.table("waiting_call").filter("kind IN ('explicit', 'copy')")
        calls = self._calls.places
        waits = [calls.of(*row) for row in read_batches(waiting, "trace_id", "call_id")]
        self._waits = np.concatenate([np.zeros(0, np.int32), *waits])

    def fit(self) -> bool:
        """Whether no sum of their times can leave int64."""
        scratch, of = self._operators.scratch, (self._operators, self._calls)
        return fit(scratch, *(times for one in of for times in (one.start, one.end)))

    def spans(self, trace_id: int) -> dict[str | None, tuple[_Spans, _Spans]]:
        """All ranges of each measured process that has some, and those in which it waited."""
        if trace_id not in self._measured:
            return {}
        operators, calls = self._operators, self._calls
        rows = operators.places.rows(trace_id)
        measured = self._split(rows[operators.depth[rows] >= 0], operators.track)
        called = self._split(calls.rows(trace_id), calls.track)
        waited = self._split(
            self._waits[calls.places.keys(self._waits)[0] == trace_id], calls.track
        )
        found = {}
        for process, inner in measured.items():
            own = inner[self._outer[inner]]
            at, waits = (some.get(process, own[:0]) for some in (called, waited))
            if len(own) + len(at):
                times = (operators.start[own], calls.start[at]), (operators.end[own], calls.end[at])
                start, end = map(np.concatenate, times)
                found[process] = (start, end), (calls.start[waits], calls.end[waits])
            operators.scratch.release()
        return found

    def _split(self, rows: At, track: At) -> dict[str | None, At]:
        """The rows of each process."""
        threads = self._threads
        parts = split(rows, threads.process[track[rows]])
        return {threads.rows[number][0]: part for number, part in parts}


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
