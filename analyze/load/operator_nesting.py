"""Fill cpu_op_parent in one pass over the operators of each thread, with a stack compiled by Numba.

The rows equal those of queries/nesting/cpu_op_parent.sql, by the rules of nesting.sql. That SQL sorts
every start and every end several times, which takes a quarter of a big trace's attribution.
"""

from collections.abc import Iterator
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from genscope.analyze.readers.arrow_column import as_numpy, numbers
from genscope.errors import UserError

Ints = NDArray[np.int64]

_BATCH = 1 << 16
_DEPTH = 1 << 10
# an operator that outlasts its parents moves their ends; with a deeper stack that would take minutes
_DEEPEST = 1 << 16
# columns of an open operator: trace, id, start, outermost operator, time spent in its children
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
_SCHEMA = pa.schema([(name, pa.from_numpy_dtype(kind)) for name, kind in _COLUMNS.items()])
_NO_PARENT = -1

_compiled = njit(nogil=True, cache=True)


class _Stack(NamedTuple):
    """The open operators: `rows` int64[depth, 5], outermost first; `ends`, latest first; their `size`.

    `track` is the thread that they belong to.
    """

    rows: Ints
    ends: Ints
    size: Ints
    track: Ints


def fill_cpu_op_parent(con: duckdb.DuckDBPyConnection) -> None:
    """Insert one row per operator. Raises UserError if more than 65,536 are open at once."""
    too_deep: list[int] = []
    with con.cursor() as reading:
        batches = _in_order(reading).to_arrow_reader(_BATCH)
        # one statement, so that DuckDB writes rows in parallel while we compute the next ones
        rows = pa.RecordBatchReader.from_batches(_SCHEMA, _nested(batches, too_deep))
        # pass the C stream: DuckDB imports pandas for any other Arrow object
        con.from_arrow(rows.__arrow_c_stream__()).insert_into("cpu_op_parent")
    if too_deep:
        raise UserError(
            f"{con.table('trace').fetchall()[0][2]}: more than {_DEEPEST:,} operators of one thread are "
            "open at once, which can't be true; record the trace again"
        )


def _in_order(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """The operators by thread and start. Threads get numbers, because texts sort slowly."""
    operators = con.table("cpu_op")
    threads = operators.aggregate("trace_id, process_id, thread_id").project(
        "trace_id, process_id, thread_id, "
        "dense_rank() OVER (ORDER BY trace_id, concat_ws(' ', process_id, thread_id)) AS track"
    )
    same = ("trace_id", "process_id", "thread_id")
    condition = " AND ".join(f"op.{name} IS NOT DISTINCT FROM thread.{name}" for name in same)
    return (
        operators.set_alias("op")
        .join(threads.set_alias("thread"), condition)
        .project(
            "track, op.trace_id AS trace_id, op_id, start_ns, dur_ns, "
            "coalesce(external_id, 0) AS tie"
        )
        .order("track, start_ns, dur_ns DESC, tie, op_id")
    )


def _nested(batches: pa.RecordBatchReader, too_deep: list[int]) -> Iterator[pa.RecordBatch]:
    """Yield batches of rows; stop, and append to `too_deep`, where operators nest too deeply."""
    stack, out = _stack(_DEPTH), _out(_DEPTH)
    for batch in batches:
        operators = _matrix(batch)
        while len(operators):
            done, count = _sweep(operators, stack, out)
            yield _record_batch(out[:count])
            operators = operators[done:]
            if not len(operators):
                break
            depth = 2 * stack.ends.size
            if depth > _DEEPEST:
                too_deep.append(depth)
                return
            stack, out = _stack(depth, stack), _out(depth)
    yield _record_batch(out[: _close(stack, np.iinfo(np.int64).max, out, 0)])


def _stack(depth: int, filled: _Stack | None = None) -> _Stack:
    """A stack with room for `depth` open operators, holding those of `filled`."""
    rows, ends = np.zeros((depth, 5), np.int64), np.zeros(depth, np.int64)
    if filled is None:
        return _Stack(rows, ends, np.zeros(1, np.int64), np.zeros(1, np.int64))
    rows[: filled.ends.size], ends[: filled.ends.size] = filled.rows, filled.ends
    return _Stack(rows, ends, filled.size, filled.track)


def _out(depth: int) -> Ints:
    """Room for the rows of a batch and of the operators that were open before it."""
    return np.zeros((_BATCH + depth, len(_COLUMNS)), np.int64)


def _matrix(batch: pa.RecordBatch) -> Ints:
    columns = [
        as_numpy(batch.column(name), kind)
        for name, kind in (
            ("track", np.int64),
            ("trace_id", np.int32),
            ("op_id", np.int64),
            ("start_ns", np.int64),
            ("dur_ns", np.int64),
        )
    ]
    return np.stack(columns, axis=1).astype(np.int64, copy=False)


def _record_batch(rows: Ints) -> pa.RecordBatch:
    columns = [
        numbers(values.astype(kind), values == _NO_PARENT if name == "parent_op_id" else None)
        for values, (name, kind) in zip(rows.T, _COLUMNS.items(), strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=_SCHEMA)


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
    """Close the operators that end by `at`; each end closes the operator that was opened last."""
    while stack.size[0] and stack.ends[stack.size[0] - 1] <= at:
        stack.size[0] -= 1
        _finish(stack, stack.size[0], stack.ends[stack.size[0]], out[count])
        count += 1
    return count


@_compiled
def _sweep(operators: Ints, stack: _Stack, out: Ints) -> tuple[int, int]:
    """Open operators (track, trace, id, start, duration) and close those that ended before.

    Returns the number of operators done (fewer than given if the stack is full) and of rows written.
    """
    count = 0
    for i in range(len(operators)):
        start, duration = operators[i, 3], operators[i, 4]
        is_first = operators[i, 0] != stack.track[0]
        stack.track[0] = operators[i, 0]
        count = _close(stack, np.iinfo(np.int64).max if is_first else start, out, count)
        depth = stack.size[0]
        if depth == stack.ends.size - 1:
            return i, count
        op = stack.rows[depth]
        op[_TRACE], op[_ID], op[_START], op[_CALLED] = operators[i, 1], operators[i, 2], start, 0
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
    return len(operators), count
