"""What a dry run does for real: tensors of the host have values, and what crosses over from the device gets a stand-in.

A training step may hold tensors on the CPU, such as a replay buffer or an optimizer's step counter. Operators over these alone
run as they are. A value that the host reads from the device isn't there: it is False, 0 or 1.0, so that checks for
something wrong find nothing and a division is possible.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._pytree import tree_leaves

_aten = torch.ops.aten


def of_host(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether an operator has and makes tensors of the host only."""
    made = kwargs.get("device")
    if made is not None and torch.device(made).type == "meta":
        return False
    tensors = [x for x in tree_leaves((args, kwargs)) if isinstance(x, torch.Tensor)]
    return not any(x.is_meta for x in tensors) and (bool(tensors) or made is not None)


def crossing(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[bool, Any]:
    """Whether a value or a tensor goes from the device to the host, and the stand-in for what arrives."""
    if func is _aten._local_scalar_dense.default and args[0].is_meta:
        kind = args[0].dtype
        return True, 1.0 if kind.is_floating_point else torch.zeros((), dtype=kind).item()
    if func is _aten._to_copy.default and args[0].is_meta:
        to = kwargs.get("device")
        if to is not None and torch.device(to).type == "cpu":
            return True, torch.zeros(args[0].shape, dtype=kwargs.get("dtype") or args[0].dtype)
    if func is _aten.copy_.default and args[1].is_meta and not args[0].is_meta:
        return True, args[0]
    return False, None
