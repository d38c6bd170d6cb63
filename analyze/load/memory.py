"""Run a statement within DuckDB's memory limit, or with a larger limit if it doesn't fit."""

from __future__ import annotations

from contextlib import suppress
from threading import Lock

import duckdb

# some hash tables can't spill to disk
_LARGER_LIMITS = ("512MB", "1GB", "2GB", "4GB", "8GB")
# a limit holds for all statements that run at the same time, so one retries after the other
_RETRYING = Lock()


def execute_within_memory(con: duckdb.DuckDBPyConnection, statement: str) -> int:
    """Run it and return how many rows it inserted.

    On out-of-memory retry with larger limits.

    Raises duckdb.OutOfMemoryException if every limit is too small.
    """
    try:
        return _run(con, statement)
    except duckdb.OutOfMemoryException:
        with _RETRYING:
            return _retry(con, statement)


def _run(con: duckdb.DuckDBPyConnection, statement: str) -> int:
    rows = con.execute(statement).fetchall()
    return int(rows[0][0]) if rows else 0


def _retry(con: duckdb.DuckDBPyConnection, statement: str) -> int:
    memory = con.execute("SELECT current_setting('memory_limit')").fetchall()[0][0]
    # the same limit first: another statement may have used it up
    *limits, last = (memory, *_LARGER_LIMITS)
    for limit in limits:
        with suppress(duckdb.OutOfMemoryException):
            con.execute(f"SET memory_limit = '{limit}'")
            count = _run(con, statement)
            break
    else:
        con.execute(f"SET memory_limit = '{last}'")
        count = _run(con, statement)
    # fails while DuckDB still holds more than the old limit
    with suppress(duckdb.OutOfMemoryException):
        con.execute(f"SET memory_limit = '{memory}'")
    return count
