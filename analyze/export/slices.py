"""The boxes of a trace's timeline: our lanes, the device's work with all that we know of it, the host."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from genscope.analyze.export.track import Slice

if TYPE_CHECKING:
    import polars as pl

    from genscope.analyze.study import Study

HOST = "Host"
# the facts of a work item that become arguments of its slice
FACTS = (
    "component", "step", "module", "module_class", "category", "attention_kind", "attention_role",
    "query_len", "kv_len", "heads", "head_dim", "op_name", "root_op_name", "input_dims",
    "input_types", "flops", "bytes", "op_expected_ns",
    "op_expected_low_ns", "op_expected_high_ns",
)  # fmt: skip
_LANES = ("component", "step", "category", "attention_kind")
# what says nothing, and so is left out of the arguments
_NOTHING = frozenset({None, "none", "unattributed"})


@dataclass(frozen=True)
class Window:
    """Part of a trace in ns from its base; slices that reach into it count. None is the trace's end."""

    start_ns: int | None = None
    end_ns: int | None = None

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows that overlap the window; `frame` has start_ns and dur_ns."""
        import polars as pl

        if self.start_ns is not None:
            frame = frame.filter(pl.col("start_ns") + pl.col("dur_ns") >= self.start_ns)
        if self.end_ns is not None:
            frame = frame.filter(pl.col("start_ns") < self.end_ns)
        return frame


def facts_of(row: dict[str, Any]) -> dict[str, Any]:
    """What a row of work_fact says, without what is unknown."""
    return {name: row[name] for name in FACTS if row[name] not in _NOTHING}


def work_of(study: Study, trace_id: int) -> pl.DataFrame:
    """The rows of work_fact of one trace, which both kinds of slices need."""
    return _rows(study, "work_fact", trace_id)


def device_slices(
    study: Study, trace_id: int, work: pl.DataFrame, window: Window
) -> Iterator[Slice]:
    """Our lanes, the kernels and the copies; of a trace without kernels, the lanes only."""
    import polars as pl

    lanes = _rows(study, "work_lane", trace_id)
    lanes = lanes.with_columns((pl.col("end_ns") - pl.col("start_ns")).alias("dur_ns"))
    for row in _in_lane_order(window.of(lanes)):
        process = f"genscope, {_device(row['device_id'])}"
        yield _slice(process, row["lane"], row, row["lane"], {"work_count": row["work_count"]})
    launches = _launches(study, trace_id)
    for row in window.of(work.filter(pl.col("time_source") == "gpu")).iter_rows(named=True):
        process, track = _device(row["device_id"]), f"stream {row['stream_id']}"
        launch = launches.get(row["work_id"])
        yield _slice(process, track, row, row["category"], facts_of(row), launch)
    for row in window.of(_rows(study, "gpu_copy", trace_id)).iter_rows(named=True):
        args = {name: row[name] for name in ("kind", "size_bytes", "host_memory") if row[name]}
        yield _slice(_device(row["device_id"]), f"stream {row['stream_id']}", row, "copy", args)


def host_slices(study: Study, trace_id: int, work: pl.DataFrame, window: Window) -> Iterator[Slice]:
    """Operators, calls of the runtime and labelled ranges by thread.

    Operators of a trace without kernels have the same arguments as a kernel has.
    """
    import polars as pl

    on_host = work.filter(pl.col("time_source") != "gpu").iter_rows(named=True)
    known = {row["work_id"]: facts_of(row) for row in on_host}
    launching = frozenset(_launches(study, trace_id).values())
    for row in window.of(_rows(study, "cpu_op", trace_id)).iter_rows(named=True):
        shapes = {name: row[name] for name in ("input_dims", "input_types") if row[name]}
        args = shapes | known.get(row["op_id"], {})
        yield _slice(HOST, _thread(row), row, args.get("category", "operator"), args)
    for row in window.of(_rows(study, "runtime_call", trace_id)).iter_rows(named=True):
        launch = row["call_id"] if row["call_id"] in launching else None
        yield _slice(HOST, _thread(row), row, "call", {}, launch)
    ranges = _rows(study, "annotation", trace_id).filter(pl.col("kind") != "gpu_user")
    for row in window.of(ranges).iter_rows(named=True):
        yield _slice(HOST, f"ranges of {_thread(row)}", row, row["kind"], {})


def _rows(study: Study, relation: str, trace_id: int) -> pl.DataFrame:
    return study.sql(f"SELECT * FROM {relation} WHERE trace_id = {trace_id}")


def _launches(study: Study, trace_id: int) -> dict[int, int]:
    """The call that launched each kernel, where it is known."""
    rows = _rows(study, "kernel_launch", trace_id).select("kernel_id", "call_id").drop_nulls()
    return dict(rows.iter_rows())


def _in_lane_order(lanes: pl.DataFrame) -> Iterator[dict[str, Any]]:
    rows = lanes.sort("device_id", "start_ns").rows(named=True)
    for lane in _LANES:
        yield from (row for row in rows if row["lane"] == lane)


def _slice(
    process: str,
    track: str,
    row: dict[str, Any],
    category: str,
    args: dict[str, Any],
    launch: int | None = None,
) -> Slice:
    return Slice(
        process, track, row["start_ns"], row["dur_ns"], row["name"], category, args, launch
    )


def _device(device_id: int) -> str:
    return HOST if device_id < 0 else f"GPU {device_id}"


def _thread(row: dict[str, Any]) -> str:
    return f"process {row['process_id']} thread {row['thread_id']}"
