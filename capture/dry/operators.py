"""Corrections for operators that differ on the meta device from those a real device runs.

Recording changes what torch does in a few places: it adds a bias out of place, forgets a memory layout, or finds no values in a
mask. This file undoes each change, so that a dry trace lists the operators of a real one; tests compare both on a CPU.
"""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Iterator
from typing import Any

import torch
from torch._prims_common import suggest_memory_format
from torch.nn import functional

_aten = torch.ops.aten
# what the backward operators of an index and of gather call
_IN_PLACE_BACKWARD = {
    "aten::index_put": "aten::_index_put_impl_",
    "aten::scatter_add": "aten::scatter_add_",
}
# operators whose output has the layout of their first input
_KEEPS_LAYOUT = (_aten.convolution.default, _aten.native_group_norm.default)


class Outcomes:
    """What operators return, remembered by the shapes of their arguments.

    A model repeats the same shapes in every layer and step, and torch takes up to milliseconds of Python to work one out.
    """

    def __init__(self) -> None:
        self._known: dict[Any, Any] = {}

    def of(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], key: Any = None) -> Any:
        """The same as `outcome`, from memory if possible. A result that shares memory with an input is never remembered.

        `key` is the call's `call_key`, for a caller that has it already.
        """
        if _in_place(func):
            return args[0]
        if _shares_memory(func):
            return outcome(func, args, kwargs)
        # an operator that makes a tensor takes the default dtype, which a key doesn't say
        key = (torch.get_default_dtype(), key or call_key(func, args, kwargs))
        known = self._known.get(key)
        if known is not None:
            return _made(known)
        found = outcome(func, args, kwargs)
        each = found if isinstance(found, tuple) else (found,)
        if all(isinstance(one, torch.Tensor) for one in each):
            described = [(one.shape, one.stride(), one.dtype, one.device) for one in each]
            self._known[key] = (isinstance(found, tuple), described)
        return found


def call_key(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a call's shapes, cost and record depend on: they are the same for equal keys."""
    return (func, _key(args), _key(tuple(kwargs.items())) if kwargs else ())


@functools.cache
def _in_place(func: Any) -> bool:
    """Whether an operator returns its first input, with other values."""
    schema = func._schema
    pointwise: bool = torch.Tag.pointwise in func.tags
    return pointwise and schema.is_mutable and schema.name.endswith("_")


@functools.cache
def _shares_memory(func: Any) -> bool:
    schema = func._schema
    return any(part.alias_info is not None for part in (*schema.arguments, *schema.returns))


def _key(value: Any) -> Any:
    """A value as part of a key. A number carries its type: 1, 1.0 and True are equal but promote differently."""
    if isinstance(value, torch.Tensor):
        return (value.shape, value.stride(), value.dtype, value.device)
    if isinstance(value, (list, tuple)):
        return tuple([_key(one) for one in value])
    # 0.0 and -0.0 are equal too, but a trace spells them differently
    return (type(value), repr(value) if isinstance(value, float) else value)


def _made(known: tuple[bool, list[tuple[Any, ...]]]) -> Any:
    several, described = known
    made = tuple(
        torch.empty_strided(shape, stride, dtype=dtype, device=device)
        for shape, stride, dtype, device in described
    )
    return made if several else made[0]


def outcome(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What one operator returns: its shapes, in the layout that a device would choose."""
    if func is _aten.nonzero.default:
        return _every_index(args[0])
    if func._schema.name.startswith("aten::_fused_") and not func._schema.returns:
        # an update in place, which torch has not for all optimizers here
        return None
    output = func(*args, **kwargs)
    if func in _KEEPS_LAYOUT and _is_channels_last(args[0]):
        first = output[0] if isinstance(output, tuple) else output
        kept = torch.empty_like(first, memory_format=torch.channels_last)
        return (kept, *output[1:]) if isinstance(output, tuple) else kept
    if torch.Tag.pointwise in func.tags and not func._schema.is_mutable:
        return _strided_like(args[0], output)
    return output


def shown_name(func: Any, values: list[Any]) -> str:
    """The operator's name. Recording turns filling with one number into a copy of a tensor without dimensions.

    It also lets gradients be put into another tensor, where torch otherwise puts them into the zeros that it made.
    """
    name: str = func._schema.name
    if name in _IN_PLACE_BACKWARD and torch._C._current_autograd_node() is not None:
        return _IN_PLACE_BACKWARD[name]
    filling = name == "aten::copy_" and not any(values[1].stride())
    return "aten::fill_" if filling else name


def _every_index(mask: torch.Tensor) -> torch.Tensor:
    """What nonzero returns for a mask that is true everywhere: shapes hold no values, and no prompt here is padded."""
    return torch.empty((mask.numel(), mask.ndim), dtype=torch.int64, device=mask.device)


def _strided_like(source: Any, output: Any) -> Any:
    """A pointwise result keeps its input's strides, even those of dimensions of size 1, which recording would change."""
    if not isinstance(source, torch.Tensor) or not isinstance(output, torch.Tensor):
        return output
    if source.shape != output.shape or source.stride() == output.stride():
        return output
    sizes = zip(output.shape, source.stride(), output.stride(), strict=True)
    if any(size > 1 and one != other for size, one, other in sizes):
        return output
    return output.as_strided(output.shape, source.stride())


def _is_channels_last(tensor: torch.Tensor) -> bool:
    """Whether torch itself would call the tensor channels-last: it looks at strides only, even of dimensions of size 1."""
    last = tensor.ndim == 4 and suggest_memory_format(tensor) == torch.channels_last
    return last and tensor.is_contiguous(memory_format=torch.channels_last)


@contextlib.contextmanager
def functions_as_on(device_kind: str) -> Iterator[None]:
    """Linear layers and, on a CPU, group normalization choose their operators as they do when nothing is recorded."""
    linear, group_norm = functional.linear, functional.group_norm
    functional.linear = _linear(linear)
    if device_kind == "cpu":
        functional.group_norm = _group_norm(group_norm)
    try:
        yield
    finally:
        functional.linear, functional.group_norm = linear, group_norm


def _linear(original: Any) -> Any:
    """For an input that is not contiguous the bias is added in place (aten/src/ATen/native/Linear.cpp)."""

    def linear(
        input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None
    ) -> torch.Tensor:
        if bias is None or input.dim() == 2 or input.is_contiguous():
            output: torch.Tensor = original(input, weight, bias)
            return output
        return torch.matmul(input, weight.t()).add_(bias)

    return linear


def _group_norm(original: Any) -> Any:
    """On a CPU the input keeps its layout; elsewhere it is made contiguous (aten/src/ATen/native/group_norm.cpp)."""

    def group_norm(
        input: torch.Tensor,
        num_groups: int,
        weight: torch.Tensor | None = None,
        bias: torch.Tensor | None = None,
        eps: float = 1e-5,
    ) -> torch.Tensor:
        if not _is_channels_last(input):
            output: torch.Tensor = original(input, num_groups, weight, bias, eps)
            return output
        batch, channels, places = input.shape[0], input.shape[1], math.prod(input.shape[2:])
        return torch.native_group_norm(
            input, weight, bias, batch, channels, places, num_groups, eps
        )[0]

    return group_norm
