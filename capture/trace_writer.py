"""The trace file of a run: written as Chrome JSON, and read back to prove which attention implementation ran."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from genscope.errors import CaptureError

FILE = "trace.json.gz"
SCHEMA = 1

# the operator that proves a fused implementation, longest match first
_PROOFS = (
    ("aten::_scaled_dot_product_flash_attention", "flash"),
    ("aten::_scaled_dot_product_fused_attention_overrideable", "overrideable"),
    ("aten::_scaled_dot_product_efficient_attention", "efficient"),
    ("aten::_scaled_dot_product_cudnn_attention", "cudnn"),
    ("aten::_scaled_dot_product_attention_math", "math"),
    ("aten::scaled_dot_product_attention", "math"),
    ("flash_attn::", "flash-attn"),
)
_PACKAGES = ("flash-attn", "fa4")
# operators that compute attention, whoever calls them
_ATTENDING = (
    *(prefix for prefix, _ in _PROOFS),
    "aten::_native_multi_head_attention",
    "aten::_transformer_encoder_layer_fwd",
)


def stamp(profiler: str, *, predicted: bool, device: str | None) -> dict[str, Any]:
    """The trace's own 'genscope' key: a file that is moved away from its manifest still says what its times are."""
    return {"schema": SCHEMA, "profiler": profiler, "predicted": predicted, "device": device}


def write(path: Path, head: dict[str, Any], events: Iterable[dict[str, Any]]) -> None:
    """Write a gzipped Chrome trace, one event a line."""
    with gzip.GzipFile(path, "wb", compresslevel=6, mtime=0) as file:
        opening = json.dumps(head, indent=None)
        file.write(opening[:-1].encode() + b',\n"traceEvents": [\n')
        for number, event in enumerate(events):
            file.write((b",\n" if number else b"") + json.dumps(event).encode())
        file.write(b"\n]}\n")


def events(path: Path) -> list[dict[str, Any]]:
    """All events of a gzipped Chrome trace."""
    with gzip.open(path, "rb") as file:
        found: list[dict[str, Any]] = json.load(file)["traceEvents"]
    return found


def attention_seen(found: Iterable[dict[str, Any]]) -> dict[str, int]:
    """How many attention calls ran with each implementation, judged by the operators inside their ranges.

    Raises CaptureError if a call's label says something else than its operators.
    """
    seen: Counter[str] = Counter()
    for label, names in _calls(found):
        claimed = label.partition("implementation=")[2].partition(",")[0]
        shown = _implementation(names)
        if shown is None and claimed in _PACKAGES:
            shown = claimed
        if shown != claimed:
            raise CaptureError(
                f"found {shown or 'no attention operator'} in the trace for a call labelled {claimed} ({label}); "
                "expected both to agree: this torch chose another kernel, report it with its version"
            )
        seen[shown] += 1
    return dict(seen)


def attention_unlabelled(found: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Attention operators that ran outside every attention range, by name: calls that no switch has seen.

    Backward operators are none: they follow from the forward one, whose range is closed by then.
    """
    outside: Counter[str] = Counter()
    for rows in _threads(found):
        end = 0.0
        for row in rows:
            name, start = row["name"], float(row["ts"])
            attends = name.startswith(("attention:", *_ATTENDING)) and "_backward" not in name
            if start < end or not attends:
                continue
            end = start + float(row["dur"])
            outside[name] += not name.startswith("attention:")
    return dict(+outside)


def _calls(found: Iterable[dict[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    """Each attention range's label with the names of the operators inside it, thread by thread."""
    for rows in _threads(found):
        label, end = "", 0.0
        names: list[str] = []
        for row in rows:
            if row["name"].startswith("attention:"):
                if label:
                    yield label, names
                label, names, end = row["name"], [], float(row["ts"]) + float(row["dur"])
            elif label and float(row["ts"]) < end and "::" in row["name"]:
                names.append(row["name"])
        if label:
            yield label, names


def _threads(found: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Operators and labels of each thread, outer ones first."""
    threads: dict[Any, list[dict[str, Any]]] = {}
    for event in found:
        if event.get("ph") == "X" and event.get("cat") in ("cpu_op", "user_annotation"):
            threads.setdefault(event.get("tid"), []).append(event)
    for rows in threads.values():
        yield sorted(rows, key=lambda row: (float(row["ts"]), -float(row["dur"])))


def _implementation(names: list[str]) -> str | None:
    for prefix, implementation in _PROOFS:
        if any(name.startswith(prefix) for name in names):
            return implementation
    return "unfused" if "aten::bmm" in names else None
