"""Fill host_wait: each wait is looked up among the operators of its thread and the times of its devices.

The rows equal those of queries/idle/host_wait.sql. That SQL merges all times of a device and puts all
operators in order by the names of their threads, which takes seconds of a big trace for a few waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from genscope.analyze.load.columns import BATCH, Columns, places, relation_of, values_of
from genscope.analyze.load.held import Held
from genscope.analyze.load.launched import NONE, Activity
from genscope.analyze.load.numbered import THREAD
from genscope.analyze.load.scratch_arrays import Scratch
from genscope.analyze.load.sweep import Sweep, covered_before, fit
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


def fill_host_wait(con: duckdb.DuckDBPyConnection, held: Held) -> bool:
    """Insert its rows; false, and no rows, with Python frames or if times are too far apart for it."""
    called = _called(con)
    if not len(called):
        return True
    # frames of a program nest apart from those of torch
    if con.table("python_call").limit(1).fetchall():
        return False
    wait = {name: values_of(called, name, kind) for name, kind in _WAIT.items()}
    activity = held.events(con)
    if not (fit(Scratch(con), wait["start_ns"], wait["end_ns"]) and activity.fit()):
        return False
    busy_ns = _busy(con, called, wait, activity)
    idle_ns = wait["end_ns"] - wait["start_ns"] - busy_ns
    _insert(con, called, busy_ns, idle_ns, _innermost(con, wait, held))
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

    def look_up(waits: NDArray[np.int64], devices: Iterable[Sequence[Sweep]]) -> None:
        sweeps = list(chain.from_iterable(devices))
        if sweeps:
            moments = np.concatenate([wait["start_ns"][waits], wait["end_ns"][waits]])
            start, end = np.split(covered_before(activity.scratch, sweeps, moments), 2)
            busy_ns[waits] = end - start

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
            look_up(waits, devices.values())
            continue
        # such a trace says which process launched what
        for one in set(process[waits].tolist()):
            owned = [devices[d] for of, by, d in launched if (of, by) == (trace_id, one)]
            look_up(waits[process[waits] == one], owned)
    return busy_ns


def _innermost(con: duckdb.DuckDBPyConnection, wait: Columns, held: Held) -> NDArray[np.int64]:
    """The innermost operator around the start of each wait, or -1."""
    operators = held.operators(con)
    track = held.threads(con).of(wait["thread"])
    place = operators.innermost(wait["trace_id"], track, wait["start_ns"])
    found = np.full(len(place), NONE, np.int64)
    known = np.flatnonzero(place != operators.places.none)
    found[known] = operators.places.keys(place[known])[1]
    return found


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
