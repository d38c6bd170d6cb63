"""Run a query over some of a study's traces by filtering its inputs, not its rows.

A mean over runs, a fit or a pair can depend on a trace that no column of its rows names. If the inputs
lack the trace, nothing computed from them can depend on it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cache

from genscope.analyze.sql_file import ROOMS, SqlFile, load_layer

_LAYERS = ("schema", *ROOMS)


def without(relation: SqlFile, trace_ids: Collection[int]) -> SqlFile:
    """The relation without any row that depends on these traces."""
    return _filtered(relation, f"NOT IN ({_listed(trace_ids)})")


def only(relation: SqlFile, trace_ids: Collection[int]) -> SqlFile:
    """The relation as it would be in a study of these traces only."""
    return _filtered(relation, f"IN ({_listed(trace_ids)})")


def is_about_traces(relation: SqlFile) -> bool:
    """Whether any input has rows from traces, unlike published figures and fleet jobs."""
    return any(name in _trace_columns() for name in relation.inputs)


def _filtered(relation: SqlFile, test: str) -> SqlFile:
    """Filter the inputs and rows of a statement by a test on every trace that they name.

    Each input becomes a common table expression that hides the table, view or expression of the same name.
    """
    inputs = [
        f"{name} AS NOT MATERIALIZED (SELECT * FROM {name} WHERE {_passes(columns, test)})"
        for name, columns in _trace_columns().items()
        if name in relation.inputs
    ]
    if not inputs:
        return relation
    rows = _passes(_of_traces(relation.columns), test)
    statement = f"WITH {', '.join(inputs)} SELECT * FROM ({relation.statement}\n) WHERE {rows}"
    return replace(relation, statement=statement)


def _passes(columns: Collection[str], test: str) -> str:
    # NULL passes: a run may have no baseline
    return " AND ".join(f"coalesce({column} {test}, true)" for column in columns) or "true"


@cache
def _trace_columns() -> Mapping[str, tuple[str, ...]]:
    """The columns of each table and view that hold a trace_id."""
    files = [file for layer in _LAYERS for file in load_layer(layer)]
    named = {file.name: _of_traces(file.columns) for file in files}
    return {name: columns for name, columns in named.items() if columns}


def _of_traces(columns: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in columns if name == "trace_id" or name.endswith("_trace_id"))


def _listed(trace_ids: Collection[int]) -> str:
    # a list in SQL can't be empty, and no trace has the id -1
    return ", ".join(map(str, sorted(trace_ids))) or "-1"
