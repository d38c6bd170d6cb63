"""The Kineto reader as load uses it."""

from collections.abc import Collection
from pathlib import Path

import duckdb

from genscope.analyze.readers.kineto import facts, origin, read


def read_raw(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    folder: Path,
    *,
    keep: Collection[str],
    workers: int,
) -> read.KinetoFile:
    """Create kineto_chunk, its texts and the tables of the header; see readers.Reader."""
    found = read.read(con, path, folder, keep=keep, workers=workers)
    facts.create_header_tables(con, folder.parent, path, found, keep=keep)
    return found


def check(con: duckdb.DuckDBPyConnection, path: Path, found: read.KinetoFile) -> None:
    """Refuse Chrome JSON of other programs; `con` holds kineto_text."""
    origin.refuse_others(con, path, found)
