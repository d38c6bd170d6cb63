"""Which operators, or lines of Python, had allocated the memory at the peak: one panel per device."""

from typing import Any

from genscope.analyze.plots import charts, theme

MAX_DEVICES = 6
MAX_OPERATORS = 8
LIFETIME = {"kept": "#d55e00", "temporary": "#0072b2", "before": "#56b4e9"}


def plot(frame: Any) -> Any:
    """Draw bars from memory_at_peak in MiB, by operator and lifetime, for the fullest devices."""
    devices = frame[frame["device_id"] >= 0].groupby(["trace_id", "device_id"])["alive_bytes"]
    fullest = devices.sum().sort_values(ascending=False).index[:MAX_DEVICES]
    return theme.panels(
        [
            _panel(frame[(frame["trace_id"] == trace) & (frame["device_id"] == device)])
            for trace, device in fullest
        ]
    )


def _panel(blocks: Any) -> Any:
    # a snapshot with Python stacks knows the line and no operator
    op_name = blocks["op_name"].where(blocks["op_name"] != "unattributed", blocks["place"])
    rows = blocks.assign(op_name=op_name)
    rows = rows.groupby(["op_name", "lifetime"], as_index=False)["alive_bytes"].sum()
    largest = rows.groupby("op_name")["alive_bytes"].sum().sort_values(ascending=False)
    rows["operator"] = rows["op_name"].where(
        rows["op_name"].isin(largest.index[:MAX_OPERATORS]), "other"
    )
    order = {name: place for place, name in enumerate(largest.index[:MAX_OPERATORS])}
    rows["mib"] = rows["alive_bytes"] / 2**20
    rows = rows.sort_values("operator", key=lambda names: names.map(order).fillna(len(order)))
    return charts.bars(
        rows,
        label="operator",
        part="lifetime",
        value="mib",
        axis="memory at the peak (MiB)",
        title=f"{blocks.iloc[0]['trace_name']}: what the memory at the peak is for",
        known=LIFETIME,
    )
