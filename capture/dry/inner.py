"""Operators that a GPU runs inside or instead of another one, where recording on the meta device sees only the outer one.

cuDNN adds a convolution's bias with a kernel of its own, and normalization over rows first makes a permuted input contiguous
(aten/src/ATen/native/Convolution.cpp, native/cuda/layer_norm_kernel.cu). A real trace lists both as operators.
"""

from __future__ import annotations

from typing import Any

import torch

from genscope.capture.dry.event import shapes_of

# they change a copy of their first input
_WRITES_INTO_COPY = frozenset(
    {
        "aten::scatter",
        "aten::scatter_add",
        "aten::scatter_reduce",
        "aten::index_add",
        "aten::index_put",
    }
)
# name and shapes, as a trace's event holds them
Operator = tuple[str, dict[str, list[Any]]]
# they reserve memory and fill it with an operator of its own
_FILLED_BY = {
    "aten::zeros": "aten::fill_",
    "aten::ones": "aten::fill_",
    "aten::full": "aten::fill_",
    "aten::rand": "aten::uniform_",
    "aten::randn": "aten::normal_",
}
# they copy all of their first input into another shape
_COPIES = frozenset({"aten::pixel_shuffle", "aten::pixel_unshuffle"})


def operators_instead(name: str, values: list[Any], output: Any) -> list[Operator]:
    """The operators whose kernels run for one that has none of its own; empty if it has one."""
    if name in _FILLED_BY:
        return [(_FILLED_BY[name], shapes_of([output, 0]))]
    if name in _COPIES:
        return [("aten::copy_", shapes_of([output, output, False]))]
    if name == "aten::repeat":
        once, times = values[0], values[1]
        shape = [*times, *[1] * (len(times) - once.ndim), *once.shape]
        return [("aten::copy_", shapes_of([output.new_empty(shape), once.expand(shape), False]))]
    if name == "aten::constant_pad_nd":
        # a negative pad cuts off
        shape = list(map(min, output.shape, values[0].shape))
        inside, image = (x.as_strided(shape, x.stride()) for x in (output, values[0]))
        return [
            ("aten::fill_", shapes_of([output, values[2]])),
            ("aten::copy_", shapes_of([inside, image, False])),
        ]
    return []


def inner_operators(
    name: str, values: list[Any], output: Any
) -> tuple[list[Operator], list[Operator]]:
    """Operators whose kernels run before and after those of the operator itself."""
    if name == "aten::native_layer_norm" and not values[0].is_contiguous():
        copied = torch.empty_like(values[0], memory_format=torch.contiguous_format)
        return [("aten::copy_", shapes_of([copied, values[0], False]))], []
    if name == "aten::embedding_dense_backward":
        table = torch.empty((values[2], values[0].shape[-1]), device="meta", dtype=values[0].dtype)
        return [("aten::fill_", shapes_of([table, 0]))], []
    if name in _WRITES_INTO_COPY:
        return [("aten::copy_", shapes_of([values[0], values[0], False]))], []
    if name == "aten::convolution" and values[2] is not None and not _is_depthwise(values):
        bias = values[2].view(1, -1, *[1] * (output.ndim - 2))
        return [], [("aten::add_", shapes_of([output, bias, 1]))]
    return [], []


def _is_depthwise(values: list[Any]) -> bool:
    """One filter a channel: PyTorch's own kernel, which adds the bias itself."""
    groups = values[8]
    return groups > 1 and bool(groups == values[0].shape[1])
