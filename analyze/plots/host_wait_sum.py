"""How long the host of each trace waits, and whether the device works meanwhile."""

from typing import Any

from genscope.analyze.plots import charts

STATES = {"the GPU is busy": "#0072b2", "the GPU is idle": "#d55e00"}


def plot(frame: Any) -> Any:
    """Draw stacked bars from host_wait_sum in ms, one per trace with waits, the longest first."""
    import pandas as pd

    traces = frame[frame["wait_ns"] > 0].sort_values("wait_ns", ascending=False, kind="stable")
    if traces.empty:
        return None
    rows = pd.concat(
        [
            pd.DataFrame(
                {"trace": traces["trace_name"], "state": state, "ms": traces[column] / 1e6}
            )
            for state, column in zip(STATES, ("device_busy_ns", "device_idle_ns"), strict=True)
        ]
    )
    return charts.bars(
        rows,
        label="trace",
        part="state",
        value="ms",
        axis="time in which the host waits (ms)",
        title="How long the host waits",
        known=STATES,
    )
