"""Fill what devices ran and when: the tables from device_layer to exposed_stretch, as their SQL defines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb
import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.columns import Rows, insert, one_value
from genscope.analyze.load.covered import Cover, Times, exact_sum
from genscope.analyze.load.held import Held
from genscope.analyze.load.launched import Activity
from genscope.analyze.load.numbered import At, distinct
from genscope.analyze.load.sweep import stretches
from genscope.analyze.native.arrays import take

_LAYERS, _KERNEL_LAYERS = 6, 2
_COMPUTE, _COMMUNICATION = 0, 1
_Covers = dict[int, Cover]


def fill_device_tables(con: duckdb.DuckDBPyConnection, held: Held) -> bool:
    """Insert the rows of the five tables; false, and no rows, if times are too far apart for it."""
    activity = held.events(con)
    if not activity.fit():
        return False
    parts: dict[str, list[Rows]] = {}
    # these rows are many
    insert(con, "exposed_stretch", _traces(con, activity, parts))
    for table, several in parts.items():
        insert(con, table, several)
    return True


def _traces(
    con: duckdb.DuckDBPyConnection, activity: Activity, parts: dict[str, list[Rows]]
) -> Iterator[Rows]:
    """Yield the rows of exposed_stretch, and add those of the other tables."""
    of_rank = {row[0] for row in con.table("trace").filter("rank IS NOT NULL").fetchall()}
    for trace_id in activity.traces:
        rows = activity.rows(trace_id)
        devices = [_Device(activity, *one) for one in activity.of_devices(rows).items()]
        busy_ns = np.zeros(3, np.int64)
        for device_id, (start, end) in _sweep(activity, devices, busy_ns):
            if trace_id in of_rank and len(start):
                where = {"trace_id": trace_id, "device_id": device_id}
                yield {**where, "start_ns": start, "end_ns": end}
        found = [*_busy(devices, busy_ns).items()]
        for device in devices:
            found += [
                (table, {"device_id": device.device_id, **columns})
                for table, columns in device.rows().items()
            ]
        for table, columns in found:
            parts.setdefault(table, []).append({"trace_id": trace_id, **columns})


class _Device:
    """What one device ran: counts, sums and ends of each layer, and ns of each combination of layers."""

    def __init__(self, activity: Activity, device_id: int, rows: At) -> None:
        self.device_id = device_id
        self.sweeps = activity.sweeps(rows)[device_id]
        # by layer: how many, their ns, the first start and the last end
        self.layers: dict[int, tuple[int, int, int, int]] = {}
        for block in activity.scratch.blocks(rows):
            layers = take(activity.layer, block)
            for layer in distinct(layers).tolist():
                chosen = block[layers == layer]
                self._add(layer, take(activity.start, chosen), take(activity.end, chosen))
        self._open_ns = np.zeros(1 << _LAYERS, np.int64)
        # the last stretch that was exposed
        self.exposed = np.zeros(0, np.int64), np.zeros(0, np.int64)

    def _add(self, layer: int, start: Times, end: Times) -> None:
        count, ns, first, last = self.layers.get(layer, (0, 0, int(start[0]), int(end[0])))
        first, last = min(first, int(start.min())), max(last, int(end.max()))
        self.layers[layer] = count + len(start), ns + exact_sum(end - start), first, last

    def add_stretch(self, covers: _Covers) -> tuple[Times, Times]:
        """Take in which layers were open in the next stretch of time; what was exposed by then and is over."""
        if len(covers) == 1:
            for layer, cover in covers.items():
                self._open_ns[1 << layer] += cover.total_ns
        elif covers:
            at, layers = _open_layers(covers)
            open_ns = np.diff(at, append=at[-1:])
            for mask in distinct(layers).tolist():
                self._open_ns[mask] += open_ns[layers == mask].sum()
        start, end = self.exposed
        if _COMMUNICATION in covers:
            start, end = map(np.concatenate, zip(self.exposed, _exposed(covers), strict=True))
        # one may go on in the next stretch
        goes_on = start[1:] == end[:-1]
        start = start[np.append(True, ~goes_on)[: len(start)]]
        end = end[np.append(~goes_on, True)[: len(end)]]
        self.exposed = start[-1:], end[-1:]
        return start[:-1], end[:-1]

    def rows(self) -> dict[str, Rows]:
        """Its rows of the tables that have one of a device."""
        names = ("layer", "event_count", "sum_ns", "start_ns", "end_ns")
        layers = [(layer, *self.layers[layer]) for layer in sorted(self.layers)]
        self._open_ns[0] = 0
        kept = np.flatnonzero(self._open_ns)
        return {
            "device_layer": dict(zip(names, np.array(layers, np.int64).T, strict=True)),
            "device_overlap": {"layers": kept, "open_ns": self._open_ns[kept]},
        }


def _sweep(
    activity: Activity, devices: Sequence[_Device], busy_ns: NDArray[np.int64]
) -> Iterator[tuple[int, tuple[Times, Times]]]:
    """Go through all time, and yield what was exposed on each device.

    Add to `busy_ns` the ns in which any device ran kernels, computed, or did anything.
    """
    sweeps = [sweep for device in devices for sweep in device.sweeps]
    for since, until, parts in stretches(sweeps):
        of_layer: dict[int, list[Cover]] = {}
        streams = iter(parts)
        for device in devices:
            rows = np.concatenate([next(streams) for _ in device.sweeps])
            covers = _covers(activity, rows, since, until)
            yield device.device_id, device.add_stretch(covers)
            for layer, cover in covers.items():
                of_layer.setdefault(layer, []).append(cover)
        for place, layers in enumerate((range(_KERNEL_LAYERS), [_COMPUTE], range(_LAYERS))):
            busy_ns[place] += _total([c for layer in layers for c in of_layer.get(layer, [])])
        activity.scratch.release_some()
    for device in devices:
        yield device.device_id, device.exposed


def _covers(activity: Activity, rows: At, since: int, until: int) -> _Covers:
    """The covers of each layer, of these rows in a stretch of time."""
    layers = take(activity.layer, rows)
    covers = {}
    for layer in distinct(layers).tolist():
        chosen = rows[layers == layer]
        times = (
            np.clip(take(time, chosen), since, until) for time in (activity.start, activity.end)
        )
        covers[layer] = Cover(*times)
    return {layer: cover for layer, cover in covers.items() if len(cover.starts)}


def _total(covers: Sequence[Cover]) -> int:
    """ns in which any of them is open."""
    if len(covers) == 1:
        return covers[0].total_ns
    nothing = [np.zeros(0, np.int64)]
    return Cover(
        np.concatenate(nothing + [cover.starts for cover in covers]),
        np.concatenate(nothing + [cover.ends for cover in covers]),
    ).total_ns


def _exposed(covers: _Covers) -> tuple[Times, Times]:
    """When the device communicated and did not compute."""
    at, layers = _open_layers({n: covers[n] for n in (_COMPUTE, _COMMUNICATION) if n in covers})
    alone = np.flatnonzero((layers[:-1] == 1 << _COMMUNICATION) & (at[1:] > at[:-1]))
    return at[alone], at[alone + 1]


def _open_layers(covers: _Covers) -> tuple[Times, NDArray[np.int64]]:
    """The moments at which a layer opens or closes, and the layers that are open from then on."""
    at = np.concatenate(
        [edges for cover in covers.values() for edges in (cover.starts, cover.ends)]
    )
    change = np.concatenate(
        [np.repeat([1 << layer, -1 << layer], len(c.starts)) for layer, c in covers.items()]
    )
    order = np.argsort(at, kind="stable")
    return take(at, order), np.cumsum(take(change, order))


def _busy(devices: Sequence[_Device], busy_ns: NDArray[np.int64]) -> dict[str, Rows]:
    """The rows of device_busy and of rank_busy."""
    found = [(layer, *row) for device in devices for layer, row in device.layers.items()]
    kernels = [row for row in found if row[0] < _KERNEL_LAYERS]
    kernel_ns = sum(row[2] for row in kernels)
    kernel_count = sum(row[1] for row in kernels)
    values = {
        "kernel_count": kernel_count,
        "copy_count": sum(row[1] for row in found) - kernel_count,
        "kernel_ns": kernel_ns,
        "kernel_busy_ns": busy_ns[0],
        "gpu_busy_ns": busy_ns[2],
        "gpu_span_ns": max(row[4] for row in found) - min(row[3] for row in found),
    }
    return {
        "device_busy": {name: one_value(int(value)) for name, value in values.items()},
        "rank_busy": {"compute_ns": busy_ns[1:2], "busy_ns": busy_ns[2:3]},
    }
