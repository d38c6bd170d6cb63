"""Hand-made Nsight Systems exports, and base tables built from an export, for the tests of its reader."""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from genscope.analyze.load import narrow, staging, tables
from genscope.analyze.readers.nsys import read as nsys
from genscope.analyze.sql_file import load_layer

Rows = Sequence[Mapping[str, Any]]

PROCESS = 7 << 24
THREAD = PROCESS | 8
SCHEMA = {"name": "EXPORT_SCHEMA_VERSION", "value": "3.25.0"}


def write_export(path: Path, tables: Mapping[str, Rows]) -> Path:
    """A .sqlite with these tables; StringIds and META_DATA_EXPORT are added where they are missing.

    Columns are those of a table's first row, without a type, so that a row may hold anything.
    """
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as con:
        for name, rows in (
            {"StringIds": strings(), "META_DATA_EXPORT": [SCHEMA]} | dict(tables)
        ).items():
            columns = ", ".join(f'"{column}"' for column in rows[0])
            con.execute(f'CREATE TABLE "{name}" ({columns})')
            marks = ", ".join("?" for _ in rows[0])
            con.executemany(
                f'INSERT INTO "{name}" VALUES ({marks})', [tuple(row.values()) for row in rows]
            )
    con.close()
    return path


def strings(*values: str) -> list[dict[str, Any]]:
    """StringIds whose ids count from 0; 0 is the empty string."""
    return [{"id": i, "value": value} for i, value in enumerate(("", *values))]


def kernel(start: int | None, end: int | None, **more: Any) -> dict[str, Any]:
    """A row of CUPTI_ACTIVITY_KIND_KERNEL of process 7 on device 0, stream 13."""
    row = {"start": start, "end": end, "deviceId": 0, "contextId": 1, "streamId": 13}
    row |= {"correlationId": 1, "globalPid": PROCESS, "demangledName": 1, "shortName": 1}
    row |= {"gridX": 2, "gridY": 3, "gridZ": 4, "blockX": 32, "blockY": 2, "blockZ": 1}
    row |= {"registersPerThread": 40, "staticSharedMemory": 16, "dynamicSharedMemory": 1024}
    return row | more


def call(start: int, end: int | None, **more: Any) -> dict[str, Any]:
    """A row of CUPTI_ACTIVITY_KIND_RUNTIME of thread 8 of process 7."""
    row = {"start": start, "end": end, "eventClass": 0, "globalTid": THREAD}
    return row | {"correlationId": 1, "nameId": 1, "returnValue": 0} | more


def nvtx(start: int, end: int | None, text: str | None, **more: Any) -> dict[str, Any]:
    """A row of NVTX_EVENTS: a push/pop range of thread 8 of process 7 in the default domain."""
    row = {"start": start, "end": end, "eventType": 59, "text": text, "globalTid": THREAD}
    row |= {"endGlobalTid": None, "textId": None, "domainId": 0, "category": None}
    return row | {"uint64Value": None, "jsonText": None} | more


def staged(path: Path) -> duckdb.DuckDBPyConnection:
    """A database with the base tables filled from an export, as trace 1."""
    con = duckdb.connect()
    con.execute("SET threads = 1")
    for table in load_layer("schema"):
        narrow.create(con, table)
    tables.create_macros(con)
    con.execute(
        "CREATE TABLE trace_file AS SELECT 1::INTEGER AS trace_id, $1::VARCHAR AS name, "
        "$2::VARCHAR AS path, $1::VARCHAR AS digest, 1::BIGINT AS size_bytes, NULL::VARCHAR AS model, NULL::VARCHAR AS family, "
        "NULL::VARCHAR AS attention, NULL::VARCHAR AS profiler, NULL::BOOLEAN AS predicted, "
        "NULL::JSON AS manifest, NULL::VARCHAR AS device_name, NULL::JSON AS device, "
        "0::BIGINT AS odd_manifest_count, NULL::VARCHAR AS odd_manifest_example",
        [path.stem, str(path)],
    )
    nsys.load(path, con)
    with staging.staging_area(con):
        staging.stage(con, "nsys")
    return con


def anomalies(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How often each kind of trouble was met."""
    return dict(con.execute("SELECT kind, count FROM anomaly").fetchall())
