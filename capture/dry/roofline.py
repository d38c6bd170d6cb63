"""How long would this operator take on that device: a roofline over its FLOPs and bytes, from the peaks in genscope/devices.csv.

A prediction, not a measurement: each operator counts as one kernel that reads its inputs and writes its outputs once, starts
at once, and runs at a fixed share of the device's dense peak or of its memory bandwidth, whichever is slower.
"""

from __future__ import annotations

import csv
import functools
import importlib.resources
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

# Shares of the vendor's peak that large kernels reach: assumptions, not fitted to measurements.
FLOPS_EFFICIENCY = 0.7
BYTES_EFFICIENCY = 0.85


@dataclass(frozen=True)
class Device:
    """Ceilings of one device: dense FLOP/s by dtype, bytes/s of its memory, and the shortest kernel it can run.

    `name` is what the driver calls it, `pattern` a regular expression found in the names of all devices like it.
    """

    name: str
    pattern: str
    memory_bytes: int | None
    sm_count: int | None
    peak_flops_per_s: dict[str, float]
    peak_bytes_per_s: float
    shortest_ns: int = 2000


# A nominal host, so that a dry run can name its operators as a CPU does; no machine's data sheet.
_CPU = Device(
    "nominal CPU", "^$", None, None, {"float16": 1e11, "bfloat16": 1e11, "float32": 1e11}, 2e10, 1000
)  # fmt: skip


@functools.cache
def devices() -> dict[str, Device]:
    """Every device that times can be predicted for, by its short name."""
    return {**dict(_published()), "cpu": _CPU}


def _published() -> Iterator[tuple[str, Device]]:
    """The rows of genscope/devices.csv, from which queries/rules/device_spec.sql is generated too."""
    text = importlib.resources.files("genscope").joinpath("devices.csv").read_text("utf-8")
    for row in csv.DictReader(text.splitlines()):
        half, single, eighth = (row[key] for key in ("half_flops", "float32_flops", "float8_flops"))
        rates = {
            "float16": half,
            "bfloat16": half if row["has_bfloat16"] == "TRUE" else "",
            "float32": single,
            "float8_e4m3fn": eighth,
        }
        yield (
            row["device"],
            Device(
                name=row["name"],
                pattern=row["pattern"],
                memory_bytes=int(row["memory_bytes"]) if row["memory_bytes"] else None,
                sm_count=int(row["sm_count"]),
                peak_flops_per_s={dtype: float(rate) for dtype, rate in rates.items() if rate},
                peak_bytes_per_s=float(row["bytes_per_s"]),
            ),
        )


def predicted_ns(device: Device, *, flops: int, size_bytes: int, dtype: str) -> int:
    """Nanoseconds one operator takes: the slower of its FLOPs and its bytes, never less than the shortest kernel."""
    peak = device.peak_flops_per_s.get(dtype, device.peak_flops_per_s["float32"])
    compute_s = flops / (peak * FLOPS_EFFICIENCY)
    memory_s = size_bytes / (device.peak_bytes_per_s * BYTES_EFFICIENCY)
    return max(device.shortest_ns, math.ceil(max(compute_s, memory_s) * 1e9))


def known_device(name: str) -> Device | None:
    """The device whose name the driver reports, None if its peaks are not published here."""
    return next((each for each in devices().values() if re.search(each.pattern, name)), None)
