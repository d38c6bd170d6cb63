"""Fill cpu_op_parent in one pass over the operators of each thread, with a stack in C.

The rows equal those of queries/nesting/cpu_op_parent.sql, by the rules of nesting.sql. That SQL sorts
every start and every end several times, which takes a quarter of a big trace's attribution.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from genscope.analyze import native
from genscope.analyze.load.columns import BATCH, Columns, relation_of
from genscope.analyze.load.held import Held
from genscope.analyze.load.numbered import THREAD, Threads
from genscope.analyze.load.operators import Operators
from genscope.analyze.load.row_texts import RowTexts
from genscope.analyze.load.tables import transaction
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
# columns of operators, as _OPERATOR names them
_Batch: TypeAlias = list[NDArray[Any]]
# what to do with rows, by _ROW, which are gone afterwards
_Take: TypeAlias = Callable[[Columns], None]


class _UnorderedError(Exception):
    """The operators are not stored by thread and start."""


def fill_cpu_op_parent(con: duckdb.DuckDBPyConnection, held: Held) -> bool:
    """Insert one row per operator; false, and no rows, without the C library.

    Raises UserError if more than 65,536 are open at once.
    """
    if not native.library():
        return False
    operators = Operators(con, held.scratch(con))
    order = _Order(operators, held.threads(con))
    catalog = con.execute("SELECT current_database()").fetchall()[0][0]
    with con.cursor() as reading:
        reading.execute(f"USE {catalog}")
        try:
            with transaction(con):
                _insert(con, order.stored(reading), operators.nest_rows)
                if not order.is_kept:
                    raise _UnorderedError
            held.keep_operators(operators)
        except _UnorderedError:
            _insert(con, _in_order(reading), lambda _: None)
    return True


def _insert(con: duckdb.DuckDBPyConnection, batches: Iterator[_Batch], take: _Take) -> None:
    too_deep: list[int] = []
    # one statement, so that few rows wait in memory
    rows = pa.RecordBatchReader.from_batches(_SCHEMA, _nested(batches, take, too_deep))
    relation_of(con, rows).insert_into("cpu_op_parent")
    if too_deep:
        raise UserError(
            f"{con.table('trace').fetchall()[0][2]}: more than {_DEEPEST:,} operators of one thread are "
            "open at once, which can't be true; record the trace again"
        )


class _Order:
    """Whether operators come thread by thread, as they open; most readers store them so."""

    def __init__(self, operators: Operators, threads: Threads) -> None:
        self._operators, self._threads = operators, threads
        self.is_kept = True
        self._done: set[int] = set()

    def stored(self, con: duckdb.DuckDBPyConnection) -> Iterator[_Batch]:
        """Yield batches of operators as they are stored, until one comes too early."""
        places = self._operators.places.on(con)
        last: _Batch = [np.zeros(0, np.int64)] * 6
        columns = "trace_id", "op_id", "start_ns", "dur_ns", "coalesce(external_id, 0)"
        texts = RowTexts(con, "cpu_op", (THREAD, self._threads.of))
        for at, (track,), (trace, number, start, duration, tie) in texts.read(places, *columns):
            self._operators.begin(at, start, track)
            # a thread of each trace has a number of its own
            batch = [
                trace * len(self._threads.texts) + track,
                trace.astype(np.int32),
                number,
                start,
                duration,
                tie,
            ]
            seam = [np.append(one, other[:1]) for one, other in zip(last, batch, strict=True)]
            last = [values[-1:] for values in batch]
            self.is_kept = self._is_kept_by(seam) and self._is_kept_by(batch)
            if not self.is_kept:
                return
            yield batch[:-1]

    def _is_kept_by(self, batch: _Batch) -> bool:
        track, _, number, start, duration, tie = batch
        changes = track[:-1] != track[1:]
        begun = track[1:][changes].tolist()
        is_new = len({*begun}) == len(begun) and self._done.isdisjoint(begun)
        self._done.update(track[:1].tolist(), begun)
        same = np.flatnonzero(~changes & (start[1:] == start[:-1]))
        # of two that open at once, the longer one is the outer
        lower = np.stack([duration[same + 1], tie[same], number[same]])
        upper = np.stack([duration[same], tie[same + 1], number[same + 1]])
        first = np.argmax(lower != upper, axis=0), np.arange(len(same))
        is_late = changes | (start[1:] >= start[:-1])
        return is_new and bool(is_late.all() and (lower[first] <= upper[first]).all())


def _in_order(con: duckdb.DuckDBPyConnection) -> Iterator[_Batch]:
    """The operators by thread and start. Threads get numbers, because texts sort slowly."""
    operators = con.table("cpu_op")
    threads = operators.aggregate("trace_id, process_id, thread_id").project(
        "trace_id, process_id, thread_id, "
        "dense_rank() OVER (ORDER BY trace_id, concat_ws(' ', process_id, thread_id)) AS track"
    )
    same = ("trace_id", "process_id", "thread_id")
    condition = " AND ".join(f"op.{name} IS NOT DISTINCT FROM thread.{name}" for name in same)
    found = (
        operators.set_alias("op")
        .join(threads.set_alias("thread"), condition)
        .project(
            "track, op.trace_id AS trace_id, op_id, start_ns, dur_ns, "
            "coalesce(external_id, 0) AS tie"
        )
        .order("track, start_ns, dur_ns DESC, tie, op_id")
    )
    for batch in found.to_arrow_reader(BATCH):
        yield [as_numpy(batch.column(name), kind) for name, kind in _OPERATOR.items()]


def _nested(
    batches: Iterator[_Batch], take: _Take, too_deep: list[int]
) -> Iterator[pa.RecordBatch]:
    """Yield batches of rows; stop, and append to `too_deep`, where operators nest too deeply."""
    sweep = _Sweep(_DEPTH)
    for batch in batches:
        done = 0
        while done < len(batch[0]):
            done += sweep.open([column[done:] for column in batch])
            yield sweep.batch(take)
            if done < len(batch[0]):
                if 2 * sweep.depth > _DEEPEST:
                    too_deep.append(2 * sweep.depth)
                    return
                sweep.deepen()
    sweep.close()
    yield sweep.batch(take)


class _Sweep:
    """The open operators of one thread: int64[depth, 5] and their ends; and room for a batch of rows."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self._operators = np.zeros((depth, 5), np.int64)
        self._ends = np.zeros(depth, np.int64)
        # how many are open, and their track
        self._state = np.zeros(2, np.int64)
        self._count = 0
        self._make_room()

    def open(self, operators: _Batch) -> int:
        """Open operators, and close those that ended before: how many were done.

        Fewer are done than given if the stack is full.
        """
        count = ctypes.c_int64()
        done = _library().genscope_nest(
            native.Buffers(*operators), self._c_stack, self._c_rows, ctypes.byref(count)
        )
        self._count = count.value
        return _sound(done)

    def close(self) -> None:
        """Close all that are open."""
        self._count = _sound(_library().genscope_close(self._c_stack, self._c_rows))

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

    def batch(self, take: _Take) -> pa.RecordBatch:
        """The rows of those that were closed last."""
        rows = {name: values[: self._count] for name, values in self._rows.items()}
        take(rows)
        columns = [
            numbers(values, values == _NO_PARENT if name == "parent_op_id" else None)
            for name, values in rows.items()
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
