"""The devices whose peaks are published in genscope/devices.csv, by short name and by the name that a driver reports."""

from __future__ import annotations

import csv
import functools
import importlib.resources
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Device:
    """Ceilings of one device: dense FLOP/s by dtype and bytes/s of its memory.

    `is_fitted` is true if predicted times use rates that were fitted to measurements on it. `name` is what the driver calls it, `pattern` a regular expression found in the names of all devices like it.
    """

    name: str
    pattern: str
    memory_bytes: int | None
    sm_count: int | None
    peak_flops_per_s: dict[str, float]
    peak_bytes_per_s: float
    is_fitted: bool

    def assumptions(self) -> list[str]:
        """What a predicted run takes for granted."""
        kernels = "times are of kernels only, without host gaps: at batch 1 an eager run also waits for the host"
        estimate = f"no measurements on {self.name} were at hand: its times are an estimate from its data sheet"
        return [kernels] if self.is_fitted else [kernels, estimate]

    def card(self) -> dict[str, Any]:
        """What a manifest says of a device: memory, multiprocessors and vendor peaks."""
        return {
            "memory_bytes": self.memory_bytes,
            "sm_count": self.sm_count,
            "peak_flops_per_s": self.peak_flops_per_s,
            "peak_bytes_per_s": self.peak_bytes_per_s,
        }


@functools.cache
def devices() -> dict[str, Device]:
    """Every device that times can be predicted for, by its short name."""
    return dict(_published())


def _published() -> Iterator[tuple[str, Device]]:
    """The rows of genscope/devices.csv, from which queries/rules/device_spec.sql is generated too."""
    text = importlib.resources.files("genscope").joinpath("devices.csv").read_text("utf-8")
    for row in csv.DictReader(text.splitlines()):
        half = row["half_flops"]
        rates = {
            "float16": half,
            "bfloat16": half if row["has_bfloat16"] == "TRUE" else "",
            "float32": row["float32_flops"],
            "tf32": row["tf32_flops"],
            "float8_e4m3fn": row["float8_flops"],
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
                is_fitted=row["rates_of"] == row["device"],
            ),
        )


def known_device(name: str) -> Device | None:
    """The device whose name the driver reports, None if its peaks are not published here."""
    return next((each for each in devices().values() if re.search(each.pattern, name)), None)
