"""What the allocator held when a snapshot was taken: in use, free next to blocks in use, and free segments."""

from typing import Any

from genscope.analyze.plots import theme
from genscope.analyze.plots.stacked import gpu_labels, stacked

PARTS = {
    "in use": "#0072b2",
    "awaiting release": "#56b4e9",
    "unused, next to blocks in use": "#d55e00",
    "unused segments": theme.GREY,
}


def plot(frame: Any) -> Any:
    """Draw stacked bars from memory_state in GiB, one per device that holds memory, the largest first."""
    devices = frame[frame["reserved_bytes"] > 0]
    devices = devices.sort_values("reserved_bytes", ascending=False, kind="stable")
    if devices.empty:
        return None
    sizes = (
        devices["allocated_bytes"],
        devices["awaiting_free_bytes"],
        devices["stranded_bytes"],
        devices["unused_bytes"] - devices["stranded_bytes"],
    )
    return stacked(
        gpu_labels(devices),
        {part: size / 2**30 for part, size in zip(PARTS, sizes, strict=True)},
        axis="memory held by the allocator (GiB)",
        title="Memory held by the allocator, used and unused",
        known=PARTS,
    )
