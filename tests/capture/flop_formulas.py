"""FLOPs of one operator from its arguments: formulas of their own, against which SQL's and torch's are held.

FLOPs are two for each multiply-add of matrix products, convolutions and attention; every other operator has none.
"""

from __future__ import annotations

import math
from typing import Any

import torch

_PRODUCTS = frozenset(
    {"aten::mm", "aten::bmm", "aten::_int_mm", "aten::_scaled_mm", "aten::_scaled_mm_v2"}
)
# the argument of which each element is multiplied by one of a vector
_VECTOR_PRODUCTS = {
    "aten::mv": 0, "aten::dot": 0, "aten::vdot": 0, "aten::addmv": 1, "aten::addmv_": 1
}  # fmt: skip
# their first argument is added to a product of the next two
_ADDED_PRODUCTS = frozenset(
    {
        "aten::addmm", "aten::addmm_", "aten::baddbmm", "aten::baddbmm_",
        "aten::_addmm_activation",
    }
)  # fmt: skip
_ATTENTION = frozenset(
    {
        "aten::_scaled_dot_product_flash_attention", "aten::_scaled_dot_product_flash_attention_for_cpu",
        "aten::_scaled_dot_product_efficient_attention", "aten::_scaled_dot_product_cudnn_attention",
        "aten::_scaled_dot_product_fused_attention_overrideable", "aten::_cudnn_attention_forward",
    }
)  # fmt: skip


def flops_of(name: str, values: list[Any], output: Any) -> int:
    """FLOPs of one call, 0 for an operator that multiplies no matrices. Only a convolution needs its output."""
    if name in _PRODUCTS:
        return 2 * int(values[0].numel() * values[1].shape[-1])
    if name in _VECTOR_PRODUCTS:
        return 2 * int(values[_VECTOR_PRODUCTS[name]].numel())
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
