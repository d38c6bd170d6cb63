"""Devices, graphs, copies and allocations of Nsight Systems exports, on exports made here."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from genscope.analyze.sql_file import in_order, load_layer
from tests.readers.nsys_export import (
    PROCESS,
    anomalies,
    call,
    kernel,
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


def test_devices_with_numbers_of_their_process_are_mapped_to_the_machine(export: Any) -> None:
    tables = {
        "StringIds": strings("a"),
        KERNEL: [kernel(0, 1), kernel(2, 3, globalPid=OTHER)],
        "TARGET_INFO_GPU": [
            {"id": 0, "name": "H100 A", "totalMemory": 80, "memoryBandwidth": 3, "smCount": 132},
            {"id": 5, "name": "H100 B", "totalMemory": 80, "memoryBandwidth": 3, "smCount": 132},
        ],
    }
    mapped = tables | {
        "TARGET_INFO_CUDA_DEVICE": [
            {"gpuId": 0, "cudaId": 0, "pid": 7},
            {"gpuId": 5, "cudaId": 0, "pid": 9},
        ]
    }
    con = export(mapped)
    assert _all(
        con, "SELECT device_id, name, sm_count, peak_bytes_per_s FROM device ORDER BY 1"
    ) == [
        (0, "H100 A", 132, 3.0),
        (5, "H100 B", 132, 3.0),
    ]
    assert _all(con, "SELECT device_id FROM kernel ORDER BY start_ns") == [(0,), (5,)]
    assert anomalies(export(tables)) == {"shared_device_number": 1}


def test_graphs_and_waits_lie_on_the_mapped_device_too(export: Any) -> None:
    span = {"start": 10, "end": 90, "deviceId": 0, "streamId": 13, "correlationId": 1}
    span |= {"globalPid": OTHER}
    con = export(
        {
            "StringIds": strings("a"),
            KERNEL: [kernel(0, 1, globalPid=OTHER)],
            "CUPTI_ACTIVITY_KIND_GRAPH_TRACE": [span | {"graphId": 4}],
            "CUPTI_ACTIVITY_KIND_SYNCHRONIZATION": [
                span | {"syncType": 3},
                span | {"start": 95, "syncType": 9},
            ],
            "TARGET_INFO_CUDA_DEVICE": [{"gpuId": 5, "cudaId": 0, "pid": 9}],
        }
    )
    assert _all(con, "SELECT device_id FROM device") == [(5,)]
    assert _all(con, "SELECT process_id, name FROM annotation ORDER BY name") == [
        ("5", "CUDA graph 4"),
        ("5", "Stream sync"),
        ("5", "Unknown sync"),
    ]


def test_a_process_that_the_export_does_not_map_is_said_to_be_unmapped(export: Any) -> None:
    third = 11 << 24
    rows = [kernel(0, 1), kernel(2, 3, globalPid=OTHER), kernel(4, 5, globalPid=third)]
    device = [{"gpuId": 0, "cudaId": 0, "pid": 7}]
    con = export({"StringIds": strings("a"), KERNEL: rows, "TARGET_INFO_CUDA_DEVICE": device})
    assert anomalies(con) == {"shared_device_number": 1}


def test_waits_graphs_and_allocations_without_a_start_are_counted(export: Any) -> None:
    row = {"start": None, "end": 9, "deviceId": 0, "streamId": 1, "globalPid": PROCESS}
    con = export(
        {
            "StringIds": strings("a"),
            KERNEL: [kernel(0, 1)],
            "CUPTI_ACTIVITY_KIND_SYNCHRONIZATION": [row, row | {"start": 3, "end": None}],
            "CUPTI_ACTIVITY_KIND_GRAPH_TRACE": [row, row | {"start": 5, "end": 4}],
            "CUDA_GPU_MEMORY_USAGE_EVENTS": [row | {"bytes": 4}],
        }
    )
    found = anomalies(con)
    assert (found["no_start"], found["no_end"], found["negative_duration"]) == (3, 1, 1)
    assert _all(con, "SELECT dur_ns FROM annotation") == [(0,), (0,)]


def test_bandwidth_of_old_device_records_is_in_kilobytes(export: Any) -> None:
    record = {"deviceId": 0, "name": "A100", "globalMemorySize": 4, "globalMemoryBandwidth": 1555}
    con = export(
        {
            "StringIds": strings("a"),
            KERNEL: [kernel(0, 1)],
            "TARGET_INFO_CUDA_GPU": [record | {"numMultiprocessors": 108}],
        }
    )
    assert _all(con, "SELECT name, peak_bytes_per_s FROM device") == [("A100", 1555000.0)]


def test_graphs_traced_whole_are_named_with_the_flag_that_mends_it(export: Any) -> None:
    graph = {"start": 10, "end": 90, "deviceId": 0, "contextId": 1, "streamId": 13}
    graph |= {"correlationId": 1, "globalPid": PROCESS, "graphId": 4, "graphExecId": 5}
    con = export(
        {
            "StringIds": strings("cudaGraphLaunch_v10000"),
            CALL: [call(0, 5)],
            "CUPTI_ACTIVITY_KIND_GRAPH_TRACE": [graph, graph | {"start": 95, "end": 99}],
            "META_DATA_CAPTURE": [{"name": "CUDA_GRAPH_TRACE_OPTIONS:MODE", "value": "Graph"}],
        }
    )
    assert anomalies(con) == {"graph_kernels_not_recorded": 2, "no_kernel": 1}
    told = _all(con, "SELECT consequence FROM anomaly WHERE kind = 'graph_kernels_not_recorded'")
    assert "--cuda-graph-trace=node" in told[0][0]
    assert _all(
        con, "SELECT process_id, thread_id, start_ns, dur_ns, name, kind FROM annotation"
    ) == [
        ("0", "13", 10, 80, "CUDA graph 4", "gpu_user"),
        ("0", "13", 95, 4, "CUDA graph 4", "gpu_user"),
    ]


@pytest.mark.parametrize(("node", "count"), [(None, 1), (77, None)])
def test_graph_launches_without_kernels_of_a_graph(
    export: Any, node: int | None, count: int
) -> None:
    con = export(
        {
            "StringIds": strings("cudaGraphLaunch_v10000"),
            CALL: [call(0, 5)],
            KERNEL: [kernel(10, 20, graphNodeId=node)],
        }
    )
    assert anomalies(con).get("graph_kernels_not_recorded") == count
    assert _all(con, "SELECT graph_node_id FROM kernel") == [(node,)]


def test_copies_are_named_with_and_without_the_list_of_directions(export: Any) -> None:
    copy = {"start": 0, "end": 4, "deviceId": 0, "streamId": 1, "correlationId": 1}
    copy |= {"globalPid": PROCESS, "bytes": 64, "copyKind": 1}
    copies = [
        copy,
        copy | {"start": 5, "end": 6, "copyKind": 12},
        copy | {"start": 7, "copyKind": 40},
    ]
    fill = {key: value for key, value in copy.items() if key != "copyKind"} | {"start": 8, "end": 9}
    con = export(
        {"CUPTI_ACTIVITY_KIND_MEMCPY": copies, "CUPTI_ACTIVITY_KIND_MEMSET": [fill]}
        | {"ENUM_CUDA_MEMCPY_OPER": [{"id": 40, "name": "NEW", "label": "New Way"}]}
    )
    assert _all(con, "SELECT name, kind, size_bytes FROM gpu_copy ORDER BY start_ns") == [
        ("[CUDA memcpy Host-to-Device]", "HtoD", 64),
        ("[CUDA memcpy Unified Device-to-Host]", "DtoH", 64),
        ("[CUDA memcpy New Way]", "other", 64),
        ("[CUDA memset]", "memset", 64),
    ]


def test_allocations_add_up_per_device_and_host_memory_is_apart(export: Any) -> None:
    event = {"start": 1, "globalPid": PROCESS, "deviceId": 0, "address": 4096, "bytes": 100}
    event |= {"memKind": 2, "memoryOperationType": 0}
    con = export(
        {
            "CUDA_GPU_MEMORY_USAGE_EVENTS": [
                event,
                event | {"start": 2, "memKind": 1, "bytes": 7},
                event | {"start": 3, "bytes": 50},
                event | {"start": 4, "memoryOperationType": 1},
            ]
        }
    )
    found = _all(
        con, "SELECT ts_ns, device_id, size_bytes, reserved_bytes FROM memory_event ORDER BY 1"
    )
    assert found == [(1, 0, 100, 100), (2, -1, 7, 7), (3, 0, 50, 150), (4, 0, -100, 50)]


def test_every_anomaly_has_a_consequence(export: Any) -> None:
    con = export({KERNEL: [kernel(0, 1)]})
    (anomaly,) = (file for file in load_layer("staging/nsys") if file.name == "anomaly")
    # the steps of staging are gone once they were read
    for step in in_order(load_layer("staging/nsys")):
        if step.name.startswith("nsys_"):
            con.execute(f"CREATE TABLE {step.name} AS {step.statement}")
    kinds = {row[0] for row in _all(con, "SELECT kind FROM nsys_anomaly")}
    con.execute("UPDATE nsys_anomaly SET count = 1")
    rows = _all(con, anomaly.statement)
    assert {row[1] for row in rows} == kinds
    assert "not described" not in {row[4] for row in rows}
