"""Reading a captured trace back for tests, and counting its FLOPs from recorded shapes alone."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

Captured = Callable[..., Path]
Event = dict[str, Any]


def events(folder: Path) -> list[Event]:
    with gzip.open(folder / "trace.json.gz", "rb") as file:
        found: list[Event] = json.load(file)["traceEvents"]
    return found


def head(folder: Path) -> dict[str, Any]:
    with gzip.open(folder / "trace.json.gz", "rb") as file:
        return {key: value for key, value in json.load(file).items() if key != "traceEvents"}


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return found


def labels(folder: Path, prefix: str) -> list[Event]:
    return [event for event in events(folder) if event["name"].startswith(prefix)]


def fields(label: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in label.partition(":")[2].split(","))


def operators(folder: Path) -> list[Event]:
    return [e for e in events(folder) if e.get("cat") == "cpu_op" and "::" in e["name"]]


def inside(event: Event, outer: Event) -> bool:
    end = outer["ts"] + outer["dur"]
    return bool(outer["ts"] - 1e-6 <= event["ts"] and event["ts"] + event["dur"] <= end + 1e-6)


def flops(event: Event) -> int:
    """FLOPs of a dry event from "Input Dims" and "Concrete Inputs" only; two for each multiply-add."""
    dims = event.get("args", {}).get("Input Dims", [])
    name = event["name"]
    if name in ("aten::mm", "aten::bmm"):
        return 2 * math.prod(dims[0]) * int(dims[1][-1])
    if name in ("aten::addmm", "aten::baddbmm"):
        return 2 * math.prod(dims[1]) * int(dims[2][-1])
    if name.startswith("aten::_scaled_dot_product"):
        return 4 * math.prod(dims[0]) * int(dims[1][-2])
    if name == "aten::convolution":
        return _convolution(dims, event["args"]["Concrete Inputs"])
    return 0


def _convolution(dims: list[list[int]], concrete: list[str]) -> int:
    image, weight = dims[0], dims[1]
    stride, padding, dilation = (json.loads(concrete[i]) for i in (3, 4, 5))
    assert concrete[6] == "False", "no model here has a transposed convolution"
    spatial = [
        (size + 2 * p - d * (k - 1) - 1) // s + 1
        for size, k, s, p, d in zip(image[2:], weight[2:], stride, padding, dilation, strict=True)
    ]
    return 2 * image[0] * weight[0] * math.prod(spatial) * math.prod(weight[1:])
