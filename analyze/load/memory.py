"""Run work within DuckDB's memory limit, or with a larger limit if it doesn't fit."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from threading import Lock
from typing import TypeVar

import duckdb

# some hash tables can't spill to disk
_LARGER_LIMITS = ("512MB", "1GB", "2GB", "4GB", "8GB")
# a limit holds for all statements that run at the same time, so one retries after the other
_RETRYING = Lock()

_Result = TypeVar("_Result")


def give_back(con: duckdb.DuckDBPyConnection) -> None:
    """Return freed memory to the system, which C's library and DuckDB keep for what is asked for next.

    That is 60 MB of a load, and all that DuckDB's limit allows.
    """
    trim = getattr(_c_library(), "malloc_trim", None)
    if trim:
        trim(0)
    # who retries has set another limit, and would lose it
    if _RETRYING.acquire(blocking=False):
        try:
            # DuckDB gives back what is free when it gets a limit
            with suppress(duckdb.OutOfMemoryException):
                con.execute(f"SET memory_limit = '{_limit(con)}'")
        finally:
            _RETRYING.release()


@cache
def _c_library() -> object:
    # only Linux has the function
    return ctypes.CDLL(None) if sys.platform == "linux" else None


def execute_within_memory(con: duckdb.DuckDBPyConnection, statement: str) -> int:
    """Run it and return how many rows it inserted.

    On out-of-memory retry with larger limits.

    Raises duckdb.OutOfMemoryException if every limit is too small.
    """
    return within_memory(con, partial(_execute, con, statement))


def within_memory(
    con: duckdb.DuckDBPyConnection,
    run: Callable[[], _Result],
    undo: Callable[[], object] | None = None,
) -> _Result:
    """What `run` returns; on out-of-memory `undo` what it did, and run it with larger limits.

    Raises duckdb.OutOfMemoryException if every limit is too small.
    """
    try:
        return run()
    except duckdb.OutOfMemoryException:
        with _RETRYING:
            return _retry(con, run, undo or (lambda: None))


def _execute(con: duckdb.DuckDBPyConnection, statement: str) -> int:
    rows = con.execute(statement).fetchall()
    return int(rows[0][0]) if rows else 0


def _limit(con: duckdb.DuckDBPyConnection) -> str:
    limit: str = con.execute("SELECT current_setting('memory_limit')").fetchall()[0][0]
    return limit


def _retry(
    con: duckdb.DuckDBPyConnection, run: Callable[[], _Result], undo: Callable[[], object]
) -> _Result:
    memory = _limit(con)
    # the same limit first: another statement may have used it up
    *limits, last = (memory, *_LARGER_LIMITS)
    for limit in limits:
        with suppress(duckdb.OutOfMemoryException):
            con.execute(f"SET memory_limit = '{limit}'")
            undo()
            result = run()
            break
    else:
        con.execute(f"SET memory_limit = '{last}'")
        undo()
        result = run()
    # fails while DuckDB still holds more than the old limit
    with suppress(duckdb.OutOfMemoryException):
        con.execute(f"SET memory_limit = '{memory}'")
    return result
