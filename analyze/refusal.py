"""Traces whose shares of device time are refused, because the kernels in CUDA graphs are missing.

A share of what happened to be recorded outside graphs looks like any other share, so it is not given
at all. `ledger` and `trace_summary` still speak of such a trace, and `anomaly` says why.
"""

from __future__ import annotations

from collections.abc import Collection

import duckdb

from genscope.analyze.sql_file import SqlFile
from genscope.errors import UserError

ANOMALY = "graph_kernels_not_recorded"
_STILL_ANSWERED = frozenset({"ledger", "trace_summary"})


def allowed(
    con: duckdb.DuckDBPyConnection, relation: SqlFile, asked: Collection[int] | None
) -> Collection[int] | None:
    """The traces of `asked` (None: all of the study) whose rows of `relation` may be shown.

    Raises UserError, with the flag that mends the recording, if none is left.
    """
    if relation.name in _STILL_ANSWERED or "trace_id" not in relation.columns:
        return asked
    if not any(column.endswith("_frac") for column in relation.columns):
        return asked
    rows = con.table("anomaly").filter(f"kind = '{ANOMALY}'").fetchall()
    consequence = {int(row[0]): str(row[-1]) for row in rows}
    if not consequence:
        return asked
    every = [int(row[0]) for row in con.table("trace").project("trace_id").fetchall()]
    left = [number for number in (every if asked is None else asked) if number not in consequence]
    if not left:
        raise UserError(
            f"found no kernels inside CUDA graphs; expected them for {relation.name}: "
            f"{next(iter(consequence.values()))}"
        )
    return left
