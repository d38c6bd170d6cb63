"""How each attention implementation computes one call: on a device, or on the meta device for its shapes only."""

from __future__ import annotations

import importlib
import math
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

# module and function of each package that is called directly, and the largest head it takes
PACKAGES = {
    "flash-attn": ("flash_attn", "flash_attn_func", 256),
    "fa4": ("flash_attn.cute", "flash_attn_func", 256),
}


@dataclass(frozen=True)
class AttentionCall:
    """The shapes of one call and the implementation that computes it. q, k and v are (batch, heads, length, head_dim).

    `masked` says that not every query may see every key: the call is causal or has a mask.
    """

    query_len: int
    kv_len: int
    heads: int
    kv_heads: int
    head_dim: int
    batch: int
    dtype: str
    implementation: str
    causal: bool
    masked: bool = False

    def fields(self, hidden_len: int | None) -> dict[str, int | str]:
        """The label's fields. transformers packs a single query by groups of heads in decode; the label shows it unpacked."""
        packed = hidden_len == 1 and self.query_len > 1
        query_len, heads = (
            (1, self.heads * self.query_len) if packed else (self.query_len, self.heads)
        )
        return {
            "query_len": query_len,
            "kv_len": self.kv_len,
            "heads": heads,
            "kv_heads": self.kv_heads,
            "head_dim": self.head_dim,
            "batch": self.batch,
            "dtype": self.dtype,
            "implementation": self.implementation,
        }


@dataclass(frozen=True)
class Arguments:
    """The arguments of one call of scaled_dot_product_attention."""

    query: torch.Tensor
    key: torch.Tensor
    value: torch.Tensor
    mask: torch.Tensor | None
    causal: bool
    scale: float | None
    grouped: bool
    dropout: float

    def expanded(self) -> Arguments:
        """The same arguments with one key and value head for each query head."""
        groups = self.query.shape[-3] // self.key.shape[-3] if self.query.ndim > 3 else 1
        if groups == 1:
            return self
        key = self.key.repeat_interleave(groups, dim=-3)
        value = self.value.repeat_interleave(groups, dim=-3)
        return Arguments(
            self.query, key, value, self.mask, self.causal, self.scale, False, self.dropout
        )


def describe(asked: Arguments, implementation: str) -> AttentionCall:
    """Shapes of a call for its label; a tensor of three dimensions has one head, of five several batches."""
    query, key = asked.query, asked.key
    return AttentionCall(
        query_len=query.shape[-2],
        kv_len=key.shape[-2],
        heads=query.shape[-3] if query.ndim > 3 else 1,
        kv_heads=key.shape[-3] if key.ndim > 3 else 1,
        head_dim=query.shape[-1],
        batch=math.prod(query.shape[: max(query.ndim - 3, 1)]),
        dtype=str(query.dtype).removeprefix("torch."),
        implementation=implementation,
        causal=asked.causal,
        masked=asked.causal or asked.mask is not None,
    )


def unfused(asked: Arguments) -> torch.Tensor:
    """Attention as scaled product, mask, softmax, product, in the model's own dtype: the baseline.

    The product scales its result, as in diffusers' AttnProcessor; a pass of its own would read and write all scores.
    """
    query, key = asked.query, asked.key
    scale = asked.scale if asked.scale is not None else query.shape[-1] ** -0.5
    key = key.expand(*query.shape[:-2], *key.shape[-2:])
    scores = torch.baddbmm(
        torch.empty((), dtype=query.dtype, device=query.device),
        query.reshape(-1, *query.shape[-2:]),
        key.reshape(-1, *key.shape[-2:]).transpose(-2, -1),
        beta=0,
        alpha=scale,
    ).view(*query.shape[:-1], key.shape[-2])
    if asked.causal:
        shape = (query.shape[-2], key.shape[-2])
        above = torch.ones(shape, dtype=torch.bool, device=query.device).triu_(1)
        scores = scores.masked_fill_(above, float("-inf"))
    if asked.mask is not None:
        if asked.mask.dtype == torch.bool:
            scores = scores.masked_fill_(asked.mask.logical_not(), float("-inf"))
        else:
            scores = scores.add_(asked.mask)
    weights = torch.softmax(scores, dim=-1)
    if asked.dropout:
        weights = functional.dropout(weights, asked.dropout)
    return torch.matmul(weights, asked.value)


def from_package(implementation: str, asked: Arguments) -> torch.Tensor:
    """Call flash-attn or flash-attn-4, which take (batch, length, heads, head_dim) and grouped heads."""
    module, function, _ = PACKAGES[implementation]
    attend: Any = getattr(importlib.import_module(module), function)
    query, key, value = (x.transpose(1, 2) for x in (asked.query, asked.key, asked.value))
    found = attend(query, key, value, softmax_scale=asked.scale, causal=asked.causal)
    output: torch.Tensor = found[0] if isinstance(found, tuple) else found
    return output.transpose(1, 2)


def on_meta(implementation: str, asked: Arguments, device_kind: str) -> torch.Tensor:
    """Call the fused operator itself: on the meta device torch would split the call into simpler operators."""
    operators = torch.ops.aten
    three = (asked.query, asked.key, asked.value)
    mask = asked.mask
    if mask is not None and mask.dtype == torch.bool:
        # fused kernels add their mask, so torch first turns a mask of booleans into numbers
        mask = torch.where(mask, 0.0, float("-inf"))
    if implementation == "flash" and device_kind == "cpu":
        found = operators._scaled_dot_product_flash_attention_for_cpu(
            *three, 0.0, asked.causal, attn_mask=mask, scale=asked.scale
        )
    elif implementation == "flash":
        # torch pads heads to a multiple of 8 for the kernel; the three copies are not recorded
        found = operators._scaled_dot_product_flash_attention(
            *three, 0.0, asked.causal, scale=asked.scale
        )
    else:
        if mask is not None:
            mask = mask.to(asked.query.dtype).expand(*asked.query.shape[:-1], asked.key.shape[-2])
        operator = (
            operators._scaled_dot_product_efficient_attention
            if implementation == "efficient"
            else operators._scaled_dot_product_cudnn_attention
        )
        found = operator(*three, mask, False, 0.0, asked.causal, scale=asked.scale)
    output: torch.Tensor = found[0]
    return output
