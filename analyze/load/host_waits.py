"""Fill host_wait: each wait is looked up among the operators of its thread and the times of its devices.

The rows equal those of queries/idle/host_wait.sql. That SQL merges all times of a device and puts all
operators in order by the names of their threads, which takes seconds of a big trace for a few waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from genscope.analyze.load.columns import BATCH, Columns, by_group, places, relation_of, values_of
from genscope.analyze.load.covered import Cover
from genscope.analyze.load.launched import NONE, Activity
from genscope.analyze.load.numbered import THREAD, At, Threads
from genscope.analyze.load.places import Places, read_batches
from genscope.analyze.load.scratch_arrays import Scratch
from genscope.analyze.load.sweep import Sweep, fit, stretches
from genscope.analyze.readers.arrow_column import numbers

# of a wait and its call: what is inserted as it is, and for the look-ups its end and thread
_CALLED = (
    "waiting.trace_id, waiting.call_id, waiting.kind, waiting.name AS call_name, call.process_id, "
    "call.thread_id, waiting.start_ns, waiting.end_ns - waiting.start_ns AS wait_ns, "
    f"waiting.end_ns, {THREAD.replace('(', '(call.').replace(', ', ', call.')} AS thread"
)
_WAIT: dict[str, type[np.integer[Any]]] = {
    "trace_id": np.int32,
    "start_ns": np.int64,
    "end_ns": np.int64,
    "thread": np.uint64,
}
# what the look-ups need, which is not inserted
_LOOKED_UP = ["end_ns", "thread"]


def fill_host_wait(con: duckdb.DuckDBPyConnection) -> bool:
    """Insert its rows; false, and no rows, with Python frames or if times are too far apart for it."""
    called = _called(con)
    if not len(called):
        return True
    # frames of a program nest apart from those of torch
    if con.table("python_call").limit(1).fetchall():
        return False
    wait = {name: values_of(called, name, kind) for name, kind in _WAIT.items()}
    scratch = Scratch(con)
    if not fit(scratch, wait["start_ns"], wait["end_ns"]):
        return False
    activity = Activity(con, scratch)
    if not activity.fit():
        return False
    busy_ns = _busy(con, called, wait, activity)
    idle_ns = wait["end_ns"] - wait["start_ns"] - busy_ns
    _insert(con, called, busy_ns, idle_ns, _innermost(con, wait, scratch))
    return True


def _called(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """The waits with their calls."""
    waiting = con.table("waiting_call").filter("NOT is_nested").set_alias("waiting")
    call = con.table("runtime_call").set_alias("call")
    same = "waiting.trace_id = call.trace_id AND waiting.call_id = call.call_id"
    return waiting.join(call, same).project(_CALLED).to_arrow_table(BATCH)


def _busy(
    con: duckdb.DuckDBPyConnection, called: pa.Table, wait: Columns, activity: Activity
) -> NDArray[np.int64]:
    """ns of each wait in which a device that its process waits for was busy."""
    busy_ns = np.zeros(len(called), np.int64)
    named = con.table("trace").filter("format = 'nsys'").project("trace_id").fetchall()
    of_process = {row[0] for row in named}
    launched = set[tuple[int, str | None, int]]()
    for table in ("kernel", "gpu_copy") if of_process else ():
        launched |= set(
            con.table(table).project("trace_id, process_id, device_id").distinct().fetchall()
        )
    process = np.array(called.column("process_id").to_pylist(), object)
    for trace_id, waits in places(wait["trace_id"]).items():
        devices = activity.sweeps(activity.rows(trace_id))
        if trace_id not in of_process:
            _look_up(activity, list(devices.values()), wait, waits, busy_ns)
            continue
        # such a trace says which process launched what
        for one in set(process[waits].tolist()):
            owned = [devices[d] for of, by, d in launched if (of, by) == (trace_id, one)]
            _look_up(activity, owned, wait, waits[process[waits] == one], busy_ns)
    return busy_ns


def _look_up(
    activity: Activity,
    devices: Sequence[Sequence[Sweep]],
    wait: Columns,
    waits: NDArray[np.int64],
    busy_ns: NDArray[np.int64],
) -> None:
    start, end = wait["start_ns"][waits], wait["end_ns"][waits]
    sweeps = [sweep for streams in devices for sweep in streams]
    for sweep in sweeps:
        sweep.restart()
    for since, until, parts in stretches(sweeps):
        rows = np.concatenate([np.zeros(0, np.int32), *parts])
        busy = Cover(*(np.clip(at[rows], since, until) for at in (activity.start, activity.end)))
        busy_ns[waits] += busy.upto(end) - busy.upto(start)
        activity.scratch.release()


def _innermost(
    con: duckdb.DuckDBPyConnection, wait: Columns, scratch: Scratch
) -> NDArray[np.int64]:
    """The innermost operator around the start of each wait, or -1."""
    operators = Places(con, "cpu_op", "op_id")
    parent, depth = (scratch.new(operators.none + 1, operators.none, np.int32) for _ in range(2))
    end = scratch.new(operators.none + 1, np.iinfo(np.int64).max, np.int64)
    columns = ("trace_id", "coalesce(parent_op_id, -1)", "depth", "end_ns")
    for at, trace, parent_op, how_deep, end_ns in operators.read("cpu_op_parent", *columns):
        parent[at], depth[at], end[at] = operators.of(trace, parent_op), how_deep, end_ns
        scratch.release()
    place = _last_begun(con, wait, operators, depth, scratch)
    # the last one that has begun is open, or one around it is, or none
    start = wait["start_ns"]
    while len(closed := np.flatnonzero(end[place] <= start)):
        place[closed] = parent[place[closed]]
    found = np.full(len(place), NONE, np.int64)
    known = np.flatnonzero(place != operators.none)
    found[known] = operators.keys(place[known])[1]
    return found


def _last_begun(
    con: duckdb.DuckDBPyConnection, wait: Columns, operators: Places, depth: At, scratch: Scratch
) -> At:
    """The place of the last operator that begins on the thread of each wait by its start, or of none."""
    threads = Threads(con, ["runtime_call", "cpu_op"])
    track = threads.of(wait["thread"])
    groups = list(by_group(wait["trace_id"], track))
    place = np.full(len(track), operators.none, np.int32)
    latest = np.full(len(track), np.iinfo(np.int64).min)
    for trace, number, start, thread in read_batches(
        con.table("cpu_op"), "trace_id", "op_id", "start_ns", THREAD
    ):
        at, of_thread = operators.of(trace, number), threads.of(thread)
        for waits in groups:
            first = waits[0]
            rows = np.flatnonzero((of_thread == track[first]) & (trace == wait["trace_id"][first]))
            if not len(rows):
                continue
            # of operators with one start, the deeper one opens later
            rows = rows[np.lexsort((depth[at[rows]], start[rows]))]
            last = np.searchsorted(start[rows], wait["start_ns"][waits], side="right") - 1
            begun, last = waits[last >= 0], rows[last[last >= 0]]
            is_later = start[last] > latest[begun]
            is_deeper = (start[last] == latest[begun]) & (depth[at[last]] > depth[place[begun]])
            begun, last = (some[is_later | is_deeper] for some in (begun, last))
            place[begun], latest[begun] = at[last], start[last]
        scratch.release()
    return place


def _insert(
    con: duckdb.DuckDBPyConnection,
    called: pa.Table,
    busy_ns: NDArray[np.int64],
    idle_ns: NDArray[np.int64],
    op_id: NDArray[np.int64],
) -> None:
    """Insert the waits with the names of their operators."""
    rows = called.drop_columns(_LOOKED_UP)
    for name, column in (
        ("device_busy_ns", numbers(busy_ns)),
        ("device_idle_ns", numbers(idle_ns)),
        ("op_id", numbers(op_id, op_id == NONE)),
    ):
        rows = rows.append_column(name, column)
    waits = relation_of(con, rows).set_alias("wait")
    op_name = "NULL::VARCHAR"
    # planning the join takes a millisecond
    if (op_id != NONE).any():
        same = "wait.trace_id = op.trace_id AND wait.op_id = op.op_id"
        waits = waits.join(con.table("cpu_op").set_alias("op"), same, "left")
        op_name = "op.name"
    waits.project(f"wait.*, {op_name}, NULL::BIGINT, NULL::VARCHAR").insert_into("host_wait")
