"""What a run was made with: device, peaks, driver and versions. What can't be determined is null, never a guess."""

from __future__ import annotations

import importlib.metadata
import platform
from pathlib import Path
from typing import Any

import torch

from genscope.capture.dry.devices import known_device

_PACKAGES = ("torch", "diffusers", "transformers", "flash-attn", "flash-attn-4")


def versions() -> dict[str, str | None]:
    """Versions of what ran; null for a package that isn't installed."""
    found: dict[str, str | None] = {"python": platform.python_version(), "cuda": torch.version.cuda}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = None
    found["driver"] = _driver_version()
    return found


def _driver_version() -> str | None:
    """The NVIDIA driver's version, from its kernel module."""
    try:
        text = Path("/sys/module/nvidia/version").read_text(encoding="ascii")
    except OSError:
        return None
    return text.strip() or None


def device_name(device: torch.device) -> str | None:
    """The device's own name: the GPU's, or the processor's model."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or None
    names = [
        line.partition(":")[2].strip()
        for line in text.splitlines()
        if line.startswith("model name")
    ]
    return names[0] if names else None


def device_spec(device: torch.device) -> dict[str, Any] | None:
    """Memory, multiprocessors and vendor peaks of a GPU; None for a host, whose peaks are unknown."""
    if device.type != "cuda":
        return None
    properties = torch.cuda.get_device_properties(device)
    known = known_device(properties.name)
    return {
        "memory_bytes": properties.total_memory,
        "sm_count": properties.multi_processor_count,
        "peak_flops_per_s": known.peak_flops_per_s if known else None,
        "peak_bytes_per_s": known.peak_bytes_per_s if known else None,
    }
