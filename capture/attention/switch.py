"""One switch between seven attention implementations for every model, and the reasons why one can't run.

The libraries' own switches differ and some are silently ignored (diffusers' on UNets). So a capture replaces the one function
that all of them call, torch.nn.functional.scaled_dot_product_attention. A single call that an implementation can't take (it has a
mask, or a large head) goes to the next fused one, and its label says so. If an implementation can take no call at all, the
capture fails rather than silently run something else.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from genscope.capture.attention.kernels import (
    PACKAGES,
    Arguments,
    AttentionCall,
    describe,
    from_package,
    on_meta,
    unfused,
)
from genscope.capture.catalog import ATTENTIONS
from genscope.errors import CaptureError

_HALF = (torch.float16, torch.bfloat16)

_BACKENDS = {
    "math": SDPBackend.MATH,
    "flash": SDPBackend.FLASH_ATTENTION,
    "efficient": SDPBackend.EFFICIENT_ATTENTION,
    "cudnn": SDPBackend.CUDNN_ATTENTION,
}

# kernels in which several query heads can share a key head without a copy of it
_TAKES_GROUPS = ("math", "flash")

# which implementation takes the calls that the one asked for can't; baseline takes every call
_NEXT = {"flash": "efficient", "cudnn": "efficient", "flash-attn": "efficient", "fa4": "efficient"}

Sdpa = Callable[..., torch.Tensor]

_NO_LABEL: contextlib.AbstractContextManager[None] = contextlib.nullcontext()


@dataclass
class Switch:
    """One implementation for every attention call, on a device of a kind: 'cpu' or 'cuda'.

    `around` opens the label of a call; without it calls get none. `refused` counts why calls went elsewhere.
    """

    implementation: str
    device_kind: str
    around: Callable[[AttentionCall], contextlib.AbstractContextManager[None]] = lambda _: _NO_LABEL
    original: Sdpa = functional.scaled_dot_product_attention
    refused: dict[str, int] = field(default_factory=dict)
    taken: int = 0

    def __call__(
        self,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attn_mask: torch.Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        scale: float | None = None,
        enable_gqa: bool = False,
    ) -> torch.Tensor:
        """Replaces torch.nn.functional.scaled_dot_product_attention and takes its arguments."""
        asked = Arguments(query, key, value, attn_mask, is_causal, scale, enable_gqa, dropout_p)
        implementation = self._choose(asked)
        shown = "unfused" if implementation == "baseline" else implementation
        with self.around(describe(asked, shown)):
            return self._run(asked, implementation)

    def _choose(self, asked: Arguments) -> str:
        implementation = self.implementation
        reason = why_not(implementation, asked, self.device_kind)
        self.taken += reason is None
        while reason is not None:
            self.refused[reason] = self.refused.get(reason, 0) + 1
            implementation = _NEXT.get(implementation, "baseline")
            reason = why_not(implementation, asked, self.device_kind)
        return implementation

    def _run(self, asked: Arguments, implementation: str) -> torch.Tensor:
        if implementation == "baseline":
            return unfused(asked.expanded())
        if implementation in PACKAGES:
            return from_package(implementation, asked)
        wanted = asked if implementation in _TAKES_GROUPS else asked.expanded()
        if asked.query.is_meta and implementation != "math":
            return on_meta(implementation, wanted, self.device_kind)
        with sdpa_kernel(_BACKENDS[implementation]):
            return self.original(
                wanted.query, wanted.key, wanted.value, attn_mask=wanted.mask, dropout_p=wanted.dropout,
                is_causal=wanted.causal, scale=wanted.scale, enable_gqa=wanted.grouped,
            )  # fmt: skip

    def check_used(self) -> None:
        """Raise CaptureError if calls were made and the implementation could take none of them."""
        if self.refused and not self.taken:
            reasons = "; ".join(
                f"{count} calls: {reason}" for reason, count in self.refused.items()
            )
            raise CaptureError(
                f"{self.implementation} can run none of this model's attention calls ({reasons}); "
                "choose another --attention, or change --dtype."
            )


_CHOICES = {0: "math", 1: "flash", 2: "efficient", 3: "cudnn"}


class AsChosen(Switch):
    """No switch: torch chooses how every call runs, and the label names its choice."""

    def _choose(self, asked: Arguments) -> str:
        choice = torch._fused_sdp_choice(
            asked.query, asked.key, asked.value, asked.mask, asked.dropout, asked.causal,
            scale=asked.scale, enable_gqa=asked.grouped,
        )  # fmt: skip
        return _CHOICES.get(choice, "overrideable")

    def _run(self, asked: Arguments, implementation: str) -> torch.Tensor:
        return self.original(
            asked.query, asked.key, asked.value, attn_mask=asked.mask, dropout_p=asked.dropout,
            is_causal=asked.causal, scale=asked.scale, enable_gqa=asked.grouped,
        )  # fmt: skip


def why_not(implementation: str, asked: Arguments, device_kind: str) -> str | None:
    """Why this implementation can't take this call, None if it can. The limits are those of torch's and the packages' kernels."""
    if implementation in ("baseline", "math") or (implementation, device_kind) == ("flash", "cpu"):
        return None
    query, key = asked.query, asked.key
    head, dtype = query.shape[-1], str(query.dtype).removeprefix("torch.")
    largest = {"efficient": 65536, "cudnn": 128}.get(implementation, 256)
    # flash attention pads, in torch and in its package; the efficient kernels load 16 bytes at once
    multiple = {"flash": 1, "flash-attn": 1, "efficient": 16 // asked.query.itemsize}.get(
        implementation, 8
    )
    takes_masks = implementation in ("efficient", "cudnn")
    uneven = asked.causal and query.shape[-2] != key.shape[-2]
    reasons = {
        f"{query.ndim} dimensions, not 4": query.ndim != 4,
        f"head size {head} is over {largest}": head > largest,
        f"head size {head} is not a multiple of {multiple}": head % multiple != 0,
        f"dtype {dtype}, not float16 or bfloat16": implementation != "efficient"
        and query.dtype not in _HALF,
        "an attention mask": asked.mask is not None and not takes_masks,
        "a causal call with queries and keys of different lengths": uneven and not takes_masks,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def check_available(implementation: str, device: torch.device) -> None:
    """Raise CaptureError if the implementation can't run on this device at all: wrong device, or missing package."""
    if implementation not in ATTENTIONS:
        raise CaptureError(
            f"There is no attention {implementation!r}; choose one of {', '.join(ATTENTIONS)}."
        )
    if implementation in ("efficient", "cudnn", *PACKAGES) and device.type != "cuda":
        raise CaptureError(
            f"The attention {implementation} runs on CUDA devices only, not on {device.type}; "
            "use --device cuda, or choose baseline, math or flash."
        )
    if implementation in PACKAGES:
        _check_package(implementation)


def _check_package(implementation: str) -> None:
    module = PACKAGES[implementation][0]
    package = {"flash-attn": "flash-attn", "fa4": "flash-attn-4"}[implementation]
    parent = module.partition(".")[0]
    if importlib.util.find_spec(parent) is None or importlib.util.find_spec(module) is None:
        raise CaptureError(
            f"The attention {implementation} needs the package {package}, which isn't installed; run pip install {package}, "
            "or choose flash, which is part of torch."
        )
    try:
        importlib.import_module(module)
    except (
        Exception
    ) as error:  # a CUDA extension fails in many ways, and each means that it can't be used
        raise CaptureError(
            f"The package {package} can't be imported here ({error}); install a build for this torch, or choose flash."
        ) from error


@contextlib.contextmanager
def switched(switch: Switch) -> Iterator[Switch]:
    """Every attention call inside goes through the switch. Afterwards torch has its own function back."""
    previous = functional.scaled_dot_product_attention
    switch.original = previous
    functional.scaled_dot_product_attention = switch
    try:
        yield switch
    finally:
        functional.scaled_dot_product_attention = previous
