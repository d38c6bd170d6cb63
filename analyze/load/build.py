"""Build one trace in its own scratch database: read, stage, attribute.

A scratch database holds one trace, so no statement filters by trace, DuckDB's limit bounds the memory,
and a load that dies leaves the study as it was. Small traces share a database: see small_traces.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from genscope.analyze.connect import connect
from genscope.analyze.load import attribution, staging, tables
from genscope.analyze.load.trace_file import TraceFile
from genscope.analyze.readers import reader_of
from genscope.analyze.readers.json_relation import create_relation
from genscope.errors import UserError

DATABASE = "trace.duckdb"
_CATALOG = "built"
# MB of DuckDB's buffers by statements that run at a time; it spills the rest into the scratch folder
_MEMORY = {1: 80, 2: 140}
# of them while the attribution tables are filled, whose passes hold arrays besides
_ATTRIBUTION_MEMORY = 100

TRACE_FILE = {
    "trace_id": "INTEGER",
    "name": "VARCHAR",
    "path": "VARCHAR",
    "digest": "VARCHAR",
    "size_bytes": "BIGINT",
    "model": "VARCHAR",
    "family": "VARCHAR",
    "attention": "VARCHAR",
    "profiler": "VARCHAR",
    "predicted": "BOOLEAN",
    "manifest": "JSON",
    "device_name": "VARCHAR",
    "device": "JSON",
    "odd_manifest_count": "BIGINT",
    "odd_manifest_example": "VARCHAR",
}


@dataclass(frozen=True)
class BuiltTrace:
    """A finished scratch database, the number of events in the trace's file, and whether that is whole."""

    path: Path
    event_count: int
    complete: bool


def build_trace(
    found: TraceFile,
    folder: Path,
    *,
    keep: Collection[str] = (),
    threads: int = 2,
    wanted: Collection[str] | None = None,
    empty: bytes | None = None,
) -> BuiltTrace:
    """Create `folder` and the trace's database in it. `keep` is as in kineto.read; `threads` is 1 or 2.

    Of the attribution tables, only those `wanted` are filled, and what they read; all of them by
    default. `empty` holds the bytes of a study without traces to start from.

    Raises UserError if the file is not a trace, and leaves the folder for the caller to remove.
    """
    con = open_scratch(folder, threads=threads, empty=empty)
    known_names = _names(con)
    try:
        digest = stage(con, found, folder, keep=keep, threads=threads)
        if threads > 1:
            with suppress(duckdb.OutOfMemoryException):
                con.execute(f"SET memory_limit = '{_ATTRIBUTION_MEMORY}MB'")
        attribution.attribute(con, wanted, workers=threads)
        con.execute(f"UPDATE trace SET digest = '{digest or found.hashed()}'")
        _drop_all_but(con, known_names)
        event_count, complete = what_was_read(con)
        # on a full disk close() silently loses the rows; CHECKPOINT raises
        con.execute("CHECKPOINT")
    finally:
        con.close()
    return BuiltTrace(folder / DATABASE, event_count, complete)


def what_was_read(con: duckdb.DuckDBPyConnection) -> tuple[int, bool]:
    """The number of events of the only trace in `con`, and whether its file is whole."""
    count, complete = con.table("trace").project("event_count, complete").fetchall()[0]
    return count, complete


def open_scratch(
    folder: Path, *, threads: int, empty: bytes | None = None
) -> duckdb.DuckDBPyConnection:
    """Create `folder` and open a scratch database in it; `threads` and `empty` as in build_trace."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / DATABASE
    path.write_bytes(tables.empty_study() if empty is None else empty)
    con = connect(
        config={
            "memory_limit": f"{_MEMORY[threads]}MB",
            # two statements side by side take less processor time than one on two threads
            "threads": 1,
            "temp_directory": str(folder / "spill"),
        },
    )
    # without a log, which would hold every row a second time: a load that dies is never resumed
    name = tables.quoted(path.absolute())
    con.execute(f"ATTACH '{name}' AS {_CATALOG} (TYPE duckdb, RECOVERY_MODE no_wal_writes)")
    con.execute(f"USE {_CATALOG}")
    con.execute("SET enable_progress_bar = false")
    # ids give the order
    con.execute("SET preserve_insertion_order = false")
    # many statements read the events' files, each of which has hundreds of row groups
    con.execute("SET parquet_metadata_cache = true")
    return con


def stage(
    con: duckdb.DuckDBPyConnection,
    found: TraceFile,
    folder: Path,
    *,
    keep: Collection[str],
    threads: int,
) -> str:
    """Read a file and fill the empty base tables of `con`; the raw relations stay.

    Returns the file's digest, or '' if the reader did not see all of its bytes.
    """
    parts = folder / "parts"
    parts.mkdir()
    with staging.staging_area(con):
        digest = _read(con, found, parts, keep=keep, threads=threads)
        create_relation(con, folder, "trace_file", TRACE_FILE, [_trace_row(found)])
        staging.stage(con, found.format, workers=threads)
    shutil.rmtree(parts)
    return found.digest or digest


def _read(
    con: duckdb.DuckDBPyConnection,
    found: TraceFile,
    parts: Path,
    *,
    keep: Collection[str],
    threads: int,
) -> str:
    if found.refusal:
        raise UserError(found.refusal)
    reader = reader_of(found.format)
    raw = reader.read_raw(con, found.path, parts, keep=keep, workers=threads)
    staging.create_raw(con, found.format)
    reader.check(con, found.path, raw)
    return raw.digest if raw else ""


def _names(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The kind, TABLE or VIEW, of each name in the database."""
    kinds = (("TABLE", "duckdb_tables"), ("VIEW", "duckdb_views"))
    return {
        row[0]: kind
        for kind, listed in kinds
        for row in con.table_function(listed)
        .filter("NOT internal")
        .project(f"{kind}_name")
        .fetchall()
    }


def _drop_all_but(con: duckdb.DuckDBPyConnection, kept: Mapping[str, str]) -> None:
    """Drop the reader's raw relations and the intermediate relations of staging."""
    for name, kind in _names(con).items():
        if name not in kept:
            con.execute(f"DROP {kind} {name}")


def _trace_row(found: TraceFile) -> dict[str, Any]:
    manifest = found.manifest or {}
    device = manifest.get("device")
    row = {key: _text(manifest.get(key)) for key in ("model", "family", "attention", "profiler")}
    return row | {
        "trace_id": found.trace_id,
        "name": found.name,
        "path": str(found.path),
        "digest": found.digest,
        "size_bytes": found.size_bytes(),
        "predicted": manifest.get("predicted"),
        "manifest": found.manifest,
        "device_name": _text(manifest.get("device_name")),
        "device": device if isinstance(device, dict) else None,
        "odd_manifest_count": len(found.odd_manifest),
        "odd_manifest_example": found.odd_manifest[0] if found.odd_manifest else None,
    }


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
