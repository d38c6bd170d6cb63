"""The most memory that was allocated on each device, and what the allocator held beyond that."""

from typing import Any

from genscope.analyze.plots import theme
from genscope.analyze.plots.stacked import stacked

PARTS = {
    "allocated in the recording": "#0072b2",
    "allocated before": "#56b4e9",
    "held by the allocator, unused": theme.GREY,
}


def plot(frame: Any) -> Any:
    """Draw stacked bars from memory_peak in GiB, one per device with totals, the fullest first."""
    devices = frame[frame["peak_allocated_bytes"].fillna(0) > 0]
    devices = devices.sort_values("peak_allocated_bytes", ascending=False, kind="stable").copy()
    if devices.empty:
        return None
    devices["device"] = [
        f"{name} · host" if device < 0 else str(name)
        for name, device in zip(devices["trace_name"], devices["device_id"], strict=True)
    ]
    several = devices["device"].duplicated(keep=False)
    devices.loc[several, "device"] += " · GPU " + devices["device_id"].astype(str)
    unused = (devices["reserved_at_peak_bytes"] - devices["peak_allocated_bytes"]).clip(lower=0)
    sizes = (devices["alive_known_bytes"], devices["alive_from_before_bytes"], unused)
    return stacked(
        devices["device"],
        {part: size / 2**30 for part, size in zip(PARTS, sizes, strict=True)},
        axis="memory at the peak (GiB)",
        title="Most memory allocated",
        known=PARTS,
    )
