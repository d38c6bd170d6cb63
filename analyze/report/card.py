"""The result card of each trace: the conditions of its recording."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from genscope.analyze.report.format import readable
from genscope.analyze.written import duration

CARD_KEYS = (
    ("family", "family"),
    ("variant", "variant"),
    ("size", "size"),
    ("dtype", "dtype"),
    ("image_size", "image side, px"),
    ("frames", "frames"),
    ("batch", "batch"),
    ("guidance", "guidance"),
    ("prompt_tokens", "prompt tokens"),
    ("steps_profiled", "steps profiled"),
    ("steps_full", "steps in a request"),
    ("attention_seen", "attention seen"),
    ("parameters", "parameters"),
    ("versions", "versions"),
    ("seed", "seed"),
    ("assumptions", "assumptions"),
    ("command", "command"),
)
SEVERAL_DEVICES = "gpu_time counts a moment as busy if any of them works; idle_time and gpu_overlap are per device"


def manifest_of(text: str | None) -> dict[str, Any]:
    """A trace's manifest; empty if it has none that can be read."""
    try:
        manifest = json.loads(text or "{}")
    except ValueError:
        return {}
    return manifest if isinstance(manifest, dict) else {}


def cards(summary: pl.DataFrame, traces: pl.DataFrame) -> list[dict[str, Any]]:
    """The conditions of each trace, from its manifest or else from the file."""
    manifests = dict(zip(traces["trace_id"], traces["manifest"], strict=True))
    names = dict(zip(traces["trace_id"], traces["name"], strict=True))
    return [
        {
            "id": row["trace_id"],
            "name": row["trace_name"],
            "predicted": row["predicted"],
            "facts": [
                (label, readable(value))
                for label, value in _facts(
                    row, names[row["trace_id"]], manifest_of(manifests[row["trace_id"]])
                )
            ],
        }
        for row in summary.iter_rows(named=True)
    ]


def _facts(row: dict[str, Any], name: str, manifest: dict[str, Any]) -> list[tuple[str, str]]:
    facts = [
        ("trace", name),
        ("model", row["model"] or "not recorded"),
        ("device", row["device_name"] or "not recorded"),
        ("attention requested", row["attention"] or "not recorded"),
        ("profiler", row["profiler"] or row["format"]),
    ]
    facts += [
        (label, _plain(manifest[key]))
        for key, label in CARD_KEYS
        if manifest.get(key) not in (None, [], {})
    ]
    wall_ns = manifest.get("wall_ns")
    if isinstance(wall_ns, int | float) and wall_ns > 0:
        facts.append(("wall time without profiler", duration(wall_ns)))
    if row["device_count"] > 1:
        facts.append(("devices with work", f"{row['device_count']}; {SEVERAL_DEVICES}"))
    counts = f"{row['event_count']:,} events, {row['kernel_count']:,} kernels, "
    facts.append(("read", f"{counts}{row['cpu_op_count']:,} operators"))
    facts.append(("file", row["path"]))
    return facts


def _plain(value: Any) -> str:
    """A manifest's value without braces and quotes."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(item)}" for key, item in value.items() if item is not None)
    if isinstance(value, list):
        return "; ".join(_plain(item) for item in value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)
