"""A query over some of a study's traces: its inputs are filtered, not its rows.

A mean over runs, a fit or a pair holds a trace that no column of its rows may name. Where the inputs
lack the trace, nothing that is made of them can hold it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cache

from genscope.analyze.sql_file import ROOMS, SqlFile, load_layer

_LAYERS = ("schema", *ROOMS)


def without(relation: SqlFile, trace_ids: Collection[int]) -> SqlFile:
    """The relation, none of whose rows rests on these traces."""
    return _filtered(relation, f"NOT IN ({_listed(trace_ids)})")


def only(relation: SqlFile, trace_ids: Collection[int]) -> SqlFile:
    """The relation as it is in a study of these traces alone."""
    return _filtered(relation, f"IN ({_listed(trace_ids)})")


def is_about_traces(relation: SqlFile) -> bool:
    """Whether any input has rows of traces: published figures and fleets have none."""
    return any(name in _trace_columns() for name in relation.inputs)


def _filtered(relation: SqlFile, test: str) -> SqlFile:
    """The statement, its inputs and its rows put through the test on every trace they name.

    An input's own name hides the table in the statement, as a common table expression does.
    """
    inputs = [
        f"{name} AS NOT MATERIALIZED (SELECT * FROM main.{name} WHERE {_passes(columns, test)})"
        for name, columns in _trace_columns().items()
        if name in relation.inputs
    ]
    if not inputs:
        return relation
    rows = _passes(_of_traces(relation.columns), test)
    statement = f"WITH {', '.join(inputs)} SELECT * FROM ({relation.statement}\n) WHERE {rows}"
    return replace(relation, statement=statement)


def _passes(columns: Collection[str], test: str) -> str:
    # a trace that isn't named, such as the baseline of a run without one, passes
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
    # no trace has the id -1: a list in SQL can't be empty
    return ", ".join(map(str, sorted(trace_ids))) or "-1"
