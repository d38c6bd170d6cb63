"""What libraries ask of a tensor's device, answered for the meta device as for a GPU, or refused."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.optim import optimizer
from torch.utils import _foreach_utils

from genscope.errors import CaptureError

# which kernels an optimizer may take for a device's weights
_SUPPORTED = ("_get_foreach_kernels_supported_devices", "_get_fused_kernels_supported_devices")
# None is the device's own, which is a half one
_HALF = (None, torch.float16, torch.bfloat16)


@contextlib.contextmanager
def as_on_gpu() -> Iterator[None]:
    """Optimizers update many weights at once, as they do on a GPU; autocast, which would do nothing here, is refused."""
    autocast: Any = torch.autocast
    with contextlib.ExitStack() as stack:
        for module in (optimizer, _foreach_utils):
            for name in _SUPPORTED:
                _put(stack, module, name, _and_meta(getattr(module, name)))
        _put(stack, autocast, "__init__", _init(autocast.__init__))
        _put(stack, autocast, "__enter__", _enter(autocast.__enter__))
        yield


def _put(stack: contextlib.ExitStack, owner: Any, name: str, replacement: Any) -> None:
    stack.callback(setattr, owner, name, getattr(owner, name))
    setattr(owner, name, replacement)


def _and_meta(original: Callable[[], list[str]]) -> Callable[[], list[str]]:
    return lambda: [*original(), "meta"]


def _init(original: Any) -> Any:
    def init(
        self: Any,
        device_type: str,
        dtype: torch.dtype | None = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        # without a GPU torch turns it off by itself
        self.genscope_asked = enabled and dtype in _HALF
        original(self, device_type, dtype, enabled, cache_enabled)

    return init


def _enter(original: Any) -> Any:
    def enter(self: Any) -> Any:
        if getattr(self, "genscope_asked", False):
            raise CaptureError(
                "torch.autocast does nothing on the meta device, so a dry run would predict float32; convert the model instead, "
                "as with model.to(torch.bfloat16), or record it on its device."
            )
        return original(self)

    return enter
