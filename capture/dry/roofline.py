"""How long would this operator take on that device: peaks of named devices, and a roofline over FLOPs and bytes.

A prediction, not a measurement: each operator is taken as one kernel that reads its inputs and writes its outputs once,
runs at a fixed share of the device's dense peak or of its memory bandwidth, whichever is slower, and starts at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

# Shares of the vendor's peak that large kernels reach: assumptions, not fitted to measurements.
FLOPS_EFFICIENCY = 0.7
BYTES_EFFICIENCY = 0.85


@dataclass(frozen=True)
class Device:
    """Ceilings of one device: dense FLOP/s by dtype, bytes/s of its memory, and the shortest kernel it can run."""

    name: str
    memory_bytes: int | None
    sm_count: int | None
    peak_flops_per_s: dict[str, float]
    peak_bytes_per_s: float
    shortest_ns: int = 2000


# Vendor data sheets, dense (no sparsity): NVIDIA A100 80GB SXM, H100 SXM, H200 SXM.
DEVICES = {
    "a100": Device(
        "NVIDIA A100-SXM4-80GB",
        80 * 2**30,
        108,
        {"float16": 312e12, "bfloat16": 312e12, "float32": 19.5e12},
        2.039e12,
    ),
    "h100": Device(
        "NVIDIA H100 80GB HBM3",
        80 * 2**30,
        132,
        {"float16": 989.4e12, "bfloat16": 989.4e12, "float32": 66.9e12},
        3.35e12,
    ),
    "h200": Device(
        "NVIDIA H200",
        141 * 10**9,
        132,
        {"float16": 989.4e12, "bfloat16": 989.4e12, "float32": 66.9e12},
        4.8e12,
    ),
    # A nominal host, so that a dry run can name its operators as a CPU does; not any machine's data sheet.
    "cpu": Device(
        "nominal CPU", None, None, {"float16": 1e11, "bfloat16": 1e11, "float32": 1e11}, 2e10, 1000
    ),
}


def predicted_ns(device: Device, *, flops: int, size_bytes: int, dtype: str) -> int:
    """Nanoseconds one operator takes: the slower of its FLOPs and its bytes, never less than the shortest kernel."""
    peak = device.peak_flops_per_s.get(dtype, device.peak_flops_per_s["float32"])
    compute_s = flops / (peak * FLOPS_EFFICIENCY)
    memory_s = size_bytes / (device.peak_bytes_per_s * BYTES_EFFICIENCY)
    return max(device.shortest_ns, math.ceil(max(compute_s, memory_s) * 1e9))


def known_device(name: str) -> Device | None:
    """The device whose name the driver reports, None if its peaks are not known here."""
    return next((device for device in DEVICES.values() if device.name == name), None)
