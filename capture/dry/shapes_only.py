"""Build a model on the meta device without drawing its weights, which takes a third of the time and has no effect there."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import init
from torch.utils._device import DeviceContext

# they write values only, and return the tensor that they are given
_WRITE_VALUES = frozenset(
    {
        init.constant_, init.kaiming_uniform_, init.normal_, init.uniform_, torch.Tensor.normal_, torch.Tensor.uniform_,
    }
)  # fmt: skip


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
        return super().__torch_function__(func, types, args, kwargs)  # type: ignore[no-untyped-call]
