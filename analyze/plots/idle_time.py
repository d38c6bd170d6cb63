"""Why each GPU is idle: the causes as shares of its span."""

from typing import Any

from genscope.analyze.plots import theme
from genscope.analyze.plots.stacked import gpu_labels, stacked

CAUSES = {
    "host_sync": ("host waits for the GPU", "#d55e00"),
    "host_memory": ("host allocates or frees", "#882255"),
    "host_runtime": ("another runtime call", "#cc79a7"),
    "host_dataloader": ("data loader", "#009e73"),
    "host_operator": ("operator on the host", "#0072b2"),
    "host_other": ("Python or unrecorded", "#56b4e9"),
    "launch": ("the launching call", "#e69f00"),
    "device": ("launched, not started", "#f0e442"),
    "graph": ("within a graph", "#44aa99"),
    "unlinked": ("unknown", theme.BLACK),
}


def plot(frame: Any) -> Any:
    """Draw stacked bars from idle_time, one per GPU, in % of its span, the idlest first.

    If only the sums are known, all idle time has an unknown cause.
    """
    gpus = frame[frame["gpu_idle_ns"].notna() & (frame["gpu_span_ns"] > 0)].copy()
    if gpus.empty:
        return None
    # NULL if the causes are refused
    known = gpus["host_sync_ns"].notna()
    gpus.loc[~known, "unlinked_ns"] = gpus.loc[~known, "gpu_idle_ns"]
    gpus["gpu"] = gpu_labels(gpus)
    gpus["frac"] = gpus["gpu_idle_ns"] / gpus["gpu_span_ns"]
    gpus = gpus.sort_values("frac", ascending=False, kind="stable")
    return stacked(
        gpus["gpu"],
        {
            label: (100 * gpus[f"{cause}_ns"] / gpus["gpu_span_ns"]).fillna(0)
            for cause, (label, _) in CAUSES.items()
        },
        axis="idle, share of the time from first to last GPU event (%)",
        title="Why the GPU is idle",
        known=dict(CAUSES.values()),
    )
