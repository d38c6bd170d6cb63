"""Fill cpu_op_parent with one pass over the operators of each thread: a stack, compiled by Numba.

The rows are those of queries/attribution/cpu_op_parent.sql, by the rules of nesting.sql. The SQL
sorts every start and every end several times over, which is a quarter of a big trace's attribution.
"""

from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from analyze.readers.arrow_column import as_numpy, numbers

Ints = NDArray[np.int64]

_BATCH = 1 << 16
_DEEPEST = 1 << 14
# of an operator that is open: its trace, itself, start, outermost operator, time of those it called
_TRACE, _ID, _START, _ROOT, _CALLED = range(5)
_COLUMNS = {
    "trace_id": np.int32,
    "op_id": np.int64,
    "parent_op_id": np.int64,
    "root_op_id": np.int64,
    "depth": np.int32,
    "end_ns": np.int64,
    "self_ns": np.int64,
}
_NO_PARENT = -1

_compiled = njit(nogil=True, cache=True)


class _Stack(NamedTuple):
    """What is open: `rows` int64[depth, 5], outermost first; `ends`, the last first; `size` of both."""

    rows: Ints
    ends: Ints
    size: Ints


def fill_cpu_op_parent(con: duckdb.DuckDBPyConnection) -> None:
    """Insert the row of every operator. Raises RecursionError where they are over 16,384 deep."""
    stack = _Stack(
        np.zeros((_DEEPEST, 5), np.int64), np.zeros(_DEEPEST, np.int64), np.zeros(1, np.int64)
    )
    out = np.zeros((_BATCH + _DEEPEST, len(_COLUMNS)), np.int64)
    last: object = None
    with con.cursor() as reading:
        operators = reading.table("cpu_op").project(
            "trace_id, concat_ws(' ', process_id, thread_id) AS track, op_id, start_ns, dur_ns, "
            "coalesce(external_id, 0) AS tie"
        )
        in_order = operators.order("trace_id, track, start_ns, dur_ns DESC, tie, op_id")
        for batch in in_order.to_arrow_reader(_BATCH):
            is_first, last = _firsts(batch, last)
            count = _sweep(_matrix(batch), is_first, stack, out)
            if count < 0:
                raise RecursionError(f"operators are more than {_DEEPEST} deep")
            _insert(con, out[:count])
        _insert(con, out[: _close(stack, np.iinfo(np.int64).max, out, 0)])


def _matrix(batch: pa.RecordBatch) -> Ints:
    columns = [as_numpy(batch.column("trace_id"), np.int32)]
    columns += [as_numpy(batch.column(name), np.int64) for name in ("op_id", "start_ns", "dur_ns")]
    return np.stack(columns, axis=1).astype(np.int64)


def _firsts(batch: pa.RecordBatch, last: object) -> tuple[NDArray[np.bool_], object]:
    """Which rows are a thread's first, given the last row's thread of the batch before; the last row's."""
    tracks = batch.column("track").dictionary_encode().indices
    traces = as_numpy(batch.column("trace_id"), np.int32)
    codes = np.stack([traces, as_numpy(tracks, np.int32)], axis=1)
    is_first = np.ones(len(codes), np.bool_)
    is_first[1:] = (codes[1:] != codes[:-1]).any(axis=1)
    ends = [(int(traces[i]), batch.column("track")[i].as_py()) for i in (0, -1)]
    is_first[0] = ends[0] != last
    return is_first, ends[1]


def _insert(con: duckdb.DuckDBPyConnection, rows: Ints) -> None:
    if len(rows):
        columns = [
            numbers(values.astype(kind), values == _NO_PARENT if name == "parent_op_id" else None)
            for values, (name, kind) in zip(rows.T, _COLUMNS.items(), strict=True)
        ]
        con.from_arrow(pa.Table.from_arrays(columns, list(_COLUMNS))).insert_into("cpu_op_parent")


@_compiled
def _finish(stack: _Stack, depth: int, at: int, row: Ints) -> None:
    """Write the row of the operator at `depth`, which ends at `at`."""
    op = stack.rows[depth]
    row[0], row[1], row[3], row[4], row[5] = op[_TRACE], op[_ID], op[_ROOT], depth, at
    row[2] = stack.rows[depth - 1, _ID] if depth else _NO_PARENT
    row[6] = at - op[_START] - op[_CALLED]
    if depth:
        stack.rows[depth - 1, _CALLED] += at - op[_START]


@_compiled
def _close(stack: _Stack, at: int, out: Ints, count: int) -> int:
    """End what ends by `at`: an end closes what was opened last, whosever end it is."""
    while stack.size[0] and stack.ends[stack.size[0] - 1] <= at:
        stack.size[0] -= 1
        _finish(stack, stack.size[0], stack.ends[stack.size[0]], out[count])
        count += 1
    return count


@_compiled
def _sweep(operators: Ints, is_first: NDArray[np.bool_], stack: _Stack, out: Ints) -> int:
    """Open operators (trace, id, start, duration) in order, closing those before; rows written, or -1."""
    count = 0
    for i in range(len(operators)):
        start, duration = operators[i, 2], operators[i, 3]
        count = _close(stack, np.iinfo(np.int64).max if is_first[i] else start, out, count)
        depth = stack.size[0]
        if depth == stack.ends.size - 1:
            return -1
        op = stack.rows[depth]
        op[_TRACE], op[_ID], op[_START], op[_CALLED] = operators[i, 0], operators[i, 1], start, 0
        op[_ROOT] = stack.rows[depth - 1, _ROOT] if depth else op[_ID]
        if duration <= 0:
            _finish(stack, depth, start, out[count])
            count += 1
            continue
        place = depth
        while place and stack.ends[place - 1] < start + duration:
            stack.ends[place] = stack.ends[place - 1]
            place -= 1
        stack.ends[place] = start + duration
        stack.size[0] += 1
    return count
