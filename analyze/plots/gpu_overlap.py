"""How much communication and copying is hidden behind computing."""

from typing import Any

from genscope.analyze.plots.stacked import gpu_labels, stacked

STATES = {
    "computing alone": (("only_compute_ns",), "#56b4e9"),
    "computing hides communication": (("compute_comm_ns", "compute_comm_copy_ns"), "#0072b2"),
    "computing hides copies": (("compute_copy_ns",), "#009e73"),
    "exposed communication": (("only_comm_ns", "comm_copy_ns"), "#d55e00"),
    "exposed copies": (("only_copy_ns",), "#e69f00"),
}


def plot(frame: Any) -> Any:
    """Draw stacked bars from gpu_overlap, one per GPU, in % of the time in which it is busy."""
    gpus = frame[frame["gpu_busy_ns"] > 0].copy()
    if gpus.empty:
        return None
    gpus["gpu"] = gpu_labels(gpus)
    gpus["exposed"] = (gpus["exposed_comm_ns"] + gpus["exposed_copy_ns"]) / gpus["gpu_busy_ns"]
    gpus = gpus.sort_values("exposed", ascending=False, kind="stable")
    return stacked(
        gpus["gpu"],
        {
            state: 100 * gpus[list(columns)].sum(axis=1) / gpus["gpu_busy_ns"]
            for state, (columns, _) in STATES.items()
        },
        axis="share of the time in which the GPU is busy (%)",
        title="Communication and copies, hidden and exposed",
        known={state: colour for state, (_, colour) in STATES.items()},
    )
