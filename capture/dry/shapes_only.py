"""Build a model on the meta device without drawing its weights, which takes a third of the time and has no effect there.

What the host reads of a tensor there, as diffusers' schedulers do with their tables, is zeros.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import init
from torch.utils._device import DeviceContext

# they write values only, and return the tensor that they are given
_WRITE_VALUES = frozenset(
    {
        init.constant_, init.kaiming_uniform_, init.normal_, init.uniform_, torch.Tensor.normal_, torch.Tensor.uniform_,
    }
)  # fmt: skip

_TO_HOST: tuple[Any, ...] = (torch.Tensor.to, torch.Tensor.cpu)
_TO_NUMPY: tuple[Any, ...] = (torch.Tensor.numpy, torch.Tensor.__array__)


class ShapesOnly(DeviceContext):
    """As `with torch.device("meta")`; a function that only writes values into a tensor doesn't run."""

    def __init__(self) -> None:
        super().__init__("meta")

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run one of torch's functions on the meta device."""
        if func in _WRITE_VALUES:
            return args[0] if args else (kwargs or {})["tensor"]
        if func in _TO_NUMPY and args[0].is_meta:
            args = (_on_host(args[0]), *args[1:])
        try:
            return super().__torch_function__(func, types, args, kwargs)  # type: ignore[no-untyped-call]
        except NotImplementedError:
            # a model that is moved to the host would be all there
            if func not in _TO_HOST or isinstance(args[0], nn.Parameter):
                raise
            return func(_on_host(args[0]), *args[1:], **(kwargs or {}))


def _on_host(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor's copy on the host; while a step is recorded, the recorder knows of it."""
    try:
        return tensor.detach().to("cpu")
    except NotImplementedError:
        return torch.zeros(tensor.shape, dtype=tensor.dtype, device="cpu")
