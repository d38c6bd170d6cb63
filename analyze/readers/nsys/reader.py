"""The reader of Nsight Systems as load uses it."""

from collections.abc import Collection
from pathlib import Path

import duckdb

from genscope.analyze.readers.nsys import read


def read_raw(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    folder: Path,
    *,
    keep: Collection[str],
    workers: int,
) -> None:
    """Create the relations nsys_*; a file of another program is refused at once. See readers.Reader."""
    read.load(path, con)


def check(con: duckdb.DuckDBPyConnection, path: Path, found: None) -> None:
    """Nothing is left to check."""
