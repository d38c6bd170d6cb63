"""Run a statement within DuckDB's memory limit, or with a larger limit if it doesn't fit."""

from __future__ import annotations

from contextlib import suppress

import duckdb

# some hash tables can't spill to disk
_LARGER_LIMITS = ("512MB", "1GB", "2GB", "4GB", "8GB")


def execute_within_memory(con: duckdb.DuckDBPyConnection, statement: str) -> int:
    """Run it and return how many rows it inserted.

    On out-of-memory retry with one thread, which needs less, then with larger limits.

    Raises duckdb.OutOfMemoryException if every limit is too small.
    """
    try:
        return _run(con, statement)
    except duckdb.OutOfMemoryException:
        return _retry(con, statement)


def _run(con: duckdb.DuckDBPyConnection, statement: str) -> int:
    rows = con.execute(statement).fetchall()
    return int(rows[0][0]) if rows else 0


def _retry(con: duckdb.DuckDBPyConnection, statement: str) -> int:
    threads, memory = con.execute(
        "SELECT current_setting('threads'), current_setting('memory_limit')"
    ).fetchall()[0]
    *retries, last = ["SET threads = 1", *(f"SET memory_limit = '{m}'" for m in _LARGER_LIMITS)]
    for retry in retries:
        con.execute(retry)
        with suppress(duckdb.OutOfMemoryException):
            count = _run(con, statement)
            break
    else:
        con.execute(last)
        count = _run(con, statement)
    con.execute(f"SET threads = {threads}")
    # fails while DuckDB still holds more than the old limit
    with suppress(duckdb.OutOfMemoryException):
        con.execute(f"SET memory_limit = '{memory}'")
    return count
