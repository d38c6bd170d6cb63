"""How much communication and copying is hidden behind computing."""

from typing import Any

from genscope.analyze.plots import charts

STATES = {
    "computing alone": (("only_compute_ns",), "#56b4e9"),
    "computing hides communication": (("compute_comm_ns", "compute_comm_copy_ns"), "#0072b2"),
    "computing hides copies": (("compute_copy_ns",), "#009e73"),
    "exposed communication": (("only_comm_ns", "comm_copy_ns"), "#d55e00"),
    "exposed copies": (("only_copy_ns",), "#e69f00"),
}


def plot(frame: Any) -> Any:
    """Draw stacked bars from gpu_overlap, one per GPU, in % of the time in which it is busy."""
    import pandas as pd

    gpus = frame[frame["gpu_busy_ns"] > 0].copy()
    if gpus.empty:
        return None
    several = gpus["trace_id"].duplicated(keep=False)
    gpus["gpu"] = gpus["trace_name"].where(
        ~several, gpus["trace_name"] + " · GPU " + gpus["device_id"].astype(str)
    )
    gpus["exposed"] = (gpus["exposed_comm_ns"] + gpus["exposed_copy_ns"]) / gpus["gpu_busy_ns"]
    gpus = gpus.sort_values("exposed", ascending=False, kind="stable")
    rows = pd.concat(
        [
            pd.DataFrame(
                {
                    "gpu": gpus["gpu"],
                    "state": state,
                    "percent": 100 * gpus[list(columns)].sum(axis=1) / gpus["gpu_busy_ns"],
                }
            )
            for state, (columns, _) in STATES.items()
        ]
    )
    return charts.bars(
        rows,
        label="gpu",
        part="state",
        value="percent",
        axis="share of the time in which the GPU is busy (%)",
        title="Communication and copies, hidden and exposed",
        known={state: colour for state, (_, colour) in STATES.items()},
    )
