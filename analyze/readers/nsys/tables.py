"""The tables of an Nsight Systems export that are read, with their names and types.

Exports differ by version: empty tables are missing, columns come and go, and a few were renamed. So
every table here is created, even if it is empty, and every column exists, NULL if the export lacks it.
NVIDIA's user guide, "SQLite schema", documents the columns.
"""

from dataclasses import dataclass

import pyarrow as pa

# the newest EXPORT_SCHEMA_VERSION seen in a real export (nsys 2026.2.1)
NEWEST_SCHEMA = (3, 25)

INTEGER = pa.int64()
SMALL = pa.int32()
NUMBER = pa.float64()
TEXT = pa.string()
BYTES = pa.binary()


@dataclass(frozen=True)
class RawColumn:
    """One column: our name, its Arrow type, and its names in exports, newest first."""

    name: str
    type: pa.DataType
    sources: tuple[str, ...]

    @property
    def limit(self) -> int | None:
        """The largest absolute value whose sums and differences can't overflow."""
        return (
            2**62
            if self.name in {"start_ns", "end_ns"}
            else 2**53
            if self.name == "size_bytes"
            else None
        )


@dataclass(frozen=True)
class RawTable:
    """One relation `nsys_*`, the tables that it may come from and the columns that it requires.

    From a table of options, only names that start with one of `keep` are read: the others are the
    recorded program's command and environment, which may hold secrets. Rows without a value in the
    column `filled` are left out. Of rows that took time and are equal throughout, one is kept, because
    a stream or a thread can't do the same twice at once; the others are the anomaly `copies`.
    """

    name: str
    sources: tuple[str, ...]
    columns: tuple[RawColumn, ...]
    required: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    filled: str | None = None
    copies: str | None = None

    @property
    def schema(self) -> pa.Schema:
        """Arrow schema of the relation: `row_id`, then the columns."""
        return pa.schema(
            [("row_id", INTEGER), *((column.name, column.type) for column in self.columns)]
        )


def _columns(kind: pa.DataType, text: str) -> tuple[RawColumn, ...]:
    """'start_ns=start device_id=deviceId|gpuId' as columns of one type."""
    entries = (entry.split("=") for entry in text.split())
    return tuple(RawColumn(name, kind, tuple(sources.split("|"))) for name, sources in entries)


_SPAN = "start_ns=start end_ns=end "
_DEVICE = _columns(SMALL, "device_id=deviceId")
_STREAM = "context_id=contextId stream_id=streamId "
_LINK = "correlation_id=correlationId global_pid=globalPid "
_GRAPH = "graph_id=graphId graph_node_id=graphNodeId "

TABLES = (
    RawTable(
        "nsys_string", ("StringIds",), (*_columns(INTEGER, "id=id"), *_columns(TEXT, "value=value"))
    ),
    RawTable(
        "nsys_kernel",
        ("CUPTI_ACTIVITY_KIND_KERNEL", "CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL"),
        (
            *_DEVICE,
            *_columns(
                INTEGER,
                _SPAN
                + _STREAM
                + _LINK
                + _GRAPH
                + "demangled_id=demangledName short_id=shortName mangled_id=mangledName",
            ),
            *_columns(
                SMALL,
                "registers=registersPerThread static_shared_bytes=staticSharedMemory "
                "dynamic_shared_bytes=dynamicSharedMemory grid_x=gridX grid_y=gridY grid_z=gridZ "
                "block_x=blockX block_y=blockY block_z=blockZ",
            ),
        ),
        required=("start_ns", "end_ns", "device_id", "correlation_id"),
        copies="duplicate_device_event",
    ),
    RawTable(
        "nsys_memcpy",
        ("CUPTI_ACTIVITY_KIND_MEMCPY",),
        (
            *_DEVICE,
            *_columns(
                INTEGER,
                _SPAN + _STREAM + _LINK + _GRAPH + "size_bytes=bytes copy_kind=copyKind "
                "source_kind=srcKind target_kind=dstKind",
            ),
        ),
        required=("start_ns", "end_ns", "device_id"),
        copies="duplicate_device_event",
    ),
    RawTable(
        "nsys_memset",
        ("CUPTI_ACTIVITY_KIND_MEMSET",),
        (*_DEVICE, *_columns(INTEGER, _SPAN + _STREAM + _LINK + _GRAPH + "size_bytes=bytes")),
        required=("start_ns", "end_ns", "device_id"),
        copies="duplicate_device_event",
    ),
    RawTable(
        "nsys_runtime",
        ("CUPTI_ACTIVITY_KIND_RUNTIME",),
        _columns(
            INTEGER,
            _SPAN + "event_class=eventClass global_tid=globalTid correlation_id=correlationId "
            "name_id=nameId return_value=returnValue",
        ),
        required=("start_ns", "end_ns", "global_tid", "correlation_id"),
        copies="duplicate_host_event",
    ),
    RawTable(
        "nsys_nvtx",
        ("NVTX_EVENTS",),
        (
            *_columns(
                INTEGER,
                _SPAN + "event_type=eventType range_id=rangeId category=category text_id=textId "
                "domain_id=domainId global_tid=globalTid end_global_tid=endGlobalTid "
                "uint64_value=uint64Value int64_value=int64Value uint32_value=uint32Value "
                "int32_value=int32Value json_id=jsonTextId",
            ),
            *_columns(NUMBER, "double_value=doubleValue float_value=floatValue"),
            *_columns(TEXT, "text=text json_text=jsonText"),
        ),
        required=("start_ns", "event_type", "global_tid"),
    ),
    # the values of a range's extended payload, with `nsys export --include-blobs=true`
    RawTable(
        "nsys_payload",
        ("NVTX_EVENTS",),
        (*_columns(INTEGER, "start_ns=start"), *_columns(BYTES, "bytes=binaryData")),
        filled="bytes",
    ),
    RawTable(
        "nsys_payload_entry",
        ("NVTX_PAYLOAD_SCHEMA_ENTRIES",),
        (
            *_columns(INTEGER, "schema_id=schemaId entry_type=type offset_bytes=offset"),
            *_columns(TEXT, "name=name"),
        ),
    ),
    RawTable(
        "nsys_payload_enum",
        ("NVTX_PAYLOAD_ENUM_ENTRIES",),
        (*_columns(INTEGER, "schema_id=schemaId number=value"), *_columns(TEXT, "name=name")),
    ),
    RawTable(
        "nsys_graph_trace",
        ("CUPTI_ACTIVITY_KIND_GRAPH_TRACE",),
        (
            *_DEVICE,
            *_columns(
                INTEGER, _SPAN + _STREAM + _LINK + "graph_id=graphId graph_exec_id=graphExecId"
            ),
        ),
    ),
    RawTable(
        "nsys_memory_usage",
        ("CUDA_GPU_MEMORY_USAGE_EVENTS",),
        (
            *_DEVICE,
            *_columns(
                INTEGER,
                "start_ns=start global_pid=globalPid addr=address size_bytes=bytes "
                "memory_kind=memKind operation=memoryOperationType",
            ),
        ),
    ),
    RawTable(
        "nsys_synchronization",
        ("CUPTI_ACTIVITY_KIND_SYNCHRONIZATION",),
        (
            *_DEVICE,
            *_columns(
                INTEGER,
                _SPAN + _STREAM + _LINK + "sync_type=syncType|deprecatedSyncType event_id=eventId",
            ),
        ),
    ),
    RawTable(
        "nsys_gpu",
        ("TARGET_INFO_GPU",),
        (
            *_columns(SMALL, "gpu_id=id|deviceId sm_count=smCount"),
            *_columns(INTEGER, "memory_bytes=totalMemory bytes_per_s=memoryBandwidth"),
            *_columns(TEXT, "name=name bus_location=busLocation"),
        ),
    ),
    RawTable(
        "nsys_cuda_gpu",
        ("TARGET_INFO_CUDA_GPU",),
        (
            *_columns(SMALL, "gpu_id=deviceId sm_count=numMultiprocessors"),
            *_columns(INTEGER, "memory_bytes=globalMemorySize bytes_per_s=globalMemoryBandwidth"),
            *_columns(TEXT, "name=name"),
        ),
    ),
    RawTable(
        "nsys_cuda_device",
        ("TARGET_INFO_CUDA_DEVICE",),
        (*_columns(SMALL, "gpu_id=gpuId cuda_id=cudaId"), *_columns(INTEGER, "pid=pid")),
    ),
    RawTable(
        "nsys_session",
        ("TARGET_INFO_SESSION_START_TIME",),
        _columns(INTEGER, "utc_epoch_ns=utcEpochNs"),
    ),
    RawTable(
        "nsys_diagnostic",
        ("DIAGNOSTIC_EVENT",),
        (*_columns(INTEGER, "severity=severity"), *_columns(TEXT, "text=text")),
    ),
    RawTable(
        "nsys_capture_option",
        ("META_DATA_CAPTURE",),
        _columns(TEXT, "name=name value=value"),
        keep=("CUDA_GRAPH", "CAPTURE_EVENT_TYPE"),
    ),
    RawTable(
        "nsys_export_option",
        ("META_DATA_EXPORT", "EXPORT_META_DATA"),
        _columns(TEXT, "name=name value=value"),
        keep=("EXPORT_PRODUCT", "EXPORT_SCHEMA"),
    ),
    RawTable(
        "nsys_system",
        ("TARGET_INFO_SYSTEM_ENV",),
        _columns(TEXT, "name=name value=value"),
        keep=("Hostname",),
    ),
    RawTable(
        "nsys_memcpy_kind",
        ("ENUM_CUDA_MEMCPY_OPER",),
        (*_columns(INTEGER, "id=id"), *_columns(TEXT, "name=name label=label")),
    ),
    RawTable(
        "nsys_memory_kind",
        ("ENUM_CUDA_MEM_KIND",),
        (*_columns(INTEGER, "id=id"), *_columns(TEXT, "name=name label=label")),
    ),
)

# a database with StringIds and any of these is an Nsight Systems export
MARKERS = (
    "META_DATA_EXPORT",
    "EXPORT_META_DATA",
    "META_DATA_CAPTURE",
    "ProcessStreams",
    "TARGET_INFO_SESSION_START_TIME",
    "TARGET_INFO_SYSTEM_ENV",
    "CUPTI_ACTIVITY_KIND_KERNEL",
    "CUPTI_ACTIVITY_KIND_RUNTIME",
    "NVTX_EVENTS",
)
