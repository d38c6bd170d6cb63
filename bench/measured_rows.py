"""Measured operators from a CSV, each as the operators of a trace whose kernels its time covers.

A row has the columns source, device, dtype, model, what, shape, measured_ns, calls and note. `what` is an operator with
`shape` as '<dims> strides <strides>', or a table's name with 'M= N= K=' or 'batch= heads= L= d='. Rows of whole pipelines
are left out.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from genscope.predictor import Signature

# the driver's name of a device that a source names in another way
DEVICES = {
    "NVIDIA A100-SXM4": "NVIDIA A100-SXM4-80GB",
    "NVIDIA A100 80GB": "NVIDIA A100-SXM4-80GB",
    "NVIDIA A100": "NVIDIA A100-SXM4-80GB",
    "NVIDIA H100": "NVIDIA H100 80GB HBM3",
}
TYPES = {"bfloat16": "c10::BFloat16", "float16": "c10::Half"}
CLASSES = {
    "addmm": "linear", "mm": "linear", "linear": "linear", "bmm": "bmm", "convolution": "convolution", "layer_norm": "norm",
    "native_layer_norm": "norm", "native_group_norm": "norm", "_softmax": "softmax", "copy_": "copy", "clone": "copy",
    "cat": "copy", "index_select": "copy", "fill_": "copy", "mean": "reduction", "sum": "reduction", "linalg_vector_norm": "reduction",
    "any": "reduction", "all": "reduction", "argmax": "reduction",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One measured operator, and the operators of a trace whose kernels its time covers."""

    source: str
    device: str
    dtype: str
    model: str
    group: str
    label: str
    measured_ns: float
    calls: int
    is_trace: bool
    warm: bool
    operators: tuple[Signature, ...] = field(repr=False)

    @property
    def weight_ns(self) -> float:
        """The row's measured time over all its calls."""
        return self.measured_ns * self.calls


def read_rows(path: Path) -> list[Row]:
    """The rows that name an operator; the model of a trace is part of its source."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(_rows(csv.DictReader(file)))


def _rows(table: Iterable[dict[str, str]]) -> Iterator[Row]:
    for row in table:
        if row["what"].startswith("whole pipeline"):
            continue
        operators, group = _operators(row)
        if not operators:
            continue
        trace = row["what"].startswith("aten::")
        yield Row(
            source=row["model"] if trace else row["source"].split("@")[0].split(" systems")[0][:32],
            device=DEVICES.get(row["device"], row["device"]),
            dtype={"c10::BFloat16": "bfloat16", "TensorList": "bfloat16"}.get(row["dtype"], "float16"),
            model=row["model"],
            group=group,
            label=f"{row['what']} {row['shape'][:120]}",
            measured_ns=float(row["measured_ns"]),
            calls=int(row["calls"]),
            is_trace=trace,
            warm="warm" in row["note"],
            operators=tuple(operators),
        )  # fmt: skip


def _operators(row: dict[str, str]) -> tuple[list[Signature], str]:
    numbers = {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", row["shape"])}
    kind = TYPES.get(row["dtype"], row["dtype"])
    if {"M", "N", "K"} <= numbers.keys():
        m, n, k = numbers["M"], numbers["N"], numbers["K"]
        return [_made("aten::mm", [[m, k], [k, n]], [[k, 1], [1, k]], [kind] * 2)], "linear"
    if "heads" in numbers:
        return _attention(row, numbers, kind), "flash"
    name = row["what"].removeprefix("aten::")
    # a row of resampling lacks the size of its output
    if "->" in name or "upsample" in name or not row["what"].startswith("aten::"):
        return [], ""
    dims_text, _, strides_text = row["shape"].partition(" strides ")
    dims, strides = json.loads(dims_text), json.loads(strides_text)
    return _of_trace(name, dims, strides, kind), CLASSES.get(
        name, "flash" if "flash" in name else "efficient" if "efficient" in name else "pointwise"
    )


def _attention(row: dict[str, str], numbers: dict[str, int], kind: str) -> list[Signature]:
    batch, heads, size = numbers["batch"], numbers["heads"], numbers["d"]
    queries = numbers.get("L") or numbers["Lq"]
    keys = numbers.get("L") or numbers["Lk"]
    shapes = [[batch, heads, length, size] for length in (queries, keys, keys)]
    causal = str("causal prefill" in row["what"])
    values = ["", "", "", "0.", causal, "False", ""]
    found = [
        _made("aten::_scaled_dot_product_flash_attention", shapes, [_dense(s) for s in shapes], [kind] * 3, values)
    ]  # fmt: skip
    if "cache write" in row["what"]:
        cache = [2, batch, keys, heads * size]
        found.append(_made("aten::copy_", [cache] * 2, [_dense(cache)] * 2, [kind] * 2))
    return found


def _of_trace(name: str, dims: list[Any], strides: list[Any], kind: str) -> list[Signature]:
    """The operator, and those of a real trace that run inside it: a convolution's bias, the copy of a permuted norm."""
    types = [kind] * len(dims)
    if name == "layer_norm":
        found = [_made("aten::native_layer_norm", dims, [_dense(dims[0]), *strides[1:]], types)]
        if strides[0] != _dense(dims[0]) and _is_spread(dims[0], strides[0]):
            pair = [dims[0], dims[0]]
            found.append(_made("aten::copy_", pair, [_dense(dims[0]), strides[0]], [kind] * 2))
        return found
    if name == "convolution":
        return _convolution(dims, strides, kind)
    if (
        name == "copy_"
        and strides[0] == strides[1]
        and kind in ("float", "c10::BFloat16", "double")
    ):
        # the row names only the first type; nothing copies a tensor onto one laid out alike except a cast
        other = {"float": "c10::BFloat16", "c10::BFloat16": "float", "double": "c10::BFloat16"}[
            kind
        ]
        types[:2] = [kind, other]
    if name == "index_select":
        types[2] = "long int"
        return [_made("aten::index_select", dims, strides, types, ["", "0", ""])]
    return [_made(f"aten::{name}", dims, strides, types)]


def _convolution(dims: list[Any], strides: list[Any], kind: str) -> list[Signature]:
    """The rows lack stride and padding: patches don't overlap, other 2-D kernels keep the size, 3-D inputs come padded."""
    image, weight = dims[0], dims[1]
    window = weight[2:]
    if window[-1] % 2 == 0 or window[-1] > 7:
        stride, padding = window, [0] * len(window)
    else:
        stride = [1] * len(window)
        padding = [w // 2 if len(window) == 2 else 0 for w in window]
    values = ["", "", "", str(stride), str(padding), str([1] * len(window)), "False", str([0] * len(window)), "1"]  # fmt: skip
    found = [_made("aten::convolution", dims, strides, [kind, kind, kind if dims[2] else ""] + [""] * 6, values)]  # fmt: skip
    if dims[2]:
        places = [
            (size + 2 * pad - kernel) // step + 1
            for size, pad, kernel, step in zip(image[2:], padding, window, stride, strict=True)
        ]
        output = [image[0], weight[0], *places]
        bias = [1, weight[0], *[1] * len(window)]
        found.append(
            _made("aten::add_", [output, bias], [_dense(output), _dense(bias)], [kind] * 2)
        )
    return found


def _made(
    name: str, dims: Any, strides: Any, types: Sequence[str], values: Sequence[str] | None = None
) -> Signature:
    texts = [json.dumps(part) for part in (dims, strides, list(types))]
    return (name, *texts, json.dumps(values) if values else None)  # type: ignore[return-value]


def _dense(shape: Sequence[int]) -> list[int]:
    strides = [1]
    for size in reversed(shape[1:]):
        strides.insert(0, strides[0] * size)
    return strides[-len(shape) :] if shape else []


def _is_spread(shape: Sequence[int], strides: Sequence[int]) -> bool:
    """Whether the strides differ from those of a contiguous tensor in an axis that has a second element."""
    return any(s != d for n, s, d in zip(shape, strides, _dense(shape), strict=True) if n > 1)
