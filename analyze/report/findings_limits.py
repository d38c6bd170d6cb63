"""Findings about one trace: what takes its time, and what limits it."""

from __future__ import annotations

import polars as pl

from genscope.analyze.plots.idle_time import CAUSES
from genscope.analyze.report.finding import (
    Finding,
    Frames,
    Row,
    counted,
    in_requests,
    limited,
    time,
    time_shared,
)
from genscope.analyze.report.format import every, joined, saving
from genscope.analyze.written import percent

# what a verdict of step_breakdown says about a step
VERDICT = {
    "device_bound": "by the GPU",
    "input_bound": "by the host, which loads data",
    "sync_bound": "by the host, which waits for the GPU, or allocates or frees memory",
    "launch_bound": "by the host, which launches too slowly (many short gaps)",
    "host_bound": "by the host (a few long gaps)",
    "waiting": "by the device: work is launched, not started, or a graph is between its kernels",
    "mixed": "by several things",
}
# what the GPU does in the parts of a step in which no kernel computes
_WITHOUT_KERNELS = {
    "copies": ("memcpy_ns", "memset_ns"),
    "communicates": ("communication_ns",),
}


def categories(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    """The three largest categories of one or two traces; of more, the largest of each, counted."""
    shares = in_requests(frame).filter(pl.col("work_frac") >= 0.01)
    ordered = shares.sort("work_frac", descending=True)
    traces = tuple(shares["trace_id"].unique(maintain_order=True))
    if len(traces) > 2:
        largest = ordered.unique("trace_id", maintain_order=True)
        counts = (
            largest["category"]
            .value_counts(sort=True)
            .sort("count", "category", descending=[True, False])
        )
        parts = [f"{category} in {count}" for category, count in counts.iter_rows()]
        predicted = bool((largest["time_source"] == "predicted").any())
        text = f"The largest category of {len(traces)} traces: {joined(parts)}."
        return [Finding(text, "operator_breakdown", traces, predicted)]
    found = []
    for number in traces:
        top = ordered.filter(pl.col("trace_id") == number).head(3)
        first = top.row(0, named=True)
        parts = [
            f"{row['category']} {percent(row['work_frac'])}" for row in top.iter_rows(named=True)
        ]
        text = f"The {time_shared(top)} of {first['trace_name']} goes to {joined(parts)}."
        predicted = first["time_source"] == "predicted"
        found.append(Finding(text, "operator_breakdown", (number,), predicted))
    return found


def opportunities(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    """The fix of each trace that would save most."""
    best = frame.filter(pl.col("place_rank") == 1).sort("saving_frac", descending=True)
    return limited(
        [
            Finding(
                f"{row['trace_name']}: {row['what']}{_cost(row)}. A fix saves {saving(row)}.",
                "opportunity",
                (row["trace_id"],),
                bool(row["predicted"]),
            )
            for row in best.iter_rows(named=True)
        ],
        "more traces could be made faster by 1 % or more",
    )


def _cost(row: Row) -> str:
    """What takes so much more than a fix saves."""
    costs_more = row["cost_ns"] > 2 * row["saving_high_ns"]
    return f", {time(row['cost_ns'])} in all" if costs_more else ""


def idle(frame: pl.DataFrame, frames: Frames) -> list[Finding]:
    counts = frames.get("trace_summary", pl.DataFrame({"trace_id": [], "device_count": []}))
    several = dict(
        counts.filter(pl.col("device_count") > 1).select("trace_id", "device_count").rows()
    )
    said = pl.col("idle_refusal").is_null()
    used = frame.filter((pl.col("gpu_span_ns") > 0) & said).with_columns(
        (pl.col("gpu_idle_ns") / pl.col("gpu_span_ns")).alias("idle_frac")
    )
    rows = used.filter(pl.col("idle_frac") > 0.1).sort("idle_frac", descending=True)
    return limited(
        [
            Finding(
                f"{_gpus(row['trace_name'], several.get(row['trace_id'], 1))} for "
                f"{percent(row['idle_frac'])} of {time(row['gpu_span_ns'])}.",
                "gpu_time",
                (row["trace_id"],),
            )
            for row in rows.iter_rows(named=True)
        ],
        "more traces have a GPU that is idle for over 10 % of the time",
        limit=3,
    )


def _gpus(trace_name: str, count: int) -> str:
    """gpu_time unites the GPUs of a trace, so it is idle only while none of them works."""
    if count == 1:
        return f"The GPU of {trace_name} is idle"
    return f"None of the {count} GPUs of {trace_name} works"


def idle_causes(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    """What the host did in most of the idle time, if the GPU was idle for over 10 % of the time."""
    found = []
    for row in frame.filter(pl.col("idle_refusal").is_null()).iter_rows(named=True):
        idle_ns, span_ns = row["gpu_idle_ns"] or 0, row["gpu_span_ns"] or 0
        if idle_ns <= 0.1 * span_ns:
            continue
        largest = max(CAUSES, key=lambda cause: row[f"{cause}_ns"] or 0)
        found.append(
            Finding(
                f"In {percent((row[f'{largest}_ns'] or 0) / idle_ns)} of the idle time of GPU {row['device_id']} of "
                f"{row['trace_name']}, {CAUSES[largest][0]}.",
                "idle_time",
                (row["trace_id"],),
            )
        )
    return limited(found, "more GPUs have a main cause of idle time", limit=2)


def verdicts(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    """What limits most steps of each trace."""
    # those first that name a limit, and whose steps take longest
    longest = pl.col("step_ns").sum().over("trace_id")
    known = frame.filter(pl.col("verdict").is_not_null()).sort(
        longest, descending=True, maintain_order=True
    )
    # a step is there twice: as the host and as the device sees it
    known = known.unique(["trace_id", "step"], keep="first", maintain_order=True)
    found: list[Finding] = []
    unclear: list[Finding] = []
    for (number,), rows in known.group_by(["trace_id"], maintain_order=True):
        counts = rows["verdict"].value_counts(sort=True)
        verdict, count = counts.row(0)
        text = f"{_steps_of(rows, count)}{rows['trace_name'][0]} {_are(count)} limited {VERDICT[verdict]}"
        if verdict == "device_bound":
            text += _without_kernels(rows.filter(pl.col("verdict") == verdict))
        listed = unclear if verdict == "mixed" else found
        listed.append(Finding(f"{text}.", "step_breakdown", (int(str(number)),)))
    return limited(found + unclear, "more traces have steps with a verdict", limit=2)


def _without_kernels(rows: pl.DataFrame) -> str:
    """For how much of the time the GPU only copies or only communicates, if for much of it."""
    whole = float(rows["step_ns"].sum())
    parts = {
        does: sum(float(rows[column].sum()) for column in columns) / whole if whole else 0
        for does, columns in _WITHOUT_KERNELS.items()
    }
    said = [f"only {does} for {percent(part)}" for does, part in parts.items() if part > 0.2]
    return f", which {joined(said)} of the time" if said else ""


def _steps_of(rows: pl.DataFrame, count: int) -> str:
    """So many of a trace's steps, in words; '' for a trace without steps, which is one window."""
    if rows["step"].is_null().all():
        return ""
    if len(rows) == 1:
        return "The only step of "
    return f"{'All' if count == len(rows) else f'{count} of'} {len(rows)} steps of "


def waits(frame: pl.DataFrame, frames: Frames) -> list[Finding]:
    """How long the host waits for the GPU, and how much of that the GPU is idle, if its work is recorded."""
    summary = frames["trace_summary"]
    recorded = set(summary.filter(pl.col("kernel_count") + pl.col("copy_count") > 0)["trace_id"])
    rows = frame.filter(pl.col("wait_union_ns") > 0).sort("wait_union_ns", descending=True)
    return limited(
        [
            Finding(
                f"The host of {row['trace_name']} waits {time(row['wait_union_ns'])} for the GPU in "
                f"{counted(row['wait_count'], 'call')}"
                + (
                    f"; the GPU is idle for {time(row['device_idle_ns'])} of that."
                    if row["device_idle_ns"] and row["trace_id"] in recorded
                    else "."
                ),
                "host_wait_sum",
                (row["trace_id"],),
            )
            for row in rows.iter_rows(named=True)
        ],
        "more hosts wait for their GPU",
        limit=2,
    )


def bounds(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    whole = frame.filter(
        pl.col("scope") == "request", pl.col("category") == "all", pl.col("bound") != "unknown"
    )
    if whole.is_empty():
        return []
    memory = whole.filter(pl.col("bound") == "memory")
    compute = len(whole) - len(memory)
    if len(whole) == 1:
        text = f"The work of the run is {whole['bound'][0]}-bound, with bytes computed from shapes."
    elif compute in (0, len(whole)):
        bound = whole["bound"][0]
        text = f"The work of {every(len(whole)).lower()} runs is {bound}-bound, with bytes computed from shapes."
    else:
        text = (
            f"The work of {len(memory)} of {len(whole)} runs is memory-bound and that of {compute} "
            "compute-bound, with bytes computed from shapes."
        )
    return [Finding(text, "roofline", tuple(memory["trace_id"]))]


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
