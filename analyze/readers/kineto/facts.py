"""Create small relations from a trace's header: its properties, its devices and its anomalies.

The header is separate from the events because much of it may come after them. All anomalies of the
reader go into one table.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from genscope.analyze.readers.json_relation import create_relation
from genscope.analyze.readers.kineto import graph_annotation
from genscope.analyze.readers.kineto.read import KinetoFile, rank_of
from genscope.analyze.readers.nesting_limit import nesting_limit

_TORCH_VERSIONS = (
    "pytorch_version",
    "cupti_version",
    "cuda_runtime_version",
    "cuda_driver_version",
    "roctracer_version",
    "hip_runtime_version",
    "hip_driver_version",
)

# such as 'sm__cycles_active.avg.pct_of_peak_sustained_elapsed'
_METRIC = re.compile(r"[a-z]\w*__\w+\.\w")

_ENVIRONMENT = ("env", "environ", "environment")

HEADER = {
    "producer": "VARCHAR",
    "profiler": "VARCHAR",
    "predicted": "BOOLEAN",
    "device_name": "VARCHAR",
    "base_unix_ns": "BIGINT",
    "rank": "INTEGER",
    "world_size": "INTEGER",
    "host": "VARCHAR",
    "complete": "BOOLEAN",
    "unread_count": "BIGINT",
    "unread_python_count": "BIGINT",
    "repaired_count": "BIGINT",
    "skipped_count": "BIGINT",
    "python_wanted": "BOOLEAN",
    "arguments_wanted": "BOOLEAN",
}
DEVICE = {
    "device_id": "INTEGER",
    "name": "VARCHAR",
    "memory_bytes": "BIGINT",
    "sm_count": "INTEGER",
}
FAULT = {
    "kind": "VARCHAR",
    "count": "BIGINT",
    "byte_offset": "BIGINT",
    "example": "VARCHAR",
}


def create_header_tables(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    path: Path,
    found: KinetoFile,
    *,
    keep: Collection[str],
) -> None:
    """Create kineto_header, kineto_device, kineto_graph_annotation and kineto_reader_anomaly in `con`.

    `keep` is as in kineto.read.
    """
    wanted = {"python_wanted": "python" in keep, "arguments_wanted": "args" in keep}
    with nesting_limit(path):
        header = _header(found, path) | wanted
        create_relation(con, folder, "kineto_header", HEADER, [header])
        create_relation(con, folder, "kineto_device", DEVICE, _devices(found.keys))
        named, problems = graph_annotation.rows_of(path, header["rank"])
        create_relation(con, folder, "kineto_graph_annotation", graph_annotation.COLUMNS, named)
        create_relation(con, folder, "kineto_reader_anomaly", FAULT, _faults(found, problems))


def _header(found: KinetoFile, path: Path) -> dict[str, Any]:
    keys = found.keys
    info = keys.get("distributedInfo")
    rank, world_size = rank_of(path, info if isinstance(info, dict) else {})
    mark = keys.get("genscope")
    mark = mark if isinstance(mark, dict) else {}
    base = keys.get("baseTimeNanoseconds")
    return {
        "producer": _producer(keys),
        "profiler": _text(mark.get("profiler")),
        "predicted": mark.get("predicted") if isinstance(mark.get("predicted"), bool) else None,
        "device_name": _text(mark.get("device")),
        "base_unix_ns": _integer(base, 64),
        "rank": _integer(rank, 32),
        "world_size": _integer(world_size, 32),
        "host": _host(keys),
        "complete": found.complete,
        "unread_count": found.unread.total(),
        "unread_python_count": found.unread["python"],
        "repaired_count": found.repaired,
        "skipped_count": found.skipped,
    }


def _host(keys: Mapping[str, Any]) -> str | None:
    """The machine's name: Kineto writes host_name, a program may add the others as metadata."""
    found = (_text(keys.get(name)) for name in ("host_name", "hostname", "host"))
    return next((name for name in found if name), None)


def _producer(keys: Mapping[str, Any]) -> str | None:
    mark = keys.get("genscope")
    if isinstance(mark, dict):
        return f"genscope {mark.get('profiler')}"
    versions = [f"{name} {keys[name]}" for name in _TORCH_VERSIONS if keys.get(name) is not None]
    if "schemaVersion" not in keys:
        return None
    return ", ".join([f"Kineto schema {keys['schemaVersion']}", *versions])


def _devices(keys: Mapping[str, Any]) -> list[dict[str, Any]]:
    listed = keys.get("deviceProperties")
    devices: dict[int, dict[str, Any]] = {}
    for properties in listed if isinstance(listed, list) else []:
        number = _integer(properties.get("id"), 32) if isinstance(properties, dict) else None
        if number is None:
            continue
        devices.setdefault(
            number,
            {
                "device_id": number,
                "name": _text(properties.get("name")),
                "memory_bytes": _integer(properties.get("totalGlobalMem"), 64),
                "sm_count": _integer(properties.get("numSms"), 32),
            },
        )
    return list(devices.values())


def _faults(found: KinetoFile, unread_annotations: Sequence[str]) -> list[dict[str, Any]]:
    rows = [
        {
            "kind": kind,
            "count": count,
            "byte_offset": found.faults[kind].offset,
            "example": found.faults[kind].example,
        }
        for kind, count in found.fault_counts.items()
    ]
    # values of counters are kept; they have an empty name, or the name of one of CUPTI's metrics
    arguments = Counter(
        {name: n for name, n in found.arguments.items() if name and not _METRIC.match(name)}
    )
    if arguments:
        commonest = (f"{name} {count}" for name, count in arguments.most_common())
        rows.append(
            {
                "kind": "argument_without_column",
                "count": arguments.total(),
                "example": ", ".join(commonest)[:160],
            }
        )
    if unread_annotations:
        rows.append(
            {
                "kind": "unread_graph_annotations",
                "count": len(unread_annotations),
                "example": unread_annotations[0][:160],
            }
        )
    if names := environment_keys(found.keys):
        rows.append(
            {
                "kind": "environment_in_header",
                "count": len(names),
                "example": ", ".join(names)[:160],
            }
        )
    return rows


def environment_keys(keys: Mapping[str, Any]) -> list[str]:
    """Dotted names (never values) of keys that look like a dump of environment variables."""
    return sorted(_environments(keys, ""))


def without_environment(keys: Mapping[str, Any]) -> dict[str, Any]:
    """The header without the keys that `environment_keys` names."""
    dumps = set(_environments(keys, ""))

    def clean(value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            return value
        return {
            name: clean(inner, f"{path}{name}.")
            for name, inner in value.items()
            if path + name not in dumps
        }

    kept: dict[str, Any] = clean(dict(keys), "")
    return kept


def _environments(keys: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for name, value in keys.items():
        if isinstance(value, dict):
            if name.lower() in _ENVIRONMENT or {"PATH", "HOME"} <= value.keys():
                yield prefix + name
            else:
                yield from _environments(value, f"{prefix}{name}.")
        elif isinstance(value, str) and "PATH=" in value and "HOME=" in value:
            yield prefix + name


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _integer(value: Any, bits: int) -> int | None:
    """The value if it is an integer that fits in so many bits, else None."""
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    return value if is_integer and abs(value) < 1 << (bits - 1) else None
