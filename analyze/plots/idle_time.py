"""Why each GPU is idle: the causes as shares of its span."""

from typing import Any

from genscope.analyze.plots import theme
from genscope.analyze.plots.stacked import gpu_labels, stacked

# the words for each cause, wherever a person reads of it, and its colour
CAUSES = {
    "host_sync": ("the host waits for the GPU", "#d55e00"),
    "host_memory": ("the host allocates or frees memory", "#882255"),
    "host_runtime": ("the host is in another runtime call", "#cc79a7"),
    "host_dataloader": ("the host loads data", "#009e73"),
    "host_operator": ("the host runs operators", "#0072b2"),
    "host_other": ("the host runs other code", "#56b4e9"),
    "launch": ("the host is in the launching call", "#e69f00"),
    "device": ("the work is launched, not started", "#f0e442"),
    "graph": ("a graph is between its kernels", "#44aa99"),
    "unlinked": ("the launch is unknown", theme.BLACK),
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
