"""An operator's inputs as Kineto writes them (dims, types, strides, concrete values), so that a dry trace reads like a real one."""

from __future__ import annotations

import functools
from typing import Any

import torch

_TYPE_NAMES = {
    torch.float16: "c10::Half",
    torch.bfloat16: "c10::BFloat16",
    torch.float32: "float",
    torch.float64: "double",
    torch.uint8: "unsigned char",
    torch.int8: "signed char",
    torch.int16: "short int",
    torch.int32: "int",
    torch.int64: "long int",
    torch.bool: "bool",
    torch.float8_e5m2: "c10::Float8_e5m2",
    torch.float8_e4m3fn: "c10::Float8_e4m3fn",
    torch.complex64: "c10::complex<float>",
    torch.complex128: "c10::complex<double>",
}

# c10::ScalarType, as concrete inputs spell a dtype
_TYPE_NUMBERS = {
    torch.uint8: 0, torch.int8: 1, torch.int16: 2, torch.int32: 3, torch.int64: 4, torch.float16: 5, torch.float32: 6,
    torch.float64: 7, torch.complex64: 9, torch.complex128: 10, torch.bool: 11, torch.bfloat16: 15,
    torch.float8_e5m2: 23, torch.float8_e4m3fn: 24,
}  # fmt: skip

# operators that only reserve memory or rename it, so that no kernel runs for them
_NO_WORK = frozenset(
    {
        "aten::empty", "aten::empty_like", "aten::empty_strided", "aten::new_empty", "aten::new_empty_strided",
        "aten::_unsafe_view", "aten::detach", "aten::lift_fresh", "aten::alias", "aten::set_", "aten::resize_",
        "aten::is_same_size", "aten::_local_scalar_dense", "aten::_reshape_alias", "aten::_has_compatible_shallow_copy_type",
        "aten::scalar_tensor",
    }
)  # fmt: skip


# torch's own operators that are marks or bookkeeping; a library's own compute something
_NO_WORK_IN = frozenset({"prim", "prims", "profiler", "inductor", "streams", "rngprims"})


@functools.cache
def does_work(func: Any) -> bool:
    """Whether an operator moves or computes anything; views and reservations do neither."""
    name: str = func._schema.name
    return name.partition("::")[0] not in _NO_WORK_IN and not func.is_view and name not in _NO_WORK


def arguments(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """Every argument of the schema in its order, including defaults."""
    found = []
    for position, argument in enumerate(func._schema.arguments):
        if position < len(args):
            found.append(args[position])
        else:
            found.append(kwargs.get(argument.name, argument.default_value))
    return found


def shapes_of(values: list[Any]) -> dict[str, list[Any]]:
    """The four lists of Kineto's args, one entry an input."""
    return {
        "Concrete Inputs": [_concrete(value) for value in values],
        "Input type": [_type_name(value) for value in values],
        "Input Strides": [_each(value, _strides) for value in values],
        "Input Dims": [_each(value, _dims) for value in values],
    }


def _dims(tensor: torch.Tensor) -> list[int]:
    return list(tensor.shape)


def _strides(tensor: torch.Tensor) -> list[int]:
    return list(tensor.stride())


def _is_tensors(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and any(isinstance(v, torch.Tensor) for v in value)


def _each(value: Any, measure: Any) -> list[Any]:
    if isinstance(value, torch.Tensor):
        found: list[Any] = measure(value)
        return found
    if _is_tensors(value):
        return [measure(v) if isinstance(v, torch.Tensor) else [] for v in value]
    return []


def _type_name(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return _TYPE_NAMES.get(value.dtype, str(value.dtype))
    if _is_tensors(value):
        return "TensorList"
    if isinstance(value, (list, tuple)):
        return "ScalarList"
    return "Scalar" if _concrete(value) else ""


def _concrete(value: Any) -> str:
    if isinstance(value, torch.dtype):
        return str(_TYPE_NUMBERS.get(value, ""))
    if isinstance(value, (bool, int, float)):
        return str(value)
    if isinstance(value, (list, tuple)) and not _is_tensors(value):
        return f"[{', '.join(str(v) for v in value)}]"
    return ""
