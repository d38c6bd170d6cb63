"""Refuse answers about device time for traces that lack the kernels inside CUDA graphs.

Without those kernels a share, speedup or mean would look normal and be wrong, so no row that depends on
such a trace is returned. `ledger` and `trace_summary` still show the trace, and `anomaly` says why.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import duckdb

from genscope.analyze import chosen, trace_filter
from genscope.analyze.load.kept_views import with_views
from genscope.analyze.load.tables import create_temporary
from genscope.analyze.sql_file import SqlFile
from genscope.errors import UserError

# refused traces, each with the kind of its anomaly and the consequence for its numbers
Refused = Mapping[int, tuple[str, str]]
# the anomalies for which a trace is refused, each with what is missing
ANOMALIES = {"graph_kernels_not_recorded": "kernels inside CUDA graphs were not recorded"}
# the parameters of a comparison that name its traces
_SIDES = frozenset({"first", "second"})
_STILL_ANSWERED = frozenset({"ledger", "trace_summary"})
_DEVICE_TIME = frozenset(
    {
        *("kernel", "gpu_copy", "kernel_time", "device_busy", "component_busy"),
        *("category_time", "run_pair", "run_measurement"),
        *("device_event", "device_layer", "device_overlap", "idle_gap", "launch", "host_wait"),
        *("step_state", "communication"),
        *("rank_collective", "rank_busy"),
        *("placed_gap", "opportunity_item", "waiting_call"),
        *("path_given", "path_event", "path_run", "path_window", "critical_path"),
        *("replayed_kernel", "graph_pair", "graph_kernel"),
    }
)


def refused(con: duckdb.DuckDBPyConnection) -> Refused:
    """The refused traces."""
    rows = con.table("anomaly").project("trace_id, kind, consequence").order("trace_id").fetchall()
    return {
        int(trace_id): (str(kind), str(consequence))
        for trace_id, kind, consequence in rows
        if kind in ANOMALIES
    }


def rests_on_device_time(relation: SqlFile) -> bool:
    """Whether missing kernels make the relation's numbers wrong."""
    if relation.name in _STILL_ANSWERED or not trace_filter.is_about_traces(relation):
        return False
    return (
        any(_holds_work(name) for name in relation.inputs)
        or any(column.endswith("_frac") for column in relation.columns)
        # lengths and sizes of attention calls are right without kernels, times aren't
        or (
            "attention_call" in relation.inputs and any(c.endswith("_ns") for c in relation.columns)
        )
    )


def create_metrics(
    con: duckdb.DuckDBPyConnection,
    metrics: Iterable[SqlFile],
    ids: Refused,
    tables: Collection[str] = (),
) -> None:
    """Create the metrics, each after those that it reads, without rows that depend on a refused trace.

    The user's own SQL over these views then doesn't see those rows either. `tables` are views that are
    tables of the connection.
    """
    for metric in metrics:
        create_temporary(con, with_views(without_refused(metric, ids), tables))


def without_refused(metric: SqlFile, ids: Refused) -> SqlFile:
    """The metric without rows that depend on a refused trace."""
    return trace_filter.without(metric, ids) if ids and rests_on_device_time(metric) else metric


def answerable_traces(
    con: duckdb.DuckDBPyConnection,
    relation: SqlFile,
    asked: Collection[int] | None,
    ids: Refused,
) -> Collection[int] | None:
    """The traces of `asked` (None: all of the study) for which `relation` can be answered.

    Raises UserError, with the flag that makes a recording complete, if there is none.
    """
    without = ids if rests_on_device_time(relation) else {}
    if not without:
        return asked
    every = [int(row[0]) for row in con.table("trace").project("trace_id").fetchall()]
    wanted = every if asked is None else asked
    left = [number for number in wanted if number not in without]
    if wanted and not left:
        _, first = next(without[number] for number in wanted)
        raise UserError(f"{relation.name} can't be answered: {first}")
    return left


def check_sides(
    con: duckdb.DuckDBPyConnection, relation: SqlFile, params: Mapping[str, Any], ids: Refused
) -> None:
    """Raise UserError if a side of a comparison of two traces names no trace, or only refused ones."""
    if relation.params.keys() >= _SIDES:
        for side in _SIDES & params.keys():
            answerable_traces(con, relation, chosen.named(con, str(params[side])), ids)


def compared(
    con: duckdb.DuckDBPyConnection,
    relation: SqlFile,
    params: Mapping[str, Any],
    names: Mapping[int, str],
) -> dict[int, str]:
    """The traces of `names` that an answer rests on: for a comparison, those of the sides it is given."""
    if not (relation.params.keys() >= _SIDES and params.keys() >= _SIDES):
        return dict(names)
    kept = {number for side in _SIDES for number in chosen.named(con, str(params[side]))}
    return {number: name for number, name in names.items() if number in kept}


def _holds_work(name: str) -> bool:
    return name in _DEVICE_TIME or name == "work" or name.startswith("work_")
