"""Fill host_range: ranges are merged, and looked up in what operators, calls and waits cover.

The rows equal those of queries/idle/host_range.sql, which puts millions of operators and calls in order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from genscope.analyze.load.columns import BATCH, Asked, Columns, by_group, insert, read, values_of
from genscope.analyze.load.covered import Cover
from genscope.analyze.load.scratch_arrays import Scratch
from genscope.analyze.load.sweep import fit
from genscope.analyze.readers.arrow_column import texts

_SPAN: Asked = {
    "trace_id": ("trace_id", np.int32),
    "process": ("hash(process_id)", np.uint64),
    "start_ns": ("start_ns", np.int64),
    "end_ns": ("end_ns", np.int64),
}
_RANGE: Asked = {**_SPAN, "named": ("hash(trace_id, kind, name)", np.uint64)}
_WAITS: Asked = {"waits": ("waits::TINYINT", np.int8)}
_PROCESS = "trace_id, hash(process_id)"
_LARGEST = np.iinfo(np.int64).max
_Places = NDArray[np.int64]


def fill_host_range(con: duckdb.DuckDBPyConnection) -> bool:
    """Insert its rows; false, and no rows, if times are too far apart for it."""
    asked = ", ".join(f"{value} AS {name}" for name, (value, _) in _RANGE.items())
    listed = con.table("labelled_range").filter("process_id IS NOT NULL")
    listed = listed.project(f"{asked}, kind, name")
    found = listed.to_arrow_table(BATCH)
    if not len(found):
        return True
    labelled = {name: values_of(found, name, kind) for name, (_, kind) in _RANGE.items()}
    measured = set(con.table("measured_process").project(_PROCESS).fetchall())
    span = read(con.table("host_span"), {**_SPAN, **_WAITS})
    longest = int(labelled["end_ns"].max()) - int(labelled["start_ns"].min())
    times = [of[name] for of in (labelled, span) for name in ("start_ns", "end_ns")]
    if not fit(Scratch(con), *times) or longest > _LARGEST // len(found):
        return False
    _, first, number = np.unique(labelled["named"], return_index=True, return_inverse=True)
    sums = np.zeros((len(first), 4), np.int64)
    for ranges, spans in _processes(labelled, span, measured):
        sums[:, 0] += np.bincount(number[ranges], minlength=len(first))
        start, end = labelled["start_ns"][ranges], labelled["end_ns"][ranges]
        of, start, end = _merged(number[ranges], start, end)
        np.add.at(sums[:, 1], of, end - start)
        waits = span["waits"][spans] != 0
        for column, chosen in ((2, spans[~waits]), (3, spans[waits])):
            cover = Cover(span["start_ns"][chosen], span["end_ns"][chosen])
            np.add.at(sums[:, column], of, cover.upto(end) - cover.upto(start))
    kept = sums[:, 0] > 0
    _insert(con, found, first[kept], sums[kept])
    return True


def _processes(
    labelled: Columns, span: Columns, measured: Collection[tuple[int, int]]
) -> Iterator[tuple[_Places, _Places]]:
    """The places of the ranges and of the spans of each measured process that has both."""
    for spans in by_group(span["trace_id"], span["process"]):
        trace_id, process = (span[key][spans[0]] for key in ("trace_id", "process"))
        ranges = np.flatnonzero(
            (labelled["trace_id"] == trace_id) & (labelled["process"] == process)
        )
        if len(ranges) and (int(trace_id), int(process)) in measured:
            yield ranges, spans


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
