"""The traps of Nsight Systems exports, one by one, on exports small enough to read in the test."""

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.readers.nsys_export import (
    THREAD,
    anomalies,
    call,
    kernel,
    nvtx,
    staged,
    strings,
    write_export,
)

KERNEL = "CUPTI_ACTIVITY_KIND_KERNEL"
CALL = "CUPTI_ACTIVITY_KIND_RUNTIME"
OTHER = 9 << 24


@pytest.fixture
def export(tmp_path: Path) -> Any:
    """Write an export and read it: export({table: rows}) -> database with base tables."""
    return lambda tables: staged(write_export(tmp_path / "export.sqlite", tables))


def _all(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return con.execute(sql).fetchall()


def test_one_kernel_in_full(export: Any) -> None:
    con = export({"StringIds": strings("void gemm<float>()"), KERNEL: [kernel(100, 250)]})
    assert _all(con, "SELECT * EXCLUDE (kernel_id, external_id) FROM kernel") == [
        (
            1,
            0,
            13,
            "7",
            100,
            150,
            "void gemm<float>()",
            1,
            "[2,3,4]",
            "[32,2,1]",
            40,
            1040,
            *[None] * 9,
        )
    ]
    assert anomalies(con) == {}


def test_copies_of_a_row_count_once(export: Any) -> None:
    """A stream and a thread do one thing at a time; rows without a time may be of several."""
    launch, work, untimed = call(90, 95), kernel(100, 250), kernel(300, 300)
    con = export(
        {
            "StringIds": strings("k"),
            KERNEL: [work, work, kernel(100, 250, streamId=14), untimed, untimed],
            CALL: [launch, launch, launch, call(90, 95, nameId=2)],
        }
    )
    assert _all(con, "SELECT count(*), sum(dur_ns) FROM kernel") == [(4, 300)]
    assert _all(con, "SELECT count(*) FROM runtime_call") == [(2,)]
    found = anomalies(con)
    assert (found["duplicate_device_event"], found["duplicate_host_event"]) == (1, 2)


def test_correlations_repeat_across_processes(export: Any) -> None:
    con = export(
        {
            "StringIds": strings("a", "cudaLaunchKernel_v7000"),
            KERNEL: [kernel(10, 20), kernel(30, 40, globalPid=OTHER)],
            CALL: [call(1, 2, nameId=2), call(3, 4, nameId=2, globalTid=OTHER | 5)],
        }
    )
    found = _all(
        con,
        "SELECT kernel.start_ns, runtime_call.start_ns, thread_id FROM kernel "
        "JOIN runtime_call USING (process_id, correlation_id) ORDER BY 1",
    )
    assert found == [(10, 1, "8"), (30, 3, "5")]


def test_names_fall_back_from_demangled_to_short_to_mangled(export: Any) -> None:
    rows = [
        kernel(0, 1, demangledName=1, shortName=2),
        kernel(2, 3, demangledName=None, shortName=2),
        kernel(4, 5, demangledName=None, shortName=None, mangledName=3),
        kernel(6, 7, demangledName=99, shortName=None),
    ]
    rows = [{"mangledName": None} | row for row in rows]
    rows = [{key: row[key] for key in rows[0]} for row in rows]
    con = export({"StringIds": strings("f<int>", "f", "_Z1f"), KERNEL: rows})
    names = [row[0] for row in _all(con, "SELECT name FROM kernel ORDER BY start_ns")]
    assert names == ["f<int>", "f", "_Z1f", "unknown kernel"]
    assert anomalies(con) == {"unknown_name": 1}


@pytest.mark.parametrize(
    ("table", "old", "new", "relation", "column", "value"),
    [
        (
            "CUPTI_ACTIVITY_KIND_SYNCHRONIZATION",
            "deprecatedSyncType",
            "syncType",
            "nsys_synchronization",
            "sync_type",
            3,
        ),
        ("TARGET_INFO_GPU", "deviceId", "id", "nsys_gpu", "gpu_id", 0),
    ],
)
def test_names_of_other_versions(
    export: Any, table: str, old: str, new: str, relation: str, column: str, value: object
) -> None:
    row = {"start": 1, "end": 5, "deviceId": 0, "streamId": 4, old: value}
    for name in {old, new}:
        con = export(
            {
                table: [{name if key == old else key: v for key, v in row.items()}],
                KERNEL: [kernel(0, 1)],
            }
        )
        assert _all(con, f"SELECT {column} FROM {relation}")[-1:] == [(value,)]


@pytest.mark.parametrize("table", ["CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL", f"{KERNEL}_V3"])
def test_other_names_of_the_kernel_table(export: Any, table: str) -> None:
    con = export({table: [kernel(0, 5)]})
    assert _all(con, "SELECT dur_ns FROM kernel") == [(5,)]


def test_an_empty_table_is_passed_over_for_a_filled_one(tmp_path: Path) -> None:
    import sqlite3

    path = write_export(
        tmp_path / "e.sqlite", {KERNEL: [kernel(0, 5)], f"{KERNEL}_V2": [kernel(0, 7)]}
    )
    with sqlite3.connect(path) as con:
        con.execute(f"DELETE FROM {KERNEL}")
    con.close()
    assert _all(staged(path), "SELECT dur_ns FROM kernel") == [(7,)]


def test_ends_missing_before_the_start_and_negative_times(export: Any) -> None:
    con = export(
        {KERNEL: [kernel(-50, -20), kernel(10, None), kernel(30, 25), kernel(None, 9)]}
        | {"StringIds": strings("a")}
    )
    spans = _all(con, "SELECT start_ns, dur_ns FROM kernel ORDER BY 1")
    assert spans == [(-50, 30), (10, 0), (30, 0)]
    assert anomalies(con) == {
        "negative_time": 1,
        "no_end": 1,
        "negative_duration": 1,
        "no_start": 1,
        "untimed_work": 3,
    }
    assert _all(con, "SELECT skipped_count, event_count FROM trace") == [(1, 4)]


def test_values_of_the_mixed_type_and_text_that_is_no_utf8(export: Any) -> None:
    names = [{"id": 0, "value": ""}, {"id": "1", "value": b"caf\xe9"}, {"id": 2, "value": 5}]
    con = export(
        {
            "StringIds": names,
            KERNEL: [
                kernel(0, 5),
                kernel("7", "9", demangledName=2),
                kernel("soon", 9, registersPerThread=b"\x00\x01"),
                kernel(8, 9, registersPerThread=1.5, demangledName=2),
            ],
        }
    )
    found = _all(con, "SELECT start_ns, dur_ns, name FROM kernel ORDER BY 1")
    assert found == [(0, 5, "caf\N{REPLACEMENT CHARACTER}"), (7, 2, "5"), (8, 1, "5")]
    assert anomalies(con) == {
        "invalid_utf8": 1,
        "mixed_type": 3,
        "no_start": 1,
        "untimed_work": 1,
    }


def test_integers_beyond_2_to_53_keep_every_digit(export: Any) -> None:
    start = 2**61 + 1
    con = export({KERNEL: [kernel(start, start + 3)], "StringIds": strings("a")})
    assert _all(con, "SELECT start_ns, dur_ns FROM kernel") == [(start, 3)]


def test_a_call_recorded_twice_is_counted(export: Any) -> None:
    con = export(
        {
            "StringIds": strings("cudaMalloc", "cudaMalloc_v3020"),
            CALL: [call(0, 10, eventClass=67), call(1, 9, nameId=2)],
            KERNEL: [kernel(20, 30)],
        }
    )
    assert anomalies(con) == {"call_recorded_twice": 1}
    names = [row[0] for row in _all(con, "SELECT name FROM runtime_call ORDER BY call_id")]
    assert names == ["cudaMalloc", "cudaMalloc_v3020"]


def test_parquet_directories_hold_the_same(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    tables: dict[str, Any] = {"StringIds": strings("gemm"), KERNEL: [kernel(100, 250)]}
    tables["NVTX_EVENTS"] = [nvtx(0, 9, "component:unet"), nvtx(1, 5, "aten::mm, op_id = 3")]
    folder = tmp_path / "export_pqtdir"
    folder.mkdir()
    for name, rows in tables.items():
        parquet.write_table(pa.Table.from_pylist(rows), folder / f"{name}.parquet")
    con, plain = staged(folder), staged(write_export(tmp_path / "export.sqlite", tables))
    for table in ("kernel", "annotation", "cpu_op", "device"):
        assert _all(con, f"SELECT * FROM {table}") == _all(plain, f"SELECT * FROM {table}")
    assert anomalies(con)["no_export_metadata"] == 1


def test_reports_are_exported_by_the_nsys_on_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = write_export(tmp_path / "kept.sqlite", {KERNEL: [kernel(100, 250)]})
    fake = tmp_path / "bin" / "nsys"
    fake.parent.mkdir()
    fake.write_text(
        '#!/bin/sh\n[ "$1 $2 $3" = "export --type sqlite" ] || exit 3\n'
        f'[ "$4 $5 $6" = "--force-overwrite true -o" ] && cp {export} "$7"\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:/usr/bin:/bin")
    report = tmp_path / "run.nsys-rep"
    report.write_bytes(b"report")
    assert _all(staged(report), "SELECT dur_ns FROM kernel") == [(150,)]
    assert shutil.which("nsys") == str(fake)
    assert not list(tmp_path.glob("run*.sqlite")), "the export stays in a temporary folder"


def test_options_that_may_hold_secrets_are_not_read(export: Any) -> None:
    option = {"name": "PROCESS_0:ENVIRONMENT_VARIABLE_3", "value": "TOKEN=abc"}
    con = export({"META_DATA_CAPTURE": [option], KERNEL: [kernel(0, 1)]})
    assert _all(con, "SELECT * FROM nsys_capture_option") == []


def test_arguments_of_annotations_are_json(export: Any) -> None:
    con = export(
        {"NVTX_EVENTS": [nvtx(0, 9, 'say "hi"\\', eventType=70, jsonText='{"k": [1, 2]}')]}
    )
    ((name, args),) = _all(con, "SELECT name, args FROM annotation")
    assert name == 'say "hi"\\'
    assert json.loads(args) == {"nvtx": {"style": "push_pop", "payload": {"k": [1, 2]}}}
    assert THREAD & 0xFFFFFF == 8
