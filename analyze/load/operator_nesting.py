"""Fill cpu_op_parent in one pass over the operators of each thread, with a stack in C.

The rows equal those of queries/nesting/cpu_op_parent.sql, by the rules of nesting.sql. That SQL sorts
every start and every end several times, which takes a quarter of a big trace's attribution.
"""

import ctypes
from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from genscope.analyze import native
from genscope.analyze.load.columns import BATCH, relation_of
from genscope.analyze.readers.arrow_column import as_numpy, numbers
from genscope.errors import UserError

_DEPTH = 1 << 10
# an operator that outlasts its parents moves their ends; with a deeper stack that would take minutes
_DEEPEST = 1 << 16
_Integer = type[np.integer[Any]]
_OPERATOR: dict[str, _Integer] = {
    "track": np.int64,
    "trace_id": np.int32,
    "op_id": np.int64,
    "start_ns": np.int64,
    "dur_ns": np.int64,
}
_ROW: dict[str, _Integer] = {
    "trace_id": np.int32,
    "op_id": np.int64,
    "parent_op_id": np.int64,
    "root_op_id": np.int64,
    "depth": np.int32,
    "end_ns": np.int64,
    "self_ns": np.int64,
}
_SCHEMA = pa.schema([(name, pa.from_numpy_dtype(kind)) for name, kind in _ROW.items()])
_NO_PARENT = -1


def fill_cpu_op_parent(con: duckdb.DuckDBPyConnection) -> None:
    """Insert one row per operator. Raises UserError if more than 65,536 are open at once."""
    too_deep: list[int] = []
    catalog = con.execute("SELECT current_database()").fetchall()[0][0]
    with con.cursor() as reading:
        reading.execute(f"USE {catalog}")
        batches = _in_order(reading).to_arrow_reader(BATCH)
        # one statement, so that DuckDB writes rows in parallel while we compute the next ones
        rows = pa.RecordBatchReader.from_batches(_SCHEMA, _nested(batches, too_deep))
        relation_of(con, rows).insert_into("cpu_op_parent")
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
    sweep = _Sweep(_DEPTH)
    for batch in batches:
        operators = [as_numpy(batch.column(name), kind) for name, kind in _OPERATOR.items()]
        while len(operators[0]):
            done, rows = sweep.open(operators)
            yield rows
            operators = [column[done:] for column in operators]
            if len(operators[0]):
                if 2 * sweep.depth > _DEEPEST:
                    too_deep.append(2 * sweep.depth)
                    return
                sweep.deepen()
    yield sweep.close()


class _Sweep:
    """The open operators of one thread: int64[depth, 5] and their ends; and room for a batch of rows."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self._operators = np.zeros((depth, 5), np.int64)
        self._ends = np.zeros(depth, np.int64)
        # how many are open, and their track
        self._state = np.zeros(2, np.int64)
        self._make_room()

    def open(self, operators: list[NDArray[Any]]) -> tuple[int, pa.RecordBatch]:
        """Open operators, and close those that ended before: how many were done, and rows.

        Fewer are done than given if the stack is full.
        """
        count = ctypes.c_int64()
        done = _library().genscope_nest(
            native.Buffers(*operators), self._c_stack, self._c_rows, ctypes.byref(count)
        )
        return _sound(done), self._batch(count.value)

    def close(self) -> pa.RecordBatch:
        """Close all that are open."""
        return self._batch(_sound(_library().genscope_close(self._c_stack, self._c_rows)))

    def deepen(self) -> None:
        """Make room for twice as many open operators."""
        self._operators = np.concatenate([self._operators, np.zeros_like(self._operators)])
        self._ends = np.concatenate([self._ends, np.zeros_like(self._ends)])
        self.depth *= 2
        self._make_room()

    def _make_room(self) -> None:
        self._c_stack = native.Buffers(self._operators, self._ends, self._state)
        # rows of a batch and of the operators that were open before it
        self._rows: dict[str, NDArray[Any]] = {
            name: np.zeros(BATCH + self.depth, kind) for name, kind in _ROW.items()
        }
        self._c_rows = native.Buffers(*self._rows.values())

    def _batch(self, count: int) -> pa.RecordBatch:
        columns = [
            numbers(
                values[:count], values[:count] == _NO_PARENT if name == "parent_op_id" else None
            )
            for name, values in self._rows.items()
        ]
        return pa.RecordBatch.from_arrays(columns, schema=_SCHEMA)


def _library() -> ctypes.CDLL:
    library = native.library()
    assert library is not None
    return library


def _sound(count: int) -> int:
    if count < 0:
        raise AssertionError("the sweep's buffers don't fit each other")
    return count
