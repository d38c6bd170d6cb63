"""Cells of an export that hold what they should not: the load goes on, and what was lost is counted."""

from pathlib import Path
from typing import Any

import pytest

from tests.readers.nsys_export import (
    PROCESS,
    SCHEMA,
    anomalies,
    call,
    kernel,
    nvtx,
    staged,
    strings,
    write_export,
)

SPAN = {"start": 10, "end": 90, "deviceId": 0, "streamId": 13, "correlationId": 2}
ON_DEVICE = SPAN | {"globalPid": PROCESS}
ALLOCATION = {"start": 1, "globalPid": PROCESS, "deviceId": 0, "address": 4096, "bytes": 100}
TABLES: dict[str, dict[str, Any]] = {
    "CUPTI_ACTIVITY_KIND_KERNEL": kernel(100, 250, correlationId=2),
    "CUPTI_ACTIVITY_KIND_RUNTIME": call(10, 20),
    "NVTX_EVENTS": nvtx(5, 45, "aten::mm, op_id = 3, sizes = [[2, 3], [3, 4]]"),
    "CUPTI_ACTIVITY_KIND_GRAPH_TRACE": ON_DEVICE | {"graphId": 4, "graphExecId": 5},
    "CUPTI_ACTIVITY_KIND_MEMCPY": ON_DEVICE | {"bytes": 64, "copyKind": 1, "graphNodeId": None},
    "CUPTI_ACTIVITY_KIND_MEMSET": ON_DEVICE | {"bytes": 64},
    "CUPTI_ACTIVITY_KIND_SYNCHRONIZATION": ON_DEVICE | {"syncType": 3, "eventId": 0},
    "CUDA_GPU_MEMORY_USAGE_EVENTS": ALLOCATION | {"memKind": 2, "memoryOperationType": 0},
    "TARGET_INFO_GPU": {"id": 0, "name": "H100", "totalMemory": 80, "smCount": 132},
    "TARGET_INFO_CUDA_DEVICE": {"gpuId": 0, "cudaId": 0, "pid": 7},
    "TARGET_INFO_SESSION_START_TIME": {"utcEpochNs": 17},
    "DIAGNOSTIC_EVENT": {"severity": 1, "text": "x"},
    "META_DATA_EXPORT": SCHEMA,
}
UNFIT = (-(2**63), 2**63 - 1, 2**32, "text", b"\xff\x00", 1.5, float("inf"))


def _export(path: Path, value: object) -> Path:
    """Each table with its good row, and once more for each column with `value` there."""
    tables: dict[str, Any] = {"StringIds": strings("gemm", "cudaLaunchKernel_v7000")}
    for name, row in TABLES.items():
        # of two equal rows one would be a copy
        own = [row | {"correlationId": 5 + i} for i in range(1 + len(row))]
        rows = own if "correlationId" in row else [row] * (1 + len(row))
        tables[name] = [rows[0], *(r | {c: value} for r, c in zip(rows[1:], row, strict=True))]
    return write_export(path, tables)


@pytest.mark.parametrize("value", [None, -1, 0, 2**32 - 1, *UNFIT], ids=repr)
def test_any_value_in_any_cell(tmp_path: Path, value: object) -> None:
    con = staged(_export(tmp_path / "export.sqlite", value))
    kernels = con.execute(
        "SELECT DISTINCT device_id, process_id, dur_ns, grid, registers, shared_bytes FROM kernel "
        "WHERE start_ns = 100 AND name = 'gemm' AND dur_ns = 150 AND device_id = 0 "
        "AND grid = '[2,3,4]' AND block = '[32,2,1]' AND registers = 40 AND shared_bytes = 1040"
    ).fetchall()
    assert (0, "7", 150, "[2,3,4]", 40, 1040) in kernels
    rows = {name: 1 + len(row) for name, row in TABLES.items()}
    skipped = con.execute("SELECT skipped_count FROM trace").fetchall()[0][0]
    # a start that is no time has no place on the timeline, and a size that is none is no allocation
    lost = 8 if value is None or (value in UNFIT and value != 2**32) else 0
    # work can't start before the first call: 0 is what CUPTI writes where it has no time
    lost = 4 if value == 0 and value is not False else lost
    assert skipped == lost
    for table, sources in {
        "kernel": ["KERNEL"],
        "gpu_copy": ["MEMCPY", "MEMSET"],
        "runtime_call": ["RUNTIME"],
    }.items():
        # a call that starts at 0 and ends later contradicts nothing
        is_lost = bool(lost) and not (value == 0 and table == "runtime_call")
        wanted = sum(rows[f"CUPTI_ACTIVITY_KIND_{source}"] - is_lost for source in sources)
        assert con.execute(f"SELECT count(*) FROM {table}").fetchall() == [(wanted,)]
    if value in UNFIT:
        assert anomalies(con)["mixed_type"] > 0


def test_unsigned_numbers_of_32_and_64_bits(tmp_path: Path) -> None:
    allocation = TABLES["CUDA_GPU_MEMORY_USAGE_EVENTS"]
    wait = TABLES["CUPTI_ACTIVITY_KIND_SYNCHRONIZATION"] | {"streamId": 2**32 - 1, "syncType": 4}
    con = staged(
        write_export(
            tmp_path / "export.sqlite",
            {
                "StringIds": strings("gemm"),
                "CUPTI_ACTIVITY_KIND_KERNEL": [kernel(0, 1, streamId=2**32 - 1)],
                "CUPTI_ACTIVITY_KIND_SYNCHRONIZATION": [wait],
                "CUDA_GPU_MEMORY_USAGE_EVENTS": [allocation | {"address": -(2**63) + 5}],
            },
        )
    )
    assert con.execute("SELECT stream_id FROM kernel").fetchall() == [(4294967295,)]
    assert con.execute("SELECT thread_id, name FROM annotation").fetchall() == [
        ("4294967295", "Context sync")
    ]
    assert con.execute("SELECT addr FROM memory_event").fetchall() == [(2**63 + 5,)]
    assert anomalies(con) == {}


def test_ids_whose_highest_bit_is_set_keep_their_process(tmp_path: Path) -> None:
    process = -(2**63) + PROCESS
    con = staged(
        write_export(
            tmp_path / "export.sqlite",
            {
                "StringIds": strings("gemm"),
                "CUPTI_ACTIVITY_KIND_KERNEL": [kernel(10, 20, globalPid=process)],
                "CUPTI_ACTIVITY_KIND_RUNTIME": [call(1, 2, globalTid=process | 8)],
            },
        )
    )
    assert con.execute("SELECT process_id FROM kernel").fetchall() == [("7",)]
    assert con.execute("SELECT process_id, thread_id FROM runtime_call").fetchall() == [("7", "8")]


@pytest.mark.parametrize(
    ("names", "host"), [(["n1"], "n1"), (["n1", "n1"], "n1"), (["n1", "n2"], None)]
)
def test_the_host_is_the_only_one_that_recorded(
    tmp_path: Path, names: list[str], host: str | None
) -> None:
    rows = [{"name": "Hostname", "value": name} for name in names]
    # the environment is dropped: what is in it needs no repair
    rows.append({"name": "DeviceEnvironment", "value": b"SECRET=\xff"})
    tables = {"CUPTI_ACTIVITY_KIND_KERNEL": [kernel(1, 5)], "StringIds": strings("gemm")}
    con = staged(write_export(tmp_path / "e.sqlite", tables | {"TARGET_INFO_SYSTEM_ENV": rows}))
    assert con.execute("SELECT host FROM trace").fetchall() == [(host,)]
    assert not {"invalid_utf8", "mixed_type"} & anomalies(con).keys()
