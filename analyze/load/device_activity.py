"""Fill what devices ran and when: the tables from device_layer to exposed_stretch, as their SQL defines."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.columns import Asked, Columns, Rows, by_group, insert, places, read
from genscope.analyze.load.covered import Cover, Times
from genscope.analyze.readers.arrow_column import numbers

# columns of an activity, each with the type that its values need: a trace has millions of rows
SPAN: Asked = {
    "trace_id": ("trace_id", np.int32),
    "layer": ("layer::TINYINT", np.int8),
    "start_ns": ("start_ns", np.int64),
    "end_ns": ("end_ns", np.int64),
}
_LAYERS, _KERNEL_LAYERS = 6, 2
_COMPUTE, _COMMUNICATION = 0, 1
_LATEST_NS = 1 << 61
_LARGEST = np.iinfo(np.int64).max


def all_fit(activity: Columns) -> bool:
    """Whether no sum of spans can leave int64."""
    return all(
        abs(int(extreme)) < _LATEST_NS
        for name in ("start_ns", "end_ns")
        for extreme in (activity[name].min(initial=0), activity[name].max(initial=0))
    )


def fill_device_tables(con: duckdb.DuckDBPyConnection) -> bool:
    """Insert the rows of the five tables; false, and no rows, if times are too far apart for it."""
    activity = read(con.table("device_activity"), {**SPAN, "device_id": ("device_id", np.int32)})
    if not all_fit(activity):
        return False
    layers: list[tuple[int, ...]] = []
    overlaps: list[Rows] = []
    exposed: list[dict[str, Any]] = []
    for rows in by_group(activity["trace_id"], activity["device_id"]):
        trace_id, device_id = (int(activity[key][rows[0]]) for key in ("trace_id", "device_id"))
        covers = {}
        for layer in range(_LAYERS):
            of_layer = rows[activity["layer"][rows] == layer]
            if len(of_layer):
                start, end = activity["start_ns"][of_layer], activity["end_ns"][of_layer]
                total_ns = exact_sum(end - start)
                layers.append(
                    (trace_id, device_id, layer, len(start), total_ns, start.min(), end.max())
                )
                covers[layer] = Cover(start, end)
        of_device = {"trace_id": trace_id, "device_id": device_id}
        overlaps.append({**of_device, **_overlap(covers)})
        if _COMMUNICATION in covers:
            exposed.append({**of_device, **_exposed(covers)})
    names = ("trace_id", "device_id", "layer", "event_count", "sum_ns", "start_ns", "end_ns")
    if layers:
        columns = np.array(layers, np.int64).T
        insert(con, "device_layer", [dict(zip(names, columns, strict=True))])
    insert(con, "device_overlap", overlaps)
    of_trace = places(activity["trace_id"])
    busy = [_busy(activity, *one) for one in of_trace.items()]
    insert(con, "device_busy", [of_devices for of_devices, _ in busy])
    insert(con, "rank_busy", [of_rank for _, of_rank in busy])
    of_rank = _traces_of_ranks(con) if exposed else set()
    stretches = [rows for rows in exposed if rows["trace_id"] in of_rank]
    insert(con, "exposed_stretch", [rows for rows in stretches if len(rows["start_ns"])])
    return True


def _traces_of_ranks(con: duckdb.DuckDBPyConnection) -> set[int]:
    named = con.table("trace").filter("rank IS NOT NULL").project("trace_id").fetchall()
    return {row[0] for row in named}


def _exposed(covers: dict[int, Cover]) -> dict[str, Times]:
    """When the device communicated and did not compute."""
    at, layers = _open_layers({n: covers[n] for n in (_COMPUTE, _COMMUNICATION) if n in covers})
    alone = np.flatnonzero((layers[:-1] == 1 << _COMMUNICATION) & (at[1:] > at[:-1]))
    return {"start_ns": at[alone], "end_ns": at[alone + 1]}


def exact_sum(durations: Times) -> int:
    """The sum, also beyond int64."""
    return (int((durations >> 32).sum()) << 32) + int((durations & 0xFFFFFFFF).sum())


def _overlap(covers: dict[int, Cover]) -> Rows:
    """How long each combination of layers was open."""
    at, layers = _open_layers(covers)
    open_ns = np.diff(at, append=at[-1:])
    found = [(mask, int(open_ns[layers == mask].sum())) for mask in range(1, 1 << _LAYERS)]
    kept = np.array([one for one in found if one[1]], np.int64).reshape(-1, 2)
    return {"layers": kept[:, 0], "open_ns": kept[:, 1]}


def _open_layers(covers: dict[int, Cover]) -> tuple[Times, NDArray[np.int64]]:
    """The moments at which a layer opens or closes, and the layers that are open from then on."""
    at = np.concatenate(
        [edges for cover in covers.values() for edges in (cover.starts, cover.ends)]
    )
    change = np.concatenate(
        [np.repeat([1 << layer, -1 << layer], len(c.starts)) for layer, c in covers.items()]
    )
    order = np.argsort(at, kind="stable")
    return at[order], np.cumsum(change[order])


def _busy(activity: Columns, trace_id: int, rows: NDArray[np.int64]) -> tuple[Rows, Rows]:
    """The rows of device_busy and of rank_busy."""
    start, end = activity["start_ns"][rows], activity["end_ns"][rows]
    layer = activity["layer"][rows]
    is_kernel, computes = layer < _KERNEL_LAYERS, layer == _COMPUTE
    kernel_busy_ns = Cover(start[is_kernel], end[is_kernel]).total_ns
    # without communication, all kernels compute
    is_alike = (is_kernel == computes).all()
    compute_ns = kernel_busy_ns if is_alike else Cover(start[computes], end[computes]).total_ns
    kernel_ns = exact_sum((end - start)[is_kernel])
    values = {
        "kernel_count": is_kernel.sum(),
        "copy_count": (~is_kernel).sum(),
        "kernel_ns": min(kernel_ns, _LARGEST),
        "kernel_busy_ns": kernel_busy_ns,
        "gpu_busy_ns": Cover(start, end).total_ns,
        "gpu_span_ns": end.max() - start.min(),
    }
    columns = {name: np.array([value], np.int64) for name, value in values.items()}
    too_long = np.array([kernel_ns > _LARGEST])
    kernel_ns_or_null = numbers(columns["kernel_ns"], too_long)
    of_devices: Rows = {"trace_id": trace_id, **columns, "kernel_ns": kernel_ns_or_null}
    of_rank: Rows = {
        "trace_id": trace_id,
        "compute_ns": np.array([compute_ns], np.int64),
        "busy_ns": columns["gpu_busy_ns"],
    }
    return of_devices, of_rank
