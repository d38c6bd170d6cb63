"""Fill host_wait: each wait is looked up among the operators of its thread and the times of its devices.

The rows equal those of queries/idle/host_wait.sql. That SQL merges all times of a device and puts all
operators in order by the names of their threads, which takes seconds of a big trace for a few waits.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from genscope.analyze.load.columns import (
    BATCH,
    Asked,
    Columns,
    by_group,
    places,
    read,
    relation_of,
    values_of,
)
from genscope.analyze.load.covered import Cover
from genscope.analyze.load.device_activity import all_fit
from genscope.analyze.load.device_gaps import NONE
from genscope.analyze.readers.arrow_column import numbers

Places = NDArray[np.int64]

_SPAN: Asked = {
    "trace_id": ("trace_id", np.int32),
    "start_ns": ("start_ns", np.int64),
    "end_ns": ("end_ns", np.int64),
}
_TRACK: Asked = {"track": ("hash(track)", np.uint64)}
_WAIT: Asked = {**_SPAN, **_TRACK, "call_id": ("call_id", np.int64)}
# of a wait and its call: what is inserted as it is, and for the look-ups its end and thread
_CALLED = (
    "waiting.trace_id, waiting.call_id, waiting.kind, waiting.name AS call_name, call.process_id, "
    "call.thread_id, waiting.start_ns, waiting.end_ns - waiting.start_ns AS wait_ns, "
    "waiting.end_ns, hash(waiting.track) AS track"
)
_OPERATOR: Asked = {
    **_SPAN,
    **_TRACK,
    "op_id": ("slice_id", np.int64),
    "parent_id": ("coalesce(parent_id, -1)", np.int64),
    "depth": ("depth::INTEGER", np.int32),
}
# the device of an event, and the process that launched it
_LAUNCHED: Asked = {
    **_SPAN,
    "device_id": ("device_id", np.int32),
    "process": ("hash(process_id)", np.uint64),
}
_CALLER: Asked = {"call_id": ("call_id", np.int64), "process": ("hash(process_id)", np.uint64)}
_EVENT = "trace_id, start_ns, start_ns + dur_ns AS end_ns"


def fill_host_wait(con: duckdb.DuckDBPyConnection) -> bool:
    """Insert its rows; false, and no rows, with Python frames or if times are too far apart for it."""
    called = _called(con)
    if not len(called):
        return True
    wait = {name: values_of(called, name, kind) for name, (_, kind) in _WAIT.items()}
    # frames of a program nest apart from those of torch
    if con.table("python_call").limit(1).fetchall():
        return False
    events = (con.table(name).project(_EVENT) for name in ("kernel", "gpu_copy"))
    device = read(next(events).union(next(events)), _SPAN)
    if not (all_fit(wait) and all_fit(device)):
        return False
    busy_ns = _busy(con, wait, device)
    device.clear()
    idle_ns = wait["end_ns"] - wait["start_ns"] - busy_ns
    _insert(con, called, busy_ns, idle_ns, _innermost(con, wait))
    return True


def _called(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """The waits with their calls."""
    waiting = con.table("waiting_call").filter("NOT is_nested").set_alias("waiting")
    call = con.table("runtime_call").set_alias("call")
    same = "waiting.trace_id = call.trace_id AND waiting.call_id = call.call_id"
    return waiting.join(call, same).project(_CALLED).to_arrow_table(BATCH)


def _busy(con: duckdb.DuckDBPyConnection, wait: Columns, device: Columns) -> NDArray[np.int64]:
    """ns of each wait in which a device that its process waits for was busy."""
    busy_ns = np.zeros(len(wait["call_id"]), np.int64)
    of_trace = places(device["trace_id"])
    named = con.table("trace").filter("format = 'nsys'").project("trace_id").fetchall()
    of_process = {row[0] for row in named}
    for trace_id, waits in places(wait["trace_id"]).items():
        if trace_id in of_process:
            _busy_of_processes(con, wait, waits, busy_ns)
        elif trace_id in of_trace:
            _look_up(wait, waits, _cover(device, of_trace[trace_id]), busy_ns)
    return busy_ns


def _busy_of_processes(
    con: duckdb.DuckDBPyConnection, wait: Columns, waits: Places, busy_ns: NDArray[np.int64]
) -> None:
    """The same in a trace that says which process launched what, for the waits of one trace."""
    of_this = f"trace_id = {int(wait['trace_id'][waits[0]])}"
    event = read(con.table("device_event").filter(of_this), _LAUNCHED)
    caller = read(con.table("runtime_call").filter(of_this), _CALLER)
    order = np.argsort(caller["call_id"])
    at = order[np.searchsorted(caller["call_id"], wait["call_id"][waits], sorter=order)]
    process = caller["process"][at]
    for one in np.unique(process):
        devices = np.unique(event["device_id"][event["process"] == one])
        owned = np.flatnonzero(np.isin(event["device_id"], devices))
        _look_up(wait, waits[process == one], _cover(event, owned), busy_ns)


def _cover(span: Columns, rows: Places) -> Cover:
    return Cover(span["start_ns"][rows], span["end_ns"][rows])


def _look_up(wait: Columns, waits: Places, busy: Cover, busy_ns: NDArray[np.int64]) -> None:
    busy_ns[waits] = busy.upto(wait["end_ns"][waits]) - busy.upto(wait["start_ns"][waits])


def _innermost(con: duckdb.DuckDBPyConnection, wait: Columns) -> NDArray[np.int64]:
    """The innermost operator around the start of each wait, or -1."""
    of_threads = con.table("operator_slice").join(
        con.table("waiting_call"), "trace_id, track", "semi"
    )
    operator = read(of_threads, _OPERATOR)
    found = np.full(len(wait["call_id"]), NONE, np.int64)
    threads_of: Mapping[tuple[int, int], Places] = {
        _thread(operator, rows): rows for rows in by_group(operator["trace_id"], operator["track"])
    }
    for waits in by_group(wait["trace_id"], wait["track"]):
        rows = threads_of.get(_thread(wait, waits))
        if rows is not None:
            found[waits] = _around(operator, rows, wait["start_ns"][waits])
    return found


def _thread(of: Columns, rows: Places) -> tuple[int, int]:
    return int(of["trace_id"][rows[0]]), int(of["track"][rows[0]])


def _around(operator: Columns, rows: Places, at: NDArray[np.int64]) -> NDArray[np.int64]:
    """The innermost of one thread's operators that is open at each moment, or -1."""
    # of operators with one start, the deeper one opens later
    rows = rows[np.lexsort((operator["depth"][rows], operator["start_ns"][rows]))]
    by_id = np.argsort(operator["op_id"][rows])
    ids, end = operator["op_id"][rows][by_id], operator["end_ns"][rows]
    parent = operator["parent_id"][rows]
    # the last one that has begun is open, or one around it is, or none
    place = np.searchsorted(operator["start_ns"][rows], at, side="right") - 1
    while len(closed := np.flatnonzero((place >= 0) & (end[place] <= at))):
        above = parent[place[closed]]
        outer = by_id[np.minimum(np.searchsorted(ids, above), len(ids) - 1)]
        place[closed] = np.where(above == NONE, NONE, outer)
    return np.where(place >= 0, operator["op_id"][rows][place], NONE)


def _insert(
    con: duckdb.DuckDBPyConnection,
    called: pa.Table,
    busy_ns: NDArray[np.int64],
    idle_ns: NDArray[np.int64],
    op_id: NDArray[np.int64],
) -> None:
    """Insert the waits with the names of their operators."""
    rows = called.drop_columns(["end_ns", "track"])
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
