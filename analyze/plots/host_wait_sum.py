"""How long the host of each trace waits, and whether the device works meanwhile."""

from typing import Any

from genscope.analyze.plots.stacked import stacked

STATES = {"the GPU is busy": "#0072b2", "the GPU is idle or unrecorded": "#d55e00"}


def parts_of(waits: Any) -> dict[str, Any]:
    """The time of each wait in ms, by what the device does meanwhile."""
    columns = ("device_busy_ns", "device_idle_ns")
    return {state: waits[column] / 1e6 for state, column in zip(STATES, columns, strict=True)}


def plot(frame: Any) -> Any:
    """Draw stacked bars from host_wait_sum in ms, one per trace with waits, the longest first."""
    traces = frame[frame["wait_ns"] > 0].sort_values("wait_ns", ascending=False, kind="stable")
    if traces.empty:
        return None
    return stacked(
        traces["trace_name"],
        parts_of(traces),
        axis="time in which the host waits (ms)",
        title="How long the host waits",
        known=STATES,
    )
