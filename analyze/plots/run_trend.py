"""Time of the runs of one model, in the order in which they were recorded."""

from typing import Any

from genscope.analyze.plots import charts


def plot(frame: Any) -> Any:
    """Draw a line from run_trend for each model, device and attention: ms of work by number of run."""
    if frame.empty:
        return None
    return charts.lines(
        frame.assign(ms=frame["work_ns"] / 1e6),
        x="run",
        y="ms",
        series="job",
        axes=charts.Axes("run, in order of time", "time of all work (ms)"),
        title="Time of runs, one after the other",
    )
