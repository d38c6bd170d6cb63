"""Run a statement within DuckDB's memory limit, or with a larger limit if it doesn't fit."""

from __future__ import annotations

from contextlib import suppress

import duckdb

# some hash tables can't spill to disk
_LARGER_LIMITS = ("512MB", "1GB", "2GB", "4GB", "8GB")


def execute_within_memory(con: duckdb.DuckDBPyConnection, statement: str) -> None:
    """Run it; on out-of-memory retry with one thread, which needs less, then with larger limits.

    Raises duckdb.OutOfMemoryException if every limit is too small.
    """
    try:
        con.execute(statement)
    except duckdb.OutOfMemoryException:
        _retry(con, statement)


def _retry(con: duckdb.DuckDBPyConnection, statement: str) -> None:
    threads, memory = con.execute(
        "SELECT current_setting('threads'), current_setting('memory_limit')"
    ).fetchall()[0]
    *retries, last = ["SET threads = 1", *(f"SET memory_limit = '{m}'" for m in _LARGER_LIMITS)]
    for retry in retries:
        con.execute(retry)
        with suppress(duckdb.OutOfMemoryException):
            con.execute(statement)
            break
    else:
        con.execute(last)
        con.execute(statement)
    con.execute(f"SET threads = {threads}")
    # fails while DuckDB still holds more than the old limit
    with suppress(duckdb.OutOfMemoryException):
        con.execute(f"SET memory_limit = '{memory}'")
