"""Other people's Nsight Systems exports, read and held against figures taken with plain sqlite3."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import shared_traces_folder
from tests.readers.nsys_export import anomalies, staged

FILES = sorted((shared_traces_folder() or Path()).glob("nsys/*.sqlite"))


@pytest.fixture(scope="module", params=FILES, ids=lambda path: path.stem)
def export(request: pytest.FixtureRequest) -> Iterator[tuple[sqlite3.Connection, Any]]:
    """One shared export: as SQLite, and as base tables."""
    uri = f"file:{request.param}?mode=ro&immutable=1"
    with closing(sqlite3.connect(uri, uri=True)) as raw, closing(staged(request.param)) as con:
        yield raw, con


def _rows(raw: sqlite3.Connection, table: str, columns: str) -> list[tuple[Any, ...]]:
    """Rows of a table that may be absent."""
    known = {row[0] for row in raw.execute("SELECT name FROM sqlite_master")}
    return raw.execute(f"SELECT {columns} FROM {table}").fetchall() if table in known else []


def _union(spans: list[tuple[int, int]]) -> int:
    total, reached = 0, -(10**30)
    for start, end in sorted(spans):
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total


SPAN = 'start, "end"'
GPU = ("KERNEL", "MEMCPY", "MEMSET")


def test_counts_and_sums(export: tuple[sqlite3.Connection, duckdb.DuckDBPyConnection]) -> None:
    raw, con = export
    for table, sources in {
        "kernel": ["KERNEL"],
        "gpu_copy": ["MEMCPY", "MEMSET"],
        "runtime_call": ["RUNTIME"],
    }.items():
        spans = [s for t in sources for s in _rows(raw, f"CUPTI_ACTIVITY_KIND_{t}", SPAN)]
        found = con.execute(f"SELECT start_ns, start_ns + dur_ns FROM {table}").fetchall()
        assert sorted(found) == sorted(spans)
        assert _union(found) == _union(spans)


def test_every_range_is_an_operator_or_an_annotation(
    export: tuple[sqlite3.Connection, duckdb.DuckDBPyConnection],
) -> None:
    raw, con = export
    ranges = [
        (start, end if end is not None else start)
        for start, end, kind in _rows(raw, "NVTX_EVENTS", f"{SPAN}, eventType")
        if kind in {34, 59, 60, 70}
    ]
    found = con.execute(
        "SELECT start_ns, start_ns + dur_ns FROM cpu_op UNION ALL "
        "SELECT start_ns, start_ns + dur_ns FROM annotation WHERE kind <> 'gpu_user'"
    ).fetchall()
    assert sorted(found) == sorted(ranges)
    waits = _rows(raw, "CUPTI_ACTIVITY_KIND_SYNCHRONIZATION", f"{SPAN}, syncType, streamId")
    names = {1: "Event sync", 2: "Stream wait sync", 3: "Stream sync", 4: "Context sync"}
    found = con.execute(
        "SELECT start_ns, start_ns + dur_ns, name, thread_id FROM annotation WHERE kind = 'gpu_user'"
    ).fetchall()
    assert sorted(found) == sorted((s, e, names[kind], str(stream)) for s, e, kind, stream in waits)


def test_operators_are_named_by_the_text_before_its_fields(
    export: tuple[sqlite3.Connection, duckdb.DuckDBPyConnection],
) -> None:
    raw, con = export
    names = dict(_rows(raw, "StringIds", "id, value"))
    wanted = []
    for text_id, inline, start in _rows(raw, "NVTX_EVENTS", "textId, text, start"):
        text = names.get(text_id) or inline or ""
        if text.startswith("aten::"):
            name, _, rest = text.partition(", ")
            fields = dict(part.split(" = ") for part in rest.split(", ") if part)
            number = fields.get("seq")
            wanted.append((start, name, int(fields["op_id"]), number and int(number)))
    found = con.execute(
        "SELECT start_ns, name, external_id, sequence_number FROM cpu_op "
        "WHERE starts_with(name, 'aten::')"
    ).fetchall()
    assert sorted(found, key=str) == sorted(wanted, key=str)


def test_every_kernel_finds_its_call_in_its_own_process(
    export: tuple[sqlite3.Connection, duckdb.DuckDBPyConnection],
) -> None:
    raw, con = export
    columns = "correlationId, globalPid, start"
    calls = {
        (correlation, thread >> 24)
        for correlation, thread in _rows(
            raw, "CUPTI_ACTIVITY_KIND_RUNTIME", "correlationId, globalTid"
        )
    }
    kernels = _rows(raw, "CUPTI_ACTIVITY_KIND_KERNEL", columns)
    linked = sorted(start for c, process, start in kernels if (c, process >> 24) in calls)
    found = con.execute(
        "SELECT DISTINCT kernel_id, kernel.start_ns FROM kernel "
        "JOIN runtime_call USING (process_id, correlation_id)"
    ).fetchall()
    assert sorted(start for _, start in found) == linked


def test_names_sizes_and_shapes_of_launches(
    export: tuple[sqlite3.Connection, duckdb.DuckDBPyConnection],
) -> None:
    raw, con = export
    names = dict(_rows(raw, "StringIds", "id, value"))
    columns = "demangledName, gridX, gridY, gridZ, blockX, blockY, blockZ, registersPerThread"
    wanted = [
        (names[row[0]], str(list(row[1:4])), str(list(row[4:7])), row[7])
        for row in _rows(raw, "CUPTI_ACTIVITY_KIND_KERNEL", columns)
    ]
    found = con.execute("SELECT name, grid, block, registers FROM kernel").fetchall()
    assert sorted(
        (n, g.replace(",", ", "), b.replace(",", ", "), r) for n, g, b, r in found
    ) == sorted(wanted)
    sizes = [
        size
        for table in ("MEMCPY", "MEMSET")
        for (size,) in _rows(raw, f"CUPTI_ACTIVITY_KIND_{table}", "bytes")
    ]
    assert sorted(
        r[0] for r in con.execute("SELECT size_bytes FROM gpu_copy").fetchall()
    ) == sorted(sizes)


def test_the_trace_row_and_what_is_missing(
    export: tuple[sqlite3.Connection, duckdb.DuckDBPyConnection],
) -> None:
    raw, con = export
    tables = ("META_DATA_EXPORT", "EXPORT_META_DATA")
    options = dict(row for t in tables for row in _rows(raw, t, "name, CAST(value AS BLOB)"))
    start = _rows(raw, "TARGET_INFO_SESSION_START_TIME", "utcEpochNs")
    trace = con.execute("SELECT producer, base_unix_ns, profiler, format FROM trace").fetchall()
    version = options.get("EXPORT_PRODUCT_VERSION")
    producer = None if version is None else f"NVIDIA Nsight Systems {version.decode()}"
    assert trace == [(producer, start[0][0] if start else None, "nsys", "nsys")]
    found = anomalies(con)
    assert ("no_export_metadata" in found) == (not options)
    assert ("no_kernel" in found) == (not _rows(raw, "CUPTI_ACTIVITY_KIND_KERNEL", "start"))


def test_devices_are_described_where_the_export_does(
    export: tuple[sqlite3.Connection, duckdb.DuckDBPyConnection],
) -> None:
    raw, con = export
    gpus = _rows(raw, "TARGET_INFO_GPU", "name")
    found = con.execute("SELECT device_id, name, memory_bytes FROM device").fetchall()
    used = {d for t in GPU for (d,) in _rows(raw, f"CUPTI_ACTIVITY_KIND_{t}", "deviceId")}
    assert {device for device, _, _ in found} == (used or {-1})
    for _, name, memory_bytes in found:
        assert (name is not None) == (bool(gpus) and bool(used)) == (memory_bytes is not None)
