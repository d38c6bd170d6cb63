"""Find the traces of a study that a name, path or glob means."""

from __future__ import annotations

import re

import duckdb

from genscope.analyze.load.tables import quoted
from genscope.analyze.near import no_such_trace
from genscope.errors import UserError


def names(con: duckdb.DuckDBPyConnection) -> dict[int, str]:
    """The name of each trace by trace_id, in this order."""
    return dict(con.table("trace").project("trace_id, name").order("trace_id").fetchall())


def matching(con: duckdb.DuckDBPyConnection, pattern: str) -> list[int]:
    """The traces with exactly this name or path, else those that it matches as a glob.

    Raises UserError if there is none.
    """
    return _chosen(con, pattern, "name = {0} OR path = {0}", "name GLOB {0} OR path GLOB {0}")


def named(con: duckdb.DuckDBPyConnection, pattern: str) -> list[int]:
    """The traces whose name a glob matches. Raises UserError if there is none."""
    return _chosen(con, pattern, "name GLOB {0}")


def _chosen(con: duckdb.DuckDBPyConnection, pattern: str, *tests: str) -> list[int]:
    traces = con.table("trace")
    for test in tests:
        # a list of parameters makes DuckDB import pandas
        rows = traces.filter(test.format(f"'{quoted(pattern)}'")).project("trace_id").fetchall()
        if rows:
            return [int(row[0]) for row in rows]
    raise UserError(no_such_trace(pattern, names(con).values()))


def literal(name: str) -> str:
    """A glob that matches this name only."""
    return re.sub(r"[*?[\\]", r"[\g<0>]", name)
