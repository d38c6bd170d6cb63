"""Where a step makes the host wait: a bar per phase and component, split by operator."""

from typing import Any

from genscope.analyze.plots import charts, theme


def plot(frame: Any) -> Any:
    """Draw stacked bars from host_sync in waits, most first within each trace."""
    places = frame.copy()
    runs = theme.run_labels(places)
    places["place"] = runs + " · " + places["phase"] + " · " + places["component"]
    return charts.bars(
        places,
        label="place",
        part="op_name",
        value="sync_count",
        axis="waits for the device",
        title="Where a step makes the host wait",
    )
