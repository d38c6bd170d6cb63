"""Which attention implementation really ran: the operators in a finished trace prove or disprove its labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from genscope.capture.label import grammar
from genscope.errors import CaptureError

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
# every operator that computes attention
_ATTENDING = (
    *(prefix for prefix, _ in _PROOFS),
    "aten::_native_multi_head_attention",
    "aten::_transformer_encoder_layer_fwd",
)


def attention_seen(found: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How many attention calls ran with each implementation, judged by the operators inside their ranges.

    Raises CaptureError if a call's label says something else than its operators.
    """
    seen: Counter[str] = Counter()
    for label, names in _calls(found):
        claimed = _claimed(label)
        shown = _implementation(names)
        if shown is None and claimed in _PACKAGES:
            shown = claimed
        if shown != claimed:
            raise CaptureError(
                f"An attention call is labelled {claimed}, but the trace shows {shown or 'no attention operator'} "
                f"inside it ({label}): this version of torch chose another kernel; please report it with the version."
            )
        seen[shown] += 1
    return dict(seen)


def attention_unlabelled(found: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Attention operators that ran outside every attention range, by name: calls that didn't go through the switch.

    Backward operators don't count: they run after the range of their forward operator has closed.
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


def _claimed(label: str) -> str:
    """The implementation that a call's label names, '' if none."""
    read = grammar.parse(label)
    return str(read.fields.get("implementation", "")) if read else ""


def _calls(found: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, list[str]]]:
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


def _threads(found: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """Operators and labels of each thread, outer ones first."""
    threads: dict[Any, list[Mapping[str, Any]]] = {}
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
