"""LLaMA (Touvron et al. 2023; Llama 3.1): prefill of a whole prompt at once, then decode token by token."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import nn
from transformers import Cache, LlamaConfig, LlamaForCausalLM
from transformers.cache_utils import DynamicLayer

from genscope.capture.label.labels import Labels
from genscope.capture.parts.text_encoders import token_ids
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload, spread

PROMPT_TOKENS = 2048
NEW_TOKENS = 256

_VARIANTS: dict[str, dict[str, Any]] = {
    "2-7b": {},
    "3.1-8b": {
        "vocab_size": 128256, "intermediate_size": 14336, "num_key_value_heads": 8, "max_position_embeddings": 131072,
    },
}  # fmt: skip
_TINY: dict[str, Any] = {
    "vocab_size": 1000, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
}  # fmt: skip


class ReservedLayer(DynamicLayer):  # type: ignore[no-untyped-call]
    """One layer's keys and values in memory that is reserved once; a call writes after the valid ones."""

    def __init__(self, size: tuple[int, ...]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.keys: torch.Tensor = torch.zeros(size)
        self.values: torch.Tensor = torch.zeros(size)
        self.is_initialized = True
        self.position = 0

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write new keys and values after the valid ones and return all of them."""
        end = self.position + key_states.shape[-2]
        self.keys[:, :, self.position : end] = key_states
        self.values[:, :, self.position : end] = value_states
        return self.keys[:, :, :end], self.values[:, :, :end]

    def get_seq_length(self) -> int:
        """The number of valid positions."""
        return self.position


def build(settings: Settings) -> Workload:
    """Random weights: 6,738,415,616 (2-7b) or 8,030,261,248 (3.1-8b) parameters."""
    prompt, new = (32, 8) if settings.tiny else (PROMPT_TOKENS, NEW_TOKENS)
    config = _config(settings)
    model = LlamaForCausalLM(config)
    heads = config.num_key_value_heads or config.num_attention_heads
    head_dim = config.hidden_size // config.num_attention_heads
    size = (settings.batch, heads, prompt + new, head_dim)
    cache = Cache(layers=[ReservedLayer(size) for _ in range(config.num_hidden_layers)])
    tokens = token_ids(settings.batch, prompt)
    last = token_ids(settings.batch, 1)
    chosen = spread(new - 1, settings.steps)

    def request(labels: Labels) -> torch.Tensor:
        with labels.component("prefill"):
            logits = _next(model, tokens, cache, position=0)
        for index in chosen:
            with labels.step(index), labels.component("decode"):
                logits = _next(model, last, cache, position=prompt + index)
        return logits

    decoder: nn.Module = model
    return Workload(
        components={"prefill": decoder, "decode": decoder},
        request=request,
        calls_full={"prefill": 1, "decode": new - 1},
        steps_full=new - 1,
        prompt_tokens=prompt,
        kinds={"*.self_attn": "causal"},
        assumptions=(
            f"a prompt of {prompt} tokens and {new} new ones; the first new one comes from prefill",
            "decode steps read a cache filled to their own position, reserved once for the whole request",
            "tokens are chosen greedily",
        ),
    )


def _config(settings: Settings) -> LlamaConfig:
    grouped = settings.variant == "3.1-8b"
    if settings.tiny:
        return LlamaConfig(**_TINY, num_key_value_heads=2 if grouped else 4)
    return LlamaConfig(**_VARIANTS[settings.variant])


def _next(model: Any, tokens: torch.Tensor, cache: Cache, *, position: int) -> torch.Tensor:
    """Logits of the token after these, (batch, vocabulary), and its choice."""
    layers: list[Any] = cache.layers
    for layer in layers:
        layer.position = position
    kept = {_cache_argument(model): cache}
    logits: torch.Tensor = model(input_ids=tokens, use_cache=True, logits_to_keep=1, **kept).logits[
        :, -1
    ]
    logits.argmax(dim=-1)
    return logits


def _cache_argument(model: Any) -> str:
    """transformers calls it `cache` from 5.24 on."""
    return "cache" if "cache" in inspect.signature(model.forward).parameters else "past_key_values"
