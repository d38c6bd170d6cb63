"""FLOPs and bytes of one operator from its shapes, for the roofline of a dry run.

FLOPs are two for each multiply-add of matrix products, convolutions and attention; every other operator counts as bound by
the bytes it moves. queries/cost/signature_cost.sql defines the formulas, and tests/capture/test_flop_formulas.py holds this copy
against it. Bytes are inputs read once and outputs written once, at the size they have in memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

_PRODUCTS = frozenset({"aten::mm", "aten::bmm"})
# their first argument is added to a product of the next two
_ADDED_PRODUCTS = frozenset({"aten::addmm", "aten::baddbmm", "aten::_addmm_activation"})
_ATTENTION = frozenset(
    {
        "aten::_scaled_dot_product_flash_attention", "aten::_scaled_dot_product_flash_attention_for_cpu",
        "aten::_scaled_dot_product_efficient_attention", "aten::_scaled_dot_product_cudnn_attention",
        "aten::_scaled_dot_product_fused_attention_overrideable",
    }
)  # fmt: skip
# operators that read only the rows they return, not the whole first input
_GATHERS = frozenset({"aten::embedding", "aten::index", "aten::index_select", "aten::gather"})
# operators that overwrite their first input without reading it
_WRITES = frozenset({"aten::fill_", "aten::zero_", "aten::copy_"})


@dataclass(frozen=True)
class OperatorCost:
    """What one operator does: FLOPs, bytes moved, and the dtype its arithmetic runs in."""

    flops: int
    size_bytes: int
    dtype: str


def cost_of(func: Any, values: list[Any], output: Any) -> OperatorCost:
    """The cost of one call with these arguments, in the schema's order, and this output."""
    name = func._schema.name
    inputs = list(_tensors(values))
    outputs = list(_tensors([output]))
    dtype = inputs[0].dtype if inputs else torch.float32
    return OperatorCost(
        flops_of(name, values, output),
        _bytes_of(name, inputs, outputs),
        str(dtype).removeprefix("torch."),
    )


def flops_of(name: str, values: list[Any], output: Any) -> int:
    """FLOPs of one call, 0 for an operator that multiplies no matrices. Only a convolution needs its output."""
    if name in _PRODUCTS:
        return 2 * int(values[0].numel() * values[1].shape[-1])
    if name in _ADDED_PRODUCTS:
        return 2 * int(values[1].numel() * values[2].shape[-1])
    if name == "aten::convolution":
        return _convolution_flops(values, output)
    if name in _ATTENTION:
        query, key, value = values[:3]
        pairs = math.prod(query.shape[:-1]) * key.shape[-2]
        return 2 * int(pairs * (query.shape[-1] + value.shape[-1]))
    return 0


def _convolution_flops(values: list[Any], output: torch.Tensor) -> int:
    """Each output value needs one multiply-add for each weight of its filter (transposed: each input value)."""
    image, weight, transposed = values[0], values[1], values[6]
    places = image if transposed else output
    return 2 * int(places.numel() * math.prod(weight.shape[1:]))


def _bytes_of(name: str, inputs: list[torch.Tensor], outputs: list[torch.Tensor]) -> int:
    written = sum(_size(tensor) for tensor in outputs)
    if name in _GATHERS:
        return 2 * written + sum(_size(tensor) for tensor in inputs[1:])
    if name in _WRITES:
        inputs = inputs[1:]
    return written + sum(_size(tensor) for tensor in inputs)


def _size(tensor: torch.Tensor) -> int:
    """Bytes a tensor covers in memory: a dimension of stride 0 repeats the same bytes."""
    pairs = zip(tensor.shape, tensor.stride(), strict=True)
    return math.prod(size for size, stride in pairs if stride) * tensor.element_size()


def _tensors(values: Any) -> Iterator[torch.Tensor]:
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _tensors(value)
