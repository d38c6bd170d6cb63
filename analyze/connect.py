"""Open DuckDB databases: the only place that does, so that no connection ever loads an extension.

DuckDB offers to download code for whatever it does not know, be it a function or a file format. All
that genscope needs (json, parquet and icu) is part of the wheel.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

MEMORY = ":memory:"
_NO_EXTENSIONS = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
}
# a DuckDB file has these four bytes behind an eight-byte checksum
_MAGIC = slice(8, 12)


def connect(
    path: str | Path = MEMORY,
    *,
    read_only: bool = False,
    config: Mapping[str, Any] | None = None,
) -> duckdb.DuckDBPyConnection:
    """Open the database file at `path`, made if it is missing, or one in memory.

    `config` adds DuckDB settings. Raises duckdb.Error as duckdb.connect does, and
    duckdb.IOException for a file of another program.
    """
    settings = {**(config or {}), **_NO_EXTENSIONS}
    if str(path) == MEMORY:
        return duckdb.connect(MEMORY, read_only=read_only, config=settings)
    _refuse_foreign(Path(path))
    # an absolute path has no prefix, such as 'md:' or 'sqlite:', that DuckDB reads as an extension
    return duckdb.connect(str(Path(path).absolute()), read_only=read_only, config=settings)


def _refuse_foreign(path: Path) -> None:
    """Raise for a file that is not DuckDB's: of a SQLite file DuckDB would load an extension."""
    if not path.is_file() or path.stat().st_size == 0:
        return
    try:
        with path.open("rb") as file:
            head = file.read(_MAGIC.stop)
    except OSError:
        # DuckDB says why it cannot be opened
        return
    if head[_MAGIC] != b"DUCK":
        raise duckdb.IOException(f"{path} is not a valid DuckDB database file")
